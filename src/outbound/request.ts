// A request as the text that goes out in one write. Names and values that could end a line are refused.
import { OutboundError, type OutboundRequest } from './contract.ts'
import type { Target } from './target.ts'

const fieldName = /^[\w!#$%&'*+.^`|~-]+$/
/** Anything but visible Latin-1, space and tab (RFC 9110 §5.5). */
const unfitForValue = /[^\t\x20-\x7e\x80-\xff]/
const fieldLines = /^(?:[\w!#$%&'*+.^`|~-]+:[\t\x20-\x7e\x80-\xff]*\r\n)*$/
const authorizationLine = /^authorization:/im
/** Written here and by nobody else. */
const ours = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'keep-alive', 'te', 'trailer', 'upgrade', 'expect'])

/** Names found fit; callers use the same few. */
const fitNames = new Set<string>()
const maxFitNames = 1000

function checkName(name: string): void {
  if (!fieldName.test(name) || ours.has(name.toLowerCase())) throw new OutboundError('bad-url', 'a header name that cannot be sent')
  if (fitNames.size < maxFitNames) fitNames.add(name)
}

/** As they are sent, a line each. Throws OutboundError `bad-url` for those that cannot be. */
export function headerLines(headers: OutboundRequest['headers']): string {
  if (headers === undefined) return ''
  if (typeof headers === 'string') return headers
  let lines = ''
  for (const name in headers) {
    const value = headers[name] ?? ''
    if (!fitNames.has(name)) checkName(name)
    if (unfitForValue.test(value)) throw new OutboundError('bad-url', `header ${name}: a character that cannot be sent`)
    lines += `${name}: ${value}\r\n`
  }
  return lines
}

/** A string stands for Latin-1. Throws OutboundError `bad-url` for headers that cannot be sent. */
export function requestBytes({ method, headers, body }: OutboundRequest, target: Target, path: string): string | Buffer {
  const lines = headerLines(headers)
  if (typeof headers === 'string' && !fieldLines.test(headers)) throw new OutboundError('bad-url', 'header lines that cannot be sent')
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${target.host}\r\nconnection: keep-alive\r\n${lines}`
  if (target.authorization !== undefined && !authorizationLine.test(lines)) head += `authorization: ${target.authorization}\r\n`
  if (body === undefined) return method === 'GET' ? `${head}\r\n` : `${head}content-length: 0\r\n\r\n`
  const bytes = Buffer.byteLength(body)
  head += `content-length: ${bytes}\r\n\r\n`
  // As many bytes as characters: ASCII, which is Latin-1 too.
  return bytes === body.length ? head + body : Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body)])
}

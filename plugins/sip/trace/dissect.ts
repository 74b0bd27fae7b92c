// A concealed message for people: its start line, each header field as it came, its body.
import type { Dissection, DissectedField } from '../../../src/plugin.ts'
import { readMessage } from '../codec/index.ts'
import { limits } from './conceal.ts'

/** Octets of a body that are shown; the length is always told. */
const mostShown = 2048

export function dissect(octets: Uint8Array, readable: boolean): Dissection {
  const buffer = Buffer.from(octets.buffer, octets.byteOffset, octets.length)
  const message = readable ? readMessage(buffer, limits) : undefined
  if (!message || message.kind === 'bad') {
    const line = buffer.toString('latin1', 0, Math.min(200, Math.max(0, buffer.indexOf(0x0d))))
    return { title: line === '' ? 'no SIP message' : line, fields: [{ name: 'octets', value: String(octets.length) }] }
  }
  const title = message.kind === 'request' ? `${message.method} ${message.uri}` : `${message.status} ${message.reason}`
  const fields: DissectedField[] = []
  for (const [name, value] of message.headers.entries()) fields.push({ name, value })
  if (message.body.length > 0) fields.push({ name: `body, ${message.body.length} octets`, value: bodyText(message.body) })
  return { title, fields }
}

/** Text as such; octets that are none in hex. */
function bodyText(body: Buffer): string {
  const shown = body.subarray(0, mostShown)
  const text = shown.toString('utf8')
  const isText = !/[^\P{Cc}\t\r\n]|\ufffd/u.test(text)
  return `${isText ? JSON.stringify(text) : shown.toString('hex')}${body.length > mostShown ? ' …' : ''}`
}

// What crosses between the flow's thread and the one that makes requests, in batches of plain values: each that
// crosses costs as much as a short call, so what is as it was in the request or answer before stays away.
import type { OutboundRequest, OutboundResponse } from './contract.ts'

/** A message between threads costs some 20 to 60 µs however many requests it carries, so they are gathered. */
export const gatherMs = 2

/**
 * Fields of several requests, one after another, `requestFields` each: id, URL, values of the headers, body, terms. URL and terms are
 * undefined where they are as those of the request before.
 */
export type Asked = (number | string | undefined)[]
export const requestFields = 5
/**
 * And of answers: id, status (0: failed, 1: failed once written), URL or kind of error, body or words, headers. The URL is undefined
 * where it is the one that was asked for, the headers where they are as those of the answer before.
 */
export type Told = (number | string | OutboundResponse['headers'] | undefined)[]
export const answerFields = 5

/** What requests of one kind have in common. */
export interface Terms extends Omit<OutboundRequest, 'url' | 'headers' | 'body' | 'signal'> {
  /** Of the headers. */
  names: string[]
}

export function termsOf(request: OutboundRequest): string {
  const { method, connectTimeoutMs, readTimeoutMs, totalTimeoutMs, maxBytes, redirects, allowPrivate, repeatable } = request
  let names = ''
  for (const name in request.headers) names += `\n${name}`
  return `${method} ${connectTimeoutMs} ${readTimeoutMs} ${totalTimeoutMs} ${maxBytes} ${redirects} ${allowPrivate ? 1 : 0} ${repeatable ? 1 : 0}${names}`
}

export function readTerms(text: string): Terms {
  const [head = '', ...names] = text.split('\n')
  const [method, connect, read, total, bytes, redirects, isPrivate, isRepeatable] = head.split(' ')
  return {
    method: method as OutboundRequest['method'],
    connectTimeoutMs: Number(connect),
    readTimeoutMs: Number(read),
    totalTimeoutMs: Number(total),
    maxBytes: Number(bytes),
    redirects: Number(redirects),
    allowPrivate: isPrivate === '1',
    repeatable: isRepeatable === '1',
    names,
  }
}

/** The headers' values, a line each; undefined where a name or a value has a line end of its own. */
export function valuesOf(headers: Record<string, string> | undefined): string | undefined {
  let text = ''
  let lines = 0
  for (const name in headers) {
    if (name.includes('\n')) return undefined
    text += `${headers[name] ?? ''}\n`
    lines++
  }
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines--
  return lines === 0 ? text : undefined
}

export function headersOf(names: readonly string[], values: string): Record<string, string> {
  const headers: Record<string, string> = {}
  let from = 0
  for (const name of names) {
    const to = values.indexOf('\n', from)
    headers[name] = values.slice(from, to)
    from = to + 1
  }
  return headers
}

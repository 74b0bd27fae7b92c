// The topmost Via: where a request came from, by which branch it is known, how its response goes back
// (RFC 3261 §18.2, §20.42; RFC 3581).
import { digits, isBlank, isToken } from './chars.ts'
import { ParamCursor } from './params.ts'
import type { Via } from './types.ts'
import { readHost } from './uri.ts'

const slash = 47
const semicolon = 59
const comma = 44
/** RFC 3261 §8.1.1.7: branches that begin so are unique. With nothing behind it it says nothing. */
const cookie = 'z9hG4bK'

/** The first of the list that a Via field holds. Undefined when malformed. */
export function readVia(value: string): Via | undefined {
  const start = value.startsWith('SIP/2.0/') ? 8 : protocolEnd(value)
  if (start === -1) return undefined
  let at = start
  while (at < value.length && !isBlank(value.charCodeAt(at))) at++
  if (!isToken(value, start, at)) return undefined
  const transport = value.slice(start, at).toUpperCase()
  while (isBlank(value.charCodeAt(at))) at++
  const sentFrom = at
  while (at < value.length && value.charCodeAt(at) !== semicolon && value.charCodeAt(at) !== comma) at++
  let sentTo = at
  while (sentTo > sentFrom && isBlank(value.charCodeAt(sentTo - 1))) sentTo--
  const via = sentBy(value, sentFrom, sentTo, transport)
  return via === undefined ? undefined : readViaParams(via, value, at)
}

/** `SIP / 2.0 /` with blanks: behind the second slash and its blanks. */
function protocolEnd(value: string): number {
  let at = 0
  for (let slashes = 0; slashes < 2; slashes++) {
    const next = value.indexOf('/', at)
    if (next === -1) return -1
    let [from, to] = [at, next]
    while (from < to && isBlank(value.charCodeAt(from))) from++
    while (to > from && isBlank(value.charCodeAt(to - 1))) to--
    if (!isToken(value, from, to)) return -1
    if (slashes === 0 && value.slice(from, to).toUpperCase() !== 'SIP') return -1
    at = next + 1
  }
  while (isBlank(value.charCodeAt(at))) at++
  return value.charCodeAt(at) === slash ? -1 : at
}

function sentBy(value: string, from: number, to: number, transport: string): Via | undefined {
  const start = value.charCodeAt(from) === 91 ? value.indexOf(']', from) : from
  if (start === -1 || start >= to) return undefined
  const colon = value.indexOf(':', start)
  const hasPort = colon !== -1 && colon < to
  let hostTo = hasPort ? colon : to
  while (hostTo > from && isBlank(value.charCodeAt(hostTo - 1))) hostTo--
  const host = readHost(value.slice(from, hostTo))
  if (host === undefined) return undefined
  const via: Via = { transport, host, value, end: value.length, rportFrom: -1, rportTo: -1 }
  if (!hasPort) return via
  let portFrom = colon + 1
  while (isBlank(value.charCodeAt(portFrom))) portFrom++
  const port = digits(value, portFrom, to, 65_535)
  if (Number.isNaN(port)) return undefined
  via.port = port
  return via
}

function readViaParams(via: Via, value: string, from: number): Via | undefined {
  const cursor = new ParamCursor(value, from, true)
  while (cursor.next()) {
    switch (cursor.nameTo - cursor.nameFrom) {
      case 6:
        if (!cursor.is('branch')) break
        if (via.branch !== undefined || cursor.valueFrom === -1) return undefined
        via.branch = cursor.value()
        break
      case 5:
        if (cursor.is('maddr')) via.maddr = cursor.value()
        if (!cursor.is('rport')) break
        if (via.rport !== undefined) return undefined
        via.rport = cursor.valueFrom === -1 ? 0 : digits(value, cursor.valueFrom, cursor.valueTo, 65_535)
        if (Number.isNaN(via.rport)) return undefined
        via.rportFrom = cursor.nameFrom
        via.rportTo = cursor.valueFrom === -1 ? cursor.nameTo : cursor.valueTo
        break
      case 8:
        // RFC 5118 §4.5: with brackets, though the grammar has none.
        if (cursor.is('received')) via.received = cursor.value().replace(/^\[(.*)\]$/, '$1')
    }
  }
  if (cursor.bad) return undefined
  via.end = cursor.end
  return via
}

/** Whether the branch is one of RFC 3261: else a transaction is known by more (§17.2.3). */
export const hasCookie = (branch: string | undefined): branch is string =>
  branch !== undefined && branch.length > cookie.length && branch.startsWith(cookie)

/**
 * The whole field as a response carries it: where the request really came from is in its first member
 * (RFC 3261 §18.2.1; RFC 3581 §4), the members behind it are as they were.
 */
export function stampedVia(via: Via, address: string, port: number): string {
  const { value, end } = via
  const isAsked = via.rportFrom !== -1
  // What the sender wrote about itself there is not passed on.
  if (via.received !== undefined) return restamped(via, address, port)
  const first = isAsked ? `${value.slice(0, via.rportFrom)}rport=${port}${value.slice(via.rportTo, end)}` : value.slice(0, end)
  const stamped = isAsked || via.host !== address ? `${first};received=${address}` : first
  return end === value.length ? stamped : stamped + value.slice(end)
}

function restamped(via: Via, address: string, port: number): string {
  const { value, end } = via
  let first = value.slice(0, value.indexOf(';'))
  const cursor = new ParamCursor(value, first.length, true)
  while (cursor.next()) {
    if (cursor.is('received')) continue
    const to = cursor.valueFrom === -1 ? cursor.nameTo : cursor.valueTo
    first += cursor.is('rport') ? `;rport=${port}` : `;${value.slice(cursor.nameFrom, to)}`
  }
  return `${first};received=${address}${value.slice(end)}`
}

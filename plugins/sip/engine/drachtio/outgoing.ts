// A request of ours as drachtio-srf sends it, or why it cannot go this way: the server would drop
// what it cannot carry without a word, so it is refused here, with the reason.
import { isUtf8 } from 'node:buffer'
import { isClean, readNameAddr, readUri, splitList, writtenName } from '../../codec/index.ts'
import type { End, OutRequest } from '../engine.ts'
import { proxyOf } from './flows.ts'
import type { SrfOutgoing } from './srf.ts'

/**
 * The server reads 8,192 octets at a time into a ring of 12,228 (client.cpp): a frame of which the
 * last read left more than the difference would be overwritten by the next.
 */
const longestFrame = 4_000
/** The id that srf puts in front, the words of the leader, the length. */
const frameOverhead = 100

/** Why it does not leave. refused: it never will, for what it is. */
export interface Held {
  kind: 'unsent' | 'refused'
  why: string
}

export function outgoing(request: OutRequest): SrfOutgoing | Held {
  const { body } = request
  if (!isUtf8(body) || body.includes(0)) return refused('drachtio carries no binary body: octets that are no UTF-8, or a NUL')
  const headers: Record<string, string> = Object.create(null) as Record<string, string>
  let octets = frameOverhead + request.uri.length + body.length
  const fault = put(headers, request)
  if (fault !== undefined) return fault
  for (const name of Object.keys(headers)) octets += Buffer.byteLength(name) + Buffer.byteLength(headers[name]!) + 4
  const proxy = proxyOf(request.via)
  octets += proxy.length
  if (octets > longestFrame) return refused(`drachtio carries ${longestFrame} octets of message at most, this one has ${octets}`)
  return { method: request.method, headers, body: body.toString('utf8'), proxy }
}

const refused = (why: string): Held => ({ kind: 'refused', why })
const unsent = (why: string): Held => ({ kind: 'unsent', why })

/** Fields of the same name are joined by commas, as srf can hold but one (RFC 3261 §7.3.1); the server writes names in its own way. */
function put(headers: Record<string, string>, { uri, from, to, callId, cseq, method, headers: lines, via }: OutRequest): Held | undefined {
  if (!isClean(uri) || /[\s<>]/.test(uri)) return unsent('Request-URI: blanks, line ends and brackets may not stand in it')
  const all = ['From', from, 'To', to]
  if (callId !== undefined) all.push('Call-ID', callId)
  if (cseq !== undefined) all.push('CSeq', `${cseq} ${method}`)
  all.push(...lines)
  for (let i = 0; i + 1 < all.length; i += 2) {
    const [name, value] = [all[i]!, all[i + 1]!]
    if (!/^[\w\-.!%*+`'~]{1,128}$/.test(name)) return unsent('a header name is no token')
    if (!isClean(value)) return unsent(`${name}: line ends and NULs may not stand in it`)
    const written = writtenName(name)
    if (written === 'Content-Length' || written === 'Via') continue
    if (written === 'Route') {
      if (!isHop(value, 'remote' in via ? via.remote : via))
        return refused('drachtio carries no Route but one that names the next hop alone')
      continue
    }
    const there = headers[written]
    headers[written] = there === undefined ? value : `${there}, ${value}`
  }
  return undefined
}

/** The server leaves out every Route. One that names just the hop it is sent to would be taken off there anyway (RFC 3261 §16.4). */
function isHop(value: string, { address, port }: End): boolean {
  const members = splitList([value])
  if (members.length !== 1) return false
  const uri = readUri(readNameAddr(members[0]!)?.uri ?? '')
  if (uri === undefined || uri.user !== undefined) return false
  return uri.host === address && (uri.port ?? 5060) === port
}

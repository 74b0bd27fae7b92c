// A phone, or one of those behind a trunk: whatever says SMS over IMS at the other end, and how a MESSAGE
// reaches it. What every such MESSAGE of ours says is here (TS 24.341 §5.3.3.4).
import type { Address } from '../../../src/plugin.ts'
import type { Peer } from '../access/peer.ts'
import { readNameAddr } from '../codec/name-addr.ts'
import type { HeaderLines, Headers } from '../codec/types.ts'
import { readUri } from '../codec/uri.ts'
import type { Incoming, Sent } from '../engine/engine.ts'
import { assertedBy } from '../message/addresses.ts'
import type { Way } from '../message/way.ts'
import { imsSettings } from './settings.ts'

export interface Phone {
  /** ownerOf() of its peer: the user, or the trunk behind which it is one of many. */
  peer: string
  /** Which of them; '' where there is one. */
  user: string
  /** It is several that are sent to at once: one that takes it is enough. */
  forks: boolean
  /** Never rejects. Challenges, next hops and retries are its own affair. */
  post(what: Post, signal: AbortSignal): Promise<Sent>
}

export interface Post {
  callId: string
  /** Content-Type and all that SMS over IMS adds; From, To and routes are the phone's. */
  headers: HeaderLines
  body: Buffer
}

const contentType = 'application/vnd.3gpp.sms'

/** The phone of an address, towards which this way leads. `uri`: its own, where it is known. `ours`: whom it hears from. */
export function phoneOn(way: Way, address: Address, ours: Address, uri: string = way.toUri(address)): Phone {
  const { peer } = way
  const from = imsSettings(peer.terms).identity ?? way.fromUri(ours)
  return {
    peer: ownerOf(peer),
    user: peer.kind === 'aor' ? '' : userOf(address.value),
    forks: (way.forks?.() ?? 1) > 1,
    post: ({ callId, headers, body }, signal) => way.ask({ uri, from: `<${from}>`, to: `<${uri}>`, headers, body, callId }, signal),
  }
}

/** Whose phones they are: a user's, at whichever of its domains each is registered, or a trunk's. */
export const ownerOf = ({ kind, name, gateway }: Peer): string => (kind === 'aor' ? gateway.bind.id : name)

/** Whose phone sent this, among those of its peer. */
export function userOfRequest({ kind }: Peer, request: Incoming): string {
  return kind === 'aor' ? '' : userOf(readUri(senderUri(kind, request))?.user ?? '')
}

/** What it calls itself; behind a trunk what that asserts (TS 24.341 §5.3.3.3). '' where that is no URI. */
export function senderUri(kind: Peer['kind'], { headers }: Incoming): string {
  const field = (kind === 'trunk' ? assertedBy(headers) : undefined) ?? headers.get('from')
  return readNameAddr(field ?? '')?.uri ?? ''
}

/** The headers of a request as if what a core asserts stood in From: what phones behind a trunk say of themselves is theirs. */
export function asserted({ kind }: Peer, { headers }: Incoming): Headers {
  const identity = kind === 'trunk' ? assertedBy(headers) : undefined
  if (identity === undefined) return headers
  return {
    get: (name) => (name === 'from' ? identity : headers.get(name)),
    all: (name) => (name === 'from' ? [identity] : headers.all(name)),
    entries: () => headers.entries(),
  }
}

function userOf(value: string): string {
  return value.split('@', 1)[0]!.replace('+', '').toLowerCase()
}

/** `identity`: our own URI, as an IMS core knows us. `inReplyTo`: the Call-ID of what is answered. */
export function headersOf(identity: string | undefined, inReplyTo?: string): string[] {
  const headers = [
    'Content-Type',
    contentType,
    // Only a phone that does SMS over IP, and one of them (TS 24.341 §5.3.3.4.2).
    'Accept-Contact',
    '*;+g.3gpp.smsip;require;explicit',
    'Request-Disposition',
    'no-fork',
  ]
  if (identity !== undefined) headers.push('P-Asserted-Identity', `<${identity}>`)
  if (inReplyTo !== undefined) headers.push('In-Reply-To', inReplyTo)
  return headers
}

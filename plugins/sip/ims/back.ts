// A MESSAGE back to the phone that sent one, by the way it came: its connection or address, which is known
// to lead there. Its URI is the contact that it registered there, or behind a trunk what the core calls it.
import type { Contact, Peer } from '../access/peer.ts'
import { readNameAddr } from '../codec/name-addr.ts'
import { readUri } from '../codec/uri.ts'
import type { Incoming, OutRequest, Sent, SipEngine } from '../engine/engine.ts'
import type { ImsParts } from './ip-sm-gw.ts'
import { senderUri } from './phone.ts'
import { imsSettings } from './settings.ts'

export interface BackParts {
  /** Of a profile, while it listens. */
  engine(profile: string): Pick<SipEngine, 'send'> | undefined
  contacts(profile: string, aor: string): readonly Contact[]
}

export function createBack({ engine, contacts }: BackParts): ImsParts['back'] {
  return (peer, request, { callId, headers, body }, signal) => {
    const sending = engine(request.profile)
    const phone = senderUri(peer.kind, request)
    if (!sending || phone === '') return Promise.resolve(unsent(sending ? 'From is no URI' : 'the profile is gone'))
    const contact = peer.kind === 'aor' ? contacts(request.profile, peer.name).find((each) => each.flow.id === request.flow.id) : undefined
    const out: OutRequest = {
      method: 'MESSAGE',
      uri: contact?.uri ?? phone,
      via: request.flow,
      from: `<${oursOf(peer, request)}>`,
      to: `<${phone}>`,
      headers: contact && contact.path.length > 0 ? [...contact.path.flatMap((path) => ['Route', path]), ...headers] : headers,
      body,
      callId,
    }
    return sending.send(out, signal)
  }
}

/** Whom it wrote to is who answers. */
function oursOf(peer: Peer, request: Incoming): string {
  const { identity } = imsSettings(peer.terms)
  if (identity !== undefined) return identity
  const to = readNameAddr(request.headers.get('to') ?? '')?.uri
  return to !== undefined && readUri(to) ? to : request.uri
}

function unsent(why: string): Sent {
  return { kind: 'unsent', why }
}

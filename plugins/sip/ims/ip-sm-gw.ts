// SMS over IMS, as an IP-SM-GW does it (TS 24.341): both directions together, for every profile and trunk.
import type { Outcome } from '../../../src/plugin.ts'
import { refusal, replyOf } from '../message/refusal.ts'
import type { Ims } from '../message/way.ts'
import { createExchange } from './exchange.ts'
import { createFull } from './full.ts'
import { createInward, type InwardParts } from './inward.ts'
import { createOutward } from './outward.ts'
import { phoneNote } from './submission.ts'

export interface ImsParts extends Pick<InwardParts, 'clock' | 'directory' | 'back'> {
  /** Whether the engine of a profile passes octets as they are. */
  carriesOctets(profile: string): boolean
}

export function createIms({ clock, directory, back, carriesOctets }: ImsParts): Ims {
  const exchange = createExchange(clock)
  const full = createFull()
  const closing = new AbortController()
  const take = createInward({ clock, directory, exchange, full, back, closing: closing.signal })
  const { send, report } = createOutward(exchange, full)
  return {
    take(peer, request, answer) {
      if (carriesOctets(request.profile)) take(peer, request, answer)
      else answer(replyOf(noOctets))
    },
    knows: (message) => message.report?.[phoneNote] !== undefined,
    send: (out, way, signal) => (carriesOctets(way.peer.profile.name) ? send(out, way, signal) : unsayable()),
    report: (message, of, way, signal) => (carriesOctets(way.peer.profile.name) ? report(message, of, way, signal) : unsayable()),
    close: () => closing.abort(),
  }
}

const noOctets = refusal(415, 'application/vnd.3gpp.sms is octets, which the engine of this profile does not carry')

function unsayable(): Promise<Outcome> {
  return Promise.resolve({ ok: false, failure: { kind: 'permanent', code: 'invalid-body', peer: noOctets.why } })
}

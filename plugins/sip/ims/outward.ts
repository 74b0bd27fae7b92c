// What phones are sent: a message as SMS-DELIVER, segment by segment, delivered when the phone's RP-ACK
// says so; a report as SMS-STATUS-REPORT (TS 24.341 §5.3.3.4). Of a long message that failed half way, what
// the phone has is not sent again.
import { Failure, failureFacts, type FailureFacts, type MessageId, type Outcome } from '../../../src/plugin.ts'
import { failureOf } from '../message/statuses.ts'
import type { Ims, Way } from '../message/way.ts'
import type { ImsSettings } from '../profile/types.ts'
import { failureOfError } from './causes.ts'
import { deliverTpdu, segmentsOf, statusReports } from './deliveries.ts'
import type { Answered, Asking, Exchange, Verdict } from './exchange.ts'
import type { Full } from './full.ts'
import { phoneOn } from './phone.ts'
import { imsSettings } from './settings.ts'
import { phoneNote } from './submission.ts'
import { readToNetwork } from './tpdu/index.ts'

export type Outward = Pick<Ims, 'send' | 'report'>

/** Messages of which a phone has some segments, remembered at most. */
const mostPartial = 10_000

export function createOutward(exchange: Exchange, full: Full): Outward {
  /** Of messages that are sent whole: places of segments that their phone has. */
  const partial = new Map<MessageId, Set<number>>()

  async function deliver(...[out, way, signal]: Parameters<Ims['send']>): Promise<Outcome> {
    const { message } = out
    const { peer } = way
    const phone = phoneOn(way, message.to, message.from)
    const settings = imsSettings(peer.terms)
    const isWhole = out.segments.length === 0
    const segments = isWhole ? segmentsOf(message, peer.gateway.bind.policy) : out.segments
    if (segments.length === 0) return { ok: false, failure: { kind: 'permanent', code: 'invalid-body', peer: 'SMS over IMS takes no MMS' } }
    const had = isWhole ? partial.get(message.id) : undefined
    const refs: (string | undefined)[] = Array.from({ length: segments.length }, () => undefined)
    const wire: string[] = []
    for (let i = 0; i < segments.length; i++) {
      if (had?.has(i)) {
        refs[i] = ''
        continue
      }
      const tpdu = deliverTpdu(message, segments[i]!, settings.quarters, i < segments.length - 1)
      const answered = await exchange.ask(
        phone,
        asking(settings, tpdu, segments.length === 1 ? 'SMS-DELIVER' : `SMS-DELIVER ${i + 1}/${segments.length}`),
        signal,
      )
      wire.push(...answered.wire)
      const failure = failureIn(answered, way)
      if (!failure) {
        refs[i] = ''
        continue
      }
      if (failure.code === 'queue-full') full.add(phone.peer, phone.user, peer.gateway, message.id)
      if (!isWhole) return { ok: false, failure, refs, wire }
      keepPartial(message.id, refs)
      return { ok: false, failure, wire }
    }
    partial.delete(message.id)
    return { ok: true, refs: [], final: 'delivered', wire }
  }

  function keepPartial(id: MessageId, refs: readonly (string | undefined)[]): void {
    const had = new Set<number>()
    for (let i = 0; i < refs.length; i++) if (refs[i] !== undefined) had.add(i)
    partial.delete(id)
    if (had.size === 0) return
    partial.set(id, had)
    for (const oldest of partial.keys()) {
      if (partial.size <= mostPartial) break
      partial.delete(oldest)
    }
  }

  async function reported(...[message, report, way, signal]: Parameters<Ims['report']>): Promise<Outcome> {
    const { peer } = way
    const settings = imsSettings(peer.terms)
    const uri = message.report?.[phoneNote]
    const phone = phoneOn(way, message.from, message.to, uri === '' ? undefined : uri)
    const wire: string[] = []
    for (const tpdu of statusReports(message, report, settings.quarters)) {
      const answered = await exchange.ask(phone, asking(settings, tpdu, 'SMS-STATUS-REPORT'), signal)
      wire.push(...answered.wire)
      const failure = failureIn(answered, way)
      if (failure) return { ok: false, failure, wire }
    }
    return { ok: true, refs: [], wire }
  }

  return {
    send: (out, way, signal) => deliver(out, way, signal).catch(unsayable),
    report: (message, report, way, signal) => reported(message, report, way, signal).catch(unsayable),
  }
}

/** Undefined: the phone has it. */
function failureIn(answered: Answered, { mayStayUp }: Way): FailureFacts | undefined {
  switch (answered.kind) {
    case 'said':
      return answered.rp.type === 'RP-ACK' ? undefined : errorOf(answered.rp)
    case 'refused': {
      const failure = failureOf(answered.sent)
      // A session that stays up would be given the same at once, again and again.
      if (failure?.kind === 'offline' && mayStayUp) failure.kind = 'temporary'
      return failure
    }
    case 'silent':
      return { kind: 'unknown', code: 'outcome-unknown', peer: 'the phone never sent RP-ACK or RP-ERROR', peerCode: 'RP-silent' }
    case 'aborted':
      return answered.left
        ? { kind: 'unknown', code: 'connection-lost', peer: 'ended before RP-ACK' }
        : { kind: 'offline', code: 'bind-down' }
  }
  return answered satisfies never
}

function asking({ serviceCentre, identity, answerMs }: ImsSettings, tpdu: Uint8Array, words: string): Asking {
  const asked: Asking = { tpdu, words, answerMs }
  if (serviceCentre !== undefined) asked.originator = { ton: 1, npi: 1, value: serviceCentre.replace('+', '') }
  if (identity !== undefined) asked.identity = identity
  return asked
}

/** The TP-FCS of its report is more exact, where it has one. */
function errorOf({ cause, tpdu }: Extract<Verdict, { type: 'RP-ERROR' }>): FailureFacts {
  const read = tpdu ? readToNetwork(tpdu, 'error') : undefined
  return failureOfError(cause, read?.ok && read.tpdu.type === 'deliver-report' ? read.tpdu.fcs : undefined)
}

/** Of what no TPDU can hold. */
function unsayable(error: unknown): Outcome {
  if (error instanceof Failure) return { ok: false, failure: error.facts }
  return { ok: false, failure: failureFacts(error) }
}

// What goes out on the transmitting link of one session: the segments of a message as the window has
// room, settled when all are answered; and queries, cancels and replacements of what the carrier has.
import {
  Failure,
  type FailureFacts,
  type Gateway,
  type Message,
  type Operated,
  type Outcome,
  type Outgoing,
  type Receipt,
  type Report,
  type Segment,
} from '../../src/plugin.ts'
import { type Answer, offline, unansweredFailure, unsayable } from './answer.ts'
import { describe, noTlvs, type PduOf, tags, tlv } from './codec/index.ts'
import type { SmppConfig } from './config.ts'
import { versions } from './dial.ts'
import type { Link } from './link.ts'
import { cancelSm, dataSm, queried, querySm, replaceSm } from './mapping/operations.ts'
import { acknowledgement } from './mapping/acknowledge.ts'
import { submitFailure } from './mapping/status.ts'
import { submitSm } from './mapping/submit.ts'
import type { TlvRules } from './mapping/tlvs.ts'
import { createWindow, type Submit } from './window.ts'

export interface Sender {
  send(out: Outgoing): Promise<Outcome>
  /** To the carrier that brought the message for another one. */
  report(message: Message, report: Report): Promise<Outcome>
  /** Segments for which the window has room; negative while some wait for it. */
  free(): number
  query(message: Message, ref: string): Promise<Receipt | undefined>
  cancel(message: Message, ref: string): Promise<Operated>
  replace(message: Message, ref: string, segment: Segment): Promise<Operated>
}

/** `version`: interface_version spoken on the link. */
export function createSender(gateway: Gateway<SmppConfig>, link: Link, version: number, tlvs: TlvRules): Sender {
  const window = createWindow(link, () => gateway.bind.policy.window)
  const hasTlvs = version >= versions['3.4']

  function pduOf(message: Message, segment: Segment): Submit {
    const { config, policy } = gateway.bind
    const submit = submitSm(message, segment, { config, concatenation: policy.concatenation, now: gateway.clock.now(), tlvs })
    if (!hasTlvs) return withoutTlvs(submit)
    if (config.submitWith === 'submit_sm') return submit
    const lifetime = config.validity === 'none' ? undefined : Math.ceil((message.validUntil - gateway.clock.now()) / 1000)
    return dataSm(submit, lifetime)
  }

  /** All before the first is written: what cannot be said is found out while nothing has left. */
  function pdusOf({ message, segments }: Outgoing): Submit[] | FailureFacts {
    const pdus: Submit[] = []
    try {
      for (let i = 0; i < segments.length; i++) pdus.push(pduOf(message, segments[i]!))
    } catch (error) {
      return unsayable(error)
    }
    return pdus
  }

  function operate(pdu: PduOf<'query_sm' | 'cancel_sm' | 'replace_sm'>): Promise<Answer> {
    return new Promise((resolve) => window.ask(pdu, resolve))
  }

  async function operated(pdu: PduOf<'cancel_sm' | 'replace_sm'>): Promise<Operated> {
    const answer = await operate(pdu)
    const ok = answer.kind === 'pdu' && answer.pdu.command_status === 0 && answer.pdu.command !== 'generic_nack'
    return ok ? { ok } : { ok, failure: failureOf(answer) }
  }

  return {
    send(out) {
      if (!link.taking) return Promise.resolve({ ok: false, failure: offline('the session is closing') })
      const pdus = pdusOf(out)
      if ('kind' in pdus) return Promise.resolve({ ok: false, failure: pdus })
      if (pdus.length === 0) return Promise.resolve({ ok: true, refs: [], wire: [] })
      return new Promise((resolve) => window.askAll(pdus, (answers) => resolve(outcomeOf(pdus, answers))))
    },
    report(message, report) {
      if (!link.taking) return Promise.resolve({ ok: false, failure: offline('the session is closing') })
      try {
        const pdus = [acknowledgement(message, report, version)]
        return new Promise((resolve) => window.askAll(pdus, (answers) => resolve(outcomeOf(pdus, answers))))
      } catch (error) {
        return Promise.resolve({ ok: false, failure: unsayable(error) })
      }
    },
    free: () => (link.taking ? gateway.bind.policy.window - window.open : Number.MIN_SAFE_INTEGER),
    async query(message, ref) {
      try {
        const answer = await operate(querySm(message, ref, gateway.bind.config))
        if (answer.kind !== 'pdu' || answer.pdu.command !== 'query_sm_resp' || answer.pdu.command_status !== 0) return undefined
        return queried(ref, answer.pdu, describe(answer.pdu))
      } catch {
        // A ref or an address that cannot be said is one that the carrier does not know.
        return undefined
      }
    },
    async cancel(message, ref) {
      try {
        return await operated(cancelSm(message, ref, gateway.bind.config))
      } catch (error) {
        return { ok: false, failure: unsayable(error) }
      }
    },
    async replace(message, ref, segment) {
      try {
        const { config, policy } = gateway.bind
        const submit = submitSm(message, segment, { config, concatenation: policy.concatenation, now: gateway.clock.now(), tlvs })
        return await operated(replaceSm(submit, ref))
      } catch (error) {
        return { ok: false, failure: unsayable(error) }
      }
    },
  }
}

/** SMPP 3.3 has no TLVs; a message that is nothing without one cannot be said. */
function withoutTlvs(submit: PduOf<'submit_sm'>): PduOf<'submit_sm'> {
  if (submit.tlvs.length === 0) return submit
  if (tlv(submit.tlvs, tags.message_payload) || tlv(submit.tlvs, tags.sar_total_segments))
    throw new Failure(
      'permanent',
      'too-long',
      'SMPP 3.3 has neither message_payload nor sar_*: set the policy concatenation to udh8 or udh16',
    )
  submit.tlvs = noTlvs
  return submit
}

function outcomeOf(pdus: readonly Submit[], answers: readonly Answer[]): Outcome {
  const wire: string[] = []
  const refs: string[] = []
  for (let i = 0; i < pdus.length; i++) {
    const answer = answers[i]!
    if (!isTaken(answer)) return brokenOutcome(pdus, answers)
    wire.push(describe(pdus[i]!), describe(answer.pdu))
    refs.push(answer.pdu.message_id)
  }
  return { ok: true, refs, wire }
}

/** At least one was not taken; the first such failure is the outcome's. */
function brokenOutcome(pdus: readonly Submit[], answers: readonly Answer[]): Outcome {
  const failure = failureOf(answers.find((answer) => !isTaken(answer))!)
  const refs = answers.map((answer) => (isTaken(answer) ? answer.pdu.message_id : undefined))
  const wire = answers.flatMap((answer, i) => [describe(pdus[i]!), answer.kind === 'pdu' ? describe(answer.pdu) : answer.why])
  return { ok: false, failure, refs, wire }
}

type Taken = { kind: 'pdu'; pdu: PduOf<'submit_sm_resp' | 'data_sm_resp'> }

function isTaken(answer: Answer): answer is Taken {
  if (answer.kind !== 'pdu' || answer.pdu.command_status !== 0) return false
  return answer.pdu.command === 'submit_sm_resp' || answer.pdu.command === 'data_sm_resp'
}

function failureOf(answer: Answer): FailureFacts {
  return answer.kind === 'pdu' ? submitFailure(answer.pdu.command_status) : unansweredFailure(answer)
}

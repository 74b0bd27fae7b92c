// What a client is sent: messages from handsets, and receipts, as deliver_sm or data_sm, within the
// bind's window. Each resolves with what the client answered.
import {
  type Absentee,
  type Availability,
  Failure,
  type FailureFacts,
  isTerminal,
  type Message,
  type Outcome,
  type Outgoing,
  type Report,
} from '../../../src/plugin.ts'
import { describe, integer8, noTlvs, type PduOf, tags, type Tlv, tlv } from '../codec/index.ts'
import { type Answer, unansweredFailure, unsayable } from '../answer.ts'
import type { Link } from '../link.ts'
import { alertPdu, dpfNote, endsAsWritten } from '../mapping/alert.ts'
import { destinationToWire, sourceToWire, type WireAddress } from '../mapping/address.ts'
import { writeBody, type WrittenBody } from '../mapping/body.ts'
import { joinTlvs, serviceTypeOf, waitingOf } from '../mapping/extras.ts'
import { dataSm } from '../mapping/operations.ts'
import { receiptPdu } from '../mapping/receipt-out.ts'
import { priorityFlags } from '../mapping/submit.ts'
import { createWindow } from '../window.ts'
import { fromNote, partNote, toNote } from './notes.ts'
import { deliverFailure } from './statuses.ts'
import type { Terms } from './terms.ts'

type Delivery = PduOf<'deliver_sm' | 'data_sm'>

export interface Outward {
  send(out: Outgoing): Promise<Outcome>
  report(message: Message, report: Report): Promise<Outcome>
  alert(of: Absentee, said: Availability | undefined): boolean
  /** PDUs that need not wait now. */
  free(): number
}

export function createOutward(link: Link, terms: Terms): Outward {
  const window = createWindow(link, () => terms.gateway.bind.policy.window)

  /** Resolves when all are answered. Whoever submitted it hears no more of it: so what the client took is delivered. */
  function deliver(pdus: readonly Delivery[]): Promise<Outcome> {
    if (pdus.length === 0) return Promise.resolve({ ok: true, refs: [], final: 'delivered', wire: [] })
    return new Promise((resolve) => window.askAll(pdus, (answers) => resolve(outcomeOf(pdus, answers))))
  }

  return {
    free: () => (link.taking ? terms.gateway.bind.policy.window - window.open : Number.MIN_SAFE_INTEGER),
    send(out) {
      try {
        const pdus: Delivery[] = []
        for (let i = 0; i < out.segments.length; i++) pdus.push(deliverSm(out, i, terms))
        return deliver(pdus)
      } catch (error) {
        return Promise.resolve({ ok: false, failure: unsayable(error) })
      }
    },
    report(message, report) {
      try {
        const pdus = receipts(message, report, terms)
        if (isPending(message, report)) terms.gateway.awaitReachable(message)
        return deliver(pdus)
      } catch (error) {
        return Promise.resolve({ ok: false, failure: unsayable(error) })
      }
    },
    alert(of, said) {
      if (!link.taking) return false
      const { handset, own } = endsAsWritten(of, fromNote, toNote)
      link.post(alertPdu(handset, own, said))
      return true
    },
  }
}

function deliverSm({ message, segments }: Outgoing, i: number, terms: Terms): Delivery {
  const { config, gateway, version } = terms
  const { extras } = message
  const body = writeBody(segments[i]!, config, gateway.bind.policy.concatenation, waitingOf(extras))
  const passed = terms.tlvs.ofMessage(message)
  const isOld = version < 0x34
  if (isOld && (tlv(body.tlvs, tags.message_payload) || tlv(body.tlvs, tags.sar_total_segments)))
    throw new Failure('permanent', 'too-long', 'a 3.3 client takes no TLVs: expected the concatenation udh8 or udh16')
  const source = sourceToWire(message.from, config)
  const destination = destinationToWire(message.to, config)
  const service = extras === undefined ? '' : (serviceTypeOf(extras) ?? '')
  // A class or an indication that only a TLV says is left out: the text is what matters.
  const said = isOld ? { ...body, tlvs: noTlvs } : body
  return written(source, destination, service, priorityFlags[message.priority], said, isOld ? noTlvs : passed, terms)
}

/** One, or one for each part that the client submitted. */
function receipts(message: Message, report: Report, terms: Terms): Delivery[] {
  const notes = message.report
  const { handset: source, own: destination } = endsAsWritten(message, fromNote, toNote)
  // What the carrier's receipt carried beside what every receipt has.
  const carried = report.extras === undefined || terms.version < 0x34 ? noTlvs : terms.tlvs.out(report.extras)
  const passed = terms.version >= 0x34 && isPending(message, report) ? joinTlvs(dpfSet, carried) : carried
  const one = (of: Message, form: Terms['receipts']): Delivery =>
    written(source, destination, '', 0, receiptPdu(of, report, form), passed, terms)
  const pdus: Delivery[] = []
  for (const name in notes) {
    if (!name.startsWith(partNote)) continue
    const part: Message = { ...message, report: { ...notes, message_id: notes[name]! } }
    pdus.push(one(part, { ...terms.receipts, counts: 'one' }))
  }
  if (pdus.length === 0) pdus.push(one(message, terms.receipts))
  return pdus
}

/** The client asked to be told when the handset may be reached again, and it is absent. */
function isPending({ report: notes }: Message, { failure, state }: Report): boolean {
  return failure?.code === 'absent-subscriber' && notes?.[dpfNote] !== undefined && isTerminal(state)
}

/** SMPP 5.0 §4.8.4.32 */
const dpfSet: readonly Tlv[] = [integer8(tags.dpf_result, 1)]

function written(
  source: WireAddress,
  destination: WireAddress,
  service_type: string,
  priority_flag: number,
  body: WrittenBody,
  passed: readonly Tlv[],
  { config, version }: Terms,
): Delivery {
  const deliver: PduOf<'deliver_sm'> = {
    command: 'deliver_sm',
    command_status: 0,
    sequence_number: 0,
    service_type,
    source_addr_ton: source.ton,
    source_addr_npi: source.npi,
    source_addr: source.addr,
    dest_addr_ton: destination.ton,
    dest_addr_npi: destination.npi,
    destination_addr: destination.addr,
    esm_class: body.esm_class,
    protocol_id: 0,
    priority_flag,
    schedule_delivery_time: '',
    validity_period: '',
    registered_delivery: 0,
    replace_if_present_flag: 0,
    data_coding: body.data_coding,
    sm_default_msg_id: 0,
    short_message: body.short_message,
    tlvs: joinTlvs(body.tlvs, passed),
  }
  return config.deliverBy === 'data_sm' && version >= 0x34 ? dataSm(deliver, undefined) : deliver
}

function outcomeOf(pdus: readonly Delivery[], answers: readonly Answer[]): Outcome {
  const wire: string[] = []
  let failure: FailureFacts | undefined
  for (let i = 0; i < pdus.length; i++) {
    const answer = answers[i]!
    wire.push(describe(pdus[i]!), answer.kind === 'pdu' ? describe(answer.pdu) : answer.why)
    failure ??= failureOf(answer)
  }
  if (!failure) return { ok: true, refs: [], final: 'delivered', wire }
  // Those that it took are not sent again; it gives them no ids that we could ask for.
  return { ok: false, failure, refs: answers.map((answer) => (failureOf(answer) ? undefined : '')), wire }
}

function failureOf(answer: Answer): FailureFacts | undefined {
  if (answer.kind !== 'pdu') return unansweredFailure(answer)
  if (answer.pdu.command_status === 0 && answer.pdu.command !== 'generic_nack') return undefined
  return deliverFailure(answer.pdu.command_status)
}

// Cell broadcasts of 5.0 clients (SMPP 5.0 §4.6). We have no cells: a broadcast is refused unless the
// bind names an address for them, to which routes lead as to any other; its areas and times travel along as
// TLVs. What was accepted can be asked for and taken back like every message.
import type { Host, Submission } from '../../../src/plugin.ts'
import { type Draft, integer8, type PduOf, statuses, tags, type Tlv, tlv } from '../codec/index.ts'
import { readBody } from '../mapping/body.ts'
import { writeMessageId } from '../mapping/receipt-out.ts'
import { smppState } from '../mapping/receipt-states.ts'
import { extraName } from '../mapping/tlvs.ts'
import { find } from './find.ts'
import { codingNote } from './notes.ts'
import { refusal, refusalStatus } from './statuses.ts'
import { configuredAddress, sourceOf, timesAndPriority } from './submission.ts'
import type { Terms } from './terms.ts'

/** All that a broadcast says of where, how often and for how long (SMPP 5.0 §4.8.4.7–17). */
const firstTag = tags.broadcast_channel_indicator
const lastTag = tags.broadcast_service_group
/** SMPP 5.0 table 4-45: without these it is no broadcast. */
const needed = [
  tags.broadcast_area_identifier,
  tags.broadcast_content_type,
  tags.broadcast_rep_num,
  tags.broadcast_frequency_interval,
] as const
/** broadcast_area_success: 255 where it is not known (SMPP 5.0 §4.8.4.6). */
const unknownSuccess = 255

export async function broadcast(terms: Terms, pdu: PduOf<'broadcast_sm'>): Promise<Draft> {
  const { gateway, config } = terms
  if (config.broadcast === '') return refusal(pdu, statuses.ESME_RBCASTFAIL)
  if (needed.some((tag) => tlv(pdu.tlvs, tag) === undefined)) return refusal(pdu, statuses.ESME_RMISSINGTLV)
  const now = gateway.clock.now()
  const from = sourceOf(pdu, terms)
  if (from === undefined) return refusal(pdu, statuses.ESME_RINVSRCADR)
  const read = readBody({ esm_class: 0, data_coding: pdu.data_coding, tlvs: pdu.tlvs }, config, true)
  if (read.kind === 'refused') return refusal(pdu, read.status)
  const submission: Submission = { from, to: configuredAddress(config.broadcast), body: read.body, priority: 1, receipt: 'none' }
  submission.extras = areasOf(pdu.tlvs)
  if (pdu.service_type !== '') submission.extras['service_type'] = pdu.service_type
  if (pdu.data_coding !== 0) submission.report = { [codingNote]: String(pdu.data_coding) }
  const fault = timesAndPriority(pdu, submission, now)
  if (fault) return refusal(pdu, fault.status)
  try {
    const message_id = writeMessageId(await gateway.accept(submission), config.receipts.ids)
    return { command: 'broadcast_sm_resp', sequence_number: pdu.sequence_number, message_id }
  } catch (error) {
    return refusal(pdu, refusalStatus(error))
  }
}

/** The first of each tag: extras have one value a name. */
function areasOf(tlvs: readonly Tlv[]): Record<string, string> {
  const extras: Record<string, string> = {}
  for (const [tag, value] of tlvs) if (tag >= firstTag && tag <= lastTag) extras[extraName(tag)] ??= Buffer.from(value).toString('hex')
  return extras
}

export async function queryBroadcast(host: Host, terms: Terms, pdu: PduOf<'query_broadcast_sm'>): Promise<Draft> {
  const [view] = await find(host, terms, pdu.message_id, pdu)
  const area = view?.message.extras?.[extraName(tags.broadcast_area_identifier)]
  if (!view || area === undefined) return refusal(pdu, statuses.ESME_RBCASTQUERYFAIL)
  return {
    command: 'query_broadcast_sm_resp',
    sequence_number: pdu.sequence_number,
    message_id: pdu.message_id,
    tlvs: [
      integer8(tags.message_state, smppState(view.state, view.failure?.code).number),
      [tags.broadcast_area_identifier, Buffer.from(area, 'hex')],
      integer8(tags.broadcast_area_success, unknownSuccess),
    ],
  }
}

export async function cancelBroadcast(host: Host, terms: Terms, pdu: PduOf<'cancel_broadcast_sm'>): Promise<Draft> {
  const [view] = await find(host, terms, pdu.message_id, pdu)
  if (view?.message.extras?.[extraName(tags.broadcast_area_identifier)] === undefined) return refusal(pdu, statuses.ESME_RBCASTCANCELFAIL)
  const done = await host.messages.cancel(terms.gateway.bind.account, view.message.id)
  return refusal(pdu, done === 'canceled' ? statuses.ESME_ROK : statuses.ESME_RBCASTCANCELFAIL)
}

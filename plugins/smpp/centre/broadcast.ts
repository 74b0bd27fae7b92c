// Cell broadcasts of 5.0 clients (SMPP 5.0 §4.6). We have no cells: a broadcast is refused unless the
// bind names an address for them, to which routes lead as to any other; its areas and times travel along as
// TLVs. What was accepted can be asked for and taken back like every message.
import type { Host, MessageView, Submission } from '../../../src/plugin.ts'
import { type Draft, integer8, type PduOf, statuses, tags, type Tlv, tlv, tlvInteger } from '../codec/index.ts'
import { readBody } from '../mapping/body.ts'
import { writeMessageId } from '../mapping/receipt-out.ts'
import { smppState } from '../mapping/receipt-states.ts'
import { serviceTypeOf } from '../mapping/extras.ts'
import { again, extraName } from '../mapping/tlvs.ts'
import { find } from './find.ts'
import { codingNote } from './notes.ts'
import { refusal, refusalStatus } from './statuses.ts'
import { configuredAddress, ownSource, sourceOf, timesAndPriority } from './submission.ts'
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
const areaName = extraName(tags.broadcast_area_identifier)
const sameKind = [areaName, extraName(tags.broadcast_content_type)] as const
const referenceNote = extraName(tags.user_message_reference)
/** broadcast_area_success: 255 where it is not known (SMPP 5.0 §4.8.4.6). */
const unknownSuccess = 255

/** What waits for this address from this end, of the service_type where one is given. */
export type Waiting = (terms: Terms, to: string, ends: { service_type: string; source_addr: string }) => Promise<MessageView[]>

export async function broadcast(host: Host, terms: Terms, pdu: PduOf<'broadcast_sm'>, waiting: Waiting): Promise<Draft> {
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
  const notes: Record<string, string> = {}
  if (pdu.data_coding !== 0) notes[codingNote] = String(pdu.data_coding)
  const reference = referenceOf(pdu.tlvs)
  if (reference !== undefined) {
    notes[referenceNote] = reference
    submission.ref = String(tlvInteger(pdu.tlvs, tags.user_message_reference) ?? '')
  }
  if (Object.keys(notes).length > 0) submission.report = notes
  const fault = timesAndPriority(pdu, submission, now)
  if (fault) return refusal(pdu, fault.status)
  try {
    const before = pdu.replace_if_present_flag === 1 ? await replaced(host, terms, pdu, submission, waiting) : []
    const message_id = writeMessageId(await gateway.accept(submission), config.receipts.ids)
    // Its areas and times are others, too: so it is another message, and only once that is accepted is the old one none.
    await cancelAll(host, terms, before)
    return { command: 'broadcast_sm_resp', sequence_number: pdu.sequence_number, message_id }
  } catch (error) {
    return refusal(pdu, refusalStatus(error))
  }
}

/** By its id, else by its user_message_reference; else what says another thing of the same kind to the same area. */
async function replaced(
  host: Host,
  terms: Terms,
  pdu: PduOf<'broadcast_sm'>,
  { to, report, extras }: Submission,
  waiting: Waiting,
): Promise<MessageView[]> {
  if (pdu.message_id !== '') return (await find(host, terms, pdu.message_id, pdu)).filter(isBroadcast)
  const { service_type } = pdu
  const found = await waiting(terms, to.value, { service_type, source_addr: pdu.source_addr || ownSource(terms) })
  const reference = report?.[referenceNote]
  return found.filter((view) => {
    const { message } = view
    if (!isBroadcast(view) || (serviceTypeOf(message.extras ?? {}) ?? '') !== service_type) return false
    if (reference !== undefined) return message.report?.[referenceNote] === reference
    return sameKind.every((name) => message.extras?.[name] === extras?.[name])
  })
}

async function cancelAll(host: Host, { gateway }: Terms, views: readonly MessageView[]): Promise<boolean> {
  const done = await Promise.all(views.map(({ message }) => host.messages.cancel(gateway.bind.account, message.id)))
  return done.includes('canceled')
}

function isBroadcast({ message }: MessageView): boolean {
  return message.extras?.[areaName] !== undefined
}

function referenceOf(tlvs: readonly Tlv[]): string | undefined {
  const reference = tlv(tlvs, tags.user_message_reference)
  return reference === undefined || reference.length > 2 ? undefined : Buffer.from(reference).toString('hex')
}

function areasOf(tlvs: readonly Tlv[]): Record<string, string> {
  const extras: Record<string, string> = {}
  for (const [tag, value] of tlvs) {
    if (tag < firstTag || tag > lastTag) continue
    const name = extraName(tag)
    const [before, hex] = [extras[name], Buffer.from(value).toString('hex')]
    extras[name] = before === undefined ? hex : before + again + hex
  }
  return extras
}

export async function queryBroadcast(host: Host, terms: Terms, pdu: PduOf<'query_broadcast_sm'>): Promise<Draft> {
  const [view] = await find(host, terms, pdu.message_id, pdu)
  const area = view?.message.extras?.[areaName]
  if (!view || area === undefined) return refusal(pdu, statuses.ESME_RBCASTQUERYFAIL)
  return {
    command: 'query_broadcast_sm_resp',
    sequence_number: pdu.sequence_number,
    message_id: pdu.message_id,
    tlvs: [
      integer8(tags.message_state, smppState(view.state, view.failure?.code).number),
      ...area
        .split(again)
        .flatMap((one): Tlv[] => [
          [tags.broadcast_area_identifier, Buffer.from(one, 'hex')],
          integer8(tags.broadcast_area_success, unknownSuccess),
        ]),
    ],
  }
}

/** Without an id: all that wait from this source, of the service_type and the user_message_reference where those are given. */
export async function cancelBroadcast(host: Host, terms: Terms, pdu: PduOf<'cancel_broadcast_sm'>, waiting: Waiting): Promise<Draft> {
  const views = pdu.message_id === '' ? await meant(terms, pdu, waiting) : await find(host, terms, pdu.message_id, pdu)
  const isDone = await cancelAll(host, terms, views.filter(isBroadcast))
  return refusal(pdu, isDone ? statuses.ESME_ROK : statuses.ESME_RBCASTCANCELFAIL)
}

async function meant(terms: Terms, pdu: PduOf<'cancel_broadcast_sm'>, waiting: Waiting): Promise<MessageView[]> {
  const source_addr = pdu.source_addr || ownSource(terms)
  const { broadcast: to } = terms.config
  if (source_addr === '' || to === '') return []
  const found = await waiting(terms, configuredAddress(to).value, { service_type: pdu.service_type, source_addr })
  const reference = referenceOf(pdu.tlvs)
  return reference === undefined ? found : found.filter(({ message }) => message.report?.[referenceNote] === reference)
}

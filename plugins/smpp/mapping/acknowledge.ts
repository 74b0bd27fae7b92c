// What became of a message that a carrier brought for another one, as the acknowledgement of an ESME that its
// deliver_sm asked for (SMPP 5.0 §4.7.12, §4.7.21): a submit_sm from whom it was for to whom it was from, with the
// text of a receipt. Pure. The id is the carrier's own name of the message, where it said one.
import { type Message, type ReceiptWish, type Report, type Submission } from '../../../src/plugin.ts'
import { type PduOf, tags, tlv, tlvString } from '../codec/index.ts'
import { plainToWire } from './address.ts'
import { receiptPdu } from './receipt-out.ts'
import { receiptForm, receiptSettings } from './receipt-settings.ts'
import { submitBetween } from './submit.ts'
import { extraName } from './tlvs.ts'

/** registered_delivery bits 1–0: receipts; bit 2: an acknowledgement of the ESME. */
const wishes: readonly ReceiptWish[] = ['none', 'both', 'failure', 'success']
const acknowledgeBit = 0x04
/** Message type of esm_class: acknowledgement of delivery by an ESME. */
const esmAcknowledgement = 0x08
const longestId = 64
const settings = receiptSettings.parse({ form: 'both' })

/** Notes on the submission whether and by which name its carrier wants to hear of it. */
export function noteAsked(submission: Submission, pdu: PduOf<'deliver_sm' | 'data_sm'>): void {
  const registered = pdu.registered_delivery
  const wish = wishes[registered & 0x03]!
  submission.receipt = wish === 'none' && (registered & acknowledgeBit) !== 0 ? 'both' : wish
  if (submission.receipt === 'none' || pdu.tlvs.length === 0) return
  const reference = tlv(pdu.tlvs, tags.user_message_reference)
  const id = tlvString(pdu.tlvs, tags.receipted_message_id)
  const notes: Record<string, string> = {}
  if (reference !== undefined && reference.length <= 2)
    notes[extraName(tags.user_message_reference)] = Buffer.from(reference).toString('hex')
  if (id !== undefined && id !== '' && id.length <= longestId) notes['message_id'] = id
  if (Object.keys(notes).length > 0) submission.report = notes
}

/** Its sequence number is still 0. */
export function acknowledgement(message: Message, report: Report, version: number): PduOf<'submit_sm'> {
  const pdu = submitBetween(plainToWire(message.to), plainToWire(message.from), receiptPdu(message, report, receiptForm(settings, version)))
  pdu.esm_class = esmAcknowledgement
  return pdu
}

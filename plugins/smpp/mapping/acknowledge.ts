// What became of a message that a carrier brought for another one, as the acknowledgement of an ESME that its
// deliver_sm asked for (SMPP 5.0 §4.7.12, §4.7.21): a submit_sm from whom it was for to whom it was from, with the
// text of a receipt. Pure. The id is the carrier's own name of the message, where it said one.
import { type Message, type ReceiptWish, type Report, type Submission } from '../../../src/plugin.ts'
import { type PduOf, tags, tlv, tlvString } from '../codec/index.ts'
import { plainToWire } from './address.ts'
import { receiptPdu } from './receipt-out.ts'
import { receiptForm, receiptSettings } from './receipt-settings.ts'
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
  const source = plainToWire(message.to)
  const destination = plainToWire(message.from)
  const { data_coding, short_message, tlvs } = receiptPdu(message, report, receiptForm(settings, version))
  return {
    command: 'submit_sm',
    command_status: 0,
    sequence_number: 0,
    service_type: '',
    source_addr_ton: source.ton,
    source_addr_npi: source.npi,
    source_addr: source.addr,
    dest_addr_ton: destination.ton,
    dest_addr_npi: destination.npi,
    destination_addr: destination.addr,
    esm_class: esmAcknowledgement,
    protocol_id: 0,
    priority_flag: 0,
    schedule_delivery_time: '',
    validity_period: '',
    registered_delivery: 0,
    replace_if_present_flag: 0,
    data_coding,
    sm_default_msg_id: 0,
    short_message,
    tlvs,
  }
}

// What a trace must not show, filled over in place: passwords always, and unless bodies are asked
// for, what people wrote to each other. What an interconnection is diagnosed by stays: addresses,
// the user data header's structure, and of a receipt all but the words of its message.
import { iei } from '../../../src/plugin.ts'
import { type BadPdu, commandIds, commandOf, decodePdu, latin1, tags } from '../codec/index.ts'

/** `.` for a body, `*` for a password: each dissects as text of the same length. */
export const bodyFiller = 0x2e
const passwordFiller = 0x2a
const headerBytes = 16

export function conceal(octets: Uint8Array, bodies: boolean): string | undefined {
  const read = decodePdu(octets)
  if ('kind' in read) {
    if (!bodies || mayHoldPassword(read)) octets.fill(passwordFiller, Math.min(headerBytes, octets.length))
    return read.reason
  }
  const { pdu, end } = read
  if ('password' in pdu) {
    const at = headerBytes + pdu.system_id.length + 1
    octets.fill(passwordFiller, at, at + pdu.password.length)
  }
  if (bodies) return undefined
  const isUdhFirst = 'esm_class' in pdu && (pdu.esm_class & 0x40) !== 0
  const isReceipt = (pdu.command === 'deliver_sm' || pdu.command === 'data_sm') && receiptTypes.has(pdu.esm_class & 0x3c)
  if ('short_message' in pdu) hide(pdu.short_message, isUdhFirst, isReceipt)
  for (const [tag, value] of pdu.tlvs) if (tag === tags.message_payload) hide(value, isUdhFirst, isReceipt)
  octets.fill(bodyFiller, end)
  return undefined
}

/** Of a bind that cannot be read, and of a command nobody knows, it is not known where one would stand. */
function mayHoldPassword(bad: BadPdu): boolean {
  if (bad.kind === 'framing') return true
  return commandOf(bad.command_id) === undefined || withPassword.has(bad.command_id)
}

const { bind_receiver, bind_transmitter, bind_transceiver, outbind } = commandIds
const withPassword: ReadonlySet<number> = new Set([bind_receiver, bind_transmitter, bind_transceiver, outbind])

/** esm_class bits 5–2 (SMPP 5.0 §4.7.12): a delivery receipt, an intermediate one. */
const receiptTypes: ReadonlySet<number> = new Set([0x04, 0x20])

function hide(body: Uint8Array, isUdhFirst: boolean, isReceipt: boolean): void {
  const header = isUdhFirst ? hideInHeader(body) : 0
  const rest = body.subarray(header)
  rest.fill(bodyFiller, isReceipt ? toldBy(rest) : 0)
}

/** How many octets of a receipt's text say what became of a message, before the words of the message itself. */
function toldBy(body: Uint8Array): number {
  const text = latin1(body, 0, body.length).toLowerCase()
  if (!text.includes('id:') || !text.includes('stat:')) return 0
  const words = text.indexOf('text:')
  return words < 0 ? text.length : words + 'text:'.length
}

/** Elements that say how parts belong together, where they go and in which alphabet they are: no words. */
const shownElements: ReadonlySet<number> = new Set(Object.values(iei))

/** The length of a header that is whole, once what its elements may carry is hidden; 0 for any other. */
function hideInHeader(body: Uint8Array): number {
  const end = 1 + (body[0] ?? 0)
  if (body.length === 0 || end > body.length) return 0
  for (let at = 1; at < end;) {
    const next = at + 2 + (body[at + 1] ?? 0)
    if (at + 2 > end || next > end) return 0
    if (!shownElements.has(body[at]!)) body.fill(bodyFiller, at + 2, next)
    at = next
  }
  return end
}

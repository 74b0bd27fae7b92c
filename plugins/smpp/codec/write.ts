// PDUs into bytes: appended to a slab, so that many leave in one write. A field that does not fit
// throws a RangeError that names it, and the slab is as before.
import { commandIds } from './constants.ts'
import { type DestAddress, type Draft, limits, noTlvs, type Tlv, type UnsuccessSme } from './pdu.ts'

/** Bytes on their way out; the first `end` of them are written. Grows by doubling. */
export interface Slab {
  buffer: Buffer
  end: number
}

export function createSlab(bytes = 16_384): Slab {
  return { buffer: Buffer.allocUnsafeSlow(bytes), end: 0 }
}

/** More than the fixed fields of any PDU take at their longest. */
const fixedBytes = 512
const none = new Uint8Array(0)

/** Appends a PDU; how many octets it took. */
export function writePdu(slab: Slab, pdu: Draft): number {
  const start = slab.end
  try {
    reserve(slab, fixedBytes)
    const id = commandIds[pdu.command]
    const status = pdu.command_status ?? 0
    const tlvs = pdu.tlvs ?? noTlvs
    store32(slab.buffer, start + 4, id)
    store32(slab.buffer, start + 8, status)
    store32(slab.buffer, start + 12, pdu.sequence_number)
    slab.end = start + 16
    if (status === 0 || id < 0x8000_0000 || !isBodiless(pdu)) writeBody(slab, pdu)
    for (let i = 0; i < tlvs.length; i++) writeTlv(slab, tlvs[i]![0], tlvs[i]![1])
    store32(slab.buffer, start, slab.end - start)
    return slab.end - start
  } catch (error) {
    slab.end = start
    throw error
  }
}

/** One PDU as a buffer of its own: for tests and rare use. */
export function encodePdu(pdu: Draft): Buffer {
  const slab = createSlab(fixedBytes)
  writePdu(slab, pdu)
  return slab.buffer.subarray(0, slab.end)
}

/** A response that says no (its status is not 0) has no body (SMPP 3.4 §4.4.2), unless it has something to say. */
function isBodiless(pdu: Draft): boolean {
  if (pdu.command === 'submit_multi_resp' && pdu.unsuccess_sme?.length) return false
  return !('message_id' in pdu && pdu.message_id) && !pdu.tlvs?.length
}

function writeBody(slab: Slab, pdu: Draft): void {
  switch (pdu.command) {
    case 'submit_sm':
    case 'deliver_sm':
      cstring(slab, pdu.service_type, limits.service_type, 'service_type')
      address(slab, pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr, limits.address, 'source_addr')
      address(slab, pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr, limits.address, 'destination_addr')
      return messageTail(slab, pdu)
    case 'submit_sm_resp':
    case 'deliver_sm_resp':
    case 'data_sm_resp':
    case 'broadcast_sm_resp':
    case 'query_broadcast_sm_resp':
      return cstring(slab, pdu.message_id, limits.message_id, 'message_id')
    case 'bind_receiver':
    case 'bind_transmitter':
    case 'bind_transceiver':
      cstring(slab, pdu.system_id, limits.system_id, 'system_id')
      cstring(slab, pdu.password, limits.password, 'password')
      cstring(slab, pdu.system_type, limits.system_type, 'system_type')
      u8(slab, pdu.interface_version, 'interface_version')
      return address(slab, pdu.addr_ton, pdu.addr_npi, pdu.address_range, limits.address_range, 'address_range')
    case 'bind_receiver_resp':
    case 'bind_transmitter_resp':
    case 'bind_transceiver_resp':
      return cstring(slab, pdu.system_id, limits.system_id, 'system_id')
    case 'outbind':
      cstring(slab, pdu.system_id, limits.system_id, 'system_id')
      return cstring(slab, pdu.password, limits.password, 'password')
    case 'data_sm':
      cstring(slab, pdu.service_type, limits.service_type, 'service_type')
      address(slab, pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr, limits.longAddress, 'source_addr')
      address(slab, pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr, limits.longAddress, 'destination_addr')
      u8(slab, pdu.esm_class, 'esm_class')
      u8(slab, pdu.registered_delivery, 'registered_delivery')
      return u8(slab, pdu.data_coding, 'data_coding')
    case 'submit_multi':
      cstring(slab, pdu.service_type, limits.service_type, 'service_type')
      address(slab, pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr, limits.address, 'source_addr')
      destAddresses(slab, pdu.dest_address ?? [])
      return messageTail(slab, pdu)
    case 'submit_multi_resp':
      cstring(slab, pdu.message_id, limits.message_id, 'message_id')
      return unsuccessSmes(slab, pdu.unsuccess_sme ?? [])
    case 'query_sm':
    case 'query_broadcast_sm':
      cstring(slab, pdu.message_id, limits.message_id, 'message_id')
      return address(slab, pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr, limits.address, 'source_addr')
    case 'query_sm_resp':
      cstring(slab, pdu.message_id, limits.message_id, 'message_id')
      cstring(slab, pdu.final_date, limits.time, 'final_date')
      u8(slab, pdu.message_state, 'message_state')
      return u8(slab, pdu.error_code, 'error_code')
    case 'cancel_sm':
      cstring(slab, pdu.service_type, limits.service_type, 'service_type')
      cstring(slab, pdu.message_id, limits.message_id, 'message_id')
      address(slab, pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr, limits.address, 'source_addr')
      return address(slab, pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr, limits.address, 'destination_addr')
    case 'cancel_broadcast_sm':
      cstring(slab, pdu.service_type, limits.service_type, 'service_type')
      cstring(slab, pdu.message_id, limits.message_id, 'message_id')
      return address(slab, pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr, limits.address, 'source_addr')
    case 'replace_sm':
      cstring(slab, pdu.message_id, limits.message_id, 'message_id')
      address(slab, pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr, limits.address, 'source_addr')
      cstring(slab, pdu.schedule_delivery_time, limits.time, 'schedule_delivery_time')
      cstring(slab, pdu.validity_period, limits.time, 'validity_period')
      u8(slab, pdu.registered_delivery, 'registered_delivery')
      u8(slab, pdu.sm_default_msg_id, 'sm_default_msg_id')
      return shortMessage(slab, pdu.short_message ?? none)
    case 'alert_notification':
      address(slab, pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr, limits.longAddress, 'source_addr')
      return address(slab, pdu.esme_addr_ton, pdu.esme_addr_npi, pdu.esme_addr, limits.longAddress, 'esme_addr')
    case 'broadcast_sm':
      cstring(slab, pdu.service_type, limits.service_type, 'service_type')
      address(slab, pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr, limits.address, 'source_addr')
      cstring(slab, pdu.message_id, limits.message_id, 'message_id')
      u8(slab, pdu.priority_flag, 'priority_flag')
      cstring(slab, pdu.schedule_delivery_time, limits.time, 'schedule_delivery_time')
      cstring(slab, pdu.validity_period, limits.time, 'validity_period')
      u8(slab, pdu.replace_if_present_flag, 'replace_if_present_flag')
      u8(slab, pdu.data_coding, 'data_coding')
      return u8(slab, pdu.sm_default_msg_id, 'sm_default_msg_id')
    case 'unbind':
    case 'unbind_resp':
    case 'enquire_link':
    case 'enquire_link_resp':
    case 'generic_nack':
    case 'cancel_sm_resp':
    case 'replace_sm_resp':
    case 'cancel_broadcast_sm_resp':
      return
  }
}

function messageTail(slab: Slab, pdu: Extract<Draft, { command: 'submit_sm' | 'deliver_sm' | 'submit_multi' }>): void {
  u8(slab, pdu.esm_class, 'esm_class')
  u8(slab, pdu.protocol_id, 'protocol_id')
  u8(slab, pdu.priority_flag, 'priority_flag')
  cstring(slab, pdu.schedule_delivery_time, limits.time, 'schedule_delivery_time')
  cstring(slab, pdu.validity_period, limits.time, 'validity_period')
  u8(slab, pdu.registered_delivery, 'registered_delivery')
  u8(slab, pdu.replace_if_present_flag, 'replace_if_present_flag')
  u8(slab, pdu.data_coding, 'data_coding')
  u8(slab, pdu.sm_default_msg_id, 'sm_default_msg_id')
  shortMessage(slab, pdu.short_message ?? none)
}

function reserve(slab: Slab, bytes: number): void {
  const { buffer, end } = slab
  if (end + bytes <= buffer.length) return
  const larger = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, end + bytes))
  buffer.copy(larger, 0, 0, end)
  slab.buffer = larger
}

/** What is left out is 0. */
function octet(n: number | undefined, field: string, more = ''): number {
  if (n === undefined) return 0
  if ((n & 0xff) !== n) throw new RangeError(`${field}${more}: expected 0–255, got ${n}`)
  return n
}

function u8(slab: Slab, n: number | undefined, field: string): void {
  slab.buffer[slab.end++] = octet(n, field)
}

function store32(buffer: Buffer, at: number, n: number): void {
  buffer[at] = n >>> 24
  buffer[at + 1] = (n >>> 16) & 0xff
  buffer[at + 2] = (n >>> 8) & 0xff
  buffer[at + 3] = n & 0xff
}

function store16(slab: Slab, n: number): void {
  slab.buffer[slab.end++] = (n >>> 8) & 0xff
  slab.buffer[slab.end++] = n & 0xff
}

/** `max` counts the NUL. Latin-1, one octet a character. */
function cstring(slab: Slab, text: string | undefined, max: number, field: string): void {
  const { buffer } = slab
  let at = slab.end
  if (text !== undefined) {
    const { length } = text
    if (length >= max) throw new RangeError(`${field}: at most ${max - 1} characters, got ${length}`)
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code === 0 || code > 0xff) throw new RangeError(`${field}: character ${i} has no single octet`)
      buffer[at++] = code
    }
  }
  buffer[at++] = 0
  slab.end = at
}

function address(
  slab: Slab,
  ton: number | undefined,
  npi: number | undefined,
  value: string | undefined,
  max: number,
  field: string,
): void {
  const { buffer, end } = slab
  buffer[end] = octet(ton, field, ' TON')
  buffer[end + 1] = octet(npi, field, ' NPI')
  slab.end = end + 2
  cstring(slab, value, max, field)
}

/** A call into the runtime is worth it only for many. */
const fewOctets = 32

function octets(slab: Slab, value: Uint8Array): void {
  const { buffer, end } = slab
  const { length } = value
  if (length > fewOctets) buffer.set(value, end)
  else for (let i = 0; i < length; i++) buffer[end + i] = value[i]!
  slab.end = end + length
}

function shortMessage(slab: Slab, value: Uint8Array): void {
  u8(slab, value.length, 'sm_length')
  reserve(slab, value.length)
  octets(slab, value)
}

function writeTlv(slab: Slab, tag: Tlv[0], value: Tlv[1]): void {
  if (value.length > 0xffff) throw new RangeError(`TLV 0x${tag.toString(16)}: at most 65535 octets, got ${value.length}`)
  if ((tag & 0xffff) !== tag) throw new RangeError(`TLV tag: expected 0–0xFFFF, got ${tag}`)
  reserve(slab, value.length + 4)
  store16(slab, tag)
  store16(slab, value.length)
  octets(slab, value)
}

function destAddresses(slab: Slab, list: readonly DestAddress[]): void {
  u8(slab, list.length, 'number_of_dests')
  for (const dest of list) {
    reserve(slab, fixedBytes)
    u8(slab, dest.dest_flag, 'dest_flag')
    if (dest.dest_flag === 1)
      address(slab, dest.dest_addr_ton, dest.dest_addr_npi, dest.destination_addr, limits.address, 'destination_addr')
    else cstring(slab, dest.dl_name, limits.dl_name, 'dl_name')
  }
  reserve(slab, fixedBytes)
}

function unsuccessSmes(slab: Slab, list: readonly UnsuccessSme[]): void {
  u8(slab, list.length, 'no_unsuccess')
  for (const sme of list) {
    reserve(slab, fixedBytes)
    address(slab, sme.dest_addr_ton, sme.dest_addr_npi, sme.destination_addr, limits.address, 'destination_addr')
    store32(slab.buffer, slab.end, sme.error_status_code)
    slab.end += 4
  }
}

// A PDU field by field in the order of the wire, each with its number and what the number means.
import { decodeGsm7, decodeUcs2, type Dissection, type DissectedField, parseUdh, splitUserData } from '../../../src/plugin.ts'
import {
  commandOf,
  decodePdu,
  type DestAddress,
  integerOf,
  latin1,
  type Pdu,
  statusText,
  stringOf,
  tags,
  tagText,
  type Tlv,
  type UnsuccessSme,
} from '../codec/index.ts'
import { bodyFiller } from './conceal.ts'
import { hex, numberText } from './words.ts'

/** Octets of a value that are shown; the length is always told. */
const mostShown = 512

export function dissect(octets: Uint8Array, readable = true): Dissection {
  const read = readable ? decodePdu(octets) : undefined
  const at = Buffer.from(octets.buffer, octets.byteOffset, octets.length)
  const word = (offset: number): number => (offset + 4 <= at.length ? at.readUInt32BE(offset) : 0)
  const command = commandOf(word(4)) ?? 'unknown command'
  const fields: DissectedField[] = [
    { name: 'command_length', value: String(word(0)) },
    { name: 'command_id', value: `${hex(word(4), 8)} ${command}` },
    { name: 'command_status', value: statusText(word(8)) },
    { name: 'sequence_number', value: String(word(12)) },
  ]
  if (!read || 'kind' in read) {
    fields.push({ name: 'unreadable', value: octetsText(octets.subarray(16)) })
    return { title: command, fields }
  }
  const { pdu, end } = read
  for (const [name, value] of Object.entries(pdu)) if (!inHeader.has(name)) fields.push(...fieldOf(pdu, name, value))
  for (const tlv of pdu.tlvs) fields.push({ name: `${tagText(tlv[0])} ${hex(tlv[0], 4)}`, value: tlvValue(pdu, tlv) })
  if (end < octets.length) fields.push({ name: 'left over', value: octetsText(octets.subarray(end)) })
  return { title: pdu.command, fields }
}

const inHeader: ReadonlySet<string> = new Set(['command', 'command_status', 'sequence_number', 'tlvs'])

function fieldOf(pdu: Pdu, name: string, value: unknown): DissectedField[] {
  if (typeof value === 'number') return [{ name, value: numberText(name, value) }]
  if (typeof value === 'string') return [{ name, value: name === 'password' ? 'hidden' : quoted(value) }]
  if (value instanceof Uint8Array) {
    return [
      { name: 'sm_length', value: String(value.length) },
      { name, value: bodyText(pdu, value) },
    ]
  }
  if (name === 'dest_address') {
    const list = value as readonly DestAddress[]
    return [
      { name: 'number_of_dests', value: String(list.length) },
      ...list.map((each, i) => ({ name: `dest_address ${i + 1}`, value: destination(each) })),
    ]
  }
  const list = value as readonly UnsuccessSme[]
  const each = (sme: UnsuccessSme, i: number): DissectedField => ({
    name: `unsuccess_sme ${i + 1}`,
    value: `${destination({ ...sme, dest_flag: 1 })}: ${statusText(sme.error_status_code)}`,
  })
  return [{ name: 'no_unsuccess', value: String(list.length) }, ...list.map(each)]
}

function destination(of: DestAddress): string {
  if (of.dest_flag === 2) return `list ${quoted(of.dl_name)}`
  return `${quoted(of.destination_addr)} ton ${numberText('ton', of.dest_addr_ton)}, npi ${numberText('npi', of.dest_addr_npi)}`
}

const textTags: ReadonlySet<number> = new Set([tags.receipted_message_id, tags.additional_status_info_text])

function tlvValue(pdu: Pdu, [tag, value]: Tlv): string {
  if (tag === tags.message_payload) return bodyText(pdu, value)
  if (textTags.has(tag)) return quoted(stringOf(value))
  // SMPP 5.0 §4.8.4.42: a network's letter-like number, then its own code.
  if (tag === tags.network_error_code && value.length === 3) return `network ${value[0]}, error ${value[1]! * 256 + value[2]!}`
  const n = integerOf(value)
  if (n === undefined) return octetsText(value)
  const text = numberText(tagText(tag), n)
  return text.startsWith('0x') ? text : `${text} (0x${hexOf(value)})`
}

/** A header taken apart, then the text as data_coding says, or that it is hidden; in hex too where it is not. */
function bodyText(pdu: Pdu, value: Uint8Array): string {
  let rest = value
  const parts: string[] = [`${value.length} octets`]
  if ('esm_class' in pdu && pdu.esm_class & 0x40) {
    const split = splitUserData(value)
    if (split.ok) {
      parts.push(headerText(split.udh))
      rest = split.data
    } else parts.push(split.why)
  }
  if (rest.length === 0) return parts.join(', ')
  if (rest.every((octet) => octet === bodyFiller)) return [...parts, 'hidden'].join(', ')
  const text = textOf('data_coding' in pdu ? pdu.data_coding : 0, rest.subarray(0, mostShown))
  if (text !== undefined) parts.push(text)
  return [...parts, hexOf(rest)].join(', ')
}

function headerText(udh: Uint8Array): string {
  const parsed = parseUdh(udh)
  if (!parsed.ok) return `UDH ${hexOf(udh)}, ${parsed.why}`
  const names = parsed.elements.map(({ id, data }) => {
    const wide = id === 0x08 && data.length === 4
    if (wide || (id === 0x00 && data.length === 3)) {
      const [total, index] = data.subarray(-2)
      return `part ${index} of ${total}, reference ${integerOf(data.subarray(0, -2))}`
    }
    return `element ${hex(id, 2)} ${hexOf(data)}`
  })
  return `UDH ${names.join(', ') || 'empty'}`
}

/** Undefined for octets that are no text, and where a header's septets would have to be counted. */
function textOf(data_coding: number, octets: Uint8Array): string | undefined {
  switch (data_coding) {
    case 0:
      return quoted(decodeGsm7(octets))
    case 1:
    case 3:
      return quoted(latin1(octets, 0, octets.length))
    case 8:
      return quoted(decodeUcs2(octets))
    default:
      return undefined
  }
}

/** On one line, whatever is in it. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, '?')
}

function octetsText(octets: Uint8Array): string {
  return octets.length === 0 ? '0 octets' : `${octets.length} octets, ${hexOf(octets)}`
}

function hexOf(octets: Uint8Array): string {
  const text = Buffer.from(octets.buffer, octets.byteOffset, Math.min(octets.length, mostShown)).toString('hex')
  return octets.length > mostShown ? `${text}…` : text
}

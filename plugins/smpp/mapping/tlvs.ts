// TLVs by number, both ways: which of a message's extras (`tlv.0x1400`: hexadecimal octets) go out,
// which TLVs of the carrier come in as extras, and those that a bind adds to every message. What the
// gateway writes itself (payload, parts, receipt fields) is never taken from an extra.
import { z } from 'zod'
import { integer8, noTlvs, tags, type Tlv, tlvInteger } from '../codec/index.ts'
import type { Message } from '../../../src/plugin.ts'
import { joinTlvs } from './extras.ts'

const tagForm = /^0x([0-9a-f]{1,4})$/i
const mostRules = 64
const mostAlways = 16
const mostOctets = 512
/** In: more than these are left out. */
const mostExtras = 16
const mostExtraOctets = 255
/** One octet. */
const mostHops = 255

/** A vendor's own lie in 0x1400–0x3FFF (SMPP 5.0 §4.8.1). */
const vendors = '0x1400-0x3fff'
/** billing_identification to dest_addr_np_country (SMPP 5.0 §4.8.4.3 ff.): who pays, which network, which number was ported. */
const networks = '0x060b-0x0613'

/** Written by the gateway alone, or of a meaning that only it knows. */
const own: ReadonlySet<number> = new Set([
  tags.message_payload,
  tags.sar_msg_ref_num,
  tags.sar_total_segments,
  tags.sar_segment_seqnum,
  tags.receipted_message_id,
  tags.message_state,
  tags.network_error_code,
  tags.sc_interface_version,
  tags.congestion_state,
])

/** Read into the message, whose body and validity say them to whoever it goes to: kept too, they would be said twice. */
const meant: ReadonlySet<number> = new Set([
  tags.source_port,
  tags.destination_port,
  tags.dest_addr_subunit,
  tags.ms_msg_wait_facilities,
  tags.qos_time_to_live,
])

const rule = z.string().refine((text) => rangeOf(text) !== undefined, 'expected a tag such as 0x1400, a range 0x1400-0x14ff, or a name')
const rules = z.union([z.literal('*'), z.array(rule).max(mostRules)])
const tagKey = z.string().refine((text) => tagOf(text) !== undefined, 'expected a tag such as 0x1400, or a name of the specification')

export const tlvFields = {
  tlvs: z
    .strictObject({
      out: rules.default([vendors]).describe("Of a message's extras named tlv.0x1400, those that go to the carrier."),
      in: rules.default([vendors, networks]).describe("Of the carrier's TLVs, in messages and receipts, those that are kept as extras."),
    })
    .prefault({})
    .describe('TLVs by number: tags (0x1400), ranges (0x1400-0x14ff), names (billing_identification), or * for all that are not our own.'),
  tlvsAlways: z
    .record(tagKey, z.string().max(mostOctets * 2))
    .refine((all) => Object.keys(all).length <= mostAlways, `at most ${mostAlways}`)
    .refine((all) => Object.keys(all).every((key) => !own.has(tagOf(key) ?? -1)), 'one of them is written by the gateway itself')
    .refine((all) => Object.values(all).every((text) => templateOf(text) !== undefined), 'hex: is followed by whole octets in hexadecimal')
    .default({})
    .describe(
      'TLVs of every message that does not bring its own: text in Latin-1, hex:0102, or with {name} for an extra of the message; without that extra the TLV is left out.',
    ),
  hopsTlv: tagKey
    .refine((key) => !own.has(tagOf(key) ?? -1), 'it is written by the gateway itself')
    .optional()
    .describe(
      'TLV, such as 0x1502, that says through how many gateways a message came, sent and read: where the peer is a Signalbox too, so that what goes round between both ends. Absent: none.',
    ),
}
const tlvObject = z.object(tlvFields)
export type TlvSettings = Omit<z.infer<typeof tlvObject>, 'hopsTlv'> & { hopsTlv?: string | undefined }

/** Settings compiled; made once per session. */
export interface TlvRules {
  /** What goes out beside the TLVs that the gateway writes. */
  out(extras: Readonly<Record<string, string>> | undefined): readonly Tlv[]
  /** With the count of gateways, where the peer is told that. */
  ofMessage(message: Pick<Message, 'extras' | 'hops'>): readonly Tlv[]
  /** Writes what is kept of a peer's into `extras`, which is made where it is needed. */
  in(tlvs: readonly Tlv[], extras?: Record<string, string>): Record<string, string> | undefined
  /** Through how many gateways the peer says that a message came. */
  hops(tlvs: readonly Tlv[]): number | undefined
}

export function tlvRules({ tlvs, tlvsAlways, hopsTlv }: TlvSettings): TlvRules {
  const hopsTag = hopsTlv === undefined ? undefined : tagOf(hopsTlv)
  const mayLeave = allows(tlvs.out)
  const mayEnter = tlvs.in === '*' ? (tag: number): boolean => !meant.has(tag) : allows(tlvs.in)
  const always = Object.entries(tlvsAlways).map(([key, text]) => ({ tag: tagOf(key)!, template: templateOf(text)! }))
  /** Of those without a place for an extra. */
  const fixed: readonly Tlv[] =
    always.length > 0 && always.every(({ template }) => template.octets)
      ? always.map(({ tag, template }): Tlv => [tag, template.octets!])
      : noTlvs

  function add(list: Tlv[], extras: Readonly<Record<string, string>>): void {
    for (const { tag, template } of always) {
      if (list.some((known) => known[0] === tag)) continue
      const octets = template.octets ?? filled(template.pieces!, extras)
      if (octets) list.push([tag, octets])
    }
  }

  function out(extras: Readonly<Record<string, string>> | undefined): readonly Tlv[] {
    if (extras === undefined) return fixed.length > 0 || always.length === 0 ? fixed : withAlways(noExtras)
    let list: Tlv[] | undefined
    for (const name in extras) {
      if (!name.startsWith('tlv.')) continue
      const tag = tagOf(name.slice(4))
      const value = extras[name]!
      if (tag === undefined || own.has(tag) || !mayLeave(tag)) continue
      for (const one of value.includes(again) ? value.split(again) : [value])
        if (isHex(one)) (list ??= []).push([tag, Buffer.from(one, 'hex')])
    }
    if (list === undefined) return always.length === 0 ? noTlvs : fixed.length > 0 ? fixed : withAlways(extras)
    if (always.length > 0) add(list, extras)
    return list
  }

  return {
    out,
    ofMessage({ extras, hops }) {
      const list = out(extras)
      return hopsTag === undefined ? list : joinTlvs([integer8(hopsTag, Math.min(mostHops, (hops ?? 0) + 1))], list)
    },
    hops(list) {
      return hopsTag === undefined || list.length === 0 ? undefined : tlvInteger(list, hopsTag)
    },
    in(list, extras) {
      let count = 0
      for (let i = 0; i < list.length && count < mostExtras; i++) {
        const [tag, value] = list[i]!
        if (value.length > mostExtraOctets || own.has(tag) || tag === hopsTag || !mayEnter(tag)) continue
        extras ??= {}
        const name = extraName(tag)
        const hex = Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex')
        // As callback_num may be, of which each has its own callback_num_pres_ind.
        const before = i > 0 && hasTag(list, tag, i) ? extras[name] : undefined
        extras[name] = before === undefined ? hex : before + again + hex
        count++
      }
      return extras
    },
  }

  function withAlways(extras: Readonly<Record<string, string>>): readonly Tlv[] {
    const list: Tlv[] = []
    add(list, extras)
    return list
  }
}

/** Between the values of a TLV that came more than once. */
export const again = ' '

function hasTag(list: readonly Tlv[], tag: number, before: number): boolean {
  for (let i = 0; i < before; i++) if (list[i]![0] === tag) return true
  return false
}

const noExtras: Readonly<Record<string, string>> = Object.freeze({})

export function extraName(tag: number): string {
  return `tlv.0x${tag.toString(16).padStart(4, '0')}`
}

/** `0x1400`, or a name of the specification. */
function tagOf(text: string): number | undefined {
  const hex = tagForm.exec(text)?.[1]
  if (hex !== undefined) return Number.parseInt(hex, 16)
  return Object.hasOwn(tags, text) ? tags[text as keyof typeof tags] : undefined
}

function rangeOf(text: string): readonly [from: number, to: number] | undefined {
  const one = tagOf(text)
  if (one !== undefined) return [one, one]
  const [from, to, more] = text.split('-').map(tagOf)
  return from !== undefined && to !== undefined && more === undefined && from <= to ? [from, to] : undefined
}

function allows(given: TlvSettings['tlvs']['out']): (tag: number) => boolean {
  if (given === '*') return () => true
  const ranges = given.map((text) => rangeOf(text)!)
  return (tag) => {
    for (const [from, to] of ranges) if (tag >= from && tag <= to) return true
    return false
  }
}

/** Either ready octets, or pieces: every second one is the name of an extra. */
interface Template {
  octets?: Uint8Array
  pieces?: readonly string[]
}

function templateOf(text: string): Template | undefined {
  if (/^hex:/i.test(text)) return isHex(text.slice(4)) ? { octets: Buffer.from(text.slice(4), 'hex') } : undefined
  const pieces = text.split(/\{([\w.-]{1,64})\}/)
  return pieces.length === 1 ? { octets: Buffer.from(text, 'latin1') } : { pieces }
}

function filled(pieces: readonly string[], extras: Readonly<Record<string, string>>): Uint8Array | undefined {
  let text = ''
  for (let i = 0; i < pieces.length; i++) {
    const piece = i % 2 === 0 ? pieces[i]! : Object.hasOwn(extras, pieces[i]!) ? extras[pieces[i]!]! : undefined
    if (piece === undefined) return undefined
    text += piece
  }
  return text.length <= mostOctets ? Buffer.from(text, 'latin1') : undefined
}

function isHex(text: string): boolean {
  return text.length <= 2 * mostOctets && /^(?:[0-9a-f]{2})*$/i.test(text)
}

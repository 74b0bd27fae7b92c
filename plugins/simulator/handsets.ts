// The phones behind the carriers: they join the parts of long messages and show the newest thousand
// messages. Octets are kept and read as text only when somebody looks.
import { decodeText, parseDcs, splitUserData, takeConcatenation, wellFormed } from '../../src/plugin.ts'
import { tags, tlv, tlvInteger, type PduOf } from '../smpp/codec/index.ts'
import type { StateName } from './personality.ts'

export interface Shown {
  carrier: string
  from: string
  to: string
  text: string
  segments: number
  /** Epoch ms of the last part. */
  at: number
  /** How the carrier says it ended. */
  state: StateName
}

/** A part as it came, with what the joining needs. */
export interface Arrived {
  carrier: string
  at: number
  state: StateName
  source_addr_ton: number
  source_addr_npi: number
  source_addr: string
  dest_addr_ton: number
  dest_addr_npi: number
  destination_addr: string
  data_coding: number
  /** With its header where `headed`. A copy: what a PDU refers to would hold its whole chunk. */
  data: Uint8Array
  headed: boolean
  /** From 1 of `total`. */
  index: number
  total: number
  reference: number
}

interface Held {
  parts: Arrived[]
  last: Arrived
}

export interface Handsets {
  take(part: Arrived): void
  /** Newest first. */
  inbox(limit?: number): Shown[]
  /** The newest message that this handset got, from `from` where one is; for answering it. */
  lastTo(handset: string, from?: string): Arrived | undefined
}

const inboxSize = 1000
/** Long messages that lack parts; the oldest is forgotten beyond this. */
const openSize = 10_000

export function createHandsets(): Handsets {
  const ring: (Held | undefined)[] = Array.from({ length: inboxSize })
  const open = new Map<string, (Arrived | undefined)[]>()
  let next = 0

  function show(parts: Arrived[]): void {
    ring[next++ % inboxSize] = { parts, last: parts.at(-1)! }
  }
  function* newest(): Generator<Held> {
    for (let i = next - 1; i >= 0 && i >= next - inboxSize; i--) yield ring[i % inboxSize]!
  }

  return {
    take(part) {
      if (part.total === 1) return show([part])
      const key = `${part.carrier} ${joinKey(part)}`
      let parts = open.get(key)
      if (!parts) {
        parts = Array.from({ length: part.total })
        open.set(key, parts)
        if (open.size > openSize) open.delete(open.keys().next().value!)
      }
      parts[part.index - 1] = part
      if (!parts.every((p) => p !== undefined)) return
      open.delete(key)
      show(parts)
    },
    inbox(limit = inboxSize) {
      const shown: Shown[] = []
      for (const held of newest()) {
        if (shown.length >= limit) break
        shown.push(shownOf(held))
      }
      return shown
    },
    lastTo(handset, from) {
      let found: Arrived | undefined
      for (const { last } of newest()) {
        if (!sameNumber(last.destination_addr, handset)) continue
        found ??= last
        if (from !== undefined && sameNumber(last.source_addr, from)) return last
      }
      return found
    },
  }
}

function shownOf({ parts, last }: Held): Shown {
  const text = wellFormed(parts.map((part) => textOf(part)).join(''))
  const failed = parts.find((part) => part.state !== 'DELIVRD')
  return {
    carrier: last.carrier,
    from: shownNumber(last.source_addr_ton, last.source_addr),
    to: shownNumber(last.dest_addr_ton, last.destination_addr),
    text,
    segments: parts.length,
    at: Math.max(...parts.map((part) => part.at)),
    state: failed?.state ?? 'DELIVRD',
  }
}

/** What all parts of one long message share. */
export function joinKey(part: Pick<Arrived, 'source_addr' | 'destination_addr' | 'reference' | 'total'>): string {
  return `${part.source_addr} ${part.destination_addr} ${part.reference}/${part.total}`
}

/** `+` in front of an international number (TON 1, SMPP 5.0 §4.7.1). */
export function shownNumber(ton: number, value: string): string {
  return ton === 1 && !value.startsWith('+') ? `+${value}` : value
}

/** With or without `+`. */
export function sameNumber(a: string, b: string): boolean {
  return a.replace('+', '') === b.replace('+', '')
}

/** A part of a submit: its user data, and its place by user data header, by sar_* TLVs, or alone. */
export function arrived(pdu: PduOf<'submit_sm'>, carrier: string, at: number, state: StateName): Arrived {
  const payload = pdu.short_message.length > 0 ? pdu.short_message : (tlv(pdu.tlvs, tags.message_payload) ?? pdu.short_message)
  // esm_class bit 6: the user data begins with a header (SMPP 5.0 §4.7.12).
  const headed = (pdu.esm_class & 0x40) !== 0
  const data = Buffer.from(payload)
  const part: Arrived = {
    carrier,
    at,
    state,
    source_addr_ton: pdu.source_addr_ton,
    source_addr_npi: pdu.source_addr_npi,
    source_addr: pdu.source_addr,
    dest_addr_ton: pdu.dest_addr_ton,
    dest_addr_npi: pdu.dest_addr_npi,
    destination_addr: pdu.destination_addr,
    data_coding: pdu.data_coding,
    data,
    headed,
    index: 1,
    total: 1,
    reference: 0,
  }
  const place = (headed ? placeByHeader(data) : undefined) ?? (pdu.tlvs.length > 0 ? placeBySar(pdu) : undefined)
  return place ? Object.assign(part, place) : part
}

type Place = Pick<Arrived, 'index' | 'total' | 'reference'>

function placeByHeader(data: Uint8Array): Place | undefined {
  const user = splitUserData(data)
  return user.ok ? takeConcatenation(user.udh).concatenation : undefined
}

/** sar_msg_ref_num, sar_total_segments and sar_segment_seqnum (SMPP 5.0 §4.8.4.53–55). */
function placeBySar({ tlvs }: PduOf<'submit_sm'>): Place | undefined {
  const total = tlvInteger(tlvs, tags.sar_total_segments) ?? 1
  const index = tlvInteger(tlvs, tags.sar_segment_seqnum) ?? 1
  const reference = tlvInteger(tlvs, tags.sar_msg_ref_num) ?? 0
  return total > 1 && total < 256 && index >= 1 && index <= total ? { index, total, reference } : undefined
}

/** One part read by its data_coding (SMPP 5.0 §4.7.7); binary in hex. */
export function textOf(part: Pick<Arrived, 'data' | 'data_coding' | 'headed' | 'total'>): string {
  const user = part.headed ? splitUserData(part.data) : undefined
  const data = user?.ok ? user.data : part.data
  const udh = user?.ok ? user.udh : undefined
  const buffer = () => Buffer.from(data.buffer, data.byteOffset, data.length)
  switch (part.data_coding) {
    case 1:
    case 3:
      return buffer().toString('latin1')
    case 2:
    case 4:
      return buffer().toString('hex')
    case 8:
      return decodeText('ucs2', data, udh, part.total > 1)
    default: {
      // 0 and, as in TS 23.038, the groups with a message class.
      const { alphabet } = part.data_coding >= 0x10 ? parseDcs(part.data_coding) : { alphabet: 'gsm7' as const }
      return alphabet === 'binary' ? buffer().toString('hex') : decodeText(alphabet, data, udh, part.total > 1)
    }
  }
}

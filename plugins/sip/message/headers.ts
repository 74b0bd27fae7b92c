// The headers that say what a SIP message cannot: X-SMS-UDH, X-SMS-CODING, X-SMS-VALIDITY, X-M-CLASS,
// X-REG-DELIVERY, X-SMSC-ID, X-DELIVERY_TIME as the RestComm guide has them, and our own
// X-SMS-Message-ID and X-SMS-Receipt; docs/sip-headers.md is the table. Read strictly: what cannot be
// meant is a 400 that says why, never a default.
import { type Message, type MessageClass, parseUdh, type Priority, type ReceiptWish, type Submission } from '../../../src/plugin.ts'
import type { Headers } from '../codec/types.ts'
import type { Dialect } from '../profile/types.ts'
import { cameBySip } from './notes.ts'
import { type Refusal, refusal } from './refusal.ts'
import { readDoubtfulTime, readTime, writeTime } from './times.ts'

export const names = {
  udh: 'X-SMS-UDH',
  coding: 'X-SMS-CODING',
  validity: 'X-SMS-VALIDITY',
  messageClass: 'X-M-CLASS',
  delivery: 'X-REG-DELIVERY',
  smsc: 'X-SMSC-ID',
  deliveryTime: 'X-DELIVERY_TIME',
  messageId: 'X-SMS-Message-ID',
  receipt: 'X-SMS-Receipt',
  hops: 'X-SMS-Hops',
} as const

/** 0 GSM 7-bit, 1 8-bit, 2 UCS-2: an index of character sets, no data_coding. */
export type Coding = 0 | 1 | 2

/** What the headers of a MESSAGE say. */
export interface Fields {
  /** Elements of the header, without its length octet. */
  udh?: Uint8Array
  coding?: Coding
  validUntil?: number
  messageClass?: MessageClass
  /** Absent: nothing is said of receipts. */
  receipt?: ReceiptWish
  progress?: boolean
  /** The sender's own name of the message. */
  ref?: string
  priority: Priority
  /** Through how many gateways it came. */
  hops?: number
  /** What a trunk tells of the way that it took to us: kept, and never passed on. */
  extras?: Record<string, string>
}

/** RFC 3261 §8.1.1.6 */
const mostForwards = '70'
/** The Max-Forwards of a message that came by SIP, where it was another. */
const forwardsExtra = 'sip.max-forwards'

/** RFC 7332: who takes a request and makes another of it hands on what is left. Undefined: it did not come by SIP. */
export function forwardsAfter({ report, extras }: Pick<Message, 'report' | 'extras'>): number | undefined {
  if (report === undefined || !cameBySip(report)) return undefined
  return Math.max(0, Math.min(Number(mostForwards), Number(extras?.[forwardsExtra] ?? mostForwards)) - 1)
}

/** TS 23.040 §9.2.3.16 */
const userDataOctets = 140
/** registered_delivery bits 1–0 (SMPP 5.0 §4.7.21), and bit 4: intermediate notifications. */
const wishes: readonly ReceiptWish[] = ['none', 'both', 'failure', 'success']
const intermediateBit = 0x10
/** RFC 3261 §20.26 */
const priorities: ReadonlyMap<string, Priority> = new Map([
  ['non-urgent', 0],
  ['normal', 1],
  ['urgent', 2],
  ['emergency', 3],
])
const longestRef = 128

export function readFields(headers: Headers, dialect: Dialect, now: number): Fields | Refusal {
  const twice = repeated(headers)
  if (twice !== undefined) return refusal(400, `${twice}: it is there twice, expected once`)
  const fields: Fields = { priority: 1 }
  const udh = headers.get(names.udh)
  if (udh !== undefined) {
    const octets = udhOf(udh)
    if (typeof octets === 'string') return refusal(400, `${names.udh}: ${octets}`)
    fields.udh = octets
  }
  const coding = headers.get(names.coding)
  if (coding !== undefined) {
    if (coding !== '0' && coding !== '1' && coding !== '2')
      return bad(names.coding, coding, 'expected 0 (GSM 7-bit), 1 (8-bit) or 2 (UCS-2)')
    fields.coding = Number(coding) as Coding
  }
  const messageClass = headers.get(names.messageClass)
  if (messageClass !== undefined) {
    if (!/^[0-3]$/.test(messageClass)) return bad(names.messageClass, messageClass, 'expected 0, 1, 2 or 3')
    fields.messageClass = Number(messageClass) as MessageClass
  }
  const delivery = headers.get(names.delivery)
  if (delivery !== undefined) {
    const bits = /^(?:\d{1,3}|0x[0-9a-f]{1,2})$/i.test(delivery) ? Number(delivery) : 256
    if (bits > 0xff) return bad(names.delivery, delivery, 'expected registered_delivery as a number up to 255')
    fields.receipt = wishes[bits & 0x03]!
    if ((bits & intermediateBit) !== 0 && fields.receipt !== 'none') fields.progress = true
  }
  const messageId = headers.get(names.messageId)
  if (messageId !== undefined) {
    if (messageId === '' || messageId.length > longestRef) return refusal(400, `${names.messageId}: expected 1 to ${longestRef} characters`)
    fields.ref = messageId
  }
  const hops = headers.get(names.hops)
  if (hops !== undefined) {
    if (!/^\d{1,3}$/.test(hops)) return bad(names.hops, hops, 'expected a number up to 999')
    fields.hops = Number(hops)
  }
  const priority = headers.get('priority')
  // RFC 3261 §20.26: others may be used, and mean nothing here.
  if (priority !== undefined) fields.priority = priorities.get(priority.toLowerCase()) ?? 1
  return readTimes(fields, headers, dialect, now) ?? fields
}

const ownNames: readonly string[] = Object.values(names)

/** What is said twice is not for us to choose from. */
export function repeated(headers: Headers, of = ownNames): string | undefined {
  return of.find((name) => headers.get(name) !== undefined && headers.all(name).length > 1)
}

function readTimes(fields: Fields, headers: Headers, dialect: Dialect, now: number): Refusal | undefined {
  const validity = headers.get(names.validity)
  if (validity !== undefined) {
    const until = dialect === 'restcomm' ? readDoubtfulTime(validity, now, 'future') : readTime(validity)
    if (until === undefined) return bad(names.validity, validity, 'expected a time such as 2026-11-21 14:05:09, in UTC')
    if (until <= now) return bad(names.validity, validity, 'it is over already')
    fields.validUntil = until
  } else {
    // RFC 3428 §7: from Date on, where there is one.
    const expires = headers.get('expires')
    if (expires !== undefined && expires !== '0') {
      // RFC 3261 §20.19: up to 2^32 - 1.
      if (!/^\d{1,10}$/.test(expires) || Number(expires) > 0xffff_ffff) return bad('Expires', expires, 'expected seconds')
      const date = Date.parse(headers.get('date') ?? '')
      const until = (Number.isNaN(date) ? now : Math.min(date, now)) + Number(expires) * 1000
      if (until <= now) return bad('Expires', expires, 'counted from Date, it is over already')
      fields.validUntil = until
    }
  }
  const received = headers.get(names.deliveryTime)
  if (received !== undefined) {
    const at = dialect === 'restcomm' ? readDoubtfulTime(received, now, 'past') : readTime(received)
    if (at === undefined) return bad(names.deliveryTime, received, 'expected a time such as 2026-11-21 14:05:09, in UTC')
    ;(fields.extras ??= {})['sip.x-delivery_time'] = new Date(at).toISOString()
  }
  const forwards = headers.get('max-forwards')
  if (forwards !== undefined && forwards !== mostForwards) (fields.extras ??= {})[forwardsExtra] = forwards
  const smsc = headers.get(names.smsc)
  if (smsc !== undefined) (fields.extras ??= {})['sip.x-smsc-id'] = smsc.slice(0, longestPassed)
  return undefined
}

function bad(name: string, value: string, expected: string): Refusal {
  return refusal(400, `${name}: ${value.slice(0, 40)}: ${expected}`)
}

/** Hex with the length octet in front: `06050413011301`. */
function udhOf(hex: string): Uint8Array | string {
  if (!/^[0-9a-f]*$/i.test(hex)) return 'expected hexadecimal digits'
  if (hex.length % 2 !== 0) return `${hex.length} digits: expected whole octets`
  const octets = Buffer.from(hex, 'hex')
  if (octets.length > userDataOctets) return `${octets.length} octets: expected up to ${userDataOctets}`
  if (octets.length === 0) return 'it is empty: expected the length octet and its elements'
  if (octets[0] !== octets.length - 1) return `the length octet says ${octets[0]}, ${octets.length - 1} octets follow`
  const udh = new Uint8Array(octets.subarray(1))
  const parsed = parseUdh(udh)
  return parsed.ok ? udh : parsed.why
}

/** X- headers beside our own that pass: named by the profile, as extras `sip.x-name`. */
const [mostPassed, longestPassed] = [16, 255]

export function readPassed(headers: Headers, allowed: readonly string[] | undefined): Record<string, string> | undefined {
  if (allowed === undefined || allowed.length === 0) return undefined
  let extras: Record<string, string> | undefined
  let count = 0
  for (const name of allowed) {
    const value = headers.get(name)
    if (value === undefined || value.length > longestPassed || ++count > mostPassed) continue
    ;(extras ??= {})[`sip.${name.toLowerCase()}`] = value
  }
  return extras
}

export function writePassed(lines: string[], extras: Readonly<Record<string, string>>, allowed: readonly string[] | undefined): void {
  for (const name of allowed ?? []) {
    const value = extras[`sip.${name.toLowerCase()}`]
    if (value !== undefined) lines.push(name, cleaned(value))
  }
}

/** No value of a message may end the line that it stands in. */
export function cleaned(value: string): string {
  return value.replaceAll(/\p{Cc}+/gu, ' ').trim()
}

export interface Written {
  coding: Coding
  udh?: Uint8Array | undefined
  messageClass?: MessageClass | undefined
  receipt: ReceiptWish
  progress?: boolean | undefined
  validUntil?: number | undefined
  /** Name of the bind by which it came, where it came by another protocol and its name may be told. */
  smsc?: string | undefined
  acceptedAt: number
  id: string
  hops: number | undefined
}

/** Pushes names and values. The receipt's wish goes only to whom receipts are asked of. */
export function writeFields(lines: string[], fields: Written): void {
  const { udh } = fields
  if (udh) lines.push(names.udh, udhHex(udh))
  lines.push(names.coding, String(fields.coding))
  if (fields.messageClass !== undefined) lines.push(names.messageClass, String(fields.messageClass))
  if (fields.receipt !== 'none') lines.push(names.delivery, String(registeredDelivery(fields.receipt, fields.progress)))
  if (fields.validUntil !== undefined) lines.push(names.validity, writeTime(fields.validUntil))
  if (fields.smsc !== undefined) lines.push(names.smsc, cleaned(fields.smsc))
  lines.push(names.deliveryTime, writeTime(fields.acceptedAt), names.messageId, fields.id, names.hops, String((fields.hops ?? 0) + 1))
}

/** Upper case, with the length octet. */
function udhHex(udh: Uint8Array): string {
  return Buffer.from([udh.length, ...udh])
    .toString('hex')
    .toUpperCase()
}

function registeredDelivery(receipt: ReceiptWish, progress: boolean | undefined): number {
  return wishes.indexOf(receipt) | (progress === true ? intermediateBit : 0)
}

/** What the fields say of a submission, its body apart. */
export function applyFields(submission: Submission, fields: Fields): void {
  submission.priority = fields.priority
  if (fields.validUntil !== undefined) submission.validUntil = fields.validUntil
  if (fields.ref !== undefined) submission.ref = fields.ref
  if (fields.receipt !== undefined) submission.receipt = fields.receipt
  if (fields.progress !== undefined) submission.progress = fields.progress
  if (fields.hops !== undefined) submission.hops = fields.hops
  if (fields.extras !== undefined) submission.extras = fields.extras
}

// How receipts to one client are written: what its bind's settings say, made ready once for many receipts.
import { z } from 'zod'
import { absoluteTime } from './time.ts'

const zonePattern = /^[+-](?:0\d|1[0-4]):(?:00|15|30|45)$/
export const idForms = ['hex', 'HEX', 'decimal', 'uuid'] as const
export type IdForm = (typeof idForms)[number]

export const receiptSettings = z.strictObject({
  form: z
    .enum(['both', 'text', 'tlv'])
    .default('both')
    .describe('Receipts as text, as TLVs, or both. A 3.3 client always gets text, as it knows no TLVs.'),
  ids: z
    .enum(idForms)
    .default('hex')
    .describe('How message_id is written in responses and receipts: 32 hex digits in lower or upper case, decimal, or as a UUID.'),
  textIds: z
    .enum(['same', ...idForms])
    .default('same')
    .describe("The id in the receipt's text, where the client expects another form there than in the response."),
  zone: z
    .string()
    .refine(isZone, { message: 'expected UTC, an offset such as +02:00, or a zone such as Europe/Berlin' })
    .default('UTC')
    .describe("Zone of the text's dates: UTC, a fixed offset (+02:00), or a zone by name (Europe/Berlin)."),
  seconds: z.boolean().default(false).describe('Dates as YYMMDDhhmmss instead of YYMMDDhhmm.'),
  err: z
    .enum(['decimal', 'hex', 'raw'])
    .default('decimal')
    .describe("err of the text: three decimal digits, three hex digits, or as the carrier sent it. The gateway's own codes begin at 901."),
  text: z.enum(['first20', 'empty']).default('first20').describe("text of the receipt: the message's first 20 characters, or nothing."),
  counts: z
    .enum(['segments', 'one'])
    .default('segments')
    .describe('sub and dlvrd: how many segments the message has and how many were delivered, or 001 of 001.'),
})
export type ReceiptSettings = z.infer<typeof receiptSettings>

/** Settings and the session's version, compiled. */
export interface ReceiptForm extends Omit<ReceiptSettings, 'zone' | 'seconds' | 'textIds'> {
  textIds: IdForm
  /** interface_version of the session: 0x33, 0x34, 0x50. */
  version: number
  /** The text's dates, in the client's zone. Apart, since each is nearly always the one of the receipt before. */
  submitDate(at: number): string
  doneDate(at: number): string
}

export function receiptForm(settings: ReceiptSettings, version: number): ReceiptForm {
  const { zone, seconds, textIds, ...rest } = settings
  const offset = offsetOf(zone)
  return {
    ...rest,
    textIds: textIds === 'same' ? rest.ids : textIds,
    version,
    submitDate: dateOf(offset, seconds),
    doneDate: dateOf(offset, seconds),
  }
}

/** YYMMDDhhmm, with ss where wanted. */
function dateOf(offset: (at: number) => number, seconds: boolean): (at: number) => string {
  const unitMs = seconds ? 1000 : 60_000
  const digits = seconds ? 12 : 10
  let known = Number.NaN
  let text = ''
  return (at) => {
    const unit = Math.floor(at / unitMs)
    if (unit !== known) {
      text = absoluteTime(at + offset(at)).slice(0, digits)
      known = unit
    }
    return text
  }
}

function isZone(zone: string): boolean {
  if (zone === 'UTC' || zonePattern.test(zone)) return true
  // An offset in a form that the runtime would take but nobody should have to guess at.
  if (/^[+-]/.test(zone)) return false
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** Zones change their offset at quarters of an hour only. */
const quarterMs = 900_000

function offsetOf(zone: string): (at: number) => number {
  if (zone === 'UTC') return () => 0
  if (zonePattern.test(zone)) {
    const fixed = clockMs(zone)
    return () => fixed
  }
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' })
  let known = Number.NaN
  let offset = 0
  return (at) => {
    const quarter = Math.floor(at / quarterMs)
    if (quarter !== known) {
      // `GMT+05:30`; `GMT` alone is none.
      const name = format.formatToParts(quarter * quarterMs).find((part) => part.type === 'timeZoneName')?.value ?? 'GMT'
      offset = name === 'GMT' ? 0 : clockMs(name.slice(3))
      known = quarter
    }
    return offset
  }
}

/** `+05:30` */
function clockMs(text: string): number {
  const minutes = Number(text.slice(1, 3)) * 60 + Number(text.slice(4, 6))
  return (text[0] === '-' ? -minutes : minutes) * 60_000
}

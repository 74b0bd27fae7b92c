// How a carrier behaves, as data: every option is off or harmless by default and may be combined with
// any other. What the data means for one message is decided in fate.ts, by seed.
import { z } from 'zod'
import { statuses } from '../smpp/codec/index.ts'

/** message_state (SMPP 5.0 §4.7.15) by the word that stands in a receipt's text (SMPP 3.4 appendix B). */
export const states = {
  SCHEDULED: 0,
  ENROUTE: 1,
  DELIVRD: 2,
  EXPIRED: 3,
  DELETED: 4,
  UNDELIV: 5,
  ACCEPTD: 6,
  UNKNOWN: 7,
  REJECTD: 8,
  SKIPPED: 9,
} as const
export type StateName = keyof typeof states

const names = <T extends string>(of: Record<T, unknown>): [T, ...T[]] => Object.keys(of) as [T, ...T[]]
const share = z.number().min(0).max(1).default(0).describe('0 never … 1 always')
const delay = z
  .union([
    z.number().min(0).describe('always so many ms'),
    z.strictObject({ minMs: z.number().min(0), maxMs: z.number().min(0) }).describe('evenly between'),
    z
      .strictObject({ medianMs: z.number().min(0), spread: z.number().min(0).max(3), maxMs: z.number().min(0) })
      .describe('log-normal: half below the median, a long tail up to maxMs'),
  ])
  .default(0)
export type Delay = z.infer<typeof delay>

const destination = z
  .string()
  .regex(/^\*?\+?\d{0,15}\*?$/)
  .describe('digits, with * at the end for a prefix or at the start for an ending; * alone is everybody')
const idForm = z.enum(['decimal', 'hex', 'HEX', 'uuid', 'padded']).default('decimal')
export type IdForm = z.infer<typeof idForm>

export const personality = z
  .strictObject({
    refuseBinds: z
      .strictObject({ share, status: z.enum(names(statuses)).default('ESME_RBINDFAIL') })
      .prefault({})
      .describe('binds with the right password that are refused all the same'),
    responseDelay: delay.describe('until submit_sm_resp'),
    throttle: z
      .strictObject({
        minPerSecond: z.number().positive(),
        maxPerSecond: z.number().positive(),
        changeEveryMs: z.number().int().min(10).default(5000),
      })
      .optional()
      .describe('segments a second; the rate is drawn anew every changeEveryMs, and what is above gets ESME_RTHROTTLED'),
    reject: z
      .array(z.strictObject({ destination, status: z.enum(names(statuses)), share: share.default(1) }))
      .default([])
      .describe('submits refused by destination; the first row that fits holds'),
    fail: z
      .array(
        z.strictObject({ destination, state: z.enum(names(states)), error: z.string().max(3).default('001'), share: share.default(1) }),
      )
      .default([])
      .describe('receipts that tell of a failure, by destination; the first row that fits holds'),
    ids: z
      .strictObject({
        response: idForm,
        receipt: idForm,
        beyond53Bits: z.boolean().default(false).describe('ids above 2^53'),
      })
      .prefault({})
      .describe('how message_id is written in submit_sm_resp and in the receipt'),
    receipts: z
      .strictObject({
        delay: delay.describe('after the response'),
        form: z.enum(['text', 'tlv', 'both']).default('both'),
        text: z.enum(['full', 'bare']).default('full').describe('bare: only id, stat and err'),
        early: share.describe('sent before their submit_sm_resp'),
        missing: share,
        duplicated: share,
        late: share.describe('come lateMs later than the others'),
        lateMs: z.number().min(0).default(5000),
        shuffledMs: z.number().min(0).default(0).describe('up to so much is added at random, so that they overtake each other'),
        intermediate: z.boolean().default(false).describe('ACCEPTD and ENROUTE come first'),
        done: z
          .enum(['honest', 'frozen', 'before', 'none'])
          .default('honest')
          .describe('done date: when it was done, one and the same for all, a minute before the submit, or none'),
        seconds: z.boolean().default(false).describe('dates have seconds'),
      })
      .prefault({}),
    faults: z
      .strictObject({
        disconnect: share.describe('of submits upon which the socket is cut, half of them taken first'),
        disconnectEvery: z.number().int().min(0).default(0).describe('the socket is cut upon every nth submit of a session; 0 = never'),
        halfOpen: share.describe('of submits after which the session says nothing more, its socket staying open'),
        halfOpenEvery: z.number().int().min(0).default(0).describe('likewise upon every nth submit of a session; 0 = never'),
        garbage: share.describe('of submits after which a malformed PDU is sent'),
      })
      .prefault({}),
    answers: z
      .strictObject({ share, delay, text: z.string().default('{text}').describe('{text} is what came') })
      .prefault({})
      .describe('handsets that answer by themselves'),
    window: z.number().int().min(1).max(10_000).default(100).describe('deliver_sm awaiting their response, per session'),
    deliverTimeoutMs: z.number().int().min(100).default(10_000).describe('without deliver_sm_resp, it is sent again'),
    enquireMs: z.number().int().min(0).default(30_000).describe('enquire_link from us after so much silence; 0 = never'),
  })
  .describe('How a simulated carrier behaves')

export type Personality = z.infer<typeof personality>
export type PersonalityOptions = z.input<typeof personality>

/** Whether a destination (digits, with or without +) is meant by a pattern. */
export function matchesDestination(pattern: string, to: string): boolean {
  const digits = to.startsWith('+') ? to.slice(1) : to
  const wanted = pattern.replace('+', '')
  if (wanted === '*') return true
  if (wanted.startsWith('*')) return digits.endsWith(wanted.slice(1).replace(/\*$/, ''))
  if (wanted.endsWith('*')) return digits.startsWith(wanted.slice(0, -1))
  return digits === wanted
}

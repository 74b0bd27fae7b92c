// What the admin API says of a bind's receipts: how they name messages, which wait for theirs, how far
// they can be believed; and the routes to it.
import { z } from 'zod'
import type { BindReceipts } from '../../admin/admin.ts'
import type { SegmentProgress } from '../../model/life.ts'
import { receiptStates as states } from '../../model/receipt.ts'
import { refForms as forms } from '../../model/ref.ts'
import type { ParkedReceipt } from '../../store/store.ts'
import { given } from './configuration.ts'
import { endpoint, type Endpoint } from './endpoint.ts'
import { bindMeant, time, iso, bindId, whose } from './words.ts'

/** One segment of a message: a message's own state is made of these. */
export const segment = z.strictObject({
  state: z.enum(['unsent', 'sent', ...states]),
  final: z.boolean().optional().describe('No other state follows'),
  ref: z.string().optional().describe("The carrier's id"),
  bind: z.string().optional(),
  at: time.optional().describe('When it came into its state'),
  error: z.string().optional().describe("The carrier's error code"),
})

export function segmentAnswer(of: SegmentProgress): z.input<typeof segment> {
  const { state, final, at, ref, bind, error } = of
  return {
    state,
    ...(final === undefined ? {} : { final }),
    ...(ref === undefined ? {} : { ref }),
    ...(bind === undefined ? {} : { bind }),
    ...(at === undefined ? {} : { at: iso(at) }),
    ...(error === undefined ? {} : { error }),
  }
}

export const bindReceipts = z.strictObject({
  refForms: z.partialRecord(z.enum(forms), z.int()).describe('How receipts name messages: times seen'),
  refForm: z
    .strictObject({ form: z.enum(forms), seen: z.int(), of: z.int(), share: z.number(), sure: z.boolean() })
    .optional()
    .describe('The form seen most; sure: 20 times and 9 of 10, so that it decides where an id could mean two messages'),
  parked: z.int().describe('Receipts for ids that nothing was sent under, kept for three days'),
  oldestParkedAt: time.optional(),
  truth: z
    .strictObject({
      score: z.int().min(0).max(100).optional().describe('0 made up … 100 as handsets behave; absent below 50 receipts'),
      receipts: z.int().describe('The newest so many were looked at'),
      since: time,
      reasons: z.array(z.strictObject({ what: z.string(), costs: z.int(), words: z.string() })).describe('What costs most first'),
    })
    .optional(),
})
export type BindReceiptsAnswer = z.input<typeof bindReceipts>

export function bindReceiptsAnswer({ refForms, refForm, parked, oldestParkedAt, truth }: BindReceipts): BindReceiptsAnswer {
  return {
    refForms,
    ...(refForm ? { refForm: { ...refForm, share: Math.round((refForm.seen / refForm.of) * 1000) / 1000 } } : {}),
    parked,
    ...(oldestParkedAt === undefined ? {} : { oldestParkedAt: iso(oldestParkedAt) }),
    ...(truth ? { truth: { ...truth, since: iso(truth.since) } } : {}),
  }
}

const parkedReceipt = z.strictObject({
  ref: z.string().describe('As the carrier wrote it'),
  state: z.enum(states),
  final: z.boolean(),
  at: time.describe('When it came'),
  doneAt: time.optional().describe("By the carrier's clock, taken as UTC"),
  error: z.string().optional(),
})
export type ParkedAnswer = z.input<typeof parkedReceipt>

function parkedAnswer({ at, receipt: { ref, state, final, doneAt, error } }: ParkedReceipt): ParkedAnswer {
  return {
    ref,
    state,
    final,
    at: iso(at),
    ...(doneAt === undefined ? {} : { doneAt: iso(doneAt) }),
    ...(error === undefined ? {} : { error }),
  }
}

export const receiptEndpoints: Endpoint[] = [
  endpoint({
    verb: 'get',
    path: '/binds/{id}/receipts',
    id: 'getBindReceipts',
    tag: 'receipts',
    summary: "What the bind's receipts tell: the form of their ids, how many wait for their message, how far they can be believed",
    params: bindId,
    query: z.strictObject({ account: whose }),
    answer: bindReceipts,
    run: async ({ admin, caller, params: { id }, query }) =>
      bindReceiptsAnswer(await admin.receipts.of(caller, bindMeant(query.account, caller, id))),
  }),
  endpoint({
    verb: 'get',
    path: '/binds/{id}/receipts/parked',
    id: 'listParkedReceipts',
    tag: 'receipts',
    summary: 'Receipts for ids that nothing was sent under, oldest first',
    params: bindId,
    query: z.strictObject({
      account: whose,
      limit: z.coerce.number().int().min(1).max(1000).default(50),
      cursor: z
        .string()
        .regex(/^\d{1,15}$/, 'expected `next` of the page before')
        .optional(),
    }),
    answer: z.strictObject({ receipts: z.array(parkedReceipt), next: z.string().optional() }),
    run: async ({ admin, caller, params: { id }, query }) => {
      const { account: of, limit, cursor } = given(query)
      const page = await admin.receipts.parked(caller, bindMeant(of, caller, id), limit, cursor)
      return { receipts: page.receipts.map(parkedAnswer), ...(page.next === undefined ? {} : { next: page.next }) }
    },
  }),
]

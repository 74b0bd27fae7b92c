// What may be written of an account, bind, route and number, by a document and by the API alike.
// docs/configuration.md describes each field; the limits are here.
import { z } from 'zod'
import { defaultPolicy } from '../model/policy.ts'
import type { BindPolicy } from '../model/bind.ts'
import { dayNames, isZone } from '../routing/window.ts'

const daySeconds = 86_400
const whole = (min: number, max: number): z.ZodNumber => z.int().min(min).max(max)
const name = z.string().max(64)

/** Ids are file-name safe and stand in `<account>/<id>`. */
export const localId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'expected 1–63 letters, digits, dots, dashes or underscores')
export const accountId = z.string().regex(/^AC[0-9a-f]{32}$/, 'expected AC and 32 lowercase hex digits')

export const accountInput = z.strictObject({
  name: name.min(1).optional(),
  token: z
    .string()
    .regex(/^[0-9a-f]{32}$/, 'expected 32 lowercase hex digits')
    .optional()
    .meta({ secret: true }),
  status: z.enum(['active', 'suspended', 'closed']).optional(),
  inheritRoutes: z.boolean().optional(),
  weight: z.number().min(0.01).max(1000).optional(),
  concurrency: whole(0, 100_000).optional(),
  cdrUrl: z.union([z.literal(''), z.url({ protocol: /^https?$/, error: 'expected an http or https URL, or nothing' })]).optional(),
  privateWebhooks: z.boolean().optional(),
})

/** All fields; a bind's own are put over the defaults. */
export const policy: z.ZodType<BindPolicy> = z
  .strictObject({
    sessions: whole(1, 100),
    window: whole(1, 10_000),
    segmentsPerSecond: z.number().min(0).max(100_000),
    attempts: whole(1, 1000),
    retryFirstMs: whole(0, daySeconds * 1000),
    retryMultiplier: z.number().min(1).max(100),
    retryCapMs: whole(0, 7 * daySeconds * 1000),
    downLimitMs: whole(0, 7 * daySeconds * 1000),
    unknown: z.enum(['resend', 'hold', 'fail']),
    validitySeconds: whole(1, 30 * daySeconds),
    maxValiditySeconds: whole(1, 30 * daySeconds),
    receiptTimeoutSeconds: whole(0, 30 * daySeconds),
    concatenation: z.enum(['udh8', 'udh16', 'sar', 'payload']),
    destinationRewrites: z.record(
      z.string().regex(/^\+?\d{1,15}$/, 'expected a prefix of digits such as 001'),
      z.string().regex(/^\+?\d{0,15}$/, 'expected digits such as +1'),
    ),
    // TS 23.038 §6.2.1.2.4: 1 Turkish … 13 Urdu.
    nationalTables: z.array(whole(1, 13)).max(13),
    partsTimeoutSeconds: whole(1, 7 * daySeconds),
    partsIncomplete: z.enum(['deliver', 'drop']),
  })
  .superRefine((value, context) => {
    if (value.validitySeconds > value.maxValiditySeconds) {
      context.addIssue({
        code: 'custom',
        path: ['validitySeconds'],
        message: `expected at most maxValiditySeconds (${value.maxValiditySeconds}), got ${value.validitySeconds}`,
      })
    }
    if (value.retryFirstMs > value.retryCapMs) {
      context.addIssue({
        code: 'custom',
        path: ['retryFirstMs'],
        message: `expected at most retryCapMs (${value.retryCapMs}), got ${value.retryFirstMs}`,
      })
    }
  })

export const policyFields = Object.keys(defaultPolicy)

export const bindInput = z.strictObject({
  name: name.optional(),
  connector: z.string(),
  side: z.enum(['supplier', 'client']).optional(),
  enabled: z.boolean().optional(),
  paused: z.boolean().optional(),
  policy: z.record(z.string(), z.unknown()).optional(),
  config: z.unknown().optional(),
})

const clock = 'expected HH:MM'
const time = z.strictObject({
  days: z.array(z.enum(dayNames)).max(7).optional(),
  from: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, clock),
  to: z.string().regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, `${clock}, or 24:00`),
  zone: z.string().max(64).refine(isZone, 'expected a time zone such as Europe/Berlin or UTC'),
})

export const routeInput = z.strictObject({
  name: name.optional(),
  enabled: z.boolean().optional(),
  prefix: z
    .string()
    .max(64)
    .regex(
      /^(\+?\d*|[a-z][a-z0-9+.-]*:\S*)$/,
      'expected a prefix such as +44, digits of a short code, a URI such as sip:, or nothing for the default route',
    ),
  sender: z.string().min(1).max(64).optional(),
  account: z.string().optional(),
  arrival: z.string().optional(),
  kind: z.enum(['text', 'binary', 'mms']).optional(),
  time: time.optional(),
  split: z.record(z.string(), z.number().min(0.001).max(1_000_000)).optional(),
  to: z.array(z.string()).max(100).optional(),
  failoverOnReceipt: z.boolean().optional(),
})

export const numberInput = z.strictObject({
  name: name.optional(),
  bind: z.string().optional(),
  settings: z.record(z.string(), z.string()).optional(),
})

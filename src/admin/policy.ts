// What may be written of a bind's policy, by a document and by the API alike. docs/configuration.md
// describes each field; the limits are here. A field that is left out, also in what was stored
// before it existed, is as in model/policy.ts.
import { z } from 'zod'
import type { AddressFilter, BindPolicy, Limits, PeerAction } from '../model/bind.ts'
import { defaultPolicy as defaults } from '../model/policy.ts'

const daySeconds = 86_400
export const whole = (min: number, max: number): z.ZodNumber => z.int().min(min).max(max)
const delayMs = whole(0, 7 * daySeconds * 1000)

/** The least that an address may be matched by; longer than any address. */
const pattern = z
  .string()
  .min(1)
  .max(64)
  .regex(/^\S(.*\S)?$/, 'expected a prefix such as +44, a name such as ACME, or a pattern such as +4477* or 7????')

const filter: z.ZodType<AddressFilter> = z.strictObject({
  allow: z.array(pattern).max(1000).default([]),
  deny: z.array(pattern).max(1000).default([]),
  // SMPP 5.0 §4.7.1, §4.7.2 in words.
  tons: z
    .array(z.enum(['unknown', 'international', 'national', 'network', 'subscriber', 'alphanumeric', 'abbreviated']))
    .max(7)
    .default([]),
  npis: z
    .array(z.enum(['unknown', 'e164', 'data', 'telex', 'landMobile', 'national', 'private', 'ermes', 'internet', 'wap']))
    .max(10)
    .default([]),
})

const most = whole(0, 1_000_000_000).default(0)
const limits: z.ZodType<Limits> = z.strictObject({ perSecond: most, perMinute: most, perHour: most, perDay: most })

const action = z.strictObject({
  as: z.enum(['temporary', 'throttled', 'permanent', 'unknown']).optional(),
  retryAfterMs: delayMs.optional(),
  attempts: whole(1, 1000).optional(),
  failover: z.boolean().optional(),
}) as z.ZodType<PeerAction>

/** A peer's code as its connector writes it, or `*` for all that are not named. */
const peerCode = z
  .string()
  .regex(/^(\*|[A-Za-z0-9_.:-]{1,64})$/, 'expected a code such as ESME_RSYSERR or 0x00000403, or * for every other')
/** Three characters in a receipt's text (SMPP 3.4 appendix B); other peers have longer ones. */
const errorCode = /^(\*|[A-Za-z0-9_.-]{1,16})$/

type Amount = { [F in keyof BindPolicy]: BindPolicy[F] extends number ? F : never }[keyof BindPolicy]

export const policy: z.ZodType<BindPolicy> = z
  .strictObject({
    sessions: whole(1, 100),
    window: whole(1, 10_000),
    segmentsPerSecond: z.number().min(0).max(100_000),
    adaptiveRate: z.boolean().default(defaults.adaptiveRate),
    attempts: whole(1, 1000),
    retryFirstMs: whole(0, daySeconds * 1000),
    retrySecondMs: delayMs.default(defaults.retrySecondMs),
    retryMultiplier: z.number().min(1).max(100),
    retryCapMs: delayMs,
    busyFirstMs: whole(0, daySeconds * 1000).default(defaults.busyFirstMs),
    busySecondMs: delayMs.default(defaults.busySecondMs),
    busyMultiplier: z.number().min(1).max(100).default(defaults.busyMultiplier),
    busyCapMs: delayMs.default(defaults.busyCapMs),
    actions: z.record(peerCode, action).default(defaults.actions),
    downLimitMs: delayMs,
    relayLimitMs: delayMs.default(defaults.relayLimitMs),
    unknown: z.enum(['resend', 'hold', 'fail']),
    query: z.boolean().default(defaults.query),
    mode: z.enum(['store', 'datagram', 'transaction']).default(defaults.mode),
    modeLimitMs: whole(100, 600_000).default(defaults.modeLimitMs),
    validitySeconds: whole(1, 30 * daySeconds),
    maxValiditySeconds: whole(1, 30 * daySeconds),
    aboveMaxValidity: z.enum(['cap', 'refuse']).default(defaults.aboveMaxValidity),
    receiptTimeoutSeconds: whole(0, 30 * daySeconds),
    shortestText: whole(0, 100_000).default(defaults.shortestText),
    longestText: whole(0, 100_000).default(defaults.longestText),
    sources: filter.default(defaults.sources),
    destinations: filter.default(defaults.destinations),
    messages: limits.default(defaults.messages),
    segments: limits.default(defaults.segments),
    mostQueued: whole(0, 100_000_000).default(defaults.mostQueued),
    reports: z.enum(['none', 'failure', 'success', 'all', 'intermediate']).default(defaults.reports),
    errorCodes: z
      .record(
        z.string().regex(errorCode, 'expected an error code such as 001, or * for every other'),
        z.string().regex(/^[A-Za-z0-9_.-]{1,16}$/, 'expected an error code such as 002'),
      )
      .default(defaults.errorCodes),
    trunk: z
      .string()
      .regex(/^([A-Za-z0-9][A-Za-z0-9._-]{0,62})?$/, 'expected 1–63 letters, digits, dots, dashes or underscores, or nothing')
      .default(defaults.trunk),
    trunkWeight: z.number().min(0.001).max(1_000_000).default(defaults.trunkWeight),
    restAbove: whole(0, 100_000_000).default(defaults.restAbove),
    restUntil: whole(0, 100_000_000).default(defaults.restUntil),
    peer: z.string().max(63).default(defaults.peer),
    transit: z.boolean().default(defaults.transit),
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
    const atMost = (field: Amount, limit: Amount): void => {
      if (value[field] <= value[limit]) return
      context.addIssue({ code: 'custom', path: [field], message: `expected at most ${limit} (${value[limit]}), got ${value[field]}` })
    }
    atMost('validitySeconds', 'maxValiditySeconds')
    atMost('retryFirstMs', 'retryCapMs')
    atMost('retrySecondMs', 'retryCapMs')
    atMost('busyFirstMs', 'busyCapMs')
    atMost('busySecondMs', 'busyCapMs')
    if (value.longestText > 0) atMost('shortestText', 'longestText')
    atMost('restUntil', 'restAbove')
  })

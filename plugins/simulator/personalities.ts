// The named personalities: each is options over the ordinary carrier, and one line that says what it does.
import { personality, type Personality, type PersonalityOptions } from './personality.ts'

export interface Preset {
  what: string
  options: PersonalityOptions
}

/** Destinations that fail alike at most presets, so that people can ask for an outcome by number, whatever the carrier. */
const byDestination: PersonalityOptions = {
  reject: [
    { destination: '*0011', status: 'ESME_RINVDSTADR' },
    { destination: '*0012', status: 'ESME_RMSGQFUL' },
    { destination: '*0013', status: 'ESME_RSYSERR' },
    { destination: '*0014', status: 'ESME_RX_P_APPN' },
  ],
  fail: [
    { destination: '*0021', state: 'UNDELIV', error: '001' },
    { destination: '*0022', state: 'EXPIRED', error: '027' },
    { destination: '*0023', state: 'REJECTD', error: '088' },
    { destination: '*0024', state: 'DELETED', error: '000' },
    { destination: '*0025', state: 'UNKNOWN', error: '255' },
  ],
}

export const presets = {
  normal: {
    what: 'answers at once, receipt after 50–300 ms, nothing fails',
    options: { receipts: { delay: { minMs: 50, maxMs: 300 } } },
  },
  byDestination: {
    what: 'normal, but destinations ending 0011–0014 are refused and those ending 0021–0025 fail; so do most presets below',
    options: { ...byDestination, receipts: { delay: { minMs: 50, maxMs: 300 } } },
  },
  sink: {
    what: 'answers at once, receipt after 20 ms by text alone, window 1,000: for benchmarks',
    options: { receipts: { delay: 20, form: 'text' }, window: 1000 },
  },
  slow: {
    what: 'answers after 200 ms in the median with a tail to 5 s, receipts after 2–10 s',
    options: {
      ...byDestination,
      responseDelay: { medianMs: 200, spread: 0.8, maxMs: 5000 },
      receipts: { delay: { minMs: 2000, maxMs: 10_000 } },
    },
  },
  throttling: {
    what: 'takes 5–50 segments a second, drawn anew every 3 s, and throttles the rest',
    options: {
      ...byDestination,
      throttle: { minPerSecond: 5, maxPerSecond: 50, changeEveryMs: 3000 },
      receipts: { delay: { minMs: 50, maxMs: 300 } },
    },
  },
  rejecting: {
    what: 'refuses every submit with ESME_RSUBMITFAIL',
    options: { reject: [{ destination: '*', status: 'ESME_RSUBMITFAIL' }] },
  },
  failing: {
    what: 'takes everything, and every receipt says UNDELIV',
    options: { fail: [{ destination: '*', state: 'UNDELIV' }], receipts: { delay: { minMs: 50, maxMs: 300 } } },
  },
  hexIds: {
    what: 'ids in lower-case hex in the response, decimal in the receipt',
    options: { ...byDestination, ids: { response: 'hex', receipt: 'decimal' }, receipts: { delay: { minMs: 50, maxMs: 300 } } },
  },
  upperHex: {
    what: 'ids in lower-case hex in the response, upper-case in the receipt',
    options: { ...byDestination, ids: { response: 'hex', receipt: 'HEX' }, receipts: { delay: 50 } },
  },
  uuid: {
    what: 'ids are UUIDs',
    options: { ...byDestination, ids: { response: 'uuid', receipt: 'uuid' }, receipts: { delay: 50 } },
  },
  padded: {
    what: 'ids padded with zeros in the response, without them in the receipt',
    options: { ...byDestination, ids: { response: 'padded', receipt: 'decimal' }, receipts: { delay: 50 } },
  },
  longIds: {
    what: 'ids above 2^53, upper-case hex in the response and decimal in the receipt',
    options: { ...byDestination, ids: { response: 'HEX', receipt: 'decimal', beyond53Bits: true }, receipts: { delay: 50 } },
  },
  decimalToHex: {
    what: 'ids decimal in the response and hex in the receipt',
    options: { ...byDestination, ids: { response: 'decimal', receipt: 'hex' }, receipts: { delay: 50 } },
  },
  early: {
    what: 'the receipt overtakes the submit_sm_resp',
    options: { ...byDestination, responseDelay: 100, receipts: { early: 1 } },
  },
  late: {
    what: 'half of the receipts come a minute late',
    options: { ...byDestination, receipts: { delay: 100, late: 0.5, lateMs: 60_000 } },
  },
  forgetful: {
    what: 'a third of the receipts is missing, a third of the others comes twice',
    options: { ...byDestination, receipts: { delay: 50, missing: 0.33, duplicated: 0.33 } },
  },
  disorderly: {
    what: 'intermediate states first, all receipts shuffled within a second',
    options: { ...byDestination, receipts: { delay: 50, shuffledMs: 1000, intermediate: true } },
  },
  textOnly: {
    what: 'receipts say id, stat and err as text, without TLVs',
    options: { ...byDestination, receipts: { delay: 50, form: 'text', text: 'bare' } },
  },
  tlvOnly: {
    what: 'receipts are TLVs only, with an empty text',
    options: { ...byDestination, receipts: { delay: 50, form: 'tlv' } },
  },
  liar: {
    what: 'makes its receipts up: all delivered, at once, before the submit by their dates',
    options: { receipts: { delay: { minMs: 2, maxMs: 10 }, done: 'before', seconds: true } },
  },
  honest: {
    what: 'receipts after 1.5 s in the median with a tail, and 4 of 100 handsets that are off',
    options: {
      ...byDestination,
      fail: [...(byDestination.fail ?? []), { destination: '*', state: 'UNDELIV', error: '027', share: 0.04 }],
      receipts: { delay: { medianMs: 1500, spread: 0.7, maxMs: 15_000 }, seconds: true },
    },
  },
  halfOpen: {
    what: 'falls silent after every 50th submit of a session, its socket staying open',
    options: { ...byDestination, faults: { halfOpenEvery: 50 }, receipts: { delay: 50 } },
  },
  dropping: {
    what: 'cuts the socket upon 1 of 100 submits, half of them taken first',
    options: { ...byDestination, faults: { disconnect: 0.01 }, receipts: { delay: 50 } },
  },
  garbled: {
    what: 'sends a malformed PDU after 1 of 20 submits',
    options: { ...byDestination, faults: { garbage: 0.05 }, receipts: { delay: 50 } },
  },
  refusing: {
    what: 'refuses every bind',
    options: { refuseBinds: { share: 1 } },
  },
  chatty: {
    what: 'every handset answers what it got',
    options: { ...byDestination, receipts: { delay: 100 }, answers: { share: 1, delay: 300, text: 'You said: {text}' } },
  },
  hostile: {
    what: 'some of everything: throttles, delays, drops, garbage, early, late, missing and doubled receipts',
    options: {
      ...byDestination,
      responseDelay: { minMs: 0, maxMs: 50 },
      throttle: { minPerSecond: 200, maxPerSecond: 5000, changeEveryMs: 1000 },
      ids: { response: 'HEX', receipt: 'decimal' },
      receipts: { delay: 50, early: 0.05, missing: 0.02, duplicated: 0.05, late: 0.05, lateMs: 2000, shuffledMs: 500, intermediate: true },
      faults: { disconnect: 0.002, garbage: 0.002, halfOpen: 0.0005 },
    },
  },
} satisfies Record<string, Preset>

export type PresetName = keyof typeof presets

export function isPreset(name: string): name is PresetName {
  return Object.hasOwn(presets, name)
}

/** A preset by name, options of one's own, or options laid over a preset, section by section. Neither: `normal`. */
export interface PersonalityChoice {
  preset?: string | undefined
  personality?: PersonalityOptions | undefined
}

/** Every option spelled out. Throws an Error that says what was wrong and what would be right. */
export function resolvePersonality({ preset, personality: own }: PersonalityChoice): Personality {
  preset ??= own === undefined ? 'normal' : undefined
  if (preset !== undefined && !isPreset(preset)) {
    throw new Error(`preset: expected one of ${Object.keys(presets).join(', ')}, got ${JSON.stringify(preset)}`)
  }
  const base: Record<string, unknown> = preset === undefined ? {} : presets[preset].options
  const merged: Record<string, unknown> = { ...base }
  for (const [key, value] of Object.entries(own ?? {})) {
    const under = base[key]
    // A delay is one value in one of several shapes; the other objects are sections.
    merged[key] = key !== 'responseDelay' && isPlainObject(under) && isPlainObject(value) ? { ...under, ...value } : value
  }
  const result = personality.safeParse(merged)
  if (result.success) return result.data
  throw new Error(result.error.issues.map((issue) => `${['personality', ...issue.path].join('.')}: ${issue.message}`).join('; '))
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

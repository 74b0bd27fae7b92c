// What becomes of one submit, decided at once and by seed alone: the same seed, carrier and
// destination meet the same fate at the same turn, however other destinations are interleaved.
import { statuses } from '../smpp/codec/index.ts'
import { createDice, hash, type Dice } from './dice.ts'
import { matchesDestination, states, type Delay, type Personality, type StateName } from './personality.ts'

export type Fault = 'none' | 'cut-before' | 'cut-after' | 'half-open-before' | 'half-open-after' | 'garbage'

export interface PlannedReceipt {
  /** After the submit, in ms. */
  afterMs: number
  state: StateName
  error: string
  final: boolean
}

export interface Fate {
  /** 0 = taken. */
  status: number
  responseAfterMs: number
  fault: Fault
  receipts: PlannedReceipt[]
  /** The handset answers so long after the submit; undefined: it does not. */
  answerAfterMs: number | undefined
  /** What the handset shows in the end. */
  outcome: StateName
  /** 31 bits for whatever else is to be drawn about this message. */
  salt: number
}

/** What a carrier remembers so as to draw fates: which turn a destination is at. Memory is fixed. */
export interface Fates {
  next(personality: Personality, destination: string): Fate
  /** Whether this bind is refused. */
  refusesBind(personality: Personality): boolean
  /** The throttled rate so long after the start, in segments a second. */
  rateAt(personality: Personality, elapsedMs: number): number
}

/** Destinations that share one of these slots share their turns. A power of two. */
const turnSlots = 65_536

export function createFates(seed: number, carrier: string): Fates {
  const root = (seed ^ hash(carrier)) | 0
  const dice = createDice(root)
  const binds = createDice(root ^ 0x42_49_4e_44)
  const rates = createDice(root ^ 0x52_41_54_45)
  const turns = new Uint32Array(turnSlots)
  return {
    next(personality, destination) {
      const key = hash(destination)
      const turn = turns[key & (turnSlots - 1)]!++
      return draw(personality, destination, dice.set(key, turn))
    },
    refusesBind: (personality) => binds.share(personality.refuseBinds.share),
    rateAt(personality, elapsedMs) {
      const { throttle } = personality
      if (!throttle) return Number.POSITIVE_INFINITY
      const spell = Math.floor(elapsedMs / throttle.changeEveryMs)
      return throttle.minPerSecond + rates.set(spell).next() * (throttle.maxPerSecond - throttle.minPerSecond)
    },
  }
}

/** Numbers are drawn in a fixed order, whether they are used or not, so that one option changes no other choice. */
function draw(personality: Personality, to: string, dice: Dice): Fate {
  const salt = dice.bits()
  const responseAfterMs = delayMs(personality.responseDelay, dice)
  const fault = drawFault(personality, dice)
  const failDice = dice.next()
  const rejectDice = dice.next()
  const rejected = rowFor(personality.reject, to, rejectDice)
  const failed = rowFor(personality.fail, to, failDice)
  const outcome = failed?.state ?? 'DELIVRD'
  if (rejected) {
    const status = statuses[rejected.status]
    return { status, responseAfterMs, fault, receipts: noReceipts, answerAfterMs: undefined, outcome: 'REJECTD', salt }
  }
  const receipts = drawReceipts(personality, responseAfterMs, outcome, failed?.error ?? '000', dice)
  const answers = dice.share(personality.answers.share)
  const answerAfterMs = answers && outcome === 'DELIVRD' ? responseAfterMs + delayMs(personality.answers.delay, dice) : undefined
  return { status: 0, responseAfterMs, fault, receipts, answerAfterMs, outcome, salt }
}

const noReceipts: PlannedReceipt[] = []

function rowFor<R extends { destination: string; share: number }>(rows: readonly R[], to: string, thrown: number): R | undefined {
  for (const row of rows) if (thrown < row.share && matchesDestination(row.destination, to)) return row
  return undefined
}

function drawFault({ faults }: Personality, dice: Dice): Fault {
  const taken = dice.share(0.5)
  const cut = dice.share(faults.disconnect)
  const silent = dice.share(faults.halfOpen)
  const garbage = dice.share(faults.garbage)
  if (cut) return taken ? 'cut-after' : 'cut-before'
  if (silent) return taken ? 'half-open-after' : 'half-open-before'
  return garbage ? 'garbage' : 'none'
}

function drawReceipts(personality: Personality, responseAfterMs: number, outcome: StateName, error: string, dice: Dice): PlannedReceipt[] {
  const { receipts } = personality
  const wait = delayMs(receipts.delay, dice)
  const early = dice.share(receipts.early)
  const missing = dice.share(receipts.missing)
  const twice = dice.share(receipts.duplicated)
  const late = dice.share(receipts.late) ? receipts.lateMs : 0
  const shuffle = () => dice.next() * receipts.shuffledMs
  // Early: before the response, so at the submit itself, and the response a little after it.
  const due = early ? 0 : responseAfterMs + wait + late
  const planned: PlannedReceipt[] = []
  if (receipts.intermediate) {
    for (const state of ['ACCEPTD', 'ENROUTE'] as const) {
      planned.push({ afterMs: early ? 0 : responseAfterMs + wait / 2 + shuffle(), state, error: '000', final: false })
    }
  }
  if (missing) return planned
  const final = states[outcome] !== states.ENROUTE && states[outcome] !== states.SCHEDULED
  planned.push({ afterMs: due + shuffle(), state: outcome, error, final })
  if (twice) planned.push({ afterMs: due + 1 + shuffle(), state: outcome, error, final })
  return planned
}

/** Two numbers are drawn whatever the shape. */
function delayMs(delay: Delay, dice: Dice): number {
  const a = dice.next()
  const b = dice.next()
  if (typeof delay === 'number') return delay
  if ('minMs' in delay) return delay.minMs + a * Math.max(0, delay.maxMs - delay.minMs)
  // Box–Muller: a normal deviate of two even ones.
  const normal = Math.sqrt(-2 * Math.log(1 - a)) * Math.cos(2 * Math.PI * b)
  return Math.min(delay.maxMs, delay.medianMs * Math.exp(delay.spread * normal))
}

// How far a carrier's receipts can be believed: 0 (made up) to 100 (as networks and handsets behave),
// from sums over the newest receipts of one bind. The score is 100 less what each of these costs; a
// cost rises evenly from nothing at the share that honest carriers reach to all of it:
//
//   too fast      35   final within 300 ms of the submit: 10 % … 80 % of receipts
//   same instant  25   one done date for messages sent, or receipts come, minutes apart: 20 % … 70 %
//   impossible    30   done before submitted, or a day off our clock: 1 % … 20 %
//   all delivered 20   from 200 receipts on: 99 % … 100 %
//   same delay    20   standard deviation of the delays' logarithm: 0.3 … 0.1
//   round dates   15   done dates on full ten minutes, from 20 different dates on: 30 % … 80 %
//   no done date  10   10 % … 100 %
//
// Below 50 receipts nothing is said.

/** Sums over receipts with a final state. */
export interface Tally {
  receipts: number
  /** When the first of them came. */
  since: number
  delivered: number
  /** Those of messages whose time of sending is known. */
  timed: number
  fast: number
  logSum: number
  logSquares: number
  dated: number
  /** How often the done date was another than that of the receipt before. */
  dates: number
  roundDates: number
  sameInstant: number
  impossible: number
}

export type TruthReason = 'too-fast' | 'same-instant' | 'impossible-dates' | 'all-delivered' | 'same-delay' | 'round-dates' | 'no-done-date'

export interface TruthScore {
  /** Absent while there are too few receipts. */
  score?: number
  receipts: number
  /** When the first of the receipts came that the score is made of. */
  since: number
  /** What costs most first. */
  reasons: { what: TruthReason; costs: number; words: string }[]
}

const fewestReceipts = 50
/** No network pages a handset, hands it a message and hears back in less. */
export const fastMs = 300
/** Added to each delay, so that a few milliseconds of jitter do not look like spread. */
export const delayFloorMs = 100
const fewestForAll = 200
const fewestDates = 20

export function emptyTally(): Tally {
  return {
    receipts: 0,
    since: 0,
    delivered: 0,
    timed: 0,
    fast: 0,
    logSum: 0,
    logSquares: 0,
    dated: 0,
    dates: 0,
    roundDates: 0,
    sameInstant: 0,
    impossible: 0,
  }
}

export function truthScore(of: Tally): TruthScore {
  const { receipts, timed, dated } = of
  const result: TruthScore = { receipts, since: of.since, reasons: [] }
  if (receipts < fewestReceipts) return result
  let score = 100
  const charge = (what: TruthReason, weight: number, value: number, from: number, to: number, words: string): void => {
    const costs = Math.round(weight * Math.min(1, Math.max(0, (value - from) / (to - from))))
    if (costs === 0) return
    score -= costs
    result.reasons.push({ what, costs, words })
  }
  if (timed >= fewestReceipts) {
    const fast = of.fast / timed
    charge('too-fast', 35, fast, 0.1, 0.8, `${percent(fast)} came within ${fastMs} ms of the submit, faster than a handset is reached`)
    const same = of.sameInstant / receipts
    charge(
      'same-instant',
      25,
      same,
      0.2,
      0.7,
      `${percent(same)} share their done date with messages sent, or receipts come, at quite other times`,
    )
    const spread = Math.sqrt(Math.max(0, of.logSquares / timed - (of.logSum / timed) ** 2))
    const usual = Math.round(Math.exp(of.logSum / timed) - delayFloorMs)
    charge('same-delay', 20, -spread, -0.3, -0.1, `all came after nearly the same delay, about ${usual} ms`)
  }
  if (receipts >= fewestForAll) {
    const delivered = of.delivered / receipts
    const how = of.delivered === receipts ? 'all' : percent(delivered)
    charge('all-delivered', 20, delivered, 0.99, 1, `${how} of ${receipts} say delivered; some handsets are always off`)
  }
  const impossible = of.impossible / receipts
  charge(
    'impossible-dates',
    30,
    impossible,
    0.01,
    0.2,
    `${percent(impossible)} were done before they were submitted, or a day off our clock`,
  )
  if (of.dates >= fewestDates) {
    const round = of.roundDates / of.dates
    charge('round-dates', 15, round, 0.3, 0.8, `${percent(round)} of the done dates are full ten minutes`)
  }
  const undated = 1 - dated / receipts
  charge('no-done-date', 10, undated, 0.1, 1, `${percent(undated)} have no done date`)
  result.score = Math.max(0, score)
  result.reasons.sort((a, b) => b.costs - a.costs)
  return result
}

/** Never rounded up to all of them. */
function percent(share: number): string {
  return `${share < 1 ? Math.min(99, Math.round(share * 100)) : 100} %`
}

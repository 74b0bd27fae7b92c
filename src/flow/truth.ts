// What the receipts of each supplier bind look like, for its truth score: sums over the newest two to
// four thousand, some twenty numbers a bind, a few additions a receipt and nothing made anew.
import type { BindId } from '../model/message.ts'
import type { Receipt } from '../model/receipt.ts'
import { delayFloorMs, emptyTally, fastMs, truthScore, type Tally, type TruthScore } from './truth-score.ts'

export interface Book {
  /** One final receipt of a message that was all sent at `sentAt` (absent: some of it was not), come at `at`. */
  add(receipt: Receipt, sentAt: number | undefined, at: number): void
}

export interface Truth {
  of(bind: BindId): Book
  /** Undefined before the first receipt. */
  score(bind: BindId): TruthScore | undefined
  scores(): { bind: BindId; truth: TruthScore }[]
  /** Plain data, for createTruth of the next start. */
  snapshot(): TruthSnapshot
}

export type TruthSnapshot = Record<BindId, { current: Tally; before: Tally | null }>

/** The sums of so many receipts are put away, and those put away before are forgotten. */
const most = 2000
const dayMs = 86_400_000
const minuteMs = 60_000
/** One done date fits messages sent so far apart, as some handsets were off; and receipts that come so far apart, by its precision. */
const sentApartMs = 120_000
const [cameApartMs, cameApartPreciseMs] = [120_000, 5000]

export function createTruth(known: TruthSnapshot = {}): Truth {
  const books = new Map<BindId, ReturnType<typeof openBook>>()
  for (const [bind, { current, before }] of Object.entries(known))
    if (current.receipts > 0 || before) books.set(bind, openBook(current, before))

  function of(bind: BindId): ReturnType<typeof openBook> {
    let book = books.get(bind)
    if (!book) books.set(bind, (book = openBook(emptyTally(), null)))
    return book
  }

  return {
    of,
    score(bind) {
      const sums = books.get(bind)?.sums()
      return sums && sums.receipts > 0 ? truthScore(sums) : undefined
    },
    scores() {
      const all: { bind: BindId; truth: TruthScore }[] = []
      for (const [bind, book] of books) {
        const sums = book.sums()
        if (sums.receipts > 0) all.push({ bind, truth: truthScore(sums) })
      }
      return all
    },
    snapshot: () => Object.fromEntries([...books].map(([bind, book]) => [bind, book.snapshot()])),
  }
}

function openBook(current: Tally, before: Tally | null) {
  /** The done date of the newest receipt, and when the first message with this date was sent and its receipt came. */
  let runDoneAt = Number.NaN
  let runSentAt = Number.NaN
  let runCameAt = Number.NaN
  /** Done dates with seconds were seen. */
  let precise = false

  function dated(receipt: Receipt, doneAt: number, sentAt: number | undefined, at: number): void {
    current.dated++
    if (doneAt % minuteMs !== 0) precise = true
    const { submittedAt } = receipt
    // Without knowing the carrier's zone, only a day tells.
    if ((submittedAt !== undefined && doneAt < submittedAt) || doneAt > at + dayMs || (sentAt !== undefined && doneAt < sentAt - dayMs))
      current.impossible++
    if (doneAt !== runDoneAt) {
      runDoneAt = doneAt
      runSentAt = sentAt ?? Number.NaN
      runCameAt = at
      current.dates++
      if (doneAt % (10 * minuteMs) === 0) current.roundDates++
    } else if (at - runCameAt > (precise ? cameApartPreciseMs : cameApartMs)) current.sameInstant++
    else if (sentAt !== undefined && Math.abs(sentAt - runSentAt) > sentApartMs) current.sameInstant++
  }

  return {
    add(receipt: Receipt, sentAt: number | undefined, at: number): void {
      if (!receipt.final) return
      if (current.receipts === 0) current.since = at
      current.receipts++
      if (receipt.state === 'delivered') current.delivered++
      if (sentAt !== undefined) {
        const delayMs = at > sentAt ? at - sentAt : 0
        current.timed++
        if (delayMs < fastMs) current.fast++
        const log = Math.log(delayMs + delayFloorMs)
        current.logSum += log
        current.logSquares += log * log
      }
      if (receipt.doneAt !== undefined) dated(receipt, receipt.doneAt, sentAt, at)
      if (current.receipts < most) return
      before = current
      current = emptyTally()
    },
    sums(): Tally {
      if (!before) return current
      const sum = emptyTally()
      for (const name in sum) {
        const key = name as keyof Tally
        sum[key] = current[key] + before[key]
      }
      sum.since = before.since
      return sum
    },
    snapshot: () => ({ current, before }),
  }
}

// Receipts: matched to their segment, or parked until an attempt has their id.
import { isTerminal, type LifeEntry, type SegmentProgress } from '../../model/life.ts'
import { afterReceipt } from '../../model/transition.ts'
import type { BindId } from '../../model/message.ts'
import type { Receipt } from '../../model/receipt.ts'
import { refKeys } from '../../model/ref.ts'
import { StoreUnavailable, type ReceiptResult } from '../store.ts'
import { emptyOp, requeued, withHot, type Inner } from './inner.ts'
import type { Hot } from './records.ts'
import type { Known, Match } from './refs.ts'

/** Receipts kept while nothing can be written; more are refused, and the peer sends them again. */
const mostStuck = 100_000

const none: Known[] = []
/** Messages remembered as having their note; when these are full, one may get a second. */
const mostNoted = 10_000

/** What comes after the end: no change, but worth a line where it says otherwise. */
function contradicts(known: SegmentProgress, terminal: boolean, receipt: Receipt): boolean {
  if (!receipt.final) return false
  return known.final === true ? receipt.state !== known.state : terminal
}

export function createReceiving(inner: Inner, lastEarly: number): (bind: BindId, receipt: Receipt) => Promise<ReceiptResult> {
  const { names, refs, commit, steps, clock } = inner
  let last = lastEarly
  const noted = new Set<number>()

  /** Once a message: a carrier that goes on contradicting itself fills no disk. */
  function note(hot: Hot, segment: number, { state, error }: Receipt): void {
    if (noted.has(hot.order)) return
    if (noted.size === mostNoted) noted.clear()
    noted.add(hot.order)
    const code = error === undefined ? '' : `, error ${error}`
    const entry: LifeEntry = {
      at: clock.now(),
      what: 'note',
      text: `a receipt came after the end and changed nothing: segment ${segment + 1} ${state}${code}`,
    }
    commit.add({ ...emptyOp(hot.order), entries: [entry] }, { done: () => (hot.file = inner.file()) })
  }

  function park(bind: number, receipt: Receipt): Promise<ReceiptResult> {
    const early = { id: ++last, bind, receipt, at: clock.now() }
    const lost = refs.park(early)
    if (lost) commit.add({ ...emptyOp(0), early: [lost.id] }, { counts: [lost.bind, 'parkedLost'] })
    return new Promise((resolve) => {
      commit.add(
        { kind: 'early', id: early.id, bind, receipt: JSON.stringify(receipt), at: early.at },
        { counts: [bind, 'parked'], done: () => resolve({ as: 'parked' }) },
      )
    })
  }

  function applyTo(hot: Hot | undefined, bind: BindId, number: number, match: Match, receipt: Receipt): Promise<ReceiptResult> {
    const known = hot?.life.segments[match.segment]
    const news = { bind, segment: match.segment, form: match.form, receipt }
    const step = hot && known?.ref === match.raw ? afterReceipt(hot.message, hot.decision, hot.life, clock.now(), news) : undefined
    if (!hot || !step) {
      commit.count(number, 'duplicates')
      if (hot && known?.ref === match.raw && known.bind === bind && contradicts(known, isTerminal(hot.life.state), receipt))
        note(hot, match.segment, receipt)
      return Promise.resolve({ as: 'duplicate' })
    }
    refs.seen(number, match.form)
    return new Promise((resolve) => {
      steps.write(hot, [step], { form: [number, match.form] }, (op) => {
        requeued(inner, op)
        const result: ReceiptResult = { as: 'matched', message: hot.message.id, form: match.form, state: step.life.state }
        if (step.life.sentAt !== undefined) result.sentAt = step.life.sentAt
        resolve(result)
      })
    })
  }

  function apply(bind: BindId, number: number, match: Match, receipt: Receipt): Promise<ReceiptResult> {
    const hot = inner.records.get(match.order)
    if (hot) return applyTo(hot, bind, number, match, receipt)
    return withHot(inner, match.order, (loaded) => applyTo(loaded, bind, number, match, receipt))
  }

  return async (bind, receipt) => {
    inner.check()
    if (commit.stuck > mostStuck) throw new StoreUnavailable('too much waits to be written')
    const number = names.of(bind)
    const first = refs.match(number, receipt.ref, none)
    if (first.match && first.sure) return await apply(bind, number, first.match, receipt)
    const rows = await inner.reader.refs(number, refKeys(receipt.ref))
    const onDisk: Known[] = rows.map(([order, segment, raw]) => ({ order, segment, raw }))
    const { match } = refs.match(number, receipt.ref, onDisk)
    if (match) return await apply(bind, number, match, receipt)
    return await park(number, receipt)
  }
}

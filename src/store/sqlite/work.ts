// Claim and settle: what leaves a lane, and what came of it.
import { mergeReceipts, afterReceipt, type CountName, type Transition } from '../../model/transition.ts'
import { StoreUnavailable, type Item, type Run, type Settlement } from '../store.ts'
import { emptyOp, withHot, type Inner } from './inner.ts'
import type { QueueKey } from './ops.ts'
import type { Hot } from './records.ts'
import type { StepExtras } from './steps.ts'
import type { Entry, PickedRun } from './turns.ts'

export interface Work {
  claim(lane: string, max: number, kinds?: 'deliver' | 'report'): Run[] | Promise<Run[]>
  settle(settlement: Settlement): Promise<void>
}

export function createWork(inner: Inner): Work {
  const { names, lanes, records, claims, interrupted, commit, steps, refs, clock } = inner
  function keyOf({ line, keyDue, item }: Entry): QueueKey {
    return [line.lane, line.account, line.kp, keyDue, item]
  }

  function claim(lane: string, max: number, kinds?: 'deliver' | 'report'): Run[] | Promise<Run[]> {
    try {
      inner.check()
      const id = names.find(lane)
      if (id === undefined || max <= 0) return []
      const picked = lanes.pick(id, max, kinds)
      if (picked.length > 0) return open(lane, id, picked)
      // Nothing here, but more is perhaps just being read.
      const read = lanes.reading(id)
      return read ? read.then(() => claim(lane, max, kinds)) : []
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** Messages that are not in memory are loaded first. */
  function open(lane: string, id: number, picked: PickedRun[]): Run[] | Promise<Run[]> {
    let loads: Promise<unknown>[] | undefined
    for (const run of picked) {
      for (const { message } of run.entries) {
        const hot = records.get(message)
        if (hot) hot.open++
        else (loads ??= []).push(withHot(inner, message, (loaded) => loaded && loaded.open++))
      }
    }
    if (loads === undefined) return mark(lane, id, picked)
    return Promise.all(loads).then(
      () => mark(lane, id, picked),
      (error: unknown) => refuse(picked, error),
    )
  }

  function refuse(picked: PickedRun[], error: unknown): never {
    for (const run of picked) for (const entry of run.entries) putBack(entry)
    throw new StoreUnavailable('the attempt could not be marked', error)
  }

  function mark(lane: string, id: number, picked: PickedRun[]): Run[] {
    try {
      const marks: number[] = []
      for (const run of picked) for (const entry of run.entries) if (entry.report === undefined) marks.push(entry.item, entry.message)
      if (marks.length > 0) claims.claimed(marks)
    } catch (error) {
      refuse(picked, error)
    }
    const runs: Run[] = []
    for (const run of picked) {
      const items: Item[] = []
      for (const entry of run.entries) {
        const item = itemOf(lane, entry)
        if (item) items.push(item)
      }
      if (items.length < run.entries.length) lanes.again(id)
      if (items.length > 0) runs.push({ token: run.token, grain: run.grain.of, items })
    }
    return runs
  }

  function putBack(entry: Entry, due = entry.due): void {
    const hot = records.get(entry.message)
    lanes.finish(entry, due)
    if (hot) records.release(hot)
  }

  function itemOf(lane: string, entry: Entry): Item | undefined {
    const hot = records.get(entry.message)
    const { item: id, report, attempt } = entry
    const wait = hot?.wait
    if (!hot || hot.hidden || (!report && wait?.[0] !== id)) {
      // The message is gone: so is what was to be done about it.
      if (hot) records.release(hot)
      const over = (): void => {
        claims.settled(id)
        lanes.finish(entry)
      }
      commit.add({ ...emptyOp(entry.message), deletes: [keyOf(entry)] }, { done: over })
      return undefined
    }
    const { message, decision, life } = hot
    const { account, priority } = message
    if (report) return { id, lane, account, priority, message, kind: 'report', attempt, report }
    const again = interrupted.size > 0 && interrupted.get(id) === entry.message
    return {
      id,
      lane,
      account,
      priority,
      message,
      kind: 'deliver',
      attempt: wait![3],
      candidate: wait![4],
      decision,
      life,
      interrupted: again,
    }
  }

  function settle(settlement: Settlement): Promise<void> {
    const { token, item } = settlement
    const entry = lanes.claimed(token, item)
    // The run is over, or this item is, or is being settled: whoever settles now comes too late.
    if (!entry) return Promise.resolve()
    if (settlement.kind === 'release') {
      // One that an earlier process had begun to send keeps its mark: the peer may have it, tried now or not.
      if (!entry.report && interrupted.get(item) !== entry.message) claims.released(item)
      putBack(entry, settlement.due ?? entry.due)
      return Promise.resolve()
    }
    entry.state = 'settling'
    return new Promise((resolve) => {
      const hot = records.get(entry.message)
      const over = (): void => {
        claims.settled(item)
        interrupted.delete(item)
        lanes.finish(entry)
        if (hot) records.release(hot)
        resolve()
      }
      if (settlement.kind === 'report') return settleReport(settlement, entry, hot, over)
      if (!hot) return over()
      const { early, form, list } = delivered(hot, settlement.transition)
      const more: StepExtras = {}
      if (early.length > 0) more.early = early
      if (form) more.form = form
      steps.write(hot, list, more, (op) => {
        if (op.puts) for (const put of op.puts) lanes.insert(put)
        over()
      })
    })
  }

  /** The attempt's step on top of receipts that came meanwhile, and then those that were parked for its refs. */
  function delivered(hot: Hot, transition: Transition) {
    const now = clock.now()
    const list = [mergeReceipts(hot.message, hot.decision, hot.life, transition, now)]
    const early: number[] = []
    let form: [number, ReturnType<typeof refs.take>[number]['form']] | undefined
    if (refs.parked === 0) return { early, form, list }
    for (const { bind, ref, segment } of transition.refs ?? []) {
      const number = names.of(bind)
      for (const found of refs.take(number, ref)) {
        early.push(found.early.id)
        const { life } = list.at(-1)!
        const step = afterReceipt(hot.message, hot.decision, life, now, { bind, segment, form: found.form, receipt: found.early.receipt })
        if (step) list.push(step)
        else commit.count(number, 'duplicates')
        form = [number, found.form]
        refs.seen(number, found.form)
      }
    }
    return { early, form, list }
  }

  function settleReport(settlement: Settlement & { kind: 'report' }, entry: Entry, hot: Hot | undefined, over: () => void): void {
    const op = emptyOp(entry.message)
    op.entries = [settlement.entry]
    op.deletes = [keyOf(entry)]
    const { retryAt } = settlement
    const put = retryAt !== undefined && hot && entry.report ? steps.reportRow(hot, entry.report, settlement.attempt, retryAt) : undefined
    if (put) op.puts = [put]
    const counts: (number | CountName)[] = []
    for (const { bind, name } of settlement.counts) counts.push(names.of(bind), name)
    commit.add(op, {
      counts,
      done: () => {
        if (hot) {
          hot.file = inner.file()
          if (!put) hot.reports = Math.max(0, hot.reports - 1)
        }
        if (put) lanes.insert(put)
        over()
      },
    })
  }

  return { claim, settle }
}

// Turns steps of a message's life into one operation, and keeps the message in memory in step with it.
import type { CountName, Transition } from '../../model/transition.ts'
import { isTerminal } from '../../model/life.ts'
import type { RefForm } from '../../model/ref.ts'
import { foldRef } from '../../model/ref.ts'
import type { Message } from '../../model/message.ts'
import type { Report } from '../../model/receipt.ts'
import type { CdrRow } from '../store.ts'
import type { Commit } from './commit.ts'
import type { Decisions } from './decisions.ts'
import type { Names } from './names.ts'
import { cdrOp, stateNumber, type CdrOp, type MessageOp, type QueueKey, type QueueRow, type RefRow, type Wait } from './ops.ts'
import type { Hot } from './records.ts'
import type { Refs } from './refs.ts'

export interface Steps {
  /** The key of the item that a message waits by. */
  keyOf(hot: Hot, wait: Wait): QueueKey
  deliverRow(hot: Hot, wait: Wait): QueueRow
  reportRow(hot: Pick<Hot, 'order' | 'message'>, report: Report, attempt: number, due: number): QueueRow
  nextItem(): number
  nextSequence(): number
  /** Takes the last of several steps as the message's new life; `done` once all are written. */
  write(hot: Hot, steps: Transition[], more: StepExtras, done: (op: MessageOp) => void): void
}

export interface StepExtras {
  /** Parked receipts that these steps took up. */
  early?: number[]
  form?: [bind: number, form: RefForm]
}

/** What only one run at a time may touch: a handset, or what one handset writes to one of our numbers. */
function grainOf({ direction, from, to }: Message): string {
  return direction === 'mt' ? to.value : `${to.value} ${from.value}`
}

export function createSteps(given: {
  commit: Commit
  names: Names
  decisions: Decisions
  refs: Refs
  lastItem: number
  lastSequence: number
  ended(row: CdrRow): void
  file(): number
  release(hot: Hot): void
}): Steps {
  const { commit, names, decisions, refs } = given
  let { lastItem, lastSequence } = given

  function keyOf(hot: Hot, wait: Wait): QueueKey {
    return [wait[1], names.of(hot.message.account), hot.message.priority, wait[2], wait[0]]
  }

  function deliverRow(hot: Hot, wait: Wait): QueueRow {
    return [...keyOf(hot, wait), hot.order, grainOf(hot.message), null]
  }

  function reportRow({ order, message }: Pick<Hot, 'order' | 'message'>, report: Report, attempt: number, due: number): QueueRow {
    return [names.of(message.arrival), names.of(message.account), 4 + message.priority, due, ++lastItem, order, null, { attempt, report }]
  }

  function refRows(hot: Hot, step: Transition): RefRow[] {
    return (step.refs ?? []).map(({ bind, ref, segment }) => {
      const number = names.of(bind)
      refs.add(number, { order: hot.order, segment, raw: ref }, hot)
      const key = foldRef(ref)
      return [number, key, hot.order, segment, key === ref ? null : ref]
    })
  }

  return {
    keyOf,
    deliverRow,
    reportRow,
    nextItem: () => ++lastItem,
    nextSequence: () => ++lastSequence,
    write(hot, steps, more, done) {
      const last = steps.at(-1)
      if (!last) return
      const entries = steps.length === 1 ? last.entries : steps.flatMap((step) => step.entries)
      let rows: RefRow[] | null = null
      let puts: QueueRow[] | null = null
      let ended: CdrOp | undefined
      let receiptBy: number | undefined
      let requeue: Transition['requeue']
      const counts: (number | CountName)[] = []
      for (const step of steps) {
        if (step.refs && step.refs.length > 0) rows = rows ? [...rows, ...refRows(hot, step)] : refRows(hot, step)
        if (step.receiptBy !== undefined) receiptBy = step.receiptBy
        if (step.requeue) requeue = step.requeue
        if (step.report) {
          ;(puts ??= []).push(reportRow(hot, step.report, 0, step.report.at))
          hot.reports++
        }
        if (step.cdr) ended = cdrOp(++lastSequence, step.cdr)
        for (const { bind, name } of step.counts) counts.push(names.of(bind), name)
      }
      let decided: string | null = null
      if (last.decision !== undefined) {
        hot.decision = last.decision
        decided = decisions.write(last.decision)
      }
      const { life } = last
      const deletes = hot.wait && (requeue !== undefined || life.state !== 'queued') ? [keyOf(hot, hot.wait)] : null
      if (deletes) hot.wait = null
      if (requeue) {
        hot.wait = [++lastItem, names.of(requeue.lane), requeue.due, requeue.attempt, requeue.candidate]
        ;(puts ??= []).push(deliverRow(hot, hot.wait))
      }
      if (isTerminal(life.state)) hot.giveUpAt = null
      else if (life.state === 'sent') hot.giveUpAt = receiptBy ?? (hot.life.state === 'sent' ? hot.giveUpAt : null)
      else hot.giveUpAt = hot.message.validUntil
      hot.life = life
      hot.open++
      const op: MessageOp = {
        kind: 'message',
        order: hot.order,
        life,
        state: stateNumber(life.state),
        giveUpAt: hot.giveUpAt,
        wait: hot.wait,
        entries,
        refs: rows,
        puts,
        deletes,
        cdr: ended ?? null,
        early: more.early ?? null,
        insert: null,
        idempotency: null,
        joins: null,
        replace: null,
        decision: decided,
        hidden: false,
      }
      commit.add(op, {
        counts,
        form: more.form ?? null,
        done: () => {
          hot.file = given.file()
          if (ended) given.ended(ended.row)
          done(op)
          given.release(hot)
        },
      })
    },
  }
}

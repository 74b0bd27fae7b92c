// Ends and moves of what waits; what is overdue and what waits on a lane, by the tables.
import { orderHex } from '../../ids.ts'
import { isTerminal } from '../../model/life.ts'
import type { Transition } from '../../model/transition.ts'
import type { Message, MessageId } from '../../model/message.ts'
import type { MessageRecord, PurgeQuery, WaitingRecord } from '../store.ts'
import { emptyOp, requeued, withMessage, type Inner } from './inner.ts'
import { textOf, writeMessage } from './json.ts'
import { stateNumber } from './ops.ts'
import { recordOf } from './records.ts'

const waitingState = 2

export function createEnding(inner: Inner) {
  const { lanes, steps, claims, interrupted, clock } = inner

  function running(item: number | null | undefined): boolean {
    return item !== null && item !== undefined && lanes.isClaimed(item)
  }

  async function step<Done extends string>(id: MessageId, done: Done, next: (record: WaitingRecord) => Transition, recalled = false) {
    inner.check()
    return await withMessage(inner, id, (hot): 'in-flight' | 'terminal' | 'absent' | Promise<Done> => {
      if (!hot) return 'absent'
      if (isTerminal(hot.life.state)) return 'terminal'
      if (running(hot.wait?.[0])) return 'in-flight'
      // A supplier has it, and its receipts may still come.
      if (!recalled && hot.life.state === 'sent' && (hot.giveUpAt ?? 0) > clock.now()) return 'in-flight'
      const item = hot.wait?.[0]
      const isInterrupted = item !== undefined && interrupted.get(item) === hot.order
      const transition = next(isInterrupted ? { ...recordOf(hot), interrupted: true } : recordOf(hot))
      if (hot.wait) lanes.withdraw(steps.keyOf(hot, hot.wait), hot.order)
      return new Promise((resolve) => {
        steps.write(hot, [transition], {}, (op) => {
          requeued(inner, op)
          if (isInterrupted) {
            interrupted.delete(item)
            claims.settled(item)
          }
          resolve(done)
        })
      })
    })
  }

  return {
    end: (id: MessageId, next: (record: WaitingRecord) => Transition, recalled?: boolean) => step(id, 'ended' as const, next, recalled),
    move: (id: MessageId, next: (record: WaitingRecord) => Transition) => step(id, 'moved' as const, next),
    async amend(id: MessageId, change: (record: MessageRecord) => Message, atSupplier = false) {
      inner.check()
      return await withMessage(inner, id, (hot): 'in-flight' | 'terminal' | 'absent' | Promise<'amended'> => {
        if (!hot) return 'absent'
        if (isTerminal(hot.life.state)) return 'terminal'
        if (hot.wait ? running(hot.wait[0]) : !atSupplier || hot.life.state !== 'sent') return 'in-flight'
        hot.message = change(recordOf(hot))
        const op = emptyOp(hot.order)
        // One that its supplier has goes on awaiting its receipts as it did.
        if (hot.wait) {
          hot.giveUpAt = hot.message.validUntil
          op.life = hot.life
          op.state = stateNumber(hot.life.state)
          op.giveUpAt = hot.giveUpAt
          op.wait = hot.wait
        }
        op.entries = [{ at: clock.now(), what: 'note', text: 'replaced by its sender' }]
        op.replace = [textOf(writeMessage, hot.message), null]
        hot.open++
        return new Promise((resolve) => {
          inner.commit.add(op, {
            done: () => {
              hot.file = inner.file()
              inner.records.release(hot)
              resolve('amended')
            },
          })
        })
      })
    },
    async overdue(now: number, max: number) {
      await inner.flusher.flush()
      // Those in a run are left to it: so many more are read.
      const rows = await inner.reader.overdue(now, max + lanes.count)
      const expired: MessageId[] = []
      const unconfirmed: MessageId[] = []
      for (const [order, tail, state, item] of rows) {
        if (expired.length + unconfirmed.length === max) break
        if (running(item)) continue
        const list = state === waitingState ? unconfirmed : expired
        list.push(orderHex(order) + tail)
      }
      return { expired, unconfirmed }
    },
    async waiting(query: PurgeQuery, max: number, cursor?: string) {
      const lane = inner.names.find(query.lane)
      if (lane === undefined) return { ids: [] }
      await inner.flusher.flush()
      const from = cursor === undefined ? undefined : (cursor.split('.').map(Number) as [number, number, number, number])
      const rows = await inner.reader.waiting({
        lane,
        limit: max,
        ...(query.from === undefined ? {} : { sender: query.from }),
        ...(query.arrival === undefined ? {} : { arrival: query.arrival }),
        ...(query.acceptedAfter === undefined ? {} : { after: query.acceptedAfter }),
        ...(query.acceptedBefore === undefined ? {} : { before: query.acceptedBefore }),
        ...(from ? { from } : {}),
      })
      const ids = rows.filter((row) => !running(row[5])).map(([order, tail]) => orderHex(order) + tail)
      const last = rows.at(-1)
      return { ids, ...(last && rows.length === max ? { next: last.slice(2).join('.') } : {}) }
    },
  }
}

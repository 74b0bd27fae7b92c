// Accept: a message with its decision and its place on a lane, as one operation.
import { idOrder, orderHex } from '../../ids.ts'
import type { CountName } from '../../model/transition.ts'
import type { MessageId } from '../../model/message.ts'
import type { Accepted, NewMessage, OptOuts } from '../store.ts'
import { requeued, type Inner } from './inner.ts'
import { cdrOp, stateNumber, type MessageOp } from './ops.ts'
import type { Parts } from './parts.ts'
import type { HeldStickies } from './stickies.ts'
import { bytesOf, type Hot } from './records.ts'
import type { Tallies } from './tallies.ts'

export interface Accepting {
  /** Throws StoreUnavailable, too. */
  accept(added: NewMessage): Promise<Accepted>
  /** The tables know every idempotency key written to the journal up to this file. */
  flushed(file: number): void
}

export function createAccepting(
  inner: Inner,
  parts: Parts,
  optOuts: OptOuts,
  stickies: HeldStickies,
  tallies: Tallies,
  accepted: (id: MessageId) => void,
): Accepting {
  const { names, decisions, steps, commit } = inner
  /** Keys that are being accepted, or are not in the tables yet. */
  const keys = new Map<string, { of: Promise<MessageId>; file: number }>()

  async function once(added: NewMessage, idempotencyKey: string): Promise<Accepted> {
    const account = names.of(added.message.account)
    const key = `${account} ${idempotencyKey}`
    for (let known = keys.get(key); known; known = keys.get(key)) {
      const of = await known.of.catch(() => undefined)
      if (of !== undefined) return { as: 'duplicate', of }
      if (keys.get(key) === known) keys.delete(key)
    }
    const mine: { of: Promise<MessageId>; file: number } = { of: find(), file: Infinity }
    async function find(): Promise<MessageId> {
      const row = await inner.reader.idempotency(account, idempotencyKey)
      if (row) return orderHex(row[0]) + row[1]
      await add(added, account)
      return added.message.id
    }
    keys.set(key, mine)
    try {
      const of = await mine.of
      mine.file = inner.file()
      return of === added.message.id ? { as: 'new' } : { as: 'duplicate', of }
    } catch (error) {
      keys.delete(key)
      throw error
    }
  }

  /** Of parts that are being made a message: who makes them one again meanwhile, as a disk is slow, makes no other. */
  const joining = new Map<string, MessageId>()

  function add(added: NewMessage, account: number): Promise<Accepted> {
    const { message, decision, life, queue, ended, limit, joins } = added
    const other = joins && joining.get(joins.key)
    if (other !== undefined) return Promise.resolve({ as: 'duplicate', of: other })
    // Asked and counted in one moment.
    if (limit !== undefined) limit.admit(message)
    const order = idOrder(message.id)
    if (message.direction === 'mt') tallies.count(account, message.acceptedAt, message.segments, 1)
    const wait = queue ? ([steps.nextItem(), names.of(queue.lane), queue.due, 0, queue.candidate] as MessageOp['wait']) : null
    const hot: Hot = {
      order,
      message,
      decision,
      life,
      redactedAt: undefined,
      hidden: false,
      giveUpAt: queue ? message.validUntil : null,
      wait,
      bytes: bytesOf(0),
      open: 0,
      file: 0,
      refs: undefined,
      reports: ended?.report ? 1 : 0,
    }
    const puts = wait ? [steps.deliverRow(hot, wait)] : []
    if (ended?.report) puts.push(steps.reportRow(hot, ended.report, 0, ended.report.at))
    const cdr = ended?.cdr ? cdrOp(steps.nextSequence(), ended.cdr) : null
    const counts: (number | CountName)[] = [names.of(message.arrival), 'accepted']
    for (const count of ended?.counts ?? []) counts.push(names.of(count.bind), count.name)
    const op: MessageOp = {
      kind: 'message',
      order,
      life,
      state: stateNumber(life.state),
      giveUpAt: hot.giveUpAt,
      wait,
      entries: added.entries,
      refs: null,
      puts,
      deletes: null,
      cdr,
      early: null,
      insert: {
        tenant: account * 2 + (message.direction === 'mo' ? 1 : 0),
        message,
        decision: decisions.write(decision),
      },
      idempotency: added.idempotencyKey === undefined ? null : [account, added.idempotencyKey],
      joins: joins ?? null,
      replace: null,
      decision: null,
      hidden: false,
    }
    // Of one tick: in the same record, so that both hold or neither.
    if (added.optOut !== undefined) optOuts.put(added.optOut).catch(refusedTogether)
    if (added.optIn !== undefined) for (const key of added.optIn) optOuts.remove(key).catch(refusedTogether)
    if (added.sticky === true && message.service !== undefined) stickies.put(account, message.service, message.to.value, message.from.value)
    if (joins) joining.set(joins.key, message.id)
    return new Promise((resolve, reject) => {
      const octets = commit.add(op, {
        counts,
        first: standsAlone(added),
        refused: (error) => {
          if (message.direction === 'mt') tallies.count(account, message.acceptedAt, message.segments, -1)
          limit?.refund(message)
          if (joins) joining.delete(joins.key)
          reject(error)
        },
        done: () => {
          hot.file = inner.file()
          // The tables may have had it before: then the copy that was read from them is the one that all work on.
          inner.records.keep(hot)
          if (cdr) inner.cdrs.ended(cdr.row)
          if (joins) {
            joining.delete(joins.key)
            parts.joined(joins)
          }
          requeued(inner, op)
          accepted(message.id)
          limit?.landed()
          resolve(fresh)
        },
      })
      hot.bytes = bytesOf(octets)
    })
  }

  return {
    accept(added) {
      inner.check()
      if (added.idempotencyKey !== undefined) return once(added, added.idempotencyKey)
      return add(added, names.of(added.message.account))
    },
    flushed(file) {
      for (const [key, one] of keys) if (one.file <= file) keys.delete(key)
    },
  }
}

const fresh: Accepted = { as: 'new' }

/** Nothing else in its record bears on it: no CDR, of which each is told after the one before, no parts, opt-outs or senders to keep. */
function standsAlone({ ended, joins, optOut, optIn, sticky }: NewMessage): boolean {
  return ended === undefined && joins === undefined && optOut === undefined && optIn === undefined && sticky !== true
}

/** Whoever submitted the message hears of it. */
function refusedTogether(): void {}

// What the store's verbs share. Nothing here does anything but look a message up.
import type { Clock } from '../../clock.ts'
import { idOrder } from '../../ids.ts'
import type { LifeEntry } from '../../model/life.ts'
import type { MessageId } from '../../model/message.ts'
import type { CdrStream } from './cdrs.ts'
import type { Claims } from './claims.ts'
import type { Commit } from './commit.ts'
import type { Flusher } from './flush.ts'
import type { Lanes } from './lanes.ts'
import type { Decisions } from './decisions.ts'
import type { Names } from './names.ts'
import type { MessageOp } from './ops.ts'
import type { Reads } from './reads.ts'
import { isOf, type Hot, type Records } from './records.ts'
import type { Refs } from './refs.ts'
import type { Steps } from './steps.ts'
import type { Thread } from './threads.ts'

export interface Inner {
  clock: Clock
  names: Names
  decisions: Decisions
  commit: Commit
  records: Records
  refs: Refs
  steps: Steps
  lanes: Lanes
  claims: Claims
  cdrs: CdrStream
  flusher: Flusher
  reader: Thread<Reads>
  /** Items claimed by an earlier process, with their messages: each time they are claimed, until one is settled, they come back interrupted. */
  interrupted: Map<number, number>
  /** Journal file being written. */
  file(): number
  /** Rejects when the store is closed or cannot be written for too long. */
  check(): void
}

/** Runs `use` on the one copy of a message, loading it where needed; nothing else runs in between. */
export async function withHot<T>(inner: Inner, order: number, use: (hot: Hot | undefined) => T): Promise<Awaited<T>> {
  const hot = inner.records.get(order) ?? (await inner.records.load(order))
  return await use(hot && inner.records.keep(hot))
}

export async function withMessage<T>(inner: Inner, id: MessageId, use: (hot: Hot | undefined) => T): Promise<Awaited<T>> {
  return await withHot(inner, idOrder(id), (hot) => use(isOf(hot, id) ? hot : undefined))
}

/** What a written operation means to the lanes. */
export function requeued(inner: Inner, op: MessageOp): void {
  if (op.puts) for (const put of op.puts) inner.lanes.insert(put)
  if (op.deletes) for (const key of op.deletes) inner.lanes.forget(key)
}

const none: readonly LifeEntry[] = []

export function emptyOp(order: number): MessageOp {
  return {
    kind: 'message',
    order,
    life: null,
    state: 0,
    giveUpAt: null,
    wait: null,
    entries: none,
    refs: null,
    puts: null,
    deletes: null,
    cdr: null,
    early: null,
    insert: null,
    idempotency: null,
    joins: null,
    replace: null,
    decision: null,
    hidden: false,
  }
}

// Again: messages that a handset was too busy or too full to take wait for the bind's schedule. Where the
// handset says that it has room, they need not: each is due at once, with all its tries before it.
import { copyLife, type Transition } from '../model/transition.ts'
import type { BindId, MessageId } from '../model/message.ts'
import type { MessageRecord } from '../store/store.ts'
import type { Core } from './core.ts'
import { isBusy } from './judge.ts'

/** Those that do not wait on this lane for such a reason stay as they are. Never rejects. */
export async function tryAgain({ store, clock, log }: Core, lane: BindId, ids: readonly MessageId[]): Promise<void> {
  for (const id of ids) {
    try {
      await store.move(id, (record) => sooner(record, lane, clock.now()))
    } catch (error) {
      if (!(error instanceof Elsewhere))
        log.warn({ message: id, err: error }, 'a message waits for its schedule, though its handset has room')
    }
  }
}

/** Nothing is to be done. */
class Elsewhere extends Error {}

function sooner({ message, decision, life }: MessageRecord, lane: BindId, now: number): Transition {
  const candidate = decision.candidates.findIndex(({ bind }) => bind === lane)
  if (life.state !== 'queued' || life.bind !== lane || candidate < 0 || !life.failure || !isBusy(life.failure)) throw new Elsewhere()
  const next = copyLife(life)
  next.updatedAt = now
  return {
    message: message.id,
    life: next,
    entries: [{ at: now, what: 'note', text: 'the handset has room again' }],
    requeue: { lane, due: now, attempt: 0, candidate },
    counts: [],
  }
}

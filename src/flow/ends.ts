// Who waits for the end of a message is told when it has ended, without asking again and again.
import type { MessageId } from '../model/message.ts'
import { isTerminal } from '../model/life.ts'
import type { MessageOutcome } from '../plugin.ts'
import type { Core } from './core.ts'

export interface Ends {
  /** Resolves once the message has ended, or with how it stands after `limitMs`; undefined when there is none. */
  of(id: MessageId, limitMs: number): Promise<MessageOutcome | undefined>
  /** What the store tells. */
  ended(id: MessageId): void
}

export function createEnds(core: Pick<Core, 'store' | 'clock'>): Ends {
  const waiting = new Map<MessageId, (() => void)[]>()

  async function look(id: MessageId): Promise<MessageOutcome | undefined> {
    const record = await core.store.get(id)
    if (!record) return undefined
    const { state, failure } = record.life
    return failure === undefined ? { state } : { state, failure }
  }

  return {
    async of(id, limitMs) {
      let tell: () => void = () => {}
      const end = new Promise<void>((resolve) => (tell = resolve))
      const others = waiting.get(id)
      if (others) others.push(tell)
      else waiting.set(id, [tell])
      const cancel = core.clock.after(limitMs, tell)
      try {
        // Looked at only after it waits: an end in between is not missed.
        const now = await look(id)
        if (now === undefined || isTerminal(now.state)) return now
        await end
        return await look(id)
      } finally {
        cancel()
        const left = (waiting.get(id) ?? []).filter((other) => other !== tell)
        if (left.length === 0) waiting.delete(id)
        else waiting.set(id, left)
      }
    },
    ended(id) {
      if (waiting.size === 0) return
      for (const tell of waiting.get(id) ?? []) tell()
    },
  }
}

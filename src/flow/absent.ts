// Absent: whose message failed since its handset was absent, and who asked to be told when it may be
// reached again. Told once, to the bind that asked and no other, when a carrier of its account or of one
// above says so, or a later message of its account is delivered there. In memory: a restart forgets it.
import { isWithin } from '../model/configuration.ts'
import type { Bind } from '../model/bind.ts'
import type { BindId, MessageId } from '../model/message.ts'
import type { Absentee, Availability } from '../plugin.ts'
import type { Core } from './core.ts'
import type { Ends } from './ends.ts'

export interface Absences {
  /** A message of this client bind failed, and it wants to be told. */
  wait(bind: Bind, of: Absentee): void
  /** A supplier says that a handset may be reached. */
  reachable(supplier: Bind, handset: string, said: Availability | undefined): void
  /** A client bind's message to a handset was accepted: its delivery is news, where somebody waits. */
  accepted(bind: Bind, handset: string, id: MessageId | undefined): void
  /** A session of this bind came: what it was to be told meanwhile is told. */
  came(bind: BindId): void
}

interface Wait {
  of: Absentee
  account: string
  until: number
  /** What is to be told as soon as there is a session. */
  news: { said: Availability | undefined } | undefined
}

/** Handsets that one bind waits for: the oldest makes room. So one bind's never cost another's. */
const mostWaits = 10_000
const keptMs = 48 * 3_600_000
/** Messages whose end is awaited for this. */
const mostFollowed = 1000

export function createAbsences(core: Pick<Core, 'clock' | 'binds' | 'configuration' | 'log'>, ends: Ends): Absences {
  const waits = new Map<BindId, Map<string, Wait>>()
  let followed = 0

  /** There is news of a handset for the accounts that may hear it. */
  function told(handset: string, may: (account: string) => boolean, said: Availability | undefined): void {
    for (const [bind, each] of waits) {
      const wait = each.get(handset)
      if (!wait || !may(wait.account)) continue
      if (wait.until <= core.clock.now()) forget(bind, each, handset)
      else {
        wait.news = { said }
        tell(bind, each, handset, wait)
      }
    }
  }

  function tell(bind: BindId, each: Map<string, Wait>, handset: string, { of, news }: Wait): void {
    for (const session of core.binds.get(bind)?.sessions ?? []) {
      if (!session.alert?.(of, news?.said)) continue
      forget(bind, each, handset)
      return
    }
  }

  function forget(bind: BindId, each: Map<string, Wait>, handset: string): void {
    each.delete(handset)
    if (each.size === 0) waits.delete(bind)
  }

  async function follow(account: string, handset: string, id: MessageId): Promise<void> {
    followed++
    try {
      const outcome = await ends.of(id, keptMs)
      if (outcome?.state === 'delivered') told(handset, (other) => other === account, 'available')
    } catch (error) {
      core.log.warn({ message: id, err: error }, 'whether a handset can be reached again is not known')
    } finally {
      followed--
    }
  }

  return {
    wait({ id, account }, { from, to, report }) {
      const now = core.clock.now()
      let each = waits.get(id)
      if (!each) waits.set(id, (each = new Map()))
      // The newest is last: the first is the one to go.
      each.delete(to.value)
      for (const [oldest, wait] of each) {
        if (each.size < mostWaits && wait.until > now) break
        each.delete(oldest)
      }
      each.set(to.value, { of: report === undefined ? { from, to } : { from, to, report }, account, until: now + keptMs, news: undefined })
    },
    reachable(supplier, handset, said) {
      if (waits.size > 0) told(handset, (account) => isWithin(core.configuration(), account, supplier.account), said)
    },
    accepted({ account }, handset, id) {
      if (waits.size === 0 || id === undefined || followed >= mostFollowed) return
      for (const each of waits.values()) {
        if (each.get(handset)?.account !== account) continue
        void follow(account, handset, id)
        return
      }
    },
    came(bind) {
      const each = waits.get(bind)
      if (!each) return
      const now = core.clock.now()
      for (const [handset, wait] of each) {
        if (wait.until <= now) forget(bind, each, handset)
        else if (wait.news) tell(bind, each, handset, wait)
      }
    },
  }
}

// What accounts have submitted today and this month, and what waits for them: in memory, with what is just
// being accepted; restored from the tables, which count each message with the journal record that has it.
import { dayOf, monthStart } from '../../model/caps.ts'
import type { AccountId } from '../../model/message.ts'
import type { Submitted, Used } from '../store.ts'
import type { Inner } from './inner.ts'
import type { UsedRow } from './reads.ts'

export interface Tallies extends Submitted {
  /** By its number: a message MT is being accepted at this time; `by` -1: it was refused after all. */
  count(account: number, at: number, segments: number, by: 1 | -1): void
  /** Messages of an account came onto lanes, or left them. */
  wait(account: number, by: number): void
}

interface Tally {
  day: number
  month: number
  today: Used
  thisMonth: Used
}

const nothing: Used = { messages: 0, segments: 0 }

export function createTallies(inner: Pick<Inner, 'clock' | 'names'>, known: readonly UsedRow[]): Tallies {
  const { clock, names } = inner
  const tallies = new Map<number, Tally>()
  const waiting = new Map<number, number>()
  const opened = dayOf(clock.now())
  for (const [tenant, messages, segments, todayMessages, todaySegments] of known)
    tallies.set(tenant / 2, {
      day: opened,
      month: monthStart(opened),
      today: { messages: todayMessages, segments: todaySegments },
      thisMonth: { messages, segments },
    })

  function wait(account: number, by: number): void {
    waiting.set(account, (waiting.get(account) ?? 0) + by)
  }

  /** As of a day: never back to an earlier one. */
  function turn(tally: Tally, day: number): void {
    if (day <= tally.day) return
    const month = monthStart(day)
    tally.day = day
    tally.today = { messages: 0, segments: 0 }
    if (month === tally.month) return
    tally.month = month
    tally.thisMonth = { messages: 0, segments: 0 }
  }

  function tallyNow(account: AccountId): Tally | undefined {
    const id = names.find(account)
    const tally = id === undefined ? undefined : tallies.get(id)
    if (tally) turn(tally, dayOf(clock.now()))
    return tally
  }

  return {
    count(account, at, segments, by) {
      const day = dayOf(at)
      let tally = tallies.get(account)
      if (!tally)
        tallies.set(
          account,
          (tally = { day, month: monthStart(day), today: { messages: 0, segments: 0 }, thisMonth: { messages: 0, segments: 0 } }),
        )
      if (day > tally.day) turn(tally, day)
      if (day === tally.day) {
        tally.today.messages += by
        tally.today.segments += by * segments
      }
      // One from before the turn of the month counts for that month alone, in the tables.
      if (day >= tally.month) {
        tally.thisMonth.messages += by
        tally.thisMonth.segments += by * segments
      }
    },
    wait,
    today: (account) => tallyNow(account)?.today ?? nothing,
    thisMonth: (account) => tallyNow(account)?.thisMonth ?? nothing,
    waiting(account) {
      const id = names.find(account)
      return id === undefined ? 0 : (waiting.get(id) ?? 0)
    },
  }
}

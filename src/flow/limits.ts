// What accounts may submit: the caps of an account hold for it and all below it together. Counted in the
// moment in which the store counts a message, so never more than a cap; days and months are taken from
// the store when an account gets its caps, so exact over a restart. Accounts without caps, and with
// none above them, cost a look into an empty map.
import { createMeter, type Meter } from '../binds/meter.ts'
import type { Clock } from '../clock.ts'
import type { Limits as Rates } from '../model/bind.ts'
import { dayOf, monthStart, type Caps } from '../model/caps.ts'
import type { Account } from '../model/account.ts'
import type { Configuration } from '../model/configuration.ts'
import type { AccountId, Message } from '../model/message.ts'
import { differing } from '../model/versions.ts'
import { AcceptRefused, type RefusalWhy } from '../plugin.ts'
import type { Limit, Store } from '../store/store.ts'

export interface AccountLimits {
  /** Undefined: nothing limits the account. `acknowledged`: whoever sent it was told so: it is counted, and never refused. */
  of(account: AccountId, acknowledged: boolean): Limit | undefined
  /** Of a part of a long message: throws AcceptRefused; counts for the second only, since the message is counted once it is whole. */
  part(account: AccountId, segments: number, first: boolean): void
  /** Told of each change, so that nothing of before is kept; asked for a limit, it follows by itself. */
  follow(): void
}

interface Purse {
  account: AccountId
  caps: Caps
  /** It and all below it. */
  within: AccountId[]
  messages: Meter
  segments: Meter
  day: number
  month: number
  today: { messages: number; segments: number }
  thisMonth: { messages: number; segments: number }
  /** Counted, and not on a lane yet. */
  open: number
  /** Messages on lanes when they were last summed up, and counted since. */
  waited: number
  since: number
  summedAt: number
}

/** How many accounts are summed up anew whenever a limit seems to be reached; of more, only so often. */
const fewAccounts = 16
const summedEveryMs = 20

export function createAccountLimits(parts: {
  configuration(): Configuration
  submitted: Store['submitted']
  clock: Pick<Clock, 'now'>
}): AccountLimits {
  const { configuration, submitted, clock } = parts
  let seen: Configuration['accounts'] = new Map()
  let purses = new Map<AccountId, Purse>()
  /** By sender: the purses that hold for it, nearest first. */
  let chains = new Map<AccountId, { checked: Limit; acknowledged: Limit; purses: readonly Purse[] } | null>()

  function follow(): void {
    const { accounts } = configuration()
    if (accounts === seen) return
    const before = seen
    seen = accounts
    for (const id of differing(before, accounts)) if (!followOne(before.get(id), accounts.get(id))) return followAll()
  }

  /** False: purses come or go, or whom they hold for. */
  function followOne(was: Account | undefined, is: Account | undefined): boolean {
    if (!is) return false
    if (was) {
      if (was.parent !== is.parent || (was.caps === undefined) !== (is.caps === undefined)) return false
      if (is.caps) purses.get(is.id)!.caps = is.caps
      return true
    }
    if (is.caps) return false
    chains.delete(is.id)
    for (const purse of pursesOf(is.id)) purse.within.push(is.id)
    return true
  }

  function followAll(): void {
    chains = new Map()
    const next = new Map<AccountId, Purse>()
    for (const { id, caps } of seen.values()) {
      if (caps === undefined) continue
      const purse = purses.get(id) ?? newPurse(id)
      purse.caps = caps
      purse.within = []
      next.set(id, purse)
    }
    purses = next
    if (purses.size === 0) return
    for (const { id } of seen.values()) for (const purse of pursesOf(id)) purse.within.push(id)
    for (const purse of purses.values()) sumUp(purse)
  }

  function pursesOf(account: AccountId): Purse[] {
    const found: Purse[] = []
    let at: AccountId | undefined = account
    for (let depth = 0; at !== undefined && depth < 64; depth++) {
      const purse = purses.get(at)
      if (purse) found.push(purse)
      at = seen.get(at)?.parent
    }
    return found
  }

  function sumUp(purse: Purse): void {
    purse.day = dayOf(clock.now())
    purse.month = monthStart(purse.day)
    purse.today = { messages: 0, segments: 0 }
    purse.thisMonth = { messages: 0, segments: 0 }
    for (const id of purse.within) {
      const today = submitted.today(id)
      const thisMonth = submitted.thisMonth(id)
      purse.today.messages += today.messages
      purse.today.segments += today.segments
      purse.thisMonth.messages += thisMonth.messages
      purse.thisMonth.segments += thisMonth.segments
    }
    sumWaiting(purse, clock.now())
  }

  function sumWaiting(purse: Purse, now: number): void {
    purse.waited = 0
    for (const id of purse.within) purse.waited += submitted.waiting(id)
    purse.since = purse.open
    purse.summedAt = now
  }

  function isFull(purse: Purse, most: number, now: number): boolean {
    if (purse.waited + purse.since < most) return false
    if (purse.within.length > fewAccounts && now - purse.summedAt < summedEveryMs) return true
    sumWaiting(purse, now)
    return purse.waited + purse.since >= most
  }

  function check(account: AccountId, purse: Purse, messages: number, segments: number, now: number): void {
    const { caps, today, thisMonth } = purse
    const refuse = (why: RefusalWhy, most: number, what: string): never => {
      const own = purse.account === account
      throw new AcceptRefused(why, own ? `No more than ${most} ${what}.` : `An account above has reached its limit of ${what}.`)
    }
    const over = (used: number, more: number, most: number | undefined): most is number =>
      most !== undefined && more > 0 && used + more > most
    if (over(today.messages, messages, caps.messagesPerDay)) refuse('quota', caps.messagesPerDay, 'messages a day')
    if (over(today.segments, segments, caps.segmentsPerDay)) refuse('quota', caps.segmentsPerDay, 'segments a day')
    if (over(thisMonth.messages, messages, caps.messagesPerMonth)) refuse('quota', caps.messagesPerMonth, 'messages a month')
    if (over(thisMonth.segments, segments, caps.segmentsPerMonth)) refuse('quota', caps.segmentsPerMonth, 'segments a month')
    if (caps.queued !== undefined && isFull(purse, caps.queued, now)) refuse('queue-full', caps.queued, 'messages that wait at once')
    const { messagesPerSecond, segmentsPerSecond } = caps
    if (messagesPerSecond !== undefined && messages > 0 && purse.messages.full(rate(messagesPerSecond), messages, now))
      refuse('throttled', messagesPerSecond, 'messages a second')
    if (segmentsPerSecond !== undefined && purse.segments.full(rate(segmentsPerSecond), segments, now))
      refuse('throttled', segmentsPerSecond, 'segments a second')
  }

  function countSecond({ caps, messages: byMessage, segments: bySegment }: Purse, messages: number, segments: number, now: number): void {
    if (caps.messagesPerSecond !== undefined && messages > 0) byMessage.count(rate(caps.messagesPerSecond), messages, now)
    if (caps.segmentsPerSecond !== undefined) bySegment.count(rate(caps.segmentsPerSecond), segments, now)
  }

  /** For the day of its acceptance, as the store does. */
  function count(purse: Purse, { acceptedAt, segments }: Message, by: 1 | -1): void {
    const day = dayOf(acceptedAt)
    turn(purse, day)
    if (day === purse.day) add(purse.today, segments, by)
    if (day >= purse.month) add(purse.thisMonth, segments, by)
    purse.open += by
    purse.since += by
  }

  function limitOf(account: AccountId, of: readonly Purse[], isChecked: boolean): Limit {
    return {
      admit(message) {
        const now = clock.now()
        const day = dayOf(now)
        if (isChecked) {
          for (const purse of of) {
            turn(purse, day)
            check(account, purse, 1, message.segments, now)
          }
        }
        for (const purse of of) {
          count(purse, message, 1)
          if (isChecked) countSecond(purse, 1, message.segments, now)
        }
      },
      refund(message) {
        for (const purse of of) count(purse, message, -1)
      },
      landed() {
        for (const purse of of) purse.open--
      },
    }
  }

  function chainOf(account: AccountId) {
    follow()
    if (purses.size === 0) return null
    let chain = chains.get(account)
    if (chain === undefined) {
      const of = pursesOf(account)
      chain = of.length === 0 ? null : { checked: limitOf(account, of, true), acknowledged: limitOf(account, of, false), purses: of }
      chains.set(account, chain)
    }
    return chain
  }

  return {
    follow,
    of(account, acknowledged) {
      const chain = chainOf(account)
      if (chain === null) return undefined
      return acknowledged ? chain.acknowledged : chain.checked
    },
    part(account, segments, first) {
      const chain = chainOf(account)
      if (chain === null) return
      const now = clock.now()
      for (const purse of chain.purses) {
        turn(purse, dayOf(now))
        check(account, purse, first ? 1 : 0, segments, now)
      }
      for (const purse of chain.purses) countSecond(purse, first ? 1 : 0, segments, now)
    },
  }
}

function newPurse(account: AccountId): Purse {
  return {
    account,
    caps: {},
    within: [],
    messages: createMeter(),
    segments: createMeter(),
    day: 0,
    month: 0,
    today: { messages: 0, segments: 0 },
    thisMonth: { messages: 0, segments: 0 },
    open: 0,
    waited: 0,
    since: 0,
    summedAt: 0,
  }
}

/** Never back to an earlier day. */
function turn(purse: Purse, day: number): void {
  if (day <= purse.day) return
  purse.day = day
  purse.today = { messages: 0, segments: 0 }
  const month = monthStart(day)
  if (month === purse.month) return
  purse.month = month
  purse.thisMonth = { messages: 0, segments: 0 }
}

function add(used: { messages: number; segments: number }, segments: number, by: 1 | -1): void {
  used.messages += by
  used.segments += by * segments
}

/** As a meter has it: the second alone. */
function rate(perSecond: number): Rates {
  return { perSecond, perMinute: 0, perHour: 0, perDay: 0 }
}

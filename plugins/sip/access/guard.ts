// Who may speak at all, and how fast: ranges that are let in, addresses that are banned since they
// guessed passwords, and requests a second of an address and messages a second of an AOR. (What a
// trunk may send is its bind's policy, `messages.perSecond`.) Memory is bounded: who was quiet
// longest is forgotten first, and there is no timer.
import { networkOf, plainAddress, rangesOf, type Clock } from '../../../src/plugin.ts'
import type { Safety } from '../profile/types.ts'
import { createRecent } from './recent.ts'

export interface Guard {
  /** Not let in, or banned: it gets no answer, not even a refusal. */
  refuses(address: string): boolean
  /** One more request of this address; false: too many. */
  request(address: string): boolean
  /** One more message of this AOR; false: too many. */
  message(aor: string): boolean
  /** Proven to come from this address: a wrong password. True: it is banned from now on. */
  failed(address: string): boolean
}

const mostBuckets = 50_000
const mostFailing = 20_000
/** What may come at once, of what may come in this time. */
const burstMs = 2000

export function createGuard({ safety, clock }: { safety: Safety; clock: Clock }): Guard {
  const allow = rangesOf(safety.allow)
  const deny = rangesOf(safety.deny)
  const isOpen = allow.isEmpty && deny.isEmpty
  const requests = createBuckets(safety.requestsPerSecondPerAddress, clock)
  const messages = createBuckets(safety.messagesPerSecondPerAor, clock)
  const bans = createBans(safety.ban, clock)
  return {
    refuses(given) {
      if (isOpen && bans.none()) return false
      const address = plainAddress(given)
      if (deny.has(address) || (!allow.isEmpty && !allow.has(address))) return true
      return bans.has(networkOf(address))
    },
    request: (address) => requests(networkOf(address)),
    message: messages,
    failed: (address) => bans.failed(networkOf(address)),
  }
}

interface Bucket {
  tokens: number
  at: number
}

/** Token buckets by key; a rate of 0 is no limit. */
function createBuckets(perSecond: number, clock: Clock): (key: string) => boolean {
  if (perSecond <= 0) return () => true
  const most = Math.max(1, (perSecond * burstMs) / 1000)
  const buckets = createRecent<Bucket>(mostBuckets)
  return (key) => {
    const now = clock.now()
    let bucket = buckets.get(key)
    if (!bucket) buckets.set(key, (bucket = { tokens: most, at: now }))
    bucket.tokens = Math.min(most, bucket.tokens + (Math.max(0, now - bucket.at) * perSecond) / 1000)
    bucket.at = now
    if (bucket.tokens < 1) return false
    bucket.tokens--
    return true
  }
}

interface Failing {
  failures: number
  /** The first of them that counts. */
  since: number
  bannedUntil: number
}

function createBans({ failures: most, withinSeconds, forSeconds }: Safety['ban'], clock: Clock) {
  const failing = createRecent<Failing>(mostFailing)
  /** No ban lasts longer than until then. */
  let latest = 0

  return {
    none: () => latest <= clock.now(),
    has(key: string): boolean {
      const it = failing.get(key)
      return it !== undefined && it.bannedUntil > clock.now()
    },
    failed(key: string): boolean {
      if (most <= 0) return false
      const now = clock.now()
      let it = failing.get(key)
      if (!it || now - it.since > withinSeconds * 1000)
        failing.set(key, (it = { failures: 0, since: now, bannedUntil: it?.bannedUntil ?? 0 }))
      it.failures++
      if (it.failures < most) return false
      it.failures = 0
      it.since = now
      it.bannedUntil = now + forSeconds * 1000
      latest = Math.max(latest, it.bannedUntil)
      return true
    },
  }
}

// Who may still try to bind from where. Failed binds of an address cost it time, more with each, and
// after a number of them it is blocked for a while; connections that have not bound are few per
// address (of IPv6, per network). Memory is bounded: the address that was quiet longest is forgotten first.
import { networkOf, type Clock } from '../../../src/plugin.ts'

export interface Guard {
  /** The address is blocked, or has too many connections that are not bound. Else it has a place: call `left` once. */
  enter(address: string): boolean
  /** The connection is bound, or gone. */
  left(address: string): void
  /** A failed bind: how long its answer is to wait, and whether the address is blocked from now on. */
  failed(address: string): { waitMs: number; blocked: boolean }
}

const mostAddresses = 10_000
/** Connections of one address that have not bound. */
const mostUnbound = 50
const firstWaitMs = 250
const longestWaitMs = 8000
/** Failures in a row that block an address. */
const mostFailures = 10
const blockedMs = 10 * 60_000
/** An address without a failure for so long starts afresh. */
const forgivenMs = 15 * 60_000

interface Known {
  unbound: number
  failures: number
  newestAt: number
  blockedUntil: number
}

export function createGuard(clock: Clock): Guard {
  const known = new Map<string, Known>()

  function of(key: string): Known {
    let it = known.get(key)
    if (!it) {
      if (known.size >= mostAddresses) forgetOne()
      it = { unbound: 0, failures: 0, newestAt: 0, blockedUntil: 0 }
    }
    // Moved to the end: the one forgotten first is the one quiet longest.
    known.delete(key)
    known.set(key, it)
    return it
  }

  /** Never one that has connections: they would be counted twice. */
  function forgetOne(): void {
    for (const [address, it] of known) {
      if (it.unbound > 0) continue
      known.delete(address)
      return
    }
  }

  return {
    enter(address) {
      const it = of(networkOf(address))
      if (it.blockedUntil > clock.now() || it.unbound >= mostUnbound) return false
      it.unbound++
      return true
    },
    left(address) {
      const key = networkOf(address)
      const it = known.get(key)
      if (!it) return
      it.unbound--
      if (it.unbound <= 0 && it.failures === 0 && it.blockedUntil <= clock.now()) known.delete(key)
    },
    failed(address) {
      const it = of(networkOf(address))
      const now = clock.now()
      if (now - it.newestAt > forgivenMs) it.failures = 0
      it.newestAt = now
      it.failures++
      const waitMs = Math.min(firstWaitMs * 2 ** (it.failures - 1), longestWaitMs)
      const blocked = it.failures >= mostFailures
      if (blocked) {
        it.failures = 0
        it.blockedUntil = now + blockedMs
      }
      return { waitMs, blocked }
    },
  }
}

// What was answered by UDP, for as long as it may be asked again (Timer J, RFC 3261 §17.2.2): the octets
// of each answer, where they went, and nothing else. At a thousand requests a second there are
// 32,000 of them, so they lie in a few large pieces of memory that the collector never walks: what
// comes first goes first, and one timer sees to all.
import { randomBytes } from 'node:crypto'
import type { Clock } from '../../../../src/plugin.ts'
import type { Way } from './way.ts'
import { timed, type Wheel } from './wheel.ts'

export interface Answered {
  /** Copies the octets. One that is kept already under this key must not be kept again. */
  keep(key: string, octets: Buffer, way: Way): void
  has(key: string): boolean
  /** A copy of what was answered, and where to; undefined: nothing, or it was too long ago. */
  find(key: string): { octets: Buffer; way: Way } | undefined
  size(): number
}

/** One of them: eight numbers in a ring. */
const fields = 8
const [atHash, atMore, atNext, atSlab, atOffset, atLength, atDue] = [0, 1, 2, 3, 4, 5, 6]
const fewest = 256
const slabOctets = 65_536
const nobody = -1

/** What is over is looked for so often, or oftener where little time is given. */
const longestTurnMs = 250

/** Kept for `lifeMs`, and up to two turns longer. */
export function createAnswered({ wheel, clock, lifeMs }: { wheel: Wheel; clock: Clock; lifeMs: number }): Answered {
  // Nobody who does not know the seeds finds two keys of one hash; by chance it is one of 10¹⁴ beside 100,000.
  const seeds = randomBytes(8)
  const [seed, otherSeed] = [seeds.readInt32LE(0), seeds.readInt32LE(4)]
  const turnMs = Math.min(longestTurnMs, Math.max(20, lifeMs / 8))
  let capacity = fewest
  let ring = new Int32Array(capacity * fields)
  /** Newest of each hash; older ones of the same hash by their `next`. */
  let heads = new Int32Array(capacity).fill(nobody)
  let ways: (Way | undefined)[] = Array.from({ length: capacity })
  /** Of the oldest; its place in the ring is this modulo the capacity. */
  let first = 0
  let count = 0
  /** Time as the turns have counted it, whatever the clock was set to; and when that was. */
  let passedMs = 0
  let turnedAt = 0
  let slabs: Buffer[] = []
  /** How many were given up. */
  let slabsGone = 0
  let used = slabOctets
  // Of the key that was hashed last: what is not found is soon kept.
  let hashedKey = ''
  let hash = 0
  let more = 0

  function look(key: string): void {
    if (key === hashedKey) return
    let a = seed
    let b = otherSeed
    for (let i = 0; i < key.length; i++) {
      const code = key.charCodeAt(i)
      a = Math.imul(a ^ code, 0x9e37_79b1)
      b = Math.imul(b ^ code, 0x5f35_6495)
    }
    hashedKey = key
    hash = Math.imul(a ^ (a >>> 16), 0x85eb_ca6b) ^ (b >>> 13)
    more = Math.imul(b ^ (b >>> 16), 0xc2b2_ae35) ^ (a >>> 13)
  }

  function placeOf(key: string): number {
    look(key)
    let at = heads[hash & (capacity - 1)]!
    while (at !== nobody && (ring[at * fields + atHash] !== hash || ring[at * fields + atMore] !== more)) at = ring[at * fields + atNext]!
    return at
  }

  function link(at: number): void {
    const head = ring[at * fields + atHash]! & (capacity - 1)
    ring[at * fields + atNext] = heads[head]!
    heads[head] = at
  }

  function resize(to: number): void {
    const [oldRing, oldWays, mask] = [ring, ways, capacity - 1]
    capacity = to
    ring = new Int32Array(to * fields)
    heads = new Int32Array(to).fill(nobody)
    ways = Array.from({ length: to })
    for (let n = 0; n < count; n++) {
      const from = (first + n) & mask
      const at = (first + n) & (to - 1)
      ring.set(oldRing.subarray(from * fields, (from + 1) * fields), at * fields)
      ways[at] = oldWays[from]
      link(at)
    }
  }

  function roomFor(octets: number): Buffer {
    if (used + octets > (slabs.at(-1)?.length ?? 0)) {
      slabs.push(Buffer.allocUnsafeSlow(Math.max(slabOctets, octets)))
      used = 0
    }
    return slabs.at(-1)!
  }

  function forgetOldest(): void {
    const at = first & (capacity - 1)
    const head = ring[at * fields + atHash]! & (capacity - 1)
    // The oldest of its hash is the last of the chain.
    let before = nobody
    for (let each = heads[head]!; each !== at; each = ring[each * fields + atNext]!) before = each
    if (before === nobody) heads[head] = nobody
    else ring[before * fields + atNext] = nobody
    ways[at] = undefined
    first++
    count--
  }

  function dropSlabs(): void {
    const wanted = count === 0 ? slabsGone + slabs.length : ring[(first & (capacity - 1)) * fields + atSlab]!
    if (wanted === slabsGone) return
    slabs = slabs.slice(wanted - slabsGone)
    slabsGone = wanted
    if (slabs.length === 0) used = slabOctets
  }

  const timer = timed(() => {
    const now = clock.now()
    passedMs = (passedMs + Math.min(Math.max(now - turnedAt, turnMs), 8 * turnMs)) | 0
    turnedAt = now
    // Compared by their distance: they may run over.
    while (count > 0 && ((passedMs - ring[(first & (capacity - 1)) * fields + atDue]!) | 0) >= 0) forgetOldest()
    dropSlabs()
    if (capacity > fewest && count < capacity / 8) resize(Math.max(fewest, capacity / 4))
    if (count > 0) wheel.arm(timer, turnMs)
  })

  return {
    size: () => count,
    has: (key) => placeOf(key) !== nobody,
    find(key) {
      const at = placeOf(key)
      if (at === nobody) return undefined
      const offset = ring[at * fields + atOffset]!
      const slab = slabs[ring[at * fields + atSlab]! - slabsGone]!
      return { octets: Buffer.from(slab.subarray(offset, offset + ring[at * fields + atLength]!)), way: ways[at]! }
    },
    keep(key, octets, way) {
      look(key)
      if (count === capacity) resize(capacity * 2)
      if (count === 0) {
        turnedAt = clock.now()
        wheel.arm(timer, turnMs)
      }
      const slab = roomFor(octets.length)
      slab.set(octets, used)
      const at = (first + count) & (capacity - 1)
      const from = at * fields
      ring[from + atHash] = hash
      ring[from + atMore] = more
      ring[from + atSlab] = slabsGone + slabs.length - 1
      ring[from + atOffset] = used
      ring[from + atLength] = octets.length
      ring[from + atDue] = (passedMs + turnMs + lifeMs) | 0
      ways[at] = way
      used += octets.length
      count++
      link(at)
    },
  }
}

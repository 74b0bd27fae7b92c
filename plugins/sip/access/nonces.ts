// Nonces that need no memory until they are used: time, chance and a MAC over both, the realm and
// the address that asked. So a nonce is of use to nobody else, and a failed answer to one proves
// where it came from: nobody is banned by datagrams that bear another's address. Each count of a
// nonce is taken once; those in use are remembered in bounded memory, and what had to be forgotten
// is stale, never good again.
import { hash, randomBytes, randomFillSync, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../../src/plugin.ts'
import { detached } from '../codec/index.ts'
import { createRecent } from './recent.ts'

export interface Nonces {
  issue(realm: string, address: string): string
  /** ours: issued to this address for this realm. Everything else is none of ours, or no longer. */
  judge(nonce: string, realm: string, address: string): 'ours' | 'expired' | 'foreign'
  /** Takes this count of a nonce of ours whose answer was right. False: it was taken before, or may have been. */
  use(nonce: string, nc: number, realm: string, address: string): boolean
}

const timeOctets = 6
const chanceOctets = 6
const macOctets = 12
const nonceOctets = timeOctets + chanceOctets + macOctets
/** Nonces in use that are remembered. */
const mostInUse = 65_536
/** So many counts below the highest may still come, each once: requests overtake each other. */
const lateCounts = 32

interface InUse {
  issuedAt: number
  address: string
  realm: string
  highest: number
  /** Bit n: highest - n was taken. */
  taken: number
}

export function createNonces(parts: { ttlMs: number; clock: Clock; mostRemembered?: number }): Nonces {
  const { ttlMs, clock } = parts
  const mac = createMac()
  const chance = createChance()
  const realms = new Map<string, string>()
  /** What was issued up to then and is not remembered may have been used. */
  let forgottenUpTo = 0
  const inUse = createRecent<InUse>(parts.mostRemembered ?? mostInUse, (gone) => {
    for (const { issuedAt } of gone) if (issuedAt > forgottenUpTo) forgottenUpTo = issuedAt
  })

  /** The same string for every nonce of a realm. There are as many as the profile has domains: only known users come here. */
  function ownOf(realm: string): string {
    let own = realms.get(realm)
    if (own === undefined) realms.set((own = detached(realm)), own)
    return own
  }

  return {
    issue(realm, address) {
      const octets = Buffer.allocUnsafe(nonceOctets)
      octets.writeUIntBE(clock.now(), 0, timeOctets)
      chance(octets, timeOctets)
      const front = octets.subarray(0, timeOctets + chanceOctets)
      mac(front, realm, address).copy(octets, timeOctets + chanceOctets, 0, macOctets)
      return octets.toString('base64')
    },
    judge(nonce, realm, address) {
      const now = clock.now()
      const known = inUse.get(nonce)
      if (known) {
        if (known.address !== address || known.realm !== realm) return 'foreign'
        return now - known.issuedAt > ttlMs ? 'expired' : 'ours'
      }
      if (nonce.length !== (nonceOctets / 3) * 4) return 'foreign'
      const octets = Buffer.from(nonce, 'base64')
      if (octets.length !== nonceOctets) return 'foreign'
      const front = octets.subarray(0, timeOctets + chanceOctets)
      if (!timingSafeEqual(octets.subarray(timeOctets + chanceOctets), mac(front, realm, address).subarray(0, macOctets))) return 'foreign'
      const issuedAt = octets.readUIntBE(0, timeOctets)
      return now - issuedAt > ttlMs || issuedAt <= forgottenUpTo ? 'expired' : 'ours'
    },
    use(nonce, nc, realm, address) {
      const known = inUse.get(nonce)
      if (known) return take(known, nc)
      const octets = Buffer.from(nonce, 'base64')
      const issuedAt = octets.readUIntBE(0, timeOctets)
      if (issuedAt <= forgottenUpTo) return false
      inUse.set(detached(nonce), { issuedAt, address, realm: ownOf(realm), highest: nc, taken: 1 })
      return true
    },
  }
}

/** HMAC-SHA256 (RFC 2104) of two one-shot hashes, a third of the time that createHmac takes. */
function createMac(): (front: Buffer, realm: string, address: string) => Buffer {
  const blockOctets = 64
  const key = randomBytes(blockOctets)
  const inner = Buffer.from(key.map((octet) => octet ^ 0x36))
  const outer = Buffer.from(key.map((octet) => octet ^ 0x5c))
  return (front, realm, address) => {
    const hashed = hash('sha256', Buffer.concat([inner, front, Buffer.from(`${realm}\n${address}`)]), 'buffer')
    return hash('sha256', Buffer.concat([outer, hashed]), 'buffer')
  }
}

/** Asks the system for many nonces' chance at once. */
function createChance(): (into: Buffer, at: number) => void {
  const pool = Buffer.alloc(chanceOctets * 512)
  let used = pool.length
  return (into, at) => {
    if (used === pool.length) {
      randomFillSync(pool)
      used = 0
    }
    pool.copy(into, at, used, used + chanceOctets)
    used += chanceOctets
  }
}

function take(it: InUse, nc: number): boolean {
  const ahead = nc - it.highest
  if (ahead > 0) {
    it.taken = ahead >= lateCounts ? 1 : (it.taken << ahead) | 1
    it.highest = nc
    return true
  }
  const bit = 1 << -ahead
  if (-ahead >= lateCounts || (it.taken & bit) !== 0) return false
  it.taken |= bit
  return true
}

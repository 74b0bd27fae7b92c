// Names asked once in a while: answers are kept as long as they say, between bounds; those without
// anything in them for a short time; and when no name server answers, what it last said goes on
// being believed for a while. Records come without order: whoever uses them draws anew.
import { promises } from 'node:dns'
import type { Clock } from '../../../src/plugin.ts'

export interface NaptrRecord {
  order: number
  preference: number
  flags: string
  service: string
  replacement: string
}

export interface SrvRecord {
  priority: number
  weight: number
  port: number
  name: string
}

export interface Addressed {
  address: string
  ttl: number
}

/** What is asked of node:dns. Rejects with the code ENOTFOUND or ENODATA where there is none. */
export interface Dns {
  resolveNaptr(name: string): Promise<readonly NaptrRecord[]>
  resolveSrv(name: string): Promise<readonly SrvRecord[]>
  resolve4(name: string, options: { ttl: true }): Promise<readonly Addressed[]>
  resolve6(name: string, options: { ttl: true }): Promise<readonly Addressed[]>
  /** The machine's own names (/etc/hosts). */
  lookup(name: string, options: { all: true }): Promise<readonly { address: string }[]>
}

export interface Names {
  naptr(name: string): Promise<readonly NaptrRecord[]>
  srv(name: string): Promise<readonly SrvRecord[]>
  /** IPv4 first. Also those of the machine's own names. */
  addresses(name: string): Promise<readonly string[]>
}

/** No name server answered. */
export class NamesUnknown extends Error {
  override readonly name = 'NamesUnknown'
}

/** node:dns gives the TTL of addresses only. */
const usualMs = 60_000
const shortestMs = 5_000
const longestMs = 3_600_000
const emptyMs = 15_000
/** How long past its time an answer is believed when nobody answers, asked again this often. */
const staleMs = 3_600_000
const againMs = 5_000
const most = 2000

interface Kept {
  records: readonly unknown[]
  until: number
  staleUntil: number
}

export function createNames(clock: Clock, dns: Dns = promises): Names {
  const kept = new Map<string, Kept>()
  const asking = new Map<string, Promise<readonly unknown[]>>()

  async function asked<T>(key: string, ask: () => Promise<readonly T[]>, ttlMs: (records: readonly T[]) => number): Promise<readonly T[]> {
    const known = kept.get(key)
    if (known && known.until > clock.now()) return known.records as readonly T[]
    let answer = asking.get(key) as Promise<readonly T[]> | undefined
    if (!answer) {
      answer = fresh(key, known, ask, ttlMs).finally(() => asking.delete(key))
      asking.set(key, answer)
    }
    return answer
  }

  async function fresh<T>(
    key: string,
    known: Kept | undefined,
    ask: () => Promise<readonly T[]>,
    ttlMs: (records: readonly T[]) => number,
  ) {
    let records: readonly T[]
    try {
      records = await ask()
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOTFOUND' || code === 'ENODATA') records = []
      else if (known && known.staleUntil > clock.now()) {
        known.until = clock.now() + againMs
        return known.records as readonly T[]
      } else throw new NamesUnknown(`${key}: no name server answers (${code ?? (error as Error).message})`, { cause: error })
    }
    const keepMs = records.length === 0 ? emptyMs : Math.min(longestMs, Math.max(shortestMs, ttlMs(records)))
    if (kept.size >= most) kept.delete(kept.keys().next().value!)
    const until = clock.now() + keepMs
    kept.delete(key)
    kept.set(key, { records, until, staleUntil: until + staleMs })
    return records
  }

  const least = (records: readonly Addressed[]): number => Math.min(...records.map(({ ttl }) => ttl)) * 1000

  return {
    naptr: (name) =>
      asked(
        `NAPTR ${name}`,
        () => dns.resolveNaptr(name),
        () => usualMs,
      ),
    srv: (name) =>
      asked(
        `SRV ${name}`,
        () => dns.resolveSrv(name),
        () => usualMs,
      ),
    async addresses(name) {
      const [v4, v6] = await Promise.allSettled([
        asked(`A ${name}`, () => dns.resolve4(name, { ttl: true }), least),
        asked(`AAAA ${name}`, () => dns.resolve6(name, { ttl: true }), least),
      ])
      const found = [v4, v6].flatMap((each) => (each.status === 'fulfilled' ? each.value.map(({ address }) => address) : []))
      if (found.length > 0) return found
      const own = await asked(
        `own ${name}`,
        () => dns.lookup(name, { all: true }),
        () => usualMs,
      ).catch(() => [])
      if (own.length > 0) return own.map(({ address }) => address)
      if (v4.status === 'rejected') throw v4.reason
      if (v6.status === 'rejected') throw v6.reason
      return []
    },
  }
}

// Who a request is from: HTTP Basic with an account SID and its token. Right credentials are known
// again by their whole header for less than a microsecond; wrong ones are compared in constant time
// and cost their address a delay that grows, in bounded memory.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { accountAsItStands, isWithin, type Configuration } from '../model/configuration.ts'
import type { AccountId } from '../model/message.ts'
import type { Identity } from '../plugin.ts'

export type Identify = (authorization: string | undefined, remoteAddress: string) => Promise<Identity | undefined> | Identity | undefined

export interface IdentifyParts {
  /** The newest snapshot. */
  configuration(): Configuration
  clock: Clock
}

/** `Basic ` and the base64 of a 34-character SID, a colon and 32 hex digits are 98 characters. */
const longestHeader = 512
const mostKnown = 10_000
const mostAddresses = 10_000
/** Failures of an address that cost it nothing: people mistype. */
const freeFailures = 5
const firstDelayMs = 100
const longestDelayMs = 5_000
/** An address without a failure for so long starts afresh. */
const forgivenAfterMs = 15 * 60_000
/** Wrong answers one address may have waiting; above it credentials are refused unread, so that guessing in parallel gains nothing. */
const mostWaiting = 10

interface Known {
  /** The snapshot it was found right on. */
  configuration: Configuration
  identity: Identity
}

interface Failures {
  count: number
  waiting: number
  newest: number
}

export function createIdentify({ configuration, clock }: IdentifyParts): Identify {
  const known = new Map<string, Known>()
  const failures = new Map<string, Failures>()

  return (authorization, remoteAddress) => {
    if (authorization === undefined) return undefined
    const now = configuration()
    const before = known.get(authorization)
    if (before?.configuration === now) return before.identity
    if (before === undefined && tooMany(remoteAddress)) return undefined
    const identity = check(now, authorization)
    if (!identity) {
      known.delete(authorization)
      return fail(remoteAddress)
    }
    // What the address failed at stays: own credentials would else let an account guess at others' for nothing.
    remember(authorization, { configuration: now, identity })
    return identity
  }

  function remember(authorization: string, entry: Known): void {
    if (!known.has(authorization) && known.size >= mostKnown) forgetOldest(known)
    known.set(authorization, entry)
  }

  function tooMany(address: string): boolean {
    return (failures.get(address)?.waiting ?? 0) >= mostWaiting
  }

  /** Undefined, at once or after the address's delay. */
  function fail(address: string): Promise<undefined> | undefined {
    const at = clock.now()
    let entry = failures.get(address)
    if (!entry || (entry.waiting === 0 && at - entry.newest > forgivenAfterMs)) {
      if (!entry && failures.size >= mostAddresses) forgetOldest(failures)
      entry = { count: 0, waiting: 0, newest: at }
    }
    // Moved to the end: the one forgotten first is the one quiet longest.
    failures.delete(address)
    failures.set(address, entry)
    entry.count++
    entry.newest = at
    const over = entry.count - freeFailures
    if (over <= 0) return undefined
    const failed = entry
    failed.waiting++
    return new Promise((resolve) => {
      clock.after(Math.min(firstDelayMs * 2 ** Math.min(over - 1, 16), longestDelayMs), () => {
        failed.waiting--
        resolve(undefined)
      })
    })
  }
}

function forgetOldest(map: Map<string, unknown>): void {
  const oldest = map.keys().next()
  if (!oldest.done) map.delete(oldest.value)
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
/** Compared with where there is no such account, so that the time says nothing about it. */
const nobody = digest('')

function check(configuration: Configuration, authorization: string): Identity | undefined {
  const credentials = basicCredentials(authorization)
  if (!credentials) return undefined
  const account = accountAsItStands(configuration, credentials.user)
  const right = timingSafeEqual(digest(credentials.password), account ? digest(account.token) : nobody)
  if (!account || !right || account.token === '') return undefined
  return { account, may: (other: AccountId) => isWithin(configuration, other, account.id) }
}

/** RFC 7617 §2. Undefined for any other scheme and for what is malformed. */
export function basicCredentials(authorization: string): { user: string; password: string } | undefined {
  if (authorization.length > longestHeader) return undefined
  const base64 = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(authorization)?.[1]
  if (base64 === undefined) return undefined
  const text = Buffer.from(base64, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  return colon < 0 ? undefined : { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

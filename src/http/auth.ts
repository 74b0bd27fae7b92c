// Who a request is from: HTTP Basic with an account SID and a token of it, a key's SID and its secret, or
// test credentials. Right credentials are known again by their whole header for less than a microsecond;
// wrong ones, and right ones from an address that they are not good from, are compared in constant time
// and cost their address a delay that grows, in bounded memory.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { accountAsItStands, isWithin, type Configuration } from '../model/configuration.ts'
import type { Account } from '../model/account.ts'
import { noCredentials, type AccountCredentials, type ApiKey } from '../model/credential.ts'
import type { AccountId } from '../model/message.ts'
import { networkOf, plainAddress, rangesOf, type Ranges } from '../model/network.ts'
import { differing } from '../model/versions.ts'
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
/** Failures of an address, of IPv6 of its network, that cost it nothing: people mistype. */
const freeFailures = 5
const firstDelayMs = 100
const longestDelayMs = 5_000
/** An address without a failure for so long starts afresh. */
const forgivenAfterMs = 15 * 60_000
/** Wrong answers one address may have waiting; above it credentials are refused unread, so that guessing in parallel gains nothing. */
const mostWaiting = 10

interface Known {
  /** What it was found right by: as long as the account's row is this one, and nothing above it moved since, it is. */
  row: Account
  turn: number
  identity: Identity
  /** Where it is good from; undefined: anywhere. */
  from: Ranges | undefined
}

interface Failures {
  count: number
  waiting: number
  newest: number
}

export function createIdentify({ configuration, clock }: IdentifyParts): Identify {
  const known = new Map<string, Known>()
  const failures = new Map<string, Failures>()
  const owners: Owners = { configuration, keys: new Map(), tests: new Map() }
  let seen: Configuration['accounts'] = new Map()
  /** Counts the changes that reach accounts other than the one changed. */
  let turn = 0

  function follow(accounts: Configuration['accounts']): void {
    for (const id of differing(seen, accounts)) {
      const was = seen.get(id)
      const is = accounts.get(id)
      if (was && (was.status !== is?.status || was.parent !== is.parent)) turn++
      if (was?.credentials !== is?.credentials) own(owners, id, was?.credentials, is?.credentials)
    }
    seen = accounts
  }

  const holds = ({ row, turn: foundIn }: Known): boolean => foundIn === turn && seen.get(row.id) === row

  return (authorization, remoteAddress) => {
    if (authorization === undefined) return undefined
    const { accounts } = configuration()
    if (accounts !== seen) follow(accounts)
    const before = known.get(authorization)
    if (before !== undefined && before.from === undefined && holds(before)) return before.identity
    if (before === undefined && tooMany(networkOf(remoteAddress))) return undefined
    const right = before !== undefined && holds(before) ? before : check(owners, authorization, turn)
    if (!right) {
      known.delete(authorization)
      return fail(remoteAddress)
    }
    // What the address failed at stays: own credentials would else let an account guess at others' for nothing.
    if (right !== before) remember(authorization, right)
    return right.from === undefined || right.from.has(plainAddress(remoteAddress)) ? right.identity : fail(remoteAddress)
  }

  function remember(authorization: string, entry: Known): void {
    if (!known.has(authorization) && known.size >= mostKnown) forgetOldest(known)
    known.set(authorization, entry)
  }

  function tooMany(address: string): boolean {
    return (failures.get(address)?.waiting ?? 0) >= mostWaiting
  }

  /** Undefined, at once or after the address's delay. */
  function fail(remoteAddress: string): Promise<undefined> | undefined {
    const address = networkOf(remoteAddress)
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
/** Compared with where there is no such account or second token, so that the time says nothing about it. */
const nobody = digest('')

/** Whose keys and test credentials are, by their SIDs. */
interface Owners {
  configuration: IdentifyParts['configuration']
  keys: Map<string, { account: AccountId; key: ApiKey }>
  tests: Map<AccountId, AccountId>
}

function own({ keys, tests }: Owners, account: AccountId, was: AccountCredentials | undefined, is: AccountCredentials | undefined): void {
  for (const key of was?.keys ?? []) keys.delete(key.id)
  if (was?.test) tests.delete(was.test.id)
  for (const key of is?.keys ?? []) keys.set(key.id, { account, key })
  if (is?.test) tests.set(is.test.id, account)
}

function check(owners: Owners, authorization: string, turn: number): Known | undefined {
  const credentials = basicCredentials(authorization)
  if (!credentials) return undefined
  const given = digest(credentials.password)
  if (credentials.user.startsWith('SK')) return byKey(owners, credentials.user, given, turn)
  const { configuration } = owners
  const row = configuration().accounts.get(credentials.user)
  const { secondary, sources } = row?.credentials ?? noCredentials
  const first = timingSafeEqual(given, row ? digest(row.token) : nobody)
  const second = timingSafeEqual(given, secondary ? digest(secondary.token) : nobody)
  if (!row) return byTest(owners, credentials.user, given, turn)
  if (!(first && row.token !== '') && !(second && secondary)) return undefined
  const identity = { account: standing(owners, row), may: (other: AccountId) => isWithin(configuration(), other, row.id) }
  return { row, turn, identity, from: sourcesOf(sources) }
}

function byKey(owners: Owners, user: string, given: Buffer, turn: number): Known | undefined {
  const found = owners.keys.get(user)
  const right = timingSafeEqual(given, found ? Buffer.from(found.key.hash, 'hex') : nobody)
  const row = found && owners.configuration().accounts.get(found.account)
  if (!found || !right || !row) return undefined
  const { id, kind, allow, sources } = found.key
  const identity = { account: standing(owners, row), may: (other: AccountId) => other === row.id, key: { id, kind, allow: new Set(allow) } }
  return { row, turn, identity, from: sourcesOf(sources) }
}

function byTest(owners: Owners, user: string, given: Buffer, turn: number): Known | undefined {
  const testOf = owners.tests.get(user)
  const row = testOf === undefined ? undefined : owners.configuration().accounts.get(testOf)
  const test = row?.credentials?.test
  const right = timingSafeEqual(given, test ? digest(test.token) : nobody)
  if (testOf === undefined || !row || !test || !right) return undefined
  const { credentials, ...rest } = standing(owners, row)
  // Below its owner, so that nobody takes it for the root account.
  const identity = {
    account: { ...rest, id: test.id, parent: testOf, token: test.token },
    may: (other: AccountId) => other === test.id,
    testOf,
  }
  return { row, turn, identity, from: sourcesOf(credentials?.sources ?? []) }
}

function standing({ configuration }: Owners, row: Account): Account {
  return accountAsItStands(configuration(), row.id) ?? row
}

function sourcesOf(sources: readonly string[]): Ranges | undefined {
  return sources.length === 0 ? undefined : rangesOf(sources)
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

// Puts what was written of an account or a bind on the bench: checked, defaults filled in, masked
// secrets kept. Whatever is wrong becomes a fault, and the rest goes on, so that all faults are told.
import { randomBytes } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { z } from 'zod'
import type { Account, AccountStatus, AlphaSenders, Claims, OptOutSetting } from '../model/account.ts'
import type { Bind, BindPolicy, Side } from '../model/bind.ts'
import { capNames, type Caps } from '../model/caps.ts'
import { isWithin, localBindId } from '../model/configuration.ts'
import type { AccountId, BindId } from '../model/message.ts'
import type { Connector } from '../plugin.ts'
import { after, before, bindsOf, lay, type Bench } from './bench.ts'
import { mask } from './caller.ts'
import { check, show, type Checked } from './faults.ts'
import { grantOf } from './grants.ts'
import { accountInput, bindInput, localId } from './inputs.ts'
import { policy as policySchema } from './policy.ts'
import { isObject, keepMasked, stillMasked, type Path } from './schema.ts'
import { usualAccount, usualBind, usualPolicy } from './usual.ts'

/** Deep trees help nobody, and walking up is bounded. */
const mostLevels = 20
/** The connector of the client bind that every account is given. */
const apiConnector = 'twilio'
export const apiBind = 'api'

export function newToken(): string {
  return randomBytes(16).toString('hex')
}

/** What an account may not change of itself: its parent does. The root account has none above it. */
export const fromAbove = ['status', 'inheritRoutes', 'weight', 'concurrency', 'caps', 'privateWebhooks', 'alphaSenders', 'claims'] as const

/** `parent` for a new account; undefined for the root. */
export function putAccount(bench: Bench, id: AccountId, parent: AccountId | undefined, input: unknown, path: Path): Account | undefined {
  const known = after(bench, 'account', id)
  const checked = checkSecrets(accountInput, input, known, path)
  if ('faults' in checked) {
    bench.faults.push(...checked.faults)
    return undefined
  }
  const {
    cdrUrl,
    optOut,
    alphaSenders,
    claims,
    caps: capsGiven,
    ...fields
  } = Object.fromEntries(Object.entries(checked.value).filter(([, value]) => value !== undefined))
  const fresh: Account = {
    id,
    ...(parent === undefined ? {} : { parent }),
    ...usualAccount,
    name: '',
    createdAt: 0,
    updatedAt: 0,
    token: newToken(),
  }
  const { cdrUrl: oldUrl, optOut: oldOptOut, alphaSenders: oldSenders, claims: oldClaims, caps: oldCaps, ...rest } = known ?? fresh
  const url = (cdrUrl as string | undefined) ?? oldUrl
  const words = (optOut as OptOutSetting | 'inherit' | undefined) ?? oldOptOut
  const caps = capsLaid(oldCaps, capsGiven as Caps | undefined)
  const senders = (alphaSenders as AlphaSenders | 'inherit' | undefined) ?? oldSenders
  const right = (claims as Claims | 'inherit' | undefined) ?? oldClaims
  const account: Account = {
    ...rest,
    ...fields,
    ...(caps ? { caps } : {}),
    ...(url ? { cdrUrl: url } : {}),
    ...(words === undefined || words === 'inherit' ? {} : { optOut: plain(words) }),
    ...(senders === undefined || senders === 'inherit' ? {} : { alphaSenders: senders }),
    ...(right === undefined || right === 'inherit' ? {} : { claims: right }),
  }
  if (account.name === '') account.name = account.parent === undefined ? 'Root account' : id
  if (known && id === bench.caller.account && known.parent !== undefined) {
    for (const field of fromAbove) {
      if (!isDeepStrictEqual(account[field], known[field]))
        bench.faults.push({
          path: [...path, field],
          message: known[field] === undefined ? 'is set by the account above' : `is set by the account above; it is ${show(known[field])}`,
        })
    }
  }
  const status = statusFault(known, account.status)
  if (status) bench.faults.push({ path: [...path, 'status'], message: status })
  if (depth(bench, account) > mostLevels) bench.faults.push({ path, message: `expected at most ${mostLevels} levels of accounts` })
  lay(bench, { kind: 'account', value: account }, path)
  if (!known) makeApiBind(bench, id, path)
  return account
}

/** Without the fields that are undefined: as it is read from the store. */
function plain(setting: OptOutSetting): OptOutSetting {
  return JSON.parse(JSON.stringify(setting)) as OptOutSetting
}

/** Laid over those that it has; 0 takes one away. */
function capsLaid(known: Caps | undefined, given: Caps | undefined): Caps | undefined {
  const laid: Caps = {}
  for (const name of capNames) {
    const most = given?.[name] ?? known?.[name] ?? 0
    if (most > 0) laid[name] = most
  }
  return Object.keys(laid).length > 0 ? laid : undefined
}

function statusFault(known: Account | undefined, next: AccountStatus): string | undefined {
  if (known?.status === 'closed' && next !== 'closed') return `a closed account stays closed, got ${show(next)}`
  if (known && known.parent === undefined && next !== 'active') return `the root account is always active, got ${show(next)}`
  return undefined
}

/** Of an account that was moved: it and all below it are no deeper than any may be. */
export function refuseDeep(bench: Bench, moved: AccountId): void {
  const isTooDeep = [...bench.accounts.values()].some((account) => depth(bench, account) > mostLevels && isWithin(bench, account.id, moved))
  if (isTooDeep) bench.faults.push({ path: ['parent'], message: `expected at most ${mostLevels} levels of accounts` })
}

function depth(bench: Bench, account: Account): number {
  let levels = 1
  for (let at = account.parent; at !== undefined && levels <= mostLevels; at = bench.accounts.get(at)?.parent) levels++
  return levels
}

function makeApiBind(bench: Bench, account: AccountId, path: Path): void {
  if (bench.connectors.has(apiConnector)) putBind(bench, account, apiBind, { name: 'API', connector: apiConnector, side: 'client' }, path)
}

export function putBind(bench: Bench, account: AccountId, id: string, input: unknown, path: Path): void {
  const checked = check(bindInput, input, path)
  if (!localId.safeParse(id).success) {
    bench.faults.push({ path: [...path, 'id'], message: `expected 1–63 letters, digits, dots, dashes or underscores, got ${show(id)}` })
  }
  if ('faults' in checked) bench.faults.push(...checked.faults)
  // The rest is checked too, as far as it can be read, so that every fault is told at once.
  const given = isObject(input) ? input : {}
  const connector = typeof given['connector'] === 'string' ? bench.connectors.get(given['connector']) : undefined
  if (typeof given['connector'] === 'string' && !connector) {
    const known = [...bench.connectors.keys()].toSorted().join(', ')
    bench.faults.push({ path: [...path, 'connector'], message: `expected one of ${known}, got ${show(given['connector'])}` })
  }
  const key: BindId = `${account}/${id}`
  const known = before(bench, 'bind', key)
  const sides = connector ? sidesOf(connector) : []
  const side =
    (given['side'] as Side | undefined) ?? known?.side ?? (sides.length === 1 ? sides[0]! : id === apiBind ? 'client' : 'supplier')
  const defaults = usualPolicy(side)
  const policyGiven = given['policy'] === undefined ? {} : given['policy']
  const policies = isObject(policyGiven) ? check(policySchema, { ...defaults, ...policyGiven }, [...path, 'policy']) : undefined
  if (policies && 'faults' in policies) bench.faults.push(...policies.faults)
  const grant = grantOf(bench, account, given['grant'], [...path, 'grant'], bench.faults)
  if (grant && side === 'client')
    bench.faults.push({ path: [...path, 'grant'], message: 'is for supplier binds: a client bind is for its own account and those above' })
  // A bind with faults is laid too, so that routes to it are no further faults: such a bench is never committed.
  if (!connector) return layBind({}, defaults)
  if (!sides.includes(side)) {
    bench.faults.push({
      path: [...path, 'side'],
      message: `expected ${sides.join(' or ')} for ${connector.name}, got ${show(side)}`,
    })
  }
  if (known && known.connector !== connector.name) {
    bench.faults.push({
      path: [...path, 'connector'],
      message: `is fixed once made: expected ${known.connector}, got ${connector.name}; delete the bind and make another`,
    })
  } else if (known && known.side !== side) {
    bench.faults.push({
      path: [...path, 'side'],
      message: `is fixed once made: expected ${known.side}, got ${side}; delete the bind and make another`,
    })
  }
  const checkedConfig = checkConfig(connector.config[side], given['config'] ?? {}, known, [...path, 'config'], bench)
  const taken = side === 'client' ? claimFault(bench, connector, account, key, checkedConfig) : undefined
  if (taken) bench.faults.push({ path: [...path, 'config'], message: taken })
  layBind(checkedConfig, policies && 'value' in policies ? policies.value : defaults)

  function layBind(config: unknown, policy: BindPolicy): void {
    const { name = id, enabled = usualBind.enabled, paused = known?.paused ?? usualBind.paused } = 'value' in checked ? checked.value : {}
    const connectorName = connector?.name ?? ''
    const value: Bind = {
      id: key,
      account,
      name,
      connector: connectorName,
      side,
      enabled,
      paused,
      policy,
      config,
      createdAt: 0,
      updatedAt: 0,
    }
    lay(bench, { kind: 'bind', value: grant ? { ...value, grant } : value }, path)
  }
}

/** Its peers say by this name which of the account's binds they mean. */
function claimFault(bench: Bench, connector: Connector, account: AccountId, key: BindId, config: unknown): string | undefined {
  const name = config === undefined ? undefined : connector.claim?.(config)
  if (name === undefined) return undefined
  for (const other of bindsOf(bench, account)) {
    if (other.id === key || other.connector !== connector.name || other.side !== 'client') continue
    if (other.config !== undefined && connector.claim?.(other.config) === name)
      return `${show(name)} is the name of ${localBindId(other.id)} already; the peers of one account's binds go by different names`
  }
  return undefined
}

function sidesOf({ config }: Connector): Side[] {
  return (['supplier', 'client'] as const).filter((side) => config[side])
}

/** As `check`, told in plain words of masks that were given back where nothing is stored. */
export function checkSecrets<T>(schema: z.ZodType<T>, given: unknown, stored: unknown, path: Path): Checked<T> {
  const kept = keepMasked(schema, given, stored)
  const checked = check(schema, kept, path)
  const masked = stillMasked(schema, kept).map((at) => [...path, ...at])
  if (masked.length === 0) return checked
  const others = 'faults' in checked ? checked.faults.filter((fault) => !masked.some((at) => isDeepStrictEqual(at, fault.path))) : []
  const message = `expected the secret itself: none is stored that ${mask} could stand for`
  return { faults: [...others, ...masked.map((at) => ({ path: at, message }))] }
}

function checkConfig(schema: z.ZodType | undefined, given: unknown, known: Bind | undefined, path: Path, bench: Bench): unknown {
  if (!schema) return undefined
  const checked = checkSecrets(schema, given, known?.config, path)
  if ('value' in checked) return checked.value
  bench.faults.push(...checked.faults)
  return undefined
}

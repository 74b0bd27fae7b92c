// Puts routes and numbers on the bench: things that refer to binds. A bind is named by its id in the
// account itself, else in the nearest account above that lends it the bind, or by `<account>/<id>`. What is
// not lent is not there: no name finds it, and no fault tells of it.
import { isDeepStrictEqual } from 'node:util'
import type { OwnNumber } from '../model/account.ts'
import type { Bind } from '../model/bind.ts'
import { isWithin, localBindId, type Configuration } from '../model/configuration.ts'
import { parseAddress } from '../model/address.ts'
import type { AccountId } from '../model/message.ts'
import type { Route, RouteTarget } from '../model/route.ts'
import { newSid } from '../ids.ts'
import { lineage, maySendBy } from '../model/grant.ts'
import { dayNames } from '../routing/window.ts'
import { after, before, bindsOf, lay, membersOf, usersOf, type Bench } from './bench.ts'
import { check, show, type Checked, type Placed } from './faults.ts'
import { grantOf } from './grants.ts'
import { claimRight } from './lend.ts'
import { localId, numberInput, routeInput } from './inputs.ts'
import { apiBind } from './put.ts'
import { isObject, keepMasked, type Path } from './schema.ts'
import { trunkOf, usedBind, usedTrunk, type User } from './shelves.ts'

/** `trunks`: the members of each, where they are known by it. */
export type Scope = Pick<Configuration, 'accounts' | 'binds'> & {
  trunks?: { get(trunk: string): Pick<ReadonlyMap<string, Bind>, 'values'> | undefined }
}

/** The bind that a name means in an account, and whether the account may name it at all. */
function findBind(scope: Scope, account: AccountId, name: string): Bind | undefined {
  const line = lineage(scope, account)
  if (name.includes('/')) {
    const full = name.startsWith('root/') ? rootId(scope) + name.slice(4) : name
    const bind = scope.binds.get(full)
    return bind && maySendBy(scope, bind, account) ? bind : undefined
  }
  for (const owner of line) {
    const bind = scope.binds.get(`${owner}/${name}`)
    if (bind && maySendBy(scope, bind, account)) return bind
  }
  return undefined
}

export function rootId(scope: Scope): AccountId | undefined {
  for (const account of scope.accounts.values()) if (account.parent === undefined) return account.id
  return undefined
}

/** `<account>/<trunk>` of the trunk that a name means in an account: the nearest that has a member. */
function findTrunk(scope: Scope, account: AccountId, name: string): string | undefined {
  const line = lineage(scope, account)
  const slash = name.indexOf('/')
  const given = slash < 0 ? undefined : name.startsWith('root/') ? rootId(scope) : name.slice(0, slash)
  const owners = given === undefined ? line : line.includes(given) || isWithin(scope, given, account) ? [given] : []
  const local = name.slice(slash + 1)
  if (local === '') return undefined
  return owners.map((owner) => `${owner}/${local}`).find((id) => membersIn(scope, id).some((bind) => maySendBy(scope, bind, account)))
}

function membersIn({ binds, trunks }: Scope, id: string): Bind[] {
  return trunks ? [...(trunks.get(id)?.values() ?? [])] : [...binds.values()].filter((bind) => trunkOf(bind) === id)
}

/** As it is on the bench. */
export function scopeOf(bench: Bench): Scope {
  const get = (id: string): Map<string, Bind> => new Map(membersOf(bench, id).map((bind) => [bind.id, bind]))
  return { accounts: bench.accounts, binds: bench.binds, trunks: { get } }
}

/** How `account` names a trunk so that it finds it again. */
export function nameTrunk(scope: Scope, account: AccountId, id: string): string {
  const local = localBindId(id)
  return nameAs(scope, account, id, findBind(scope, account, local)?.id ?? findTrunk(scope, account, local))
}

/** How `account` names a bind so that it finds it again. */
export function nameBind(scope: Scope, account: AccountId, id: string): string {
  return nameAs(scope, account, id, findBind(scope, account, localBindId(id))?.id)
}

/** What was lent from above and is no longer keeps the name by which it was known. */
function nameAs(scope: Scope, account: AccountId, id: string, found: string | undefined): string {
  const isPlain = found === id || (found === undefined && !isWithin(scope, id.slice(0, id.indexOf('/')), account))
  return isPlain ? localBindId(id) : id
}

function noBind(bench: Bench, account: AccountId, name: string, side: Bind['side'] | undefined): string {
  const above = lineage(bench, account).flatMap((owner) => bindsOf(bench, owner))
  const known = above.filter((bind) => (side === undefined || bind.side === side) && maySendBy(bench, bind, account))
  const names = [...new Set(known.map((bind) => nameBind(bench, account, bind.id)))].toSorted().slice(0, 20)
  return `expected a ${side ? `${side} ` : ''}bind${names.length > 0 ? ` (${names.join(', ')})` : ', but there is none'}, got ${show(name)}`
}

export function putRoute(bench: Bench, account: AccountId, id: string, input: unknown, path: Path): void {
  const checked = check(routeInput, input, path)
  const faults: Placed[] = 'faults' in checked ? [...checked.faults] : []
  if (!localId.safeParse(id).success) {
    faults.push({ path: [...path, 'id'], message: `expected 1–63 letters, digits, dots, dashes or underscores, got ${show(id)}` })
  }
  const given = isObject(input) ? input : {}
  const to = targetsOf(bench, account, given, path, faults)
  const grant = grantOf(bench, account, given['grant'], [...path, 'grant'], faults)
  const arrival = arrivalOf(bench, account, given['arrival'], path, faults)
  const sender = given['account']
  if (typeof sender === 'string' && !(bench.accounts.has(sender) && isWithin(bench, sender, account))) {
    faults.push({ path: [...path, 'account'], message: `expected ${account} or an account below it, got ${show(sender)}` })
  }
  bench.faults.push(...faults)
  if ('faults' in checked || faults.length > 0) return
  const { name, enabled = true, prefix, kind, time, failoverOnReceipt = false } = checked.value
  const when: Route['when'] = {
    prefix,
    ...(checked.value.sender === undefined ? {} : { sender: checked.value.sender }),
    ...(checked.value.account === undefined ? {} : { account: checked.value.account }),
    ...(arrival === undefined ? {} : { arrival }),
    ...(kind === undefined ? {} : { kind }),
    ...(time
      ? {
          time: {
            days: (time.days ?? []).map((day) => dayNames.indexOf(day)).toSorted((a, b) => a - b),
            from: time.from,
            to: time.to,
            zone: time.zone,
          },
        }
      : {}),
  }
  lay(
    bench,
    { kind: 'route', value: { id, account, name: name ?? id, enabled, when, to, failoverOnReceipt, ...(grant ? { grant } : {}) } },
    path,
  )
}

function targetsOf(bench: Bench, account: AccountId, given: Record<string, unknown>, path: Path, faults: Placed[]): RouteTarget[] {
  const split = isObject(given['split']) ? Object.entries(given['split']) : []
  const to = Array.isArray(given['to']) ? given['to'] : []
  const named = [
    ...split.map(([name, weight]) => ({ name, weight, path: [...path, 'split', name] })),
    ...to.map((name: unknown, i) => ({ name, weight: undefined, path: [...path, 'to', i] })),
  ]
  if (given['split'] === undefined && given['to'] === undefined)
    faults.push({ path: [...path, 'to'], message: 'is missing: expected the binds to try, in order (or split with their shares)' })
  else if (named.length === 0)
    faults.push({ path: [...path, given['to'] === undefined ? 'split' : 'to'], message: 'expected at least one bind' })
  const targets: RouteTarget[] = []
  for (const { name, weight, path: at } of named) {
    if (typeof name !== 'string') continue
    const bind = findBind(bench, account, name)
    const trunk = bind ? undefined : findTrunk(scopeOf(bench), account, name)
    const id = bind?.id ?? trunk
    if (id === undefined) faults.push({ path: at, message: noBind(bench, account, name, 'supplier') })
    else if (targets.some((target) => target.bind === id)) faults.push({ path: at, message: `${show(name)} is named twice` })
    else
      targets.push({
        bind: id,
        ...(trunk === undefined ? {} : { trunk: true as const }),
        ...(typeof weight === 'number' ? { weight } : {}),
      })
  }
  return targets
}

function arrivalOf(bench: Bench, account: AccountId, name: unknown, path: Path, faults: Placed[]): string | undefined {
  if (typeof name !== 'string') return undefined
  const bind = findBind(bench, account, name)
  if (!bind) faults.push({ path: [...path, 'arrival'], message: noBind(bench, account, name, undefined) })
  return bind?.id
}

/** `+15550001111` or a short code, in the one form in which it is kept; undefined for anything else. */
export function numberValue(text: string): string | undefined {
  const address = parseAddress(text)
  return address && address.ton !== 'alphanumeric' ? address.value : undefined
}

export function putNumber(bench: Bench, account: AccountId, number: string, input: unknown, path: Path): void {
  const checked = check(numberInput, input, path)
  const faults: Placed[] = 'faults' in checked ? [...checked.faults] : []
  const given = isObject(input) ? input : {}
  const value = numberValue(number)
  if (value === undefined)
    faults.push({
      path: [...path, 'number'],
      message: `expected a number such as +15550001111, or a short code of 3–8 digits, got ${show(number)}`,
    })
  const known = value === undefined ? undefined : after(bench, 'number', value)
  const own = known?.account === account ? known : undefined
  const mayTake = known === undefined && claimRight(bench, bench.caller.account) === 'any'
  // The same whether somebody has it or not, to whom that says nothing.
  if (value !== undefined && !own && !mayTake)
    faults.push({ path: [...path, 'number'], message: `${value} is not available, or not to this account (claims)` })
  const name = typeof given['bind'] === 'string' ? given['bind'] : apiBind
  const bind = findBind(bench, account, name)
  const usable = bind?.side === 'client' && isWithin(bench, bind.account, account)
  const settings = given['settings'] ?? {}
  if (!usable) faults.push({ path: [...path, 'bind'], message: noBind(bench, account, name, 'client') })
  const fit = usable ? checkSettings(bench, bind, settings, own, [...path, 'settings']) : undefined
  // Both schemas may say the same of one setting.
  if (fit && 'faults' in fit) faults.push(...fit.faults.filter((fault) => !faults.some((old) => isDeepStrictEqual(old.path, fault.path))))
  bench.faults.push(...faults)
  if (faults.length > 0 || value === undefined || !bind || !fit || 'faults' in fit || 'faults' in checked) return
  const title = checked.value.name ?? value
  const id = own?.id ?? newSid('PN')
  const laid: OwnNumber = {
    value,
    account,
    id,
    name: title,
    bind: bind.id,
    settings: fit.value,
    ...(checked.value.optOut === undefined ? {} : { optOut: checked.value.optOut }),
    ...(checked.value.offered ? { offered: true } : {}),
    ...(own?.lent ? { lent: own.lent } : {}),
    createdAt: 0,
    updatedAt: 0,
  }
  lay(bench, { kind: 'number', value: laid }, path)
}

function checkSettings(
  bench: Bench,
  bind: Bind,
  settings: unknown,
  known: OwnNumber | undefined,
  path: Path,
): Checked<Record<string, string>> {
  const connector = bench.connectors.get(bind.connector)
  const schema = connector?.number
  if (schema) return check(schema, keepMasked(schema, settings, known?.settings), path)
  if (!connector || !isObject(settings) || Object.keys(settings).length === 0) return { value: {} }
  return { faults: [{ path, message: `a number that leads to ${bind.connector} has no settings` }] }
}

/** Faults of what is taken away: a bind, or a trunk with its last member, that is still used is refused by what uses it. */
export function checkReferences(bench: Bench): void {
  for (const [name, path] of bench.touched) {
    if (!name.startsWith('bind ')) continue
    const key = name.slice('bind '.length)
    const was = before(bench, 'bind', key)
    const isGone = was !== undefined && !bench.binds.has(key)
    const using = isGone ? usersOf(bench, usedBind(key)) : []
    if (using.length > 0)
      bench.faults.push({ path, message: `${localBindId(key)} cannot be deleted: it is used by ${tellUsers(bench, using)}` })
    const trunk = trunkOf(was)
    if (trunk === undefined || membersOf(bench, trunk).length > 0) continue
    const left = usersOf(bench, usedTrunk(trunk))
    const what = isGone ? 'be deleted' : `leave the trunk ${localBindId(trunk)}`
    const why = `no member would be left of the trunk ${localBindId(trunk)}, which is used by`
    if (left.length > 0) bench.faults.push({ path, message: `${localBindId(key)} cannot ${what}: ${why} ${tellUsers(bench, left)}` })
  }
}

function tellUsers(bench: Bench, using: readonly User[]): string {
  const shown = using.slice(0, 5).map((user) => tellUser(bench, user))
  return shown.join(', ') + (using.length > shown.length ? ` and ${using.length - shown.length} more` : '')
}

function tellUser(bench: Bench, user: User): string {
  if (!isWithin(bench, user.account, bench.caller.account)) return 'an account above'
  const name = bench.accounts.get(user.account)?.name ?? user.account
  return `${'to' in user ? `route ${user.id}` : `number ${user.value}`} of ${name}`
}

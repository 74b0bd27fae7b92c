// Puts routes and numbers on the bench: things that refer to binds, by the names of naming.ts. What is not
// lent is not there: no name finds it, and no fault tells of it.
import { isDeepStrictEqual } from 'node:util'
import type { OwnNumber } from '../model/account.ts'
import type { Bind } from '../model/bind.ts'
import { isWithin, localBindId } from '../model/configuration.ts'
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
import { apiBind, checkSecrets } from './put.ts'
import { findBind, findTrunk, nameBind, scopeOf } from './naming.ts'
import { isObject, type Path } from './schema.ts'
import { trunkOf, usedBind, usedTrunk, type User } from './shelves.ts'
import { usualRoute } from './usual.ts'
import { routeView } from './views.ts'

function noBind(bench: Bench, account: AccountId, name: string, side: Bind['side'] | undefined): string {
  const above = lineage(bench, account).flatMap((owner) => bindsOf(bench, owner))
  const known = above.filter((bind) => (side === undefined || bind.side === side) && maySendBy(bench, bind, account))
  const names = [...new Set(known.map((bind) => nameBind(bench, account, bind.id)))].toSorted().slice(0, 20)
  return `expected a ${side ? `${side} ` : ''}bind${names.length > 0 ? ` (${names.join(', ')})` : ', but there is none'}, got ${show(name)}`
}

export function putRoute(bench: Bench, account: AccountId, id: string, input: unknown, path: Path): void {
  const known = before(bench, 'route', `${account}/${id}`)
  if (known && isAsShown(bench, known, input)) {
    lay(bench, { kind: 'route', value: known }, path)
    return
  }
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
  const { name, enabled = usualRoute.enabled, prefix, kind, time, failoverOnReceipt = usualRoute.failoverOnReceipt } = checked.value
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

/** Put as it is shown it stays, also where what it leads to could not be named any more: a grant was taken back. */
function isAsShown(bench: Bench, known: Route, input: unknown): boolean {
  if (!isObject(input)) return false
  const { id, owner: _owner, ...shown } = routeView(known, scopeOf(bench))
  return isDeepStrictEqual({ ...usualRoute, name: id, ...input }, shown)
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
  if (schema) return checkSecrets(schema, settings, known?.settings, path)
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

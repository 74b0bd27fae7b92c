// An account and all below it as the document that would make them: what is as usual is left out, secrets
// are masked, or named by variables for another gateway. Planned where it was made, it changes nothing.
import { stringify } from 'yaml'
import { isWithin, localBindId, type Configuration } from '../model/configuration.ts'
import type { Account, OwnNumber } from '../model/account.ts'
import type { Bind } from '../model/bind.ts'
import { noCredentials } from '../model/credential.ts'
import type { AccountId } from '../model/message.ts'
import { noResources } from '../model/resource.ts'
import type { Route } from '../model/route.ts'
import type { Exported, ExportOptions } from './admin.ts'
import { mask, Refused, type Caller } from './caller.ts'
import type { ConfigurationRoom } from './configuration.ts'
import { declaredOf } from './declared.ts'
import { apiBind, fromAbove } from './put.ts'
import { rootId, type Scope } from './naming.ts'
import { isObject, mapSecrets, withoutDefaults } from './schema.ts'
import { writtenCredentials } from './keys.ts'
import { inSlices } from './slices.ts'
import { ownPolicy, unusual, usualAccount, usualBind, usualNumber, usualRoute } from './usual.ts'
import { numberView, routeView } from './views.ts'

type Item = Record<string, unknown>

/** `token: ••••`, or the variable that whoever applies it has to set. */
type NameSecret = (of: readonly (string | number)[]) => string

export async function exported(room: ConfigurationRoom, caller: Caller, { account, secrets = 'masked' }: ExportOptions): Promise<Exported> {
  const now = room.current()
  const top = account ?? caller.account
  if (!now.accounts.has(top) || !isWithin(now, top, caller.account)) throw new Refused('absent', `There is no account ${top}.`)
  const variables: string[] = []
  const lines: string[] = []
  const writing: Writing = { room, now, scope: { accounts: now.accounts, binds: now.binds, trunks: room.shelves().trunks }, caller }
  const name = secrets === 'masked' ? () => mask : namer(variables)
  await inSlices(written(writing, top, name), (text) => lines.push(text))
  return { revision: now.revision, document: `${headOf(variables)}${lines.join('')}`, variables }
}

interface Writing {
  room: ConfigurationRoom
  now: Configuration
  scope: Scope
  caller: Caller
}

function headOf(variables: readonly string[]): string {
  if (variables.length === 0)
    return `# Where a secret stands as ${mask}, what is stored stays. On another gateway write the secret itself.\n`
  return `# Secrets are named by variables, which are to be set where this is applied.\n`
}

function namer(variables: string[]): NameSecret {
  const taken = new Set<string>()
  return (of) => {
    const words = of
      .join('_')
      .toUpperCase()
      .replace(/[^A-Z0-9]+/g, '_')
    const base = /^[A-Z_]/.test(words) ? words : `_${words}`
    let name = base
    for (let n = 2; taken.has(name); n++) name = `${base}_${n}`
    taken.add(name)
    variables.push(name)
    return `\${${name}}`
  }
}

/** Below those between it and the caller, of which only the names are told. */
function* written(writing: Writing, top: AccountId, name: NameSecret): Generator<string, undefined> {
  const { now, caller } = writing
  const above: Account[] = []
  for (let at = now.accounts.get(top); at !== undefined && at.id !== caller.account;) {
    at = at.parent === undefined ? undefined : now.accounts.get(at.parent)
    if (at) above.unshift(at)
  }
  let depth = 0
  for (const account of above) {
    yield heading('accounts', depth)
    yield block([{ id: idOf(account), name: plain(account.name) }], depth + 1)
    depth += 2
  }
  yield* accounts(writing, [now.accounts.get(top)!], depth, name)
  return undefined
}

function* accounts(writing: Writing, all: readonly Account[], depth: number, name: NameSecret): Generator<string, undefined> {
  yield heading('accounts', depth)
  for (const account of all) {
    yield block([accountItem(account, writing.caller, name)], depth + 1)
    for (const [section, items] of sections(writing, account, name)) {
      let isFirst = true
      for (const item of items) {
        if (isFirst) yield heading(section, depth + 2)
        isFirst = false
        yield block([item], depth + 3)
      }
    }
    const below = sorted([...(writing.room.shelves().below.get(account.id)?.values() ?? [])], (one) => `${one.name} ${one.id}`)
    if (below.length > 0) yield* accounts(writing, below, depth + 2, name)
  }
  return undefined
}

function* sections(
  writing: Writing,
  { id, name: title, parent, credentials }: Account,
  name: NameSecret,
): Generator<[string, Iterable<Item>], undefined> {
  const { room, now, scope } = writing
  const { shelves, connectors } = room
  const of = parent === undefined ? 'root' : title
  yield ['keys', writtenCredentials(credentials ?? noCredentials).keys.map((key) => plain(key) as Item)]
  const binds = sorted([...(shelves().binds.get(id)?.values() ?? [])], (bind) => bind.id)
  yield ['binds', binds.map((bind) => bindItem(writing, bind, (path) => name([of, localBindId(bind.id), ...path]))).filter(isNoUsualApi)]
  const numbers = sorted([...(shelves().numbers.get(id)?.values() ?? [])], (number) => number.value)
  yield ['numbers', numbers.map((number) => numberItem(writing, number, (path) => name([of, number.value, ...path])))]
  yield ['routes', sorted([...(now.routes.get(id) ?? [])], (route) => route.id).map((route) => routeItem(scope, route))]
  for (const [section, { kind, nameOf, written: itemOf }] of declaredOf(connectors)) {
    const own = [...(now.resources.get(id) ?? noResources).values()].filter((one) => one.kind === kind)
    const items = own.map(({ id: sid, settings, optOut }) => ({
      ...(nameOf(settings) === '' ? {} : { name: nameOf(settings) }),
      id: sid,
      ...itemOf(settings),
      ...(optOut ? { optOut } : {}),
    }))
    yield [section, sorted(items, (item) => `${item.name ?? ''} ${item.id}`).map((item) => plain(item) as Item)]
  }
  return undefined
}

const idOf = ({ id, parent }: Account): string => (parent === undefined ? 'root' : id)

function accountItem(account: Account, caller: Caller, name: NameSecret): Item {
  const {
    id,
    parent,
    token: _token,
    credentials = noCredentials,
    createdAt: _createdAt,
    updatedAt: _updatedAt,
    name: title,
    ...rest
  } = account
  const own = unusual(rest, usualAccount)
  // What is set from above it cannot set again.
  if (id === caller.account && parent !== undefined) for (const field of fromAbove) delete own[field]
  const { tokenSources } = writtenCredentials(credentials)
  return {
    id: idOf(account),
    name: plain(title),
    token: name([parent === undefined ? 'root' : title, 'token']),
    ...(tokenSources ? { tokenSources: [...tokenSources] } : {}),
    ...(plain(own) as Item),
  }
}

function bindItem({ room }: Writing, bind: Bind, name: NameSecret): Item {
  const { id, connector, side, grant } = bind
  const local = localBindId(id)
  const schema = room.connectors.get(connector)?.config[side]
  const config =
    schema && mapSecrets(schema, plain(withoutDefaults(schema, bind.config)), (secret, path) => (secret === '' ? '' : name(path)))
  const policy = ownPolicy(bind)
  return {
    id: local,
    ...(bind.name === local ? {} : { name: plain(bind.name) }),
    connector,
    side,
    ...unusual({ enabled: bind.enabled, paused: bind.paused }, usualBind),
    ...(grant ? { grant: [...grant] } : {}),
    ...(Object.keys(policy).length > 0 ? { policy: plain(policy) } : {}),
    ...(isObject(config) && Object.keys(config).length > 0 ? { config } : {}),
  }
}

/** Every account is given it as it is. */
function isNoUsualApi({ id, name, connector: _connector, side: _side, ...rest }: Item): boolean {
  return id !== apiBind || name !== 'API' || Object.keys(rest).length > 0
}

function numberItem({ room, scope }: Writing, number: OwnNumber, name: NameSecret): Item {
  const { name: title, bind, optOut, offered } = numberView(number, scope, room.connectors)
  const schema = room.connectors.get(scope.binds.get(number.bind)?.connector ?? '')?.number
  const settings = schema ? mapSecrets(schema, plain(withoutDefaults(schema, number.settings)), (_secret, path) => name(path)) : {}
  return {
    number: number.value,
    ...(title === number.value ? {} : { name: plain(title) }),
    ...(bind === apiBind ? {} : { bind: underRoot(scope, bind) }),
    ...(Object.keys(settings as Item).length > 0 ? { settings } : {}),
    ...unusual({ offered, optOut }, usualNumber),
  }
}

function routeItem(scope: Scope, route: Route): Item {
  const { id, owner: _owner, name, account, arrival, split, to, ...rest } = routeView(route, scope)
  const named = (bind: string): string => underRoot(scope, bind)
  return {
    id,
    ...(name === id ? {} : { name: plain(name) }),
    ...(plain(unusual(rest, usualRoute)) as Item),
    ...(account === undefined ? {} : { account: account === rootId(scope) ? 'root' : account }),
    ...(arrival === undefined ? {} : { arrival: named(arrival) }),
    ...(split ? { split: Object.fromEntries(Object.entries(split).map(([bind, weight]) => [named(bind), weight])) } : {}),
    ...(to ? { to: to.map(named) } : {}),
  }
}

/** The root account has another SID on another gateway. */
function underRoot(scope: Scope, bind: string): string {
  const root = `${rootId(scope)}/`
  return bind.startsWith(root) ? `root/${bind.slice(root.length)}` : bind
}

/** Values that look like variables, and are none. */
function plain<T>(value: T): T {
  if (typeof value === 'string') return value.replace(/\$\{(?=[A-Za-z_][A-Za-z0-9_]*\})/g, '$$$${') as T
  if (Array.isArray(value)) return value.map(plain) as T
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, plain(child)])) as T
}

function sorted<T>(list: readonly T[], keyOf: (one: T) => string): T[] {
  const keys = new Map(list.map((one) => [one, keyOf(one)]))
  return list.toSorted((a, b) => (keys.get(a)! < keys.get(b)! ? -1 : 1))
}

const indent = (depth: number): string => '  '.repeat(depth)
const heading = (section: string, depth: number): string => `${indent(depth)}${section}:\n`

/** A part of the document, each by itself: a whole one would hold up everybody. */
function block(value: unknown, depth: number): string {
  const lines = stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }).split('\n')
  return lines.map((line) => (line === '' ? line : indent(depth) + line)).join('\n')
}

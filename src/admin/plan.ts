// Documents: what a YAML text would change, told field by field, and that made true in one change.
// A document says what should be; asking twice changes nothing the second time. It touches only what
// it names, and takes away only with `prune`, only from the sections that it writes.
import { isWithin, localBindId } from '../model/configuration.ts'
import type { Account } from '../model/account.ts'
import type { AccountId } from '../model/message.ts'
import { newSid } from '../ids.ts'
import type { Documents, Plan, PlannedChange, PlanOptions } from './admin.ts'
import { Refused, type Caller } from './caller.ts'
import { differences, take, type Bench } from './bench.ts'
import type { ConfigurationRoom } from './configuration.ts'
import { checkDeclared, declaredOf, pruneDeclared, putDeclared } from './declared.ts'
import { pathText, show, told } from './faults.ts'
import { accountId, accountInput, bindInput, numberInput, routeInput } from './inputs.ts'
import { policy } from './policy.ts'
import { plannedChange } from './planned.ts'
import { pruneKeys, putKey, putTokenSources } from './keys.ts'
import { apiBind, putAccount, putBind } from './put.ts'
import { giveUp } from './lend.ts'
import { read as readText, type Reading } from './reading.ts'
import { rootId } from './naming.ts'
import { checkReferences, numberValue, putNumber, putRoute } from './refer.ts'
import { exported } from './exported.ts'
import { fitText, isObject, type Path } from './schema.ts'
import { inSlices } from './slices.ts'

export function createDocuments(room: ConfigurationRoom): Documents {
  const benches = new WeakMap<Plan, Bench>()

  async function planned(caller: Caller, { value, faults, lines }: Reading, prune: boolean): Promise<Plan> {
    const bench = room.bench(caller)
    if (value !== undefined || faults.length === 0) await inSlices(putDocument(bench, value, prune))
    checkReferences(bench)
    // What a missing variable stands for is no fault of its own.
    const missing = new Set(faults.map((fault) => pathText(fault.path)))
    const others = bench.faults.splice(0).filter((fault) => fault.path.length === 0 || !missing.has(pathText(fault.path)))
    for (const fault of [...faults, ...others]) bench.faults.push(fault)
    const written = await lines(bench.faults.map(({ path }) => path))
    const changes: PlannedChange[] = []
    if (bench.faults.length === 0) await inSlices(differences(bench), (difference) => changes.push(plannedChange(bench, difference)))
    const plan: Plan = { revision: bench.base.revision, changes, faults: told(bench.faults, written) }
    benches.set(plan, bench)
    return plan
  }

  const isWhole = (plan: Plan): Plan => {
    if (plan.faults.length > 0) throw new Refused('invalid', 'The document has faults; nothing was changed.', plan.faults)
    return plan
  }

  async function reading<T>(text: string, variables: PlanOptions['variables'], work: (read: Reading) => Promise<T>): Promise<T> {
    const read = await readText(text, variables)
    try {
      return await work(read)
    } finally {
      await read.close()
    }
  }

  return {
    export: (caller, options) => exported(room, caller, options),
    plan: (caller, text, { variables, prune = false }) => reading(text, variables, (read) => planned(caller, read, prune)),
    async apply(caller, plan) {
      const bench = benches.get(plan)
      if (!bench || bench.caller.account !== caller.account) throw new Refused('absent', 'There is no such plan.')
      isWhole(plan)
      const { revision } = await room.commit({ ...bench, caller })
      return { revision, changes: plan.changes }
    },
    make: (caller, text, { variables, prune = false, expected }) =>
      reading(text, variables, (read) =>
        room.alone(async (commit) => {
          const plan = isWhole(await planned(caller, read, prune))
          if (expected !== undefined && expected !== plan.revision)
            throw new Refused('conflict', `The newest revision is ${plan.revision}, not ${expected}; nothing was changed.`)
          const { revision } = await commit(benches.get(plan)!)
          return { revision, changes: plan.changes }
        }),
      ),
  }
}

interface Named {
  account: AccountId
  path: Path
  node: Record<string, unknown>
}

const sections = ['accounts', 'binds', 'keys', 'numbers', 'routes', 'tokenSources'] as const
const accountFields = ['id', ...Object.keys(accountInput.shape), ...sections]
/** With what connectors declare. */
const fieldsOf = ({ connectors }: Bench): string[] => [...accountFields, ...declaredOf(connectors).keys()]

/** What the document names, and who may be meant by a name: looked up, since a document may have ten thousand accounts. */
interface Naming {
  named: Named[]
  ids: Set<AccountId>
  /** By parent and name; some may have another by now. */
  byName: Map<string, Set<AccountId>>
  /** That an account may have in a document. */
  fields: readonly string[]
}

/** What is done to the bench, a step at a time. */
type Steps = Generator<void, undefined>

const nameKey = (parent: AccountId | undefined, name: string): string => `${parent ?? ''} ${name}`

function remember({ byName }: Naming, { id, parent, name }: Account): void {
  const key = nameKey(parent, name)
  const known = byName.get(key)
  if (known) known.add(id)
  else byName.set(key, new Set([id]))
}

function* putDocument(bench: Bench, value: unknown, prune: boolean): Steps {
  if (!isObject(value)) {
    bench.faults.push({
      path: [],
      message: `expected a mapping with accounts, got ${value === null || value === undefined ? 'nothing' : show(value)}`,
    })
    return
  }
  onlyFields(bench, value, ['accounts'], [])
  if (value['accounts'] === undefined) bench.faults.push({ path: ['accounts'], message: 'is missing: expected a list of accounts' })
  const all: Naming = { named: [], ids: new Set(), byName: new Map(), fields: fieldsOf(bench) }
  // Of others than the bench changes: what it lays is remembered as it goes.
  for (const account of bench.base.accounts.values()) {
    remember(all, account)
    yield
  }
  const { named } = all
  yield* putAccounts(bench, value['accounts'], ['accounts'], undefined, all)
  // Routes and numbers may lead to any bind of the document, so all binds are there first.
  for (const { account, node, path } of named) {
    if (node['tokenSources'] !== undefined) putTokenSources(bench, account, node['tokenSources'], [...path, 'tokenSources'])
    yield* each(bench, node['keys'], [...path, 'keys'], 'name', (name, item, at) => putKey(bench, account, name, item, at))
    yield* each(bench, node['binds'], [...path, 'binds'], 'id', (id, item, at) => putBind(bench, account, id, fitBind(bench, item), at))
  }
  for (const { account, node, path } of named) {
    yield* each(bench, node['numbers'], [...path, 'numbers'], 'number', (number, item, at) =>
      putNumber(bench, account, number, fitText(numberInput, item), at),
    )
    yield* each(bench, node['routes'], [...path, 'routes'], 'id', (id, item, at) =>
      putRoute(bench, account, id, fitText(routeInput, fullAccount(bench, item)), at),
    )
    for (const [section, declared] of declaredOf(bench.connectors)) {
      const at = [...path, section]
      yield* each(bench, node[section], at, 'name', (name, item, place) => putDeclared(bench, declared, account, name, item, place))
      if (node[section] !== undefined) checkDeclared(bench, declared, account, at)
    }
  }
  for (const one of prune ? named : []) {
    pruneAccount(bench, one)
    yield
  }
  return undefined
}

function* putAccounts(bench: Bench, value: unknown, path: Path, parent: AccountId | undefined, all: Naming): Steps {
  if (value === undefined) return
  if (!Array.isArray(value)) {
    bench.faults.push({ path, message: `expected a list, got ${show(value)}` })
    return
  }
  for (const [i, node] of (value as unknown[]).entries()) {
    yield
    const at = [...path, i]
    if (!isObject(node)) {
      bench.faults.push({ path: at, message: `expected a mapping, got ${show(node)}` })
      continue
    }
    onlyFields(bench, node, all.fields, at)
    const found = findAccount(bench, node, at, parent, all)
    // What is in an account that is not there is still looked at, for its own faults.
    const id = found ?? `unknown ${all.named.length}`
    const fields = Object.fromEntries(Object.entries(node).filter(([key]) => Object.hasOwn(accountInput.shape, key)))
    if (all.ids.has(id))
      bench.faults.push({ path: at, message: `${typeof node['id'] === 'string' ? `account ${id}` : show(node['name'])} is named twice` })
    else if (found !== undefined && (Object.keys(fields).length > 0 || !bench.accounts.has(id))) {
      const put = putAccount(bench, id, parent ?? bench.caller.account, fitText(accountInput, fields), at)
      if (put) remember(all, put)
    }
    all.named.push({ account: id, path: at, node })
    all.ids.add(id)
    yield* putAccounts(bench, node['accounts'], [...at, 'accounts'], id, all)
  }
}

/** By its id, or without one by its name below its parent; a name that is not there yet is a new account. */
function findAccount(
  bench: Bench,
  node: Record<string, unknown>,
  path: Path,
  parent: AccountId | undefined,
  all: Naming,
): AccountId | undefined {
  const { id, name } = node
  const { accounts } = bench
  if (id === undefined) {
    if (typeof name !== 'string' || name === '') {
      bench.faults.push({ path, message: 'expected an id (root, or AC and 32 hex digits), or a name' })
      return undefined
    }
    const above = parent ?? bench.caller.account
    const same = [...(all.byName.get(nameKey(above, name)) ?? [])]
      .flatMap((one) => accounts.get(one) ?? [])
      .filter((account) => account.parent === above && account.name === name && account.status !== 'closed')
    if (same.length > 1)
      bench.faults.push({
        path: [...path, 'name'],
        message: `there are ${same.length} accounts named ${show(name)}: expected an id as well`,
      })
    return same[0]?.id ?? newSid('AC')
  }
  const meant = id === 'root' ? rootId(bench) : id
  if (typeof meant === 'string' && accounts.has(meant) && isWithin(bench, meant, bench.caller.account)) {
    const actual = accounts.get(meant)!.parent
    if (parent !== undefined && actual !== parent)
      bench.faults.push({ path: [...path, 'id'], message: `${meant} is below another account` })
    return meant
  }
  // Nested and unknown: a new account whose id was chosen beforehand.
  const chosen = accountId.safeParse(id)
  if (parent !== undefined && chosen.success && !accounts.has(chosen.data)) return chosen.data
  const shape = id === 'root' ? 'root' : chosen.data
  bench.faults.push({
    path: [...path, 'id'],
    message: shape ? `there is no account ${shape}` : `expected root, or AC and 32 lowercase hex digits, got ${show(id)}`,
  })
  return undefined
}

function* each(
  bench: Bench,
  value: unknown,
  path: Path,
  key: string,
  put: (id: string, item: Record<string, unknown>, path: Path) => void,
): Steps {
  if (value === undefined) return
  if (!Array.isArray(value)) {
    bench.faults.push({ path, message: `expected a list, got ${show(value)}` })
    return
  }
  const seen = new Set<string>()
  for (const [i, item] of (value as unknown[]).entries()) {
    yield
    const at = [...path, i]
    if (!isObject(item)) {
      bench.faults.push({ path: at, message: `expected a mapping, got ${show(item)}` })
      continue
    }
    const { [key]: id, ...rest } = item
    // What is known by its name may be known by its id: then the name may be another's too, or none.
    if (key === 'name' && typeof rest['id'] === 'string' && (id === undefined || typeof id === 'string')) {
      if (seen.has(rest['id'])) bench.faults.push({ path: [...at, 'id'], message: `${show(rest['id'])} is there twice` })
      seen.add(rest['id'])
      put(id ?? '', rest, at)
      continue
    }
    if (typeof id !== 'string') {
      const expected = key === 'number' ? 'a number in quotes, such as "+15550001111"' : key === 'name' ? 'a name' : 'an id'
      bench.faults.push({
        path: [...at, key],
        message: id === undefined ? `is missing: expected ${expected}` : `expected ${expected}, got ${show(id)}`,
      })
    } else if (seen.has(id)) bench.faults.push({ path: [...at, key], message: `${show(id)} is there twice` })
    const name = typeof id === 'string' ? id : `unknown${i}`
    seen.add(name)
    put(key === 'number' && typeof id !== 'string' ? '+15550001111' : name, rest, at)
  }
}

function onlyFields(bench: Bench, node: Record<string, unknown>, known: readonly string[], path: Path): void {
  for (const key of Object.keys(node)) {
    if (!known.includes(key))
      bench.faults.push({
        path: [...path, key],
        message: `there is no such field; there ${known.length === 1 ? 'is' : 'are'} ${known.toSorted().join(', ')}`,
      })
  }
}

function fitBind(bench: Bench, item: Record<string, unknown>): unknown {
  const connector = typeof item['connector'] === 'string' ? bench.connectors.get(item['connector']) : undefined
  const fitted = fitText(bindInput, item) as Record<string, unknown>
  const config = item['config']
  // Before its side is known to fit: whatever schema has the field says what its text may be.
  const schema = connector?.config[item['side'] === 'client' || !connector.config.supplier ? 'client' : 'supplier']
  return {
    ...fitted,
    ...(isObject(item['policy']) ? { policy: fitText(policy, item['policy']) } : {}),
    ...(schema && isObject(config) ? { config: fitText(schema, config) } : {}),
  }
}

/** A condition on `root` means the root account. */
function fullAccount(bench: Bench, item: Record<string, unknown>): Record<string, unknown> {
  if (item['account'] !== 'root') return item
  return { ...item, account: rootId(bench) }
}

function pruneAccount(bench: Bench, { account, node, path }: Named): void {
  const written = (section: string, key: string): Set<unknown> | undefined => {
    const list = node[section]
    return Array.isArray(list) ? new Set(list.map((item: unknown) => (isObject(item) ? item[key] : undefined))) : undefined
  }
  for (const [section, declared] of declaredOf(bench.connectors)) {
    const items = node[section]
    if (Array.isArray(items)) pruneDeclared(bench, declared, account, items, [...path, section])
  }
  const keys = node['keys']
  if (Array.isArray(keys)) pruneKeys(bench, account, keys, [...path, 'keys'])
  const routes = written('routes', 'id')
  const numbers = written('numbers', 'number')
  const binds = written('binds', 'id')
  const { shelves } = bench
  if (routes)
    for (const { id } of bench.base.routes.get(account) ?? [])
      if (!routes.has(id)) take(bench, 'route', `${account}/${id}`, [...path, 'routes'])
  if (numbers) {
    const values = new Set([...numbers].map((number) => (typeof number === 'string' ? numberValue(number) : undefined)))
    for (const value of shelves.numbers.get(account)?.keys() ?? []) if (!values.has(value)) giveUp(bench, value, [...path, 'numbers'])
  }
  if (binds) {
    for (const bind of shelves.binds.get(account)?.keys() ?? []) {
      const id = localBindId(bind)
      if (!binds.has(id) && id !== apiBind) take(bench, 'bind', bind, [...path, 'binds'])
    }
  }
}

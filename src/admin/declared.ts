// What a document declares of a connector's resources (messaging services, Applications): each known by its name in its
// account, or by an id of the document's own choice, made or laid anew as the document has it.
import type { AccountId } from '../model/message.ts'
import { noResources, type Resource } from '../model/resource.ts'
import { newSid } from '../ids.ts'
import type { Connector, Declared } from '../plugin.ts'
import { after, lay, take, type Bench } from './bench.ts'
import { check, show } from './faults.ts'
import { declaredInput } from './inputs.ts'
import { mostResources } from './resources.ts'
import { fitText, isObject, type Path } from './schema.ts'

/** By the name of the list in which an account has them. */
export function declaredOf(connectors: ReadonlyMap<string, Connector>): ReadonlyMap<string, Declared> {
  return new Map([...connectors.values()].flatMap(({ declares }) => Object.entries(declares ?? {})))
}

const longestName = 64

const allOf = (bench: Bench, account: AccountId) => bench.resources.get(account) ?? noResources

export function putDeclared(bench: Bench, declared: Declared, account: AccountId, name: string, item: unknown, path: Path): void {
  const { kind, prefix, nameOf } = declared
  const isNamed = name.trim() !== '' || (declared.nameless && isObject(item) && item['id'] !== undefined)
  if (!isNamed || name.length > longestName)
    bench.faults.push({ path: [...path, 'name'], message: `expected 1–${longestName} characters, got ${show(name)}` })
  const schema = declared.item.extend(declaredInput(declared).shape)
  const checked = check(schema, fitText(schema, item), path)
  if ('faults' in checked) {
    bench.faults.push(...checked.faults)
    return
  }
  const { id: asked, optOut, ...given } = checked.value as { id?: string; optOut?: Resource['optOut'] | 'inherit' }
  const all = allOf(bench, account)
  const same = [...all.values()].filter((one) => one.kind === kind && nameOf(one.settings) === name)
  if (asked === undefined && same.length > 1)
    bench.faults.push({ path: [...path, 'name'], message: `there are ${same.length} named ${show(name)}: expected an id as well` })
  const id = asked ?? same[0]?.id ?? newSid(prefix)
  const was = all.get(id)
  if (!was && all.size >= mostResources)
    bench.faults.push({ path, message: `expected at most ${mostResources} things of this kind in an account` })
  const settings = declared.settings(
    {
      name,
      item: given,
      was,
      now: bench.now,
      number(value) {
        const number = after(bench, 'number', value)
        return number?.account === account ? number : undefined
      },
    },
    (at, message) => bench.faults.push({ path: [...path, ...at], message }),
  )
  const value: Resource = { id, account, kind, settings, createdAt: 0, updatedAt: 0 }
  if (optOut !== undefined && optOut !== 'inherit') value.optOut = optOut
  lay(bench, { kind: 'resource', value }, path)
}

/** What cannot be beside the others of its account, once all are there. */
export function checkDeclared(bench: Bench, declared: Declared, account: AccountId, path: Path): void {
  for (const message of declared.faults?.(allOf(bench, account)) ?? []) bench.faults.push({ path, message })
}

/** Takes away those that are not among `items`. */
export function pruneDeclared(bench: Bench, { kind, nameOf }: Declared, account: AccountId, items: readonly unknown[], path: Path): void {
  const named = new Set(items.flatMap((item) => (isObject(item) ? [item['id'] ?? item['name']] : [])))
  for (const { id, kind: own, settings } of bench.base.resources.get(account)?.values() ?? [])
    if (own === kind && !named.has(id) && !named.has(nameOf(settings))) take(bench, 'resource', `${account}/${id}`, path)
}

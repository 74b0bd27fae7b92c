// A difference told field by field, secrets masked: what people read before they say yes.
import { isDeepStrictEqual } from 'node:util'
import type { z } from 'zod'
import { localBindId } from '../model/configuration.ts'
import type { Bind } from '../model/bind.ts'
import type { AccountCredentials } from '../model/credential.ts'
import type { FieldChange, PlannedChange } from './admin.ts'
import { mask } from './caller.ts'
import type { Bench, Difference, Thing } from './bench.ts'
import type { RevisionChange } from '../store/store.ts'
import { pathText } from './faults.ts'
import { defaultAt, isObject, isSecretAt, type Path } from './schema.ts'
import { nameBind, scopeOf } from './naming.ts'
import { ownPolicy, usualAccount, usualBind, usualNumber, usualRoute } from './usual.ts'
import { routeView } from './views.ts'

/** One field of a thing. */
interface Field {
  path: Path
  value: unknown
  secret: boolean
  /** Not worth a line when the thing is new. */
  usual: boolean
}

export function plannedChange(bench: Bench, difference: Difference): PlannedChange {
  const { kind, before, after } = difference
  const was = before && ({ kind, value: before } as Thing)
  // What an account gives back is gone for it, whoever has it then.
  const gone = before && after && 'account' in before && 'account' in after && before.account !== after.account
  const is = after && !gone ? ({ kind, value: after } as Thing) : undefined
  const thing = (is ?? was)!
  const account = thing.kind === 'account' ? thing.value.id : thing.value.account
  const id = thing.kind === 'number' ? thing.value.value : thing.kind === 'bind' ? localBindId(thing.value.id) : thing.value.id
  const name = bench.accounts.get(account)?.name ?? bench.base.accounts.get(account)?.name ?? account
  return {
    change: was ? (is ? 'update' : 'delete') : 'create',
    kind,
    what: kind === 'account' ? `account ${name}` : `${kind} ${id} of ${name}`,
    account,
    id,
    fields: is ? changed(was ? fieldsOf(bench, was) : [], fieldsOf(bench, is), was === undefined) : [],
  }
}

/** As it is kept of a change: also what was taken away, and both sides of what goes from one account to another. */
export function toldChanges(bench: Bench, difference: Difference): RevisionChange[] {
  const { kind, key, before, after } = difference
  if (before && after && 'account' in before && 'account' in after && before.account !== after.account)
    return [...toldChanges(bench, { kind, key, before }), ...toldChanges(bench, { kind, key, after })]
  const { kind: _kind, fields, ...planned } = plannedChange(bench, difference)
  const lost = before && !after ? changed(fieldsOf(bench, { kind, value: before } as Thing), [], false) : []
  const told = { ...planned, by: bench.caller.account, fields: [...fields, ...lost].map(keptField) }
  return [{ kind, key, change: after ? 'put' : 'delete', told }]
}

/** Kept for good, so none is long. */
const longestKept = 2000
/** The user part of a URL, which may hold a password; in JSON. */
const userOfUrl = /([a-z][a-z0-9+.-]*:\/\/)[^/?#"\\\s]*@/gi

function keptField({ field, ...values }: FieldChange): FieldChange {
  const kept = Object.entries(values).map(([side, value]: [string, unknown]) => [side, keptValue(value)])
  return { field, ...(Object.fromEntries(kept) as Omit<FieldChange, 'field'>) }
}

function keptValue(value: unknown): unknown {
  const json = JSON.stringify(value)
  if (json.length <= longestKept) return JSON.parse(json.replaceAll(userOfUrl, `$1${mask}@`))
  return Array.isArray(value) ? `a list of ${value.length}, too long to keep` : `${json.length} characters, too long to keep`
}

function changed(before: Field[], after: Field[], isNew: boolean): FieldChange[] {
  const old = new Map(before.map((field) => [pathText(field.path), field]))
  const fresh = new Map(after.map((field) => [pathText(field.path), field]))
  return [...new Set([...old.keys(), ...fresh.keys()])].flatMap((field): FieldChange[] => {
    const [was, is] = [old.get(field), fresh.get(field)]
    if (isDeepStrictEqual(was?.value, is?.value) || (isNew && is?.usual) || (after.length === 0 && was?.usual)) return []
    return [{ field, ...shown('before', was), ...shown('after', is) }]
  })
}

function shown(key: 'before' | 'after', field: Field | undefined): FieldChange | Record<string, never> {
  if (!field || field.value === undefined) return {}
  return { [key]: field.secret && field.value !== '' ? mask : field.value } as Record<string, never>
}

function fieldsOf(bench: Bench, thing: Thing): Field[] {
  const plain = (record: object, usual: Record<string, unknown> = {}): Field[] =>
    Object.entries(record).map(([key, value]) => ({
      path: [key],
      value: value as unknown,
      secret: false,
      usual: Object.hasOwn(usual, key) && isDeepStrictEqual(usual[key], value),
    }))
  switch (thing.kind) {
    case 'account': {
      const { id: _id, createdAt: _createdAt, updatedAt: _updatedAt, token, credentials, ...rest } = thing.value
      return [...plain(rest, usualAccount), { path: ['token'], value: token, secret: true, usual: false }, ...credentialFields(credentials)]
    }
    case 'bind': {
      const { name, connector, side, enabled, paused, grant } = thing.value
      const schema = bench.connectors.get(connector)?.config[side]
      return [
        ...plain(
          { connector, side, name, enabled, paused, ...(grant ? { grant } : {}) },
          { ...usualBind, name: localBindId(thing.value.id) },
        ),
        ...policyFields(thing.value),
        ...leaves(schema, thing.value.config, ['config'], []),
      ]
    }
    case 'route': {
      const { id: _id, owner: _owner, ...rest } = routeView(thing.value, scopeOf(bench))
      return plain(rest, { ...usualRoute, name: thing.value.id })
    }
    case 'resource':
      return plain({ kind: thing.value.kind, ...thing.value.settings, optOut: thing.value.optOut }, { optOut: undefined })
    case 'number': {
      const schema = bench.connectors.get(bench.binds.get(thing.value.bind)?.connector ?? '')?.number
      const bind = nameBind(bench, thing.value.account, thing.value.bind)
      return [
        ...plain(
          { name: thing.value.name, bind, optOut: thing.value.optOut, offered: thing.value.offered ?? false },
          { ...usualNumber, name: thing.value.value, optOut: undefined },
        ),
        ...leaves(schema, thing.value.settings, ['settings'], []),
      ]
    }
  }
}

/** Of a key's hash only that it is another. */
function credentialFields(of: AccountCredentials | undefined): Field[] {
  if (!of) return []
  const { secondary, test, sources, keys } = of
  const secret = (name: string, value: string | undefined): Field[] =>
    value === undefined ? [] : [{ path: [name], value, secret: true, usual: false }]
  return [
    ...secret('secondaryToken', secondary?.token),
    ...secret('testToken', test?.token),
    { path: ['tokenSources'], value: sources, secret: false, usual: sources.length === 0 },
    ...keys.flatMap(({ id, name, kind, allow, sources: from, hash }): Field[] => [
      { path: ['keys', id], value: { name, kind, allow, sources: from }, secret: false, usual: false },
      { path: ['keys', id, 'secret'], value: hash, secret: true, usual: true },
    ]),
  ]
}

function policyFields(bind: Bind): Field[] {
  const own = ownPolicy(bind)
  return Object.entries(bind.policy).map(([key, value]) => ({
    path: ['policy', key],
    value,
    secret: false,
    usual: !Object.hasOwn(own, key),
  }))
}

function leaves(schema: z.ZodType | undefined, value: unknown, at: Path, path: Path): Field[] {
  if (isObject(value) && !(schema && isSecretAt(schema, path))) {
    return Object.entries(value).flatMap(([key, child]) => leaves(schema, child, at, [...path, key]))
  }
  // Without its schema nobody knows what is secret.
  const secret = schema === undefined || isSecretAt(schema, path)
  return [{ path: [...at, ...path], value, secret, usual: schema !== undefined && isDeepStrictEqual(defaultAt(schema, path), value) }]
}

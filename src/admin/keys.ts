// API keys and the addresses that tokens are good from, as a document has them. A key is known by its name in its
// account, or by its SID. Of its secret a document has the hash, which is of 190 random bits and tells nothing: so a
// key goes to another gateway and stays as good as it was. One that is made here is given its secret, by a variable.
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { newSid } from '../ids.ts'
import { noCredentials, type AccountCredentials, type ApiKey } from '../model/credential.ts'
import type { AccountId } from '../model/message.ts'
import { after, lay, type Bench } from './bench.ts'
import { faultsOfKey, faultsOfSources, hashOf, keyInput, mostKeys, secretLength, sourcesInput } from './credentials.ts'
import { check, show } from './faults.ts'
import { chosenSid } from './inputs.ts'
import { fitText, isObject, type Path } from './schema.ts'

export const documentKey = keyInput.omit({ name: true }).extend({
  id: chosenSid('SK'),
  kind: z.enum(['main', 'standard', 'restricted']).optional(),
  secret: z
    .string()
    .regex(new RegExp(`^[A-Za-z0-9]{${secretLength},64}$`), `expected ${secretLength} to 64 letters and digits`)
    .optional()
    .meta({ secret: true }),
  secretHash: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'expected the SHA-256 of the secret, 64 lowercase hex digits')
    .optional(),
})

const longestName = 64

/** Of other accounts than the one that asks: looked up once a bench. */
const owners = new WeakMap<Bench, Map<string, AccountId>>()

function ownerOf(bench: Bench, id: string): AccountId | undefined {
  let all = owners.get(bench)
  if (!all) {
    all = new Map()
    for (const { id: account, credentials } of bench.accounts.values()) for (const key of credentials?.keys ?? []) all.set(key.id, account)
    owners.set(bench, all)
  }
  return all.get(id)
}

export function putKey(bench: Bench, account: AccountId, name: string, item: unknown, path: Path): void {
  const known = after(bench, 'account', account)
  const found = check(documentKey, fitText(documentKey, item), path)
  if ('faults' in found) bench.faults.push(...found.faults)
  if ('faults' in found || !known) return
  const { id: asked, kind: wanted, allow = [], sources = [], secret, secretHash } = found.value
  const credentials = known.credentials ?? noCredentials
  const fault = (field: string, message: string): void => void bench.faults.push({ path: [...path, field], message })
  if (name.length > longestName) fault('name', `expected at most ${longestName} characters, got ${show(name)}`)
  const same = credentials.keys.filter((key) => (asked === undefined ? key.name === name : key.id === asked))
  if (same.length > 1) fault('name', `there are ${same.length} keys named ${show(name)}: expected an id as well`)
  const was = same[0]
  const kind = wanted ?? was?.kind ?? 'standard'
  if (was && kind !== was.kind) fault('kind', `is fixed once made: expected ${was.kind}, got ${kind}; revoke the key and make another`)
  if (secret !== undefined && secretHash !== undefined) fault('secretHash', 'expected the secret or its hash, not both')
  const hash = secret === undefined ? (secretHash ?? was?.hash) : hashOf(secret)
  if (hash === undefined)
    fault('secret', `is missing: expected ${secretLength} to 64 letters and digits; npx signalbox keys create makes a key with one`)
  faultsOfKey(bench, kind, { allow, sources }, path)
  const id = was?.id ?? asked ?? newSid('SK')
  const owner = ownerOf(bench, id)
  if (owner !== undefined && owner !== account) fault('id', `${id} cannot be taken: expected another, or none`)
  if (!was && credentials.keys.length >= mostKeys) bench.faults.push({ path, message: `expected at most ${mostKeys} keys in an account` })
  const key: ApiKey = { id, name, kind, allow, sources, createdAt: was?.createdAt ?? bench.now, updatedAt: bench.now, hash: hash ?? '' }
  if (was && isDeepStrictEqual({ ...key, updatedAt: was.updatedAt }, was)) return
  owners.get(bench)?.set(id, account)
  layCredentials(bench, account, path, {
    ...credentials,
    keys: was ? credentials.keys.map((each) => (each === was ? key : each)) : [...credentials.keys, key],
  })
}

/** Takes away those that are not among `items`. */
export function pruneKeys(bench: Bench, account: AccountId, items: readonly unknown[], path: Path): void {
  const credentials = after(bench, 'account', account)?.credentials
  if (!credentials) return
  const named = new Set(items.flatMap((item) => (isObject(item) ? [item['id'] ?? item['name']] : [])))
  const keys = credentials.keys.filter(({ id, name }) => named.has(id) || named.has(name))
  if (keys.length < credentials.keys.length) layCredentials(bench, account, path, { ...credentials, keys })
}

export function putTokenSources(bench: Bench, account: AccountId, value: unknown, path: Path): void {
  const known = after(bench, 'account', account)
  const found = check(sourcesInput, value, path)
  if ('faults' in found) bench.faults.push(...found.faults)
  if ('faults' in found || !known) return
  faultsOfSources(bench, found.value, path)
  const credentials = known.credentials ?? noCredentials
  if (!isDeepStrictEqual(found.value, credentials.sources)) layCredentials(bench, account, path, { ...credentials, sources: found.value })
}

function layCredentials(bench: Bench, account: AccountId, path: Path, credentials: AccountCredentials): void {
  const known = after(bench, 'account', account)
  if (known) lay(bench, { kind: 'account', value: { ...known, credentials } }, path)
}

/** As a document has them; what is as usual is left out. */
export function writtenCredentials({ sources, keys }: AccountCredentials): {
  tokenSources?: readonly string[]
  keys: Record<string, unknown>[]
} {
  return {
    ...(sources.length > 0 ? { tokenSources: sources } : {}),
    keys: keys.map(({ id, name, kind, allow, sources: from, hash }) => ({
      ...(name === '' ? {} : { name }),
      id,
      ...(kind === 'standard' ? {} : { kind }),
      ...(allow.length > 0 ? { allow: [...allow] } : {}),
      ...(from.length > 0 ? { sources: [...from] } : {}),
      secretHash: hash,
    })),
  }
}

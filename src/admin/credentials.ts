// Keys, second tokens and test credentials of accounts: each made, changed and revoked as one revision
// with its author. Of a key's secret only the hash is kept; tokens are sealed, since signatures are made
// with them.
import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { newSid } from '../ids.ts'
import { noCredentials, type AccountCredentials, type ApiKey, type Credentials, type KeyKind, type KeyView } from '../model/credential.ts'
import type { AccountId } from '../model/message.ts'
import { readRange } from '../model/network.ts'
import { isPermission } from '../model/permission.ts'
import type { Caller } from '../model/caller.ts'
import { Refused, mustSee } from './caller.ts'
import { after, lay, type Bench } from './bench.ts'
import type { ConfigurationRoom } from './configuration.ts'
import { check, show } from './faults.ts'
import { newToken } from './put.ts'
import type { Path } from './schema.ts'

/** They stand in the account's row, which each change of one writes anew. */
export const mostKeys = 100
const mostSources = 100
/** Twilio's limits. */
const mostPermissions = 100
const longestName = 64
export const secretLength = 32
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

export const keyInput = z.strictObject({
  name: z.string().max(longestName).optional(),
  allow: z.array(z.string().max(200)).max(mostPermissions).optional(),
  sources: z.array(z.string().max(64)).max(mostSources).optional(),
})
export const sourcesInput = keyInput.shape.sources.unwrap()

/** Letters and digits alone: some clients take no others. Every octet above the alphabet's last multiple is thrown away, so that none is likelier. */
export function newSecret(): string {
  let secret = ''
  while (secret.length < secretLength) {
    for (const octet of randomBytes(2 * secretLength)) {
      if (octet < 256 - (256 % alphabet.length) && secret.length < secretLength) secret += alphabet[octet % alphabet.length]
    }
  }
  return secret
}

export const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex')

function viewOf({ hash: _hash, ...view }: ApiKey): KeyView {
  return view
}

/** `path`: of the list. */
export function faultsOfSources(bench: Bench, sources: readonly string[], path: Path): void {
  sources.forEach((source, i) => {
    if (!readRange(source))
      bench.faults.push({ path: [...path, i], message: `expected an address or a network such as 192.0.2.0/24, got ${show(source)}` })
  })
}

function checked(bench: Bench, kind: KeyKind, input: unknown): z.infer<typeof keyInput> {
  const found = check(keyInput, input, [])
  if ('faults' in found) {
    bench.faults.push(...found.faults)
    return {}
  }
  faultsOfKey(bench, kind, found.value, [])
  return found.value
}

/** What no key of this kind may have. */
export function faultsOfKey(
  bench: Bench,
  kind: KeyKind,
  { allow, sources }: Pick<z.infer<typeof keyInput>, 'allow' | 'sources'>,
  path: Path,
): void {
  faultsOfSources(bench, sources ?? [], [...path, 'sources'])
  const at = [...path, 'allow']
  allow?.forEach((name, i) => {
    if (!isPermission(name)) bench.faults.push({ path: [...at, i], message: `there is no permission ${show(name)}` })
  })
  if (kind !== 'restricted' && allow && allow.length > 0)
    bench.faults.push({ path: at, message: `is for restricted keys; this one is ${kind}` })
  if (kind === 'restricted' && allow?.length === 0) bench.faults.push({ path: at, message: 'expected at least one permission' })
}

export function createCredentials(room: Pick<ConfigurationRoom, 'current' | 'change'>): Credentials {
  const of = (account: AccountId): AccountCredentials => room.current().accounts.get(account)?.credentials ?? noCredentials

  /** `work` is given them as they are, and gives them as they shall be. */
  async function change<T>(
    caller: Caller,
    account: AccountId,
    work: (now: AccountCredentials, bench: Bench) => { next: AccountCredentials; token?: string; result: T },
  ): Promise<T> {
    let result: T | undefined
    await room.change(caller, (bench) => {
      mustSee(bench.accounts, caller, account)
      const known = after(bench, 'account', account)!
      const { next: credentials, token = known.token, result: made } = work(known.credentials ?? noCredentials, bench)
      result = made
      lay(bench, { kind: 'account', value: { ...known, token, credentials } }, [])
    })
    return result!
  }

  function changeKeys<T>(
    caller: Caller,
    account: AccountId,
    work: (keys: readonly ApiKey[], bench: Bench) => { keys: ApiKey[]; result: T },
  ): Promise<T> {
    return change(caller, account, (now, bench) => {
      const { keys, result } = work(now.keys, bench)
      return { next: { ...now, keys }, result }
    })
  }

  const absentKey = (id: string): Refused => new Refused('absent', `There is no key ${id}.`)
  const noSecond = (): Refused => new Refused('absent', 'There is no second token.')
  const mayLook = (caller: Caller, account: AccountId): void => mustSee(room.current().accounts, caller, account)

  return {
    keys(caller, account) {
      mayLook(caller, account)
      return of(account).keys.map(viewOf)
    },
    createKey(caller, account, kind, input) {
      const [id, secret] = [newSid('SK'), newSecret()]
      return changeKeys(caller, account, (keys, bench) => {
        const { name = '', allow = [], sources = [] } = checked(bench, kind, { allow: [], ...input })
        if (keys.length >= mostKeys) throw new Refused('invalid', `An account has at most ${mostKeys} keys.`)
        const key: ApiKey = { id, name, kind, allow, sources, createdAt: bench.now, updatedAt: bench.now, hash: hashOf(secret) }
        return { keys: [...keys, key], result: { key: viewOf(key), secret } }
      })
    },
    changeKey: (caller, account, id, input) =>
      changeKeys(caller, account, (keys, bench) => {
        const known = keys.find((key) => key.id === id)
        if (!known) throw absentKey(id)
        const { name, allow, sources } = checked(bench, known.kind, input)
        const key: ApiKey = {
          ...known,
          ...(name === undefined ? {} : { name }),
          ...(allow ? { allow } : {}),
          ...(sources ? { sources } : {}),
          updatedAt: bench.now,
        }
        return { keys: keys.map((each) => (each === known ? key : each)), result: viewOf(key) }
      }),
    async revokeKey(caller, account, id) {
      await changeKeys(caller, account, (keys) => {
        const left = keys.filter((key) => key.id !== id)
        if (left.length === keys.length) throw absentKey(id)
        return { keys: left, result: true }
      })
    },
    addToken(caller, account) {
      const token = newToken()
      return change(caller, account, (now, bench) => {
        if (now.secondary) throw new Refused('invalid', 'There is a second token already: promote or drop it first.')
        const secondary = { token, createdAt: bench.now }
        return { next: { ...now, secondary }, result: secondary }
      })
    },
    promoteToken: (caller, account) =>
      change(caller, account, ({ secondary, ...rest }) => {
        if (!secondary) throw noSecond()
        const { token } = secondary
        return { next: rest, token, result: { token } }
      }),
    async dropToken(caller, account) {
      await change(caller, account, ({ secondary, ...rest }) => {
        if (!secondary) throw noSecond()
        return { next: rest, result: true }
      })
    },
    tokens(caller, account) {
      mayLook(caller, account)
      return tokensOf(of(account))
    },
    async limitTokens(caller, account, input) {
      await change(caller, account, (now, bench) => {
        const found = check(sourcesInput, input, ['sources'])
        if ('faults' in found) bench.faults.push(...found.faults)
        else faultsOfSources(bench, found.value, ['sources'])
        return { next: { ...now, sources: 'faults' in found ? [] : found.value }, result: true }
      })
      return tokensOf(of(account))
    },
    renewTest(caller, account) {
      const [id, token] = [newSid('AC'), newToken()]
      return change(caller, account, (now) => {
        const test = { id: now.test?.id ?? id, token }
        return { next: { ...now, test }, result: test }
      })
    },
  }
}

function tokensOf({ secondary, sources, test }: AccountCredentials) {
  return { sources, ...(secondary ? { secondaryCreatedAt: secondary.createdAt } : {}), ...(test ? { test: test.id } : {}) }
}

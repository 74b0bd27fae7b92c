// `signalbox keys` and `signalbox accounts`: API keys, the two tokens of an account and its test
// credentials. A secret is printed once, when it is made.
import type { KeyAnswer, NewKeyAnswer } from '../http/api/keys.ts'
import { accountMeant } from './account.ts'
import type { Client } from './client.ts'
import { query, stamp, table } from './print.ts'

interface Of {
  account?: string
  json?: boolean
}
export interface KeyOptions extends Of {
  name?: string
  kind?: string
  allow?: string[]
  from?: string[]
}

export async function keys(client: Client, { account, json }: Of): Promise<string> {
  const { keys: all } = await client.request<{ keys: KeyAnswer[] }>('GET', `/api/v1/keys${query({ account })}`)
  if (json) return JSON.stringify(all, undefined, 2)
  const rows = all.map((key) => [
    key.id,
    key.kind,
    key.name,
    key.allow.length > 0 ? key.allow.join(' ') : '',
    key.sources.length > 0 ? key.sources.join(' ') : 'anywhere',
    stamp(Date.parse(key.createdAt)),
  ])
  return table(['key', 'kind', 'name', 'may', 'from', 'made (UTC)'], rows, 'There are no keys.')
}

const changeOf = ({ name, allow, from }: KeyOptions): object => ({
  ...(name === undefined ? {} : { name }),
  ...(allow ? { allow } : {}),
  ...(from ? { sources: from.filter((source) => source !== 'anywhere') } : {}),
})

export async function createKey(client: Client, options: KeyOptions): Promise<string> {
  const { account, kind = 'standard', json } = options
  const made = await client.request<NewKeyAnswer>('POST', `/api/v1/keys${query({ account })}`, { json: { kind, ...changeOf(options) } })
  if (json) return JSON.stringify(made, undefined, 2)
  return [`key     ${made.key.id}`, `secret  ${made.secret}`, '', 'The secret is shown here and never again.'].join('\n')
}

export async function changeKey(client: Client, id: string, options: KeyOptions): Promise<string> {
  const path = `/api/v1/keys/${encodeURIComponent(id)}${query({ account: options.account })}`
  const key = await client.request<KeyAnswer>('PUT', path, { json: changeOf(options) })
  return options.json ? JSON.stringify(key, undefined, 2) : `${key.id} is changed.`
}

export async function revokeKey(client: Client, id: string, { account }: Of): Promise<string> {
  await client.request('DELETE', `/api/v1/keys/${encodeURIComponent(id)}${query({ account })}`)
  return `${id} is revoked: it is refused from now on.`
}

interface Account {
  id: string
  parent?: string
  name: string
  status: string
  createdAt: string
}

/** Those below one another are set off to the right. */
export async function accounts(client: Client, { json }: Of): Promise<string> {
  const { accounts: all } = await client.request<{ accounts: Account[] }>('GET', '/api/v1/accounts')
  if (json) return JSON.stringify(all, undefined, 2)
  const depths = new Map<string, number>()
  const rows = all.map(({ id, parent, name, status, createdAt }) => {
    const above = parent === undefined ? undefined : depths.get(parent)
    const depth = above === undefined ? 0 : above + 1
    depths.set(id, depth)
    return ['  '.repeat(depth) + name, id, status, stamp(Date.parse(createdAt))]
  })
  return table(['account', 'SID', 'status', 'made (UTC)'], rows, 'There are no accounts.')
}

const ofAccount = async (client: Client, meant: string): Promise<string> => `/api/v1/accounts/${await accountMeant(client, meant)}`

/** A second token; `promote` makes it the only one, `drop` takes it back. */
export async function rotate(
  client: Client,
  sid: string,
  { promote, drop, json }: { promote?: boolean; drop?: boolean } & Of,
): Promise<string> {
  const account = await ofAccount(client, sid)
  if (drop) {
    await client.request('DELETE', `${account}/tokens/secondary`)
    return 'The second token is dropped; the first stays.'
  }
  if (promote) {
    await client.request('POST', `${account}/tokens/promote`, { json: {} })
    return 'The second token is the only one now: the first is refused, and signatures are made with the second.'
  }
  const made = await client.request<{ token: string }>('POST', `${account}/tokens/secondary`, { json: {} })
  if (json) return JSON.stringify(made, undefined, 2)
  return [
    `token  ${made.token}`,
    '',
    'Both tokens are good now; this one is shown here and never again. Signatures are made with the first until',
    `  npx signalbox accounts rotate ${account.slice(-34)} --promote`,
  ].join('\n')
}

export async function testCredentials(client: Client, sid: string, { json }: Of): Promise<string> {
  const made = await client.request<{ id: string; token: string }>('POST', `${await ofAccount(client, sid)}/tokens/test`, { json: {} })
  if (json) return JSON.stringify(made, undefined, 2)
  return [`SID    ${made.id}`, `token  ${made.token}`, '', 'Nothing is sent with these. The token is shown here and never again.'].join(
    '\n',
  )
}

// The routes about what one acts by as an account: keys, second tokens, the addresses that tokens are
// good from, test credentials. A secret is in the answer that made it and in none after it.
import { z } from 'zod'
import type { KeyView, TokensView } from '../../model/credential.ts'
import { absent, given } from './configuration.ts'
import { endpoint, type Endpoint } from './endpoint.ts'
import { accountId, time, iso, localId, whose } from './words.ts'

const owner = z.strictObject({ account: whose })
const sources = z.array(z.string()).describe('Addresses and networks that it is good from, `192.0.2.0/24`; none: any')

const key = z.strictObject({
  id: z.string().describe('SK and 32 hex digits: the user of HTTP Basic'),
  name: z.string(),
  kind: z.enum(['main', 'standard', 'restricted']),
  allow: z.array(z.string()).describe('Permissions of a restricted key'),
  sources,
  createdAt: time,
  updatedAt: time,
})
export type KeyAnswer = z.input<typeof key>
const keyWithSecret = z.strictObject({ key, secret: z.string().describe('The password of HTTP Basic') })
export type NewKeyAnswer = z.input<typeof keyWithSecret>

const tokens = z.strictObject({
  secondaryCreatedAt: time.optional().describe('Since when there is a second token'),
  sources,
  test: accountId.optional().describe('Of the test credentials, where there are any'),
})
export type TokensAnswer = z.input<typeof tokens>
const newToken = z.strictObject({ token: z.string() })

const change = z.strictObject({
  name: z.string().optional(),
  allow: z.array(z.string()).optional().describe('Of a restricted key: `/twilio/messaging/messages/create`, `/signalbox/binds/read` …'),
  sources: sources.optional(),
})

const shown = ({ allow, sources: from, createdAt, updatedAt, ...rest }: KeyView): KeyAnswer => ({
  ...rest,
  allow: [...allow],
  sources: [...from],
  createdAt: iso(createdAt),
  updatedAt: iso(updatedAt),
})
const tokensShown = ({ secondaryCreatedAt, sources: from, ...rest }: TokensView): TokensAnswer => ({
  ...rest,
  sources: [...from],
  ...(secondaryCreatedAt === undefined ? {} : { secondaryCreatedAt: iso(secondaryCreatedAt) }),
})

const keys: Endpoint[] = [
  endpoint({
    verb: 'get',
    path: '/keys',
    id: 'listKeys',
    tag: 'keys',
    summary: 'The API keys of one account, oldest first',
    query: owner,
    answer: z.strictObject({ keys: z.array(key) }),
    run: ({ admin, caller, query }) => ({ keys: admin.credentials.keys(caller, query.account ?? caller.account).map(shown) }),
  }),
  endpoint({
    verb: 'post',
    path: '/keys',
    id: 'createKey',
    tag: 'keys',
    summary: 'A new API key. Its secret is in this answer and in none after it',
    query: owner,
    body: change.extend({
      kind: key.shape.kind.default('standard').describe('`main` may all that the token may, `restricted` what `allow` names'),
    }),
    answer: keyWithSecret,
    creates: true,
    run: async (call) => {
      const { kind, ...input } = call.body
      const made = await call.admin.credentials.createKey(call.caller, call.query.account ?? call.caller.account, kind, given(input))
      call.created()
      return { key: shown(made.key), secret: made.secret }
    },
  }),
  endpoint({
    verb: 'get',
    path: '/keys/{id}',
    id: 'getKey',
    tag: 'keys',
    summary: 'One API key',
    params: localId,
    query: owner,
    answer: key,
    run: ({ admin, caller, params, query }) => {
      const found = admin.credentials.keys(caller, query.account ?? caller.account).find((each) => each.id === params.id)
      if (!found) throw absent('key', params.id)
      return shown(found)
    },
  }),
  endpoint({
    verb: 'put',
    path: '/keys/{id}',
    id: 'updateKey',
    tag: 'keys',
    summary: 'Changes the fields given; the others stay',
    params: localId,
    query: owner,
    body: change,
    answer: key,
    run: async ({ admin, caller, params, query, body }) =>
      shown(await admin.credentials.changeKey(caller, query.account ?? caller.account, params.id, given(body))),
  }),
  endpoint({
    verb: 'delete',
    path: '/keys/{id}',
    id: 'revokeKey',
    tag: 'keys',
    summary: 'Revokes the key: it is refused from now on',
    params: localId,
    query: owner,
    answer: z.strictObject({ deleted: z.literal(true) }),
    run: async ({ admin, caller, params, query }) => {
      await admin.credentials.revokeKey(caller, query.account ?? caller.account, params.id)
      return { deleted: true as const }
    },
  }),
]

const tokenRoutes: Endpoint[] = [
  endpoint({
    verb: 'get',
    path: '/accounts/{id}/tokens',
    id: 'getTokens',
    tag: 'keys',
    summary: 'Whether the account has a second token or test credentials, and where its tokens are good from',
    params: localId,
    answer: tokens,
    run: ({ admin, caller, params }) => tokensShown(admin.credentials.tokens(caller, params.id)),
  }),
  endpoint({
    verb: 'put',
    path: '/accounts/{id}/tokens',
    id: 'limitTokens',
    tag: 'keys',
    summary: 'From which addresses its tokens are good',
    params: localId,
    body: z.strictObject({ sources }),
    answer: tokens,
    run: async ({ admin, caller, params, body }) => tokensShown(await admin.credentials.limitTokens(caller, params.id, body.sources)),
  }),
  endpoint({
    verb: 'post',
    path: '/accounts/{id}/tokens/secondary',
    id: 'addToken',
    tag: 'keys',
    summary: 'A second token, good at once beside the first, in this answer and in none after it',
    params: localId,
    answer: newToken,
    run: async ({ admin, caller, params }) => ({ token: (await admin.credentials.addToken(caller, params.id)).token }),
  }),
  endpoint({
    verb: 'delete',
    path: '/accounts/{id}/tokens/secondary',
    id: 'dropToken',
    tag: 'keys',
    summary: 'Drops the second token; the first stays',
    params: localId,
    answer: z.strictObject({ deleted: z.literal(true) }),
    run: async ({ admin, caller, params }) => {
      await admin.credentials.dropToken(caller, params.id)
      return { deleted: true as const }
    },
  }),
  endpoint({
    verb: 'post',
    path: '/accounts/{id}/tokens/promote',
    id: 'promoteToken',
    tag: 'keys',
    summary: 'The second token becomes the only one, by which signatures are made too',
    params: localId,
    answer: newToken,
    run: ({ admin, caller, params }) => admin.credentials.promoteToken(caller, params.id),
  }),
  endpoint({
    verb: 'post',
    path: '/accounts/{id}/tokens/test',
    id: 'renewTest',
    tag: 'keys',
    summary: 'Test credentials, with which nothing is sent, in this answer and in none after it; the same SID each time',
    params: localId,
    answer: z.strictObject({ id: accountId, token: z.string() }),
    run: ({ admin, caller, params }) => admin.credentials.renewTest(caller, params.id),
  }),
]

export const keyEndpoints: Endpoint[] = [...keys, ...tokenRoutes]

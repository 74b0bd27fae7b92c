// The routes about accounts, binds, routes, numbers, documents and revisions.
import { z } from 'zod'
import type { Caller, Changed, ChangeOptions, Things } from '../../admin/admin.ts'
import { accountInput, bindInput, numberInput, routeInput } from '../../admin/inputs.ts'
import { ApiError } from '../errors.ts'
import { endpoint, type Call, type Endpoint } from './endpoint.ts'
import { account, bind, changed, documentInput, expected, ownNumber, plan, plannedChange, revision, route } from './schemas.ts'
import { iso, localId, whose } from './words.ts'

const timed = <T extends { createdAt: number; updatedAt: number }>(view: T) => ({
  ...view,
  createdAt: iso(view.createdAt),
  updatedAt: iso(view.updatedAt),
})

export const absent = (what: string, id: string): ApiError => new ApiError('absent', `There is no ${what} ${id}.`)
const options = (query: { expected?: number | undefined }): ChangeOptions =>
  query.expected === undefined ? {} : { expected: query.expected }

/** Drops what is undefined, as the operations tell absent from set. */
export function given<T extends object>(input: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}

function outcome<View>(call: { created(): void }, done: Changed<unknown>, view: View): Changed<View> {
  if (done.created) call.created()
  return { revision: done.revision, changed: done.changed, created: done.created, view }
}

const accounts: Endpoint[] = [
  endpoint({
    verb: 'get',
    path: '/accounts',
    id: 'listAccounts',
    tag: 'accounts',
    summary: 'The own account and all below it, parents before children',
    answer: z.strictObject({ accounts: z.array(account) }),
    run: ({ admin, caller }) => ({ accounts: admin.accounts.list(caller).map(timed) }),
  }),
  endpoint({
    verb: 'post',
    path: '/accounts',
    id: 'createAccount',
    tag: 'accounts',
    summary: 'A new sub-account. Its token is in this answer and in none after it',
    query: z.strictObject({ expected }),
    bodyAsSent: true,
    body: accountInput.extend({ parent: z.string().optional().describe('The own account, when absent') }),
    answer: changed(account),
    creates: true,
    run: async (call) => {
      const { parent, ...input } = call.body
      const done = await call.admin.accounts.create(call.caller, parent ?? call.caller.account, given(input), options(call.query))
      return outcome(call, done, timed({ ...done.view, token: done.token }))
    },
  }),
  endpoint({
    verb: 'get',
    path: '/accounts/{id}',
    id: 'getAccount',
    tag: 'accounts',
    summary: 'One account',
    params: localId,
    answer: account,
    run: ({ admin, caller, params }) => {
      const view = admin.accounts.get(caller, params.id)
      if (!view) throw absent('account', params.id)
      return timed(view)
    },
  }),
  endpoint({
    verb: 'put',
    path: '/accounts/{id}',
    id: 'updateAccount',
    tag: 'accounts',
    summary: 'Changes the fields given; the others stay',
    params: localId,
    query: z.strictObject({ expected }),
    bodyAsSent: true,
    body: accountInput,
    answer: changed(account),
    run: async (call) => {
      const done = await call.admin.accounts.update(call.caller, call.params.id, given(call.body), options(call.query))
      return outcome(call, done, timed(done.view))
    },
  }),
  endpoint({
    verb: 'get',
    path: '/accounts/{id}/document',
    id: 'exportAccount',
    tag: 'accounts',
    summary: 'The account and all below it as a YAML document without secrets: planned here, it changes nothing',
    params: localId,
    query: z.strictObject({
      secrets: z
        .enum(['masked', 'variables'])
        .default('masked')
        .describe('`masked`: what is stored stays. `variables`: each is named by a variable, for another gateway'),
    }),
    answer: z.strictObject({
      revision: z.int(),
      document: z.string().describe('YAML, as docs/configuration.md describes it'),
      variables: z.array(z.string()).describe('What has to be set where it is applied'),
    }),
    run: ({ admin, caller, params, query }) => admin.documents.export(caller, { account: params.id, secrets: query.secrets }),
  }),
  endpoint({
    verb: 'put',
    path: '/accounts/{id}/parent',
    id: 'reparentAccount',
    tag: 'accounts',
    summary: 'Moves the account and all below it under another',
    params: localId,
    query: z.strictObject({ expected }),
    body: z.strictObject({ parent: z.string() }),
    answer: changed(account),
    run: async (call) => {
      const done = await call.admin.accounts.reparent(call.caller, call.params.id, call.body.parent, options(call.query))
      return outcome(call, done, timed(done.view))
    },
  }),
  endpoint({
    verb: 'post',
    path: '/accounts/{id}/token',
    id: 'rotateToken',
    tag: 'accounts',
    summary: 'A new token, in this answer and in none after it; the old one is refused from now on',
    params: localId,
    answer: changed(account),
    run: async (call) => {
      const done = await call.admin.accounts.rotateToken(call.caller, call.params.id)
      return outcome(call, done, timed({ ...done.view, token: done.token }))
    },
  }),
]

const owner = z.strictObject({ account: whose })
const of = (caller: Caller, query: { account?: string | undefined }): string => query.account ?? caller.account

/** list, get, put and delete of what an account owns. */
function things<Answer extends z.ZodType, ThingInput, View>(words: {
  one: string
  many: string
  input: z.ZodType<object>
  answer: Answer
  of(admin: Call<unknown, unknown, unknown>['admin']): Things<ThingInput, View>
  view(view: View): z.input<Answer>
}): Endpoint[] {
  const { one, many } = words
  const name = one[0]?.toUpperCase() + one.slice(1)
  return [
    endpoint({
      verb: 'get',
      path: `/${many}`,
      id: `list${name}s`,
      tag: many,
      summary: `The ${many} of one account`,
      query: owner,
      answer: z.strictObject({ [many]: z.array(words.answer) }),
      run: ({ admin, caller, query }) => {
        const holder = of(caller, query)
        // Nothing of nobody would look like nothing of somebody.
        if (!admin.accounts.get(caller, holder)) throw absent('account', holder)
        return { [many]: words.of(admin).list(caller, holder).map(words.view) }
      },
    }),
    endpoint({
      verb: 'get',
      path: `/${many}/{id}`,
      id: `get${name}`,
      tag: many,
      summary: `One ${one}`,
      params: localId,
      query: owner,
      answer: words.answer,
      run: ({ admin, caller, params, query }) => {
        const view = words.of(admin).get(caller, of(caller, query), params.id)
        if (!view) throw absent(one, params.id)
        return words.view(view)
      },
    }),
    endpoint({
      verb: 'put',
      path: `/${many}/{id}`,
      id: `put${name}`,
      tag: many,
      summary: `Creates or replaces the ${one}; does nothing when it already is so`,
      params: localId,
      query: owner.extend({ expected }),
      bodyAsSent: true,
      body: words.input,
      answer: changed(words.answer),
      creates: true,
      run: async (call) => {
        const input = given(call.body) as ThingInput
        const done = await words.of(call.admin).put(call.caller, of(call.caller, call.query), call.params.id, input, options(call.query))
        return outcome(call, done, words.view(done.view))
      },
    }),
    endpoint({
      verb: 'delete',
      path: `/${many}/{id}`,
      id: `delete${name}`,
      tag: many,
      summary: `Deletes the ${one}; refused while something refers to it`,
      params: localId,
      query: owner.extend({ expected }),
      answer: z.strictObject({ deleted: z.literal(true) }),
      run: async ({ admin, caller, params, query }) => {
        if (!(await words.of(admin).delete(caller, of(caller, query), params.id, options(query)))) throw absent(one, params.id)
        return { deleted: true as const }
      },
    }),
  ]
}

const documents: Endpoint[] = [
  endpoint({
    verb: 'post',
    path: '/plan',
    id: 'plan',
    tag: 'documents',
    summary: 'What applying a document would change, and every fault in it; changes nothing',
    body: documentInput,
    answer: plan,
    run: ({ admin, caller, body }) =>
      admin.documents.plan(caller, body.document, { variables: body.variables ?? {}, prune: body.prune ?? false }),
  }),
  endpoint({
    verb: 'post',
    path: '/apply',
    id: 'apply',
    tag: 'documents',
    summary: 'Applies a document, all of it or nothing',
    query: z.strictObject({ expected }),
    body: documentInput,
    answer: z.strictObject({ revision: z.int(), changes: z.array(plannedChange) }),
    run: ({ admin, caller, body, query }) =>
      admin.documents.make(caller, body.document, {
        variables: body.variables ?? {},
        prune: body.prune ?? false,
        ...options(query),
      }),
  }),
  endpoint({
    verb: 'get',
    path: '/revisions',
    id: 'listRevisions',
    tag: 'documents',
    summary: 'Changes of the configuration, newest first: when, by whom, of what',
    query: z.strictObject({
      limit: z.coerce.number().int().min(1).max(1000).default(50),
      before: z.coerce.number().int().optional().describe('Only revisions below this one'),
    }),
    answer: z.strictObject({ revisions: z.array(revision) }),
    run: async ({ admin, caller, query }) => {
      const revisions = await admin.revisions(caller, query.limit, query.before)
      return { revisions: revisions.map((each) => ({ ...each, at: iso(each.at) })) }
    },
  }),
]

export const configurationEndpoints: Endpoint[] = [
  ...accounts,
  ...things({ one: 'bind', many: 'binds', input: bindInput, answer: bind, of: (admin) => admin.binds, view: timed }),
  ...things({ one: 'route', many: 'routes', input: routeInput, answer: route, of: (admin) => admin.routes, view: (view) => view }),
  ...things({ one: 'number', many: 'numbers', input: numberInput, answer: ownNumber, of: (admin) => admin.numbers, view: timed }),
  ...documents,
]

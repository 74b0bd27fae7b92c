import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import * as fc from 'fast-check'
import { adminBed, carrier, type AdminBed } from '../../test/admin.ts'
import { mask, Refused } from './admin.ts'

const sid = (n: number): string => `AC${String(n).padStart(32, '0')}`
const maybe = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(values, { nil: undefined })
const title = fc.oneof(
  fc.constantFrom('Café “Zoë”', '${HOME}', '$${HOME}', 'a: b # c', '12', 'true', '~', 'two\nlines', ' blank ', '- item', '\u2028'),
  fc.string({ minLength: 1, maxLength: 20 }).filter((text) => text !== ''),
)
const optOut = fc.constantFrom('off', 'twilio', { stop: ['HALT'], replies: { stop: 'Bye: ${NAME} "quoted"' } })

const anyAccount = fc.record(
  {
    name: title,
    token: fc.stringMatching(/^[0-9a-f]{32}$/),
    status: fc.constantFrom('active', 'suspended', 'closed'),
    inheritRoutes: fc.boolean(),
    weight: fc.constantFrom(1, 0.5, 12),
    concurrency: fc.nat(50),
    caps: fc.record({ messagesPerDay: fc.nat(1000), queued: fc.nat(5) }, { requiredKeys: [] }),
    cdrUrl: fc.constantFrom('https://app.example/cdr?a=b&c=%24%7B'),
    privateWebhooks: fc.boolean(),
    optOut,
    alphaSenders: fc.constantFrom('any', { ACME: ['+44', '+1'] }),
    claims: fc.constantFrom('any', 'none', 'inventory'),
  },
  { requiredKeys: ['name'] },
)
const anyBind = fc.record(
  {
    name: title,
    enabled: fc.boolean(),
    paused: fc.boolean(),
    policy: fc.record(
      {
        window: fc.integer({ min: 1, max: 99 }),
        trunk: fc.constantFrom('', 'acme'),
        actions: fc.constantFrom({}, { '0x00000403': { as: 'permanent' }, '*': { retryAfterMs: 5 } }),
        destinations: fc.constantFrom({ allow: ['+44'], deny: [], tons: [], npis: [] }),
      },
      { requiredKeys: [] },
    ),
    config: fc.record(
      {
        host: fc.constantFrom('smsc.example', '192.0.2.7'),
        port: fc.constantFrom(2775, 9999),
        systemId: fc.constantFrom('me', '007'),
        password: fc.constantFrom('hunter2', '${NOT}', 'true', ''),
        capabilities: fc.constantFrom({ query: true }, { query: false, cancel: false, replace: false }),
      },
      { requiredKeys: ['host', 'systemId'] },
    ),
  },
  { requiredKeys: ['config'] },
)
const anyRoute = fc.record(
  {
    name: title,
    enabled: fc.boolean(),
    prefix: fc.constantFrom('', '+44', '12', 'sip:'),
    sender: fc.constantFrom('ACME', '+1'),
    arrival: fc.constant('api'),
    kind: fc.constantFrom('text', 'mms'),
    time: fc.constantFrom(
      { days: ['fri', 'mon'], from: '08:00', to: '24:00', zone: 'Europe/Berlin' },
      { from: '22:00', to: '06:00', zone: 'UTC' },
    ),
    failoverOnReceipt: fc.boolean(),
    by: fc.constantFrom('to', 'split', 'both'),
  },
  { requiredKeys: ['prefix', 'by'] },
)
const anyNumber = fc.record(
  {
    name: title,
    settings: fc.constantFrom({ smsUrl: 'https://app.example/sms', smsMethod: 'GET' }, {}),
    offered: fc.boolean(),
    optOut: fc.boolean(),
  },
  { requiredKeys: [] },
)
const anyService = fc.record(
  {
    stickySender: fc.boolean(),
    mmsConverter: fc.boolean(),
    validityPeriod: fc.constantFrom(36_000, 60),
    inboundRequestUrl: fc.constant('https://app.example/in'),
    inboundMethod: fc.constantFrom('GET', 'POST'),
    optOut,
  },
  { requiredKeys: [] },
)
const anyKey = fc.record(
  {
    name: title,
    kind: fc.constantFrom('main', 'restricted'),
    sources: fc.constantFrom(['192.0.2.0/24', '2001:db8::7'], []),
    secret: fc.stringMatching(/^[A-Za-z0-9]{32,64}$/),
  },
  { requiredKeys: ['secret'] },
)
const anyApplication = fc.record(
  {
    name: fc.constantFrom('Shop', 'Café “Zoë” ${HOME}'),
    smsUrl: fc.constant('https://app.example/in?a=%24%7B'),
    smsMethod: fc.constantFrom('GET', 'POST'),
    messageStatusCallback: fc.constant('https://app.example/status'),
  },
  { requiredKeys: [] },
)
const anyTenant = fc.record({
  account: anyAccount,
  tokenSources: fc.constantFrom([], ['192.0.2.7']),
  keys: fc.array(anyKey, { maxLength: 3 }),
  applications: fc.array(anyApplication, { maxLength: 3 }),
  above: fc.nat(3),
  binds: fc.array(anyBind, { maxLength: 2 }),
  client: maybe(fc.constantFrom('esme')),
  routes: fc.array(anyRoute, { maxLength: 2 }),
  numbers: fc.array(anyNumber, { maxLength: 2 }),
  services: fc.array(anyService, { maxLength: 2 }),
  isGranted: fc.boolean(),
})
type Tenant = typeof anyTenant extends fc.Arbitrary<infer T> ? T : never

/** As JSON, which is YAML: the first tenant is the root account, each other is below one before it. */
function documentOf(tenants: readonly Tenant[]): string {
  const nodes = tenants.map((one, i) => nodeOf(one, i))
  tenants.forEach(({ above }, i) => {
    if (i > 0) (nodes[above % i]!['accounts'] as unknown[]).push(nodes[i])
  })
  const escaped = JSON.stringify({ accounts: [nodes[0]] }, undefined, 1)
  return escaped.replace(/\$\{(?=[A-Za-z_][A-Za-z0-9_]*\})/g, '$$$${')
}

function nodeOf(one: Tenant, i: number): Record<string, unknown> {
  const { status, ...fields } = one.account
  const numbers = one.numbers.map((more, n) => ({ number: `+1202555${String(i * 10 + n).padStart(4, '0')}`, ...more }))
  const lines = one.binds.map((more, n) => ({ id: `line-${n}`, connector: 'smpp', ...more, ...(one.isGranted ? { grant: [] } : {}) }))
  const clients =
    one.client === undefined
      ? []
      : [{ id: 'esme', connector: 'smpp', side: 'client', config: { systemId: `esme${i}`, password: 'secret' } }]
  const targets = lines.map(({ id }) => id)
  return {
    id: i === 0 ? 'root' : sid(i),
    ...fields,
    ...(i === 0 || status === undefined ? {} : { status }),
    tokenSources: one.tokenSources,
    // Some have one name, or none: each has its id.
    keys: one.keys.map((key, n) => ({
      id: `SK${String(i * 10 + n).padStart(32, '0')}`,
      ...key,
      ...(key.kind === 'restricted' ? { allow: ['/twilio/messaging/messages/*'] } : {}),
    })),
    applications: one.applications.map((more, n) => ({ id: `AP${String(n).padStart(32, '0')}`, ...more })),
    binds: [...lines, ...clients],
    numbers,
    routes: one.routes.flatMap(({ by, ...more }, n) => {
      if (targets.length === 0) return []
      const split = { [targets[0]!]: 40 }
      const to = by === 'split' ? { split } : by === 'to' ? { to: targets } : { split, to: targets.slice(1) }
      return [{ id: `r${n}`, ...more, ...to, ...(i > 0 || n > 0 ? {} : { account: 'root' }) }]
    }),
    services: one.services.map((more, n) => ({
      name: `Service ${n}`,
      senders: numbers[n] ? [numbers[n].number, 'NAME'] : ['NAME'],
      ...more,
    })),
    accounts: [],
  }
}

async function apply({ admin, caller }: AdminBed, text: string, variables: Record<string, string> = {}): Promise<void> {
  const plan = await admin.documents.plan(caller, text, { variables })
  assert.deepEqual(plan.faults, [], text)
  await admin.documents.apply(caller, plan)
}

test('what a document made is exported, changes nothing where it is, and makes the same elsewhere once its secrets are filled in', async (context) => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyTenant, { minLength: 1, maxLength: 4 }), async (tenants) => {
      const here = await bedOf(context)
      await apply(here, documentOf(tenants))
      const { document } = await here.admin.documents.export(here.caller, {})
      for (const secret of ['hunter2', '${NOT}', 'secret', ...here.room.current().accounts.values()].map((one) =>
        typeof one === 'string' ? one : one.token,
      ))
        assert.ok(!new RegExp(`(password|token): .*${secret.replace('$', '\\$')}`).test(document), document)
      const plan = await here.admin.documents.plan(here.caller, document, { variables: {}, prune: true })
      assert.deepEqual(plan.faults, [], document)
      assert.deepEqual(plan.changes, [], document)

      const there = await bedOf(context)
      const named = await here.admin.documents.export(here.caller, { secrets: 'variables' })
      const unset = await there.admin.documents.plan(there.caller, named.document, { variables: {} })
      assert.equal(unset.faults.filter(({ message }) => /^the variable \S+ is not set$/.test(message)).length, named.variables.length)
      await apply(there, named.document, secretsOf(here, named.document))
      assert.equal((await there.admin.documents.export(there.caller, {})).document, document)
      assert.deepEqual(things(there), things(here))
    }),
    { numRuns: 8, endOnFailure: true },
  )
})

const bedOf = (context: TestContext): Promise<AdminBed> => adminBed(context)

/** What every variable of a document stands for, by where it is written. */
function secretsOf({ room }: AdminBed, document: string): Record<string, string> {
  const secrets: Record<string, string> = {}
  let account = ''
  let bind = ''
  for (const line of document.split('\n')) {
    account = /^ *- id: (root|AC[0-9a-f]{32})$/.exec(line)?.[1] ?? account
    bind = /^ *- id: (\S+)$/.exec(line)?.[1] ?? bind
    const [, field, name] = /(token|password): "?\$\{([A-Z0-9_]+)\}/.exec(line) ?? []
    if (name === undefined) continue
    const id = account === 'root' ? rootOf(room.current()) : account
    const config = room.current().binds.get(`${id}/${bind}`)?.config as { password: string } | undefined
    secrets[name] = field === 'token' ? room.current().accounts.get(id)!.token : config!.password
  }
  return secrets
}

const rootOf = ({ accounts }: ReturnType<AdminBed['room']['current']>): string =>
  [...accounts.values()].find(({ parent }) => parent === undefined)!.id

/** All that is configured, secrets too; what is made up anew on another gateway left out. */
function things({ room }: AdminBed): unknown {
  const now = room.current()
  const root = rootOf(now)
  const text = JSON.stringify([
    [...now.accounts.values()].map((one) => ({ ...one, createdAt: 0, updatedAt: 0 })).toSorted((a, b) => (a.token < b.token ? -1 : 1)),
    [...now.binds.values()]
      .map((one) => ({ ...one, createdAt: 0, updatedAt: 0, id: one.id.replace(root, 'root') }))
      .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    [...now.numbers.values()]
      .map((one) => ({ ...one, createdAt: 0, updatedAt: 0, id: '' }))
      .toSorted((a, b) => (a.value < b.value ? -1 : 1)),
  ])
  return (JSON.parse(text.replaceAll(root, 'root')) as unknown[][]).map((list) =>
    list.map((one) => Object.entries(one as object).toSorted(([a], [b]) => (a < b ? -1 : 1))),
  )
}

test('a mask where nothing is stored is a fault: no secret is ever the mask itself', async (context) => {
  const here = await adminBed(context)
  const { admin, caller, root } = here
  const text = `accounts:
  - id: root
    binds: [{ id: a, connector: smpp, config: { host: smsc.example, systemId: me, password: ${mask} } }]
    accounts: [{ id: ${sid(1)}, token: ${mask} }]
`
  const { faults } = await admin.documents.plan(caller, text, { variables: {} })
  const message = `expected the secret itself: none is stored that ${mask} could stand for`
  assert.deepEqual(
    new Map(faults.map((fault) => [fault.path, fault.message])),
    new Map([
      ['accounts[0].accounts[0].token', message],
      ['accounts[0].binds[0].config.password', message],
    ]),
  )
  await assert.rejects(
    admin.binds.put(caller, root.id, 'a', { connector: 'smpp', config: { host: 'h.example', systemId: 'me', password: mask } }),
    Refused,
  )
})

test('an account exports what is below it, is told nothing of what is above, and of others that they are not there', async (context) => {
  const { admin, caller, root } = await adminBed(context)
  await admin.binds.put(caller, root.id, 'line', carrier())
  const make = async (name: string, parent: string): Promise<string> =>
    (await admin.accounts.create(caller, parent, { name, weight: 3, concurrency: 9 })).view.id
  const reseller = await make('Reseller', root.id)
  const shop = await make('Shop', reseller)
  const other = await make('Other', root.id)
  const as = (account: string) => ({ account, author: 'someone', source: 'cli' as const })
  await admin.routes.put(caller, shop, 'all', { prefix: '', to: ['line'] })
  const own = await admin.documents.export(as(reseller), {})
  assert.ok(!own.document.includes(root.id) && !own.document.includes(other) && !own.document.includes('smsc'), own.document)
  assert.match(
    own.document,
    new RegExp(`^  - id: ${reseller}\n    name: Reseller\n    token: ${mask}\n    accounts:\n      - id: ${shop}\n`, 'm'),
  )
  assert.match(own.document, /weight: 3/, 'of what it may set')
  for (const who of [as(reseller), caller]) {
    const { document } = await admin.documents.export(who, { account: shop })
    const { changes, faults } = await admin.documents.plan(who, document, { variables: {}, prune: true })
    assert.deepEqual([changes, faults], [[], []], document)
    assert.match(document, /to:\n +- line\n/)
  }
  for (const account of [root.id, other, sid(7)]) {
    await assert.rejects(
      admin.documents.export(as(reseller), { account }),
      (error: Error) => error.message === `There is no account ${account}.`,
    )
  }
  // Once the grant is gone the route cannot be written anew, and stays where it is written as it is.
  await admin.binds.put(caller, root.id, 'line', { ...carrier(), grant: [] })
  const { document } = await admin.documents.export(as(shop), {})
  const { changes, faults } = await admin.documents.plan(as(shop), document, { variables: {} })
  assert.deepEqual([changes, faults], [[], []], document)
})

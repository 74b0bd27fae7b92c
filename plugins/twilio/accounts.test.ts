import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { facadeBed, type Credentials } from '../../test/facade.ts'
import { handset } from './messages.fixture.ts'

async function family(context: TestContext) {
  const bed = await facadeBed(context)
  const make = async (as: Credentials, friendlyName: string): Promise<Credentials> => {
    await bed.clock.advance(1000)
    const made = await bed.client(as).api.v2010.accounts.create({ friendlyName })
    return { user: made.sid, secret: made.authToken }
  }
  const reseller = await make(bed.asRoot, 'Reseller')
  const customer = await make(reseller, 'Customer')
  const stranger = await make(bed.asRoot, 'Stranger')
  const at = ({ user }: Credentials): string => `/2010-04-01/Accounts/${user}.json`
  return { ...bed, make, reseller, customer, stranger, at }
}

test('an account is fetched with Twilio’s fields, by itself and by whoever is above it', async (context) => {
  const { client, asRoot, reseller, customer } = await family(context)
  const own = await client(reseller).api.v2010.accounts(reseller.user).fetch()
  assert.deepEqual(
    [own.sid, own.friendlyName, own.status, own.type, own.authToken, own.ownerAccountSid],
    [reseller.user, 'Reseller', 'active', 'Full', reseller.secret, asRoot.user],
  )
  assert.ok(own.dateCreated instanceof Date && own.dateUpdated instanceof Date)
  assert.equal(own.uri, `/2010-04-01/Accounts/${reseller.user}.json`)
  assert.match(String(own.subresourceUris['keys']), /\/Keys\.json$/)
  const below = await client().api.v2010.accounts(customer.user).fetch()
  assert.equal(below.ownerAccountSid, reseller.user)
  const root = await client().api.v2010.accounts(asRoot.user).fetch()
  assert.equal(root.ownerAccountSid, asRoot.user)
})

test('a new account is active at once with a token of its own, and has a name where none was given', async (context) => {
  const { client, call } = await facadeBed(context)
  const made = await client().api.v2010.accounts.create()
  assert.match(made.friendlyName, /^SubAccount Created at \d{4}-\d\d-\d\d \d\d:\d\d$/)
  assert.match(made.authToken, /^[0-9a-f]{32}$/)
  const own = await client({ user: made.sid, secret: made.authToken }).api.v2010.accounts(made.sid).fetch()
  assert.equal(own.status, 'active')
  const answered = await call('POST /2010-04-01/Accounts', { form: { FriendlyName: 'a <b>' } })
  assert.equal(answered.status, 201)
  assert.match(answered.text, /<TwilioResponse><Account><Sid>AC[0-9a-f]{32}<\/Sid><FriendlyName>a &lt;b&gt;<\/FriendlyName><Type>Full</)
})

test('the list has the account and those right below it, by name, by status and page by page', async (context) => {
  const { client, call, make, asRoot, reseller, stranger } = await family(context)
  const names = async (options: { friendlyName?: string; status?: 'active' | 'suspended' } = {}): Promise<string[]> =>
    (await client().api.v2010.accounts.list(options)).map(({ friendlyName }) => friendlyName)
  assert.deepEqual(await names(), ['Root account', 'Reseller', 'Stranger'])
  assert.deepEqual(await names({ friendlyName: 'Stranger' }), ['Stranger'])
  await client().api.v2010.accounts(stranger.user).update({ status: 'suspended' })
  assert.deepEqual(await names({ status: 'suspended' }), ['Stranger'])
  assert.deepEqual(await names({ status: 'active' }), ['Root account', 'Reseller'])
  for (let i = 0; i < 7; i++) await make(reseller, `Customer ${i}`)
  const listed = await client(reseller).api.v2010.accounts.list({ pageSize: 3 })
  assert.deepEqual(
    listed.map(({ friendlyName }) => friendlyName),
    ['Reseller', 'Customer', ...Array.from({ length: 7 }, (_, i) => `Customer ${i}`)],
  )
  assert.ok(!listed.some(({ sid }) => sid === asRoot.user))
  const page = await call('GET /2010-04-01/Accounts.json?Status=closing')
  assert.deepEqual([page.status, page.json['code']], [400, 20422])
})

test('name and status are changed from above; the account itself changes its name alone', async (context) => {
  const { client, call, reseller, at } = await family(context)
  const renamed = await client(reseller).api.v2010.accounts(reseller.user).update({ friendlyName: 'Renamed' })
  assert.equal(renamed.friendlyName, 'Renamed')
  const refusals: [number, Credentials | undefined, Record<string, string>][] = [
    [21477, reseller, { Status: 'closed' }],
    [21475, undefined, { Status: 'Active' }],
    [20002, undefined, { FriendlyName: '' }],
    [20002, undefined, { FriendlyName: 'x'.repeat(65) }],
  ]
  for (const [code, as, form] of refusals) {
    const { json, status } = await call(`POST ${at(reseller)}`, { form, ...(as ? { as } : {}) })
    assert.deepEqual([status, json['code']], [400, code], JSON.stringify(form))
  }
  const own = await call(`POST ${at({ user: renamed.ownerAccountSid, secret: '' })}`, { form: { Status: 'suspended' } })
  assert.equal(own.json['code'], 21477)
  const fetched = await client().api.v2010.accounts(reseller.user).fetch()
  assert.deepEqual([fetched.friendlyName, fetched.status], ['Renamed', 'active'])
})

test('a suspended account and all below it may do nothing, and may again; a closed one stays closed', async (context) => {
  const { client, call, reseller, customer, at } = await family(context)
  const set = (status: 'active' | 'suspended' | 'closed') => client().api.v2010.accounts(reseller.user).update({ status })
  for (const status of ['suspended', 'closed'] as const) {
    assert.equal((await set(status)).status, status)
    for (const as of [reseller, customer]) {
      const { json, status: got } = await call(`GET ${at(as)}`, { as })
      assert.deepEqual([got, json['code']], [403, 20005])
    }
    const send = await call(`POST /2010-04-01/Accounts/${customer.user}/Messages.json`, { form: { To: handset, From: 'x', Body: 'x' } })
    assert.deepEqual([send.status, send.json['code']], [403, 20005], 'not even for whoever is above')
    const shown = await client().api.v2010.accounts(customer.user).fetch()
    assert.equal(shown.status, status, 'as its parent is')
    const opened = await call(`POST ${at(customer)}`, { form: { Status: 'active' } })
    assert.equal(opened.json['code'], 21476)
    if (status === 'suspended') assert.equal((await set('active')).status, 'active')
    else await assert.rejects(set('active'), { code: 21475 })
  }
})

test('an account above, beside or of nobody is one answer on every route', async (context) => {
  const { call, asRoot, reseller, stranger, customer, at } = await family(context)
  const nobody = { user: `AC${'0'.repeat(32)}`, secret: '' }
  for (const other of [asRoot, stranger, nobody])
    for (const line of [`GET ${at(other)}`, `POST ${at(other)}`]) {
      const { status, text } = await call(line, { as: customer, ...(line.startsWith('POST') ? { form: { FriendlyName: 'mine' } } : {}) })
      assert.equal(status, 401, line)
      assert.match(text, /"code":20003/)
    }
  assert.equal((await call(`GET ${at(customer)}`, { as: reseller })).status, 200)
  assert.equal((await call(`GET ${at(stranger)}`, { as: stranger })).json['friendly_name'], 'Stranger')
})

test('what cannot be done to accounts says so', async (context) => {
  const { call, reseller, at } = await family(context)
  assert.deepEqual((await call(`DELETE ${at(reseller)}`)).json['code'], 20004)
  assert.deepEqual((await call('DELETE /2010-04-01/Accounts.json')).json['code'], 20004)
  assert.deepEqual((await call('GET /2010-04-01/Accounts/.json')).json['code'], 20404)
  assert.deepEqual((await call('GET /2010-04-01/Accounts.json?PageToken=PA../../etc')).json['code'], 20422)
  assert.deepEqual((await call('GET /2010-04-01/Accounts.json?PageSize=1001')).json['code'], 20007)
})

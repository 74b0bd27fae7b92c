// What belongs together is taken apart by nobody, and lent only as its owner says: over the admin API and
// by documents alike.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiBed, view, type Answer } from '../../../test/api.ts'
import { basic, root } from '../house.fixture.ts'

const { call } = apiBed({ northern: true })
const config = { host: '127.0.0.1', port: 2775, systemId: 'me', password: 'hushhush' }
let reseller: string
let shop: string
let asShop: string

test('a reseller and its shop are there', async () => {
  reseller = String(view(await call('POST /accounts', { name: 'Reseller' }))['id'])
  const made = view(await call('POST /accounts', { name: 'Shop', parent: reseller }))
  shop = String(made['id'])
  asShop = basic(shop, String(made['token']))
})

const faultsOf = (answer: Answer): string[] => (answer.body.error?.faults ?? []).map(({ path, message }) => `${path}: ${message}`)
const apply = (document: string): Promise<Answer> => call('POST /apply', { document })
async function explained(authorization?: string, account = shop): Promise<string[]> {
  const query = new URLSearchParams({ account, from: '+15550001111', to: '+447700900123' })
  return (await call(`GET /explain?${query.toString()}`, undefined, authorization)).body['lines'] as string[]
}

test('a grant is put, shown, put back as it is, held, and refused for whoever is not below', async () => {
  const put = await call('PUT /binds/northern', { connector: 'smpp', config, grant: ['Reseller'] })
  assert.deepEqual(view(put)['grant'], [reseller])
  const { grant } = (await call('GET /binds/northern')).body
  assert.equal((await call('PUT /binds/northern', { connector: 'smpp', config, grant })).body['changed'], false)
  assert.match((await explained(asShop))[1]!, /^1\. By a route or bind of an account above/)

  assert.deepEqual(view(await call('PUT /routes/default', { prefix: '', to: ['northern'], grant: [] }))['grant'], [])
  const revision = /^Configuration revision \d+\.$/
  assert.match((await explained())[0]!, /^· Route default takes every destination; it is not granted to the sender\. /)
  const told = await explained(asShop)
  assert.equal(told[0], 'No route takes this destination.')
  assert.match(told[1]!, revision)
  assert.equal(told.length, 2)

  for (const name of [root, `AC${'f'.repeat(32)}`, 'Nobody', 'root']) {
    const expected = [`grant[0]: expected an account below ${root}, got "${name}"`]
    assert.deepEqual(faultsOf(await call('PUT /binds/northern', { connector: 'smpp', config, grant: [name] })), expected)
    assert.deepEqual(faultsOf(await call('PUT /routes/default', { prefix: '', to: ['northern'], grant: [name] })), expected)
  }
  const many = Array.from({ length: 10_001 }, (_, i) => `account ${i}`)
  assert.equal((await call('PUT /routes/default', { prefix: '', to: ['northern'], grant: many })).status, 400)
  assert.equal(view(await call('PUT /binds/northern', { connector: 'smpp', config }))['grant'], undefined)
  assert.equal(view(await call('PUT /routes/default', { prefix: '', to: ['northern'] }))['grant'], undefined)
})

test('a bind in use is deleted by nobody, and the refusal says by what it is used, as far as one may know', async () => {
  const number = '+15005550016'
  await call(`PUT /binds/desk?account=${shop}`, { connector: 'smpp', side: 'client', config: { systemId: 'desk', password: 'hushhush' } })
  await call(`PUT /binds/line?account=${shop}`, { connector: 'smpp', config })
  assert.equal((await call(`PUT /numbers/${encodeURIComponent(number)}?account=${shop}`, { bind: 'desk' })).status, 201)
  assert.equal((await call(`PUT /routes/own?account=${shop}`, { prefix: '+49', to: ['line'] })).status, 201)
  assert.equal((await call(`PUT /routes/down?account=${reseller}`, { prefix: '+33', to: [`${shop}/line`] })).status, 201)
  const desk = `desk cannot be deleted: it is used by number ${number} of Shop`
  const line = (users: string): string => `line cannot be deleted: it is used by ${users}`
  for (const [bind, authorization, expected] of [
    ['desk', undefined, desk],
    ['line', undefined, line('route own of Shop, route down of Reseller')],
    ['line', asShop, line('route own of Shop, an account above')],
  ] as const) {
    const refused = await call(`DELETE /binds/${bind}?account=${shop}`, undefined, authorization)
    assert.deepEqual([refused.status, refused.body.error?.code], [409, 'in-use'])
    assert.deepEqual(faultsOf(refused), [`: ${expected}`])
  }
  const pruned = await call('POST /apply', { document: `accounts: [{ id: ${shop}, binds: [] }]`, prune: true })
  assert.equal(pruned.status, 400)
  assert.deepEqual(faultsOf(pruned).toSorted(), [
    `accounts[0].binds: ${desk}`,
    `accounts[0].binds: ${line('route own of Shop, route down of Reseller')}`,
  ])
  assert.equal((await call(`GET /binds/line?account=${shop}`)).status, 200)
})

test('the bind of a suspended account is left out until it is active again; meanwhile it is changed from above alone', async () => {
  assert.equal((await call(`PUT /accounts/${shop}`, { status: 'suspended' })).status, 200)
  assert.equal((await call(`PUT /routes/uk?account=${reseller}`, { prefix: '+44', to: [`${shop}/line`] })).status, 201)
  assert.match((await explained(undefined, reseller))[0]!, /line is left out: its account is not active\. It cannot be used/)
  assert.equal((await call('GET /binds', undefined, asShop)).status, 403)
  const document = `accounts: [{ id: ${shop}, binds: [{ id: line, connector: smpp, config: { host: 127.0.0.1, systemId: other, password: x } }] }]`
  assert.equal((await call('POST /apply', { document }, asShop)).status, 403)
  assert.equal((await apply(document)).status, 200)
  assert.equal((await call(`PUT /accounts/${shop}`, { status: 'active' })).status, 200)
  assert.match((await explained(undefined, reseller))[1]!, /^1\. line is the first choice/)
})

test('no circle of accounts is made, by a move or by a document', async () => {
  for (const parent of [reseller, shop]) {
    const moved = await call(`PUT /accounts/${reseller}/parent`, { parent })
    assert.equal(moved.status, 400)
    assert.deepEqual(faultsOf(moved), [`parent: expected an account that is not ${reseller} or below it, got ${parent}`])
  }
  const moved = await call(`PUT /accounts/${root}/parent`, { parent: shop })
  assert.equal(moved.status, 403, 'nobody is above the root account')
  const nested = await apply(`accounts: [{ id: ${shop}, accounts: [{ id: ${reseller} }] }]`)
  assert.deepEqual([nested.status, faultsOf(nested)], [400, [`accounts[0].accounts[0].id: ${reseller} is below another account`]])
  const field = await apply(`accounts: [{ id: ${reseller}, parent: ${shop} }]`)
  assert.deepEqual(
    [field.status, faultsOf(field).map((fault) => fault.split(';')[0])],
    [400, ['accounts[0].parent: there is no such field']],
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { basic, root } from '../house.fixture.ts'
import { apiBed, view } from '../../../test/api.ts'

const api = apiBed()
const { call, storeMessage } = api
let sub: string
let subToken: string

test('accounts: created once with a token, changed, moved, their token rotated', async () => {
  const created = await call('POST /accounts', { name: 'Sub one' })
  assert.equal(created.status, 201)
  sub = String(view(created)['id'])
  subToken = String(view(created)['token'])
  assert.match(subToken, /^[0-9a-f]{32}$/)
  assert.equal(view(created)['parent'], root)
  const shown = await call(`GET /accounts/${sub}`)
  assert.notEqual(shown.body['token'], subToken, 'masked from then on')
  assert.equal((await call('GET /accounts', undefined, basic(sub, subToken))).status, 200)
  const listed = (await call('GET /accounts')).body['accounts'] as { id: string }[]
  assert.deepEqual(
    listed.map((each) => each.id),
    [root, sub],
  )
  const renamed = await call(`PUT /accounts/${sub}`, { name: 'Renamed', concurrency: 50 })
  assert.equal(view(renamed)['name'], 'Renamed')
  assert.equal(
    (await call(`PUT /accounts/${sub}`, { name: 'Renamed', concurrency: 50 })).body['changed'],
    false,
    'the same again is no change',
  )
  const second = String(view(await call('POST /accounts', { name: 'Sub two' }))['id'])
  assert.equal(view(await call(`PUT /accounts/${second}/parent`, { parent: sub }))['parent'], sub)
  assert.equal((await call(`PUT /accounts/${sub}/parent`, { parent: second })).status, 400, 'no circle')
  const rotated = await call(`POST /accounts/${sub}/token`)
  assert.equal((await call('GET /accounts', undefined, basic(sub, subToken))).status, 401)
  subToken = String(view(rotated)['token'])
  assert.equal((await call('GET /accounts', undefined, basic(sub, subToken))).status, 200)
})

test('an account and all below it are exported as a document without secrets, which changes nothing here', async () => {
  const exported = await call(`GET /accounts/${root}/document`)
  const document = String(exported.body['document'])
  assert.ok(document.includes(`- id: ${sub}\n`) && !document.includes(subToken), document)
  assert.deepEqual(exported.body['variables'], [])
  const planned = await call('POST /plan', { document, prune: true })
  assert.deepEqual([planned.body['changes'], planned.body['faults']], [[], []])
  const named = await call(`GET /accounts/${sub}/document?secrets=variables`, undefined, basic(sub, subToken))
  assert.deepEqual((named.body['variables'] as string[]).slice(0, 1), ['RENAMED_TOKEN'])
  assert.match(String(named.body['document']), /token: \$\{RENAMED_TOKEN\}/)
  assert.equal((await call(`GET /accounts/${root}/document`, undefined, basic(sub, subToken))).status, 404)
  assert.equal((await call(`GET /accounts/${root}/document?secrets=plain`)).status, 400)
})

test('accounts: caps are laid over those there are, and what was used is shown with them, to nobody else', async () => {
  const [mine, other] = [await call('POST /accounts', { name: 'Capped' }), await call('POST /accounts', { name: 'Other' })].map(view)
  const id = String(mine!['id'])
  const capped = await call(`PUT /accounts/${id}`, { caps: { messagesPerDay: 5, queued: 9 } })
  assert.deepEqual(view(capped)['caps'], { messagesPerDay: 5, queued: 9 })
  assert.deepEqual(view(await call(`PUT /accounts/${id}`, { caps: { queued: 0, sessions: 2 } }))['caps'], {
    messagesPerDay: 5,
    sessions: 2,
  })
  assert.equal((await call(`PUT /accounts/${id}`, { caps: { perWeek: 1 } })).status, 400)
  const nothing = { messages: 0, segments: 0 }
  const usage = { account: id, today: nothing, thisMonth: nothing, queued: 0, sessions: 0, caps: { messagesPerDay: 5, sessions: 2 } }
  assert.deepEqual((await call(`GET /accounts/${id}/usage`)).body, usage)
  const token = String(view(await call(`POST /accounts/${id}/token`))['token'])
  assert.deepEqual((await call(`GET /accounts/${id}/usage`, undefined, basic(id, token))).body, usage)
  assert.equal((await call(`GET /accounts/${String(other!['id'])}/usage`, undefined, basic(id, token))).status, 404)
  const raised = await call(`PUT /accounts/${id}`, { caps: { messagesPerDay: 6 } }, basic(id, token))
  assert.equal(raised.status, 400, 'its own are set from above')
  assert.equal(view(await call(`PUT /accounts/${id}`, { caps: { messagesPerDay: 0, sessions: 0 } }))['caps'], undefined)
})

test('a sub-account neither sees nor changes anything above it or beside it', async () => {
  await api.northern()
  const below = basic(sub, subToken)
  const id = await storeMessage('failed')
  for (const line of [
    `GET /accounts/${root}`,
    `GET /binds/northern?account=${root}`,
    `GET /routes/default?account=${root}`,
    `GET /messages/${id}`,
    `GET /messages/${id}/trace`,
    `POST /messages/${id}/redact`,
    `DELETE /messages/${id}`,
    `DELETE /routes/default?account=${root}`,
    `POST /lanes/northern/pause?account=${root}`,
    `POST /binds/northern/trace?account=${root}`,
    `GET /binds/northern/trace?account=${root}`,
    `DELETE /binds/northern/trace?account=${root}`,
    `GET /binds/northern/trace/lines?account=${root}`,
    `GET /binds/northern/trace.pcap?account=${root}`,
  ]) {
    const answer = await call(line, undefined, below)
    assert.equal(answer.status, 404, line)
  }
  assert.equal(
    (await call(`PUT /binds/theirs?account=${root}`, { connector: 'smpp', config: { host: 'x', systemId: 'y' } }, below)).status,
    404,
  )
  assert.deepEqual((await call('GET /messages', undefined, below)).body['messages'], [])
  assert.equal((await call(`GET /messages/${id}`)).status, 200, 'it is still there')
})

test('a suspended account, and one below it, may do nothing', async () => {
  await call(`PUT /accounts/${sub}`, { status: 'suspended' })
  const answer = await call('GET /accounts', undefined, basic(sub, subToken))
  assert.equal(answer.status, 403)
  assert.equal(answer.body.error?.code, 'suspended')
})

api.walkedAll('accounts.test.ts')

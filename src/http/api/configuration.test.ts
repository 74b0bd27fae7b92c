import assert from 'node:assert/strict'
import { test } from 'node:test'
import { root } from '../house.fixture.ts'
import { apiBed } from '../../../test/api.ts'

const api = apiBed()
const { call } = api

test('binds: a put twice leaves one, secrets are masked, what is in use stays, what is unknown is 404', async () => {
  const input = {
    connector: 'smpp',
    config: { host: '127.0.0.1', port: 2775, systemId: 'me', password: 'hushhush' },
    policy: { window: 5 },
  }
  const first = await call('PUT /binds/northern', input)
  assert.equal(first.status, 201)
  assert.doesNotMatch(JSON.stringify(first.body), /hushhush/)
  const again = await call('PUT /binds/northern', input)
  assert.equal(again.status, 200)
  assert.equal(again.body['changed'], false)
  assert.equal(again.body['revision'], first.body['revision'])
  const shown = await call('GET /binds/northern')
  assert.equal((shown.body['policy'] as { window: number }).window, 5)
  assert.doesNotMatch(JSON.stringify(shown.body), /hushhush/)
  const masked = await call('PUT /binds/northern', { ...input, config: shown.body['config'] })
  assert.equal(masked.body['changed'], false, 'the mask given back keeps the password')
  const listed = (await call('GET /binds')).body['binds'] as { id: string }[]
  assert.deepEqual(listed.map((each) => each.id).toSorted(), ['api', 'northern'])
  assert.equal((await call('GET /binds/nowhere')).status, 404)
  assert.equal((await call('DELETE /binds/nowhere')).status, 404)
  assert.equal((await call('PUT /binds/spare', { ...input, config: { ...input.config, systemId: 'spare' } })).status, 201)
  assert.equal((await call('DELETE /binds/spare')).status, 200)
  assert.equal((await call('GET /binds/spare')).status, 404)
})

test('a bind that does not hold is refused with every fault at once, in words', async () => {
  const answer = await call('PUT /binds/bad', { connector: 'smpp', config: { port: 99_999, hots: 'x' }, policy: { window: 0 } })
  assert.equal(answer.status, 400)
  const paths = answer.body.error?.faults?.map((fault) => fault.path) ?? []
  for (const path of ['config.port', 'config.systemId', 'config.hots', 'policy.window'])
    assert.ok(paths.includes(path), `${path} in ${paths.join(', ')}`)
  assert.equal((await call('GET /binds/bad')).status, 404)
})

test('routes and numbers: put, list, get, delete', async () => {
  assert.equal((await call('PUT /routes/default', { prefix: '', to: ['northern'] })).status, 201)
  assert.equal(
    (
      await call('PUT /routes/uk', {
        prefix: '+44',
        to: ['northern'],
        time: { days: ['mon'], from: '08:00', to: '18:00', zone: 'Europe/London' },
      })
    ).status,
    201,
  )
  const routes = (await call('GET /routes')).body['routes'] as { id: string }[]
  assert.deepEqual(routes.map((each) => each.id).toSorted(), ['default', 'uk'])
  assert.equal((await call('GET /routes/uk')).body['prefix'], '+44')
  assert.equal((await call('DELETE /binds/northern')).status, 409, 'a route needs it')
  assert.equal((await call('DELETE /routes/uk')).status, 200)
  assert.equal((await call('GET /routes/uk')).status, 404)
  const number = encodeURIComponent('+15005550006')
  assert.equal((await call(`PUT /numbers/${number}`, { settings: { smsUrl: 'https://example.com/sms' } })).status, 201)
  assert.equal((await call(`GET /numbers/${number}`)).body['number'], '+15005550006')
  assert.equal(((await call('GET /numbers')).body['numbers'] as unknown[]).length, 1)
  assert.equal((await call(`DELETE /numbers/${number}`)).status, 200)
  assert.equal((await call(`DELETE /numbers/${number}`)).status, 404)
})

test('a document is planned without a change, applied whole, and then changes nothing', async () => {
  const text = `accounts:\n  - id: root\n    routes:\n      - { id: germany, prefix: "+49", to: [northern] }\n`
  const planned = await call('POST /plan', { document: text })
  assert.equal((planned.body['changes'] as unknown[]).length, 1)
  assert.equal((await call('GET /routes/germany')).status, 404)
  assert.equal((await call('POST /apply?expected=1', { document: text })).status, 409)
  assert.equal((await call('POST /apply', { document: text })).status, 200)
  assert.equal((await call('GET /routes/germany')).status, 200)
  assert.deepEqual((await call('POST /apply', { document: text })).body['changes'], [])
  const faulty = await call('POST /apply', {
    document: 'accounts:\n  - id: root\n    routes:\n      - { id: france, prefix: "+33", to: [nowhere] }\n',
  })
  assert.equal(faulty.status, 400)
  assert.match(JSON.stringify(faulty.body.error?.faults), /nowhere/)
  const [newest] = (await call('GET /revisions?limit=1')).body['revisions'] as { author: string; changes: { key: string }[] }[]
  assert.equal(newest?.author, root)
  assert.match(newest?.changes[0]?.key ?? '', /germany/)
})

api.walkedAll('configuration.test.ts')

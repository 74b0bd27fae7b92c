import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiBed, view } from '../../../test/api.ts'
import { basic, root } from '../house.fixture.ts'

const api = apiBed()
const { call } = api
const number = encodeURIComponent('+12025550123')
const handset = encodeURIComponent('+447700900123')

test('who has opted out is listed page by page, with when, by which word and in which message', async () => {
  const message = 'a'.repeat(32)
  const said = { account: root, sender: '+12025550123', handset: '+447700900123', at: 1_000, word: 'STOP', message }
  await api.house.store.optOuts.put(said)
  assert.deepEqual([(await call(`PUT /optouts/ACME/${handset}`)).status, (await call(`PUT /optouts/ACME/${handset}`)).status], [201, 200])
  const first = await call(`GET /optouts?limit=1`)
  assert.deepEqual(first.body['optOuts'], [{ ...said, at: '1970-01-01T00:00:01.000Z' }])
  const rest = await call(`GET /optouts?limit=1&cursor=${String(first.body['next'])}`)
  const [byOperator] = rest.body['optOuts'] as Record<string, string>[]
  assert.deepEqual([byOperator?.['sender'], byOperator?.['word'], rest.body['next']], ['ACME', undefined, undefined])
  assert.deepEqual((await call('GET /optouts?cursor=nonsense')).body, { optOuts: [] })
  assert.equal(((await call(`GET /optouts?sender=${number}`)).body['optOuts'] as unknown[]).length, 1)
})

test('one is removed once; faults are told; another account’s are absent', async () => {
  assert.equal((await call(`DELETE /optouts/${number}/${handset}`)).status, 200)
  const gone = await call(`DELETE /optouts/${number}/${handset}`)
  assert.deepEqual([gone.status, gone.body.error?.message], [404, '+447700900123 has not opted out of +12025550123.'])
  const wrong = await call('PUT /optouts/ACME/nobody')
  assert.deepEqual([wrong.status, wrong.body.error?.faults?.[0]?.path], [400, 'handset'])
  assert.equal((await call('GET /optouts?limit=0')).status, 400)
  const made = view(await call('POST /accounts', { name: 'Sub' }))
  const as = basic(String(made['id']), String(made['token']))
  assert.deepEqual((await call('GET /optouts', undefined, as)).body, { optOuts: [] })
  for (const line of [
    `GET /optouts?account=${root}`,
    `PUT /optouts/ACME/${handset}?account=${root}`,
    `DELETE /optouts/ACME/${handset}?account=${root}`,
  ])
    assert.equal((await call(line, undefined, as)).status, 404, line)
  assert.equal(((await call('GET /optouts')).body['optOuts'] as unknown[]).length, 1)
})

test('a list is taken whole, once, with when and by which word; or not at all', async () => {
  const made = view(await call('POST /accounts', { name: 'Shop' }))
  const of = (n: number) => ({ handset: `+4477009010${String(n).padStart(2, '0')}`, sender: '12025550199' })
  const list = [
    { ...of(0), at: '2020-02-03T04:05:06.000Z', word: 'HALT' },
    { ...of(1), at: '2999-01-01T00:00:00.000Z', account: made['id'] },
    of(2),
    of(2),
  ]
  const first = await call('POST /optouts', { optOuts: list })
  assert.deepEqual([first.status, first.body], [200, { created: 3, known: 1 }])
  assert.deepEqual((await call('POST /optouts', { optOuts: list })).body, { created: 0, known: 4 })
  const all = (await call(`GET /optouts?sender=${encodeURIComponent('+12025550199')}`)).body['optOuts'] as Record<string, string>[]
  assert.equal(all.length, 3)
  const old = all.find((one) => one['handset'] === '+447700901000')
  assert.deepEqual([old?.['at'], old?.['word']], ['2020-02-03T04:05:06.000Z', 'HALT'])
  const future = all.find((one) => one['account'] === made['id'])?.['at'] ?? ''
  assert.ok(Date.parse(future) < Date.UTC(2900, 0), 'nothing is from the future')

  const wrong = await call('POST /optouts', {
    optOuts: [of(3), { ...of(4), handset: 'nobody' }, { ...of(5), account: `AC${'9'.repeat(32)}` }],
  })
  assert.equal(wrong.status, 400)
  assert.deepEqual(
    wrong.body.error?.faults?.map(({ path }) => path),
    ['optOuts[1].handset', 'optOuts[2].account'],
  )
  assert.equal(((await call(`GET /optouts?handset=${encodeURIComponent('+447700901003')}`)).body['optOuts'] as unknown[]).length, 0)
  const as = basic(String(made['id']), String(made['token']))
  assert.equal((await call('POST /optouts', { optOuts: [{ ...of(6), account: root }] }, as)).status, 400)
  assert.equal((await call('POST /optouts', { optOuts: Array.from({ length: 1001 }, () => of(7)) })).status, 400)
})

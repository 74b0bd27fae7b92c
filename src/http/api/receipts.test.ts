import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeliverItem } from '../../store/store.ts'
import { basic, root } from '../house.fixture.ts'
import { apiBed, view, type Answer } from '../../../test/api.ts'

const api = apiBed({ northern: true })
const { call } = api
const northern = `${root}/northern`

type Segments = { state: string; ref?: string; bind?: string; at?: string; error?: string; final?: boolean }[]

/** Sent over the bind under these ids. */
async function sentAs(...refs: string[]): Promise<string> {
  const id = await api.storeMessage('queued', { segments: refs.length }, 0)
  const [run] = await api.house.store.claim(northern, 1)
  const item = run?.items[0] as DeliverItem
  const sentAt = Date.now()
  const segments = refs.map((ref) => ({ ref, bind: northern, state: 'sent' as const, at: sentAt }))
  const life = { ...item.life, state: 'sent' as const, segments, bind: northern, attempts: 1, updatedAt: sentAt, sentAt }
  const transition = {
    message: id,
    life,
    entries: [],
    refs: refs.map((ref, segment) => ({ bind: northern, ref, segment })),
    receiptBy: sentAt + 60_000,
    counts: [{ bind: northern, name: 'sent' as const }],
  }
  await api.house.store.settle({ token: run!.token, item: item.id, kind: 'deliver', transition })
  return id
}

test('a message tells the state of each of its segments: id, bind, time and error', async () => {
  const id = await sentAs('f1', 'f2')
  await api.house.store.receipt(northern, { ref: 'F1', state: 'delivered', final: true, error: '000' })
  const one = (await call(`GET /messages/${id}`)).body
  assert.equal(one['state'], 'sent')
  const [first, second] = one['segmentStates'] as Segments
  assert.deepEqual([first?.state, first?.ref, first?.bind, first?.final, first?.error], ['delivered', 'f1', northern, true, '000'])
  assert.ok(Math.abs(Date.now() - Date.parse(first?.at ?? '')) < 10_000)
  assert.deepEqual([second?.state, second?.ref, second?.final], ['sent', 'f2', undefined])
  const failure = { kind: 'permanent', code: 'absent-subscriber', peer: 'stat:UNDELIV err:027' } as const
  await api.house.store.receipt(northern, { ref: 'f2', state: 'undeliverable', final: true, error: '027', failure })
  const traced = (await call(`GET /messages/${id}/trace`)).body as unknown as { message: { state: string }; segments: Segments }
  assert.equal(traced.message.state, 'undelivered')
  assert.deepEqual(
    traced.segments.map(({ state, error }) => `${state} ${error}`),
    ['delivered 000', 'undeliverable 027'],
  )
})

test('a bind tells how its receipts name messages, once it is sure, and how far they can be believed', async () => {
  const before = (await call('GET /binds/northern/receipts')).body
  assert.deepEqual(before, {
    refForms: { case: 1, same: 1 },
    refForm: { form: 'case', seen: 1, of: 2, share: 0.5, sure: false },
    parked: 0,
  })
  for (let i = 0; i < 20; i++) {
    await sentAs(`a${i}`)
    await api.house.store.receipt(northern, { ref: `A${i}`, state: 'delivered', final: true })
  }
  const book = api.house.truth.of(northern)
  for (let i = 0; i < 200; i++) book.add({ ref: 'x', state: 'delivered', final: true }, Date.now(), Date.now() + 5)
  const now = (await call('GET /binds/northern/receipts')).body as {
    refForm?: unknown
    truth?: { score: number; receipts: number; reasons: { what: string; words: string }[] }
  }
  assert.deepEqual(now.refForm, { form: 'case', seen: 21, of: 22, share: 0.955, sure: true })
  assert.equal(now.truth?.receipts, 200)
  assert.equal(now.truth?.score, 15)
  assert.match(now.truth?.reasons[0]?.words ?? '', /within 300 ms/)
  const statistics = (await call('GET /statistics')).body as unknown as { binds: { bind: string; receipts: object }[] }
  assert.deepEqual(statistics.binds.find((each) => each.bind === northern)?.receipts, now)
})

test('receipts for ids that nothing was sent under are listed page by page, as the carrier wrote them', async () => {
  for (const ref of ['0AF', 'x-1', 'x-2'])
    await api.house.store.receipt(northern, { ref, state: 'expired', final: true, doneAt: 0, error: '17' })
  const told = (await call('GET /binds/northern/receipts')).body
  assert.equal(told['parked'], 3)
  assert.ok(Date.parse(String(told['oldestParkedAt'])) <= Date.now())
  const page = (await call('GET /binds/northern/receipts/parked?limit=2')).body as unknown as {
    receipts: Record<string, unknown>[]
    next: string
  }
  const [{ at, ...first } = {}] = page.receipts
  assert.deepEqual(first, { ref: '0AF', state: 'expired', final: true, doneAt: '1970-01-01T00:00:00.000Z', error: '17' })
  assert.ok(Date.parse(String(at)) <= Date.now())
  const rest = (await call(`GET /binds/northern/receipts/parked?limit=2&cursor=${page.next}`)).body
  assert.deepEqual(
    (rest['receipts'] as { ref: string }[]).map((each) => each.ref),
    ['x-2'],
  )
  assert.equal(rest['next'], undefined)
  assert.equal((await call('GET /binds/northern/receipts/parked?cursor=abc')).status, 400)
  assert.equal((await call('GET /binds/northern/receipts/parked?limit=1001')).status, 400)
  await sentAs('af')
  assert.equal((await call('GET /binds/northern/receipts')).body['parked'], 2, 'the message of one came')
})

test('what a bind received is for its owner and the accounts above', async () => {
  const created: Answer = await call('POST /accounts', { name: 'Below' })
  const below = String(view(created)['id'])
  const credentials = basic(below, String(view(created)['token']))
  const config = { host: '127.0.0.1', systemId: 'theirs' }
  assert.equal((await call('PUT /binds/theirs', { connector: 'smpp', config }, credentials)).status, 201)
  await api.house.store.receipt(`${below}/theirs`, { ref: 'secret', state: 'delivered', final: true })
  for (const path of ['receipts', 'receipts/parked']) {
    assert.equal((await call(`GET /binds/theirs/${path}`, undefined, credentials)).status, 200)
    assert.equal((await call(`GET /binds/theirs/${path}?account=${below}`)).status, 200)
    assert.equal((await call(`GET /binds/northern/${path}?account=${root}`, undefined, credentials)).status, 404)
    assert.equal((await call(`GET /binds/northern/${path}`, undefined, credentials)).status, 404)
    assert.equal((await call(`GET /binds/nowhere/${path}`)).status, 404)
  }
})

api.walkedAll('receipts.test.ts')

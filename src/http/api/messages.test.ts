import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Message } from '../../model/message.ts'
import { root } from '../house.fixture.ts'
import { apiBed } from '../../../test/api.ts'

const api = apiBed({ northern: true })
const { call, storeMessage, ids } = api

test('messages: searched, fetched, traced without their body, canceled, redacted, deleted', async () => {
  const waiting = await storeMessage('queued')
  const ended = await storeMessage('failed')
  const found = (await call('GET /messages?limit=1')).body
  assert.deepEqual(
    (found['messages'] as { id: string }[]).map((each) => each.id),
    [ended],
    'newest first',
  )
  const next = (await call(`GET /messages?limit=1&cursor=${encodeURIComponent(String(found['next']))}`)).body
  assert.deepEqual(
    (next['messages'] as { id: string }[]).map((each) => each.id),
    [waiting],
  )
  const tampered = await call('GET /messages?limit=1&cursor=nonsense')
  assert.deepEqual([tampered.status, tampered.body.error?.faults?.[0]?.path], [400, 'cursor'])
  assert.equal(((await call('GET /messages?state=failed&to=%2B447700900123')).body['messages'] as unknown[]).length, 1)
  assert.equal((await call(`GET /messages/SM${waiting}`)).body['state'], 'queued', 'with or without SM')
  const traced = await call(`GET /messages/${waiting}/trace`)
  assert.equal((traced.body['entries'] as { what: string }[])[0]?.what, 'accepted')
  assert.doesNotMatch(JSON.stringify(traced.body), /never shown/)
  assert.equal((await call(`POST /messages/${waiting}/release`, { how: 'resend' })).status, 409)
  assert.equal((await call(`POST /messages/${waiting}/redact`)).status, 409)
  assert.equal((await call(`DELETE /messages/${waiting}`)).status, 409)
  assert.equal((await call(`POST /messages/${waiting}/cancel`)).status, 200)
  assert.equal((await call(`POST /messages/${waiting}/cancel`)).status, 409)
  assert.equal((await call(`POST /messages/${ended}/redact`)).status, 200)
  assert.equal((await call(`GET /messages/${ended}`)).body['redacted'], true)
  assert.equal((await call(`DELETE /messages/${ended}`)).status, 200)
  assert.equal((await call(`GET /messages/${ended}`)).status, 404)
  for (const line of [`GET /messages/${'0'.repeat(32)}`, `POST /messages/${'0'.repeat(32)}/cancel`])
    assert.equal((await call(line)).status, 404)
  assert.equal((await call('GET /messages/nonsense')).status, 400)
})

test('a held message is released', async () => {
  const { id, run } = await heldMessage()
  assert.equal(run, true)
  assert.equal((await call(`POST /messages/${id}/release`, { how: 'fail' })).status, 200)
  assert.equal((await call(`GET /messages/${id}`)).body['state'], 'failed')
})

/** On the lane, claimed, and settled as held. */
async function heldMessage(): Promise<{ id: string; run: boolean }> {
  const now = Date.now()
  const id = ids.next()
  const address = (value: string): Message['to'] => ({ value, ton: 'international', npi: 'e164' })
  const lane = `${root}/northern`
  const message: Message = {
    id,
    account: root,
    direction: 'mt',
    arrival: `${root}/api`,
    from: address('+15005550006'),
    to: address('+447700900999'),
    body: { kind: 'text', text: 'held' },
    priority: 1,
    receipt: 'none',
    acceptedAt: now,
    validUntil: now + 60_000,
    segments: 1,
  }
  const life = { state: 'queued' as const, segments: [], attempts: 0, updatedAt: now }
  const decision = { revision: 1, candidates: [{ bind: lane, why: 'first' }], failoverOnReceipt: false, tried: [] }
  await api.house.store.accept({
    message,
    decision,
    life,
    entries: [{ at: now, what: 'accepted', via: message.arrival }],
    queue: { lane, due: now, candidate: 0 },
  })
  const [run] = await api.house.store.claim(lane, 1)
  const item = run?.items[0]
  if (!run || !item) return { id, run: false }
  const transition = { message: id, life: { ...life, state: 'held' as const }, entries: [], counts: [] }
  await api.house.store.settle({ token: run.token, item: item.id, kind: 'deliver', transition })
  return { id, run: true }
}

test('explain tells the decision and sends nothing; what is no address is told', async () => {
  const answer = await call('GET /explain?from=%2B15005550006&to=%2B447700900123')
  const { candidates } = answer.body['decision'] as { candidates: { bind: string }[] }
  assert.deepEqual(
    candidates.map((each) => each.bind),
    [`${root}/northern`],
  )
  const via = await call('GET /explain?from=%2B15005550006&to=%2B447700900123&via=nowhere')
  assert.deepEqual((via.body['decision'] as { candidates: unknown[] }).candidates, [], 'a bind that the sender names: that one, or none')
  const bad = await call('GET /explain?from=%2B15005550006&to=%2B1')
  assert.equal(bad.status, 400)
  assert.deepEqual(
    bad.body.error?.faults?.map((fault) => fault.path),
    ['to'],
  )
})

test('explain says where a recipient is none that the Twilio-compatible API takes', async () => {
  const first = async (to: string): Promise<string> => {
    const { body } = await call(`GET /explain?from=%2B15005550006&to=${to}`)
    return (body['lines'] as string[])[0]!
  }
  assert.match(await first('x'), /^· x is a name and no number: .* refuses it as a recipient \(21211\)/)
  assert.match(await first('12345'), /^· 12345 is a short code: .* refuses it as a recipient \(21265\)/)
  assert.doesNotMatch(await first('%2B447700900123'), /refuses/)
})

api.walkedAll('messages.test.ts')

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { root } from '../house.fixture.ts'
import { apiBed } from '../../../test/api.ts'

const api = apiBed({ northern: true })
const { call, storeMessage } = api

test('lanes: listed, paused, resumed, purged', async () => {
  await storeMessage('queued')
  await storeMessage('queued', { from: { value: 'BRAND', ton: 'alphanumeric', npi: 'unknown' } })
  const lanes = (await call('GET /lanes')).body['lanes'] as { bind: string; deliver: number }[]
  assert.equal(lanes.find((each) => each.bind === `${root}/northern`)?.deliver, 2)
  assert.equal((await call('POST /lanes/northern/pause')).body['changed'], true)
  assert.equal((await call('POST /lanes/northern/pause')).body['changed'], false)
  assert.equal(((await call('POST /lanes/northern/resume')).body['lane'] as { paused: boolean }).paused, false)
  assert.equal((await call('POST /lanes/northern/purge', { from: 'BRAND' })).body['purged'], 1)
  assert.equal((await call('POST /lanes/northern/purge', {})).body['purged'], 1)
  const whole = encodeURIComponent(`${root}/northern`)
  assert.equal((await call(`POST /lanes/${whole}/resume`)).body['changed'], false, 'by the name that the list has')
  assert.equal((await call(`POST /lanes/${encodeURIComponent(`AC${'0'.repeat(32)}/northern`)}/pause`)).status, 404)
  assert.equal((await call('POST /lanes/nowhere/pause')).status, 404)
})

test('statistics and sessions', async () => {
  const { binds } = (await call('GET /statistics?series=true')).body as unknown as {
    binds: { bind: string; sums: Record<string, number> }[]
  }
  assert.equal(
    binds.some((each) => each.bind === `${root}/northern`),
    true,
  )
  assert.equal((await call('GET /sessions')).status, 200)
  assert.equal((await call('GET /statistics?from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z')).status, 400, 'at most seven days')
})

api.walkedAll('lanes.test.ts')

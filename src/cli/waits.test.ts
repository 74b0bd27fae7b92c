import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TraceAnswer } from '../http/api/traffic.ts'
import { Told, type Client } from './client.ts'
import { waits } from './waits.ts'

const account = `AC${'1'.repeat(32)}`
const now = Date.UTC(2026, 0, 1, 12)
const at = (ms: number): string => new Date(now + ms).toISOString()

function trace(message: Partial<TraceAnswer['message']>, entries: TraceAnswer['entries'] = []): TraceAnswer {
  const decision = { revision: 1, candidates: ['north', 'south'].map((id) => ({ bind: `${account}/${id}`, why: '' })), tried: [] }
  return {
    message: { id: '2'.repeat(32), account, state: 'queued', decision: { ...decision, failoverOnReceipt: false }, ...message },
    attempts: 0,
    segments: [],
    entries,
  } as unknown as TraceAnswer
}

function client(north: { state: string; lastError?: string }, paused = false): Client {
  const since = at(-180_000)
  return {
    request: async (_verb: string, path: string) =>
      path.startsWith('/api/v1/lanes')
        ? { lanes: ['north', 'south'].map((id) => ({ bind: `${account}/${id}`, paused, deliver: 7, report: 0 })) }
        : {
            sessions: [
              { bind: `${account}/north`, since, ...north },
              { bind: `${account}/south`, since, state: 'bound' },
            ],
          },
  } as unknown as Client
}

test('a trace ends with what the message waits for', async () => {
  const down = client({ state: 'down', lastError: 'connect ECONNREFUSED' })
  assert.equal(await waits(down, trace({}), now), 'Waits for north, which has been down for 3 min 0 s: connect ECONNREFUSED.')
  assert.equal(await waits(client({ state: 'bound' }), trace({}), now), 'Waits for north, which is bound; 7 wait there.')
  assert.match((await waits(client({ state: 'bound' }, true), trace({}), now)) ?? '', /north, which is paused/)
  assert.match((await waits(client({ state: 'off' }), trace({}), now)) ?? '', /north, which is switched off/)
  assert.match((await waits(down, trace({ state: 'scheduled', deliverAfter: at(60_000) }), now)) ?? '', /for its time, 2026-01-01 12:01:00/)
  assert.match((await waits(down, trace({ state: 'held' }), now)) ?? '', /release 2{32} resend, or fail/)
  assert.equal(await waits(down, trace({ state: 'delivered' }), now), undefined)
})

test('it waits for the bind that the newest attempt, retry or failover names', async () => {
  const down = client({ state: 'down' })
  const failover = { at: at(0), what: 'failover' as const, from: `${account}/north`, to: `${account}/south`, why: '' }
  assert.match((await waits(down, trace({}, [failover]), now)) ?? '', /^Waits for south, which is bound/)
  const retry = { at: at(0), what: 'retry' as const, bind: `${account}/south`, due: at(30_000) }
  assert.match((await waits(down, trace({}, [retry]), now)) ?? '', /for south, .*; it is tried again in 30\.0 s\.$/)
  assert.match((await waits(down, trace({}, [failover, { at: at(1), what: 'decided' as const }]), now)) ?? '', /^Waits for north/)
})

test('of a bind of an account above nothing is said, and a refusal is no fault', async () => {
  const above = trace({})
  above.message.decision.candidates[0]!.bind = 'inherited'
  assert.equal(await waits(client({ state: 'down' }), above, now), undefined)
  const refusing = { request: () => Promise.reject(new Told('There is no account.')) } as unknown as Client
  assert.equal(await waits(refusing, trace({}), now), undefined)
})

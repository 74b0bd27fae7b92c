import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { testClock } from '../../../src/clock.ts'
import { statuses, tags, tlvInteger } from '../codec/index.ts'
import { bound, eventually, house } from './centre.fixture.ts'

const hex = /^[0-9a-f]{32}$/

describe('a transaction', () => {
  const transaction = { esm_class: 0x02 }

  it('is answered with its outcome: delivered', async (t) => {
    const { port, clients } = await house(t)
    const client = await bound(t, port)
    let tell: (outcome: { state: 'delivered' }) => void = () => {}
    clients[0]!.outcome = () => new Promise((resolve) => (tell = resolve))
    let isAnswered = false
    const response = client.submit(transaction).finally(() => (isAnswered = true))
    await eventually(() => clients[0]!.accepted.length === 1, 'it is accepted')
    await new Promise((resolve) => setTimeout(resolve, 30))
    assert.equal(isAnswered, false)
    tell({ state: 'delivered' })
    assert.equal((await response).command_status, 0)
    assert.equal(clients[0]!.accepted[0]!.mode, 'transaction')
  })

  for (const [what, outcome, reason] of [
    ['an absent handset', { state: 'undelivered', failure: { kind: 'permanent', code: 'absent-subscriber' } }, 0],
    ['an unknown number', { state: 'undelivered', failure: { kind: 'permanent', code: 'unknown-subscriber' } }, 1],
    ['a refusal', { state: 'failed', failure: { kind: 'permanent', code: 'rejected' } }, 2],
    ['nothing known in time', { state: 'sent' }, 3],
  ] as const) {
    it(`is answered ESME_RDELIVERYFAILURE and why: ${what}`, async (t) => {
      const { port, clients } = await house(t)
      const client = await bound(t, port)
      clients[0]!.outcome = () => Promise.resolve(outcome)
      const response = await client.submit(transaction)
      assert.equal(response.command_status, statuses.ESME_RDELIVERYFAILURE)
      assert.equal(tlvInteger(response.tlvs, tags.delivery_failure_reason), reason)
      assert.match(response.message_id, hex)
    })
  }
})

for (const how of ['unbinds', 'is unbound'] as const)
  it(`a client that ${how} before the outcome of its transaction is told its id, and that it is not known`, async (t) => {
    const clock = testClock(Date.UTC(2026, 10, 21))
    const { port, clients } = await house(t, [{}], clock)
    const client = await bound(t, port)
    clients[0]!.outcome = () => new Promise(() => {})
    const response = client.submit({ esm_class: 0x02 })
    await eventually(() => clients[0]!.accepted.length === 1, 'it is accepted')
    if (how === 'unbinds') void client.ask({ command: 'unbind', sequence_number: 0 })
    else for (const session of clients[0]!.sessions) void session.close()
    let isAnswered = false
    void response.finally(() => (isAnswered = true))
    await eventually(() => {
      void clock.advance(100)
      return isAnswered
    }, 'it is answered')
    const { command_status, tlvs, message_id } = await response
    assert.equal(command_status, statuses.ESME_RDELIVERYFAILURE)
    assert.equal(tlvInteger(tlvs, tags.delivery_failure_reason), 3)
    assert.match(message_id, hex)
  })

it('a transaction of a 3.3 client has its short id in its receipts, too', async (t) => {
  const { port, clients } = await house(t)
  const client = await bound(t, port, { interface_version: 0x33 })
  const { message_id, command_status } = await client.submit({ esm_class: 0x02 })
  assert.equal(command_status, 0)
  assert.equal(clients[0]!.accepted[0]!.report?.['message_id'], message_id)
})

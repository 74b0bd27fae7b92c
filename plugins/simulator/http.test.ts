import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import express from 'express'
import smpp, { type PDU } from 'smpp'
import { systemClock, type Account, type Host } from '../../src/plugin.ts'
import { simulator } from './index.ts'

const account = (parent?: string): Account =>
  ({ id: parent === undefined ? 'ACroot' : 'ACsub', ...(parent === undefined ? {} : { parent }) }) as Account

/** Who may sign in; nothing else of a gateway is asked for. */
const host = {
  log: { info() {} },
  clock: systemClock,
  identify: (authorization: string | undefined) =>
    authorization === 'Basic root' ? { account: account() } : authorization === 'Basic sub' ? { account: account('ACroot') } : undefined,
} as unknown as Host

interface Simulated {
  call(method: string, path: string, body?: unknown, authorization?: string): Promise<{ status: number; body: Record<string, unknown> }>
  port: number
}

async function simulated(t: TestContext, carriers = [{ id: 'northern', password: 'secret', preset: 'sink' }]): Promise<Simulated> {
  const connector = simulator({ host: '127.0.0.1', port: 0, carriers, seed: 1 })
  const stop = new AbortController()
  await connector.listen!(host, stop.signal)
  const app = express()
  app.use(connector.http!(host).router)
  const server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    stop.abort()
    server.closeAllConnections()
    server.close()
  })
  const call: Simulated['call'] = async (method, path, body, authorization = 'Basic root') => {
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/simulator${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
  }
  const listening = carriers.length === 0 ? '0' : String((await call('GET', '/carriers')).body['listening'])
  return { call, port: Number(listening.split(':').at(-1)) }
}

test('what a customer submits is in the inbox, and a reply reaches it', { timeout: 180_000 }, async (t) => {
  const { call, port } = await simulated(t)
  const session = smpp.connect({ url: `smpp://127.0.0.1:${port}` })
  session.on('error', () => {})
  t.after(() => session.destroy())
  await once(session, 'connect')
  await new Promise<PDU>((resolve) => session.bind_transceiver({ system_id: 'northern', password: 'secret' }, resolve))
  const submit = { source_addr: '15550001111', source_addr_ton: 1, destination_addr: '447700900123', dest_addr_ton: 1 }
  await new Promise<PDU>((resolve) => session.submit_sm({ ...submit, data_coding: 0, short_message: 'hello' }, resolve))
  const { body } = await call('GET', '/inbox?limit=5')
  const [shown] = body['messages'] as Record<string, unknown>[]
  assert.deepEqual(
    { ...shown, at: 0 },
    { carrier: 'northern', from: '+15550001111', to: '+447700900123', text: 'hello', segments: 1, at: 0, state: 'DELIVRD' },
  )
  assert.ok(Math.abs(Date.parse(String(shown!['at'])) - Date.now()) < 10_000)
  const delivered = once(session, 'deliver_sm')
  const reply = await call('POST', '/replies', { from: '+447700900123', to: '+15550001111', text: 'Grüße' })
  assert.deepEqual(reply, { status: 201, body: { carrier: 'northern', segments: 1 } })
  const [pdu] = (await delivered) as [PDU]
  assert.equal(pdu.short_message.message, 'Grüße')
})

test('only the root account is let in', { timeout: 180_000 }, async (t) => {
  const { call } = await simulated(t)
  assert.equal((await call('GET', '/inbox', undefined, 'Basic nobody')).status, 401)
  assert.equal((await call('GET', '/inbox', undefined, 'Basic sub')).status, 403)
  assert.equal((await call('PUT', '/carriers/northern', { preset: 'slow' }, 'Basic sub')).status, 403)
})

test('a personality is changed while it runs', { timeout: 180_000 }, async (t) => {
  const { call } = await simulated(t)
  const changed = await call('PUT', '/carriers/northern', { preset: 'throttling', personality: { window: 7 } })
  assert.equal(changed.status, 200)
  const { body } = await call('GET', '/carriers')
  const [carrier] = body['carriers'] as { personality: { window: number }; ratePerSecond: number }[]
  assert.equal(carrier!.personality.window, 7)
  assert.ok(carrier!.ratePerSecond >= 5)
  assert.ok((body['presets'] as { name: string }[]).some(({ name }) => name === 'halfOpen'))
})

test('bad requests are told what would be right', { timeout: 180_000 }, async (t) => {
  const { call } = await simulated(t)
  const cases: [string, string, unknown, number, RegExp][] = [
    ['PUT', '/carriers/northern', { preset: 'calm' }, 400, /expected one of normal/],
    ['PUT', '/carriers/northern', { personality: { window: 0 } }, 400, /personality\.window/],
    ['PUT', '/carriers/nobody', { preset: 'slow' }, 404, /no such carrier/],
    ['POST', '/replies', { from: 'x'.repeat(30), to: '+1', text: 'a' }, 400, /from: expected a number/],
    ['POST', '/replies', { from: '+44', to: '+1', text: '' }, 400, /text: /],
    ['POST', '/replies', { from: '+447700900123', to: '+1', text: 'a', carrier: 'nobody' }, 400, /expected one of northern/],
    ['POST', '/replies', '{', 400, /JSON/],
    ['POST', '/replies', JSON.stringify({ text: 'x'.repeat(70_000) }), 413, /too large/],
    ['GET', '/inbox?limit=0', undefined, 400, /1–1000/],
    ['GET', '/elsewhere', undefined, 404, /GET \/simulator\/inbox/],
  ]
  for (const [method, path, body, status, error] of cases) {
    const answer = await call(method, path, body)
    assert.equal(answer.status, status, `${method} ${path}`)
    assert.match(String(answer.body['error']), error)
  }
})

test('without carriers nothing listens, and the answer says why', { timeout: 180_000 }, async (t) => {
  const { call } = await simulated(t, [])
  const { status, body } = await call('GET', '/inbox')
  assert.equal(status, 404)
  assert.match(String(body['error']), /SIGNALBOX_DEMO/)
})

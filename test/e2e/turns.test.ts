// Who gets his turn when: accounts on a lane that is slower than what is asked of it, and messages to
// one destination.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { Pool } from 'undici'
import { ourNumber } from '../bench/gateway.ts'
import { carrier, type Carrier } from '../peers/smpp-carrier.ts'
import {
  ask,
  basic,
  bindTo,
  cdrLines,
  configure,
  create,
  eventually,
  messagesPath,
  reaches,
  root,
  startWorld,
  type Credentials,
  type World,
} from './world.ts'

let world: World
let peer: Carrier

const customer: Credentials = { sid: `AC${'a'.repeat(32)}`, token: 'a'.repeat(32) }
const bulk: Credentials = { sid: `AC${'b'.repeat(32)}`, token: 'b'.repeat(32) }

/** At the npm carrier: what it holds unanswered by destination, the most ever, and the texts in order. */
const held = new Map<string, number>()
let mostHeld = 0
let mostTogether = 0
const texts = new Map<string, string[]>()

before(async () => {
  peer = await carrier((pdu, to) => {
    if (pdu.command !== 'submit_sm') return pdu.response()
    const destination = pdu.destination_addr
    held.set(destination, (held.get(destination) ?? 0) + 1)
    mostHeld = Math.max(mostHeld, held.get(destination)!)
    mostTogether = Math.max(
      mostTogether,
      [...held.values()].reduce((a, b) => a + b),
    )
    texts.set(destination, [...(texts.get(destination) ?? []), String(pdu.short_message.message)])
    setTimeout(() => {
      held.set(destination, held.get(destination)! - 1)
      to.send(pdu.response({ message_id: `n${pdu.sequence_number}-${Date.now()}` }))
    }, 25)
    return undefined
  })
  world = await startWorld({ narrow: { receipts: { delay: 5 } } })
  const npm = (id: string): string => `{ id: ${id}, connector: smpp, config: { host: 127.0.0.1, port: ${peer.port}, systemId: ${id} } }`
  await configure(
    world.setup,
    `accounts:
  - id: root
    binds:
      - ${bindTo(world.carriers, 'narrow', '{ segmentsPerSecond: 50 }')}
      - ${npm('ordered')}
      - ${npm('left')}
      - ${npm('right')}
    numbers: [{ number: '${ourNumber}' }]
    routes:
      - { id: germany, prefix: '+49', to: [narrow] }
      - { id: austria, prefix: '+43', to: [ordered] }
      - { id: italy, prefix: '+39', split: { left: 50, right: 50 } }
    accounts:
      - { id: ${customer.sid}, name: customer, token: ${customer.token}, numbers: [{ number: '+15550002222' }] }
      - { id: ${bulk.sid}, name: bulk, token: ${bulk.token}, numbers: [{ number: '+15550003333' }] }
`,
  )
})

after(async () => {
  await world?.close()
  await peer?.close()
})

const send = (to: string, text: string): Promise<string> => create(world.setup, { To: to, From: ourNumber, Body: text })

it('gives a single message its turn among 5,000 of another account on a slow bind', async () => {
  const pool = new Pool(`http://127.0.0.1:${world.setup.httpPort}`, { connections: 32 })
  let sent = 0
  const pour = async (): Promise<void> => {
    while (sent < 5000) {
      const { statusCode, body } = await pool.request({
        method: 'POST',
        path: messagesPath(bulk.sid),
        headers: { authorization: basic(bulk), 'content-type': 'application/x-www-form-urlencoded' },
        body: `To=%2B49151${String(10_000_000 + sent++)}&From=%2B15550003333&Body=x`,
      })
      assert.equal(statusCode, 201)
      await body.dump()
    }
  }
  await Promise.all(Array.from({ length: 32 }, pour))
  await pool.close()
  const lane = async (): Promise<number> => {
    const { json } = await ask(world.setup, '/api/v1/lanes', { as: root })
    return (json['lanes'] as { bind: string; deliver: number }[]).find(({ bind }) => bind.endsWith('/narrow'))!.deliver
  }
  const long = await lane()
  assert.ok(long > 1000, 'the lane is long')
  const single = await create(world.setup, { To: '+4915199999999', From: '+15550002222', Body: 'x' }, customer)
  await reaches(world.setup, single, 'delivered', customer)
  assert.ok((await lane()) > long / 2, 'the others still wait')
})

it('ends each purged message with its CDR', async () => {
  const { json } = await ask(world.setup, '/api/v1/lanes/narrow/purge', { as: root, json: {} })
  assert.ok(Number(json['purged']) > 500)
  const ended = await eventually('a CDR for each', async () => {
    const lines = (await cdrLines(world.setup)).filter((line) => line.account === bulk.sid)
    return lines.length >= 5000 ? lines : undefined
  })
  assert.equal(ended.length, 5000)
  assert.equal(new Set(ended.map((line) => line.message)).size, 5000)
  assert.equal(ended.filter((line) => line.state === 'canceled').length, json['purged'])
})

it('delivers to one destination one at a time and in order, to many at once', async () => {
  const destinations = ['+436601000001', '+436601000002', '+436601000003']
  for (let i = 0; i < 15; i++) for (const to of destinations) await send(to, `n${i}`)
  await eventually('all are there', () => ([...texts.values()].reduce((sum, list) => sum + list.length, 0) === 45 ? true : undefined))
  for (const to of destinations)
    assert.deepEqual(
      texts.get(to.slice(1)),
      Array.from({ length: 15 }, (_, i) => `n${i}`),
    )
  assert.equal(mostHeld, 1)
  assert.ok(mostTogether > 1, 'others do not wait for it')
})

it('delivers to one destination one at a time across binds', async () => {
  const to = '+393401000001'
  mostHeld = 0
  await Promise.all(Array.from({ length: 24 }, (_, i) => send(to, `m${i}`)))
  await eventually('all are there', () => (texts.get(to.slice(1))?.length === 24 ? true : undefined))
  const bound = peer.sessions.length
  assert.ok(bound >= 3, 'each bind has its own session')
  assert.equal(mostHeld, 1)
  await eventually('both binds have sent', async () => {
    const { json } = await ask(world.setup, '/api/v1/statistics', { as: root })
    const both = (json['binds'] as { bind: string; sums: Record<string, number> }[]).filter(({ bind }) => /\/(left|right)$/.test(bind))
    return both.length === 2 && both.every(({ sums }) => (sums['sent'] ?? 0) > 0) ? true : undefined
  })
})

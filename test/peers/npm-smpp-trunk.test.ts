// One bind over two hosts of a carrier, npm `smpp` on each, one of them over TLS: the load is shared,
// a host that goes is done without, and what the carrier has is taken back where it does that.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { apply, ourNumber, setUp, startGatewayProcess, tearDown, type Setup } from '../bench/gateway.ts'
import type { Running } from '../bench/processes.ts'
import { ask, create, eventually, reaches, root } from '../e2e/world.ts'
import { pem, shown } from './certificates.ts'
import { type Carrier, carrier, takeAll } from './smpp-carrier.ts'

let setup: Setup
let gateway: Running
let peers: Carrier[] = []

const live = (peer: Carrier): number => peer.sessions.filter((session) => !session.socket.destroyed).length
const asked = (peer: Carrier, command: string): number => peer.got.filter((pdu) => pdu.command === command).length
const submits = (): number[] => peers.map((peer) => asked(peer, 'submit_sm'))
const send = (n: number): Promise<string> =>
  create(setup, { To: `+44770090${String(1000 + n)}`, From: ourNumber, Body: 'It is on its way' })

before(async () => {
  peers = [await carrier(takeAll), await carrier(takeAll, shown('carrier'))]
  setup = await setUp()
  gateway = await startGatewayProcess(setup)
  const [plain, secure] = peers.map(({ port }) => port)
  await apply(
    setup,
    `accounts:
  - id: root
    binds:
      - id: carrier
        connector: smpp
        policy: { sessions: 2, window: 10, attempts: 50, retryFirstMs: 100, retryCapMs: 300 }
        config:
          addresses: ['127.0.0.1:${plain}', 'tls:127.0.0.1:${secure}']
          addressUse: parallel
          tlsCa: ${JSON.stringify(pem('authority'))}
          systemId: box@VMA
          password: hunter22
          tlvsAlways: { '0x1400': '1101' }
          capabilities: { cancel: true }
    numbers: [{ number: '${ourNumber}' }]
    routes: [{ id: all, prefix: '', to: [carrier] }]
`,
  )
  await eventually('every session is bound', () => (peers.every((peer) => live(peer) === 2) ? true : undefined))
})
after(async () => {
  await gateway?.stop()
  for (const peer of peers) await peer.close()
  if (setup) await tearDown(setup)
})

test('every host has its sessions, and its share of the messages', async () => {
  assert.deepEqual(
    peers.flatMap(({ got }) => got.slice(0, 2).map((pdu) => [pdu.command, pdu.system_id, pdu['system_type']])),
    Array.from({ length: 4 }, () => ['bind_transceiver', 'box', 'VMA']),
  )
  for (const message of await Promise.all(Array.from({ length: 40 }, (_, i) => send(i)))) await reaches(setup, message, 'sent')
  const [plain, secure] = submits() as [number, number]
  assert.equal(plain + secure, 40)
  assert.ok(plain >= 10 && secure >= 10, `${plain} and ${secure}`)
})

test('a host that goes is done without', async () => {
  const [plain, secure] = submits() as [number, number]
  await peers[0]!.close()
  for (const message of await Promise.all(Array.from({ length: 20 }, (_, i) => send(100 + i)))) await reaches(setup, message, 'sent')
  assert.deepEqual(submits(), [plain, secure + 20])
})

test('a message that the carrier has is taken back, once', async () => {
  const message = await send(500)
  await reaches(setup, message, 'sent')
  const path = `/api/v1/messages/${message.slice(2)}/cancel`
  assert.equal((await ask(setup, path, { as: root, method: 'POST' })).status, 200)
  await reaches(setup, message, 'canceled')
  assert.equal(asked(peers[1]!, 'cancel_sm'), 1)
  const cancel = peers[1]!.got.find((pdu) => pdu.command === 'cancel_sm')!
  assert.deepEqual([cancel.source_addr, cancel.destination_addr], [ourNumber.slice(1), '447700901500'])
  assert.notEqual((await ask(setup, path, { as: root, method: 'POST' })).status, 200)
  assert.equal(asked(peers[1]!, 'cancel_sm'), 1)
})

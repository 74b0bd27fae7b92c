// npm `smpp` as carriers of several kinds: one of 3.3 (a transmitter and a receiver, no TLVs, ids of its
// own form), one of 5.0, and ones that are spoken to by data_sm. A customer's message reaches each in its
// words, the receipt comes back under the customer's id, and what handsets say comes in. tshark finds no fault.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { PDU, Session } from 'smpp'
import { apply, setUp, startGatewayProcess, tearDown, type Setup } from '../bench/gateway.ts'
import { freePort, type Running } from '../bench/processes.ts'
import { eventually } from '../e2e/world.ts'
import { needs } from './found.ts'
import { type Carrier, carrier } from './smpp-carrier.ts'
import { type Esme, esme } from './smpp-client.ts'
import { startTap, type Tap } from './tap.ts'

const number = '+15550003333'
const long = 'A long text that takes several parts on its way. '.repeat(8)

interface Kind {
  name: string
  config: string
  /** Of our binds: 0x33, 0x34, 0x50. */
  version: number
  binds: readonly string[]
  command: 'submit_sm' | 'data_sm'
  /** Where its numbers begin. */
  prefix: string
}

const kinds: readonly Kind[] = [
  {
    name: 'of 3.3',
    config: "interfaceVersion: '3.3'",
    version: 0x33,
    binds: ['bind_receiver', 'bind_transmitter'],
    command: 'submit_sm',
    prefix: '4473',
  },
  { name: 'of 5.0', config: "interfaceVersion: '5.0'", version: 0x50, binds: ['bind_transceiver'], command: 'submit_sm', prefix: '4475' },
  {
    name: 'of 3.4 by data_sm',
    config: 'submitWith: data_sm',
    version: 0x34,
    binds: ['bind_transceiver'],
    command: 'data_sm',
    prefix: '4474',
  },
  {
    name: 'of 5.0 by data_sm, which receipts by data_sm too',
    config: "interfaceVersion: '5.0', submitWith: data_sm",
    version: 0x50,
    binds: ['bind_transceiver'],
    command: 'data_sm',
    prefix: '4476',
  },
]

interface There extends Kind {
  peer: Carrier
  tap: Tap
}

let setup: Setup
let gateway: Running
let port: number
const there: There[] = []

/** What a carrier of this kind answers, and its receipt: of 3.3 by text alone, under an id of eight digits. */
function answering({ version, name }: Kind): (pdu: PDU, session: Session) => PDU {
  let ids = 0
  return (pdu, session) => {
    if (pdu.command.startsWith('bind_')) return pdu.response(version === 0x50 ? { sc_interface_version: 0x50 } : {})
    if (pdu.command !== 'submit_sm' && pdu.command !== 'data_sm') return pdu.response()
    const message_id = version === 0x33 ? `0000a0${(++ids).toString(16).padStart(2, '0')}` : `c-${++ids}`
    const ends = {
      source_addr: pdu.destination_addr,
      source_addr_ton: 1,
      source_addr_npi: 1,
      destination_addr: pdu.source_addr,
      esm_class: 4,
    }
    const text = `id:${message_id} sub:001 dlvrd:001 submit date:2611210516 done date:2611210517 stat:DELIVRD err:000 text:`
    const tlvs = version === 0x33 ? {} : { receipted_message_id: message_id, message_state: 2 }
    setTimeout(() => {
      // By the session that receives.
      const receiving = name.startsWith('of 3.3') ? receiver(there.find((one) => one.name === name)!) : session
      if (/receipts by data_sm/.test(name)) receiving.data_sm({ ...ends, ...tlvs, message_payload: text })
      else receiving.deliver_sm({ ...ends, ...tlvs, short_message: text })
    }, 20)
    return pdu.response({ message_id })
  }
}

/** The session that was bound with a receiver's or transceiver's bind. */
function receiver({ peer }: There): Session {
  const binds = peer.got.filter((pdu) => pdu.command.startsWith('bind_'))
  return peer.sessions[binds.findIndex((pdu) => pdu.command !== 'bind_transmitter')]!
}

before(async () => {
  port = await freePort()
  for (const kind of kinds) {
    const peer = await carrier(answering(kind))
    there.push({ ...kind, peer, tap: await startTap(peer.port) })
  }
  setup = await setUp({ SIGNALBOX_SMPP: `127.0.0.1:${port}` })
  gateway = await startGatewayProcess(setup)
  const binds = there.map(
    ({ config, tap }, n) =>
      `      - { id: carrier${n}, connector: smpp, config: { host: 127.0.0.1, port: ${tap.port}, systemId: box, password: hunter22, ${config} } }\n`,
  )
  const routes = there.map(({ prefix }, n) => `      - { id: r${n}, prefix: "+${prefix}", to: [carrier${n}] }\n`)
  await apply(
    setup,
    `accounts:
  - id: root
    binds:
${binds.join('')}      - { id: shop, connector: smpp, side: client, config: { systemId: shop, password: secret } }
    numbers: [{ number: "${number}", bind: shop }]
    routes:
${routes.join('')}`,
  )
  for (const { peer, binds: all } of there)
    await eventually('it is bound', () =>
      peer.got.filter((pdu) => pdu.command.startsWith('bind_')).length >= all.length ? true : undefined,
    )
})
after(async () => {
  await gateway?.stop()
  for (const { peer, tap } of there) {
    await peer.close()
    await tap.close()
  }
  if (setup) await tearDown(setup)
})

const said = (pdu: PDU): string => {
  const { message } = pdu.short_message ?? {}
  return String(message ?? pdu['message_payload']?.['message'] ?? pdu['message_payload'])
}

async function customer(): Promise<Esme> {
  return await esme({ port })
}

for (const [n, { name }] of kinds.entries()) {
  const arrived = (to: string, parts: number): Promise<PDU[]> =>
    eventually(`${parts} of ${to}`, () => {
      const all = there[n]!.peer.got.filter((pdu) => /^(submit|data)_sm$/.test(pdu.command) && pdu.destination_addr === to)
      return all.length === parts ? all : undefined
    })

  test(`a carrier ${name} is bound in its version and gets a message in its words; the receipt comes back`, async (t) => {
    const { peer, binds, version, command, prefix } = there[n]!
    const bound = peer.got.filter((pdu) => pdu.command.startsWith('bind_'))
    assert.deepEqual(bound.map((pdu) => pdu.command).toSorted(), binds)
    for (const pdu of bound) assert.equal(pdu['interface_version'], version)
    const client = await customer()
    t.after(() => client.session.destroy())
    const to = `${prefix}00900001`
    const { message_id } = await client.submit({ destination_addr: to, short_message: 'Hello', registered_delivery: 1 })
    const [pdu] = await arrived(to, 1)
    assert.deepEqual([pdu!.command, said(pdu!)], [command, 'Hello'])
    if (version === 0x33) assert.equal(pdu!['user_message_reference'], undefined)
    const [receipt] = await eventually('the receipt', () => (client.receipts().length > 0 ? client.receipts() : undefined))
    assert.deepEqual([receipt!.id, receipt!.stat], [message_id, 'DELIVRD'])
  })

  test(`a long text reaches a carrier ${name} in parts, and is receipted once`, async (t) => {
    const client = await customer()
    t.after(() => client.session.destroy())
    const to = `${there[n]!.prefix}00900002`
    const { message_id } = await client.submit({
      destination_addr: to,
      short_message: '',
      message_payload: long,
      registered_delivery: 1,
    })
    const parts = await arrived(to, 3)
    assert.ok(parts.every((pdu) => (pdu.esm_class & 0x40) !== 0))
    await eventually('the receipt', () => (client.receipts().length > 0 ? true : undefined))
    assert.deepEqual(
      client.receipts().map(({ id, stat }) => [id, stat]),
      [[message_id, 'DELIVRD']],
    )
  })

  test(`what a handset says comes in by a carrier ${name}`, async (t) => {
    const client = await customer()
    t.after(() => client.session.destroy())
    const ends = { source_addr: '447700900555', source_addr_ton: 1, source_addr_npi: 1 }
    const fields = { ...ends, destination_addr: number.slice(1), dest_addr_ton: 1, dest_addr_npi: 1 }
    const over = receiver(there[n]!)
    const text = `Yes, by ${n}`
    const answer = await new Promise<PDU>((resolve) => {
      if (there[n]!.command === 'data_sm') over.data_sm({ ...fields, message_payload: text }, resolve)
      else over.deliver_sm({ ...fields, short_message: text }, resolve)
    })
    assert.equal(answer.command_status, 0)
    const [got] = await eventually('it', () => (client.got.length > 0 ? client.got : undefined))
    assert.equal(said(got!), text)
  })
}

test('tshark finds no fault in what was said', needs('tshark'), async () => {
  for (const { tap } of there) assert.equal((await tap.dissected()).faults, '')
})

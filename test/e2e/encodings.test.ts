// What carriers of different habits see of a text, octet by octet, and what a text from a handset is
// however its parts come: a gateway process and one carrier of our codec, which shows every octet.
import assert from 'node:assert/strict'
import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { createParser, type Draft, encodePdu, type PduOf, tags, type Tlv } from '../../plugins/smpp/codec/index.ts'
import { ourNumber } from '../bench/gateway.ts'
import { ask, create, eventually, messagesPath, reaches, root, startWorld, type World } from './world.ts'

/** Takes all that is submitted. */
interface Peer {
  port: number
  server: Server
  submits: PduOf<'submit_sm'>[]
  /** By system_id, in the order of the binds. */
  sockets: Map<string, Socket[]>
}

const answers: Partial<Record<string, Draft['command']>> = {
  bind_transceiver: 'bind_transceiver_resp',
  submit_sm: 'submit_sm_resp',
  enquire_link: 'enquire_link_resp',
  unbind: 'unbind_resp',
}

async function startPeer(): Promise<Peer> {
  const submits: Peer['submits'] = []
  const sockets: Peer['sockets'] = new Map()
  let ids = 0
  const server = createServer((socket) => {
    const parser = createParser({
      onPdu(pdu) {
        if (pdu.command === 'submit_sm') submits.push(pdu)
        if (pdu.command === 'bind_transceiver') sockets.set(pdu.system_id, [...(sockets.get(pdu.system_id) ?? []), socket])
        const command = answers[pdu.command]
        const { sequence_number } = pdu
        if (command === 'submit_sm_resp') socket.write(encodePdu({ command, sequence_number, message_id: `m${++ids}` }))
        else if (command) socket.write(encodePdu({ command, sequence_number } as Draft))
      },
      onBad: ({ reason }) => socket.destroy(new Error(reason)),
    })
    socket.on('data', (chunk) => parser.push(chunk))
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, server, submits, sockets }
}

let world: World
let peer: Peer
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex')

/** [id, destination prefix, policy, settings] */
const binds = [
  ['gsm', '+44710', '{}', ''],
  ['latin', '+44711', '{}', 'defaultAlphabet: latin1'],
  ['packed', '+44712', '{}', 'defaultAlphabet: gsm7packed'],
  ['cyrillic', '+44713', '{}', 'charset: cyrillic'],
  ['little', '+44714', '{}', 'charset: ucs2, ucs2ByteOrder: little'],
  ['payload', '+44715', '{ concatenation: payload }', ''],
  ['sar', '+44716', '{ concatenation: sar }', ''],
  ['turkish', '+44717', '{ concatenation: udh16, nationalTables: [1] }', ''],
  ['named', '+44718', '{}', "sender: 'Signal_Box', addressAlphabet: gsm7"],
  ['national', '+44719', '{}', "sender: '0700123456', sourceTon: national, destinationRules: [{ match: '+44', npi: e164, replace: '0' }]"],
  ['inbound', '+4472', '{ sessions: 2 }', ''],
] as const

before(async () => {
  peer = await startPeer()
  world = await startWorld(
    {},
    {},
    () => `
    binds:
${binds
  .map(
    ([id, , policy, settings]) =>
      `      - { id: ${id}, connector: smpp, policy: ${policy}, config: { host: 127.0.0.1, port: ${peer.port}, systemId: ${id}${settings ? `, ${settings}` : ''} } }`,
  )
  .join('\n')}
    numbers: [{ number: '${ourNumber}' }]
    routes:
${binds.map(([id, prefix]) => `      - { id: ${id}, prefix: '${prefix}', to: [${id}] }`).join('\n')}
`,
  )
})
after(async () => {
  await world?.close()
  for (const sockets of peer?.sockets.values() ?? []) for (const socket of sockets) socket.destroy()
  peer?.server.close()
})

/** What the carrier got of it, in order. */
async function sent(bind: (typeof binds)[number][0], body: string): Promise<PduOf<'submit_sm'>[]> {
  const prefix = binds.find(([id]) => id === bind)![1]
  const from = peer.submits.length
  const sid = await create(world.setup, { To: `${prefix}0123456`, From: ourNumber, Body: body })
  await reaches(world.setup, sid, 'sent')
  return peer.submits.slice(from)
}
const shown = (pdus: readonly PduOf<'submit_sm'>[]): string[] =>
  pdus.map((pdu) => `${pdu.esm_class.toString(16)} ${pdu.data_coding.toString(16)} ${hex(pdu.short_message)}`)

describe('a text', () => {
  it('is GSM 7-bit, one septet an octet, where nothing else is said', async () => {
    assert.deepEqual(shown(await sent('gsm', '@ é €')), ['0 0 002005201b65'])
    assert.deepEqual(shown(await sent('gsm', 'Ж')), ['0 8 0416'])
  })
  it('is Latin-1 where data_coding 0 is, and UCS-2 in parts of its own where it does not fit', async () => {
    assert.deepEqual(shown(await sent('latin', '@ é â')), ['0 0 4020e920e2'])
    const long = await sent('latin', `${'é'.repeat(80)}€`)
    assert.deepEqual(
      long.map((pdu) => [pdu.data_coding, pdu.short_message.length]),
      [
        [8, 140],
        [8, 34],
      ],
    )
    assert.deepEqual(
      (await sent('latin', 'â'.repeat(150))).map((pdu) => pdu.short_message.length),
      [140, 22],
    )
  })
  it('is packed, little-endian or of another charset where the bind says so', async () => {
    assert.deepEqual(shown(await sent('packed', 'hellohello')), ['0 0 e8329bfd4697d9ec37'])
    assert.deepEqual(shown(await sent('cyrillic', 'Жук')), ['0 6 b6e3da'])
    assert.deepEqual(shown(await sent('little', 'Жa')), ['0 8 16046100'])
  })
  it('is whole in message_payload, or in parts by sar, or in a national table', async () => {
    const long = 'a long message '.repeat(20).trim()
    const [whole, ...others] = await sent('payload', long)
    assert.deepEqual([whole!.short_message.length, others.length], [0, 0])
    assert.deepEqual(
      whole!.tlvs.map(([tag, value]) => [tag, Buffer.from(value).toString()]),
      [[tags.message_payload, long]],
    )
    const parts = await sent('sar', long)
    assert.deepEqual(
      parts.map((pdu) => [pdu.esm_class, pdu.short_message.length, ...pdu.tlvs.slice(1).map(([tag, value]) => [tag, value[0]])]),
      [
        [0, 153, [tags.sar_total_segments, 2], [tags.sar_segment_seqnum, 1]],
        [0, long.length - 153, [tags.sar_total_segments, 2], [tags.sar_segment_seqnum, 2]],
      ],
    )
    const turkish = await sent('turkish', 'şimdi')
    assert.deepEqual(shown(turkish), ['40 0 032401011b73696d6469'])
  })
  it('in parts has a reference that the next one has not', async () => {
    const references = new Set<string>()
    for (let n = 0; n < 4; n++) {
      const [first] = await sent('gsm', 'a long message '.repeat(20))
      references.add(hex(first!.short_message.subarray(0, 4)))
    }
    // Of 8 random bits, four the same are one in 16 million.
    assert.ok(references.size > 1, [...references].join(' '))
  })
  it("goes out under the bind's sender, addressed as the carrier wants it", async () => {
    const [named] = await sent('named', 'hi')
    assert.deepEqual([named!.source_addr_ton, named!.source_addr_npi, named!.source_addr], [5, 0, 'Signal\x11Box'])
    const [national] = await sent('national', 'hi')
    assert.deepEqual([national!.source_addr_ton, national!.source_addr], [2, '0700123456'])
    const { dest_addr_ton, dest_addr_npi, destination_addr } = national!
    assert.deepEqual([dest_addr_ton, dest_addr_npi, destination_addr], [2, 1, '07190123456'])
  })
})

describe('a long text from a handset', () => {
  interface Part {
    header?: string
    data: string
    tlvs?: Tlv[]
    data_coding?: number
  }
  function hand(session: number, from: string, { header, data, tlvs = [], data_coding = 8 }: Part): void {
    peer.sockets.get('inbound')![session]!.write(
      encodePdu({
        command: 'deliver_sm',
        sequence_number: 100 + session,
        source_addr_ton: 1,
        source_addr_npi: 1,
        source_addr: from,
        dest_addr_ton: 1,
        dest_addr_npi: 1,
        destination_addr: ourNumber.slice(1),
        esm_class: header ? 0x40 : 0,
        data_coding,
        short_message: Buffer.from((header ?? '') + data, 'hex'),
        tlvs,
      }),
    )
  }
  const arrived = (from: string): Promise<unknown> =>
    eventually(`a message from ${from}`, async () => {
      const { json } = await ask(world.setup, `${messagesPath(root.sid)}?From=%2B${from}`, { as: root })
      return (json['messages'] as { body: string }[])[0]?.body
    })

  it('is one message, though its parts come backwards over two sessions and cut a pair', async () => {
    await eventually('two sessions', () => peer.sockets.get('inbound')?.length === 2)
    hand(1, '447200000001', { header: '050003090302', data: 'de000041' })
    hand(0, '447200000001', { header: '050003090303', data: '0416' })
    hand(0, '447200000001', { header: '050003090301', data: '0042d83d' })
    assert.equal(await arrived('447200000001'), 'B😀AЖ')
  })
  it('is one message by sar, though an escape was cut off its character', async () => {
    const place = (index: number): Tlv[] => [
      [tags.sar_msg_ref_num, Uint8Array.of(1, 2)],
      [tags.sar_total_segments, Uint8Array.of(2)],
      [tags.sar_segment_seqnum, Uint8Array.of(index)],
    ]
    hand(1, '447200000002', { data: '6521', tlvs: place(2), data_coding: 0 })
    hand(0, '447200000002', { data: '35201b', tlvs: place(1), data_coding: 0 })
    assert.equal(await arrived('447200000002'), '5 €!')
  })
})

// npm `smpp` at both ends, a customer and a carrier, with the gateway between: what one says the other
// gets, octet for octet where that is promised, in every form of a long message and every version;
// receipts come back under the customer's ids. tshark finds no fault on either side.
import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import smpp, { type PDU, type Session } from 'smpp'
import { apply, setUp, startGatewayProcess, tearDown, type Setup } from '../bench/gateway.ts'
import { freePort, type Running } from '../bench/processes.ts'
import { ask as request, cdrLines, eventually, messagesPath, root } from '../e2e/world.ts'
import { needs } from './found.ts'
import { type Carrier, carrier } from './smpp-carrier.ts'
import { type Esme, esme } from './smpp-client.ts'
import { startTap, type Tap } from './tap.ts'

const number = '+15550003333'
/** One of a vendor's own (SMPP 5.0 §4.8.1); npm `smpp` wants a name for what it writes. */
const vendorTlv = 'vendors_own'
smpp.addTLV(vendorTlv, { id: 0x1400, type: smpp.types.tlv.buffer })

let setup: Setup
let gateway: Running
let peer: Carrier
let clientTap: Tap
let carrierTap: Tap
let ids = 0
const open: Esme[] = []

/** Absent while it is here. */
const absent = new Set<string>()

/** By the last digit of a destination: 1 undelivered, 2 under way and then delivered, 3 no receipt, else delivered. */
function taken(pdu: PDU, session: Session): PDU {
  if (pdu.command !== 'submit_sm') return pdu.response()
  const message_id = `c${++ids}`
  const last = pdu.destination_addr.at(-1)
  const tell = (stat: string, message_state: number, esm_class: number, more: Record<string, unknown> = {}): void => {
    const addresses = { source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, source_addr_ton: 1, source_addr_npi: 1 }
    const short_message = `id:${message_id} sub:001 dlvrd:001 submit date:2611210516 done date:2611210517 stat:${stat} err:000 text:`
    session.deliver_sm({ ...addresses, esm_class, short_message, receipted_message_id: message_id, message_state, ...more })
  }
  setTimeout(() => {
    // network_error_code (SMPP 5.0 §4.8.4.42): of a GSM network, 27 absent subscriber.
    if (absent.has(pdu.destination_addr)) return tell('UNDELIV', 5, 4, { network_error_code: Buffer.of(3, 0, 27) })
    if (last === '1') tell('UNDELIV', 5, 4)
    // esm_class 0x20: an intermediate notification (SMPP 5.0 §4.7.12).
    if (last === '2') tell('ENROUTE', 1, 0x20)
    if (last !== '1' && last !== '3') setTimeout(() => tell('DELIVRD', 2, 4), last === '2' ? 100 : 0)
  }, 20)
  return pdu.response({ message_id })
}

async function bind(options: Partial<Parameters<typeof esme>[0]> = {}): Promise<Esme> {
  const it = await esme({ port: clientTap.port, ...options })
  open.push(it)
  return it
}
const live = (): Session => peer.sessions.findLast((session) => !session.socket.destroyed)!
const submitsTo = (to: string): PDU[] => peer.got.filter((pdu) => pdu.command === 'submit_sm' && pdu.destination_addr === to)
/** What the carrier got, in parts or as one. */
const arrived = (to: string, parts = 1): Promise<PDU[]> =>
  eventually(`${parts} submit_sm to ${to}`, () => (submitsTo(to).length === parts ? submitsTo(to) : undefined))
const words = (pdus: readonly PDU[]): string => pdus.map((pdu) => String(pdu.short_message.message)).join('')
const receipted = (client: Esme, n = 1): Promise<ReturnType<Esme['receipts']>> =>
  eventually(`${n} receipts`, () => (client.receipts().length >= n ? client.receipts() : undefined))
/** Told to us by the carrier; its answer. */
const deliver = (fields: Record<string, unknown>): Promise<PDU> =>
  new Promise((resolve) => {
    const from = { source_addr: '447700900555', source_addr_ton: 1, source_addr_npi: 1 }
    live().deliver_sm({ ...from, destination_addr: number.slice(1), dest_addr_ton: 1, dest_addr_npi: 1, ...fields }, resolve)
  })

before(async () => {
  const port = await freePort()
  peer = await carrier(taken)
  clientTap = await startTap(port)
  carrierTap = await startTap(peer.port)
  setup = await setUp({ SIGNALBOX_SMPP: `127.0.0.1:${port}` })
  gateway = await startGatewayProcess(setup)
  await apply(
    setup,
    `accounts:
  - id: root
    binds:
      - { id: carrier, connector: smpp, config: { host: 127.0.0.1, port: ${carrierTap.port}, systemId: box, password: hunter22, enquireLinkMs: 1000, capabilities: { replace: true } } }
      - { id: shop, connector: smpp, side: client, config: { systemId: shop, password: secret } }
      - { id: till, connector: smpp, side: client, config: { systemId: till, password: secret } }
    numbers: [{ number: "${number}", bind: shop }]
    routes: [{ id: britain, prefix: "+44", to: [carrier] }]
`,
  )
  await eventually('the carrier has its session', () => (live() ? true : undefined))
})
afterEach(async () => {
  for (const it of open) it.session.destroy()
  await Promise.all(open.splice(0).map((it) => it.closed))
})
after(async () => {
  await gateway?.stop()
  await peer?.close()
  await clientTap?.close()
  await carrierTap?.close()
  if (setup) await tearDown(setup)
})

test('a text, its TLVs by number and its receipt', async () => {
  const client = await bind()
  const [to, text] = ['447700901000', 'Curly {braces} and £']
  const { message_id } = await client.submit({
    destination_addr: to,
    short_message: text,
    registered_delivery: 1,
    [vendorTlv]: Buffer.from('1101'),
  })
  const [pdu] = await arrived(to)
  // It writes GSM 03.38 and reads it as ASCII.
  assert.deepEqual(
    [pdu!.source_addr, pdu!.source_addr_ton, pdu!.dest_addr_ton, words([pdu!])],
    ['Shop', 5, 1, 'Curly \u001B(braces\u001B) and \u0001'],
  )
  assert.equal(String(pdu![vendorTlv]), '1101')
  const [receipt] = await receipted(client)
  assert.deepEqual([receipt!.id, receipt!.stat, receipt!.pdu['message_state']], [message_id, 'DELIVRD', 2])
})

test('UCS-2 and octets are as they were', async () => {
  const client = await bind()
  const ucs2 = Buffer.from('Привет 🚂', 'utf16le').swap16()
  await client.submit({ destination_addr: '447700901013', short_message: ucs2, data_coding: 8 })
  const [text] = await arrived('447700901013')
  assert.deepEqual([text!.data_coding, text!.short_message.message], [8, 'Привет 🚂'])
  const octets = Buffer.from('0605043e813e80000102fffe', 'hex')
  await client.submit({ destination_addr: '447700901023', short_message: octets, data_coding: 4, esm_class: 0x40 })
  const [binary] = await arrived('447700901023')
  assert.deepEqual([binary!.data_coding, binary!.esm_class & 0x40], [4, 0x40])
  assert.ok(carrierTap.passed(octets))
})

const long = 'A long text that takes several parts on its way. '.repeat(8)
const pieces = [long.slice(0, 150), long.slice(150, 300), long.slice(300)]
const forms: Record<string, (piece: string, i: number) => Record<string, unknown>> = {
  'a header of 8 bits': (piece, i) => ({ esm_class: 0x40, short_message: { udh: Buffer.of(5, 0, 3, 0x77, 3, i + 1), message: piece } }),
  'a header of 16 bits': (piece, i) => ({
    esm_class: 0x40,
    short_message: { udh: Buffer.of(6, 8, 4, 0x12, 0x34, 3, i + 1), message: piece },
  }),
  'sar TLVs': (piece, i) => ({ short_message: piece, sar_msg_ref_num: 0x4321, sar_total_segments: 3, sar_segment_seqnum: i + 1 }),
}
for (const [n, [form, of]] of Object.entries(forms).entries()) {
  test(`a long text in parts by ${form} arrives whole, and each part is receipted`, async () => {
    const client = await bind()
    const to = `44770090110${n + 4}`
    const responses = await Promise.all(
      pieces.map((piece, i) => client.submit({ destination_addr: to, registered_delivery: 1, ...of(piece, i) })),
    )
    assert.equal(words(await arrived(to, 3)), long)
    const receipts = await receipted(client, 3)
    assert.deepEqual(new Set(receipts.map(({ id }) => id)), new Set(responses.map(({ message_id }) => message_id)))
  })
}

test('a long text in message_payload arrives whole under one id', async () => {
  const client = await bind()
  const { message_id } = await client.submit({
    destination_addr: '447700901120',
    short_message: '',
    message_payload: long,
    registered_delivery: 1,
  })
  assert.equal(words(await arrived('447700901120', 3)), long)
  const [receipt] = await receipted(client)
  assert.deepEqual([receipt!.id, receipt!.stat], [message_id, 'DELIVRD'])
})

test('failures and what is under way are told to those who asked', async () => {
  const client = await bind()
  const failed = await client.submit({ destination_addr: '447700901201', short_message: 'No', registered_delivery: 2 })
  const quiet = await client.submit({ destination_addr: '447700901200', short_message: 'Quiet', registered_delivery: 2 })
  const both = await client.submit({ destination_addr: '447700901202', short_message: 'Wait', registered_delivery: 0x11 })
  await eventually('the last of them', () =>
    client.receipts().some(({ id, stat }) => id === both.message_id && stat === 'DELIVRD') ? true : undefined,
  )
  const of = (response: PDU): string[] => client.receipts().flatMap(({ id, stat }) => (id === response.message_id ? [stat] : []))
  assert.deepEqual(of(failed), ['UNDELIV'])
  assert.deepEqual(of(quiet), [])
  assert.ok(of(both).includes('ENROUTE'), of(both).join())
  const kinds = client.got.map((pdu) => pdu.esm_class)
  assert.ok(kinds.includes(0x20), 'an intermediate notification is marked as one')
})

test('messages from handsets, in parts and with TLVs', async () => {
  const client = await bind()
  assert.equal((await deliver({ short_message: 'Yes please', [vendorTlv]: Buffer.from('77') })).command_status, 0)
  const ucs2 = Buffer.from('Да', 'utf16le').swap16()
  assert.equal((await deliver({ short_message: ucs2, data_coding: 8 })).command_status, 0)
  await eventually('both', () => (client.got.length === 2 ? true : undefined))
  assert.deepEqual(
    client.got.map((pdu) => pdu.short_message.message),
    ['Yes please', 'Да'],
  )
  assert.equal(String(client.got[0]![vendorTlv]), '77')
  const parts = pieces.map((piece, i) =>
    deliver({ esm_class: 0x40, short_message: { udh: Buffer.of(5, 0, 3, 9, 3, i + 1), message: piece } }),
  )
  for (const { command_status } of await Promise.all(parts)) assert.equal(command_status, 0)
  await eventually('all parts', () => (client.got.length === 5 ? true : undefined))
  assert.equal(words(client.got.slice(2)), long)
})

test('a handset that was absent: the flag is set, and its customer is told when it may be reached, by the carrier or by a delivery', async () => {
  const client = await bind()
  const other = await bind({ systemId: 'till' })
  const alerts = new Map([client, other].map((one) => [one, [] as PDU[]]))
  for (const [one, got] of alerts) one.session.on('alert_notification', (pdu: PDU) => void got.push(pdu))
  const told = (n: number): Promise<PDU[]> =>
    eventually('alerts', () => (alerts.get(client)!.length === n ? alerts.get(client)! : undefined))
  const [to, also] = ['447700901904', '447700901905']
  absent.add(to).add(also)
  for (const destination_addr of [to, also])
    await client.submit({ destination_addr, short_message: 'There?', registered_delivery: 1, set_dpf: 1 })
  for (const { stat, pdu } of await receipted(client, 2)) assert.deepEqual([stat, pdu['dpf_result']], ['UNDELIV', 1])
  const alert = { source_addr: to, source_addr_ton: 1, source_addr_npi: 1, esme_addr_ton: 5, esme_addr_npi: 0, esme_addr: 'Shop' }
  for (let n = 0; n < 2; n++) live().send(new smpp.PDU('alert_notification', { ...alert, ms_availability_status: 0 }))
  const [first] = await told(1)
  assert.deepEqual([first!.source_addr, first!['esme_addr'], first!['ms_availability_status']], [to, 'Shop', 0])
  absent.clear()
  await client.submit({ destination_addr: also, short_message: 'There now?', registered_delivery: 0 })
  const [, second] = await told(2)
  assert.deepEqual([second!.source_addr, second!['ms_availability_status']], [also, 0])
  assert.deepEqual(alerts.get(other), [])
})

test('a message to a number that nobody owns is answered as taken, and kept as failed with its CDR', async () => {
  const cdrs = async () => (await cdrLines(setup)).filter((line) => line.failure === 'no-route')
  assert.deepEqual(await cdrs(), [])
  const { command_status } = await deliver({ destination_addr: '15550009999', short_message: 'Wrong number' })
  assert.equal(command_status, 0)
  const [line, more] = await eventually('its CDR', async () => ((await cdrs()).length > 0 ? cdrs() : undefined))
  assert.deepEqual([line!.state, more], ['failed', undefined])
  const { json } = await request(setup, messagesPath(root.sid, `/SM${line!.message}.json`), { as: root })
  assert.deepEqual([json['to'], json['body']], ['+15550009999', 'Wrong number'])
})

test('one submit_multi, a submit_sm and a receipt for each destination', async () => {
  const client = await bind()
  const all = ['447700901304', '447700901305', '447700901306']
  const dest_address = all.map((destination_addr) => ({ dest_flag: 1, dest_addr_ton: 1, dest_addr_npi: 1, destination_addr }))
  const fields = { source_addr: 'Shop', source_addr_ton: 5, dest_address, short_message: 'To all', registered_delivery: 1 }
  const response = await client.ask('submit_multi', fields)
  assert.equal(response.command_status, 0)
  for (const to of all) assert.equal(words(await arrived(to)), 'To all')
  const receipts = await receipted(client, 3)
  assert.deepEqual(
    receipts.map(({ id, pdu }) => [id, pdu.source_addr]).toSorted(([, a], [, b]) => String(a).localeCompare(String(b))),
    all.map((to) => [response.message_id, to]),
  )
})

test('what waits is asked for, replaced and taken back, and what was taken back never leaves', async () => {
  const client = await bind()
  const source = { source_addr: 'Shop', source_addr_ton: 5 }
  const to = '447700901400'
  const { message_id } = await client.submit({ destination_addr: to, short_message: 'Later', schedule_delivery_time: '000000010000000R' })
  const state = async (): Promise<unknown> => (await client.ask('query_sm', { message_id, ...source }))['message_state']
  assert.equal(await state(), 1)
  assert.equal((await client.ask('replace_sm', { message_id, ...source, short_message: 'Other words' })).command_status, 0)
  assert.equal((await client.ask('cancel_sm', { message_id, ...source, destination_addr: to, dest_addr_ton: 1 })).command_status, 0)
  assert.equal(await state(), 4)
  assert.equal(submitsTo(to).length, 0)
})

test('what the carrier has is given another text there, where that is one part of the default alphabet', async () => {
  const client = await bind()
  const ends = { source_addr: 'Shop', source_addr_ton: 5 }
  const { message_id } = await client.submit({ destination_addr: '447700901413', short_message: 'At four' })
  await arrived('447700901413')
  const replace = async (short_message: string): Promise<number> =>
    (await client.ask('replace_sm', { message_id, ...ends, short_message })).command_status
  await eventually('it is sent', async () => ((await replace('At five')) === 0 ? true : undefined))
  const asked = peer.got.filter((pdu) => pdu.command === 'replace_sm')
  assert.deepEqual(
    asked.map((pdu) => [pdu.message_id, pdu.source_addr, String(pdu.short_message.message ?? pdu.short_message)]),
    [[`c${ids}`, 'Shop', 'At five']],
  )
  assert.equal(await replace('x'.repeat(200)), 0x13)
  assert.equal(peer.got.filter((pdu) => pdu.command === 'replace_sm').length, 1)
})

for (const version of [0x33, 0x34, 0x50]) {
  test(`a customer of version ${(version >> 4).toString()}.${version & 15} is spoken to in it`, async () => {
    const client = await bind({ version })
    const bound = await client.ask('enquire_link')
    assert.equal(bound.command_status, 0)
    const { message_id, ...rest } = await client.submit({
      destination_addr: `44770090${version.toString(16)}05`,
      short_message: 'Hello',
      registered_delivery: 1,
    })
    assert.ok(message_id)
    assert.equal(rest['congestion_state'] !== undefined, version === 0x50)
    const [receipt] = await receipted(client)
    assert.deepEqual([receipt!.id, receipt!.stat], [message_id, 'DELIVRD'])
    assert.equal(receipt!.pdu['receipted_message_id'], version === 0x33 ? undefined : message_id)
  })
}

test('either side asks for a sign of life, and unbinds', async () => {
  const client = await bind()
  assert.equal((await client.ask('enquire_link')).command_status, 0)
  await eventually('we ask the carrier', () => peer.got.find((pdu) => pdu.command === 'enquire_link'))
  assert.equal((await client.ask('unbind')).command_status, 0)
  await client.closed
  const earlier = live()
  const already = peer.got.length
  const answer = await new Promise<PDU>((resolve) => void earlier.unbind(resolve))
  assert.deepEqual([answer.command, answer.command_status], ['unbind_resp', 0])
  await eventually('we are bound again', () => (live() && live() !== earlier ? true : undefined))
  const staying = await bind()
  await eventually(
    'the new session takes messages',
    () => peer.got.slice(already).some((pdu) => pdu.command === 'bind_transceiver') || undefined,
  )
  await staying.submit({ destination_addr: '447700901603', short_message: 'Again' })
  assert.equal(words(await arrived('447700901603')), 'Again')
  const asked = new Promise<true>((resolve) => void staying.session.on('unbind', () => resolve(true)))
  await gateway.stop()
  assert.ok(await asked)
  assert.equal(peer.got.findLast((pdu) => !pdu.isResponse())?.command, 'unbind')
})

test('tshark finds no fault in what was said', needs('tshark'), async () => {
  for (const [tap, commands] of [
    [clientTap, ['09', '04', '05', '03', '07', '08', '21', '15', '06']],
    [carrierTap, ['09', '04', '05', '15', '06']],
  ] as const) {
    const { commands: seen, faults } = await tap.dissected()
    assert.equal(faults, '')
    for (const command of commands) {
      for (const id of [`0x000000${command}`, `0x800000${command}`])
        assert.ok((seen.get(id) ?? 0) > 0, `${id}, of ${JSON.stringify([...seen])}`)
    }
  }
})

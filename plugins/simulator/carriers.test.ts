// Over real sockets, with npm `smpp` as the customer.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { PDU } from 'smpp'
import { statuses } from '../smpp/codec/index.ts'
import { startCarriers } from './carriers.ts'
import { bind, carriersWith, customer, handset, pause, raw, soon } from './carriers.fixture.ts'
import type { PersonalityOptions } from './personality.ts'

const textOf = (pdu: PDU | undefined) => String(pdu?.short_message?.message ?? '')
const field = (pdu: PDU | undefined, name: string) => new RegExp(`${name}:(\\S+)`).exec(textOf(pdu))?.[1]

test('a customer binds, submits, and gets its receipt by text and TLV', { timeout: 180_000 }, async (t) => {
  const carriers = await carriersWith(t, soon)
  const peer = await customer(t, carriers)
  const response = await peer.submit()
  assert.equal(response.command_status, 0)
  const [receipt] = await peer.delivered(1)
  assert.equal(receipt!.esm_class, 4)
  assert.deepEqual([field(receipt, 'id'), field(receipt, 'stat'), field(receipt, 'err')], [response.message_id, 'DELIVRD', '000'])
  assert.deepEqual([receipt!['receipted_message_id'], receipt!['message_state']], [response.message_id, 2])
  assert.deepEqual([receipt!.source_addr, receipt!.destination_addr], [handset, 'ACME'])
  const [view] = carriers.views()
  assert.deepEqual([view!.counts.taken, view!.counts.receiptsSent], [1, 1])
})

const forms: [string, PersonalityOptions['ids'], (id: string) => string][] = [
  ['decimal, the same in both', {}, (id) => id],
  ['hex in the response, decimal in the receipt', { response: 'hex' }, (id) => BigInt(`0x${id}`).toString()],
  ['decimal in the response, upper-case hex in the receipt', { receipt: 'HEX' }, (id) => BigInt(id).toString(16).toUpperCase()],
  ['above 2^53, hex and decimal', { response: 'HEX', beyond53Bits: true }, (id) => BigInt(`0x${id}`).toString()],
  ['UUIDs', { response: 'uuid', receipt: 'uuid' }, (id) => id],
  ['padded with zeros in the response only', { response: 'padded' }, (id) => id.replace(/^0+/, '')],
]
for (const [what, ids, expected] of forms) {
  test(`ids are written as asked: ${what}`, { timeout: 180_000 }, async (t) => {
    const peer = await customer(t, await carriersWith(t, { ...soon, ids }))
    const { message_id } = await peer.submit()
    const [receipt] = await peer.delivered(1)
    assert.equal(field(receipt, 'id'), expected(message_id))
    assert.equal(receipt!['receipted_message_id'], expected(message_id))
  })
}

const dates = (pdu: PDU | undefined) => ['submit date', 'done date'].map((name) => field(pdu, name))

test('done dates are honest, all the same, before the submit, or absent, with seconds or without', { timeout: 180_000 }, async (t) => {
  const carriers = await carriersWith(t, { receipts: { seconds: true } })
  const peer = await customer(t, carriers)
  let come = 0
  const next = async (receipts?: PersonalityOptions['receipts']) => {
    if (receipts) carriers.change('northern', { personality: { receipts } })
    await peer.submit()
    return dates((await peer.delivered(++come)).at(-1))
  }
  const [submitted, done] = await next()
  assert.match(`${submitted} ${done}`, /^\d{12} \d{12}$/)
  assert.ok(done! >= submitted!)
  assert.match((await next({}))[1] ?? '', /^\d{10}$/)
  const [after, before] = await next({ done: 'before', seconds: true })
  assert.ok(before! < after!)
  assert.equal((await next({ done: 'none' }))[1], undefined)
  const [, first] = await next({ done: 'frozen', seconds: true })
  await pause(1100)
  assert.equal((await next())[1], first)
})

test('receipts are by text alone or by TLV alone where asked', { timeout: 180_000 }, async (t) => {
  const carriers = await carriersWith(t, { receipts: { form: 'tlv' } })
  const peer = await customer(t, carriers)
  const { message_id } = await peer.submit()
  const [byTlv] = await peer.delivered(1)
  assert.deepEqual([textOf(byTlv), byTlv!['receipted_message_id']], ['', message_id])
  carriers.change('northern', { personality: { receipts: { form: 'text', text: 'bare' } } })
  const second = await peer.submit()
  const [, byText] = await peer.delivered(2)
  assert.equal(textOf(byText), `id:${second.message_id} stat:DELIVRD err:000`)
  assert.equal(byText!['receipted_message_id'], undefined)
})

test('a receipt comes only to whom it was asked for by registered_delivery', { timeout: 180_000 }, async (t) => {
  const peer = await customer(
    t,
    await carriersWith(t, { fail: [{ destination: '*9', state: 'UNDELIV' }], receipts: { intermediate: true } }),
  )
  const states = async (registered_delivery: number, destination_addr: string) => {
    const before = peer.deliveries.length
    await peer.submit({ registered_delivery, destination_addr })
    await pause(30)
    return peer.deliveries.slice(before).map((pdu) => field(pdu, 'stat'))
  }
  assert.deepEqual(await states(0, handset), [])
  assert.deepEqual(await states(2, handset), [])
  assert.deepEqual(await states(2, '447700900129'), ['UNDELIV'])
  assert.deepEqual(await states(3, '447700900129'), [])
  assert.deepEqual(await states(0x11, handset), ['ACCEPTD', 'ENROUTE', 'DELIVRD'])
})

test('an early receipt is there before its submit_sm_resp', { timeout: 180_000 }, async (t) => {
  const peer = await customer(t, await carriersWith(t, { receipts: { early: 1 } }))
  let receiptsAtResponse = -1
  await peer.submit().then(() => (receiptsAtResponse = peer.deliveries.length))
  assert.equal(receiptsAtResponse, 1)
})

test('destinations are refused with the status of the table', { timeout: 180_000 }, async (t) => {
  const carriers = await carriersWith(t, { reject: [{ destination: '*0011', status: 'ESME_RINVDSTADR' }] })
  const peer = await customer(t, carriers)
  assert.equal((await peer.submit({ destination_addr: '447700900011' })).command_status, statuses.ESME_RINVDSTADR)
  assert.deepEqual(carriers.inbox(), [])
})

test('what is above the rate is throttled', { timeout: 180_000 }, async (t) => {
  const carriers = await carriersWith(t, { throttle: { minPerSecond: 20, maxPerSecond: 20 } })
  const peer = await customer(t, carriers)
  const answers = await Promise.all(Array.from({ length: 50 }, () => peer.submit({ registered_delivery: 0 })))
  const throttled = answers.filter((pdu) => pdu.command_status === statuses.ESME_RTHROTTLED).length
  assert.ok(throttled >= 40 && throttled < 50, `${throttled} of 50 throttled`)
  assert.equal(carriers.views()[0]!.ratePerSecond, 20)
})

test('binds are refused for a wrong name, a wrong password, and by personality', { timeout: 180_000 }, async (t) => {
  const carriers = await carriersWith(t, soon)
  assert.equal((await customer(t, carriers, { systemId: 'nobody' })).bindStatus, statuses.ESME_RINVSYSID)
  assert.equal((await customer(t, carriers, { password: 'wrong' })).bindStatus, statuses.ESME_RINVPASWD)
  carriers.change('northern', { preset: 'refusing' })
  const refused = await customer(t, carriers)
  assert.equal(refused.bindStatus, statuses.ESME_RBINDFAIL)
  await refused.closed
})

test('receipts wait while no session receives, and go to any session of the system_id', { timeout: 180_000 }, async (t) => {
  const carriers = await carriersWith(t, soon)
  const sender = await customer(t, carriers, { as: 'transmitter' })
  const { message_id } = await sender.submit()
  while (carriers.views()[0]!.waiting < 1) await pause(5)
  await pause(30)
  assert.equal(carriers.views()[0]!.waiting, 1)
  assert.deepEqual(sender.deliveries, [])
  const receiver = await customer(t, carriers, { as: 'receiver' })
  const [receipt] = await receiver.delivered(1)
  assert.equal(field(receipt, 'id'), message_id)
  assert.equal((await receiver.submit()).command_status, statuses.ESME_RINVBNDSTS)
})

test('two receiving sessions share the receipts', { timeout: 180_000 }, async (t) => {
  const carriers = await carriersWith(t, soon)
  const [one, two] = [await customer(t, carriers), await customer(t, carriers)]
  await Promise.all(Array.from({ length: 20 }, () => one.submit()))
  while (one.deliveries.length + two.deliveries.length < 20) await pause(5)
  assert.ok(one.deliveries.length >= 5 && two.deliveries.length >= 5, `${one.deliveries.length} and ${two.deliveries.length}`)
})

test('what was not acknowledged is sent again after a reconnect, and no more than the window is open', { timeout: 180_000 }, async (t) => {
  const carriers = await carriersWith(t, { ...soon, window: 3 })
  const deaf = await customer(t, carriers, { acknowledge: false })
  const ids = (await Promise.all(Array.from({ length: 8 }, () => deaf.submit()))).map((pdu) => pdu.message_id)
  await deaf.delivered(3)
  await pause(50)
  assert.equal(deaf.deliveries.length, 3)
  deaf.session.destroy()
  await deaf.closed
  const again = await customer(t, carriers)
  const receipts = await again.delivered(8)
  assert.deepEqual(new Set(receipts.map((pdu) => field(pdu, 'id'))), new Set(ids))
  assert.equal(carriers.views()[0]!.counts.repeated, 3)
})

test('a receipt that is never answered is sent again, one refused for good is not', { timeout: 180_000 }, async (t) => {
  const carriers = await carriersWith(t, { ...soon, deliverTimeoutMs: 100 })
  const deaf = await customer(t, carriers, { acknowledge: false })
  await deaf.submit()
  const [first, second] = await deaf.delivered(2)
  assert.equal(field(first, 'id'), field(second, 'id'))
  deaf.session.destroy()
  const refusing = await customer(t, carriers, { acknowledge: statuses.ESME_RX_P_APPN })
  await refusing.delivered(1)
  while (carriers.views()[0]!.counts.refused < 1) await pause(5)
  assert.deepEqual([carriers.views()[0]!.counts.refused, carriers.views()[0]!.waiting], [1, 0])
})

test('a half-open session answers nothing more, and a new one finds what is due', { timeout: 180_000 }, async (t) => {
  const carriers = await carriersWith(t, { ...soon, faults: { halfOpenEvery: 3 } })
  const peer = await customer(t, carriers)
  let answered = 0
  for (let i = 0; i < 5; i++)
    peer.submit().then(
      () => answered++,
      () => {},
    )
  while (answered < 2 || carriers.views()[0]!.sessions[0]?.silent !== true) await pause(5)
  await pause(50)
  assert.equal(answered, 2)
  assert.equal(peer.session.socket.destroyed, false)
  assert.equal(carriers.views()[0]!.sessions[0]!.silent, true)
  const fresh = await customer(t, carriers)
  assert.equal((await fresh.submit()).command_status, 0)
})

test('sessions are cut upon every nth submit, and by a share', { timeout: 180_000 }, async (t) => {
  const carriers = await carriersWith(t, { faults: { disconnectEvery: 3 } })
  const peer = await customer(t, carriers)
  await peer.submit()
  await peer.submit()
  await assert.rejects(peer.submit())
  carriers.change('northern', { personality: { faults: { disconnect: 1 } } })
  const other = await customer(t, carriers)
  await assert.rejects(other.submit())
  assert.equal(carriers.views()[0]!.sessions.length, 0)
  assert.equal(carriers.views()[0]!.counts.faults, 2)
})

test('a handset answers in parts that join again, through the carrier that delivered to it', { timeout: 180_000 }, async (t) => {
  const carriers = await carriersWith(t, soon)
  const peer = await customer(t, carriers)
  const text = 'A long answer with € and {braces}. '.repeat(12).trim()
  assert.throws(
    () => carriers.reply({ from: '+447700900199', to: '+15550001111', text: 'x', carrier: 'southern' }),
    /expected one of northern/,
  )
  await peer.submit({ source_addr: '15550001111', source_addr_ton: 1, registered_delivery: 0 })
  const { carrier, segments } = carriers.reply({ from: `+${handset}`, to: '+15550001111', text })
  assert.deepEqual([carrier, segments > 1], ['northern', true])
  const parts = await peer.delivered(segments)
  assert.ok(parts.every((pdu) => pdu.esm_class === 0x40 && pdu.short_message.udh!.length > 0))
  assert.equal(parts.map((pdu) => textOf(pdu)).join(''), text)
  assert.deepEqual([parts[0]!.source_addr, parts[0]!.source_addr_ton, parts[0]!.destination_addr], [handset, 1, '15550001111'])
})

test('a handset that got nothing yet writes through the first carrier that is bound', { timeout: 180_000 }, async (t) => {
  const carriers = await carriersWith(t, soon)
  const mo = { from: '+447700900199', to: '+15550001111', text: 'first' }
  assert.throws(() => carriers.reply(mo), /no carrier has a receiving session: name one of northern/)
  const peer = await customer(t, carriers)
  assert.deepEqual(carriers.reply(mo), { carrier: 'northern', segments: 1 })
  const [pdu] = await peer.delivered(1)
  assert.deepEqual([pdu!.source_addr, pdu!.source_addr_ton, textOf(pdu)], ['447700900199', 1, 'first'])
})

test('handsets answer by themselves where the personality says so', { timeout: 180_000 }, async (t) => {
  const peer = await customer(t, await carriersWith(t, { answers: { share: 1, text: 'You said: {text}' } }))
  await peer.submit({ registered_delivery: 0, short_message: 'ping', data_coding: 0 })
  const [answer] = await peer.delivered(1)
  assert.equal(textOf(answer), 'You said: ping')
})

test('the inbox joins what npm smpp sends in parts, and shows the state by destination', { timeout: 180_000 }, async (t) => {
  const carriers = await carriersWith(t, { ...soon, fail: [{ destination: '*0021', state: 'UNDELIV' }] })
  const peer = await customer(t, carriers)
  const part = (n: number, message: string) => ({
    esm_class: 0x40,
    data_coding: 0,
    short_message: { udh: Buffer.from([5, 0, 3, 9, 2, n]), message },
  })
  await peer.submit(part(2, 'world'))
  await peer.submit(part(1, 'hello '))
  await peer.submit({ destination_addr: '447700900021', short_message: 'lost', data_coding: 0 })
  const shown = carriers.inbox().map(({ to, text, segments, state }) => ({ to, text, segments, state }))
  assert.deepEqual(shown, [
    { to: '+447700900021', text: 'lost', segments: 1, state: 'UNDELIV' },
    { to: `+${handset}`, text: 'hello world', segments: 2, state: 'DELIVRD' },
  ])
})

test('the ledger has a line for every submit taken, before its response', { timeout: 180_000 }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'simulator-'))
  t.after(() => rm(directory, { recursive: true }))
  const ledger = join(directory, 'ledger')
  const carriers = await carriersWith(t, { ...soon, reject: [{ destination: '*0011', status: 'ESME_RSYSERR' }] }, { ledger })
  const peer = await customer(t, carriers)
  await peer.submit({ destination_addr: '447700900011' })
  for (const text of ['one "quoted"', 'two\nlines']) {
    const { message_id } = await peer.submit({ short_message: text, data_coding: 0 })
    const last = JSON.parse((await readFile(ledger, 'utf8')).trim().split('\n').at(-1)!) as Record<string, unknown>
    assert.deepEqual({ ...last, at: 0 }, { at: 0, carrier: 'northern', to: `+${handset}`, from: 'ACME', id: message_id, text })
  }
  assert.equal((await readFile(ledger, 'utf8')).trim().split('\n').length, 2)
})

test('a run replays by its seed on the wire', { timeout: 180_000 }, async (t) => {
  const hostile: PersonalityOptions = {
    ids: { response: 'hex' },
    receipts: { missing: 0.3, duplicated: 0.3 },
    reject: [{ destination: '*', status: 'ESME_RSYSERR', share: 0.3 }],
  }
  const replay = async (seed: number) => {
    const carriers = await startCarriers({ port: 0, seed, carriers: [{ id: 'northern', password: 'secret', personality: hostile }] })
    t.after(() => carriers.close())
    const peer = await customer(t, carriers)
    const answers: number[] = []
    for (let n = 0; n < 40; n++) answers.push((await peer.submit({ destination_addr: `44770090${1000 + n}` })).command_status)
    await pause(50)
    return { answers, receipts: peer.deliveries.map((pdu) => pdu.source_addr).toSorted() }
  }
  const [first, again, other] = [await replay(1), await replay(1), await replay(2)]
  assert.deepEqual(first, again)
  assert.notDeepEqual(first, other)
})

test('closing unbinds the sessions and ends, even when a peer does not answer', { timeout: 180_000 }, async (t) => {
  const carriers = await startCarriers({ port: 0, seed: 1, carriers: [{ id: 'northern', password: 'secret' }] })
  const { pdus, send, socket } = await raw(t, carriers)
  send(bind)
  while (pdus.length === 0) await pause(5)
  const closed = once(socket, 'close')
  await carriers.close()
  await closed
  assert.equal(pdus.at(-1)!.command, 'unbind')
})

test('two carriers of one name are refused', async () => {
  const twice = [1, 2].map(() => ({ id: 'northern', password: '' }))
  await assert.rejects(startCarriers({ port: 0, seed: 1, carriers: twice }), /"northern" is there twice/)
})

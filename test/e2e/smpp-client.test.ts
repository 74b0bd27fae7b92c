// A client by SMPP, end to end: npm `smpp` binds to a gateway process, simulated carriers take what it
// submits, and receipts and replies come back, also after it was away.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { startGatewayProcess } from '../bench/gateway.ts'
import { freePort } from '../bench/processes.ts'
import { type Esme, esmes } from '../peers/smpp-client.ts'
import { bindTo, eventually, startWorld, type World } from './world.ts'

let world: World
let port: number
const bind = esmes(() => port)
const number = '+15550003333'
const below = `AC${'0'.repeat(31)}b`

before(async () => {
  port = await freePort()
  world = await startWorld(
    { north: { fail: [{ destination: '*666', state: 'REJECTD' }] } },
    { SIGNALBOX_SMPP: `127.0.0.1:${port}` },
    (carriers) => `
    binds:
      - ${bindTo(carriers, 'north')}
      - { id: shop, connector: smpp, side: client, policy: { partsTimeoutSeconds: 10 }, config: { systemId: shop, password: secret } }
      - { id: till, connector: smpp, side: client, config: { systemId: till, password: drawer } }
      - { id: slow, connector: smpp, side: client, policy: { messages: { perSecond: 5 }, sessions: 2 }, config: { systemId: slow, password: lane } }
      - { id: terse, connector: smpp, side: client, policy: { longestText: 200 }, config: { systemId: terse, password: short } }
    numbers:
      - { number: "${number}", bind: shop }
    routes:
      - { id: all, prefix: "", to: [north] }
    accounts:
      - id: ${below}
        binds:
          - { id: shop, connector: smpp, side: client, policy: { partsTimeoutSeconds: 3 }, config: { systemId: shop, password: theirs } }
`,
  )
})

after(async () => {
  await world?.close()
})

test('what a client submits is answered with an id, sent, and receipted under that id', async () => {
  const client = await bind()
  const response = await client.submit({ destination_addr: '447700900123', short_message: 'Hello', registered_delivery: 1 })
  assert.equal(response.command_status, 0)
  assert.match(response.message_id, /^[0-9a-f]{32}$/)
  const [receipt] = await eventually('the receipt', () => (client.receipts().length > 0 ? client.receipts() : undefined))
  assert.equal(receipt!.id, response.message_id)
  assert.equal(receipt!.stat, 'DELIVRD')
  assert.equal(receipt!.pdu.esm_class, 4)
  assert.equal(receipt!.pdu.source_addr, '447700900123')
  assert.equal(receipt!.pdu.destination_addr, 'Shop')
  assert.equal(receipt!.pdu['receipted_message_id'], response.message_id)
  await client.close()
})

test('a long message submitted in parts goes out whole, and each part is receipted under its own id', async () => {
  const client = await bind()
  const text = 'It is a long message, '.repeat(16)
  const to = { destination_addr: '447700900124', registered_delivery: 1, esm_class: 0x40 }
  const pieces = [text.slice(0, 150), text.slice(150, 300), text.slice(300)]
  const ids: string[] = []
  // Out of order, as they may come.
  for (const index of [2, 3, 1]) {
    const short_message = Buffer.concat([Buffer.from([5, 0, 3, 0x77, 3, index]), Buffer.from(pieces[index - 1]!)])
    ids.push((await client.submit({ ...to, short_message })).message_id)
  }
  const receipts = await eventually('three receipts', () => (client.receipts().length === 3 ? client.receipts() : undefined))
  assert.deepEqual(receipts.map(({ id }) => id).toSorted(), ids.toSorted())
  const [shown] = world.carriers.inbox(1)
  assert.equal(shown!.text, text)
  for (const message_id of ids) {
    const state = await client.ask('query_sm', { message_id, source_addr: 'Shop', source_addr_ton: 5 })
    assert.equal(state.command_status, 0)
    assert.equal(state['message_state'], 2)
  }
  await client.close()
})

test('a long message that may not be sent as a whole fails, and each part of it is receipted', async () => {
  const client = await bind('terse', { password: 'short' })
  const ids: string[] = []
  for (const index of [1, 2]) {
    const short_message = Buffer.concat([Buffer.from([5, 0, 3, 0x78, 2, index]), Buffer.alloc(150, 'x')])
    const response = await client.submit({ destination_addr: '447700900125', registered_delivery: 1, esm_class: 0x40, short_message })
    assert.equal(response.command_status, 0)
    ids.push(response.message_id)
  }
  const receipts = await eventually('two receipts', () => (client.receipts().length === 2 ? client.receipts() : undefined))
  assert.deepEqual(
    receipts.map(({ id, stat }) => [id, stat]),
    ids.map((id) => [id, 'REJECTD']),
  )
})

test('Cyrillic, emoji, binary and message_payload reach the handset as they are', async () => {
  const client = await bind()
  const texts = ['Привет, мир', 'Party 🎉 at ten', 'Long in one: '.repeat(40)]
  for (const [i, text] of texts.entries()) {
    const fields =
      i === 2 ? { short_message: '', message_payload: Buffer.from(text) } : { short_message: { message: text, udh: [] }, data_coding: 8 }
    const short_message = i === 2 ? Buffer.alloc(0) : Buffer.from(text, 'utf16le').swap16()
    const response = await client.submit({ ...fields, short_message, destination_addr: `44770090013${i}`, registered_delivery: 1 })
    assert.equal(response.command_status, 0)
  }
  const binary = Buffer.from('0605040b8423f0000102ff', 'hex')
  assert.equal(
    (await client.submit({ destination_addr: '447700900139', short_message: binary, esm_class: 0x40, data_coding: 4 })).command_status,
    0,
  )
  await eventually('all are shown', () =>
    texts.every((text) => world.carriers.inbox(20).some((shown) => shown.text === text)) ? true : undefined,
  )
  await eventually('three receipts', () => (client.receipts().length === 3 ? true : undefined))
  await client.close()
})

test('a submit_multi is one id, a message and a receipt for each destination', async () => {
  const client = await bind()
  const dest_address = ['447700900151', '447700900152', '447700900153'].map((destination_addr) => ({
    dest_flag: 1,
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    destination_addr,
  }))
  const response = await client.ask('submit_multi', {
    source_addr: 'Shop',
    source_addr_ton: 5,
    dest_address,
    short_message: 'To all',
    registered_delivery: 1,
  })
  assert.equal(response.command_status, 0)
  const receipts = await eventually('three receipts', () => (client.receipts().length === 3 ? client.receipts() : undefined))
  assert.deepEqual(new Set(receipts.map(({ id }) => id)), new Set([response.message_id]))
  assert.deepEqual(receipts.map(({ pdu }) => pdu.source_addr).toSorted(), ['447700900151', '447700900152', '447700900153'])
  await client.close()
})

test('what waits can be asked for, replaced and taken back; what is gone cannot', async () => {
  const client = await bind()
  const source = { source_addr: 'Shop', source_addr_ton: 5 }
  const later = { schedule_delivery_time: new Date(Date.now() + 3_600_000), registered_delivery: 1, destination_addr: '447700900161' }
  const { message_id } = await client.submit({ ...later, short_message: 'Later' })
  assert.equal((await client.ask('query_sm', { message_id, ...source }))['message_state'], 1)
  assert.equal(
    (await client.ask('replace_sm', { message_id, ...source, short_message: 'Other words', registered_delivery: 1 })).command_status,
    0,
  )
  assert.equal(
    (await client.ask('cancel_sm', { message_id, ...source, destination_addr: '447700900161', dest_addr_ton: 1 })).command_status,
    0,
  )
  assert.equal((await client.ask('query_sm', { message_id, ...source }))['message_state'], 4)
  assert.equal((await client.ask('cancel_sm', { message_id, ...source })).command_status, 0x11)
  assert.equal((await client.ask('replace_sm', { message_id, ...source, short_message: 'Too late' })).command_status, 0x13)
  const [receipt] = await eventually('its receipt', () => (client.receipts().length > 0 ? client.receipts() : undefined))
  assert.deepEqual([receipt!.id, receipt!.stat], [message_id, 'DELETED'])
  await client.close()
})

test('a reply from a handset comes to the client of the number, long ones in parts that join again', async () => {
  const client = await bind()
  world.carriers.reply({ from: '+447700900171', to: number, text: 'Yes please', carrier: 'north' })
  const [mo] = await eventually('the reply', () => (client.got.length > 0 ? client.got : undefined))
  assert.equal(String(mo!.short_message.message), 'Yes please')
  assert.deepEqual([mo!.source_addr, mo!.destination_addr], ['447700900171', number.slice(1)])
  const long = 'A long reply, word by word. '.repeat(12)
  world.carriers.reply({ from: '+447700900171', to: number, text: long, carrier: 'north' })
  const parts = await eventually('its parts', () => (client.got.length === 4 ? client.got.slice(1) : undefined))
  assert.equal(parts.map((pdu) => String(pdu.short_message.message)).join(''), long)
  await client.close()
})

test('receipts and replies wait while the client is away, and come in order when it binds', async () => {
  const away = await bind('shop', { command: 'bind_transmitter' })
  const { message_id } = await away.submit({ destination_addr: '447700900181', short_message: 'Hello', registered_delivery: 1 })
  await away.close()
  for (let n = 1; n <= 5; n++) world.carriers.reply({ from: '+447700900182', to: number, text: `reply ${n}`, carrier: 'north' })
  await new Promise((resolve) => setTimeout(resolve, 500))
  const back = await bind('shop', { command: 'bind_receiver' })
  await eventually('all that waited', () => (back.got.length === 6 ? true : undefined))
  assert.deepEqual(
    back.receipts().map(({ id }) => id),
    [message_id],
  )
  assert.deepEqual(
    back.got.filter((pdu) => pdu.esm_class === 0).map((pdu) => String(pdu.short_message.message)),
    [1, 2, 3, 4, 5].map((n) => `reply ${n}`),
  )
  await back.close()
})

test('a client that answers nothing delays no other', async () => {
  const [stuck, other] = [await bind(), await bind('till', { password: 'drawer' })]
  stuck.answer = () => undefined
  const many = Array.from({ length: 300 }, (_, n) => n)
  await Promise.all(
    many.flatMap((n) =>
      [stuck, other].map((one) => one.submit({ destination_addr: `4477009${20_000 + n}`, short_message: 'Hello', registered_delivery: 1 })),
    ),
  )
  await eventually('the receipts of the other', () => (other.receipts().length === many.length ? true : undefined))
  assert.ok(stuck.got.length < many.length)
  stuck.session.destroy()
  await other.close()
  const again = await bind()
  await eventually('the receipts of the stuck one, once it answers', () =>
    new Set(again.receipts().map(({ id }) => id)).size === many.length ? true : undefined,
  )
  await again.close()
})

test('two accounts whose clients have one system_id never see each other', async () => {
  const [ours, theirs] = [await bind(), await bind('shop', { password: 'theirs' })]
  await assert.rejects(bind('shop', { password: 'drawer' }))
  const { message_id } = await ours.submit({ destination_addr: '447700900191', short_message: 'Ours', registered_delivery: 1 })
  const other = await theirs.submit({ destination_addr: '447700900191', short_message: 'Theirs', registered_delivery: 1 })
  assert.equal(other.command_status, 0)
  await eventually('each its receipt', () => (ours.receipts().length === 1 && theirs.receipts().length === 1 ? true : undefined))
  assert.equal(ours.receipts()[0]!.id, message_id)
  assert.equal(theirs.receipts()[0]!.id, other.message_id)
  const source = { source_addr: 'Shop', source_addr_ton: 5 }
  assert.equal((await theirs.ask('query_sm', { message_id, ...source })).command_status, 0x67)
  assert.equal((await theirs.ask('cancel_sm', { message_id, ...source })).command_status, 0x0c)
  assert.equal((await ours.ask('query_sm', { message_id, ...source }))['message_state'], 2)
  await ours.close()
  await theirs.close()
})

test('a transaction is answered when the handset has it, or not', async () => {
  const client = await bind()
  const good = await client.submit({ destination_addr: '447700900195', short_message: 'Now', esm_class: 2 })
  assert.equal(good.command_status, 0)
  const bad = await client.submit({ destination_addr: '447700900666', short_message: 'Now', esm_class: 2 })
  assert.equal(bad.command_status, 0xfe)
  assert.equal(bad['delivery_failure_reason'], 2)
  await client.close()
})

test('above its rate a client is throttled, above its sessions refused, and both pass', async () => {
  const client = await bind('slow', { password: 'lane' })
  const statuses = await Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      client.submit({ destination_addr: `4477009${40_000 + n}`, short_message: 'Hello' }).then(({ command_status }) => command_status),
    ),
  )
  assert.ok(statuses.includes(0x58) && statuses.includes(0), statuses.join(' '))
  await bind('slow', { password: 'lane' })
  await assert.rejects(bind('slow', { password: 'lane' }), /0x5$/)
  await client.close()
  await eventually('a place again', () =>
    bind('slow', { password: 'lane' }).then(
      () => true,
      () => undefined,
    ),
  )
})

test('a gateway that stops answers what is open, unbinds its clients, and has what they submitted when it is back', async () => {
  const client = await bind()
  let unbound = false
  client.session.on('unbind', () => (unbound = true))
  const responses = Array.from({ length: 100 }, (_, n) =>
    client
      .submit({ destination_addr: `4477009${50_000 + n}`, short_message: 'Hello', registered_delivery: 1 })
      .then(({ command_status, message_id }) => (command_status === 0 ? message_id : undefined)),
  )
  const restarting = world.restart()
  const ids = (await Promise.all(responses)).filter((id) => id !== undefined)
  await client.closed
  await restarting
  assert.ok(unbound)
  const back = await bind()
  await eventually('every receipt', () => {
    const seen = new Set([...client.receipts(), ...back.receipts()].map(({ id }) => id))
    return ids.every((id) => seen.has(id)) ? true : undefined
  })
})

test('a gateway that is killed after its responses, before the receipts, loses neither message nor receipt', async () => {
  world.carriers.change('north', { personality: { receipts: { delay: 1500 } } })
  const client = await bind()
  const responses = await Promise.all(
    Array.from({ length: 50 }, (_, n) =>
      client.submit({ destination_addr: `4477009${30_000 + n}`, short_message: 'Hello', registered_delivery: 1 }),
    ),
  )
  await world.gateway.kill()
  await client.closed
  world.gateway = await startGatewayProcess(world.setup)
  const back = await bind()
  const ids = new Set(responses.map(({ message_id }) => message_id))
  await eventually('every receipt', () => {
    const seen = new Set(
      back
        .receipts()
        .filter(({ stat }) => stat === 'DELIVRD')
        .map(({ id }) => id),
    )
    return [...ids].every((id) => seen.has(id)) ? true : undefined
  })
  await back.close()
})

test('parts that come again after a kill are one message with those before, each found by the id it was told', async () => {
  const to = '447700940001'
  const part = (client: Esme, index: number, destination_addr = to): Promise<string> =>
    client
      .submit({
        destination_addr,
        esm_class: 0x40,
        registered_delivery: 1,
        short_message: { udh: Buffer.of(5, 0, 3, 77, 3, index), message: `Part ${index}. ` },
      })
      .then(({ command_status, message_id }) => {
        assert.equal(command_status, 0)
        return message_id
      })
  const client = await bind()
  const told = [await part(client, 1), await part(client, 2)]
  await world.gateway.kill()
  await client.closed
  world.gateway = await startGatewayProcess(world.setup)
  const back = await bind()
  // As by a client that lost the answers; the last of them is behind the one that makes the message whole.
  told.push(...(await Promise.all([1, 3, 2].map((index) => part(back, index)))))
  const ids = [...new Set(told)]
  assert.deepEqual(new Set(ids), new Set(['01', '02', '03'].map((index) => ids[0]!.slice(0, 30) + index)))
  await eventually('every receipt', () => ids.every((id) => back.receipts().some((receipt) => receipt.id === id)) || undefined)
  for (const id of ids) {
    const found = await back.ask('query_sm', { message_id: id, source_addr: 'Shop' })
    assert.deepEqual([found.command_status, found['message_state']], [0, 2], id)
  }
  const shown = (recipient: string): number => world.carriers.inbox(100).filter((each) => each.to === `+${recipient}`).length
  // Never whole: sent as far as it came once its time is over, and so is that of what is left of the other.
  const later = '447700940002'
  await part(back, 1, later)
  await eventually('what came of another', () => shown(later) === 1 || undefined)
  assert.equal(shown(to), 1)
  await back.close()
  await world.restart()
  const last = await bind()
  assert.equal((await last.submit({ destination_addr: to, short_message: 'Hello' })).command_status, 0)
  await eventually('the next message', () => shown(to) === 2 || undefined)
})

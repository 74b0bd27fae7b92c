// What a carrier brings for nobody here, and another carrier is to have: its deliver_sm becomes our submit_sm,
// by the routes of the bind's account, where the bind's policy says so.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import smpp, { type PDU, type Session } from 'smpp'
import { type Carrier, carrier } from '../peers/smpp-carrier.ts'
import { ask, bindTo, cdrLines, configure, eventually, messagesPath, root, sleep, startHooks, startWorld, type World } from './world.ts'

let world: World
let north: Carrier
let west: Carrier
let hooks: Awaited<ReturnType<typeof startHooks>>
const [ok, rejected] = [0, 0x66]
const ourNumber = '+15550002222'

before(async () => {
  north = await carrier()
  west = await carrier()
  hooks = await startHooks()
  world = await startWorld({ south: { receipts: { delay: 10 } } })
  const npm = (id: string, { port }: Carrier, policy: string): string =>
    `{ id: ${id}, connector: smpp, policy: ${policy}, config: { host: 127.0.0.1, port: ${port}, systemId: ${id}, password: secret } }`
  await configure(
    world.setup,
    `accounts:
  - id: root
    privateWebhooks: true
    binds:
      - ${npm('north', north, '{ transit: true, sources: { deny: ["+4400"] } }')}
      - ${npm('west', west, '{}')}
      - ${bindTo(world.carriers, 'south')}
    numbers:
      - { number: '${ourNumber}', settings: { smsUrl: '${hooks.url}/sms' } }
    routes:
      - { id: uk, prefix: '+44', to: [south] }
      - { id: back, prefix: '+33', to: [north] }`,
  )
  for (const { sessions } of [north, west]) await eventually('it is bound', () => sessions.length > 0 || undefined)
  await eventually('the south is bound', () => world.carriers.views().every(({ sessions }) => sessions.length > 0) || undefined)
})

after(async () => {
  await world.close()
  await Promise.all([north.close(), west.close()])
  hooks.close()
})

/** As the carrier's deliver_sm; its answer. */
function deliver({ sessions }: Carrier, fields: Record<string, unknown>): Promise<PDU> {
  const session = sessions.at(-1) as Session
  const pdu = new smpp.PDU('deliver_sm', { source_addr: '4915112345678', source_addr_ton: 1, dest_addr_ton: 1, ...fields })
  return new Promise((resolve) => void session.send(pdu, resolve))
}

const shown = (text: string) => world.carriers.inbox(100).find((each) => each.text === text)

test('a deliver_sm for nobody here goes on as submit_sm to the carrier that a route leads to', async () => {
  const answer = await deliver(north, { destination_addr: '447700900123', registered_delivery: 0, short_message: 'in transit' })
  assert.equal(answer.command_status, ok)
  const there = await eventually('the submit_sm', () => shown('in transit'))
  assert.deepEqual([there.from, there.to], ['+4915112345678', '+447700900123'])
  const { json } = await ask(world.setup, `${messagesPath(root.sid)}?To=%2B447700900123`, { as: root })
  const [message] = json['messages'] as { sid: string }[]
  const cdr = await eventually('its CDR', async () => (await cdrLines(world.setup)).find((line) => line.message === message!.sid.slice(2)))
  assert.equal(cdr.state, 'delivered')
  // It did not ask what became of it.
  await sleep(200)
  assert.deepEqual(
    north.got.filter(({ command }) => command === 'submit_sm' || command === 'data_sm'),
    [],
  )
})

test('a carrier that asks hears what became of it, by an acknowledgement under its own name of the message', async () => {
  const told = (id: string) =>
    eventually(id, () =>
      north.got.find(({ command, short_message }) => command === 'submit_sm' && String(short_message?.message).startsWith(`id:${id} `)),
    )
  const asked = { destination_addr: '447700900131', user_message_reference: 0x1234, short_message: 'asked' }
  for (const [id, registered_delivery] of [
    ['mo-1', 1],
    ['mo-2', 4],
  ] as const) {
    const answer = await deliver(north, { ...asked, registered_delivery, receipted_message_id: id })
    assert.equal(answer.command_status, ok)
    const pdu = await told(id)
    assert.deepEqual([pdu.esm_class, pdu.source_addr, pdu.destination_addr], [0x08, '447700900131', '4915112345678'])
    assert.match(String(pdu.short_message.message), / stat:DELIVRD /)
    assert.equal(pdu['user_message_reference'], 0x1234)
    assert.equal(pdu.registered_delivery, 0)
  }
})

test('a long one is joined and goes out in parts as that carrier takes them, in whatever order they came', async () => {
  const pieces = ['One after another, ', 'and all of them ', 'in their order.']
  for (const index of [3, 1, 2]) {
    const udh = Buffer.of(5, 0, 3, 9, 3, index)
    const answer = await deliver(north, {
      destination_addr: '447700900124',
      esm_class: 0x40,
      short_message: { udh, message: pieces[index - 1] },
    })
    assert.equal(answer.command_status, ok)
  }
  await eventually('the whole text', () => shown(pieces.join('')))
})

test('what no route takes, what would go back, and what the bind does not take is refused at once', async () => {
  for (const destination_addr of ['81312345678', '33612345678']) {
    const answer = await deliver(north, { destination_addr, short_message: 'no way' })
    assert.equal(answer.command_status, rejected, destination_addr)
    const part = await deliver(north, {
      destination_addr,
      esm_class: 0x40,
      short_message: { udh: Buffer.of(5, 0, 3, 9, 2, 1), message: 'no way' },
    })
    assert.equal(part.command_status, rejected, destination_addr)
  }
  const denied = await deliver(north, { source_addr: '4400123456789', destination_addr: '447700900125', short_message: 'no way' })
  assert.equal(denied.command_status, rejected)
  assert.equal(shown('no way'), undefined)
})

test('a number of ours is still written to by its webhook', async () => {
  const answer = await deliver(north, { destination_addr: ourNumber.slice(1), short_message: 'for us' })
  assert.equal(answer.command_status, ok)
  const hook = await eventually('the webhook', () => hooks.got.find(({ form }) => form['Body'] === 'for us'))
  assert.deepEqual([hook.form['From'], hook.form['To']], ['+4915112345678', ourNumber])
})

test('of a bind that is no transit nothing goes on: it is kept as failed', async () => {
  const answer = await deliver(west, { destination_addr: '447700900126', short_message: 'not on' })
  assert.equal(answer.command_status, ok)
  const { json } = await ask(world.setup, `${messagesPath(root.sid)}?To=%2B447700900126`, { as: root })
  const [message] = json['messages'] as { direction: string; status: string }[]
  assert.equal(message!.direction, 'inbound')
  await sleep(200)
  assert.equal(shown('not on'), undefined)
})

// Caps, end to end: what is above a cap of an account, or of one above it, is refused by the protocol's
// own code, and a day's count is what it was after kill -9.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { capNames } from '../../src/model/caps.ts'
import { startGatewayProcess } from '../bench/gateway.ts'
import type { Esme } from '../peers/smpp-client.ts'
import { customer, number, reseller, startReseller, type ResellerWorld } from './reseller.ts'
import type { Phone } from './sip-phone.ts'
import { ask, create, eventually, messagesPath, root, signalbox, type World } from './world.ts'

let house: ResellerWorld
let world: World
let alice: Phone
const form = { To: '+447700900123', From: number, Body: 'Hello' }
const submit = { destination_addr: '447700900123', short_message: 'Hello' }

/** The reseller's: laid over nothing. */
async function cap(caps: string): Promise<void> {
  const none = capNames.map((name) => `${name}: 0`).join(', ')
  await house.set(`caps: { ${none} }`)
  if (caps !== '') await house.set(`caps: { ${caps} }`)
}

const used = async (): Promise<number> => {
  const { json } = await ask(world.setup, `/api/v1/accounts/${reseller.sid}/usage`, { as: root })
  return (json['today'] as { messages: number }).messages
}

before(async () => {
  house = await startReseller({})
  ;({ world, alice } = house)
})

after(() => house?.close())

test('above the messages of a day of an account above, each protocol refuses with its own code, also after kill -9', async () => {
  await create(world.setup, form, customer)
  await cap(`messagesPerDay: ${(await used()) + 3}`)
  const client = await house.shop()
  assert.ok(await create(world.setup, form, customer))
  assert.equal((await client.submit(submit)).command_status, 0)
  assert.equal((await alice.message('sip:+447700900123@127.0.0.1', 'Hello')).status, 202)
  const counted = await used()

  const refused = async (by: Esme): Promise<void> => {
    const answer = await ask(world.setup, messagesPath(customer.sid), { as: customer, form })
    assert.deepEqual([answer.status, answer.json['code']], [429, 21611])
    assert.match(String(answer.json['message']), /An account above has reached its limit of messages a day/)
    assert.equal((await by.submit(submit)).command_status, 0x14, 'ESME_RMSGQFUL')
    const said = await alice.message('sip:+447700900123@127.0.0.1', 'Hello')
    assert.deepEqual([said.status, said.headers.get('retry-after')], [480, '3600'])
  }
  await refused(client)
  await world.gateway.kill()
  await client.closed
  world.gateway = await startGatewayProcess(world.setup)
  assert.equal(await used(), counted)
  const again = await eventually('it is bound', () => house.shop().catch(() => undefined))
  await refused(again)
  await again.close()
  await cap('')
  assert.ok(await create(world.setup, form, customer))
})

test('above the messages of a second each protocol throttles', async () => {
  const client = await house.shop()
  await cap('messagesPerSecond: 1')
  await eventually('one is taken', () => create(world.setup, form, customer).catch(() => undefined))
  const [answer, response, said] = await Promise.all([
    ask(world.setup, messagesPath(customer.sid), { as: customer, form }),
    client.submit(submit),
    alice.message('sip:+447700900123@127.0.0.1', 'Hello'),
  ])
  assert.deepEqual([answer.status, answer.json['code']], [429, 20429])
  assert.equal(response.command_status, 0x58, 'ESME_RTHROTTLED')
  assert.equal(said.status, 503)
  await cap('')
  await client.close()
})

test('above what may wait it is refused, and taken again as the lane empties', async () => {
  await house.pause(true)
  const waits = Number((await ask(world.setup, `/api/v1/accounts/${reseller.sid}/usage`, { as: root })).json['queued'])
  await cap(`queued: ${waits + 1}`)
  assert.ok(await create(world.setup, form, customer))
  const answer = await ask(world.setup, messagesPath(customer.sid), { as: customer, form })
  assert.deepEqual([answer.status, answer.json['code']], [429, 21611])
  await house.pause(false)
  assert.ok(await eventually('there is room', () => create(world.setup, form, customer).catch(() => undefined)))
  await cap('')
})

test('beyond the sessions of an account above a client is refused, of whichever protocol the others are', async () => {
  assert.equal((await alice.register()).status, 200)
  await cap('sessions: 2')
  const client = await house.shop()
  await assert.rejects(house.shop(), /0x5$/, 'ESME_RALYBND')
  await client.close()
  await eventually('there is room', () =>
    house.shop().then(
      (it) => it.close().then(() => true),
      () => undefined,
    ),
  )
  const { out } = await signalbox(['usage', customer.sid], world.setup.env)
  assert.match(out, /^sessions +1 +no limit$/m)
  assert.match((await signalbox(['usage', reseller.sid], world.setup.env)).out, /^sessions +1 +2$/m)
  const metrics = await ask(world.setup, '/metrics')
  assert.match(metrics.text, new RegExp(`signalbox_account_used\\{account="${reseller.sid}",cap="messagesPerDay"\\} [1-9]`))
  await cap('')
})

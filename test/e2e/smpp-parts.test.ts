// Parts of a long message that were acknowledged while others have not come: what a client hears of them
// by query_sm, cancel_sm and replace_sm, and that nobody else hears of them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { freePort } from '../bench/processes.ts'
import { type Esme, esmes } from '../peers/smpp-client.ts'
import { startGatewayProcess } from '../bench/gateway.ts'
import { bindTo, cdrsOf, eventually, startWorld, type World } from './world.ts'

let world: World
let port: number
const bind = esmes(() => port)

const [ok, invalidMessageId, cancelFailed, replaceFailed, submitFailed, queryFailed] = [0, 0x0c, 0x11, 0x13, 0x45, 0x67]
const [enroute, delivered, deleted, rejected] = [1, 2, 4, 8]

before(async () => {
  port = await freePort()
  world = await startWorld(
    { north: { receipts: { delay: 10 } } },
    { SIGNALBOX_SMPP: `127.0.0.1:${port}` },
    (carriers) => `
    binds:
      - ${bindTo(carriers, 'north')}
      - { id: shop, connector: smpp, side: client, config: { systemId: shop, password: secret } }
      - { id: till, connector: smpp, side: client, config: { systemId: till, password: secret, receipts: { ids: decimal } } }
      - { id: brief, connector: smpp, side: client, policy: { partsTimeoutSeconds: 1, partsIncomplete: drop }, config: { systemId: brief, password: secret } }
    routes: [{ id: all, prefix: '', to: [north] }]
    accounts:
      - id: AC${'0'.repeat(31)}b
        binds:
          - { id: shop, connector: smpp, side: client, config: { systemId: theirs, password: secret } }
`,
  )
})

after(() => world?.close())

/** The whole response to one of three parts. */
const part = (client: Esme, destination_addr: string, index: number) =>
  client.submit({
    destination_addr,
    esm_class: 0x40,
    registered_delivery: 1,
    short_message: { udh: Buffer.of(5, 0, 3, 42, 3, index), message: `Part ${index}. ` },
  })

async function parts(client: Esme, to: string, ...indexes: number[]): Promise<string[]> {
  const told = []
  for (const index of indexes) {
    const { command_status, message_id } = await part(client, to, index)
    assert.equal(command_status, ok)
    told.push(message_id)
  }
  return told
}

async function state(client: Esme, message_id: string, source_addr = 'Shop'): Promise<unknown> {
  const { command_status, ...pdu } = await client.ask('query_sm', { message_id, source_addr })
  return command_status === ok ? pdu['message_state'] : `refused ${command_status}`
}

const cancel = (client: Esme, message_id: string, more: object = {}) =>
  client.ask('cancel_sm', { message_id, source_addr: 'Shop', ...more }).then(({ command_status }) => command_status)

const reaches = (client: Esme, id: string, wanted: number) =>
  eventually(`${id} is in state ${wanted}`, async () => ((await state(client, id)) === wanted ? true : undefined))

for (const [systemId, version] of [
  ['shop', 0x34],
  ['till', 0x34],
  ['shop', 0x33],
] as const) {
  test(`a part that waits for others is on its way, then what its message is (${systemId}, version ${version.toString(16)})`, async () => {
    const client = await bind(systemId, { version })
    const to = `4477009410${version.toString(16)}${systemId.length}${systemId === 'shop' ? 1 : 2}`
    const [third, first] = await parts(client, to, 3, 1)
    assert.deepEqual([await state(client, third!), await state(client, first!)], [enroute, enroute])
    assert.equal(await state(client, third!, 'Else'), `refused ${queryFailed}`)
    await parts(client, to, 2)
    await eventually('its receipts', () => client.receipts().length === 3 || undefined)
    // Of a 3.3 client's, whose ids have eight digits, the first part leads to the message.
    await reaches(client, first!, delivered)
    if (version > 0x33) await reaches(client, third!, delivered)
  })
}

test('over a kill it is still found', async () => {
  const client = await bind('shop')
  const [told] = await parts(client, '447700941010', 2)
  await world.gateway.kill()
  await client.closed
  world.gateway = await startGatewayProcess(world.setup)
  const back = await bind('shop')
  assert.equal(await state(back, told!), enroute)
  await parts(back, '447700941010', 1, 3)
  await reaches(back, told!, delivered)
})

test('neither another bind nor another account hears of it or takes it back', async () => {
  const client = await bind('shop')
  const [told] = await parts(client, '447700941020', 1)
  for (const systemId of ['till', 'theirs']) {
    const other = await bind(systemId)
    const decimal = systemId === 'till' ? BigInt(`0x${told!}`).toString() : told!
    assert.equal(await state(other, decimal), `refused ${queryFailed}`, systemId)
    assert.equal(await cancel(other, decimal), invalidMessageId, systemId)
  }
  assert.equal(await state(client, told!), enroute)
})

test('taken back by the id of any part, it ends as canceled with its receipts, and later parts are refused', async () => {
  const client = await bind('shop')
  const to = '447700941030'
  const [first, third] = await parts(client, to, 1, 3)
  assert.equal(await cancel(client, third!, { destination_addr: '447700941999' }), invalidMessageId)
  assert.equal(await cancel(client, third!, { destination_addr: to }), ok)
  assert.deepEqual([await state(client, first!), await state(client, third!)], [deleted, deleted])
  assert.equal(await cancel(client, first!), cancelFailed)
  const receipts = await eventually('its receipts', () => (client.receipts().length === 2 ? client.receipts() : undefined))
  assert.deepEqual(new Set(receipts.map(({ id, stat }) => `${id} ${stat}`)), new Set([`${first} DELETED`, `${third} DELETED`]))
  const whole = `${first!.slice(0, 30)}00`
  const cdrs = await cdrsOf(world.setup, [whole])
  assert.equal(cdrs.find(({ message }) => message === whole)?.state, 'canceled')
  const late = await part(client, to, 2)
  assert.equal(late.command_status, submitFailed)
  assert.equal(world.carriers.inbox(100).filter((each) => each.to === `+${to}`).length, 0)
})

test('a part has no text of its own to be replaced', async () => {
  const client = await bind('shop')
  const [told] = await parts(client, '447700941040', 2)
  const { command_status } = await client.ask('replace_sm', { message_id: told, source_addr: 'Shop', short_message: 'Another' })
  assert.equal(command_status, replaceFailed)
  await parts(client, '447700941040', 1, 3)
  await reaches(client, told!, delivered)
})

test('parts whose others never come are told as rejected once they are dropped', async () => {
  const client = await bind('brief')
  const [told] = await parts(client, '447700941050', 3)
  assert.equal(await state(client, told!), enroute)
  await reaches(client, told!, rejected)
})

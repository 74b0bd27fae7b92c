// What one customer submits and a route leads to another: submit_sm becomes deliver_sm, whichever of
// them is bound when, and the answer of the one is the receipt of the other.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { freePort } from '../bench/processes.ts'
import { type Esme, esmes } from '../peers/smpp-client.ts'
import { ask, create, eventually, reaches, root, startHooks, startWorld, type World } from './world.ts'

let world: World
let hooks: Awaited<ReturnType<typeof startHooks>>
let port: number
const bind = esmes(() => port)

before(async () => {
  port = await freePort()
  hooks = await startHooks()
  world = await startWorld(
    {},
    { SIGNALBOX_SMPP: `127.0.0.1:${port}` },
    () => `
    privateWebhooks: true
    binds:
      - { id: shop, connector: smpp, side: client, config: { systemId: shop, password: secret } }
      - { id: till, connector: smpp, side: client, policy: { retryFirstMs: 100 }, config: { systemId: till, password: secret } }
    numbers:
      - { number: "+15550003333", bind: shop }
      - { number: "+15550004444", bind: till }
      - { number: "+15550005555", settings: { smsUrl: '${hooks.url}/in' } }
    routes:
      - { id: shop, prefix: "+15550003333", to: [shop] }
      - { id: till, prefix: "+15550004444", to: [till] }
      - { id: app, prefix: "+15550005555", to: [api] }
    accounts:
      - id: AC${'0'.repeat(31)}b
        binds:
          - { id: theirs, connector: smpp, side: client, config: { systemId: theirs, password: secret } }
`,
  )
})

after(async () => {
  await world?.close()
  hooks.close()
})

const texts = (client: Esme): string[] =>
  client.got.filter(({ esm_class }) => (esm_class & 0x3c) === 0).map((pdu) => String(pdu.short_message?.message))
const from = { source_addr: '15550003333', source_addr_ton: 1, registered_delivery: 1 }
const told = (client: Esme): Promise<[string, string]> =>
  eventually('the receipt', () => client.receipts().map(({ id, stat }): [string, string] => [id, stat])[0])

test('a submit_sm is delivered as deliver_sm, and back', async () => {
  const [shop, till] = [await bind('shop'), await bind('till')]
  const there = await shop.submit({ ...from, destination_addr: '15550004444', short_message: 'How many are left?' })
  assert.equal(there.command_status, 0)
  const [got] = await eventually('it arrives', () => (till.got.length > 0 ? till.got : undefined))
  assert.deepEqual([got!.command, got!.source_addr, got!.destination_addr], ['deliver_sm', '15550003333', '15550004444'])
  assert.deepEqual(await told(shop), [there.message_id, 'DELIVRD'])
  const back = await till.submit({
    source_addr: '15550004444',
    source_addr_ton: 1,
    destination_addr: '15550003333',
    short_message: 'Three.',
  })
  assert.equal(back.command_status, 0)
  await eventually('the answer arrives', () => texts(shop).includes('Three.') || undefined)
})

test('it waits while the other is away, and is refused as that one refuses', async () => {
  const shop = await bind('shop')
  const waits = await shop.submit({ ...from, destination_addr: '15550004444', short_message: 'Wait for me' })
  const till = await bind('till')
  await eventually('it arrives', () => texts(till).includes('Wait for me') || undefined)
  assert.deepEqual(await told(shop), [waits.message_id, 'DELIVRD'])
  let busy = 2
  till.answer = (pdu) => (String(pdu.short_message?.message) === 'Again' ? (busy-- > 0 ? 0x64 : 0) : 0x65)
  shop.got.length = 0
  const again = await shop.submit({ ...from, destination_addr: '15550004444', short_message: 'Again' })
  assert.deepEqual(await told(shop), [again.message_id, 'DELIVRD'])
  assert.equal(busy, -1)
  shop.got.length = 0
  const never = await shop.submit({ ...from, destination_addr: '15550004444', short_message: 'Never' })
  const [id, stat] = await told(shop)
  assert.equal(id, never.message_id)
  assert.notEqual(stat, 'DELIVRD')
})

test('a long text arrives in parts, and by HTTP it goes either way', async () => {
  const [shop, till] = [await bind('shop'), await bind('till')]
  const text = 'Between two customers of one gateway, as long as it is. '.repeat(5)
  const long = await shop.submit({ ...from, destination_addr: '15550004444', short_message: '', message_payload: Buffer.from(text) })
  await eventually('both parts', () => (till.got.length === 2 ? true : undefined))
  assert.equal(texts(till).join(''), text)
  assert.deepEqual(await told(shop), [long.message_id, 'DELIVRD'])
  const sid = await create(world.setup, { From: '+15550005555', To: '+15550004444', Body: 'From the app' })
  await eventually('it arrives', () => texts(till).includes('From the app') || undefined)
  await reaches(world.setup, sid, 'delivered')
  assert.equal((await shop.submit({ ...from, destination_addr: '15550005555', short_message: 'To the app' })).command_status, 0)
  const hook = await eventually('the webhook', () => hooks.got.find(({ form }) => form['Body'] === 'To the app'))
  assert.deepEqual([hook.form['From'], hook.form['To']], ['+15550003333', '+15550005555'])
})

test('a route of another account leads to no customer but its own', async () => {
  const document = `accounts: [{ id: AC${'0'.repeat(31)}b, routes: [{ id: up, prefix: "+1", to: [shop] }] }]`
  const answer = await ask(world.setup, '/api/v1/plan', { as: root, json: { document } })
  assert.match(answer.text, /expected a supplier bind/)
})

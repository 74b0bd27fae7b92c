// Suspension, end to end: an account above suspends one, and on every protocol it and all below it are
// told so at once; what they had queued waits and goes on later; what a closed account had queued fails.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { customer, number, startReseller, type ResellerWorld } from './reseller.ts'
import type { Phone } from './sip-phone.ts'
import { ask, create, eventually, messagesPath, reaches, root, sleep, type World } from './world.ts'

let house: ResellerWorld
let world: World
let alice: Phone
const neighbour = { sid: `AC${'0'.repeat(31)}c`, token: 'c'.repeat(32) }
const [rootNumber, neighbourNumber] = ['+15550001111', '+15550003333']

const form = (from: string, body: string) => ({ To: '+447700900123', From: from, Body: body })
const arrived = (text: string): boolean => world.carriers.inbox(50).some((one) => one.text === text)

before(async () => {
  house = await startReseller(
    { receipts: { delay: 5 } },
    {
      numbers: `{ number: "${rootNumber}" }`,
      neighbours: `
      - { id: ${neighbour.sid}, token: ${neighbour.token}, numbers: [{ number: "${neighbourNumber}" }] }`,
    },
  )
  ;({ world, alice } = house)
  const first = await eventually('a first message', () => create(world.setup, form(number, 'first'), customer).catch(() => undefined))
  await reaches(world.setup, first, 'delivered', customer)
})

after(() => house?.close())

test('what an account below a suspended one asks is refused at once over HTTP, SMPP and SIP, and taken again later', async () => {
  const client = await house.shop()
  await house.set('status: suspended')
  for (const [path, code] of [
    [messagesPath(customer.sid), 20005],
    [messagesPath(customer.sid, '/SM00000000000000000000000000000000.json'), 20005],
  ] as const) {
    const answer = await ask(world.setup, path, { as: customer, form: form(number, 'refused') })
    assert.deepEqual([answer.status, answer.json['code']], [403, code], answer.text)
  }
  const byParent = await ask(world.setup, messagesPath(customer.sid), { as: root, form: form(number, 'refused') })
  assert.deepEqual([byParent.status, byParent.json['code']], [403, 20005], 'nobody sends for it')
  assert.equal((await ask(world.setup, messagesPath(customer.sid), { as: root })).status, 200, 'whoever is above sees it still')
  assert.equal((await ask(world.setup, '/api/v1/accounts', { as: customer })).status, 403)
  await client.closed
  await assert.rejects(house.shop(), /0xd$/, 'ESME_RBINDFAIL')
  assert.equal((await alice.message('sip:+447700900123@127.0.0.1', 'refused')).status, 403)
  assert.equal((await alice.register()).status, 403)
  assert.equal((await ask(world.setup, messagesPath(neighbour.sid), { as: neighbour, form: form(neighbourNumber, 'hi') })).status, 201)

  await house.set('status: active')
  assert.ok(await create(world.setup, form(number, 'again'), customer))
  const back = await house.shop()
  assert.equal((await back.submit({ destination_addr: '447700900123', short_message: 'by SMPP' })).command_status, 0)
  await back.close()
  assert.equal((await alice.message('sip:+447700900123@127.0.0.1', 'by SIP')).status, 202)
  assert.equal((await alice.register()).status, 200)
  assert.ok(!arrived('refused'))
})

test('what was queued is held, in both directions, while others on the same lane go on, and is sent once the account is active', async () => {
  await house.pause(true)
  const waiting = await create(world.setup, form(number, 'held'), customer)
  const other = await create(world.setup, form(neighbourNumber, 'not held'), neighbour)
  await house.set('status: suspended')
  await house.pause(false)
  world.carriers.reply({ carrier: 'north', from: '447700900124', to: number.slice(1), text: 'held for the phone' })
  await reaches(world.setup, other, 'delivered', neighbour)
  await sleep(500)
  const seen = await ask(world.setup, messagesPath(customer.sid, `/${waiting}.json`), { as: root })
  assert.equal(seen.json['status'], 'queued')
  assert.ok(!arrived('held'))
  await world.restart()
  await sleep(500)
  assert.ok(!arrived('held'), 'also after a restart')
  await house.set('status: active')
  await reaches(world.setup, waiting, 'delivered', customer)
  await eventually('it is registered', async () => (await alice.register()).status === 200 || undefined)
  await alice.received('what a handset wrote meanwhile', ({ body }) => body === 'held for the phone')
})

test('what is held expires by its own validity', async () => {
  await house.pause(true)
  const brief = await create(world.setup, { ...form(number, 'brief'), ValidityPeriod: '1' }, customer)
  await house.set('status: suspended')
  await house.pause(false)
  await eventually('it expired', async () => {
    const { json } = await ask(world.setup, messagesPath(customer.sid, `/${brief}.json`), { as: root })
    return json['status'] === 'failed' ? json : undefined
  }).then((json) => assert.equal(json['error_code'], 30036))
  await house.set('status: active')
})

test('what a closed account had queued and scheduled fails as that, and it stays closed', async () => {
  await house.pause(true)
  const queued = await create(world.setup, form(number, 'too late'), customer)
  const later = new Date(Date.now() + 3_600_000).toISOString()
  const scheduled = await create(world.setup, { ...form(number, 'too late'), SendAt: later, ScheduleType: 'fixed' }, customer)
  await house.set('status: closed')
  for (const sid of [queued, scheduled]) {
    const json = await eventually('it failed', async () => {
      const answer = await ask(world.setup, messagesPath(customer.sid, `/${sid}.json`), { as: root })
      return answer.json['status'] === 'failed' ? answer.json : undefined
    })
    assert.equal(json['error_code'], 30002)
  }
  await house.pause(false)
  await sleep(300)
  assert.ok(!arrived('too late'))
  const answer = await ask(world.setup, messagesPath(customer.sid), { as: customer, form: form(number, 'refused') })
  assert.deepEqual([answer.status, answer.json['code']], [403, 20005])
  await assert.rejects(house.set('status: active'), /closed/)
})

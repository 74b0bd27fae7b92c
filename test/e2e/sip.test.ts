// The SIP bridge, end to end: phones by hand register at a gateway process by UDP, simulated carriers
// take what they send by SMPP, and receipts and replies come back as MESSAGE.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { after, afterEach, before, test } from 'node:test'
import { freePort } from '../bench/processes.ts'
import { type Phone, phone, sipProfiles } from './sip-phone.ts'
import { ask, bindTo, create, eventually, reaches, root, sleep, startWorld, type World } from './world.ts'

let world: World
let port: number
let profiles: string
const open: Phone[] = []
const number = '+15550004444'
const theirNumber = '+15550005555'
const below = { sid: `AC${'0'.repeat(31)}c`, token: 'c'.repeat(32) }

async function register(user = 'alice', password = 'wonderland', domain = '127.0.0.1'): Promise<Phone> {
  const it = await phone({ gateway: port, user, password, domain })
  open.push(it)
  assert.equal((await it.register()).status, 200)
  return it
}

before(async () => {
  port = await freePort()
  profiles = await sipProfiles({
    internal: `listen: { udp: '127.0.0.1:${port}', tcp: '127.0.0.1:${port}' }\ndomains: { 127.0.0.1: root, theirs.example: ${below.sid} }\nmessages: { receipts: x-header }\n`,
  })
  world = await startWorld(
    { north: { fail: [{ destination: '*666', state: 'REJECTD' }] } },
    { SIGNALBOX_SIP: profiles },
    (carriers) => `
    binds:
      - ${bindTo(carriers, 'north')}
      - { id: alice, connector: sip, side: client, config: { user: alice, domain: 127.0.0.1, password: wonderland } }
      - { id: bob, connector: sip, side: client, config: { user: Bob, password: builder } }
    numbers:
      - { number: "${number}", bind: alice }
    routes:
      - { id: all, prefix: "", to: [north] }
    accounts:
      - id: ${below.sid}
        token: ${below.token}
        binds:
          - { id: carol, connector: sip, side: client, config: { user: carol, password: carols } }
        numbers:
          - { number: "${theirNumber}", bind: carol }
`,
  )
})

afterEach(async () => {
  for (const it of open) await it.register(0)
  for (const it of open.splice(0)) it.close()
})

after(async () => {
  await world?.close()
  await rm(profiles, { recursive: true })
})

test('what a phone sends goes to the carrier, and its receipt comes back as MESSAGE under its id', async () => {
  const alice = await register()
  const sent = await alice.message(`sip:+447700900123@127.0.0.1`, 'Hello', ['Content-Type: text/plain', 'X-REG-DELIVERY: 1'])
  assert.equal(sent.status, 202, sent.line)
  // RFC 3428 §8, §9: nothing of it is a place to send to.
  assert.equal(sent.headers.has('contact'), false)
  const id = sent.headers.get('x-sms-message-id') ?? ''
  assert.match(id, /^[0-9a-f]{32}$/)
  const submitted = await eventually('the submit_sm', () => world.carriers.inbox(1).find(({ text }) => text === 'Hello'))
  assert.equal(submitted.from, number)
  assert.equal(submitted.to, '+447700900123')
  const receipt = await alice.received('the receipt', ({ headers }) => headers.get('x-sms-message-id') === id)
  assert.match(receipt.headers.get('x-sms-receipt') ?? '', /^delivered;err=000;/)
  assert.match(receipt.headers.get('from') ?? '', /\+447700900123@127\.0\.0\.1/)
  const trace = await ask(world.setup, `/api/v1/messages/${id}`, { as: root })
  assert.equal(trace.status, 200)
})

test('what a handset writes to the number of a user arrives as MESSAGE', async () => {
  const alice = await register()
  world.carriers.reply({ carrier: 'north', from: '447700900124', to: number.slice(1), text: 'Grüße ☃' })
  const said = await alice.received('the reply', ({ body }) => body === 'Grüße ☃')
  assert.match(said.headers.get('from') ?? '', /\+?447700900124@/)
  assert.equal(said.headers.has('contact'), false)
  assert.match(said.line, new RegExp(`^MESSAGE sip:alice@127\\.0\\.0\\.1:${alice.port} `))
})

test('what comes while a user is away waits, and arrives once it registers again', async () => {
  world.carriers.reply({ carrier: 'north', from: '447700900125', to: number.slice(1), text: 'Are you there?' })
  await sleep(300)
  const alice = await register()
  await alice.received('what waited', ({ body }) => body === 'Are you there?')
})

test('users of one account write to each other by their addresses, and an API client to a user', async () => {
  const [alice, bob] = [await register(), await register('bob', 'builder')]
  assert.equal((await alice.message('sip:bob@127.0.0.1', 'Can we fix it?')).status, 202)
  const asked = await bob.received('the question', ({ body }) => body === 'Can we fix it?')
  assert.match(asked.headers.get('from') ?? '', /<sip:alice@127\.0\.0\.1>/)
  for (const to of ['client:bob', 'sip:bob@127.0.0.1']) {
    const sid = await create(world.setup, { To: to, From: number, Body: `by ${to}` })
    await bob.received(to, ({ body }) => body === `by ${to}`)
    await reaches(world.setup, sid, 'delivered')
  }
  const taken = await ask(world.setup, `/restcomm/2012-04-24/Accounts/${root.sid}/SMS/Messages.json`, {
    as: root,
    form: { To: 'client:bob', From: number, Body: 'by RestComm’s API' },
  })
  assert.equal(taken.status, 200, taken.text)
  await bob.received('it', ({ body }) => body === 'by RestComm’s API')
  await reaches(world.setup, String(taken.json['sid']), 'delivered')
})

test('no account reaches, sees or registers users of another one', async () => {
  const alice = await register()
  const carol = await register('carol', 'carols', 'theirs.example')
  for (const to of ['sip:carol@theirs.example', 'sip:carol@127.0.0.1']) {
    const said = await alice.message(to, 'not for you')
    assert.ok(said.status === 404 || said.status === 403, `${to}: ${said.line}`)
  }
  // Another's number, and another's user name in one's own domain.
  assert.equal((await carol.message('sip:+447700900126@theirs.example', 'x', ['Content-Type: text/plain'], number)).status, 403)
  assert.notEqual((await alice.message('sip:alice@theirs.example', 'x')).status, 202)
  const stranger = await phone({ gateway: port, user: 'alice', password: 'wonderland', domain: 'theirs.example' })
  assert.equal((await stranger.register()).status, 401)
  stranger.close()
  for (const who of [alice, carol]) assert.deepEqual(who.got, [])
  const mine = await ask(world.setup, '/api/v1/sip/registrations', { as: root })
  assert.deepEqual((mine.json['registrations'] as { user: string }[]).map(({ user }) => user).toSorted(), [
    'alice@127.0.0.1',
    'carol@theirs.example',
  ])
  const theirs = await ask(world.setup, '/api/v1/sip/registrations', { as: below })
  assert.deepEqual(
    (theirs.json['registrations'] as { user: string }[]).map(({ user }) => user),
    ['carol@theirs.example'],
  )
})

test('a bind that the request names is taken, and one that is not there is refused in words', async () => {
  const alice = await register()
  const by = await alice.message('sip:+447700900127@north._smpp.127.0.0.1', 'by name')
  assert.equal(by.status, 202)
  const { json } = await ask(world.setup, `/api/v1/messages/${by.headers.get('x-sms-message-id')}`, { as: root })
  assert.match(JSON.stringify(json), /north is the bind that the sender names/)
  const not = await alice.message('sip:+447700900127@south._smpp.127.0.0.1', 'by no name')
  assert.equal(not.status, 404, not.line)
  assert.match(not.headers.get('warning') ?? '', /south, and there is no such supplier bind/)
})

test('a method that is not served is answered 405, one that nobody knows 501, and OPTIONS what there is', async () => {
  const alice = await register()
  assert.equal((await alice.request('INVITE', 'sip:bob@127.0.0.1')).status, 405)
  const unknown = await alice.request('FROBNICATE', 'sip:bob@127.0.0.1')
  assert.equal(unknown.status, 501)
  assert.equal(unknown.headers.get('allow'), 'REGISTER, MESSAGE, OPTIONS')
  const able = await alice.request('OPTIONS', 'sip:127.0.0.1')
  assert.equal(able.status, 200)
  assert.equal(able.headers.has('server'), false)
})

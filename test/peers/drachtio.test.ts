// A gateway whose SIP profile a drachtio server carries, end to end: users register and exchange texts
// through the server, trunks are reached by it, and its end is survived.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Phone, phone } from '../e2e/sip-phone.ts'
import { bindTo, create, eventually, reaches, startWorld, type World } from '../e2e/world.ts'
import { type DrachtioPeer, startDrachtioPeer } from './drachtio.ts'
import { domain, numbers, passwordOf } from './sip-world.ts'

const secret = 'between-us'
const handset = '+447000000066'
let server: DrachtioPeer
let world: World
let profiles: string
let carrier: Phone
let alice: Phone

before(async () => {
  server = await startDrachtioPeer({ secret })
  profiles = await mkdtemp(join(tmpdir(), 'sip-drachtio-'))
  await writeFile(
    join(profiles, 'carried.yaml'),
    `engine: { drachtio: 'localhost:${server.port}', secret: '\${BETWEEN_US}' }\ndomains: { ${domain}: root }\nmessages: { receipts: x-header }\n`,
  )
  // A phone by hand answers 200 to whatever it is sent: a carrier, too.
  carrier = await phone({ gateway: server.sipPort, user: 'carrier', password: '' })
  world = await startWorld(
    { north: {} },
    { SIGNALBOX_SIP: profiles, BETWEEN_US: secret },
    (carriers) => `
    binds:
      - ${bindTo(carriers, 'north')}
      - { id: alice, connector: sip, side: client, config: { user: alice, password: ${passwordOf('alice')} } }
      - { id: hop, connector: sip, config: { profile: carried, nextHops: ['sip:127.0.0.1:${carrier.port}'], pingSeconds: 1, receipts: none, to: { domain: carrier.example } } }
    numbers:
      - { number: "${numbers.alice}", bind: alice }
    routes:
      - { id: hop, prefix: "+4471", to: [hop] }
      - { id: all, prefix: "", to: [north] }
`,
  )
  alice = await phone({ gateway: server.sipPort, user: 'alice', password: passwordOf('alice'), domain })
})
after(async () => {
  alice?.close()
  carrier?.close()
  await world?.close()
  await server?.close()
  await rm(profiles, { recursive: true, force: true })
})

test('a user registers through the server, sends to a handset, is told the receipt, and gets the answer', async () => {
  assert.equal((await alice.register()).status, 200)
  const sent = await alice.message(`sip:${handset}@${domain}`, 'Grüße ☃ 🚂', ['Content-Type: text/plain', 'X-REG-DELIVERY: 1'])
  assert.equal(sent.status, 202, sent.line)
  const submitted = await eventually('the submit_sm', () => world.carriers.inbox(10).find(({ to }) => to === handset))
  assert.deepEqual([submitted.text, submitted.from], ['Grüße ☃ 🚂', numbers.alice])
  const id = sent.headers.get('x-sms-message-id')
  const receipt = await alice.received('the receipt', ({ headers }) => headers.get('x-sms-message-id') === id)
  assert.match(receipt.headers.get('x-sms-receipt') ?? '', /^delivered/)
  world.carriers.reply({ carrier: 'north', from: handset.slice(1), to: numbers.alice.slice(1), text: 'äöü ☃ 🚂' })
  await alice.received('the answer', ({ body }) => body === 'äöü ☃ 🚂')
})

test('octets are refused: 415 to whoever sends them, a failure for whoever would be sent them', async () => {
  for (const type of ['application/octet-stream', 'application/vnd.3gpp.sms'])
    assert.equal((await alice.message(`sip:${handset}@${domain}`, 'abc', [`Content-Type: ${type}`])).status, 415)
  assert.equal((await alice.message(`sip:${handset}@${domain}`, Buffer.from([0xe9, 0x21]), ['Content-Type: text/plain'])).status, 415)
  const sid = await create(world.setup, { To: '+447100000066', From: numbers.alice, Body: '語'.repeat(1500) })
  const { error_message: why } = await reaches(world.setup, sid, 'failed')
  assert.notEqual(why, null)
})

test('a trunk is reached by the server, and asked whether it is there', async () => {
  const sid = await create(world.setup, { To: '+447100000067', From: numbers.alice, Body: 'by a trunk ☃' })
  const got = await carrier.received('the message', ({ body }) => body === 'by a trunk ☃')
  assert.match(got.line, /^MESSAGE sip:\+447100000067@carrier\.example /)
  await reaches(world.setup, sid, 'delivered')
})

test('while the server is away messages wait, and go out once it is back', { timeout: 180_000 }, async () => {
  await server.away()
  world.carriers.reply({ carrier: 'north', from: handset.slice(1), to: numbers.alice.slice(1), text: 'while the server is away' })
  await new Promise((resolve) => setTimeout(resolve, 500))
  await server.back()
  await alice.received('what waited', ({ body }) => body === 'while the server is away')
})

test('a restart of the gateway forgets no registration by UDP', { timeout: 180_000 }, async () => {
  await world.restart()
  world.carriers.reply({ carrier: 'north', from: handset.slice(1), to: numbers.alice.slice(1), text: 'after the restart' })
  await alice.received('what came after', ({ body }) => body === 'after the restart')
})

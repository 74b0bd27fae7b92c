// What handsets write to three numbers of one account, each with a destination of its own: a webhook,
// an SMPP client, a SIP address of record; and a number that is given another while all runs.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { freePort } from '../bench/processes.ts'
import { esme, type Esme } from '../peers/smpp-client.ts'
import { phone, type Phone } from './sip-phone.ts'
import { ask, bindTo, configure, eventually, root, startHooks, startWorld, type World } from './world.ts'

const [web, client, user] = ['+15550001001', '+15550001002', '+15550001003'] as const
let world: World
let profiles: string
let hooks: Awaited<ReturnType<typeof startHooks>>
let shop: Esme
let alice: Phone

const numbers = (webBind: string): string => `
    numbers:
      - { number: '${web}', bind: ${webBind}${webBind === 'api' ? `, settings: { smsUrl: '${hooks.url}/sms' }` : ''} }
      - { number: '${client}', bind: shop }
      - { number: '${user}', bind: alice }
`

before(async () => {
  const [smppPort, sipPort] = [await freePort(), await freePort()]
  hooks = await startHooks()
  profiles = await mkdtemp(join(tmpdir(), 'destinations-'))
  await writeFile(join(profiles, 'internal.yaml'), `listen: { udp: '127.0.0.1:${sipPort}' }\ndomains: { 127.0.0.1: root }\n`)
  await mkdir(join(profiles, 'internal'))
  world = await startWorld({ north: {} }, { SIGNALBOX_SMPP: `127.0.0.1:${smppPort}`, SIGNALBOX_SIP: profiles })
  await configure(
    world.setup,
    `accounts:
  - id: root
    privateWebhooks: true
    binds:
      - ${bindTo(world.carriers, 'north')}
      - { id: shop, connector: smpp, side: client, config: { systemId: shop, password: secret } }
      - { id: alice, connector: sip, side: client, config: { user: alice, domain: 127.0.0.1, password: wonderland } }
${numbers('api')}`,
  )
  shop = await esme({ port: smppPort, systemId: 'shop', password: 'secret' })
  alice = await phone({ gateway: sipPort, user: 'alice', password: 'wonderland' })
  assert.equal((await alice.register()).status, 200)
})

after(async () => {
  await shop?.close()
  alice?.close()
  await world?.close()
  hooks?.close()
  await rm(profiles, { recursive: true })
})

const writes = (to: string, text: string): unknown => world.carriers.reply({ carrier: 'north', from: '+447700900123', to, text })
const texts = (): string[] => shop.got.map((pdu) => String(pdu.short_message?.message ?? ''))

test('each number’s messages arrive at its own destination, and nowhere else', async () => {
  for (const [to, text] of [
    [web, 'to the webhook'],
    [client, 'to the client'],
    [user, 'to the phone'],
  ] as const)
    writes(to, text)
  const hook = await eventually('the webhook', () => hooks.got.find(({ form }) => form['To'] === web))
  assert.deepEqual([hook.form['Body'], hook.form['From'], hook.form['AccountSid']], ['to the webhook', '+447700900123', root.sid])
  assert.ok(hook.headers['x-twilio-signature'])
  await eventually('the deliver_sm', () => texts().includes('to the client'))
  await alice.received('the MESSAGE', ({ body }) => body === 'to the phone')
  assert.deepEqual([hooks.got.length, texts(), alice.got.map(({ body }) => body)], [1, ['to the client'], ['to the phone']])
  const { json } = await ask(world.setup, `/2010-04-01/Accounts/${root.sid}/Messages.json`, { as: root })
  assert.deepEqual(
    (json['messages'] as { direction: string; status: string }[]).map(({ direction, status }) => `${direction} ${status}`),
    Array.from({ length: 3 }, () => 'inbound received'),
    'all are there for the account, wherever they went',
  )
})

test('a number that is given another destination leads there from then on, without a restart', async () => {
  await configure(world.setup, `accounts:\n  - id: root${numbers('alice')}`)
  writes(web, 'to the phone instead')
  await alice.received('what went to the webhook before', ({ body }) => body === 'to the phone instead')
  await configure(world.setup, `accounts:\n  - id: root${numbers('shop')}`)
  writes(web, 'to the client instead')
  await eventually('what went to the phone before', () => texts().includes('to the client instead'))
  assert.equal(hooks.got.length, 1)
})

// What handsets write to three numbers of one account, each with a destination of its own: a webhook,
// an SMPP client, a SIP address of record; and a number that is given another while all runs. And the names
// that the account may send under, each in its countries.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { freePort } from '../bench/processes.ts'
import { esme, type Esme } from '../peers/smpp-client.ts'
import { phone, type Phone, profileAt, sipProfiles } from './sip-phone.ts'
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
  profiles = await sipProfiles({ internal: profileAt(sipPort, 'root') })
  world = await startWorld(
    { north: {} },
    { SIGNALBOX_SMPP: `127.0.0.1:${smppPort}`, SIGNALBOX_SIP: profiles },
    (carriers) => `
    privateWebhooks: true
    binds:
      - ${bindTo(carriers, 'north')}
      - { id: shop, connector: smpp, side: client, config: { systemId: shop, password: secret } }
      - { id: alice, connector: sip, side: client, config: { user: alice, domain: 127.0.0.1, password: wonderland } }
${numbers('api')}    routes: [{ id: all, prefix: '', to: [north] }]
`,
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

test('a name is a sender in its countries only, by HTTP and by SMPP alike', async () => {
  const submit = async (source: string, to: string): Promise<number> =>
    (await shop.submit({ source_addr: source, destination_addr: to, short_message: 'x' })).command_status
  const send = async (From: string, To: string): Promise<unknown> => {
    const { status, json } = await ask(world.setup, `/2010-04-01/Accounts/${root.sid}/Messages.json`, {
      as: root,
      form: { From, To, Body: 'x' },
    })
    return status === 201 ? 201 : json['code']
  }
  assert.deepEqual(
    [await submit('Shop', '491512345678'), await send('Shop', '+4915123456789')],
    [0, 201],
    'any will do until something is said',
  )
  await configure(world.setup, `accounts:\n  - id: root\n    alphaSenders: { Shop: ['+44'] }\n`)
  assert.deepEqual([await submit('Shop', '447700900123'), await send('Shop', '+447700900123')], [0, 201])
  // SMPP 5.0 §4.7.6: ESME_RINVSRCADR.
  assert.deepEqual([await submit('Shop', '491512345678'), await send('Shop', '+4915123456789')], [0x0a, 21606])
  assert.deepEqual([await submit('Other', '447700900123'), await send('Other', '+447700900123')], [0x0a, 21606])
  assert.equal(await send(web, '+4915123456789'), 201, 'numbers are as they were')
  await configure(world.setup, `accounts:\n  - id: root\n    alphaSenders: inherit\n`)
  assert.equal(await send('Other', '+447700900123'), 201)
})

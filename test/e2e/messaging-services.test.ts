// Messaging services over a real gateway, driven by the official client: a pool chooses the sender, keeps it
// for each recipient over restarts and changes of the pool, and its webhooks hear of everything.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import twilio from 'twilio'
import { ask, bindTo, eventually, reaches, root, startHooks, startWorld, type World } from './world.ts'

const numbers = ['+14155550101', '+14155550102', '+14155550103']
const british = '+447700900001'
const stranger = { sid: `AC${'5'.repeat(32)}`, token: 'ab'.repeat(16) }

let world: World
let app: Awaited<ReturnType<typeof startHooks>>
let client: ReturnType<typeof twilio>
let service: string

const handset = (n: number): string => `+1212555${String(1000 + n)}`
const sidOf = async (number: string): Promise<string> =>
  (await client.incomingPhoneNumbers.list({ phoneNumber: number }))[0]?.sid ?? assert.fail(number)

/** Sends by the service, and tells from which sender it went out once it is delivered. */
async function sentFrom(to: string): Promise<string> {
  const { sid, status } = await client.messages.create({ to, messagingServiceSid: service, body: `to ${to}` })
  assert.equal(status, 'accepted')
  const done = await reaches(world.setup, sid, 'delivered')
  assert.equal(done['messaging_service_sid'], service)
  return String(done['from'])
}

before(async () => {
  app = await startHooks((hook, response) => {
    if (hook.form['Body'] === 'who is this?')
      response.writeHead(200, { 'content-type': 'text/xml' }).end('<Response><Message>Shop</Message></Response>')
    else response.writeHead(204).end()
  })
  world = await startWorld(
    { northern: { receipts: { delay: 5 } } },
    {},
    (carriers) => `
    privateWebhooks: true
    binds: [${bindTo(carriers, 'northern')}]
    numbers: [${[...numbers, british].map((number) => `{ number: '${number}', settings: { smsUrl: '${app.url}/number' } }`).join(', ')}]
    routes: [{ id: all, prefix: '', to: [northern] }]
    accounts: [{ id: ${stranger.sid}, token: ${stranger.token}, name: stranger }]
`,
  )
  client = twilio(root.sid, root.token)
  client.api.baseUrl = client.messaging.baseUrl = `http://127.0.0.1:${world.setup.httpPort}`
  const made = await client.messaging.v1.services.create({
    friendlyName: 'Shop',
    inboundRequestUrl: `${app.url}/service`,
    statusCallback: `${app.url}/status`,
  })
  service = made.sid
  for (const number of numbers) await client.messaging.v1.services(service).phoneNumbers.create({ phoneNumberSid: await sidOf(number) })
})
after(async () => {
  app?.close()
  await world?.close()
})

test('spreads recipients over the pool, and writes to each from one number, also after a restart and to a larger pool', async () => {
  const first = await Promise.all(Array.from({ length: 24 }, (_, n) => sentFrom(handset(n))))
  assert.deepEqual(new Set(first), new Set(numbers))
  const seen = new Map(world.carriers.inbox(100).map(({ to, from }) => [to.replace('+', ''), from.replace('+', '')]))
  for (const [n, from] of first.entries()) assert.equal(seen.get(handset(n).slice(1)), from.slice(1), 'as the carrier got it')
  await client.messaging.v1.services(service).phoneNumbers.create({ phoneNumberSid: await sidOf(british) })
  await world.restart()
  assert.deepEqual(await Promise.all(first.map((_, n) => sentFrom(handset(n)))), first)
  assert.equal(await sentFrom('+447700900777'), british)
})

test('chooses anew for those whose sender left the pool, and for them alone', async () => {
  const earlier = await Promise.all(Array.from({ length: 12 }, (_, n) => sentFrom(handset(n))))
  const gone = earlier[0]!
  await client.messaging.v1
    .services(service)
    .phoneNumbers(await sidOf(gone))
    .remove()
  const later = await Promise.all(earlier.map((_, n) => sentFrom(handset(n))))
  for (const [n, from] of earlier.entries()) {
    if (from === gone) assert.ok(numbers.includes(later[n]!) && later[n] !== gone)
    else assert.equal(later[n], from)
  }
  await client.messaging.v1.services(service).phoneNumbers.create({ phoneNumberSid: await sidOf(gone) })
  assert.deepEqual(await Promise.all(earlier.map((_, n) => sentFrom(handset(n)))), later, 'and it stays so')
})

test('status callbacks go to the service’s URL with its SID, signed', async () => {
  const { sid } = await client.messages.create({ to: handset(50), messagingServiceSid: service, body: 'status' })
  const hooks = await eventually('two callbacks', () => {
    const got = app.got.filter(({ path, form }) => path === '/status' && form['MessageSid'] === sid)
    return got.length >= 2 ? got : undefined
  })
  assert.deepEqual(
    hooks.map(({ form }) => [form['MessageStatus'], form['MessagingServiceSid']]),
    [
      ['sent', service],
      ['delivered', service],
    ],
  )
  for (const { headers, form } of hooks)
    assert.ok(twilio.validateRequest(root.token, String(headers['x-twilio-signature']), `${app.url}/status`, form))
})

test('what a handset writes goes to the service with its SID, and the reply comes from the same number', async () => {
  const from = await sentFrom(handset(51))
  world.carriers.reply({ from: handset(51), to: from, text: 'who is this?' })
  const hook = await eventually('the webhook', () => app.got.find(({ form }) => form['Body'] === 'who is this?'))
  assert.deepEqual([hook.path, hook.form['MessagingServiceSid'], hook.form['To']], ['/service', service, from])
  assert.ok(twilio.validateRequest(root.token, String(hook.headers['x-twilio-signature']), `${app.url}/service`, hook.form))
  const inbound = await client.messages(hook.form['MessageSid']!).fetch()
  assert.equal(inbound.messagingServiceSid, service)
  const reply = await eventually('the reply', async () =>
    (await client.messages.list({ to: handset(51), from, limit: 5 })).find(({ body }) => body === 'Shop'),
  )
  assert.deepEqual([reply.direction, reply.messagingServiceSid], ['outbound-reply', service])
})

test('who opts out of one number of a service has opted out of all of them', async () => {
  const from = await sentFrom(handset(52))
  world.carriers.reply({ from: handset(52), to: from, text: 'STOP' })
  await eventually('the webhook', () => app.got.find(({ form }) => form['OptOutType'] === 'STOP'))
  const form = { to: handset(52), body: 'more' }
  await assert.rejects(client.messages.create({ ...form, messagingServiceSid: service }), { code: 21610 })
  for (const number of numbers) await assert.rejects(client.messages.create({ ...form, from: number }), { code: 21610 })
  world.carriers.reply({ from: handset(52), to: from, text: 'START' })
  await eventually('the webhook', () => app.got.find(({ form: said }) => said['OptOutType'] === 'START'))
  assert.equal(await sentFrom(handset(52)), from)
})

test('schedules by a service, and takes back', async () => {
  const sendAt = new Date(Date.now() + 3_600_000)
  const { sid, status } = await client.messages.create({
    to: handset(53),
    messagingServiceSid: service,
    body: 'later',
    sendAt,
    scheduleType: 'fixed',
  })
  assert.equal(status, 'scheduled')
  assert.equal((await client.messages(sid).update({ status: 'canceled' })).status, 'canceled')
  const hook = await eventually('the callback', () => app.got.find(({ form }) => form['MessageSid'] === sid))
  assert.deepEqual([hook.form['MessageStatus'], hook.form['MessagingServiceSid']], ['canceled', service])
})

test('a sub-account can neither send by it nor see it; every change of it is a revision with its author', async () => {
  const theirs = twilio(stranger.sid, stranger.token)
  theirs.api.baseUrl = theirs.messaging.baseUrl = client.api.baseUrl
  assert.deepEqual(await theirs.messaging.v1.services.list(), [])
  await assert.rejects(theirs.messaging.v1.services(service).fetch(), { code: 20404 })
  await assert.rejects(theirs.messages.create({ to: handset(54), messagingServiceSid: service, body: 'x' }), { code: 21701 })
  await client.messaging.v1.services(service).update({ friendlyName: 'Store' })
  const { json } = await ask(world.setup, '/api/v1/revisions?limit=1', { as: root })
  const [newest] = json['revisions'] as { author: string; changes: { kind: string; key: string }[] }[]
  assert.equal(newest?.author, root.sid)
  assert.ok(newest.changes.some(({ kind, key }) => kind === 'resource' && key.endsWith(service)))
})

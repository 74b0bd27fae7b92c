// Two gateways, one the other's carrier by Twilio's API: what an app hands to the first goes out by the
// second, to a carrier that is simulated; what became of it comes back, and so does what the handset writes.
// The second is killed with SIGKILL in between, and nothing is lost or taken twice.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { signature } from '../../plugins/twilio/signature.ts'
import { startGatewayProcess } from '../bench/gateway.ts'
import {
  ask,
  bindTo,
  configure,
  create,
  eventually,
  messagesPath,
  reaches,
  root,
  sleep,
  startHooks,
  startWorld,
  type Answer,
  type World,
} from './world.ts'

const ourNumber = '+15550002222'
const callbackSecret = 'th1sB1ndsOwnCallbackSecret'

let first: World
let second: World
let app: Awaited<ReturnType<typeof startHooks>>

before(async () => {
  app = await startHooks()
  second = await startWorld({
    northern: { receipts: { delay: 20 }, fail: [{ destination: '+447700900999', state: 'UNDELIV', error: '001' }] },
  })
  first = await startWorld({})
  await configure(
    second.setup,
    `accounts:
  - id: root
    privateWebhooks: true
    binds:
      - { id: api, connector: twilio, policy: { attempts: 100, retryFirstMs: 200, retryCapMs: 500 } }
      - ${bindTo(second.carriers, 'northern', '{ retryFirstMs: 100 }')}
    numbers:
      - { number: '${ourNumber}', settings: { smsUrl: 'http://127.0.0.1:${first.setup.httpPort}/twilio/${callbackSecret}/inbound' } }
    routes:
      - { id: all, prefix: '+44', to: [northern] }`,
  )
  await configure(
    first.setup,
    `accounts:
  - id: root
    privateWebhooks: true
    binds:
      - id: other
        connector: twilio
        side: supplier
        policy: { retryFirstMs: 100, retryCapMs: 500 }
        config:
          baseUrl: http://127.0.0.1:${second.setup.httpPort}
          accountSid: ${root.sid}
          authToken: ${root.token}
          callbackSecret: ${callbackSecret}
    numbers:
      - { number: '${ourNumber}', settings: { smsUrl: '${app.url}/sms' } }
    routes:
      - { id: all, prefix: '+44', to: [other] }`,
  )
  await eventually(
    'the second is bound to its carriers',
    () => second.carriers.views().every(({ sessions }) => sessions.length > 0) || undefined,
  )
})
after(async () => {
  app?.close()
  await Promise.all([first?.close(), second?.close()])
})

const text = { From: ourNumber, To: '+447700900123' }

async function listed(world: World): Promise<{ to: string; body: string; direction: string; status: string }[]> {
  const { json } = await ask(world.setup, `${messagesPath(root.sid)}?PageSize=1000`, { as: root })
  return json['messages'] as { to: string; body: string; direction: string; status: string }[]
}

test('a message goes out by the other gateway, and its receipt comes back', async () => {
  const sid = await create(first.setup, { ...text, Body: 'by way of another', StatusCallback: `${app.url}/status` })
  await reaches(first.setup, sid, 'delivered')
  const [shown] = second.carriers.inbox(1)
  assert.equal(shown?.text, 'by way of another')
  const told = await eventually('the app was told', () => (app.got.length >= 2 ? app.got : undefined))
  assert.deepEqual(
    told.map(({ form }) => form['MessageStatus']),
    ['sent', 'delivered'],
  )
})

test('why a message was not delivered comes back in Twilio’s words', async () => {
  const sid = await create(first.setup, { ...text, To: '+447700900999', Body: 'to nobody' })
  const { error_code: code } = await reaches(first.setup, sid, 'undelivered')
  assert.equal(code, 30005)
})

test('what the other refuses ends as failed at once, with what it said in the trace', async () => {
  const sid = await create(first.setup, { ...text, To: '+447700900123', From: 'Acme', Body: 'x' })
  await reaches(first.setup, sid, 'delivered')
  await configure(second.setup, 'accounts: [{ id: root, routes: [{ id: all, prefix: "+44", to: [northern], enabled: false }] }]')
  const refused = await create(first.setup, { ...text, Body: 'no way out' })
  const { error_code: code } = await reaches(first.setup, refused, 'failed')
  assert.equal(code, 30006)
  const trace = await ask(first.setup, `/api/v1/messages/${refused.slice(2)}`, { as: root })
  assert.match(trace.text, /HTTP 400, code 21612/)
  await configure(second.setup, 'accounts: [{ id: root, routes: [{ id: all, prefix: "+44", to: [northern], enabled: true }] }]')
})

test('a messaging service of the other picks the sender', async () => {
  const service = await ask(second.setup, '/v1/Services', { as: root, form: { FriendlyName: 'pool', UseInboundWebhookOnNumber: 'true' } })
  assert.equal(service.status, 201, service.text)
  const messagingServiceSid = String(service.json['sid'])
  const { json } = await ask(second.setup, `/2010-04-01/Accounts/${root.sid}/IncomingPhoneNumbers.json`, { as: root })
  const [number] = json['incoming_phone_numbers'] as { sid: string }[]
  const added = await ask(second.setup, `/v1/Services/${messagingServiceSid}/PhoneNumbers`, {
    as: root,
    form: { PhoneNumberSid: number!.sid },
  })
  assert.ok(added.status < 300, added.text)
  await configure(
    first.setup,
    `accounts:
  - id: root
    binds:
      - id: pool
        connector: twilio
        side: supplier
        config:
          baseUrl: http://127.0.0.1:${second.setup.httpPort}
          accountSid: ${root.sid}
          authToken: ${root.token}
          messagingServiceSid: ${messagingServiceSid}
          callbackSecret: ${callbackSecret}2
    routes:
      - { id: pool, prefix: '+4477009008', to: [pool] }`,
  )
  const sid = await create(first.setup, { From: 'Acme', To: '+447700900800', Body: 'from the pool' })
  await reaches(first.setup, sid, 'delivered')
  const there = (await listed(second)).find(({ body }) => body === 'from the pool') as Record<string, unknown> | undefined
  assert.deepEqual([there?.['from'], there?.['messaging_service_sid']], [ourNumber, messagingServiceSid])
})

test('what a handset answers comes in to the app of the first', async () => {
  app.got.length = 0
  second.carriers.reply({ from: '+447700900123', to: ourNumber, text: 'a reply, all the way', carrier: 'northern' })
  const [hook] = await eventually('the app has it', () => (app.got.length > 0 ? app.got : undefined))
  assert.equal(hook!.path, '/sms')
  assert.deepEqual([hook!.form['From'], hook!.form['To'], hook!.form['Body']], ['+447700900123', ourNumber, 'a reply, all the way'])
  await sleep(300)
  assert.equal(app.got.length, 1)
})

test('nothing is lost and nothing taken twice when the other is killed in between', async () => {
  const bodies = Array.from({ length: 60 }, (_, i) => `number ${i} of many`)
  const sids: string[] = []
  const sending = (async () => {
    for (const [i, Body] of bodies.entries()) {
      sids.push(await create(first.setup, { From: ourNumber, To: `+44770090${1000 + i}`, Body }))
      await sleep(10)
    }
  })()
  for (let round = 0; round < 2; round++) {
    await sleep(250)
    await second.gateway.kill()
    second.gateway = await startGatewayProcess(second.setup)
  }
  await sending
  for (const sid of sids) await reaches(first.setup, sid, 'delivered')
  const there = (await listed(second)).map(({ body }) => body).filter((body) => body.includes('of many'))
  assert.deepEqual(there.toSorted(), bodies.toSorted(), 'each is one message at the other')
  const handsets = new Set(second.carriers.inbox(1000).map((shown) => shown.text))
  for (const body of bodies) assert.ok(handsets.has(body), body)
})

test('nor when the one that was asked is killed in between: what it acknowledged goes out once', async () => {
  const acknowledged: string[] = []
  const bodies: string[] = []
  for (let round = 0; round < 2; round++) {
    let stopped = false
    const sending = Array.from({ length: 4 }, async (_, worker) => {
      for (let i = 0; i < 50 && !stopped; i++) {
        const Body = `of round ${round}, ${worker} and ${i}`
        const sid = await create(first.setup, { From: ourNumber, To: `+4477009${round}${worker}${100 + i}`, Body }).catch(() => undefined)
        if (sid === undefined) return
        acknowledged.push(sid)
        bodies.push(Body)
      }
    })
    await eventually('some are acknowledged', () => acknowledged.length > 10 * (round + 1) || undefined)
    await first.gateway.kill()
    stopped = true
    await Promise.all(sending)
    first.gateway = await startGatewayProcess(first.setup)
  }
  assert.ok(acknowledged.length > 10, `${acknowledged.length} were acknowledged`)
  for (const sid of acknowledged) await reaches(first.setup, sid, 'delivered')
  const there = (await listed(second)).map(({ body }) => body)
  for (const body of bodies) assert.equal(there.filter((one) => one === body).length, 1, body)
})

test('an inbound message that is told twice is one message', async () => {
  const url = `http://127.0.0.1:${first.setup.httpPort}/twilio/${callbackSecret}/inbound`
  const form = { MessageSid: `SM${'5'.repeat(32)}`, From: '+447700900123', To: ourNumber, Body: 'told twice' }
  const headers = { 'x-twilio-signature': signature(root.token, url, form) }
  for (let i = 0; i < 2; i++) {
    const answer = await ask(first.setup, new URL(url).pathname, { form, headers })
    assert.deepEqual([answer.status, answer.text.endsWith('<Response/>')], [200, true])
  }
  assert.equal((await listed(first)).filter(({ body }) => body === 'told twice').length, 1)
})

test('replies that come while the first is down wait for it', async () => {
  app.got.length = 0
  await first.gateway.kill()
  second.carriers.reply({ from: '+447700900123', to: ourNumber, text: 'are you there?', carrier: 'northern' })
  await sleep(500)
  first.gateway = await startGatewayProcess(first.setup)
  const got = await eventually('the app has it', () => app.got.find(({ form }) => form['Body'] === 'are you there?'))
  assert.equal(got.path, '/sms')
})

test('a callback that anybody else sends changes nothing', async () => {
  const post = (path: string, form: Record<string, string>): Promise<Answer> =>
    ask(first.setup, path, { form, headers: { 'x-twilio-signature': 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' } })
  const known = (await listed(first)).length
  const forged = { MessageSid: `SM${'0'.repeat(32)}`, From: '+447700900123', To: ourNumber, Body: 'forged', MessageStatus: 'delivered' }
  assert.equal((await post(`/twilio/${callbackSecret}/inbound`, forged)).status, 403)
  assert.equal((await post(`/twilio/${callbackSecret}/status`, forged)).status, 403)
  assert.equal((await post(`/twilio/${'x'.repeat(26)}/inbound`, forged)).status, 404)
  assert.equal((await listed(first)).length, known)
})

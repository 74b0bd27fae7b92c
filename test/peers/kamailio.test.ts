// Kamailio as a trunk, both ways, and as an outbound proxy in front of phones that register here.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { freePort } from '../bench/processes.ts'
import { phone } from '../e2e/sip-phone.ts'
import { create, eventually, reaches } from '../e2e/world.ts'
import { needs } from './found.ts'
import { type Kamailio, startKamailio } from './kamailio.ts'
import { domain, numbers, passwordOf, type SipWorld, startSipWorld } from './sip-world.ts'

const options = { ...needs('kamailio'), timeout: 180_000 }
const theirs = 'subscribers.example'
let it: SipWorld
let trunk: Kamailio
let proxy: Kamailio

before(async () => {
  if ('skip' in options) return
  // Each port is in the other's configuration.
  const external = await freePort()
  trunk = await startKamailio({
    alias: theirs,
    route: () => `
    if (is_method("REGISTER")) { save("location"); exit; }
    if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
    if (!is_method("MESSAGE")) { sl_send_reply("405", "Method Not Allowed"); exit; }
    if ($fd == "${theirs}") { $du = "sip:127.0.0.1:${external}"; t_relay(); exit; }
    if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
    t_relay();`,
  })
  it = await startSipWorld({
    externalPort: external,
    binds: [
      `{ id: kamailio, connector: sip, config: { nextHops: ['sip:127.0.0.1:${trunk.port}'], pingSeconds: 1, receipts: none, to: { domain: ${theirs} } } }`,
      `{ id: pbx, connector: sip, side: client, config: { nextHops: ['sip:127.0.0.1:${trunk.port}'], addresses: [127.0.0.1], receipts: none, to: { domain: ${theirs} } } }`,
    ],
    routes: ['{ id: subscribers, prefix: "+4471", to: [kamailio] }'],
  })
  proxy = await startKamailio({
    route: () => `
    if (is_method("REGISTER")) { add_path_received(); $du = "sip:127.0.0.1:${it.internal}"; t_relay(); exit; }
    loose_route();
    if ($sp == ${it.internal}) { t_relay(); exit; }
    $du = "sip:127.0.0.1:${it.internal}";
    t_relay();`,
  })
})
after(async () => {
  await it?.close()
  await trunk?.stop()
  await proxy?.stop()
})

test('a message to a subscriber of Kamailio goes by the trunk, and is delivered as the phone says', options, async () => {
  const bell = await phone({ gateway: trunk.port, user: '+447100000001', password: '', domain: theirs })
  try {
    assert.equal((await bell.register()).status, 200)
    const sid = await create(it.world.setup, { To: '+447100000001', From: numbers.alice, Body: 'Grüße ☃ by Kamailio' })
    const got = await bell.received('the message', ({ body }) => body === 'Grüße ☃ by Kamailio')
    assert.match(got.headers.get('from') ?? '', /\+15550004001@/)
    await reaches(it.world.setup, sid, 'delivered')
    const away = await create(it.world.setup, { To: '+447100000009', From: numbers.alice, Body: 'nobody' })
    await reaches(it.world.setup, away, 'failed')
  } finally {
    bell.close()
  }
})

test('what a subscriber of Kamailio writes reaches the carrier, and a receipt is none of its business', options, async () => {
  const bell = await phone({ gateway: trunk.port, user: numbers.pbx, password: '', domain: theirs })
  try {
    const sent = await bell.message(`sip:+447000000077@${theirs}`, 'out by Kamailio')
    assert.equal(sent.status, 202, sent.line)
    const submitted = await eventually('the submit_sm', () => it.world.carriers.inbox(100).find(({ text }) => text === 'out by Kamailio'))
    assert.equal(submitted.from, numbers.pbx)
    assert.equal(submitted.to, '+447000000077')
  } finally {
    bell.close()
  }
})

test('Kamailio is asked whether it is there', options, async () => {
  await trunk.program.says(/TOOK OPTIONS/)
})

test('a phone behind Kamailio as its outbound proxy registers with Path, sends, and is reached by it', options, async () => {
  const bell = await phone({ gateway: proxy.port, user: 'bob', password: passwordOf('bob'), domain })
  try {
    assert.equal((await bell.register()).status, 200)
    const sent = await bell.message(`sip:+447000000078@${domain}`, 'behind a proxy')
    assert.equal(sent.status, 202, sent.line)
    await eventually('the submit_sm', () => it.world.carriers.inbox(100).find(({ text }) => text === 'behind a proxy'))
    const sid = await create(it.world.setup, { To: `sip:bob@${domain}`, From: numbers.alice, Body: 'by the API' })
    await bell.received('what an API client sent', ({ body }) => body === 'by the API')
    await reaches(it.world.setup, sid, 'delivered')
    const already = proxy.program.said().length
    it.world.carriers.reply({ carrier: 'north', from: '447000000078', to: numbers.bob.slice(1), text: 'through the proxy ☃' })
    const got = await bell.received('the reply', ({ body }) => body === 'through the proxy ☃')
    assert.match(got.line, new RegExp(`^MESSAGE sip:bob@127\\.0\\.0\\.1:${bell.port} `))
    await eventually('it came by the proxy', () => /TOOK MESSAGE/.test(proxy.program.said().slice(already)) || undefined)
    assert.equal(got.headers.get('route'), undefined)
  } finally {
    bell.close()
  }
})

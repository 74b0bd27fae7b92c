// sipp as phones and as a carrier, by UDP and TCP: registers with digest, sends and takes messages,
// repeats requests, loses answers, guesses passwords, and challenges without end.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { freePort } from '../bench/processes.ts'
import { create, eventually, reaches, sleep } from '../e2e/world.ts'
import { needs } from './found.ts'
import { listening, numbers, type SipWorld, startSipWorld } from './sip-world.ts'
import { sipp, type SippCall } from './sipp.ts'

const options = { ...needs('sipp'), timeout: 180_000 }
const hops: Record<string, number> = {}
let it: SipWorld

/** Trunks whose one hop is a sipp; +4471 and on lead to them. */
const trunks = { plain: '+4471', bytcp: '+4472', asking: '+4473', endless: '+4474' } as const

before(async () => {
  if ('skip' in options) return
  for (const name of Object.keys(trunks)) hops[name] = await freePort()
  const trunk = (name: string, more = ''): string =>
    `{ id: ${name}, connector: sip, policy: { attempts: 1, receiptTimeoutSeconds: 1 }, config: { nextHops: ['sip:127.0.0.1:${hops[name]}${more.includes('tcp') ? ';transport=tcp' : ''}'], ` +
    `pingSeconds: 0, attemptMs: 20000, receipts: none, to: { domain: carrier.example }${more.includes('asks') ? ', username: trunk-user, password: trunk-secret' : ''} } }`
  it = await startSipWorld({
    binds: [
      trunk('plain'),
      trunk('bytcp', 'tcp'),
      trunk('asking', 'asks'),
      trunk('endless', 'asks'),
      `{ id: pbx, connector: sip, side: client, config: { nextHops: ['sip:127.0.0.1:9'], pingSeconds: 0, addresses: [127.0.0.1] } }`,
    ],
    routes: Object.entries(trunks).map(([name, prefix]) => `{ id: ${name}, prefix: "${prefix}", to: [${name}] }`),
  })
})
after(() => it?.close())

async function succeeds(call: SippCall): Promise<void> {
  const { ok, said } = await sipp(call)
  assert.ok(ok, said)
}
const arrived = (text: RegExp): number => it.world.carriers.inbox(1000).filter((each) => text.test(each.text)).length

for (const tcp of [false, true]) {
  const by = tcp ? 'TCP' : 'UDP'
  test(`sipp registers by ${by} with digest, and is not let in with a wrong password`, options, async () => {
    await succeeds({ scenario: 'register', to: it.internal, port: await freePort(), tcp })
    await succeeds({ scenario: 'register-refused', to: it.internal, port: await freePort(), tcp, password: 'guessed' })
    await succeeds({ scenario: 'register-refused', to: it.internal, port: await freePort(), tcp, user: 'nobody', password: 'guessed' })
  })

  test(`what sipp sends by ${by} reaches the carrier, each once`, options, async () => {
    const calls = 40
    await succeeds({ scenario: 'message-in', to: it.internal, port: await freePort(), tcp, service: '+447000000001', calls })
    const text = new RegExp(`sipp ${by} \\d+`)
    await eventually('all of it', () => (arrived(text) >= calls ? true : undefined))
    await sleep(200)
    assert.equal(arrived(text), calls)
  })
}

test('what a trunk repeats since the answers were lost is one message', options, async () => {
  const calls = 20
  const already = it.world.carriers.inbox(1000).length
  await succeeds({
    scenario: 'message-answer-lost',
    to: it.external,
    port: await freePort(),
    service: '+447000000002',
    user: numbers.pbx,
    calls,
  })
  await eventually('all of it', () => (it.world.carriers.inbox(1000).length >= already + calls ? true : undefined))
  await sleep(200)
  assert.equal(it.world.carriers.inbox(1000).length, already + calls)
  const metrics = await fetch(`http://127.0.0.1:${it.http}/metrics`)
  assert.match(await metrics.text(), /retransmi/i)
})

test('a message to the number of a user arrives at the sipp that registered', options, async () => {
  const port = await freePort()
  await succeeds({ scenario: 'register', to: it.internal, port, user: 'bob' })
  const taking = sipp({ scenario: 'message-out', port, calls: 3 })
  await listening(port)
  for (const text of ['one', 'zwei ☃', 'x'.repeat(900)])
    it.world.carriers.reply({ carrier: 'north', from: '447000000003', to: numbers.bob.slice(1), text })
  const { ok, said } = await taking
  assert.ok(ok, said)
})

for (const [trunk, scenario, why] of [
  ['plain', 'message-out', 'at once'],
  ['plain', 'message-out-late', 'late, so that it was repeated'],
  ['plain', 'message-out-lost', 'though answers are lost'],
  ['bytcp', 'message-out', 'by TCP'],
  ['asking', 'message-out-challenged', 'with the password that it asks for'],
] as const) {
  test(`a trunk takes what is sent to it ${why}`, options, async () => {
    const calls = 5
    const taking = sipp({ scenario, port: hops[trunk]!, tcp: trunk === 'bytcp', calls })
    await listening(hops[trunk]!)
    const sids: string[] = []
    for (let i = 0; i < calls; i++)
      sids.push(await create(it.world.setup, { To: `${trunks[trunk]}0000001${i}`, From: numbers.alice, Body: `${why} ${i}` }))
    for (const sid of sids) await reaches(it.world.setup, sid, scenario === 'message-out-challenged' ? 'sent' : 'delivered', undefined)
    const { ok, said } = await taking
    assert.ok(ok, said)
  })
}

test('a trunk that challenges without end is asked twice, and the message fails', options, async () => {
  const taking = sipp({ scenario: 'message-out-loop', port: hops['endless']! })
  await listening(hops['endless']!)
  const sid = await create(it.world.setup, { To: `${trunks.endless}00000001`, From: numbers.alice, Body: 'never' })
  await reaches(it.world.setup, sid, 'failed', undefined)
  const { ok, said } = await taking
  assert.ok(ok, said)
})

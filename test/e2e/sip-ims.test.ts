// SMS over IMS, end to end: a phone by hand speaks application/vnd.3gpp.sms, octet by octet, to a gateway
// process; simulated carriers are the rest of the world. And an IMS core, which phones are behind.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { freePort } from '../bench/processes.ts'
import { type Phone, phone, profileAt, type Said, sipProfiles } from './sip-phone.ts'
import { bindTo, create, eventually, reaches, startWorld, type World } from './world.ts'

const number = '+15550004444'
const smsc = 'sip:+447785016005@127.0.0.1'
/** +447700900028, as TP-DA and TP-RA have it. */
const handset = '0C91447700090082'
const headers = ['Content-Type: application/vnd.3gpp.sms']

let world: World
let profiles: string
let alice: Phone
let core: Phone

/** RP-DATA from a phone: to the service centre +447785016005, with this TPDU (TS 24.011 §7.3.1.2). */
function rpData(reference: number, tpdu: string): Buffer {
  const octets = Buffer.from(tpdu, 'hex')
  return Buffer.concat([Buffer.from([0x00, reference, 0x00, 0x07, 0x91, 0x44, 0x77, 0x58, 0x10, 0x06, 0x50, octets.length]), octets])
}

/** What an RP-DATA to a phone carries (TS 24.011 §7.3.1.1), in hex. */
function tpduOf({ octets }: Said): string {
  assert.equal(octets[0], 0x01)
  const [originator, destination] = [octets[2]!, octets[3 + octets[2]!]!]
  assert.equal(destination, 0)
  return octets.subarray(5 + originator).toString('hex')
}

const rpAck = (reference: number): Buffer => Buffer.from([0x02, reference, 0x41, 0x02, 0x00, 0x00])
const rpError = (reference: number, cause: number): Buffer => Buffer.from([0x04, reference, 0x01, cause])

/** RP-DATA that has not been looked at yet. */
async function next(who: Phone, what: string, seen: Set<Said>, type = 0x01): Promise<Said> {
  const said = await who.received(what, (each) => !seen.has(each) && each.octets[0] === type)
  seen.add(said)
  return said
}

before(async () => {
  const [port, externalPort] = [await freePort(), await freePort()]
  profiles = await sipProfiles({ internal: profileAt(port, 'root'), external: `listen: { udp: '127.0.0.1:${externalPort}' }\n` })
  alice = await phone({ gateway: port, user: 'alice', password: 'wonderland' })
  core = await phone({ gateway: externalPort, user: 'scscf', password: '' })
  world = await startWorld(
    { north: {} },
    { SIGNALBOX_SIP: profiles },
    (carriers) => `
    binds:
      - ${bindTo(carriers, 'north')}
      - id: alice
        connector: sip
        side: client
        config: { user: alice, domain: 127.0.0.1, password: wonderland, dialect: 3gpp }
      - id: core
        connector: sip
        side: supplier
        config:
          nextHops: ["sip:127.0.0.1:${core.port}"]
          addresses: ["127.0.0.1"]
          pingSeconds: 0
          dialect: 3gpp
          ims: { serviceCentre: "+447785016005", identity: "sip:ip-sm-gw.ims.example" }
    numbers:
      - { number: "${number}", bind: alice }
    routes:
      - { id: ims, prefix: "+4670", to: [core] }
      - { id: all, prefix: "", to: [north] }
`,
  )
  assert.equal((await alice.register()).status, 200)
})

after(async () => {
  alice.close()
  core.close()
  await world?.close()
  await rm(profiles, { recursive: true })
})

test('what a phone submits is acknowledged, goes to the carrier, and its status report names it', async () => {
  const seen = new Set<Said>()
  // SMS-SUBMIT, TP-SRR, TP-VP relative; TP-MR 2A, "Hello".
  const sent = await alice.message(smsc, rpData(0x11, `312A${handset}0000AA05C8329BFD06`), headers)
  assert.equal(sent.status, 202, sent.line)
  const submitted = await eventually('the submit_sm', () => world.carriers.inbox(5).find(({ text }) => text === 'Hello'))
  assert.equal(submitted.from.replace('+', ''), number.slice(1))
  assert.equal(submitted.to.replace('+', ''), '447700900028')
  const acknowledged = await next(alice, 'RP-ACK', seen, 0x03)
  // RP-ACK, reference, SMS-SUBMIT-REPORT with TP-SCTS.
  assert.match(acknowledged.octets.toString('hex'), /^03114109010[0-9a-f]{15}$/)
  assert.notEqual(acknowledged.headers.get('in-reply-to'), undefined)
  assert.equal(acknowledged.headers.get('request-disposition'), 'no-fork')
  const scts = acknowledged.octets.subarray(6).toString('hex')
  const report = await next(alice, 'the status report', seen)
  // SMS-STATUS-REPORT, no more messages; TP-MR, TP-RA, the TP-SCTS it was told, TP-DT, TP-ST 0.
  assert.match(tpduOf(report), new RegExp(`^062a${handset.toLowerCase()}${scts}[0-9a-f]{14}00$`))
  assert.equal((await alice.message(smsc, rpAck(report.octets[1]!), headers)).status, 202)
})

test('parts that a phone submits are one message at the carrier', async () => {
  // "one " and "two", UDH 0500034C02xx: septets behind one fill bit.
  const udh = (index: number): string => `0500034C020${index}`
  await alice.message(smsc, rpData(0x12, `4102${handset}00000B${udh(1)}DEEE3208`), headers)
  await alice.message(smsc, rpData(0x13, `4103${handset}00000A${udh(2)}E8F737`), headers)
  const long = await eventually('the joined text', () => world.carriers.inbox(5).find(({ text }) => text === 'one two'))
  assert.equal(long.to.replace('+', ''), '447700900028')
})

test('a full phone says so, and has the message as soon as it says that it has room', async () => {
  const seen = new Set<Said>()
  for (const each of alice.got) seen.add(each)
  world.carriers.reply({ carrier: 'north', from: '+447700900124', to: number.slice(1), text: 'Hello' })
  const first = await next(alice, 'SMS-DELIVER', seen)
  // SMS-DELIVER, no more messages, from +447700900124, TP-PID 0, TP-DCS 0; TP-SCTS; "Hello".
  assert.match(tpduOf(first), /^040c914477000910420000[0-9a-f]{14}05c8329bfd06$/)
  assert.match(first.line, new RegExp(`^MESSAGE sip:alice@127\\.0\\.0\\.1:${alice.port} `))
  await alice.message(smsc, rpError(first.octets[1]!, 22), headers)
  // RP-SMMA, once the failure is written.
  const second = await eventually('the message again', async () => {
    await alice.message(smsc, Buffer.from([0x06, 0x21]), headers)
    return alice.got.find((each) => !seen.has(each) && each.octets[0] === 0x01)
  })
  assert.equal(tpduOf(second), tpduOf(first))
  await alice.message(smsc, rpAck(second.octets[1]!), headers)
  assert.ok(
    alice.got.some(({ octets }) => octets.toString('hex') === '0321'),
    'RP-SMMA is acknowledged',
  )
})

test('what goes by an IMS core is delivered when the phone behind it says so, and fails when that says so', async () => {
  const seen = new Set<Said>()
  for (const [body, verdict, state] of [
    ['yes', (reference: number) => rpAck(reference), 'delivered'],
    ['no', (reference: number) => rpError(reference, 28), 'failed'],
  ] as const) {
    const sid = await create(world.setup, { To: '+46701234567', From: number, Body: body })
    const said = await next(core, 'SMS-DELIVER', seen)
    assert.match(said.line, /^MESSAGE sip:\+46701234567@127\.0\.0\.1/)
    assert.match(said.headers.get('from') ?? '', /^<sip:ip-sm-gw\.ims\.example>/)
    assert.equal(said.headers.get('p-asserted-identity'), '<sip:ip-sm-gw.ims.example>')
    assert.equal(said.octets.subarray(2, 10).toString('hex'), '0791447758100650')
    const told = await core.message('sip:ip-sm-gw.ims.example', verdict(said.octets[1]!), [
      ...headers,
      'P-Asserted-Identity: <sip:+46701234567@ims.example>',
    ])
    assert.equal(told.status, 202, told.line)
    await reaches(world.setup, sid, state)
  }
})

test('octets that are nothing are answered 400 in words, and the phone goes on', async () => {
  for (const octets of ['', '07', '000100', '0001000C']) {
    const said = await alice.message(smsc, Buffer.from(octets, 'hex'), headers)
    assert.equal(said.status, 400, said.line)
    assert.match(said.headers.get('warning') ?? '', /^399 /)
  }
  assert.equal((await alice.message(smsc, rpAck(0), headers)).status, 202)
})

// Trunks and profiles of the SIP bridge, end to end: a PBX by hand that never registers, files that change
// under a gateway that runs, and what an operator sees of it.
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { WebSocket } from 'ws'
import { freePort } from '../bench/processes.ts'
import { type Phone, phone } from './sip-phone.ts'
import { ask, bindTo, eventually, reaches, create, root, signalbox, startWorld, type World } from './world.ts'

let world: World
let users: number
let trunks: number
let profiles: string
let pbx: Phone
let alice: Phone
const pbxNumber = '+15550006666'
const aliceNumber = '+15550004444'
const below = { sid: `AC${'0'.repeat(31)}d`, token: 'd'.repeat(32) }

const internal = (more = ''): string => `listen: { udp: '127.0.0.1:${users}' }\ndomains: { 127.0.0.1: root }\n${more}`
const external = (port = trunks): string => `listen: { udp: '127.0.0.1:${port}' }\n`
const trunk = (more = ''): string =>
  `nextHops: ['sip:127.0.0.1:${pbx.port}']\naddresses: [127.0.0.1]\npingSeconds: 1\nfrom: { domain: ours.example }\n${more}`
const put = (file: string, text: string): Promise<void> => writeFile(join(profiles, file), text)
const line = (...args: string[]) => signalbox(args, { SIGNALBOX_DATA: world.setup.data })

const logged = (): string => [...world.gateway.lines, ...world.gateway.errors].join('\n')

async function stateOf(bind: string): Promise<{ state?: string; lastError?: string }> {
  const { json } = await ask(world.setup, `/api/v1/statistics?bind=${encodeURIComponent(bind)}`, { as: root })
  const [found] = json['binds'] as { sessions?: { state: string; lastError?: string } }[]
  return found?.sessions ?? {}
}

const isBound = (bind: string): Promise<unknown> =>
  eventually(`${bind} is bound`, async () => (await stateOf(bind)).state === 'bound' || undefined)

before(async () => {
  users = await freePort()
  trunks = await freePort()
  profiles = await mkdtemp(join(tmpdir(), 'sip-profiles-'))
  await mkdir(join(profiles, 'external'))
  pbx = await phone({ gateway: trunks, user: pbxNumber, password: '', domain: 'pbx.example' })
  await put('internal.yaml', internal())
  await put('external.yaml', external())
  await put('external/pbx.yaml', trunk())
  world = await startWorld(
    { north: {} },
    { SIGNALBOX_SIP: profiles },
    (carriers) => `
    binds:
      - ${bindTo(carriers, 'north')}
      - { id: pbx, connector: sip, side: client, config: { trunk: external/pbx } }
      - { id: alice, connector: sip, side: client, config: { user: alice, password: wonderland } }
    numbers:
      - { number: "${pbxNumber}", bind: pbx }
      - { number: "${aliceNumber}", bind: alice }
    routes:
      - { id: all, prefix: "", to: [north] }
    accounts:
      - id: ${below.sid}
        token: ${below.token}
        binds:
          - { id: thief, connector: sip, side: client, config: { trunk: external/pbx } }
          - { id: ear, connector: sip, side: client, config: { nextHops: ['sip:127.0.0.1:9'], addresses: [127.0.0.0/8] } }
          - { id: prober, connector: sip, config: { nextHops: ['sip:127.0.0.1:9'] } }
`,
  )
  alice = await phone({ gateway: users, user: 'alice', password: 'wonderland' })
  assert.equal((await alice.register()).status, 200)
})

after(async () => {
  alice.close()
  pbx.close()
  await world?.close()
  await rm(profiles, { recursive: true })
})

test('a PBX that never registers sends through the gateway, and gets what is written to its number', async () => {
  await isBound(`${root.sid}/pbx`)
  const sent = await pbx.message('sip:+447700900130@gateway.example', 'from a desk')
  assert.equal(sent.status, 202, sent.line)
  const shown = await eventually('the submit_sm', () => world.carriers.inbox(1).find(({ text }) => text === 'from a desk'))
  assert.equal(shown.from, pbxNumber)
  world.carriers.reply({ carrier: 'north', from: '447700900130', to: pbxNumber.slice(1), text: 'to a desk' })
  const got = await pbx.received('the reply', ({ body }) => body === 'to a desk')
  assert.match(got.headers.get('from') ?? '', /^<sip:\+447700900130@ours\.example>/)
  assert.match(got.line, /^MESSAGE sip:\+15550006666@127\.0\.0\.1 /)
})

test('what is sent to a phone or a trunk shows its SIP messages in the trace of the message', async () => {
  const sid = await create(world.setup, { To: 'sip:alice@127.0.0.1', From: aliceNumber, Body: 'seen' })
  await reaches(world.setup, sid, 'delivered')
  const { out } = await line('trace', sid)
  assert.match(out, /MESSAGE sip:alice@127\.0\.0\.1:\d+/)
  assert.match(out, /200 OK/)
  assert.doesNotMatch(out, /seen/)
})

test('an account below cannot use, overhear or probe: a trunk that is not its own, addresses, private hops', async () => {
  const errors = await Promise.all(
    ['thief', 'ear', 'prober'].map((bind) => eventually(bind, async () => (await stateOf(`${below.sid}/${bind}`)).lastError)),
  )
  assert.match(errors[0]!, /there is no trunk external\/pbx for this account/)
  assert.match(errors[1]!, /config\.addresses: only of the root account/)
  assert.match(errors[2]!, /127\.0\.0\.1 is a private address/)
})

test('a trunk that changes is dialled anew, and phones stay registered by the same socket', async () => {
  await isBound(`${root.sid}/pbx`)
  await put('external/pbx.yaml', trunk('to: { plus: false, domain: changed.example }\n'))
  await eventually(
    'the new rule',
    async () => {
      world.carriers.reply({ carrier: 'north', from: '447700900131', to: pbxNumber.slice(1), text: 'again' })
      return pbx.got.some(({ line: said }) => said.startsWith('MESSAGE sip:15550006666@changed.example ')) || undefined
    },
    15_000,
  )
  world.carriers.reply({ carrier: 'north', from: '447700900132', to: aliceNumber.slice(1), text: 'still there' })
  await alice.received('the text', ({ body }) => body === 'still there')
})

test('a profile that changes starts anew alone, with its registrations; one with a fault stays as it was', async () => {
  await put('internal.yaml', internal('auth: { register: nonsense }\n'))
  await eventually('the fault', () => /auth\.register: expected/.test(logged()) || undefined)
  world.carriers.reply({ carrier: 'north', from: '447700900133', to: aliceNumber.slice(1), text: 'as it was' })
  await alice.received('the text', ({ body }) => body === 'as it was')
  await put('internal.yaml', internal('messages: { answer: 200 }\n'))
  await eventually(
    'the new profile',
    async () => (await alice.message('sip:+447700900134@127.0.0.1', 'hello')).status === 200 || undefined,
    15_000,
  )
  world.carriers.reply({ carrier: 'north', from: '447700900135', to: aliceNumber.slice(1), text: 'still registered' })
  await alice.received('the text', ({ body }) => body === 'still registered')
})

test('registrations are there again after a restart, without a REGISTER', async () => {
  await world.restart()
  world.carriers.reply({ carrier: 'north', from: '447700900136', to: aliceNumber.slice(1), text: 'after the restart' })
  await alice.received('the text', ({ body }) => body === 'after the restart')
  const { out } = await line('sip', 'registrations')
  assert.match(out, /^user +bind +profile.*\nalice@127\.0\.0\.1 +alice +internal +udp /)
})

test('sip trace follows a user by its address, hides texts, and ends by itself', async () => {
  const tracing = line('sip', 'trace', 'alice@127.0.0.1', '--count', '4')
  await eventually('the trace', async () => {
    await alice.message('sip:+447700900137@127.0.0.1', 'a secret text')
    const { status } = await ask(world.setup, '/api/v1/binds/alice/trace', { as: root })
    return status === 200 || undefined
  })
  await alice.message('sip:+447700900137@127.0.0.1', 'a secret text')
  const { out, code } = await tracing
  assert.equal(code, 0, out)
  assert.match(out, /MESSAGE sip:\+447700900137@127\.0\.0\.1/)
  assert.match(out, /407 Proxy Authentication Required/)
  assert.doesNotMatch(out, /a secret text/)
})

test('metrics tell of each profile and each trunk', async () => {
  const { text } = await ask(world.setup, '/metrics')
  assert.match(text, /signalbox_sip_registrations\{profile="internal"\} 1/)
  assert.match(text, /signalbox_sip_trunk_hops\{bind="AC0{31}1\/pbx",state="up"\} 1/)
  assert.match(text, /signalbox_sip_messages_total\{profile="internal",what="requests"\} [1-9]/)
})

test('a profile whose address is taken says so and is tried again, and the others go on', async () => {
  const taken = createSocket('udp4')
  await new Promise<void>((resolve) => taken.bind(0, '127.0.0.1', resolve))
  await put('external.yaml', external(taken.address().port))
  await eventually('the reason', () => /cannot listen on udp 127\.0\.0\.1:\d+: another program has it/.test(logged()) || undefined)
  assert.equal((await alice.message('sip:+447700900138@127.0.0.1', 'on it goes')).status, 200)
  taken.close()
  await put('external.yaml', external())
  await eventually('the trunk', async () => (await stateOf(`${root.sid}/pbx`)).state === 'bound' || undefined)
})

test('a web page registers and writes by WebSocket at /sip of the HTTP port', async () => {
  await put('internal.yaml', internal('messages: { answer: 200 }\n').replace('listen: {', 'listen: { httpPath: true,'))
  const said = await eventually('an answer by WebSocket', () => overWebSocket(`ws://127.0.0.1:${world.setup.httpPort}/sip`))
  assert.match(said, /^SIP\/2\.0 401 Unauthorized\r\n/)
})

/** What is said to a REGISTER; undefined where no WebSocket is taken. */
function overWebSocket(url: string): Promise<string | undefined> {
  const socket = new WebSocket(url, 'sip')
  const register = [
    'REGISTER sip:127.0.0.1 SIP/2.0',
    'Via: SIP/2.0/WS x.invalid;branch=z9hG4bKws1',
    'Max-Forwards: 70',
    'From: <sip:alice@127.0.0.1>;tag=1',
    'To: <sip:alice@127.0.0.1>',
    'Call-ID: ws1',
    'CSeq: 1 REGISTER',
    'Contact: <sip:alice@x.invalid;transport=ws>',
    'Content-Length: 0',
  ]
  return new Promise((resolve) => {
    socket.on('open', () => socket.send(`${register.join('\r\n')}\r\n\r\n`))
    socket.on('error', () => resolve(undefined))
    socket.on('message', (said: Buffer) => {
      resolve(said.toString())
      socket.close()
    })
  })
}

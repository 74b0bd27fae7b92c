// What must not get out, and what must not get in: secrets and bodies on disk and in the log, file
// modes, webhooks to private addresses, and HTTP clients that would hold the gateway up.
import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { api, ourNumber, setUp, tearDown, type Setup } from '../bench/gateway.ts'
import { program } from '../bench/processes.ts'
import { startCarriers, type Carriers } from '../../plugins/simulator/carriers.ts'
import {
  ask,
  configure,
  create,
  eventually,
  messagesPath,
  patienceMs,
  reaches,
  root,
  sleep,
  startHooks,
  type Credentials,
} from './world.ts'

const smppPassword = 'sm9p-pa55word-of-northern'
const customer: Credentials = { sid: `AC${'d'.repeat(32)}`, token: '0123456789abcdef'.repeat(2).split('').toReversed().join('') }
const body = 'the-body-nobody-may-log'
const hookPassword = 'pa55-in-a-webhook-url'

let parent: string
let setup: Setup
let carriers: Carriers
let hooks: Awaited<ReturnType<typeof startHooks>>
let gateway: ChildProcess
/** All that it printed, from its first moment at debug level. */
let printed = ''

before(async () => {
  hooks = await startHooks()
  carriers = await startCarriers({
    port: 0,
    seed: 1,
    carriers: [
      {
        id: 'northern',
        password: smppPassword,
        personality: { receipts: { delay: 5 }, fail: [{ destination: '*0021', state: 'UNDELIV' }] },
      },
    ],
  })
  parent = await mkdtemp(join(tmpdir(), 'signalbox-'))
  setup = await setUp({ SIGNALBOX_LOG: 'debug' })
  await tearDown(setup)
  // A directory that is not there yet, and a umask that hides nothing.
  setup.data = join(parent, 'data')
  setup.env['SIGNALBOX_DATA'] = setup.data
  gateway = spawn('/bin/sh', ['-c', 'umask 022 && exec "$0" "$@"', process.execPath, program('src/main.js'), 'start'], {
    env: { ...process.env, ...setup.env },
  })
  for (const stream of [gateway.stdout, gateway.stderr]) stream?.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  await eventually('health', () =>
    ask(setup, '/health').then(
      (answer) => answer.status === 200 || undefined,
      () => undefined,
    ),
  )
  await configure(
    setup,
    `accounts:
  - id: root
    privateWebhooks: true
    binds:
      - { id: northern, connector: smpp, config: { host: 127.0.0.1, port: ${carriers.port}, systemId: northern, password: ${smppPassword} } }
      - { id: wrong, connector: smpp, config: { host: 127.0.0.1, port: ${carriers.port}, systemId: northern, password: ${smppPassword}-x } }
      - { id: away, connector: smpp, config: { host: 127.0.0.1, port: 1, systemId: northern, password: ${smppPassword} } }
    numbers:
      - { number: '${ourNumber}', settings: { smsUrl: '${hooks.url.replace('//', `//app:${hookPassword}@`)}/sms' } }
    routes: [{ id: uk, prefix: '+44', to: [northern] }]
    accounts:
      - id: ${customer.sid}
        name: customer
        token: ${customer.token}
        numbers: [{ number: '+15550002222' }]
`,
  )
})

after(async () => {
  const gone = new Promise((resolve) => gateway?.once('exit', resolve))
  if (gateway?.kill('SIGTERM')) await gone
  await carriers?.close()
  hooks?.close()
  if (parent) await rm(parent, { recursive: true, force: true })
})

/** Every file below the data directory, with what is in it. */
async function filesOf(directory: string): Promise<{ path: string; bytes: Buffer; mode: number }[]> {
  const entries = await readdir(directory, { withFileTypes: true })
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = join(directory, entry.name)
      if (entry.isDirectory()) return filesOf(path)
      try {
        return [{ path, bytes: await readFile(path), mode: (await stat(path)).mode & 0o777 }]
      } catch (error) {
        // A journal that was folded meanwhile.
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
        throw error
      }
    }),
  )
  return found.flat()
}

it('keeps no secret in the clear in any file but credentials.json, and tells none in the log', async () => {
  const sent = await create(setup, {
    To: '+447700900123',
    From: ourNumber,
    Body: body,
    StatusCallback: `${hooks.url}/status?key=${hookPassword}`,
  })
  const failed = await create(setup, { To: '+447700900021', From: ourNumber, Body: body })
  const theirs = await create(setup, { To: '+447700900124', From: '+15550002222', Body: body }, customer)
  await reaches(setup, sent, 'delivered')
  await reaches(setup, failed, 'undelivered')
  await reaches(setup, theirs, 'delivered', customer)
  carriers.reply({ from: '+447700900123', to: ourNumber, text: `${body} in return` })
  await eventually('the reply reaches its webhook', () => hooks.got.find((hook) => hook.path.startsWith('/sms')))
  // Requests that fail, which some log whole.
  await ask(setup, messagesPath(root.sid), { as: { sid: root.sid, token: 'a-wrong-token' }, form: { Body: body } })
  await ask(setup, '/api/v1/binds/broken', {
    as: root,
    method: 'PUT',
    json: { connector: 'smpp', config: { password: smppPassword, port: 'x' } },
  })
  const rotated = await api<{ view: { token: string } }>(setup, `/api/v1/accounts/${customer.sid}/token`, { method: 'POST' })
  const secrets = [root.token, customer.token, rotated.view.token, smppPassword]
  const levels = [30, 40, 50].map((level) => `"level":${level}`)
  await eventually('something is logged at every level', () => levels.every((level) => printed.includes(level)) || undefined)
  await sleep(1200)
  for (const { path, bytes } of await filesOf(setup.data)) {
    for (const secret of secrets) {
      if (secret === root.token && path.endsWith('credentials.json')) continue
      assert.ok(!bytes.includes(secret), `${path} holds a secret in the clear`)
    }
  }
  for (const secret of [...secrets, 'a-wrong-token', hookPassword, body]) assert.ok(!printed.includes(secret), `the log tells ${secret}`)
  const key = (await readFile(join(setup.data, 'key'), 'utf8')).trim()
  for (const { path, bytes } of await filesOf(setup.data))
    if (!path.endsWith('/key')) assert.ok(!bytes.includes(key), `${path} holds the key`)
  assert.ok(!printed.includes(key))
})

it('shows no secret in the API, and no body in a trace', async () => {
  const binds = await ask(setup, '/api/v1/binds', { as: root })
  assert.ok(binds.text.includes('••••') && !binds.text.includes(smppPassword))
  const accounts = await ask(setup, '/api/v1/accounts', { as: root })
  assert.ok(!accounts.text.includes(root.token))
  const { json } = await ask(setup, '/api/v1/messages?limit=100', { as: root })
  for (const { id } of json['messages'] as { id: string }[]) {
    const trace = await ask(setup, `/api/v1/messages/${id}/trace`, { as: root })
    assert.equal(trace.status, 200)
    for (const secret of [body, hookPassword, smppPassword, root.token]) assert.ok(!trace.text.includes(secret), `a trace tells ${secret}`)
  }
})

it("makes its files the owner's alone, whatever the umask", async () => {
  assert.equal((await stat(setup.data)).mode & 0o777, 0o700)
  const files = await filesOf(setup.data)
  for (const name of ['credentials.json', 'key', 'signalbox.db']) assert.ok(files.some(({ path }) => path.endsWith(`/${name}`)))
  for (const { path, mode } of files) assert.equal(mode & 0o077, 0, `${path} has mode ${mode.toString(8)}`)
})

it('reaches no private address by webhook unless the account may', async () => {
  const until = hooks.got.length
  const form = { To: '+447700900125', Body: 'x', From: '+15550002222' }
  const { token } = (await api<{ view: { token: string } }>(setup, `/api/v1/accounts/${customer.sid}/token`, { method: 'POST' })).view
  const now = { sid: customer.sid, token }
  const port = new URL(hooks.url).port
  const sids = []
  for (const host of ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '0x7f000001', '2130706433', '169.254.169.254', '10.0.0.1'])
    sids.push(await create(setup, { ...form, StatusCallback: `http://${host}:${port}/stolen` }, now))
  for (const sid of sids) {
    await reaches(setup, sid, 'delivered', now)
    const trace = await eventually('the report was given up', async () => {
      const { text } = await ask(setup, `/api/v1/messages/${sid}/trace`, { as: root })
      return text.includes('"abandoned"') ? text : undefined
    })
    assert.match(trace, /not-permitted/)
  }
  assert.equal(hooks.got.slice(until).filter((hook) => hook.path.includes('stolen')).length, 0)
  const allowed = await create(setup, { ...form, From: ourNumber, StatusCallback: `${hooks.url}/allowed` })
  await eventually('one that may is called', () => hooks.got.find((hook) => hook.form['MessageSid'] === allowed))
})

it('tells its health and its metrics', async () => {
  const health = await ask(setup, '/health')
  assert.deepEqual([health.status, health.json], [200, { status: 'ok' }])
  const metrics = await ask(setup, '/metrics')
  assert.equal(metrics.status, 200)
  assert.match(metrics.headers.get('content-type') ?? '', /^text\/plain/)
  assert.match(metrics.text, /^signalbox_messages_total\{bind="AC[0-9a-f]{32}\/northern",event="delivered"\} [1-9]/m)
  assert.match(metrics.text, /^signalbox_sessions\{bind="AC[0-9a-f]{32}\/northern"\} 1$/m)
  assert.match(metrics.text, /^signalbox_accept_seconds_count [1-9]/m)
  assert.match(metrics.text, /^process_cpu_seconds_total/m)
  const forwarded = await ask(setup, '/metrics', { headers: { 'x-forwarded-for': '203.0.113.9' } })
  assert.equal(forwarded.status, 401, 'through a proxy it takes credentials')
})

/** What a bare socket hears, and how long until it is closed. */
function bare(write: (send: (text: string) => void) => void): Promise<{ heard: string; tookMs: number }> {
  return new Promise((resolve) => {
    const startedAt = Date.now()
    let heard = ''
    const socket = connect(setup.httpPort, '127.0.0.1', () => write((text) => void (socket.writable && socket.write(text))))
    socket.on('data', (chunk) => (heard += chunk.toString()))
    socket.on('error', () => {})
    socket.on('close', () => resolve({ heard, tookMs: Date.now() - startedAt }))
  })
}

it('cuts headers of 2 MB, and what is no HTTP', async () => {
  const head = `GET /health HTTP/1.1\r\nHost: x\r\n`
  const big = await bare((send) => send(`${head}X: ${'x'.repeat(2 << 20)}\r\n\r\n`))
  assert.match(big.heard, /^(HTTP\/1\.1 431|$)/)
  const noise = await bare((send) => send('\u0000\u0001 no HTTP at all\r\n\r\n'))
  assert.match(noise.heard, /^HTTP\/1\.1 400/)
  assert.equal((await ask(setup, '/health')).status, 200)
})

it('cuts a client that sends its header slowly, while others are served', async () => {
  let timer: NodeJS.Timeout | undefined
  const slow = bare((send) => {
    send('POST /2010-04-01/Accounts/x/Messages.json HTTP/1.1\r\nHost: x\r\n')
    timer = setInterval(() => send('X: y\r\n'), 500)
  })
  await sleep(1000)
  assert.equal((await ask(setup, '/health')).status, 200)
  const { heard, tookMs } = await slow
  clearInterval(timer)
  assert.match(heard, /^(HTTP\/1\.1 408|$)/)
  assert.ok(tookMs < patienceMs, `cut after ${tookMs} ms`)
})

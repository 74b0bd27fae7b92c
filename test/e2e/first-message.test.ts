// The first two minutes of a stranger, as a test: a new data directory, one process, demo mode.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import twilio from 'twilio'
import { api, setUp, sid, startGatewayProcess, startSink, tearDown, token, type Setup } from '../bench/gateway.ts'
import { freePort, program, type Running } from '../bench/processes.ts'

const run = promisify(execFile)
const demoNumber = '+15005550006'

let setup: Setup
let gateway: Running
let client: ReturnType<typeof twilio>

before(async () => {
  const simulator = await freePort()
  setup = await setUp({ SIGNALBOX_DEMO: 'on', SIGNALBOX_SIMULATOR: `127.0.0.1:${simulator}` })
  gateway = await startGatewayProcess(setup)
  client = twilio(sid, token)
  client.api.baseUrl = `http://127.0.0.1:${setup.httpPort}`
})

after(async () => {
  await gateway?.stop()
  if (setup) await tearDown(setup)
})

async function signalbox(...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [program('src/main.js'), ...args], { env: { ...process.env, ...setup.env } })
  return stdout
}

async function ends(messageSid: string, status: string): Promise<Awaited<ReturnType<ReturnType<typeof client.messages>['fetch']>>> {
  const until = Date.now() + 60_000
  for (;;) {
    const message = await client.messages(messageSid).fetch()
    if (message.status === status) return message
    assert.ok(Date.now() < until, `${messageSid} is ${message.status} after 10 s, not ${status}`)
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
}

test('a text is queued at once and comes back delivered over real SMPP', async () => {
  const sent = await client.messages.create({ to: '+447700900123', from: demoNumber, body: 'Hello from Signalbox' })
  assert.equal(sent.status, 'queued')
  const done = await ends(sent.sid, 'delivered')
  assert.equal(done.numSegments, '1')
  const trace = await signalbox('trace', sent.sid)
  for (const word of ['accepted', 'northern', 'submit_sm', 'submit_sm_resp', 'deliver_sm', 'delivered'])
    assert.match(trace, new RegExp(word), trace)
  assert.doesNotMatch(trace, /Hello from Signalbox/, 'the trace hides the body')
})

test('the handset shows a long text joined, in its own characters', async () => {
  const body = `Schöne Grüße aus dem Stellwerk – ${'ein langer Text, der nicht in eine SMS passt. '.repeat(8)}🚂`
  const sent = await client.messages.create({ to: '+447700900456', from: demoNumber, body })
  const done = await ends(sent.sid, 'delivered')
  assert.ok(Number(done.numSegments) > 1)
  const inbox = await signalbox('simulate', 'inbox')
  assert.match(inbox, /Schöne Grüße aus dem Stellwerk/)
  assert.match(inbox, /🚂/)
})

test("a handset's reply reaches the number's webhook and the TwiML answer goes back out", async () => {
  await signalbox('simulate', 'reply', '--from', '+447700900123', '--to', demoNumber, 'Is anybody there?')
  const until = Date.now() + 60_000
  for (;;) {
    const inbox = await signalbox('simulate', 'inbox')
    if (inbox.includes('You said: Is anybody there?')) break
    assert.ok(Date.now() < until, `no answer in the inbox:\n${inbox}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const [reply] = await client.messages.list({ to: demoNumber, limit: 1 })
  assert.equal(reply?.direction, 'inbound')
  assert.equal(reply?.status, 'received')
  const [answer] = await client.messages.list({ to: '+447700900123', limit: 1 })
  assert.equal(answer?.direction, 'outbound-reply')
})

test('status callbacks come signed, sent before delivered', async () => {
  const calls: { url: string; signature: string; form: Record<string, string> }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const signature = String(request.headers['x-twilio-signature'])
      calls.push({ url: request.url ?? '', signature, form: Object.fromEntries(new URLSearchParams(body)) })
      response.statusCode = 204
      response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const url = `http://127.0.0.1:${port}/status?ref=1`
  await client.messages.create({ to: '+447700900789', from: demoNumber, body: 'call me back', statusCallback: url })
  const until = Date.now() + 60_000
  while (calls.length < 2 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20))
  server.close()
  assert.deepEqual(
    calls.map((call) => call.form['MessageStatus']),
    ['sent', 'delivered'],
  )
  for (const call of calls) assert.ok(twilio.validateRequest(token, call.signature, url, call.form), 'the signature is valid')
})

test('explain tells the decision for a message that is not sent', async () => {
  const lines = await signalbox('explain', '--to', '+447700900123', '--from', demoNumber)
  assert.match(lines, /united-kingdom|United Kingdom/)
  assert.match(lines, /northern/)
})

test('the same data directory keeps its account and its messages over a restart', async () => {
  const earlier = await client.messages.list({ limit: 100 })
  await gateway.stop()
  gateway = await startGatewayProcess(setup)
  const afterwards = await client.messages.list({ limit: 100 })
  assert.deepEqual(
    afterwards.map((message) => message.sid),
    earlier.map((message) => message.sid),
  )
})

test('a second gateway on the same data directory is refused in clear words', async () => {
  const other = await freePort()
  await assert.rejects(
    run(process.execPath, [program('src/main.js'), 'start'], {
      env: { ...process.env, ...setup.env, SIGNALBOX_HTTP: `127.0.0.1:${other}` },
      timeout: 120_000,
    }),
    (error: { stderr?: string; stdout?: string }) => /in use|another|already/i.test(`${error.stderr}${error.stdout}`),
  )
})

test("the user's own carrier: plan shows the change, apply makes it, and a second apply changes nothing", async () => {
  const carrier = await startSink(['--preset', 'hexIds'])
  const file = join(setup.data, 'my-carrier.yaml')
  await writeFile(
    file,
    `accounts:
  - id: root
    binds:
      - id: my-carrier
        connector: smpp
        config: { host: 127.0.0.1, port: ${carrier.port}, systemId: hexIds, password: "\${CARRIER_PASSWORD}" }
    routes:
      - id: france
        prefix: "+33"
        to: [my-carrier]
      - id: spain
        prefix: "+34"
        to: [my-carrier, northern]
`,
  )
  setup.env['CARRIER_PASSWORD'] = 'secret'
  const planned = await signalbox('plan', '-f', file)
  for (const word of ['my-carrier', 'france', 'spain']) assert.match(planned, new RegExp(word))
  assert.doesNotMatch(planned, /secret/)
  await signalbox('apply', '-f', file)
  assert.match(await signalbox('apply', '-f', file), /nothing|no change/i)
  const sent = await client.messages.create({ to: '+33612345678', from: demoNumber, body: 'Bonjour' })
  await ends(sent.sid, 'delivered')
  assert.match(await signalbox('trace', sent.sid), /my-carrier/)
  await carrier.stop()
})

test('a bad document tells every fault at once with its place, and nothing of it is applied', async () => {
  const file = join(setup.data, 'bad.yaml')
  await writeFile(
    file,
    `accounts:
  - id: root
    binds:
      - id: broken
        connector: smpp
        config: { host: 127.0.0.1, port: 99999, systemId: x, password: y }
    routes:
      - id: nowhere
        prefix: "+39"
        to: [does-not-exist]
      - id: typo
        prefx: "+39"
        to: [northern]
`,
  )
  const told = await signalbox('apply', '-f', file).then(
    () => '',
    (error: { stdout?: string; stderr?: string }) => `${error.stdout}${error.stderr}`,
  )
  assert.match(told, /accounts\[0\]\.binds\[0\]\.config\.port.*99999/)
  assert.match(told, /does-not-exist/)
  assert.match(told, /prefx/)
  const binds = await api<{ binds: { id: string }[] }>(setup, '/api/v1/binds').catch(() => ({ binds: [] }))
  assert.ok(!binds.binds.some((bind) => bind.id === 'broken'))
})

test('demo mode that a killed first start began is set up by the next', async () => {
  const cut = await setUp({ SIGNALBOX_SIMULATOR: `127.0.0.1:${await freePort()}` })
  try {
    await (await startGatewayProcess(cut)).kill()
    // What is there between the root account and the demo: the mark, empty yet.
    await writeFile(join(cut.data, 'demo.json'), '')
    const next = { ...cut, env: { ...cut.env, SIGNALBOX_DEMO: 'on' } }
    for (let start = 0; start < 2; start++) {
      const running = await startGatewayProcess(next)
      const { numbers } = await api<{ numbers: { number: string }[] }>(next, '/api/v1/numbers')
      assert.ok(numbers.some(({ number }) => number === demoNumber))
      await running.kill()
    }
  } finally {
    await tearDown(cut)
  }
})

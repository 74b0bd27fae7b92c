// The program as people run it: a process of its own against a small HTTP server.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'

const main = new URL('../main.js', import.meta.url).pathname
const sid = `AC${'1'.repeat(32)}`
const token = '0123456789abcdef0123456789abcdef'

interface Asked {
  line: string
  authorization: string | undefined
  body: string
}

let server: Server
let data: string
let url: string
let asked: Asked[] = []
/** What the server answers, by `GET /path`. */
let answers: Record<string, { status: number; body: unknown }> = {}

before(async () => {
  data = mkdtempSync(join(tmpdir(), 'signalbox-cli-'))
  server = createServer((request: IncomingMessage, response) => {
    const line = `${request.method} ${request.url}`
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      asked.push({ line, authorization: request.headers.authorization, body })
      const answer = answers[line.split('?')[0] ?? ''] ?? {
        status: 404,
        body: { error: { code: 'absent', message: 'There is nothing here.' } },
      }
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  writeFileSync(join(data, 'credentials.json'), JSON.stringify({ url, accountSid: sid, authToken: token }))
  chmodSync(join(data, 'credentials.json'), 0o600)
})
after(() => {
  server.close()
  rmSync(data, { recursive: true, force: true })
})
beforeEach(() => {
  asked = []
  answers = {}
})

interface Ran {
  code: number | null
  out: string
  err: string
}

function run(args: string[], env: Record<string, string> = {}, typed = ''): Promise<Ran> {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SIGNALBOX_')))
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...clean, SIGNALBOX_DATA: data, ...env },
    stdio: 'pipe',
  })
  child.stdin.end(typed)
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out, err })))
}

test('send posts the Twilio form with the credentials that the gateway left', async () => {
  answers[`POST /2010-04-01/Accounts/${sid}/Messages.json`] = { status: 201, body: { sid: `SM${'0'.repeat(32)}`, status: 'queued' } }
  const { code, out } = await run(['send', '--to', '+447700900123', '--from', '+15005550006', 'Hello & goodbye'])
  assert.equal(code, 0)
  assert.match(out, /^SM0+ queued\n/)
  assert.equal(asked[0]?.body, 'To=%2B447700900123&From=%2B15005550006&Body=Hello+%26+goodbye')
  assert.equal(asked[0]?.authorization, `Basic ${Buffer.from(`${sid}:${token}`).toString('base64')}`)
})

test('the environment goes before the credentials file', async () => {
  answers['GET /api/v1/lanes'] = { status: 200, body: { lanes: [] } }
  const other = `AC${'2'.repeat(32)}`
  const env = {
    SIGNALBOX_DATA: join(data, 'elsewhere'),
    SIGNALBOX_HTTP: new URL(url).host,
    SIGNALBOX_ACCOUNT_SID: other,
    SIGNALBOX_AUTH_TOKEN: token,
  }
  const { code } = await run(['lanes'], env)
  assert.equal(code, 0)
  assert.equal(asked[0]?.authorization, `Basic ${Buffer.from(`${other}:${token}`).toString('base64')}`)
})

test('without credentials it says where they come from', async () => {
  const { code, err } = await run(['lanes'], { SIGNALBOX_DATA: join(data, 'elsewhere') })
  assert.equal(code, 1)
  assert.match(err, /credentials\.json/)
  assert.match(err, /npm start/)
})

test('credentials that cannot be read are told as that, unless the environment has them and the address', async () => {
  const torn = join(data, 'torn')
  mkdirSync(torn)
  writeFileSync(join(torn, 'credentials.json'), '{"url":')
  const told = await run(['lanes'], { SIGNALBOX_DATA: torn })
  assert.equal(told.code, 1)
  assert.match(told.err, /torn\/credentials\.json cannot be read .*\nIt is for the user who runs the gateway/)
  answers['GET /api/v1/lanes'] = { status: 200, body: { lanes: [] } }
  const env = { SIGNALBOX_DATA: torn, SIGNALBOX_HTTP: new URL(url).host, SIGNALBOX_ACCOUNT_SID: sid, SIGNALBOX_AUTH_TOKEN: token }
  assert.equal((await run(['lanes'], env)).code, 0)
})

test('a port that fetch refuses is told as that', async () => {
  const env = { SIGNALBOX_HTTP: '127.0.0.1:10080', SIGNALBOX_ACCOUNT_SID: sid, SIGNALBOX_AUTH_TOKEN: token }
  assert.match((await run(['lanes'], env)).err, /10080 cannot be asked: Node's fetch refuses that port/)
})

test('the version is that of the package', async () => {
  const { code, out } = await run(['--version'])
  assert.deepEqual([code, /^\d+\.\d+\.\d+\n$/.test(out)], [0, true])
})

test('without a gateway it says so in one line', async () => {
  const gone = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => gone.once('listening', resolve))
  const { port } = gone.address() as AddressInfo
  await new Promise((resolve) => gone.close(resolve))
  const { code, err } = await run(['lanes'], { SIGNALBOX_HTTP: `127.0.0.1:${port}` })
  assert.equal(code, 1)
  assert.equal(err.trim().split('\n').length, 1)
  assert.ok(err.startsWith(`No gateway answers at http://127.0.0.1:${port}`), err)
})

test('from elsewhere the public address says where the gateway is', async () => {
  answers['GET /api/v1/lanes'] = { status: 200, body: { lanes: [] } }
  const env = {
    SIGNALBOX_DATA: join(data, 'elsewhere'),
    SIGNALBOX_PUBLIC_URL: url,
    SIGNALBOX_ACCOUNT_SID: sid,
    SIGNALBOX_AUTH_TOKEN: token,
  }
  assert.equal((await run(['lanes'], env)).code, 0)
  assert.equal(asked.length, 1)
})

test('wrong usage says which help to ask for', async () => {
  for (const [args, hint] of [
    [['nonsense'], 'signalbox --help lists the commands'],
    [['optouts', 'add'], 'signalbox optouts add --help says more'],
    [['keys', 'nonsense'], 'signalbox keys list --help says more'],
    [['plan'], 'signalbox plan --help says more'],
  ] as const) {
    const { code, err } = await run([...args])
    assert.equal(code, 1)
    assert.ok(err.endsWith(`\n(${hint})\n`), err)
  }
})

test('messages are listed a line each, with how they failed and how to go on', async () => {
  const one = {
    id: '2'.repeat(32),
    kind: 'text',
    state: 'failed',
    from: 'ACME',
    to: '+447700900123',
    arrival: `${sid}/api`,
    bind: `${sid}/northern`,
    segments: 2,
    failure: { kind: 'permanent', code: 'unknown-subscriber', peer: 'ESME_RINVDSTADR' },
    acceptedAt: '2026-11-21T08:00:00.000Z',
  }
  answers['GET /api/v1/messages'] = { status: 200, body: { messages: [one], next: 'a1' } }
  const found = await run(['messages', '--to', '+447700900123', '--bind', 'northern', '--carrier-id', '17', '--limit', '1'])
  assert.deepEqual([found.code, found.err], [0, ''])
  assert.match(
    found.out,
    /^2026-11-21 08:00:00\.000 {2}SM2{32} {2}failed {2}ACME {2}\+447700900123 {2}api {4}northern +2 {2}unknown-subscriber: ESME_RINVDSTADR$/m,
  )
  assert.match(found.out, /--cursor a1/)
  assert.equal(asked[0]!.line, `GET /api/v1/messages?limit=1&to=%2B447700900123&carrierId=17&bind=${sid}%2Fnorthern`)
  answers['GET /api/v1/messages'] = { status: 200, body: { messages: [] } }
  assert.equal((await run(['messages', '--state', 'held'])).out, 'None found.\n')
})

test('what a peer wrote does nothing to the terminal that shows it, and is one line where it stands in one', async () => {
  const evil = '\u001b[2J\u009b31m\r\nSM0000 delivered\u0007'
  const message = {
    id: '0'.repeat(32), account: sid, kind: 'sms', direction: 'mt', state: 'failed', from: evil, to: '+447700900123', arrival: `${sid}/api`,
    segments: 1, acceptedAt: '2026-11-21T05:13:47.000Z', updatedAt: '2026-11-21T05:13:47.000Z', failure: { kind: 'permanent', code: 'rejected', peer: evil },
  } // prettier-ignore
  answers['GET /api/v1/messages'] = { status: 200, body: { messages: [message] } }
  const { code, out, err } = await run(['messages'])
  assert.equal(code, 0, err)
  assert.equal(out.trimEnd().split('\n').length, 2)
  assert.ok(out.includes('\\u001b[2J\\u009b31m\\u000d\\nSM0000 delivered\\u0007'), out)
  const { out: json } = await run(['messages', '--json'])
  assert.doesNotMatch(json, /[\u007f-\u009f]/)
  assert.equal((JSON.parse(json) as { messages: { from: string }[] }).messages[0]!.from, evil)
  answers['GET /api/v1/messages'] = { status: 400, body: { error: { code: 'invalid', message: `no such bind: ${evil}` } } }
  const refused = await run(['messages', '--bind', 'x'])
  assert.doesNotMatch(refused.err.replaceAll('\n', ''), /\p{Cc}/u)
})

test('what is no number of hours is refused before anyone is asked', async () => {
  for (const hours of ['x', '0', '-1', '1e9']) {
    const { code, err } = await run(['statistics', '--hours', hours])
    assert.deepEqual([code, err], [1, `--hours: expected a number above 0, at most 168, got ${hours}\n`])
  }
  assert.equal(asked.length, 0)
})

test('faults that are the whole message are told once', async () => {
  const fault = { path: 'handset', message: 'expected a number such as +447700900123' }
  for (const message of [fault.message, `handset: ${fault.message}`]) {
    answers['PUT /api/v1/optouts/ACME/nobody'] = { status: 400, body: { error: { code: 'invalid', message, faults: [fault] } } }
    const { err } = await run(['optouts', 'add', 'ACME', 'nobody'])
    assert.equal(err, `handset: ${fault.message}\n`)
  }
})

test('a refusal is told with every fault, and the token is never printed', async () => {
  answers['GET /api/v1/explain'] = {
    status: 400,
    body: { error: { code: 'invalid', message: 'What was sent does not hold.', faults: [{ path: 'to', message: 'expected an address' }] } },
  }
  const { code, out, err } = await run(['explain', '--to', 'x', '--from', 'y'])
  assert.equal(code, 1)
  assert.equal(err, 'What was sent does not hold.\n  to: expected an address\n')
  assert.equal(out.includes(token) || err.includes(token), false)
})

test("Twilio's errors are told with their code, a wrong token in plain words", async () => {
  const path = `POST /2010-04-01/Accounts/${sid}/Messages.json`
  answers[path] = { status: 400, body: { code: 21211, message: "Invalid 'To' Phone Number", status: 400 } }
  assert.equal((await run(['send', '--to', 'x', '--from', 'y', 'z'])).err, "Invalid 'To' Phone Number (21211)\n")
  answers[path] = { status: 401, body: { code: 20003 } }
  assert.match((await run(['send', '--to', 'x', '--from', 'y', 'z'])).err, /refuses account AC1+: wrong Account SID or Auth Token/)
})

test('plan sends only the variables that the document names, and prints what would change', async () => {
  const file = join(data, 'carrier.yaml')
  writeFileSync(file, 'accounts:\n  - id: root\n    binds: [{ id: mine, config: { password: "${CARRIER_PASSWORD}" } }]\n')
  answers['POST /api/v1/plan'] = {
    status: 200,
    body: {
      revision: 4,
      faults: [],
      changes: [
        { change: 'create', what: 'bind mine of root', fields: [{ field: 'policy.window', after: 10 }] },
        { change: 'update', what: 'route all of root', fields: [{ field: 'to', before: ['a'], after: ['mine'] }] },
        { change: 'delete', what: 'bind old of root', fields: [{ field: 'name', before: 'old' }] },
      ],
    },
  }
  const { code, out } = await run(['plan', '-f', file], { CARRIER_PASSWORD: 'hush', OTHER: 'never' })
  assert.equal(code, 0)
  assert.deepEqual((JSON.parse(asked[0]?.body ?? '{}') as { variables: unknown }).variables, { CARRIER_PASSWORD: 'hush' })
  assert.equal(
    out,
    [
      '+ create bind mine of root',
      '    policy.window: 10',
      '~ update route all of root',
      '    to: ["a"] → ["mine"]',
      '- delete bind old of root',
      '',
      `3 changes to make. Make them: npx signalbox apply -f ${file}`,
      '',
    ].join('\n'),
  )
})

test('export prints the document alone, of the own account or another', async () => {
  answers[`GET /api/v1/accounts/${sid}/document`] = {
    status: 200,
    body: { revision: 3, document: '# head\naccounts:\n  - id: root\n', variables: [] },
  }
  assert.deepEqual(await run(['export']), { code: 0, out: '# head\naccounts:\n  - id: root\n', err: '' })
  assert.equal(asked[0]?.line, `GET /api/v1/accounts/${sid}/document?secrets=masked`)
  const other = await run(['export', '--account', `AC${'2'.repeat(32)}`, '--secrets', 'variables'])
  assert.deepEqual([other.code, other.err], [1, 'There is nothing here.\n'])
  assert.equal(asked[1]?.line, `GET /api/v1/accounts/AC${'2'.repeat(32)}/document?secrets=variables`)
  assert.match((await run(['export', '--secrets', 'plain'])).err, /Allowed choices are masked, variables/)
})

test('apply changes nothing where the document has faults, and holds to the revision that it planned on', async () => {
  const file = join(data, 'carrier.yaml')
  writeFileSync(file, 'accounts: []\n')
  answers['POST /api/v1/plan'] = {
    status: 200,
    body: {
      revision: 4,
      changes: [],
      faults: [{ path: 'accounts[0].binds[1].config.port', message: 'expected 1–65535, got 99999', line: 7 }],
    },
  }
  const { code, err } = await run(['apply', '-f', file])
  assert.equal(code, 1)
  const asJson = await run(['plan', '-f', file, '--json'])
  assert.deepEqual([asJson.code, (JSON.parse(asJson.out) as { revision: number }).revision], [1, 4])
  asked.length = 1
  assert.match(err, /line 7: accounts\[0\]\.binds\[1\]\.config\.port: expected 1–65535, got 99999/)
  assert.deepEqual(
    asked.map((each) => each.line),
    ['POST /api/v1/plan'],
  )
  answers['POST /api/v1/plan'] = { status: 200, body: { revision: 4, changes: [], faults: [] } }
  answers['POST /api/v1/apply'] = { status: 200, body: { revision: 4, changes: [] } }
  assert.match((await run(['apply', '-f', file])).out, /Nothing to change/)
  assert.equal(asked.at(-1)?.line, 'POST /api/v1/apply?expected=4')
  asked.length = 0
  assert.equal((await run(['apply', '-f', '-'], {}, 'accounts: [typed]')).code, 0)
  const sent = asked.map(({ body }) => (JSON.parse(body) as { document: string }).document)
  assert.deepEqual(sent, ['accounts: [typed]', 'accounts: [typed]'], 'standard input is read once, for both')
})

test('a document that is not in UTF-8 is not read as something else', async () => {
  const file = join(data, 'latin1.yaml')
  writeFileSync(file, Buffer.from('accounts: [{ id: root, name: Müller }]', 'latin1'))
  const { code, err } = await run(['plan', '-f', file])
  assert.deepEqual([code, asked.length], [1, 0])
  assert.match(err, /latin1\.yaml is not in UTF-8/)
})

test('bad settings are told all at once', async () => {
  const { code, err } = await run(['start'], { SIGNALBOX_HTTP: 'nowhere', SIGNALBOX_DEMO: 'maybe' })
  assert.equal(code, 1)
  assert.match(err, /SIGNALBOX_HTTP: expected/)
  assert.match(err, /SIGNALBOX_DEMO: expected on or off/)
})

test('an unknown command and a missing option end with 1 and say what there is', async () => {
  const unknown = await run(['strat'])
  assert.equal(unknown.code, 1)
  assert.match(unknown.err, /unknown command 'strat'/)
  const missing = await run(['send', 'x'])
  assert.equal(missing.code, 1)
  assert.match(missing.err, /--to/)
})

test('start ends at once, and says why, where the data directory cannot be one', async () => {
  const file = join(data, 'credentials.json')
  const wrong: [string, RegExp][] = [
    ['/proc/nowhere/data', /data directory \/proc\/nowhere\/data cannot be made: name one by SIGNALBOX_DATA .*mkdir/],
    [file, /credentials\.json is no directory: name one by SIGNALBOX_DATA/],
    [join(file, 'below'), /below is no directory: name one by SIGNALBOX_DATA/],
    [`${data}\n`, /SIGNALBOX_DATA: expected a directory without line ends in its name, got ".*\\n"/],
    [join(data, 'x'.repeat(300)), /cannot be made: name one by SIGNALBOX_DATA .*ENAMETOOLONG/],
  ]
  for (const [SIGNALBOX_DATA, why] of wrong) {
    const { code, out, err } = await run(['start'], { SIGNALBOX_DATA })
    assert.deepEqual([code, out], [1, ''], SIGNALBOX_DATA)
    assert.match(err, why)
    assert.doesNotMatch(err, /^ +at /m, 'no stack')
  }
})

test('whoever reads only the first lines hears nothing of the rest, and an account may be named', async () => {
  answers['GET /api/v1/accounts'] = {
    status: 200,
    body: { accounts: [{ id: `AC${'2'.repeat(32)}`, name: 'Flower Shop', status: 'active' }] },
  }
  const lane = (n: number) => ({ bind: `AC${'2'.repeat(32)}/line-${n}`, paused: false, deliver: n, report: 0 })
  answers['GET /api/v1/lanes'] = { status: 200, body: { lanes: Array.from({ length: 20_000 }, (_, n) => lane(n)) } }
  const child = spawn(process.execPath, [main, 'lanes', '--all'], {
    env: { ...process.env, SIGNALBOX_DATA: data },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let err = ''
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  child.stdout.once('data', () => child.stdout.destroy())
  assert.deepEqual([await new Promise((resolve) => child.once('close', resolve)), err], [0, ''])

  answers['GET /api/v1/keys'] = { status: 200, body: { keys: [] } }
  assert.equal((await run(['keys', '--account', 'Flower Shop'])).code, 0)
  assert.equal(asked.at(-1)?.line, `GET /api/v1/keys?account=AC${'2'.repeat(32)}`)
  const none = await run(['keys', '--account', 'Nobody'])
  assert.deepEqual([none.code, none.err], [1, 'There is no account "Nobody": npx signalbox accounts lists them, with their SIDs.\n'])
})

test('an answer that breaks off, of a gateway that is stopped, is told as that', async () => {
  const torn = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
    response.write('{"lanes":', () => response.destroy())
  })
  await new Promise<void>((resolve) => torn.listen(0, '127.0.0.1', resolve))
  const { port } = torn.address() as AddressInfo
  const { code, err } = await run(['lanes'], { SIGNALBOX_HTTP: `127.0.0.1:${port}` })
  torn.close()
  assert.equal(code, 1)
  assert.match(
    err,
    /^The gateway at http:\/\/127\.0\.0\.1:\d+ broke off its answer: .*Whether it was done is not known: look, then ask again\.\n$/,
  )
})

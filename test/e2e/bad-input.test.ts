// What the gateway says to requests that cannot be served, in Twilio's words, and how it starts or
// does not: a real process over a real socket.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ourNumber } from '../bench/gateway.ts'
import { freePort } from '../bench/processes.ts'
import {
  ask,
  basic,
  create,
  messagesPath,
  reaches,
  root,
  signalbox,
  startNorthern,
  type Answer,
  type Credentials,
  type World,
  patienceMs,
} from './world.ts'

let world: World
const customer: Credentials = { sid: `AC${'a'.repeat(32)}`, token: 'a'.repeat(32) }
const below: Credentials = { sid: `AC${'b'.repeat(32)}`, token: 'b'.repeat(32) }
const narrow: Credentials = { sid: `AC${'c'.repeat(32)}`, token: 'c'.repeat(32) }
const good = { To: '+447700900123', From: ourNumber, Body: 'Hello' }

before(async () => {
  world = await startNorthern(`
    numbers: [{ number: '${ourNumber}' }]
    accounts:
      - id: ${customer.sid}
        name: customer
        token: ${customer.token}
        accounts:
          - { id: ${below.sid}, name: below, token: ${below.token} }
      - { id: ${narrow.sid}, name: narrow, token: ${narrow.token}, concurrency: 1, numbers: [{ number: '+15550001112' }] }`)
})
after(() => world?.close())

const post = (form: Record<string, string>, as: Credentials = root, suffix = '.json'): Promise<Answer> =>
  ask(world.setup, messagesPath(as.sid, suffix), { as, form })

function without(name: keyof typeof good): Record<string, string> {
  return Object.fromEntries(Object.entries(good).filter(([key]) => key !== name))
}

/** Status and code in JSON, and the same two in XML. */
async function refused(status: number, code: number, say: (suffix: string) => Promise<Answer>): Promise<void> {
  const json = await say('.json')
  assert.equal(json.status, status, json.text)
  assert.equal(json.json['code'], code, json.text)
  assert.equal(json.json['status'], status)
  assert.equal(json.json['more_info'], `https://www.twilio.com/docs/errors/${code}`)
  assert.ok(json.json['message'])
  for (const suffix of ['', '.xml']) {
    const xml = await say(suffix)
    assert.equal(xml.status, status, xml.text)
    assert.match(xml.headers.get('content-type') ?? '', /^application\/xml/)
    assert.match(xml.text, new RegExp(`<RestException><Code>${code}</Code>.*<Status>${status}</Status></RestException>`))
  }
}

describe('a message', () => {
  for (const [what, code, form] of [
    ['without a To', 21604, without('To')],
    ['without a From', 21603, without('From')],
    ['without a Body', 21602, without('Body')],
    ['with an empty Body', 21602, { ...good, Body: '' }],
    ['to a user whom nobody knows', 21612, { ...good, To: 'client:nobody' }],
    ['to no number', 21211, { ...good, To: 'my neighbour' }],
    ['to a number of no numbering plan', 21211, { ...good, To: '+999123456789' }],
    ['from no sender', 21212, { ...good, From: '<script>' }],
    ['from a number that is not ours', 21606, { ...good, From: '+15550009999' }],
    ['to its own sender', 21266, { ...good, To: '+447700900123', From: '+447700900123' }],
    ['to a country without a route', 21612, { ...good, To: '+33612345678' }],
    ['of 1,601 characters', 21617, { ...good, Body: 'x'.repeat(1601) }],
    ['of 1,601 characters beyond the BMP', 21617, { ...good, Body: '🚂'.repeat(1601) }],
    ['with a StatusCallback that is no URL', 21609, { ...good, StatusCallback: 'not a url' }],
    ['with a ValidityPeriod of no seconds', 21624, { ...good, ValidityPeriod: '0' }],
    ['to be sent in the past', 35114, { ...good, SendAt: '2001-01-01T00:00:00Z', ScheduleType: 'fixed' }],
  ] as const) {
    it(`${what} is refused with 400 and ${code}`, () => refused(400, code, (suffix) => post(form, root, suffix)))
  }

  it('of 1,600 characters is taken', async () => {
    const sid = await create(world.setup, { ...good, Body: 'x'.repeat(1600) })
    assert.equal((await reaches(world.setup, sid, 'delivered'))['num_segments'], '11')
  })

  it('that does not exist is 404 and 20404, whatever is asked of it', async () => {
    for (const method of ['GET', 'POST', 'DELETE'])
      await refused(404, 20404, (suffix) =>
        ask(world.setup, messagesPath(root.sid, `/SM${'0'.repeat(32)}${suffix}`), {
          as: root,
          method,
          ...(method === 'POST' ? { form: { Body: '' } } : {}),
        }),
      )
  })
})

describe('a request', () => {
  it('for a page that none has led to is 400 and 20422', async () => {
    for (const token of ['PAzz', "PA1';--", 'PA%00', `PA${'f'.repeat(40)}`])
      await refused(400, 20422, (suffix) => ask(world.setup, `${messagesPath(root.sid, suffix)}?PageToken=${token}`, { as: root }))
  })

  it('for the binds, routes or numbers of nobody, or of somebody else, is 404', async () => {
    for (const what of ['binds', 'routes', 'numbers']) {
      for (const sid of [root.sid, `AC${'0'.repeat(32)}`]) {
        const answer = await ask(world.setup, `/api/v1/${what}?account=${sid}`, { as: customer })
        assert.deepEqual(answer.json, { error: { code: 'absent', message: `There is no account ${sid}.` } })
        assert.equal(answer.status, 404)
      }
    }
  })

  it('without credentials is 401 and 20003, and says how to give them', async () => {
    await refused(401, 20003, (suffix) => ask(world.setup, messagesPath(root.sid, suffix), { form: good }))
    const answer = await ask(world.setup, messagesPath(root.sid), { form: good })
    assert.match(answer.headers.get('www-authenticate') ?? '', /^Basic realm=/)
  })

  it('to another account than its own and those below is 401 and 20003, whether it exists or not', async () => {
    for (const account of [root.sid, narrow.sid, `AC${'9'.repeat(32)}`, 'ACnonsense'])
      await refused(401, 20003, (suffix) => ask(world.setup, messagesPath(account, suffix), { as: customer, form: good }))
  })

  it('with a malformed form is 400 and 20422', async () => {
    for (const body of ['To=%ZZ', 'To=%C3%28', '%', 'Body=%E0%A4%A'])
      await refused(400, 20422, (suffix) =>
        ask(world.setup, messagesPath(root.sid, suffix), {
          as: root,
          body,
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
        }),
      )
  })

  it('of another content type is 400 and 20422', async () => {
    await refused(400, 20422, (suffix) => ask(world.setup, messagesPath(root.sid, suffix), { as: root, json: good }))
  })

  it('with an oversized body is 413 and 20413, its length told beforehand or not', async () => {
    await refused(413, 20413, (suffix) => post({ ...good, Body: 'x'.repeat(70_000) }, root, suffix))
    const chunked = await streamed(70_000)
    assert.equal(chunked, 413)
  })

  it('of a wrong method is 405 and 20004', async () => {
    await refused(405, 20004, (suffix) => ask(world.setup, messagesPath(root.sid, suffix), { as: root, method: 'DELETE' }))
    await refused(405, 20004, (suffix) => ask(world.setup, messagesPath(root.sid, suffix), { as: root, method: 'PUT', form: good }))
  })

  it('of an unknown path is 404 and 20404', async () => {
    for (const path of ['Nothing', 'Messages/x/y/z', `Messages/SM${'1'.repeat(32)}/Nothing`])
      await refused(404, 20404, (suffix) => ask(world.setup, `/2010-04-01/Accounts/${root.sid}/${path}${suffix}`, { as: root }))
    const other = await ask(world.setup, '/nothing/here', { as: root })
    assert.equal(other.status, 404)
  })

  it('beyond the concurrency of its account is 429 and 20429, and those before it are served', async () => {
    const own = { ...good, From: '+15550001112' }
    const answers = await Promise.all(Array.from({ length: 30 }, () => post(own, narrow)))
    const statuses = answers.map(({ status }) => status)
    const turnedAway = answers.filter(({ status }) => status === 429)
    assert.ok(turnedAway.length > 0, statuses.join())
    for (const { json } of turnedAway) assert.equal(json['code'], 20429)
    assert.ok(statuses.includes(201))
    assert.equal(new Set(statuses).size, 2, 'nothing but 201 and 429')
    assert.equal((await post(own, narrow)).status, 201, 'the places are free again')
  })
})

describe('a suspended account', () => {
  it('and every account below it is refused with 403 and 20005 until it is active again', async () => {
    const suspended = await ask(world.setup, `/api/v1/accounts/${customer.sid}`, {
      as: root,
      method: 'PUT',
      json: { status: 'suspended' },
    })
    assert.equal(suspended.status, 200, suspended.text)
    for (const who of [customer, below]) {
      await refused(403, 20005, (suffix) => post(good, who, suffix))
      await refused(403, 20005, (suffix) => ask(world.setup, messagesPath(who.sid, suffix), { as: who }))
      assert.equal((await ask(world.setup, '/api/v1/accounts', { as: who })).status, 403)
    }
    await ask(world.setup, `/api/v1/accounts/${customer.sid}`, { as: root, method: 'PUT', json: { status: 'active' } })
    assert.equal((await ask(world.setup, messagesPath(below.sid), { as: below })).status, 200)
  })
})

describe('wrong credentials', () => {
  it('cost more and more time, and the right ones are still served at once', async () => {
    const guess = async (): Promise<number> => {
      const startedAt = performance.now()
      const answer = await ask(world.setup, messagesPath(root.sid), { as: { sid: root.sid, token: 'f'.repeat(32) } })
      assert.equal(answer.status, 401)
      return performance.now() - startedAt
    }
    const took: number[] = []
    for (let i = 0; i < 9; i++) took.push(await guess())
    assert.ok(took.at(-1)! > 300, `the ninth took ${took.at(-1)} ms`)
    const right: number[] = []
    // The quickest of some: the machine may be busy elsewhere.
    for (let i = 0; i < 5; i++) {
      const startedAt = performance.now()
      assert.equal((await ask(world.setup, messagesPath(root.sid), { as: root })).status, 200)
      right.push(performance.now() - startedAt)
    }
    assert.ok(Math.min(...right) < 300 && Math.min(...took) < 300, `${right.join(' ')} and ${took.join(' ')} ms`)
  })
})

describe('a document', () => {
  it('with faults is refused whole, each fault with its line, path and what would be right', async () => {
    const newest = await ask(world.setup, '/api/v1/revisions?limit=1', { as: root })
    const file = join(world.setup.data, 'faults.yaml')
    await writeFile(
      file,
      `accounts:
  - id: root
    weigth: 2
    binds:
      - { id: a b, connector: smpp, config: { host: x, systemId: x } }
      - { id: c, connector: smqp, config: {} }
      - { id: d, connector: smpp, config: { host: x, systemId: x, port: 0 }, policy: { window: 0 } }
    numbers: [{ number: '0800' }, { number: '+15550001234', bind: gone }]
    routes:
      - { id: r, prefix: 'forty-four', to: [northern] }
      - { id: s, prefix: '+45', to: [nowhere] }
`,
    )
    const { code, out } = await signalbox(['apply', '-f', file], world.setup.env)
    assert.equal(code, 1)
    for (const told of [
      /line 3.*weigth/,
      /line 5.*accounts\[0\]\.binds\[0\]\.id/,
      /line 6.*smqp/,
      /line 7.*config\.port.*1.65535.*0/,
      /line 7.*policy\.window/,
      /gone/,
      /line 10.*prefix.*forty-four/,
      /line 11.*nowhere/,
    ])
      assert.match(out, told)
    const now = await ask(world.setup, '/api/v1/revisions?limit=1', { as: root })
    assert.deepEqual(now.json, newest.json, 'nothing was applied')
  })

  it('that is no YAML says where', async () => {
    const file = join(world.setup.data, 'torn.yaml')
    await writeFile(file, 'accounts:\n  - id: root\n    binds: [\n')
    const { code, out } = await signalbox(['plan', '-f', file], world.setup.env)
    assert.equal(code, 1)
    assert.match(out, /line [34]/)
    assert.doesNotMatch(out, /at .*\.js:\d/, 'no stack trace')
  })

  it('with a variable that is not set says which', async () => {
    const file = join(world.setup.data, 'variable.yaml')
    await writeFile(file, "accounts:\n  - id: root\n    name: '${NO_SUCH_VARIABLE}'\n")
    const { code, out } = await signalbox(['plan', '-f', file], world.setup.env)
    assert.equal(code, 1)
    assert.match(out, /NO_SUCH_VARIABLE/)
  })
})

describe('a start', () => {
  it('on a data directory that is in use is refused at once, in clear words', async () => {
    const { code, out, took } = await signalbox(['start'], { ...world.setup.env, SIGNALBOX_HTTP: `127.0.0.1:${await freePort()}` })
    assert.equal(code, 1)
    assert.match(out, /is in use by another Signalbox/)
    assert.doesNotMatch(out, /at .*\.js:\d/, 'no stack trace')
    assert.ok(took < patienceMs)
    assert.equal((await ask(world.setup, '/health')).status, 200, 'the first goes on')
  })

  it('with settings that cannot be is refused, every one of them told', async () => {
    const { code, out } = await signalbox(['start'], {
      ...world.setup.env,
      SIGNALBOX_HTTP: 'everywhere',
      SIGNALBOX_LOG: 'loud',
      SIGNALBOX_AUTH_TOKEN: 'too-short',
      SIGNALBOX_KEY: 'key-that-is-none',
    })
    assert.equal(code, 1)
    for (const name of ['SIGNALBOX_HTTP', 'SIGNALBOX_LOG', 'SIGNALBOX_AUTH_TOKEN', 'SIGNALBOX_KEY']) assert.match(out, new RegExp(name))
    assert.doesNotMatch(out, /too-short|key-that-is-none/, 'secrets are not repeated')
  })
})

/** A POST of so many bytes without a Content-Length; its status. */
function streamed(bytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const asking = request(
      {
        host: '127.0.0.1',
        port: world.setup.httpPort,
        path: messagesPath(root.sid),
        method: 'POST',
        headers: { authorization: basic(root), 'content-type': 'application/x-www-form-urlencoded' },
      },
      (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      },
    )
    asking.on('error', reject)
    asking.write(`To=1&Body=${'x'.repeat(bytes / 2)}`)
    asking.end('y'.repeat(bytes / 2))
  })
}

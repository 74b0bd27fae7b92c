// Every route of the admin API against the document that describes it: called for real, over HTTP,
// on real operations and a real store; each answer checked with the schema that the gateway serves.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { smpp } from '../../../plugins/smpp/index.ts'
import { twilio } from '../../../plugins/twilio/index.ts'
import { idSource } from '../../ids.ts'
import type { MessageState } from '../../model/life.ts'
import type { Message } from '../../model/message.ts'
import type { Connector } from '../../plugin.ts'
import { basic, listen, root, token } from '../fixture.ts'
import { endpoints } from './api.ts'

interface Document {
  openapi: string
  paths: Record<
    string,
    Record<
      string,
      {
        operationId: string
        responses: Record<string, { content?: Record<string, { schema: unknown }> }>
        parameters: { name: string; in: string }[]
      }
    >
  >
  components: { responses: { Error: { content: Record<string, { schema: unknown }> } } }
}
type JsonSchema = Parameters<typeof z.fromJSONSchema>[0]

let house: Awaited<ReturnType<typeof listen>>
let document: Document
let sub: string
let subToken: string
const ids = idSource(Date.now)
/** operationIds that some test got an answer of. */
const walked = new Set<string>()

before(async () => {
  house = await listen({ connectors: [smpp, twilio] as unknown as Connector[] })
  document = (await (await fetch(`${house.url}/api/openapi.json`)).json()) as Document
})
after(() => house.close())

interface Answer {
  status: number
  headers: Headers
  body: Record<string, unknown> & { error?: { code: string; message: string; faults?: { path: string; message: string }[] } }
}

/** Calls `METHOD /path`, checks the answer against the document, and notes the operation as walked. */
async function call(line: string, body?: unknown, authorization = basic(root, token)): Promise<Answer> {
  const [method = '', path = ''] = line.split(' ')
  const response = await fetch(`${house.url}/api/v1${path}`, {
    method,
    headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const answer = { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] }
  const operation = operationOf(method, path)
  const described = response.ok ? operation?.responses[response.status]?.content : document.components.responses.Error.content
  const schema = described?.['application/json']?.schema
  assert.ok(schema !== undefined, `${line} → ${response.status} is not in the document`)
  const checked = z.fromJSONSchema(schema as JsonSchema).safeParse(answer.body)
  assert.ok(checked.success, `${line} → ${JSON.stringify(answer.body)}\n${checked.error?.message}`)
  if (response.ok && operation) walked.add(operation.operationId)
  return answer
}

function operationOf(method: string, path: string): Document['paths'][string][string] | undefined {
  const [bare = ''] = path.split('?')
  const fits = Object.entries(document.paths).find(([pattern]) => new RegExp(`^${pattern.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(bare))
  return fits?.[1][method.toLowerCase()]
}

const view = (answer: Answer): Record<string, unknown> => answer.body['view'] as Record<string, unknown>

async function storeMessage(state: MessageState, more: Partial<Message> = {}): Promise<string> {
  const now = Date.now()
  const id = ids.next()
  const message: Message = {
    id,
    account: root,
    direction: 'mt',
    arrival: `${root}/api`,
    from: { value: '+15005550006', ton: 'international', npi: 'e164' },
    to: { value: '+447700900123', ton: 'international', npi: 'e164' },
    body: { kind: 'text', text: 'never shown' },
    priority: 1,
    receipt: 'both',
    acceptedAt: now,
    validUntil: now + 86_400_000,
    segments: 1,
    ...more,
  }
  const decision = { revision: 1, candidates: [{ bind: `${root}/northern`, why: 'first' }], failoverOnReceipt: false, tried: [] }
  const ended = state !== 'queued'
  await house.store.accept({
    message,
    decision,
    life: { state, segments: [], attempts: 0, updatedAt: now, ...(ended ? { finalAt: now } : {}) },
    entries: [{ at: now, what: 'accepted', via: message.arrival }],
    ...(ended ? { ended: { counts: [] } } : { queue: { lane: `${root}/northern`, due: now + 3_600_000, candidate: 0 } }),
  })
  return id
}

test('the document lists exactly the routes that there are, each with its parameters', () => {
  assert.equal(document.openapi, '3.1.0')
  const described = Object.entries(document.paths).flatMap(([path, verbs]) => Object.keys(verbs).map((verb) => `${verb} ${path}`))
  assert.deepEqual(described.toSorted(), endpoints.map((each) => `${each.verb} ${each.path}`).toSorted())
  for (const [path, verbs] of Object.entries(document.paths)) {
    for (const operation of Object.values(verbs)) {
      const inPath = operation.parameters.filter((each) => each.in === 'path').map((each) => `{${each.name}}`)
      assert.deepEqual(path.match(/\{\w+\}/g) ?? [], inPath, path)
    }
  }
  const operationIds = endpoints.map((each) => each.id)
  assert.equal(new Set(operationIds).size, operationIds.length, 'operationIds are unique')
})

test('without the right credentials there is nothing but 401', async () => {
  for (const wrong of [basic(root, 'f'.repeat(32)), basic(`AC${'9'.repeat(32)}`, token), 'Bearer x']) {
    const answer = await call('GET /accounts', undefined, wrong)
    assert.equal(answer.status, 401)
    assert.match(answer.headers.get('www-authenticate') ?? '', /^Basic /)
  }
})

test('accounts: created once with a token, changed, moved, their token rotated', async () => {
  const created = await call('POST /accounts', { name: 'Sub one' })
  assert.equal(created.status, 201)
  sub = String(view(created)['id'])
  subToken = String(view(created)['token'])
  assert.match(subToken, /^[0-9a-f]{32}$/)
  assert.equal(view(created)['parent'], root)
  const shown = await call(`GET /accounts/${sub}`)
  assert.notEqual(shown.body['token'], subToken, 'masked from then on')
  assert.equal((await call('GET /accounts', undefined, basic(sub, subToken))).status, 200)
  const listed = (await call('GET /accounts')).body['accounts'] as { id: string }[]
  assert.deepEqual(
    listed.map((each) => each.id),
    [root, sub],
  )
  const renamed = await call(`PUT /accounts/${sub}`, { name: 'Renamed', concurrency: 50 })
  assert.equal(view(renamed)['name'], 'Renamed')
  assert.equal(
    (await call(`PUT /accounts/${sub}`, { name: 'Renamed', concurrency: 50 })).body['changed'],
    false,
    'the same again is no change',
  )
  const second = String(view(await call('POST /accounts', { name: 'Sub two' }))['id'])
  assert.equal(view(await call(`PUT /accounts/${second}/parent`, { parent: sub }))['parent'], sub)
  assert.equal((await call(`PUT /accounts/${sub}/parent`, { parent: second })).status, 400, 'no circle')
  const rotated = await call(`POST /accounts/${sub}/token`)
  assert.equal((await call('GET /accounts', undefined, basic(sub, subToken))).status, 401)
  subToken = String(view(rotated)['token'])
  assert.equal((await call('GET /accounts', undefined, basic(sub, subToken))).status, 200)
})

test('binds: a put twice leaves one, secrets are masked, what is in use stays, what is unknown is 404', async () => {
  const input = {
    connector: 'smpp',
    config: { host: '127.0.0.1', port: 2775, systemId: 'me', password: 'hushhush' },
    policy: { window: 5 },
  }
  const first = await call('PUT /binds/northern', input)
  assert.equal(first.status, 201)
  assert.doesNotMatch(JSON.stringify(first.body), /hushhush/)
  const again = await call('PUT /binds/northern', input)
  assert.equal(again.status, 200)
  assert.equal(again.body['changed'], false)
  assert.equal(again.body['revision'], first.body['revision'])
  const shown = await call('GET /binds/northern')
  assert.equal((shown.body['policy'] as { window: number }).window, 5)
  assert.doesNotMatch(JSON.stringify(shown.body), /hushhush/)
  const masked = await call('PUT /binds/northern', { ...input, config: shown.body['config'] })
  assert.equal(masked.body['changed'], false, 'the mask given back keeps the password')
  const listed = (await call('GET /binds')).body['binds'] as { id: string }[]
  assert.deepEqual(listed.map((each) => each.id).toSorted(), ['api', 'northern'])
  assert.equal((await call('GET /binds/nowhere')).status, 404)
  assert.equal((await call('DELETE /binds/nowhere')).status, 404)
  assert.equal((await call('PUT /binds/spare', { ...input, config: { ...input.config, systemId: 'spare' } })).status, 201)
  assert.equal((await call('DELETE /binds/spare')).status, 200)
  assert.equal((await call('GET /binds/spare')).status, 404)
})

test('a bind that does not hold is refused with every fault at once, in words', async () => {
  const answer = await call('PUT /binds/bad', { connector: 'smpp', config: { port: 99_999, hots: 'x' }, policy: { window: 0 } })
  assert.equal(answer.status, 400)
  const paths = answer.body.error?.faults?.map((fault) => fault.path) ?? []
  for (const path of ['config.port', 'config.host', 'config.systemId', 'policy.window'])
    assert.ok(paths.includes(path), `${path} in ${paths.join(', ')}`)
  assert.equal((await call('GET /binds/bad')).status, 404)
})

test('routes and numbers: put, list, get, delete', async () => {
  assert.equal((await call('PUT /routes/default', { prefix: '', to: ['northern'] })).status, 201)
  assert.equal(
    (
      await call('PUT /routes/uk', {
        prefix: '+44',
        to: ['northern'],
        time: { days: ['mon'], from: '08:00', to: '18:00', zone: 'Europe/London' },
      })
    ).status,
    201,
  )
  const routes = (await call('GET /routes')).body['routes'] as { id: string }[]
  assert.deepEqual(routes.map((each) => each.id).toSorted(), ['default', 'uk'])
  assert.equal((await call('GET /routes/uk')).body['prefix'], '+44')
  assert.equal((await call('DELETE /binds/northern')).status, 409, 'a route needs it')
  assert.equal((await call('DELETE /routes/uk')).status, 200)
  assert.equal((await call('GET /routes/uk')).status, 404)
  const number = encodeURIComponent('+15005550006')
  assert.equal((await call(`PUT /numbers/${number}`, { settings: { smsUrl: 'https://example.com/sms' } })).status, 201)
  assert.equal((await call(`GET /numbers/${number}`)).body['number'], '+15005550006')
  assert.equal(((await call('GET /numbers')).body['numbers'] as unknown[]).length, 1)
  assert.equal((await call(`DELETE /numbers/${number}`)).status, 200)
  assert.equal((await call(`DELETE /numbers/${number}`)).status, 404)
})

test('a document is planned without a change, applied whole, and then changes nothing', async () => {
  const text = `accounts:\n  - id: root\n    routes:\n      - { id: germany, prefix: "+49", to: [northern] }\n`
  const planned = await call('POST /plan', { document: text })
  assert.equal((planned.body['changes'] as unknown[]).length, 1)
  assert.equal((await call('GET /routes/germany')).status, 404)
  assert.equal((await call('POST /apply?expected=1', { document: text })).status, 409)
  assert.equal((await call('POST /apply', { document: text })).status, 200)
  assert.equal((await call('GET /routes/germany')).status, 200)
  assert.deepEqual((await call('POST /apply', { document: text })).body['changes'], [])
  const faulty = await call('POST /apply', {
    document: 'accounts:\n  - id: root\n    routes:\n      - { id: france, prefix: "+33", to: [nowhere] }\n',
  })
  assert.equal(faulty.status, 400)
  assert.match(JSON.stringify(faulty.body.error?.faults), /nowhere/)
  const [newest] = (await call('GET /revisions?limit=1')).body['revisions'] as { author: string; changes: { key: string }[] }[]
  assert.equal(newest?.author, root)
  assert.match(newest?.changes[0]?.key ?? '', /germany/)
})

test('messages: searched, fetched, traced without their body, canceled, redacted, deleted', async () => {
  const waiting = await storeMessage('queued')
  const ended = await storeMessage('failed')
  const found = (await call('GET /messages?limit=1')).body
  assert.deepEqual(
    (found['messages'] as { id: string }[]).map((each) => each.id),
    [ended],
    'newest first',
  )
  const next = (await call(`GET /messages?limit=1&cursor=${encodeURIComponent(String(found['next']))}`)).body
  assert.deepEqual(
    (next['messages'] as { id: string }[]).map((each) => each.id),
    [waiting],
  )
  assert.equal(((await call('GET /messages?state=failed&to=%2B447700900123')).body['messages'] as unknown[]).length, 1)
  assert.equal((await call(`GET /messages/SM${waiting}`)).body['state'], 'queued', 'with or without SM')
  const traced = await call(`GET /messages/${waiting}/trace`)
  assert.equal((traced.body['entries'] as { what: string }[])[0]?.what, 'accepted')
  assert.doesNotMatch(JSON.stringify(traced.body), /never shown/)
  assert.equal((await call(`POST /messages/${waiting}/release`, { how: 'resend' })).status, 409)
  assert.equal((await call(`POST /messages/${waiting}/redact`)).status, 409)
  assert.equal((await call(`DELETE /messages/${waiting}`)).status, 409)
  assert.equal((await call(`POST /messages/${waiting}/cancel`)).status, 200)
  assert.equal((await call(`POST /messages/${waiting}/cancel`)).status, 409)
  assert.equal((await call(`POST /messages/${ended}/redact`)).status, 200)
  assert.equal((await call(`GET /messages/${ended}`)).body['redacted'], true)
  assert.equal((await call(`DELETE /messages/${ended}`)).status, 200)
  assert.equal((await call(`GET /messages/${ended}`)).status, 404)
  for (const line of [`GET /messages/${'0'.repeat(32)}`, `POST /messages/${'0'.repeat(32)}/cancel`])
    assert.equal((await call(line)).status, 404)
  assert.equal((await call('GET /messages/nonsense')).status, 400)
})

test('a held message is released', async () => {
  const { id, run } = await heldMessage()
  assert.equal(run, true)
  assert.equal((await call(`POST /messages/${id}/release`, { how: 'fail' })).status, 200)
  assert.equal((await call(`GET /messages/${id}`)).body['state'], 'failed')
})

/** On the lane, claimed, and settled as held. */
async function heldMessage(): Promise<{ id: string; run: boolean }> {
  const now = Date.now()
  const id = ids.next()
  const address = (value: string): Message['to'] => ({ value, ton: 'international', npi: 'e164' })
  const lane = `${root}/northern`
  const message: Message = {
    id,
    account: root,
    direction: 'mt',
    arrival: `${root}/api`,
    from: address('+15005550006'),
    to: address('+447700900999'),
    body: { kind: 'text', text: 'held' },
    priority: 1,
    receipt: 'none',
    acceptedAt: now,
    validUntil: now + 60_000,
    segments: 1,
  }
  const life = { state: 'queued' as const, segments: [], attempts: 0, updatedAt: now }
  const decision = { revision: 1, candidates: [{ bind: lane, why: 'first' }], failoverOnReceipt: false, tried: [] }
  await house.store.accept({ message, decision, life, entries: [], queue: { lane, due: now, candidate: 0 } })
  const [run] = await house.store.claim(lane, 1)
  const item = run?.items[0]
  if (!run || !item) return { id, run: false }
  const transition = { message: id, life: { ...life, state: 'held' as const }, entries: [], counts: [] }
  await house.store.settle({ token: run.token, item: item.id, kind: 'deliver', transition })
  return { id, run: true }
}

test('explain tells the decision and sends nothing; what is no address is told', async () => {
  const answer = await call('GET /explain?from=%2B15005550006&to=%2B447700900123')
  const { candidates } = answer.body['decision'] as { candidates: { bind: string }[] }
  assert.deepEqual(
    candidates.map((each) => each.bind),
    [`${root}/northern`],
  )
  const bad = await call('GET /explain?from=%2B15005550006&to=%2B1')
  assert.equal(bad.status, 400)
  assert.deepEqual(
    bad.body.error?.faults?.map((fault) => fault.path),
    ['to'],
  )
})

test('lanes: listed, paused, resumed, purged', async () => {
  await storeMessage('queued')
  await storeMessage('queued', { from: { value: 'BRAND', ton: 'alphanumeric', npi: 'unknown' } })
  const lanes = (await call('GET /lanes')).body['lanes'] as { bind: string; deliver: number }[]
  assert.equal(lanes.find((each) => each.bind === `${root}/northern`)?.deliver, 2)
  assert.equal((await call('POST /lanes/northern/pause')).body['changed'], true)
  assert.equal((await call('POST /lanes/northern/pause')).body['changed'], false)
  assert.equal(((await call('POST /lanes/northern/resume')).body['lane'] as { paused: boolean }).paused, false)
  assert.equal((await call('POST /lanes/northern/purge', { from: 'BRAND' })).body['purged'], 1)
  assert.equal((await call('POST /lanes/northern/purge', {})).body['purged'], 1)
  assert.equal((await call('POST /lanes/nowhere/pause')).status, 404)
})

test('statistics and sessions', async () => {
  const { binds } = (await call('GET /statistics?series=true')).body as unknown as {
    binds: { bind: string; sums: Record<string, number> }[]
  }
  assert.equal(
    binds.some((each) => each.bind === `${root}/northern`),
    true,
  )
  assert.equal((await call('GET /sessions')).status, 200)
  assert.equal((await call('GET /statistics?from=2020-01-01T00:00:00Z&to=2026-01-01T00:00:00Z')).status, 400, 'at most seven days')
})

test('traces of a bind: started, read, followed to their end, saved for Wireshark, stopped', async () => {
  const ear = house.traces.ear(`${root}/northern`)
  const connection = { local: { address: '127.0.0.1', port: 40_000 }, remote: { address: '127.0.0.1', port: 2775 } }
  const pdu = Buffer.from('00000010000000150000000000000007', 'hex')
  assert.equal((await call('GET /binds/northern/trace')).status, 404)
  for (const wrong of [{ seconds: 0 }, { seconds: 3601 }, { pdus: 100_001 }, { pdus: 1.5 }, { bodies: 'yes' }, { minutes: 1 }]) {
    assert.equal((await call('POST /binds/northern/trace', wrong)).status, 400, JSON.stringify(wrong))
  }
  assert.equal((await call('POST /binds/northern/trace', { pdus: 2, bodies: true })).status, 200)
  assert.equal((await call('POST /binds/northern/trace', {})).body.error?.code, 'in-use')
  ear.record('out', pdu, connection)
  const read = (await call('GET /binds/northern/trace')).body as unknown as { lines: { title: string }[]; next: number; missed: number }
  assert.deepEqual([read.lines[0]?.title, read.next, read.missed], ['enquire_link', 1, 0])
  assert.deepEqual((await call('GET /binds/northern/trace?after=1')).body['lines'], [])

  const streamed = (path: string): Promise<Response> =>
    fetch(`${house.url}/api/v1${path}`, { headers: { authorization: basic(root, token) } })
  const following = await streamed('/binds/northern/trace/lines')
  assert.equal(following.headers.get('content-type'), 'application/x-ndjson')
  ear.record('in', pdu, connection)
  const lines = (await following.text()).trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line) as { direction?: string; ended?: string }).map(({ direction, ended }) => direction ?? ended),
    ['out', 'in', '2 PDUs are recorded'],
  )
  const capture = await streamed('/binds/northern/trace.pcap')
  assert.equal(capture.headers.get('content-type'), 'application/vnd.tcpdump.pcap')
  assert.equal(Buffer.from(await capture.arrayBuffer()).readUInt32LE(0), 0xa1b2_c3d4)
  for (const id of ['followTrace', 'captureTrace']) walked.add(id)

  assert.equal((await call('DELETE /binds/northern/trace')).body['running'], false)
  assert.equal((await call('DELETE /binds/northern/trace?forget=true')).status, 200)
  assert.equal((await call('DELETE /binds/northern/trace')).status, 404)
  assert.equal((await streamed('/binds/northern/trace.pcap')).status, 404)
})

test('a trace that nobody follows any more leaves nothing waiting, and holds up no end of the server', async () => {
  await call('POST /binds/northern/trace', {})
  const gone = new AbortController()
  const following = await fetch(`${house.url}/api/v1/binds/northern/trace/lines`, {
    headers: { authorization: basic(root, token) },
    signal: gone.signal,
  })
  gone.abort()
  await assert.rejects(following.text(), { name: 'AbortError' })
  assert.equal((await call('DELETE /binds/northern/trace?forget=true')).status, 200)
})

test('a sub-account neither sees nor changes anything above it or beside it', async () => {
  const below = basic(sub, subToken)
  const id = await storeMessage('failed')
  for (const line of [
    `GET /accounts/${root}`,
    `GET /binds/northern?account=${root}`,
    `GET /routes/default?account=${root}`,
    `GET /messages/${id}`,
    `GET /messages/${id}/trace`,
    `POST /messages/${id}/redact`,
    `DELETE /messages/${id}`,
    `DELETE /routes/default?account=${root}`,
    `POST /lanes/northern/pause?account=${root}`,
    `POST /binds/northern/trace?account=${root}`,
    `GET /binds/northern/trace?account=${root}`,
    `DELETE /binds/northern/trace?account=${root}`,
    `GET /binds/northern/trace/lines?account=${root}`,
    `GET /binds/northern/trace.pcap?account=${root}`,
  ]) {
    const answer = await call(line, undefined, below)
    assert.equal(answer.status, 404, line)
  }
  assert.equal(
    (await call(`PUT /binds/theirs?account=${root}`, { connector: 'smpp', config: { host: 'x', systemId: 'y' } }, below)).status,
    404,
  )
  assert.deepEqual((await call('GET /messages', undefined, below)).body['messages'], [])
  assert.equal((await call(`GET /messages/${id}`)).status, 200, 'it is still there')
})

test('a suspended account, and one below it, may do nothing', async () => {
  await call(`PUT /accounts/${sub}`, { status: 'suspended' })
  const answer = await call('GET /accounts', undefined, basic(sub, subToken))
  assert.equal(answer.status, 403)
  assert.equal(answer.body.error?.code, 'suspended')
})

test('wrong verbs, paths and bodies have their status', async () => {
  const wrong = await call('DELETE /explain')
  assert.equal(wrong.status, 405)
  assert.equal(wrong.headers.get('allow'), 'GET')
  assert.equal((await call('GET /nowhere')).status, 404)
  assert.equal((await call('POST /plan', '{"document":')).status, 400)
  assert.equal((await call('POST /plan', '[1]')).status, 400)
  assert.equal((await call('POST /plan', JSON.stringify({ document: 'x'.repeat(5_000_000) }))).status, 413)
  const query = await call('GET /messages?limit=0&colour=red')
  assert.equal(query.status, 400)
  assert.deepEqual(query.body.error?.faults?.map((fault) => fault.path).toSorted(), ['colour', 'limit'])
  assert.equal((await call('GET /binds/%E0%A4%A')).status, 400)
})

test('every route was walked with success', () => {
  assert.deepEqual(
    endpoints.map((each) => each.id).filter((id) => !walked.has(id)),
    [],
  )
})

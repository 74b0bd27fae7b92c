// What is counted, recorded and told of messages: CDRs and their webhook, scheduling, expiry,
// statistics, and the author of each change.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { ourNumber } from '../bench/gateway.ts'
import {
  ask,
  bindTo,
  cdrLines,
  cdrsOf,
  create,
  eventually,
  messagesPath,
  reaches,
  root,
  sleep,
  startHooks,
  startWorld,
  type Credentials,
  type Hook,
  type World,
} from './world.ts'

let world: World
const callbacks = await startHooks()
/** What the CDR webhook answers; silence is no answer at all. */
const silence = 0
/** 200, and more than anybody reads. */
const longPage = 1
let hookStatus = 204
const cdrHooks = await startHooks((_hook, response) => {
  if (hookStatus === longPage) response.writeHead(200).end('x'.repeat(1_000_000))
  else if (hookStatus !== silence) response.writeHead(hookStatus).end()
})

const customer: Credentials = { sid: `AC${'a'.repeat(32)}`, token: 'a'.repeat(32) }
const bulk: Credentials = { sid: `AC${'b'.repeat(32)}`, token: 'b'.repeat(32) }
const numbers = new Map([
  [root.sid, ourNumber],
  [customer.sid, '+15550002222'],
  [bulk.sid, '+15550003333'],
])

before(async () => {
  world = await startWorld(
    {
      northern: { receipts: { delay: 5 }, fail: [{ destination: '*0021', state: 'UNDELIV', error: '001' }] },
    },
    {},
    (carriers) => `
    privateWebhooks: true
    binds:
      - ${bindTo(carriers, 'northern')}
      - { id: parked, connector: smpp, paused: true, config: { host: 127.0.0.1, port: 9, systemId: x } }
    numbers: [{ number: '${ourNumber}' }]
    routes:
      - { id: uk, prefix: '+44', to: [northern] }
      - { id: france, prefix: '+33', to: [parked] }
    accounts:
      - { id: ${customer.sid}, name: customer, token: ${customer.token}, privateWebhooks: true, cdrUrl: '${cdrHooks.url}/cdr', numbers: [{ number: '+15550002222' }] }
      - { id: ${bulk.sid}, name: bulk, token: ${bulk.token}, numbers: [{ number: '+15550003333' }] }
`,
  )
})

after(async () => {
  await world?.close()
  callbacks.close()
  cdrHooks.close()
})

const send = (to: string, more: Record<string, string> = {}, as: Credentials = root): Promise<string> =>
  create(world.setup, { To: to, From: numbers.get(as.sid)!, Body: 'x', ...more }, as)

const callbacksOf = (sid: string): Hook[] => callbacks.got.filter(({ form }) => form['MessageSid'] === sid)

it('writes one CDR for each message that ended, however it ended, their sequence rising', async () => {
  const sids = await Promise.all(Array.from({ length: 40 }, (_, i) => send(`+4477009${20_100 + i}`)))
  const failed = await Promise.all(Array.from({ length: 4 }, () => send('+447700900021')))
  const lines = await cdrsOf(world.setup, [...sids, ...failed])
  assert.equal(lines.length, 44)
  assert.ok(lines.every((line, i) => i === 0 || line.sequence > lines[i - 1]!.sequence))
  const stateOf = new Map(lines.map((line) => [line.message, line.state]))
  for (const sid of sids) assert.equal(stateOf.get(sid.slice(2)), 'delivered')
  for (const sid of failed) assert.equal(stateOf.get(sid.slice(2)), 'undelivered')
})

it('takes back a scheduled message, once, with its CDR, and sends it never', async () => {
  const soon = new Date(Date.now() + 600_000).toISOString()
  const sid = await send('+447700900500', { SendAt: soon, ScheduleType: 'fixed', StatusCallback: `${callbacks.url}/status` })
  await reaches(world.setup, sid, 'scheduled')
  const path = messagesPath(root.sid, `/${sid}.json`)
  const canceled = await ask(world.setup, path, { as: root, form: { Status: 'canceled' } })
  assert.deepEqual([canceled.status, canceled.json['status'], canceled.json['error_code']], [200, 'canceled', null])
  const again = await ask(world.setup, path, { as: root, form: { Status: 'canceled' } })
  assert.deepEqual([again.status, again.json['code']], [409, 30409])
  const lines = await cdrsOf(world.setup, [sid])
  assert.deepEqual(
    lines.filter((line) => line.message === sid.slice(2)).map(({ state }) => state),
    ['canceled'],
  )
  assert.equal(callbacksOf(sid).filter(({ form }) => form['MessageStatus'] === 'sent').length, 0)
})

it('ends a message whose validity runs out as failed 30036, with its callback and CDR', async () => {
  const sid = await send('+33612345678', { ValidityPeriod: '1', StatusCallback: `${callbacks.url}/status` })
  const message = await reaches(world.setup, sid, 'failed')
  assert.equal(message['error_code'], 30036)
  const [callback] = await eventually('the callback', () => (callbacksOf(sid).length > 0 ? callbacksOf(sid) : undefined))
  assert.deepEqual([callback?.form['MessageStatus'], callback?.form['ErrorCode']], ['failed', '30036'])
  const lines = await cdrsOf(world.setup, [sid])
  assert.deepEqual(
    lines.filter((line) => line.message === sid.slice(2)).map(({ state, failure }) => [state, failure]),
    [['expired', 'expired']],
  )
})

it('posts CDRs one after another: the next waits for a 2xx, over failures and a restart', async () => {
  hookStatus = 500
  const sids: string[] = []
  for (let i = 0; i < 5; i++) {
    const sid = await send(`+4477009006${i}0`, {}, customer)
    await reaches(world.setup, sid, 'delivered', customer)
    sids.push(sid)
  }
  await eventually('a second try', () => (cdrHooks.got.length >= 2 ? true : undefined))
  await world.restart()
  const tries = cdrHooks.got.length
  await eventually('a try after the restart', () => (cdrHooks.got.length > tries ? true : undefined))
  const of = (hook: Hook): { sequence: number; message: string } => JSON.parse(hook.body) as { sequence: number; message: string }
  assert.equal(new Set(cdrHooks.got.map((hook) => of(hook).message)).size, 1, 'always the first that was not taken')
  const failed = cdrHooks.got.length
  hookStatus = 200
  await eventually('all are taken', () => (new Set(cdrHooks.got.map((hook) => of(hook).message)).size === 5 ? true : undefined))
  await sleep(300)
  // One try may have been under way, refused, when the answer changed.
  const taken = [...new Map(cdrHooks.got.slice(failed).map((hook) => [of(hook).message, of(hook).sequence]))]
  assert.deepEqual(
    taken.map(([message]) => message),
    sids.map((sid) => sid.slice(2)),
  )
  assert.ok(taken.every(([, sequence], i) => i === 0 || sequence > taken[i - 1]![1]))
  assert.ok(cdrHooks.got.length - failed <= 6, 'none is posted again after a 2xx')
})

it('is not held up at its end by a CDR webhook that does not answer, and posts again after the start', async () => {
  hookStatus = silence
  const tries = cdrHooks.got.length
  const sid = await send('+447700900700', {}, customer)
  await eventually('a try', () => (cdrHooks.got.length > tries ? true : undefined))
  const { exited } = world.gateway
  await world.restart()
  assert.equal(await exited, 0, 'it ended by itself, and was not killed after ten seconds')
  hookStatus = 204
  await eventually('another try', () => (cdrHooks.got.length > tries + 1 ? true : undefined))
  assert.match(cdrHooks.got.at(-1)?.body ?? '', new RegExp(sid.slice(2)))
})

it('posts an event once to a CDR webhook whose 2xx has a page longer than it reads', async () => {
  hookStatus = longPage
  const tries = cdrHooks.got.length
  const sids = [await send('+447700900701', {}, customer), await send('+447700900702', {}, customer)]
  await eventually('the second event', () => (cdrHooks.got.some(({ body }) => body.includes(sids[1]!.slice(2))) ? true : undefined))
  assert.equal(cdrHooks.got.length - tries, 2)
  hookStatus = 204
})

it('keeps statistics that add up, by bind', async () => {
  const sums = async (): Promise<Map<string, Record<string, number>>> => {
    const { json } = await ask(world.setup, '/api/v1/statistics', { as: root })
    return new Map((json['binds'] as { bind: string; sums: Record<string, number> }[]).map(({ bind, sums: of }) => [bind, of]))
  }
  const ends = ['delivered', 'undelivered', 'failed', 'expired', 'canceled', 'unconfirmed']
  const cdrs = await eventually('nothing is under way on the simulated carriers', async () => {
    const northern = (await sums()).get(`${root.sid}/northern`) ?? {}
    return northern['sent'] === (northern['delivered'] ?? 0) + (northern['undelivered'] ?? 0) ? await cdrLines(world.setup) : undefined
  })
  const all = await sums()
  const total = (name: string): number => [...all.values()].reduce((sum, counts) => sum + (counts[name] ?? 0), 0)
  for (const state of ends) assert.equal(total(state), cdrs.filter((line) => line.state === state).length, state)
  const northern = all.get(`${root.sid}/northern`)!
  assert.deepEqual([northern['sent'], northern['delivered'], northern['undelivered']], [52, 48, 4])
  assert.equal(total('accepted'), 44 + 1 + 1 + 5 + 1 + 2)
  const series = await ask(world.setup, '/api/v1/statistics?series=true', { as: root })
  for (const { bind, sums: of, series: minutes } of series.json['binds'] as {
    bind: string
    sums: Record<string, number>
    series: { counts: Record<string, number> }[]
  }[])
    for (const [name, count] of Object.entries(of))
      assert.equal(
        minutes.reduce((sum, { counts }) => sum + (counts[name] ?? 0), 0),
        count,
        `${bind} ${name}`,
      )
})

it('knows the author of every revision', async () => {
  await ask(world.setup, `/api/v1/accounts/${customer.sid}`, { as: customer, method: 'PUT', json: { name: 'renamed' } })
  const { json } = await ask(world.setup, '/api/v1/revisions?limit=1000', { as: root })
  const revisions = json['revisions'] as {
    revision: number
    author: string
    source: string
    at: string
    changes: { kind: string; key: string }[]
  }[]
  assert.ok(revisions.length >= 3)
  for (const each of revisions) assert.ok(each.author !== '' && each.source !== '' && each.changes.length > 0 && Date.parse(each.at) > 0)
  assert.equal(revisions[0]?.author, customer.sid)
  assert.deepEqual(
    revisions[0]?.changes.map(({ kind, key }) => [kind, key]),
    [['account', customer.sid]],
  )
  assert.ok(revisions.every(({ revision }, i) => i === 0 || revision < revisions[i - 1]!.revision))
  const own = await ask(world.setup, '/api/v1/revisions?limit=1000', { as: customer })
  assert.ok(!own.text.includes(bulk.sid), "another account's are not told")
})

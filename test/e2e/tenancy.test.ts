// Two trees of sub-accounts with random things in them: whatever one asks of the other, on every route
// of the Messages resource and of the admin API, is answered as if the other were not there.
import assert from 'node:assert/strict'
import { randomBytes, randomInt } from 'node:crypto'
import { after, before, it } from 'node:test'
import {
  ask,
  basic,
  cdrLines,
  configure,
  create,
  eventually,
  reaches,
  root,
  sleep,
  startWorld,
  bindTo,
  type Answer,
  type Credentials,
  type World,
} from './world.ts'

interface Tenant extends Credentials {
  number: string
  bind: string
  route: string
  /** Ended and waiting. */
  messages: string[]
}
interface Tree {
  top: Tenant
  children: Tenant[]
}

let world: World
let trees: [Tree, Tree]
const hex = (bytes: number): string => randomBytes(bytes).toString('hex')

function tenant(): Tenant {
  return {
    sid: `AC${hex(16)}`,
    token: hex(16),
    number: `+1555${randomInt(1_000_000, 9_999_999)}`,
    bind: `bind-${hex(4)}`,
    route: `route-${hex(4)}`,
    messages: [],
  }
}
const tree = (): Tree => ({ top: tenant(), children: Array.from({ length: randomInt(1, 3) }, tenant) })
const all = ({ top, children }: Tree): Tenant[] => [top, ...children]

function documentOf(of: Tenant, children: Tenant[], indent: string): string {
  const deeper = children.map((child) => documentOf(child, [], `${indent}    `)).join('')
  return `${indent}- id: ${of.sid}
${indent}  name: tenant ${of.sid.slice(-6)}
${indent}  token: ${of.token}
${indent}  inheritRoutes: false
${indent}  binds: [${bindTo(world.carriers, 'northern').replace('id: northern', `id: ${of.bind}`)}]
${indent}  numbers: [{ number: '${of.number}' }]
${indent}  routes: [{ id: ${of.route}, prefix: '+44', to: [${of.bind}] }]
${deeper === '' ? '' : `${indent}  accounts:\n${deeper}`}`
}

before(async () => {
  world = await startWorld({ northern: { receipts: { delay: 5 } } })
  trees = [tree(), tree()]
  const inner = trees.map(({ top, children }) => documentOf(top, children, '      ')).join('')
  await configure(world.setup, `accounts:\n  - id: root\n    accounts:\n${inner}`)
  const soon = new Date(Date.now() + 3_600_000).toISOString()
  for (const each of trees.flatMap(all)) {
    const form = { To: '+447700900123', From: each.number, Body: `of ${each.sid}` }
    const sent = await eventually('a first message', () => create(world.setup, form, each).catch(() => undefined))
    const scheduled = await create(world.setup, { ...form, SendAt: soon, ScheduleType: 'fixed' }, each)
    each.messages = [await reaches(world.setup, sent, 'delivered', each).then(() => sent), scheduled]
  }
})
after(() => world?.close())

/** Both orders of the two trees, and each tenant of the one with each of the other. */
function* strangers(): Generator<[Tenant, Tenant]> {
  for (const [own, other] of [trees, trees.toReversed()] as [Tree, Tree][])
    for (const caller of all(own)) for (const victim of all(other)) yield [caller, victim]
}

/** Everything by which a tenant could be known. */
const marks = (of: Tenant): string[] => [of.sid, of.token, of.number, of.bind, of.route, ...of.messages.map((sid) => sid.slice(2))]

function tellsNothing(answer: Answer, victim: Tenant, asked: readonly string[], what: string): void {
  for (const mark of marks(victim))
    if (!asked.some((one) => one.includes(mark))) assert.ok(!answer.text.includes(mark), `${what} tells ${mark}:\n${answer.text}`)
}

/** The same request about something that is not there, its names of the same shape. */
function absentFor(victim: Tenant, victimPath: string, caller: Tenant): { path: string; names: [string, string][] } {
  const names: [string, string][] = [
    [victim.sid, `AC${hex(16)}`],
    [victim.bind, `bind-${hex(4)}`],
    [victim.route, `route-${hex(4)}`],
    [encodeURIComponent(victim.number), encodeURIComponent(`+1555${'0'.repeat(7)}`)],
    [victim.number, `+1555${'0'.repeat(7)}`],
    ...victim.messages.map((sid): [string, string] => [sid.slice(2), hex(16)]),
  ]
  assert.notEqual(caller.sid, victim.sid)
  return { path: replaced(victimPath, names), names }
}

const replaced = (text: string, names: [string, string][]): string =>
  names.reduce((sum, [name, other]) => sum.replaceAll(name, other), text)

/** Status and body are the same, but for the names that were asked with. */
function indistinguishable(there: Answer, absent: Answer, names: [string, string][], what: string): void {
  assert.equal(
    there.status,
    absent.status,
    `${what}: ${there.status} ${there.text} and, where there is none, ${absent.status} ${absent.text}`,
  )
  assert.equal(replaced(there.text, names), absent.text, what)
}

it("says of another tree's messages over Twilio's API what it says of none", async () => {
  for (const [caller, victim] of strangers()) {
    for (const account of [victim.sid, caller.sid]) {
      const base = `/2010-04-01/Accounts/${account}`
      const sms = victim.messages.flatMap((sid) => [`/Messages/${sid}`, `/Messages/${sid}/Media`, `/SMS/Messages/${sid}`])
      for (const path of [...sms, ...(account === victim.sid ? ['/Messages', '', '/SMS/Messages'] : [])]) {
        for (const [method, form] of [
          ['GET'],
          ['DELETE'],
          ['POST', { Body: '' }],
          ['POST', { Status: 'canceled' }],
          ['POST', { To: '+447700900123', From: victim.number, Body: 'stolen' }],
        ] as const) {
          for (const suffix of ['.json', '']) {
            const url = `${base}${path}${suffix}`
            const how = { as: caller, method, ...(form ? { form: { ...form } } : {}) }
            const { path: other, names } = absentFor(victim, url, caller)
            const [there, absent] = [await ask(world.setup, url, how), await ask(world.setup, other, how)]
            const what = `${method} ${url} by ${caller.sid}`
            assert.ok(there.status >= 400, `${what}: ${there.status} ${there.text}`)
            tellsNothing(there, victim, [url], what)
            indistinguishable(there, absent, names, what)
          }
        }
      }
    }
    const listed = await ask(world.setup, `/2010-04-01/Accounts/${caller.sid}/Messages.json?From=${encodeURIComponent(victim.number)}`, {
      as: caller,
    })
    assert.deepEqual(listed.json['messages'], [])
    const cannot = await ask(world.setup, `/2010-04-01/Accounts/${caller.sid}/Messages.json`, {
      as: caller,
      form: { To: '+447700900123', From: victim.number, Body: 'spoofed' },
    })
    assert.equal(cannot.json['code'], 21606, 'a number of another tree is no sender')
  }
})

interface Operation {
  operationId: string
  parameters: { name: string; in: 'path' | 'query' }[]
  requestBody?: unknown
}

/** What a path parameter `id` stands for on each path: every one there is of the victim's. */
function idsOf(victim: Tenant, path: string): string[] {
  if (path.startsWith('/accounts')) return [victim.sid]
  if (path.startsWith('/binds') || path.startsWith('/lanes')) return [victim.bind, 'api']
  if (path.startsWith('/routes')) return [victim.route]
  if (path.startsWith('/numbers')) return [encodeURIComponent(victim.number)]
  return victim.messages
}

/** A body that would do something, were it let through. */
function bodyOf(id: string, victim: Tenant, caller: Tenant): unknown {
  const bodies: Record<string, unknown> = {
    createAccount: { name: 'intruder', parent: victim.sid },
    updateAccount: { name: 'defaced' },
    reparentAccount: { parent: caller.sid },
    putBind: { connector: 'smpp', config: { host: 'elsewhere.example', systemId: 'x' } },
    putRoute: { prefix: '+44', to: ['api'] },
    putNumber: { name: 'defaced' },
    plan: { document: `accounts:\n  - id: ${victim.sid}\n    name: defaced\n` },
    apply: { document: `accounts:\n  - id: ${victim.sid}\n    name: defaced\n` },
    releaseMessage: { how: 'fail' },
    purgeLane: {},
  }
  return bodies[id]
}

it('says of another tree on every route of the admin API what it says of none', async () => {
  const { paths } = (await ask(world.setup, '/api/openapi.json')).json as { paths: Record<string, Record<string, Operation>> }
  const walked = new Set<string>()
  for (const [caller, victim] of strangers()) {
    for (const [path, verbs] of Object.entries(paths)) {
      for (const [verb, operation] of Object.entries(verbs)) {
        const params = operation.parameters ?? []
        const query = new URLSearchParams()
        for (const { name, in: place } of params) {
          if (place !== 'query') continue
          if (name === 'account') query.set(name, victim.sid)
          if (name === 'bind') query.set(name, `${victim.sid}/${victim.bind}`)
          if (name === 'from' && path === '/messages') query.set(name, victim.number)
          if (path === '/explain' && (name === 'to' || name === 'from')) query.set(name, name === 'to' ? '+447700900123' : victim.number)
        }
        const search = query.size > 0 ? `?${query.toString()}` : ''
        for (const id of path.includes('{id}') ? idsOf(victim, path) : ['']) {
          const body = bodyOf(operation.operationId, victim, caller)
          const url = `/api/v1${path.replace('{id}', id)}${search}`
          const { path: other, names } = absentFor(victim, url, caller)
          const how = (json: unknown) => ({ as: caller, method: verb.toUpperCase(), ...(json === undefined ? {} : { json }) })
          const otherBody = body === undefined ? undefined : (JSON.parse(replaced(JSON.stringify(body), names)) as unknown)
          const there = await ask(world.setup, url, how(body))
          const absent = await ask(world.setup, other, how(otherBody))
          const what = `${verb.toUpperCase()} ${url} by ${caller.sid}`
          tellsNothing(there, victim, [decodeURIComponent(url), url, JSON.stringify(body) ?? ''], what)
          if (url.includes(victim.sid) || id !== '' || body !== undefined) {
            // A list is empty; a plan tells its faults.
            assert.ok(there.status >= 400 || verb === 'get' || operation.operationId === 'plan', `${what}: ${there.status} ${there.text}`)
            indistinguishable(there, absent, names, what)
          }
          walked.add(`${verb} ${path}`)
        }
      }
    }
  }
  const every = Object.entries(paths).flatMap(([path, verbs]) => Object.keys(verbs).map((verb) => `${verb} ${path}`))
  assert.equal(walked.size, every.length, 'every route was walked')
})

it('left everything as it was', async () => {
  for (const each of trees.flatMap(all)) {
    const [, scheduled] = each.messages
    const { json } = await ask(world.setup, `/2010-04-01/Accounts/${each.sid}/Messages/${scheduled}.json`, { as: each })
    assert.equal(json['status'], 'scheduled')
    const account = await ask(world.setup, `/api/v1/accounts/${each.sid}`, { as: root })
    assert.equal(account.json['name'], `tenant ${each.sid.slice(-6)}`)
    assert.match(basic(each), /^Basic /)
    const binds = await ask(world.setup, '/api/v1/binds', { as: each })
    assert.equal((binds.json['binds'] as unknown[]).length, 2)
  }
  await sleep(300)
  const own = new Set(trees.flatMap(all).map(({ sid }) => sid))
  for (const line of await cdrLines(world.setup)) assert.ok(own.has(line.account))
})

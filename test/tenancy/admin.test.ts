// Two trees of sub-accounts with random things in them: whatever one asks of the other on any route of
// the admin API is answered as if the other were not there. The routes are those of its own document.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { ask, cdrLines, root, sleep, type World } from '../e2e/world.ts'
import {
  absentNames,
  all,
  growTrees,
  indistinguishable,
  replaced,
  sameTimeClass,
  someStrangers,
  tellsNothing,
  timed,
  type Tenant,
  type Times,
  type Tree,
} from './trees.ts'

let world: World
let trees: [Tree, Tree]

before(async () => {
  ;({ world, trees } = await growTrees())
  for (const each of trees.flatMap(all)) {
    const made = await ask(world.setup, '/api/v1/keys', { as: each, json: { name: 'own', kind: 'main' } })
    assert.equal(made.status, 201, made.text)
    each.more.add((made.json['key'] as { id: string }).id)
  }
})
after(() => world?.close())

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
  if (path.startsWith('/messages')) return victim.messages
  if (path.startsWith('/keys')) return [...victim.more]
  // A route that is new here: any of the victim's names may be one there.
  return [victim.sid, victim.bind, victim.route, encodeURIComponent(victim.number), ...victim.messages]
}

/** A body that would do something, were it let through. */
function bodyOf({ operationId, requestBody }: Operation, victim: Tenant, caller: Tenant): unknown {
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
  return bodies[operationId] ?? (requestBody ? { name: 'defaced', account: victim.sid, bind: victim.bind, id: victim.sid } : undefined)
}

it('says of another tree on every route of the admin API what it says of none', async () => {
  const { paths } = (await ask(world.setup, '/api/openapi.json')).json as { paths: Record<string, Record<string, Operation>> }
  const walked = new Set<string>()
  const times: Times = { there: [], absent: [] }
  for (const [caller, victim] of [...someStrangers(trees), ...someStrangers(trees)]) {
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
          const body = bodyOf(operation, victim, caller)
          const url = `/api/v1${path.replace('{id}', id)}${search}`
          const names = absentNames(victim)
          const other = replaced(url, names)
          const how = (json: unknown) => ({ as: caller, method: verb.toUpperCase(), ...(json === undefined ? {} : { json }) })
          const otherBody = body === undefined ? undefined : (JSON.parse(replaced(JSON.stringify(body), names)) as unknown)
          const there = await timed(times.there, world.setup, url, how(body))
          const absent = await timed(times.absent, world.setup, other, how(otherBody))
          const what = `${verb.toUpperCase()} ${url} by ${caller.sid}`
          tellsNothing(trees, there, [caller, victim], [decodeURIComponent(url), url, JSON.stringify(body) ?? ''], what)
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
  sameTimeClass(times)
})

it('left everything as it was', async () => {
  for (const each of trees.flatMap(all)) {
    const [, scheduled] = each.messages
    const { json } = await ask(world.setup, `/2010-04-01/Accounts/${each.sid}/Messages/${scheduled}.json`, { as: each })
    assert.equal(json['status'], 'scheduled')
    const account = await ask(world.setup, `/api/v1/accounts/${each.sid}`, { as: root })
    assert.equal(account.json['name'], `tenant ${each.sid.slice(-6)}`)
    const binds = await ask(world.setup, '/api/v1/binds', { as: each })
    assert.equal((binds.json['binds'] as unknown[]).length, 2)
    const keys = await ask(world.setup, '/api/v1/keys', { as: each })
    assert.deepEqual(
      (keys.json['keys'] as { id: string; name: string }[]).map(({ id, name }) => [id, name]),
      [...each.more].map((id) => [id, 'own']),
    )
  }
  await sleep(300)
  const own = new Set(trees.flatMap(all).map(({ sid }) => sid))
  for (const line of await cdrLines(world.setup)) assert.ok(own.has(line.account))
})

// Two trees of sub-accounts with one of everything: whatever a stranger asks about a tenant's things on
// any route of the Twilio API is answered as if they were not there, as fast, and changes nothing.
import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { after, before, it } from 'node:test'
import { ask, eventually, type Answer, type World } from '../e2e/world.ts'
import { routes } from '../../plugins/twilio/routes.ts'
import type { Operation } from '../conformance/openapi.ts'
import { expand } from './expand.ts'
import { crawl, filled, isRefusal, prefixesOf, references, served, settle, steady, strangersTo, type Objects } from './objects.ts'
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
const has = new Map<Tenant, Objects>()
/** What each tenant reads of its own. */
const asItWas = new Map<Tenant, Map<string, string>>()
const times: Times = { there: [], absent: [] }

before(async () => {
  ;({ world, trees } = await growTrees())
  for (const tenant of trees.flatMap(all)) has.set(tenant, await settle(world, tenant))
  for (const tenant of trees.flatMap(all)) asItWas.set(tenant, await crawl(world, tenant, has.get(tenant)!))
})
after(() => world?.close())

const bases = ['/2010-04-01', '/2008-08-01', '/api/laml/2010-04-01', '/restcomm/2012-04-24']
const suffixes = ['.json', '', '.xml']
const oneOf = <T>(of: readonly T[]): T => of[randomInt(of.length)]!

/** Of what there is in many ways, so many are tried at random: others in another run. */
const mostTried = 4
const some = <T>(of: T[]): T[] => (of.length <= mostTried ? of : Array.from({ length: mostTried }, () => oneOf(of)))

/** The same resource as it may be asked for too. */
function anotherWay(path: string): string {
  const legacy = randomInt(4) === 0 ? path.replace(/\/Messages(?=[/.])/, '/SMS/Messages') : path
  return legacy.replace(/^\/2010-04-01/, oneOf(bases)).replace(/\.json$/, oneOf(suffixes))
}

/** What would do something on most routes, were it let through. */
const forms = [
  { FriendlyName: 'defaced', Status: 'closed', SmsUrl: 'https://thief.example/' },
  { Body: '' },
  { Status: 'canceled' },
  { _method: 'DELETE' },
]

/** How an operation is asked: its verb, and each form that may do something. */
function* waysOf({ verb }: Operation, caller: Tenant, victim: Tenant): Generator<{ method: string; form?: Record<string, string> }> {
  if (verb !== 'POST') return yield { method: verb }
  for (const form of forms) yield { method: verb, form }
  yield { method: verb, form: { To: '+447700900123', From: victim.number, Body: 'stolen' } }
  yield { method: verb, form: { AccountSid: caller.sid } }
}

/** Paths about the victim's things: below its account, and below the caller's. */
function* pathsTo(operation: Operation, caller: Tenant, victim: Tenant): Generator<string> {
  const variables = prefixesOf(operation).map(([variable]) => variable)
  if (variables.length === 0) return
  yield* filled(operation, victim.sid, has.get(victim)!)
  if (variables.includes('{AccountSid}') && variables.length > 1) yield* filled(operation, caller.sid, has.get(victim)!)
}

async function compared(path: string, how: Parameters<typeof ask>[2], who: [Tenant, Tenant]): Promise<Answer> {
  const [, victim] = who
  const names = [...strangersTo(has.get(victim)!), ...absentNames(victim)]
  const form = how?.form
  const otherForm = form && Object.fromEntries(Object.entries(form).map(([name, value]) => [name, replaced(value, names)]))
  const ask2 = (): Promise<Answer> =>
    timed(times.absent, world.setup, replaced(path, names), { ...how, ...(otherForm ? { form: otherForm } : {}) })
  const ask1 = (): Promise<Answer> => timed(times.there, world.setup, path, how)
  // Either may be asked first, so that neither is always the one that finds caches warm.
  const second = randomInt(2) === 0 ? await ask2() : undefined
  const there = await ask1()
  const absent = second ?? (await ask2())
  const what = `${how?.method} ${path} ${JSON.stringify(form ?? {})} by ${who[0].sid}`
  tellsNothing(trees, there, who, [path, ...Object.values(form ?? {})], what)
  if (isRefusal(there) || isRefusal(absent)) indistinguishable(there, absent, names, what)
  return there
}

it("says of a stranger's things on every route what it says of none", async () => {
  const walked = new Set<string>()
  for (const [caller, victim] of someStrangers(trees)) {
    for (const operation of served) {
      for (const path of some([...pathsTo(operation, caller, victim)])) {
        for (const how of some([...waysOf(operation, caller, victim)])) {
          const answer = await compared(anotherWay(path), { as: caller, ...how }, [caller, victim])
          assert.ok(isRefusal(answer), `${operation.name} ${path} by ${caller.sid}: ${answer.status} ${answer.text}`)
          walked.add(operation.name)
        }
      }
    }
  }
  const hidden = served.filter((operation) => prefixesOf(operation).length > 0 && !walked.has(operation.name)).map(({ name }) => name)
  assert.deepEqual(hidden, nothingThere, 'every route that names something was walked')
  sameTimeClass(times)
})

/** Routes about things of which no tenant has one. */
const nothingThere: string[] = []

/** Of a path with `{}`: the account first, then whatever the victim has, several at random where there are too many. */
function fillings(path: string, caller: Tenant, victim: Tenant): string[] {
  const accounts = path.startsWith('/Accounts/{}') ? [victim.sid, ...(path.indexOf('{}', 12) > 0 ? [caller.sid] : [])] : []
  let paths = accounts.length > 0 ? accounts.map((sid) => path.replace('{}', sid)) : [path]
  const names = [...has.get(victim)!.values()].flat()
  while (paths[0]?.includes('{}')) {
    const more = paths.flatMap((each) => names.map((name) => each.replace('{}', name)))
    paths = some(more)
  }
  return paths
}

it("says so on every path of the facade's own table", async () => {
  for (const [caller, victim] of someStrangers(trees)) {
    for (const template of routes.flatMap(({ path }) => expand(path))) {
      if (!template.includes('{}')) continue
      for (const path of fillings(template, caller, victim)) {
        const url = path.startsWith('/v1/') ? path : `${oneOf(bases)}${path}${oneOf(suffixes)}`
        for (const method of ['GET', 'POST', 'DELETE']) {
          const how = method === 'POST' ? { method, form: oneOf(forms) } : { method }
          const answer = await compared(url, { as: caller, ...how }, [caller, victim])
          assert.ok(isRefusal(answer), `${method} ${url} by ${caller.sid}: ${answer.status} ${answer.text}`)
        }
      }
    }
  }
})

it('left everything as it was', async () => {
  for (const [tenant, was] of asItWas) {
    const now = await crawl(world, tenant, has.get(tenant)!)
    for (const [path, text] of was) assert.equal(steady(now.get(path) ?? ''), steady(text), path)
  }
})

it("tells nothing of strangers' in what is one's own", async () => {
  for (const [caller, victim] of someStrangers(trees))
    for (const [path, text] of asItWas.get(caller)!)
      tellsNothing(trees, { text, status: 200, headers: new Headers(), json: {} }, [caller, victim], [path], path)
})

it("takes a stranger's SIDs and numbers for nothing in every form, and is told of none", async () => {
  const [caller, victim] = [trees[0].top, oneOf(all(trees[1]))]
  const theirs = has.get(victim)!
  const good = { To: '+447700900123', From: caller.number, Body: 'mine', FriendlyName: 'mine', SmsUrl: 'https://app.example/' }
  for (const operation of served) {
    if (operation.verb !== 'POST') continue
    for (const path of filled(operation, caller.sid, has.get(caller)!)) {
      for (const [name, prefix] of references(operation)) {
        const [sid] = theirs.get(prefix) ?? []
        if (sid !== undefined) await compared(path, { as: caller, method: 'POST', form: { ...good, [name]: sid } }, [caller, victim])
      }
    }
  }
  const spoofed = await ask(world.setup, `/2010-04-01/Accounts/${caller.sid}/Messages.json`, {
    as: caller,
    form: { ...good, From: victim.number },
  })
  assert.equal(spoofed.json['code'], 21606, 'a number of another tree is no sender')
  const was = asItWas.get(victim)!
  await eventually('everything of the victim as it was', async () => {
    const now = await crawl(world, victim, theirs)
    return [...was].every(([path, text]) => steady(now.get(path) ?? '') === steady(text)) ? true : undefined
  })
})

import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { account, bind, configuration, number, route } from '../../test/routing.ts'
import { idSource } from '../ids.ts'
import type { Account } from '../model/account.ts'
import { international, type Address } from '../model/address.ts'
import type { Configuration } from '../model/configuration.ts'
import { defaultClientPolicy } from '../model/policy.ts'
import { AcceptRefused, type Submission } from '../plugin.ts'
import { compile } from '../routing/table.ts'
import type { MessageTrace } from '../store/store.ts'
import { accept, refuseUnroutable } from './accept.ts'
import { createAccountLimits } from './limits.ts'
import { endedByOptOut } from './optout.ts'
import type { Core } from './core.ts'
import { freshStore } from '../../test/fresh-store.ts'

const longCode = '+12025550123'
const otherCode = '+12025550124'
const below = '+12025550125'
const british = '+447700900999'
const handset = '+12025550199'

const text = (from: string, to: string, body: string): Submission => ({
  from: addressOf(from),
  to: addressOf(to),
  body: { kind: 'text', text: body },
  priority: 1,
  receipt: 'none',
})
const addressOf = (value: string): Address =>
  /^\+?\d{7,}$/.test(value) ? { ...international(value), value } : { value, ton: 'alphanumeric', npi: 'unknown' }

async function bed(
  context: TestContext,
  more: {
    root?: Partial<Account>
    routes?: boolean
    child?: Partial<Account>
    services?: Record<string, string>
    resources?: Configuration['resources']
  } = {},
) {
  const { clock, store } = await freshStore(context)
  const client = { side: 'client', connector: 'twilio', policy: defaultClientPolicy } as const
  const terse = { ...client, policy: { ...defaultClientPolicy, longestText: 5 } }
  const now = {
    ...configuration(
      [account('A', undefined, more.root), account('B', 'A', more.child), account('C', 'A')],
      [bind('A/north'), bind('A/east'), bind('A/api', terse), bind('B/api', client), bind('C/api', client)],
      more.routes === false ? [] : [route('A', 'all', '', ['A/east'])],
    ),
    resources: more.resources ?? new Map(),
    numbers: new Map([
      [longCode, number(longCode, 'A', 'A/api')],
      [otherCode, number(otherCode, 'A', 'A/api')],
      [british, number(british, 'A', 'A/api')],
      [below, number(below, 'B', 'B/api')],
    ]),
  }
  const warned: unknown[] = []
  const core = {
    store,
    clock,
    ids: idSource(clock.now),
    log: { warn: (facts: unknown) => warned.push(facts) },
    configuration: () => now,
    table: () => compile(now),
    serviceOf: (_account: string, value: string) => more.services?.[value],
    binds: { get: () => undefined },
    limits: createAccountLimits({ configuration: () => now, submitted: store.submitted, clock }),
    load: { waiting: () => 0, fullness: () => 0, added() {} },
  } as unknown as Core
  const newest = async (): Promise<MessageTrace[]> => {
    const { records } = await store.list({ accounts: ['A', 'B', 'C'], limit: 100 })
    return await Promise.all(records.map(async ({ message }) => (await store.trace(message.id))!))
  }
  return {
    core,
    store,
    clock,
    warned,
    /** What the carrier brings: every message there is then, the newest first. */
    async mo(from: string, to: string, body: string, over: Partial<Submission> = {}) {
      await accept(core, now.binds.get('A/north')!, { ...text(from, to, body), ...over })
      return await newest()
    },
    /** Taken, or why not. */
    async mt(from: string, to: string, arrival = 'A/api'): Promise<string> {
      try {
        await accept(core, now.binds.get(arrival)!, text(from, to, 'hey'))
        return 'taken'
      } catch (error) {
        assert.ok(error instanceof AcceptRefused)
        return error.why
      }
    },
  }
}

const bodyOf = ({ message: { body } }: MessageTrace): string => (body.kind === 'text' ? body.text : '')

test('STOP is delivered, answered over the routes from the number, and refuses the next to that handset from it alone', async (context) => {
  const { store, mo, mt } = await bed(context)
  const [reply, said] = await mo(handset, longCode, ' stop\n')
  assert.ok(reply && said)
  assert.deepEqual([said.message.direction, said.message.keyword, said.decision.candidates[0]?.bind], ['mo', 'stop', 'A/api'])
  assert.match(JSON.stringify(said.entries), /STOP: \+12025550199 takes no more from \+12025550123/)
  assert.match(bodyOf(reply), /^You have successfully been unsubscribed\./)
  const { direction, keyword, arrival, from, to, receipt } = reply.message
  assert.deepEqual([direction, keyword, arrival, receipt], ['mt', 'stop', 'A/api', 'none'])
  assert.deepEqual([from, to.value], [international(longCode), handset])
  assert.equal(reply.decision.candidates[0]?.bind, 'A/east')
  assert.equal(await mt(longCode, handset), 'opted-out')
  assert.equal(await mt('12025550123', '12025550199'), 'opted-out')
  assert.equal(await mt(otherCode, handset), 'taken')
  assert.equal(await mt(longCode, '+12025550198'), 'taken')
  assert.deepEqual((await store.optOuts.list({ accounts: ['A'], limit: 9 })).optOuts, [
    { account: 'A', sender: longCode, handset, at: said.message.acceptedAt, word: 'STOP', message: said.message.id },
  ])
})

test('START lifts it and is answered; HELP is answered also to one who has opted out', async (context) => {
  const { mo, mt } = await bed(context)
  await mo('12025550199', '12025550123', 'Unsubscribe')
  const [help] = await mo(handset, longCode, 'info')
  assert.match(bodyOf(help!), /^Reply STOP to unsubscribe\./)
  assert.equal(await mt(longCode, handset), 'opted-out')
  const [start, said] = await mo(handset, longCode, 'UNSTOP')
  assert.match(bodyOf(start!), /re-subscribed/)
  assert.equal(said?.message.keyword, 'start')
  assert.equal(await mt(longCode, handset), 'taken')
})

test('YES opts in only who has opted out; a second STOP is not answered again', async (context) => {
  const { mo, mt } = await bed(context)
  assert.equal((await mo(handset, longCode, 'Yes')).length, 1)
  await mo(handset, longCode, 'STOP')
  const [again] = await mo(handset, longCode, 'END')
  assert.deepEqual([again?.message.direction, again?.message.keyword], ['mo', 'stop'])
  const [start] = await mo(handset, longCode, 'yes')
  assert.match(bodyOf(start!), /re-subscribed/)
  assert.equal(await mt(longCode, handset), 'taken')
})

test('a text that only has a word in it is none, nor is one for a number where the words do not hold', async (context) => {
  const { mo, mt } = await bed(context)
  const before = await mo(handset, longCode, 'please stop')
  assert.deepEqual([before.length, before[0]?.message.keyword], [1, undefined])
  assert.equal((await mo('+447700900123', british, 'STOP')).length, 2)
  assert.equal(await mt(british, '+447700900123'), 'taken')
})

test('an account has words and replies of its own, on every number; an empty reply is none', async (context) => {
  const { mo, mt } = await bed(context, { root: { optOut: { stop: ['Arrêt'], start: [], help: [], replies: { stop: '' } } } })
  const all = await mo('+447700900123', british, 'arrêt')
  assert.deepEqual([all.length, all[0]?.message.keyword], [1, 'stop'])
  assert.equal(await mt(british, '+447700900123'), 'opted-out')
  assert.equal((await mo(handset, longCode, 'STOP'))[0]?.message.keyword, undefined)
})

test('switched off, the words are none, and the list still holds', async (context) => {
  const { store, mo, mt } = await bed(context, { root: { optOut: 'off' } })
  assert.equal((await mo(handset, longCode, 'STOP')).length, 1)
  assert.equal(await mt(longCode, handset), 'taken')
  await store.optOuts.put({ account: 'A', sender: longCode, handset, at: 1, word: '' })
  assert.equal(await mt(longCode, handset), 'opted-out')
})

test('without a route the answer goes back by the carrier that brought the word; where nothing takes it the word still counts', async (context) => {
  const { warned, mo, mt } = await bed(context, { routes: false })
  const [reply] = await mo(handset, longCode, 'STOP')
  assert.deepEqual(
    reply?.decision.candidates.map((one) => one.bind),
    ['A/north'],
  )
  // The sub-account has no way to its parent's carrier.
  const [said] = await mo(handset, below, 'STOP')
  assert.equal(said?.message.account, 'B')
  assert.equal(warned.length, 1)
  assert.equal(await mt(below, handset, 'B/api'), 'opted-out')
})

test('a repeated keyword of one submission is noted and answered once', async (context) => {
  const { mo } = await bed(context)
  await mo(handset, longCode, 'STOP', { idempotencyKey: 'sip 1' })
  assert.equal((await mo(handset, longCode, 'STOP', { idempotencyKey: 'sip 1' })).length, 2)
  await mo(handset, longCode, 'HELP', { idempotencyKey: 'sip 2' })
  assert.equal((await mo(handset, longCode, 'HELP', { idempotencyKey: 'sip 2' })).length, 4)
})

test('numbers of one service share what handsets asked of it; START lifts it for the service and the number', async (context) => {
  const services: Record<string, string> = { [otherCode]: 'MG1' }
  const { store, mo, mt } = await bed(context, { services })
  await mo(handset, longCode, 'STOP')
  services[longCode] = 'MG1'
  const [reply] = await mo(handset, otherCode, 'STOP')
  assert.deepEqual([reply?.message.direction, reply?.message.service], ['mt', 'MG1'])
  const { optOuts } = await store.optOuts.list({ accounts: ['A'], limit: 9 })
  assert.deepEqual(
    optOuts.map((one) => one.sender),
    [longCode, 'MG1'],
  )
  assert.equal(await mt(otherCode, handset), 'opted-out')
  await mo(handset, longCode, 'START')
  for (const from of [longCode, otherCode]) assert.equal(await mt(from, handset), 'taken')
  assert.equal(store.optOuts.empty, true)
})

test('a service has words and replies of its own, before its account’s, for its numbers alone; switched off there, none', async (context) => {
  const service = { id: 'MG1', account: 'A', kind: 'service', settings: {}, createdAt: 0, updatedAt: 0 }
  const own = new Map([
    ['MG1', { ...service, optOut: { stop: ['Halt'], replies: { stop: 'Bye.' } } }],
    ['MG2', { ...service, id: 'MG2', optOut: 'off' as const }],
  ])
  const services = { [british]: 'MG1', [otherCode]: 'MG2' }
  const { mo, mt } = await bed(context, { services, resources: new Map([['A', own]]), root: { optOut: { stop: ['ENOUGH'] } } })
  const [reply] = await mo('+447700900123', british, 'halt')
  assert.deepEqual([bodyOf(reply!), reply?.message.service], ['Bye.', 'MG1'])
  assert.equal(await mt(british, '+447700900123'), 'opted-out')
  assert.equal((await mo('+447700900124', british, 'enough'))[0]?.message.keyword, undefined)
  assert.equal((await mo(handset, otherCode, 'ENOUGH'))[0]?.message.keyword, undefined)
  assert.equal((await mo(handset, longCode, 'HALT'))[0]?.message.keyword, undefined)
  assert.equal((await mo(handset, longCode, 'enough'))[1]?.message.keyword, 'stop')
})

test('a number’s list is its owner’s, and those above it or inheriting from it who send in its name, and nobody else’s', async (context) => {
  const { mo, mt } = await bed(context)
  await mo(handset, below, 'STOP')
  assert.equal(await mt(below, handset, 'B/api'), 'opted-out')
  assert.equal(await mt(below, handset, 'A/api'), 'opted-out')
  assert.equal(await mt(below, handset, 'C/api'), 'taken')
  await mo(handset, longCode, 'STOP')
  assert.equal(await mt(longCode, handset, 'B/api'), 'opted-out')
})

test('an account that does not inherit learns nothing of the list of the one above', async (context) => {
  const { store, core } = await bed(context, { child: { inheritRoutes: false } })
  await store.optOuts.put({ account: 'A', sender: longCode, handset, at: 1, word: '' })
  await assert.rejects(accept(core, core.configuration().binds.get('B/api')!, text(longCode, handset, 'hey')), { why: 'no-route' })
})

test('a name that an operator opted a handset out of is refused in that spelling, part by part too', async (context) => {
  const { core, store, mt } = await bed(context)
  await store.optOuts.put({ account: 'A', sender: 'ACME', handset: '+447700900123', at: 1, word: '' })
  assert.equal(await mt('ACME', '+447700900123'), 'opted-out')
  assert.equal(await mt('Acme', '+447700900123'), 'taken')
  const part = text('ACME', '+447700900123', 'part')
  assert.throws(() => refuseUnroutable(core, core.configuration().binds.get('A/api')!, part), { why: 'opted-out' })
  const refused = new AcceptRefused('opted-out', 'no')
  const id = await accept(core, core.configuration().binds.get('A/api')!, part, { refused })
  assert.equal((await store.get(id))?.life.failure?.code, 'opted-out')
})

test('what waits when the word comes ends as opted out at its turn; the answer, a part that the carrier has and others go on', async (context) => {
  const { core, store, clock, mo } = await bed(context)
  const waiting = async (from: string, to: string): Promise<MessageTrace> => {
    const id = await accept(core, core.configuration().binds.get('A/api')!, { ...text(from, to, 'hey'), receipt: 'both' })
    return (await store.trace(id))!
  }
  const [mine, other] = [await waiting(longCode, handset), await waiting(otherCode, handset)]
  assert.equal(endedByOptOut(core, mine, clock.now()), undefined)
  const [answer, said] = await mo(handset, longCode, 'STOP')
  const ended = endedByOptOut(core, mine, clock.now())
  assert.deepEqual([ended?.life.state, ended?.report?.state, ended?.cdr?.state], ['failed', 'failed', 'failed'])
  assert.deepEqual(ended?.life.failure, {
    kind: 'permanent',
    code: 'opted-out',
    peer: '+12025550199 takes no more messages from +12025550123',
  })
  for (const one of [other, answer!, said!]) assert.equal(endedByOptOut(core, one, clock.now()), undefined)
  const begun = { ...mine, life: { ...mine.life, segments: [{ state: 'sent' as const }, { state: 'unsent' as const }] } }
  assert.equal(endedByOptOut(core, begun, clock.now()), undefined)
  await mo(handset, longCode, 'START')
  assert.equal(endedByOptOut(core, mine, clock.now()), undefined)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import type { LiveBind } from '../binds/supervisor.ts'
import { testClock } from '../clock.ts'
import type { Bind } from '../model/bind.ts'
import { international } from '../model/address.ts'
import type { Absentee, Availability, MessageOutcome, Session } from '../plugin.ts'
import { account, bind, configuration } from '../../test/routing.ts'
import { createAbsences } from './absent.ts'

const shop = bind('A/shop', { side: 'client' })
const till = bind('A/till', { side: 'client' })
const below = bind('B/shop', { side: 'client' })
const other = bind('C/shop', { side: 'client' })
const carrier = bind('A/carrier')
const hour = 3_600_000
const of = (to = '+447700900123'): Absentee => ({ from: international('+15550001111'), to: international(to) })

function bed() {
  const clock = testClock()
  const told: string[] = []
  const sessions = new Map<string, Session[]>()
  const ends = new Map<string, (outcome: MessageOutcome) => void>()
  const config = configuration([account('A'), account('B', 'A'), account('C')], [shop, till, below, other, carrier], [])
  const absences = createAbsences(
    {
      clock,
      log: pino({ level: 'silent' }),
      configuration: () => config,
      binds: { get: (id: string) => ({ sessions: new Set(sessions.get(id)) }) as unknown as LiveBind } as never,
    },
    { of: (id) => new Promise((resolve) => ends.set(id, resolve)), ended() {} },
  )
  const session = (id: string): Session => ({
    closed: new Promise(() => {}),
    close: () => Promise.resolve(),
    alert(absentee: Absentee, said: Availability | undefined) {
      told.push(`${id} ${absentee.to.value} ${said}`)
      return true
    },
  })
  for (const { id } of [shop, till, below, other]) sessions.set(id, [session(id)])
  return { absences, told, clock, sessions, ends, session }
}

test('the bind that waits is told once, as the carrier said, and no other', () => {
  const { absences, told } = bed()
  absences.wait(shop, of())
  absences.reachable(carrier, '+447700900999', 'available')
  assert.deepEqual(told, [])
  absences.reachable(carrier, '+447700900123', 'denied')
  absences.reachable(carrier, '+447700900123', 'available')
  assert.deepEqual(told, ['A/shop +447700900123 denied'])
})

test('a carrier speaks to its own account and those below, never to another', () => {
  const { absences, told } = bed()
  for (const each of [shop, below, other]) absences.wait(each, of())
  absences.reachable(carrier, '+447700900123', undefined)
  assert.deepEqual(told, ['A/shop +447700900123 undefined', 'B/shop +447700900123 undefined'])
  absences.reachable(bind('B/carrier'), '+447700900123', undefined)
  assert.equal(told.length, 2)
})

test('a later message that is delivered there is news for its account alone; one that is not is none', async () => {
  const { absences, told, ends } = bed()
  for (const each of [shop, below]) absences.wait(each, of())
  absences.accepted(below, '+447700900999', 'elsewhere')
  absences.accepted(other, '+447700900123', 'of another account')
  assert.equal(ends.size, 0)
  absences.accepted(till, '+447700900123', 'm1')
  ends.get('m1')!({ state: 'undelivered' })
  await Promise.resolve()
  assert.deepEqual(told, [])
  absences.accepted(till, '+447700900123', 'm2')
  ends.get('m2')!({ state: 'delivered' })
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(told, ['A/shop +447700900123 available'])
})

test('without a session that can be told it waits for the next', () => {
  const { absences, told, sessions, session } = bed()
  sessions.set('A/shop', [{ closed: new Promise(() => {}), close: () => Promise.resolve() }])
  absences.wait(shop, of())
  absences.wait(shop, of('+447700900124'))
  absences.reachable(carrier, '+447700900123', 'available')
  sessions.set('A/shop', [session('A/shop')])
  assert.deepEqual(told, [])
  absences.came('A/shop')
  absences.came('A/shop')
  assert.deepEqual(told, ['A/shop +447700900123 available'])
})

test('after two days nobody is told any more', async () => {
  const { absences, told, clock } = bed()
  absences.wait(shop, of())
  await clock.advance(47 * hour)
  absences.wait(shop, of('+447700900124'))
  await clock.advance(2 * hour)
  absences.reachable(carrier, '+447700900123', 'available')
  absences.reachable(carrier, '+447700900124', 'available')
  assert.deepEqual(told, ['A/shop +447700900124 available'])
})

test('a bind waits for ten thousand handsets at most, the newest, and one bind costs another nothing', () => {
  const { absences, told } = bed()
  const numbered = (n: number): string => `+4477${String(n).padStart(8, '0')}`
  const waits = (each: Bind, n: number): void => absences.wait(each, of(numbered(n)))
  waits(till, 0)
  for (let n = 0; n <= 10_000; n++) waits(shop, n)
  for (const n of [0, 1, 10_000]) absences.reachable(carrier, numbered(n), undefined)
  assert.deepEqual(told, [`A/till ${numbered(0)} undefined`, `A/shop ${numbered(1)} undefined`, `A/shop ${numbered(10_000)} undefined`])
})

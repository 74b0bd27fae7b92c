import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import * as fc from 'fast-check'
import { testClock } from '../clock.ts'
import { dayOf, type Caps } from '../model/caps.ts'
import { isWithin, type Configuration } from '../model/configuration.ts'
import type { DeliverItem } from '../store/store.ts'
import { AcceptRefused } from '../plugin.ts'
import { openSqlite } from '../store/sqlite/index.ts'
import { carrier, delivery, failed, messageSource, type MessageOptions } from '../../test/contract/fixture.ts'
import { account as row, configuration } from '../../test/routing.ts'
import { createAccountLimits, type AccountLimits } from './limits.ts'

const [top, middle, leaf, other] = ['1', '2', '3', '4'].map((end) => `AC${'0'.repeat(31)}${end}`) as [string, string, string, string]
const parents: Record<string, string | undefined> = { [middle]: top, [leaf]: middle, [other]: top }

const tree = (caps: Record<string, Caps>): Configuration =>
  configuration(
    [top, middle, leaf, other].map((id) => row(id, parents[id], caps[id] === undefined ? {} : { caps: caps[id] })),
    [],
    [],
  )

async function world(t: TestContext, caps: Record<string, Caps>) {
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-limits-'))
  const clock = testClock()
  await clock.advance(Date.UTC(2027, 0, 30, 12) - clock.now())
  const source = messageSource(clock.now)
  const it = {
    clock,
    now: tree(caps),
    store: await openSqlite({ directory, clock }),
    limits: undefined as unknown as AccountLimits,
    async restart() {
      await it.store.close()
      it.store = await openSqlite({ directory, clock })
      fresh()
    },
    /** `taken`, or why it is refused. */
    async submit(account: string, options: MessageOptions = {}, acknowledged = false): Promise<string> {
      const added = source.message({ ...options, account })
      const limit = it.limits.of(account, acknowledged)
      return await it.store.accept(limit ? { ...added, limit } : added).then(
        () => 'taken',
        (error: unknown) => (error instanceof AcceptRefused ? `${error.why}: ${error.message}` : String(error)),
      )
    },
    async end(max: number) {
      for (const run of await it.store.claim(carrier, max))
        for (const item of run.items as DeliverItem[]) await it.store.settle(delivery(run, item, failed(item, clock.now())))
    },
  }
  function fresh(): void {
    it.limits = createAccountLimits({ configuration: () => it.now, submitted: it.store.submitted, clock })
  }
  fresh()
  t.after(async () => {
    await it.store.close()
    rmSync(directory, { recursive: true, force: true })
  })
  return it
}

test('accounts without caps, and with none above them, have no limit to ask', async (t) => {
  const it = await world(t, { [middle]: { messagesPerDay: 1 } })
  assert.equal(it.limits.of(top, false), undefined)
  assert.equal(it.limits.of(other, false), undefined)
  assert.notEqual(it.limits.of(leaf, false), undefined)
})

test('a cap of a day holds for the account and all below it, says how much to its own, and turns at midnight UTC', async (t) => {
  const it = await world(t, { [top]: { messagesPerDay: 3 }, [leaf]: { messagesPerDay: 1 } })
  assert.equal(await it.submit(leaf), 'taken')
  assert.equal(await it.submit(leaf), 'quota: No more than 1 messages a day.')
  assert.equal(await it.submit(other), 'taken')
  const both = await Promise.all([it.submit(top), it.submit(middle)])
  assert.deepEqual(both, ['taken', 'quota: An account above has reached its limit of messages a day.'])
  await it.restart()
  assert.equal(await it.submit(top), 'quota: No more than 3 messages a day.')
  await it.clock.advance(12 * 3_600_000)
  assert.equal(await it.submit(leaf), 'taken')
})

test('segments of a month are counted over its days and begin anew with the next', async (t) => {
  const it = await world(t, { [middle]: { segmentsPerMonth: 5, segmentsPerDay: 4 } })
  assert.equal(await it.submit(leaf, { segments: 3 }), 'taken')
  assert.match(await it.submit(middle, { segments: 2 }), /^quota: No more than 4 segments a day/)
  await it.clock.advance(86_400_000)
  assert.match(await it.submit(middle, { segments: 3 }), /^quota: No more than 5 segments a month/)
  assert.equal(await it.submit(middle, { segments: 2 }), 'taken')
  await it.clock.advance(86_400_000)
  assert.equal(await it.submit(middle, { segments: 4 }), 'taken', 'another month')
})

test('above the messages or segments of a second a submission is throttled, and taken later', async (t) => {
  const it = await world(t, { [top]: { messagesPerSecond: 2, segmentsPerSecond: 5 } })
  assert.deepEqual([await it.submit(leaf), await it.submit(other, { segments: 4 })], ['taken', 'taken'])
  assert.equal(await it.submit(other), 'throttled: An account above has reached its limit of messages a second.')
  await it.clock.advance(2000)
  assert.equal(await it.submit(top, { segments: 4 }), 'taken')
  assert.equal(await it.submit(top, { segments: 2 }), 'throttled: No more than 5 segments a second.')
})

test('what waits is bounded, exactly, whoever of the subtree has it, and leaves room as it ends', async (t) => {
  const it = await world(t, { [top]: { queued: 3 } })
  const many = await Promise.all(Array.from({ length: 5 }, (_, i) => it.submit([leaf, other][i % 2]!)))
  assert.equal(many.filter((one) => one === 'taken').length, 3)
  assert.equal(many[4], 'queue-full: An account above has reached its limit of messages that wait at once.')
  await it.end(2)
  assert.deepEqual([await it.submit(leaf), await it.submit(leaf)], ['taken', 'taken'])
  assert.match(await it.submit(leaf), /^queue-full/)
  await it.restart()
  assert.match(await it.submit(leaf), /^queue-full/)
})

test('what was acknowledged in parts is counted and never refused; its parts are refused above a cap', async (t) => {
  const it = await world(t, { [leaf]: { messagesPerDay: 2, segmentsPerSecond: 3 } })
  it.limits.part(leaf, 2, true)
  it.limits.part(leaf, 1, false)
  assert.throws(() => it.limits.part(leaf, 1, false), /3 segments a second/)
  assert.equal(await it.submit(leaf, { segments: 3 }, true), 'taken')
  await it.clock.advance(2000)
  assert.equal(await it.submit(leaf), 'taken')
  assert.throws(() => it.limits.part(leaf, 1, true), /2 messages a day/)
  assert.equal(await it.submit(leaf, {}, true), 'taken')
})

test('whatever is submitted by whom and when, over restarts and changes of caps and parents, a day never holds more than a cap, nor less than it might', async (t) => {
  const it = await world(t, {})
  const who = fc.constantFrom(top, middle, leaf, other)
  const step = fc.oneof(
    { weight: 8, arbitrary: fc.record({ as: fc.constant('submit' as const), who, segments: fc.integer({ min: 1, max: 3 }) }) },
    fc.record({ as: fc.constant('cap' as const), who, most: fc.integer({ min: 0, max: 8 }) }),
    fc.record({ as: fc.constant('move' as const), under: fc.constantFrom(top, middle, leaf) }),
    fc.record({ as: fc.constant('restart' as const) }),
    fc.record({ as: fc.constant('later' as const) }),
  )
  const used = new Map<string, number>()
  let caps: Record<string, Caps> = {}
  const usedWithin = (above: string): number => {
    let sum = 0
    for (const [key, count] of used) {
      const [account, day] = key.split(' ') as [string, string]
      if (Number(day) === dayOf(it.clock.now()) && isWithin(it.now, account, above)) sum += count
    }
    return sum
  }
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      for (const one of steps) {
        if (one.as === 'restart') await it.restart()
        else if (one.as === 'later') await it.clock.advance(8 * 3_600_000)
        else if (one.as === 'move') {
          parents[other] = one.under
          it.now = tree(caps)
        } else if (one.as === 'cap') {
          // Of what is left just now, so that caps are reached often.
          const { [one.who]: _, ...rest } = caps
          caps = one.most === 0 ? rest : { ...rest, [one.who]: { segmentsPerDay: usedWithin(one.who) + one.most } }
          it.now = tree(caps)
        } else {
          const fits = Object.entries(caps).every(
            ([above, { segmentsPerDay = 0 }]) => !isWithin(it.now, one.who, above) || usedWithin(above) + one.segments <= segmentsPerDay,
          )
          const said = await it.submit(one.who, { segments: one.segments })
          assert.equal(said === 'taken', fits, said)
          const key = `${one.who} ${dayOf(it.clock.now())}`
          if (fits) used.set(key, (used.get(key) ?? 0) + one.segments)
        }
      }
    }),
    { numRuns: 40 },
  )
})

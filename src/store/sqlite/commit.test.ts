import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../clock.ts'
import { groupCommit, type Commit } from './commit.ts'
import type { Journal } from './journal.ts'
import { headBytes } from './slab.ts'

/** A journal that keeps its records as text, or takes none. */
function bench() {
  const it = { full: false, records: [] as string[], told: [] as string[] }
  const journal: Journal = {
    file: 1,
    size: 0,
    async append(slab) {
      const text = slab.buffer.toString('utf8', headBytes, slab.end)
      await new Promise((resolve) => setTimeout(resolve, 1))
      if (it.full) throw new Error('the disk is full')
      it.records.push(text)
    },
    turn: () => true,
    done() {},
    close: () => Promise.resolve(),
  }
  const commit = groupCommit(journal, systemClock, {
    written() {},
    between() {},
    failed: () => it.told.push('failed'),
    recovered: () => it.told.push('recovered'),
  })
  return { it, commit }
}

function add(commit: Commit, key: string, refusable: boolean): Promise<string> {
  return new Promise((resolve) => {
    const more = { counts: [1, 'accepted' as const], done: () => resolve('written') }
    const op = { kind: 'part' as const, key, place: 0, total: 1, at: 0, data: 'é' }
    commit.add(op, refusable ? { ...more, refused: () => resolve('refused') } : more)
  })
}

const keysOf = (record: string): string[] => [...record.matchAll(/"key":"(\w+)"/g)].map((match) => match[1]!)

test('operations of one tick are one record, in order, with their counts', async () => {
  const { it, commit } = bench()
  const all = await Promise.all(['a', 'b', 'c'].map((key) => add(commit, key, true)))
  assert.deepEqual(all, ['written', 'written', 'written'])
  assert.deepEqual(it.records.map(keysOf), [['a', 'b', 'c']])
  assert.match(it.records[0]!, /\[1,"accepted",3\]/)
})

test('while nothing can be written, what may be refused is, at once, and the rest waits and is written once', async () => {
  const { it, commit } = bench()
  it.full = true
  const kept = [add(commit, 'kept', false)]
  assert.equal(await add(commit, 'one', true), 'refused')
  kept.push(add(commit, 'later', false))
  for (const key of ['two', 'three']) assert.equal(await add(commit, key, true), 'refused')
  assert.equal(commit.stuck, 2)
  it.full = false
  assert.deepEqual(await Promise.all(kept), ['written', 'written'])
  assert.equal(await add(commit, 'after', true), 'written')
  await commit.drain()
  assert.deepEqual(it.records.flatMap(keysOf), ['kept', 'later', 'after'])
  const counted = it.records.join('').matchAll(/\[1,"accepted",(\d+)\]/g)
  assert.equal(
    [...counted].reduce((sum, match) => sum + Number(match[1]), 0),
    3,
    'what was tried several times is counted once',
  )
  assert.deepEqual(it.told, ['failed', 'recovered'])
})

test('what follows from a long record is done over several turns, in order, before drain ends', async () => {
  const { commit } = bench()
  const done: number[] = []
  for (let n = 0; n < 100; n++) {
    commit.add(
      { kind: 'part', key: `k${n}`, place: 0, total: 1, at: 0, data: '' },
      {
        done() {
          for (const until = performance.now() + 0.5; performance.now() < until;);
          done.push(n)
        },
      },
    )
  }
  let [longest, before] = [0, 0]
  const look = (): void => {
    longest = Math.max(longest, done.length - before)
    before = done.length
    if (done.length < 100) setImmediate(look)
  }
  look()
  await commit.drain()
  assert.deepEqual(
    done,
    Array.from({ length: 100 }, (_, n) => n),
  )
  assert.ok(longest <= 24, `${longest} in one turn`)
})

test('what stands by itself is told first, all else in order', async () => {
  const { it, commit } = bench()
  const done: string[] = []
  const op = (key: string) => ({ kind: 'part' as const, key, place: 0, total: 1, at: 0, data: '' })
  for (const key of ['a', 'b', 'c', 'd']) {
    const more = { done: () => void done.push(key), first: key === 'b' || key === 'd' }
    // That it may be refused says nothing of its turn.
    commit.add(op(key), key === 'c' ? { ...more, refused() {} } : more)
  }
  await commit.drain()
  assert.deepEqual(done, ['b', 'd', 'a', 'c'])
  assert.deepEqual(it.records.map(keysOf), [['a', 'b', 'c', 'd']])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Asked, createShares, type SharesLimits } from './shares.ts'

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Sessions whose requests cost a ms each; `order` says who was served, `turns` how many in each turn. */
function world(limits: Partial<SharesLimits> = {}) {
  let now = 0
  let idle = 0
  const order: string[] = []
  const shares = createShares({ turnMs: 10, few: 2, open: 1000, ...limits }, { nowMs: () => now, idleMs: () => idle })
  function session(name: string) {
    const served: number[] = []
    const place = shares.place((pdu) => {
      now++
      order.push(name)
      served.push(pdu.sequence_number)
    })
    let last = 0
    return {
      served,
      ask(times: number) {
        for (let n = 0; n < times; n++) place.put({ command: 'submit_sm', sequence_number: ++last } as Asked)
      },
    }
  }
  return { order, shares, session, rest: (ms: number) => void (idle += ms) }
}

test('what one session asks for is served in its order, some of it in each turn', async () => {
  const { order, session } = world()
  const one = session('a')
  one.ask(25)
  assert.equal(order.length, 2, 'the first few as they come, no more while it is being read')
  await nextTurn()
  assert.equal(order.length, 12)
  one.ask(3)
  for (let n = 0; n < 3; n++) await nextTurn()
  assert.deepEqual(
    one.served,
    Array.from({ length: 28 }, (_, n) => n + 1),
  )
})

test('a session at ease is served as it asks, beside one in flood', async () => {
  const { order, session } = world()
  const [wild, calm] = [session('wild'), session('calm')]
  wild.ask(10_000)
  for (let n = 0; n < 20; n++) {
    await nextTurn()
    const before = order.length
    calm.ask(1)
    assert.deepEqual(order.slice(before), ['calm'])
  }
})

test('what comes in many small pieces in one turn has no more of it than what comes in one', async () => {
  const { order, session } = world()
  const [wild, calm] = [session('wild'), session('calm')]
  for (let n = 0; n < 100; n++) wild.ask(1)
  assert.equal(order.length, 2)
  calm.ask(1)
  assert.deepEqual(order.slice(2), ['calm'], 'one that waits in line holds up nobody who does not')
  await nextTurn()
  wild.ask(1)
  assert.equal(order.length, 13, 'what waits goes before what comes')
})

test('sessions in flood have equal shares, and none of them is left out by many that are at ease', async () => {
  const { session } = world()
  const wild = Array.from({ length: 7 }, (_, n) => session(`wild${n}`))
  const calm = Array.from({ length: 8 }, (_, n) => session(`calm${n}`))
  for (const one of wild) one.ask(500)
  for (let turn = 0; turn < 70; turn++) await nextTurn()
  const shares = wild.map(({ served }) => served.length)
  assert.ok(Math.max(...shares) - Math.min(...shares) <= 4, shares.join(' '))
  const before = wild.reduce((sum, { served }) => sum + served.length, 0)
  for (let turn = 0; turn < 70; turn++) {
    for (const one of calm) one.ask(1)
    await nextTurn()
  }
  const more = wild.reduce((sum, { served }) => sum + served.length, 0) - before
  assert.ok(more >= 2 * 69 && wild.every(({ served }, n) => served.length > shares[n]!), `${more}`)
})

test('while as much as may be is being made durable no flood is served, a session at ease is, and then it goes on', async () => {
  const { order, shares, session } = world({ open: 3 })
  const [wild, calm] = [session('wild'), session('calm')]
  wild.ask(30)
  await nextTurn()
  const before = order.length
  for (let n = 0; n < 3; n++) shares.began()
  for (let n = 0; n < 3; n++) await nextTurn()
  assert.equal(order.length, before)
  calm.ask(1)
  await nextTurn()
  assert.deepEqual(order.slice(before), ['calm'])
  for (let n = 0; n < 3; n++) shares.began()
  calm.ask(1)
  for (let n = 0; n < 3; n++) await nextTurn()
  assert.equal(order.length, before + 1, 'nor that, where it is twice as much')
  for (let n = 0; n < 4; n++) shares.ended()
  for (let n = 0; n < 3; n++) await nextTurn()
  assert.equal(order.length, 32)
})

test('more may be under way while it is the disk that is waited for, and less again when it is not', async () => {
  const { order, shares, session, rest } = world({ open: 10, mostOpen: 40 })
  const wild = session('wild')
  async function underWay(idleMs: number): Promise<number> {
    let open = 0
    for (let round = 0; round < 50; round++) {
      const before = order.length
      wild.ask(60)
      // Each that is served is being made durable until the end of the round.
      for (let n = 0; n < 30; n++) {
        const served = order.length
        await nextTurn()
        for (let more = order.length - served; more > 0; more--) shares.began()
      }
      open = order.length - before
      rest(idleMs)
      for (let n = 0; n < open; n++) shares.ended()
    }
    return open
  }
  const fast = await underWay(0)
  const slow = await underWay(5)
  const again = await underWay(0)
  assert.ok(fast < 25 && slow >= 40 && slow < 55 && again < 25, `${fast} ${slow} ${again}`)
})

test('what was served of a flood that never ends is let go of', async () => {
  const { session } = world()
  const one = session('a')
  one.ask(1000)
  for (let turn = 0; turn < 2000; turn++) {
    await nextTurn()
    one.ask(12)
  }
  assert.deepEqual(
    one.served,
    Array.from({ length: one.served.length }, (_, n) => n + 1),
  )
  assert.ok(one.served.length > 19_000)
})

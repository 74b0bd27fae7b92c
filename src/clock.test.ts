import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTrust, neverBack, tellSetBack, testClock } from './clock.ts'

test('five hundred links that look each second wake the process four times a second', async () => {
  const clock = testClock()
  const start = clock.now()
  const looked: number[] = Array.from({ length: 500 }, () => 0)
  const wakes = new Set<number>()
  function look(link: number): void {
    looked[link]!++
    wakes.add(clock.now())
    clock.roughly(1000, () => look(link))
  }
  for (let link = 0; link < 500; link++) {
    clock.roughly(1000, () => look(link))
    await clock.advance(2)
  }
  wakes.clear()
  const [before, at] = [Math.min(...looked), clock.now()]
  await clock.advance(10_000)
  assert.ok(wakes.size <= 41, `${wakes.size} wakes in ten seconds`)
  assert.ok(Math.min(...looked) - before >= 8, 'and none is forgotten')
  assert.ok(clock.now() - at === 10_000 && at - start === 1000)
})

test('a rough time is never early, and at most a quarter late', async () => {
  for (const ms of [1, 3, 10, 40, 77, 200, 1000, 1300, 20_000, 60_000]) {
    for (const offset of [0, 1, 13, 249, 733]) {
      const clock = testClock(1_000_000 + offset)
      const asked = clock.now()
      let called = 0
      clock.roughly(ms, () => (called = clock.now() - asked))
      await clock.advance(ms * 2)
      assert.ok(called >= ms && called <= ms * 1.25, `${ms} ms: ${called}`)
    }
  }
})

test('what was cancelled is not called, and its neighbours are; nor is a timer left behind', async () => {
  const clock = testClock()
  const called: string[] = []
  const same = (): void => void called.push('same')
  const cancels = [clock.roughly(1000, same), clock.roughly(1000, same), clock.roughly(1000, () => called.push('other'))]
  cancels[0]!()
  cancels[0]!()
  await clock.advance(1250)
  assert.deepEqual(called, ['same', 'other'])
  const cancel = clock.roughly(1000, () => called.push('canceled'))
  cancel()
  clock.roughly(1000, () => called.push('again'))
  cancel()
  await clock.advance(1250)
  assert.deepEqual(called, ['same', 'other', 'again'])
})

test('one of those called together may cancel another, and ask anew', async () => {
  const clock = testClock(0)
  const called: string[] = []
  clock.roughly(1000, () => {
    called.push('first')
    cancel()
    clock.roughly(1000, () => called.push('anew'))
  })
  const cancel = clock.roughly(1000, () => called.push('second'))
  await clock.advance(1000)
  assert.deepEqual(called, ['first'])
  await clock.advance(1000)
  assert.deepEqual(called, ['first', 'anew'])
})

const hourMs = 3_600_000

test('the time of day never goes back: set back, it goes on an eighth slower until the clock has caught up', () => {
  let machine = 1_000_000_000
  let passed = 0
  const pass = (ms: number): void => {
    machine += ms
    passed += ms
  }
  const { now, aheadMs } = neverBack(
    () => Math.floor(machine),
    () => passed,
  )
  assert.equal(now(), machine)
  machine -= hourMs
  assert.deepEqual([now(), aheadMs()], [1_000_000_000, hourMs])
  let last = now()
  for (let second = 0; second < 8 * 3600; second++) {
    pass(1000)
    const at = now()
    assert.ok(at > last && at - last <= 1000 && at >= machine, `${at} after ${last}`)
    last = at
  }
  assert.deepEqual([now(), aheadMs()], [machine, 0])
  machine += hourMs
  assert.equal(now(), machine, 'ahead it goes at once')
  // A step back that is taken back is none.
  last = now()
  machine -= hourMs
  assert.equal(now(), last)
  machine += hourMs
  assert.deepEqual([now(), aheadMs()], [last, 0])
  // By a tenth of a millisecond after the other, too: times are whole.
  machine -= 5000
  for (let tenths = 0; tenths < 450_000; tenths++) {
    pass(0.1)
    const at = now()
    assert.ok(Number.isInteger(at) && at >= last)
    last = at
    if (tenths === 200_000) assert.ok(aheadMs() > 2400 && aheadMs() < 2600, 'half of it')
  }
  assert.equal(last, Math.floor(machine))
})

test('what measures how long something takes does not see the clock set', async () => {
  const clock = testClock()
  const [day, steady] = [clock.now(), clock.steady.now()]
  clock.jump(hourMs)
  assert.deepEqual([clock.now() - day, clock.steady.now() - steady], [hourMs, 0])
  clock.jump(-2 * hourMs)
  let called = 0
  clock.after(5000, () => called++)
  clock.steady.roughly(5000, () => called++)
  assert.equal(clock.now() - day, hourMs)
  await clock.advance(6250)
  assert.deepEqual([called, clock.steady.now() - steady, clock.steady.steady === clock.steady], [2, 6250, true])
})

test('nothing is thrown away by a time that has just gone far ahead', async () => {
  const clock = testClock()
  const isTrusted = createTrust(clock)
  assert.equal(isTrusted(), true)
  await clock.advance(30 * hourMs)
  clock.jump(30 * 60_000)
  assert.equal(isTrusted(), true, 'a summer time that was set by hand is no year')
  clock.jump(400 * 24 * hourMs)
  for (let minutes = 0; minutes < 60; minutes++) {
    assert.equal(isTrusted(), false)
    await clock.advance(60_000)
  }
  assert.equal(isTrusted(), true, 'an hour later it is what the time is')
})

test('that the clock was set back is told once, with by how much', async () => {
  const clock = testClock()
  let machine = clock.now()
  const wall = neverBack(() => machine, clock.steady.now)
  const told: number[] = []
  const stop = tellSetBack({ ...wall, steady: clock.steady }, (aheadMs) => told.push(aheadMs))
  const pass = async (ms: number): Promise<void> => {
    machine += ms
    await clock.advance(ms)
  }
  await pass(30_000)
  machine -= hourMs
  for (let n = 0; n < 20; n++) await pass(12_500)
  assert.equal(told.length, 1)
  assert.ok(told[0]! > hourMs - 60_000 && told[0]! <= hourMs, String(told[0]))
  stop()
  machine -= 2 * hourMs
  await pass(60_000)
  assert.equal(told.length, 1)
})

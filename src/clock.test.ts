import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testClock } from './clock.ts'

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

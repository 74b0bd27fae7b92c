// Preloaded into a gateway: for how long, at the longest, its main thread worked without coming back to its
// event loop, in CPU time, so that what else the machine does is not counted. SIGUSR2 writes it, and begins anew.
import { readFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

const everyMs = 2

/** ns of CPU of the main thread (Linux, Documentation/scheduler/sched-stats.rst). */
function spentMicros(): number {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1000
}

if (isMainThread) {
  let last = spentMicros()
  let longest = 0
  setInterval(() => {
    const now = spentMicros()
    longest = Math.max(longest, now - last)
    last = now
  }, everyMs).unref()
  process.on('SIGUSR2', () => {
    process.stdout.write(`probe ${Math.round(longest)}\n`)
    longest = 0
  })
}

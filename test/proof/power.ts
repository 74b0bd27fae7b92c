// A process under strace, and what is left of its directory after losses of power at moments of its run.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { peer } from '../peers/found.ts'
import { read, straceArguments, type Event } from './calls.ts'
import { createDisk, type Disk } from './disk.ts'

export interface Recorded {
  events: Event[]
  /** As it was before the run. */
  disk: Disk
}

/** Runs node with these arguments until `drive` resolves, which may look at what it has said on stdout; then it is killed. */
export async function record(
  directory: string,
  args: readonly string[],
  env: Record<string, string>,
  drive: (said: () => string) => Promise<unknown>,
): Promise<Recorded> {
  const disk = createDisk(directory)
  const traces = mkdtempSync(join(tmpdir(), 'calls-'))
  const file = join(traces, 'calls.strace')
  // The kernel would write for libuv, unseen.
  const child = spawn(peer('strace')!, [...straceArguments, '-o', file, process.execPath, ...args], {
    env: { ...process.env, UV_USE_IO_URING: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const gone = once(child, 'exit')
  let said = ''
  child.stdout.setEncoding('latin1').on('data', (text: string) => (said += text))
  await Promise.race([
    drive(() => said),
    gone.then(() => {
      throw new Error(`it ended by itself:\n${said.slice(-2000)}`)
    }),
  ])
  // strace ends by itself once all that it watches has; killed first, it would let them run.
  const pid = Number(/^(\d+) /.exec((await readFile(file, 'latin1')).slice(0, 20))?.[1])
  process.kill(pid, 'SIGKILL')
  await gone
  const events = read(await readFile(file, 'latin1'), directory)
  await rm(traces, { recursive: true })
  return { events, disk }
}

/** Resolves once it holds. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20))
}

/**
 * So many moments, oldest first: of three, one is any, one that in which something was just about to be said that `isAnswer`
 * knows, and one lies before all those.
 */
export function moments(events: readonly Event[], count: number, isAnswer: (said: string) => boolean, random: () => number): number[] {
  const answers = events.flatMap(({ phase, call }, n) => (phase === 'begin' && call.what === 'say' && isAnswer(call.text) ? [n] : []))
  const first = answers[0] ?? 0
  const chosen = Array.from({ length: count }, (_, n) =>
    n % 3 === 0
      ? first + Math.floor(random() * (events.length - first))
      : n % 3 === 1
        ? answers[Math.floor(random() * answers.length)]!
        : Math.floor(random() * first),
  )
  return chosen.toSorted((a, b) => a - b)
}

/** What had been said, or begun to be said, by then: a text each call. */
export function saidBefore(events: readonly Event[], moment: number): string[] {
  return events.slice(0, moment + 1).flatMap(({ phase, call }) => (phase === 'begin' && call.what === 'say' ? [call.text] : []))
}

/** The directories that are left, one for each moment; a third of them have only what is sure. */
export async function lose(
  { events, disk }: Recorded,
  at: readonly number[],
  random: () => number,
  look: (moment: number, left: string) => Promise<void>,
): Promise<void> {
  let from = 0
  for (const moment of at) {
    for (; from <= moment; from++) disk.take(events[from]!)
    const left = mkdtempSync(join(tmpdir(), 'left-'))
    try {
      disk.lose(left, random() < 1 / 3 ? undefined : random)
      await look(moment, left)
    } finally {
      await rm(left, { recursive: true, force: true })
    }
  }
}

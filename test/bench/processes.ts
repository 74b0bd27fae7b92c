// Processes of a benchmark or proof: started on free ports, measured through /proc, ended by pid.
import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createSocket } from 'node:dgram'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'

export interface Running {
  pid: number
  child: ChildProcess
  /** The first line it printed. */
  first: string
  /** Lines printed after the first. */
  lines: string[]
  /** What it said on standard error, as far as it is kept. */
  errors: string[]
  /** User + system CPU of all its threads so far, in µs. */
  cpuMicros(): number
  /** How long its main thread has waited for a core so far, in µs. */
  waitedMicros(): number
  /** Highest resident memory so far, in MiB. */
  maxRssMb(): number
  /** Resident memory now, in MiB. */
  rssMb(): number
  /** SIGTERM, and SIGKILL after a minute. Resolves when it is gone. */
  stop(): Promise<void>
  kill(): Promise<void>
  exited: Promise<number | null>
}

/** The built program of this name, relative to the root of the build (`dist/`). */
export function program(path: string): string {
  return new URL(`../../${path}`, import.meta.url).pathname
}

/**
 * What `npm start` gives node, too: a nursery that holds a second's messages, and no collector threads that
 * spin beside the one thread with work: 9 to 12 % less CPU in three pairs of runs; and all is made in the
 * nursery, where what dies costs nothing: another 8 to 15 %. The load has them as well.
 */
const nodeFlags = ['--single-threaded-gc', '--max-semi-space-size=32', '--no-allocation-site-pretenuring']

/** Starts a node program; resolves with its first line on standard output. */
export async function start(
  path: string,
  args: readonly string[],
  options: { env?: Record<string, string>; until?: RegExp; flags?: readonly string[] } = {},
): Promise<Running> {
  const child = spawn(process.execPath, [...nodeFlags, ...(options.flags ?? []), program(path), ...args], {
    env: { ...process.env, ...options.env },
    stdio: 'pipe',
  })
  const errors: string[] = []
  child.stderr.on('data', (chunk: Buffer) => {
    errors.push(chunk.toString())
    if (errors.length > 200) errors.shift()
  })
  const lines: string[] = []
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
  const out = createInterface({ input: child.stdout })
  const first = await new Promise<string>((resolve, reject) => {
    out.on('line', (line) => {
      lines.push(line)
      if (lines.length > 10_000) lines.shift()
      if (!options.until || options.until.test(line)) resolve(line)
    })
    child.once('exit', (code) =>
      reject(new Error(`${path} ended with ${code} before it was ready\n${lines.join('\n')}\n${errors.join('')}`)),
    )
  })
  const pid = child.pid!
  return {
    pid,
    child,
    first,
    lines,
    errors,
    exited,
    cpuMicros: () => cpuMicrosOf(pid),
    waitedMicros: () => waitedMicrosOf(pid),
    maxRssMb: () => statusMb(pid, 'VmHWM'),
    rssMb: () => statusMb(pid, 'VmRSS'),
    async stop() {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), 60_000)
      await exited
      clearTimeout(timer)
    },
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** utime + stime of a process in µs (proc(5): ticks of 10 ms). */
export function cpuMicrosOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

/** Second field of schedstat: ns on a run queue (Linux, Documentation/scheduler/sched-stats.rst). */
function waitedMicrosOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1000
}

function statusMb(pid: number, field: string): number {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Math.round(Number(line?.[1] ?? 0) / 1024)
}

/** Below those that Linux gives to whoever asks for any: what is free now is not another's by the time it is opened. */
const ports = { from: 10_240, to: 32_000 }
let nextPort = ports.from + Math.floor(Math.random() * (ports.to - ports.from))

/** Free by TCP and UDP on loopback. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = nextPort
    nextPort = port + 1 < ports.to ? port + 1 : ports.from
    if ((await isFree(port)) && (await isFreeByUdp(port))) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

function isFreeByUdp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4')
    socket.once('error', () => socket.close(() => resolve(false)))
    socket.bind(port, '127.0.0.1', () => socket.close(() => resolve(true)))
  })
}

export function percentile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) return 0
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
}

export function rounded(value: number): number {
  return Math.round(value * 10) / 10
}

// A gateway as a process with one account, one or more carriers on a simulator, and a route: what
// every benchmark and proof starts from.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePort, program, start, type Running } from './processes.ts'

export const sid = `AC${'0'.repeat(31)}1`
export const token = '0123456789abcdef0123456789abcdef'
export const ourNumber = '+15550001111'

/** The nth sub-account of a large benchmark, its token and its number. */
export const accountSid = (n: number): string => `AC${(n + 16).toString(16).padStart(32, '0')}`
export const accountToken = (n: number): string => `f${(n + 16).toString(16).padStart(31, '0')}`
export const accountNumber = (n: number): string => `+1556${String(n).padStart(7, '0')}`

export interface Setup {
  data: string
  httpPort: number
  env: Record<string, string>
}

export async function setUp(extra: Record<string, string> = {}): Promise<Setup> {
  const data = await mkdtemp(join(tmpdir(), 'signalbox-'))
  const httpPort = await freePort()
  return {
    data,
    httpPort,
    env: {
      SIGNALBOX_DATA: data,
      SIGNALBOX_HTTP: `127.0.0.1:${httpPort}`,
      SIGNALBOX_SMPP: 'off',
      SIGNALBOX_SIP: 'off',
      SIGNALBOX_ACCOUNT_SID: sid,
      SIGNALBOX_AUTH_TOKEN: token,
      SIGNALBOX_DEMO: 'off',
      SIGNALBOX_LOG: 'warn',
      ...extra,
    },
  }
}

/** Resolves when /health is 200. `flags` are node's. */
export async function startGatewayProcess(setup: Setup, flags: readonly string[] = []): Promise<Running> {
  const running = await start('src/main.js', ['start'], { env: setup.env, flags })
  const until = Date.now() + 120_000
  for (;;) {
    const healthy = await fetch(`http://127.0.0.1:${setup.httpPort}/health`).then(
      (answer) => answer.status === 200,
      () => false,
    )
    if (healthy) return running
    if (Date.now() > until) throw new Error('the gateway is not healthy after two minutes')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export async function startSink(args: readonly string[]): Promise<Running & { port: number }> {
  const running = await start('plugins/simulator/program.js', ['--port', '0', ...args], { until: /127\.0\.0\.1:\d+/ })
  return Object.assign(running, { port: Number(/127\.0\.0\.1:(\d+)/.exec(running.first)?.[1]) })
}

export async function startReceiver(): Promise<Running & { port: number }> {
  const running = await start('test/bench/receiver.js', [])
  return Object.assign(running, { port: (JSON.parse(running.first) as { port: number }).port })
}

export async function apply(setup: Setup, document: string): Promise<void> {
  const file = join(setup.data, 'bench.yaml')
  await writeFile(file, document)
  await promisify(execFile)(process.execPath, [program('src/main.js'), 'apply', '-f', file], {
    env: { ...process.env, ...setup.env },
    maxBuffer: 64 << 20,
  })
}

export async function tearDown(setup: Setup): Promise<void> {
  await rm(setup.data, { recursive: true, force: true })
}

export async function api<T>(setup: Setup, path: string, init: RequestInit = {}): Promise<T> {
  const answer = await fetch(`http://127.0.0.1:${setup.httpPort}${path}`, {
    ...init,
    headers: {
      authorization: `Basic ${Buffer.from(`${sid}:${token}`).toString('base64')}`,
      ...(init.headers as Record<string, string> | undefined),
    },
  })
  if (!answer.ok) throw new Error(`${path}: HTTP ${answer.status} ${await answer.text()}`)
  return (await answer.json()) as T
}

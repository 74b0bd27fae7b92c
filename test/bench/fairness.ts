// One tenant has bulk messages queued on a bind; how long does another's single message wait on it? Bulk is
// queued while the bind is paused; then the bind runs at its rate, and singles come at theirs, each timed
// from its POST until the `sent` callback that says the carrier has it.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { api, apply, ourNumber, setUp, startGatewayProcess, startSink, tearDown, type Setup } from './gateway.ts'
import { percentile, rounded, start } from './processes.ts'

export interface FairnessOptions {
  /** Bulk messages queued first. */
  messages: number
  /** Segments a second that the bind sends. */
  rate: number
  singles: number
  /** Of these a second. */
  singlesPerSecond: number
  say(line: string): void
}

export interface Fairness {
  queued: number
  segmentsPerSecond: number
  singles: number
  p50Ms: number
  p99Ms: number
  maxMs: number
  /** Of the bulk, when the last single was sent: the lane never was empty. */
  stillQueued: number
  lost: number
}

const bulk = { sid: `AC${'0'.repeat(31)}2`, token: 'b'.repeat(32) }
const single = { sid: `AC${'0'.repeat(31)}3`, token: 'c'.repeat(32), number: '+15550002222' }
const carrier = 'sink'
const answerLimitMs = 60_000

export async function benchFairness(options: FairnessOptions): Promise<Fairness> {
  const setup = await setUp()
  const sink = await startSink(['--preset', carrier, '--seed', '1'])
  const gateway = await startGatewayProcess(setup)
  const hooks = await startHooks()
  try {
    await apply(setup, document(sink.port, options.rate, true))
    options.say(`queueing ${options.messages} messages of one tenant …`)
    await queueBulk(setup, options.messages)
    const queued = await waiting(setup)
    await apply(setup, document(sink.port, options.rate, false))
    options.say(`${options.singles} single messages of another, ${options.singlesPerSecond} a second …`)
    const took: number[] = []
    const all: Promise<void>[] = []
    for (let i = 0; i < options.singles; i++) {
      all.push(timed(setup, hooks, i, took))
      await new Promise((resolve) => setTimeout(resolve, 1000 / options.singlesPerSecond))
    }
    await Promise.all(all)
    const sorted = took.toSorted((a, b) => a - b)
    return {
      queued,
      segmentsPerSecond: options.rate,
      singles: options.singles,
      p50Ms: rounded(percentile(sorted, 0.5)),
      p99Ms: rounded(percentile(sorted, 0.99)),
      maxMs: rounded(sorted.at(-1) ?? 0),
      stillQueued: await waiting(setup),
      lost: options.singles - took.length,
    }
  } finally {
    hooks.close()
    await gateway.stop()
    await sink.stop()
    await tearDown(setup)
  }
}

async function queueBulk(setup: Setup, messages: number): Promise<void> {
  const job = {
    kind: 'signalbox',
    port: setup.httpPort,
    concurrency: 50,
    callback: '',
    messages,
    perSecond: 0,
    firstDestination: 0,
    ...bulk,
  }
  const generator = await start('test/bench/load.js', [JSON.stringify(job)], { until: /^ready$/ })
  if ((await generator.exited) !== 0) throw new Error('the load generator failed')
  const { refused, firstRefusal } = JSON.parse(generator.lines.at(-1) ?? '') as { refused: number; firstRefusal: string }
  if (refused > 0) throw new Error(`${refused} were refused: ${firstRefusal}`)
}

async function waiting(setup: Setup): Promise<number> {
  const { lanes } = await api<{ lanes: { deliver: number }[] }>(setup, '/api/v1/lanes')
  return lanes.reduce((sum, lane) => sum + lane.deliver, 0)
}

interface Hooks {
  port: number
  /** Resolves when the message of this number was sent; false: it was not in time. */
  sent(n: number): Promise<boolean>
  close(): void
}

async function startHooks(): Promise<Hooks> {
  const waits = new Map<number, (sent: boolean) => void>()
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      response.writeHead(204).end()
      if (body.includes('MessageStatus=sent')) waits.get(Number(new URL(request.url ?? '', 'http://here').searchParams.get('n')))?.(true)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    sent(n) {
      return new Promise((resolve) => {
        const timer = setTimeout(() => resolve(false), answerLimitMs)
        waits.set(n, (sent) => {
          clearTimeout(timer)
          resolve(sent)
        })
      })
    },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function timed(setup: Setup, hooks: Hooks, n: number, took: number[]): Promise<void> {
  const sent = hooks.sent(n)
  const startedAt = performance.now()
  const answer = await fetch(`http://127.0.0.1:${setup.httpPort}/2010-04-01/Accounts/${single.sid}/Messages.json`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${single.sid}:${single.token}`).toString('base64')}` },
    body: new URLSearchParams({
      To: `+4478${String(n).padStart(8, '0')}`,
      From: single.number,
      Body: 'Your code is 123456',
      StatusCallback: `http://127.0.0.1:${hooks.port}/?n=${n}`,
    }),
  })
  if (answer.status !== 201) throw new Error(`refused: ${await answer.text()}`)
  if (await sent) took.push(performance.now() - startedAt)
}

function document(sinkPort: number, rate: number, paused: boolean): string {
  return `
accounts:
  - id: root
    binds:
      - id: carrier
        connector: smpp
        paused: ${paused}
        policy: { window: 100, segmentsPerSecond: ${rate} }
        config: { host: 127.0.0.1, port: ${sinkPort}, systemId: ${carrier}, password: secret }
    routes: [{ id: default, prefix: "", to: [carrier] }]
    accounts:
      - { id: ${bulk.sid}, token: ${bulk.token}, numbers: [{ number: "${ourNumber}" }] }
      - { id: ${single.sid}, token: ${single.token}, privateWebhooks: true, numbers: [{ number: "${single.number}" }] }
`
}

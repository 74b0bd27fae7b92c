// The crash proof: `npm run proof:crash -- [--rounds N] [--seed N] [--report FILE]`.
// The gateway runs as a process under load; carrier and webhook receiver are processes with ledgers
// of their own. Each round kills the gateway with SIGKILL at a random moment and starts it again on
// the same directory. At the end everything is reconciled:
//   every 201 has exactly one CDR and the terminal state that it names,
//   every 201 is in the carrier's ledger,
//   a message twice in that ledger has an attempt recorded as `unknown`,
//   every 201 had a callback with its terminal state.
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pathToFileURL } from 'node:url'
import { Pool } from 'undici'
import { api, apply, ourNumber, setUp, sid, startGatewayProcess, startSink, tearDown, token } from '../bench/gateway.ts'
import { start, type Running } from '../bench/processes.ts'
import { benchDocument } from '../bench/http.ts'

export interface CrashOptions {
  rounds: number
  seed: number
  /** Accepted messages a second while the gateway is up. */
  perSecond: number
  /** Longest time between start and kill. */
  longestRoundMs: number
  preset: string
  say(line: string): void
}

export interface CrashResult {
  rounds: number
  seed: number
  acknowledged: number
  refusedOrCut: number
  atCarrier: number
  sentTwice: number
  recordedUnknown: number
  seconds: number
  /** Each is a sentence; none is what we promise. */
  faults: string[]
}

interface Acknowledged {
  id: string
  to: string
}

const concurrency = 16

export async function proveCrash(options: CrashOptions): Promise<CrashResult> {
  const random = mulberry32(options.seed)
  const startedAt = Date.now()
  const setup = await setUp()
  const submits = join(setup.data, 'submits.ledger')
  const callbacks = join(setup.data, 'callbacks.ledger')
  const receiver = await start('test/proof/receiver.js', [callbacks])
  const receiverPort = (JSON.parse(receiver.first) as { port: number }).port
  const sink = await startSink(['--preset', options.preset, '--seed', String(options.seed), '--ledger', submits])
  let gateway: Running = await startGatewayProcess(setup)
  const acknowledged: Acknowledged[] = []
  let refusedOrCut = 0
  try {
    await apply(setup, benchDocument(sink.port, 20, options.preset))
    for (let round = 0; round < options.rounds; round++) {
      const load = submitWhileUp(setup.httpPort, `http://127.0.0.1:${receiverPort}/status`, options.perSecond, acknowledged)
      await sleep(50 + random() * options.longestRoundMs)
      await gateway.kill()
      refusedOrCut += await load.stop()
      gateway = await startGatewayProcess(setup)
      if ((round + 1) % 10 === 0 || round + 1 === options.rounds)
        options.say(`round ${round + 1} of ${options.rounds}: ${acknowledged.length} acknowledged so far`)
    }
    const faults = await reconcile()
    return faults
  } finally {
    await gateway.stop()
    await Promise.all([receiver.stop(), sink.stop()])
    await tearDown(setup)
  }

  async function reconcile(): Promise<CrashResult> {
    const faults: string[] = []
    const cdrs = await settled(join(setup.data, 'cdr'), acknowledged)
    const carrier = countBy(await lines(submits), (line) => destinationOf(line))
    const reported = new Set(await lines(callbacks))
    let sentTwice = 0
    let recordedUnknown = 0
    for (const { id, to } of acknowledged) {
      const found = cdrs.get(id) ?? []
      if (found.length !== 1) faults.push(`${id} to ${to} has ${found.length} CDRs`)
      const state = found[0]
      if (state !== undefined && !reported.has(`${id} ${state}`)) faults.push(`${id} ended ${state} and that was never reported`)
      const times = carrier.get(to) ?? 0
      if (times === 0) faults.push(`${id} to ${to} was acknowledged and is not at the carrier`)
      if (times > 1) {
        sentTwice++
        const trace = await api<{ entries: { what: string; failure?: { kind: string } }[] }>(setup, `/api/v1/messages/${id}/trace`)
        const unknown = trace.entries.some((entry) => entry.what === 'attempt' && entry.failure?.kind === 'unknown')
        if (unknown) recordedUnknown++
        else faults.push(`${id} to ${to} is ${times} times at the carrier and no attempt of it is recorded as unknown`)
      }
    }
    const states = await statesByApi(setup.httpPort)
    for (const { id } of acknowledged) {
      const listed = states.get(id)
      const said = cdrs.get(id)?.[0]
      if (listed === undefined) faults.push(`${id} is not in the list of messages`)
      else if (said !== undefined && listed !== said) faults.push(`${id} is listed as ${listed}, its CDR says ${said}`)
    }
    return {
      rounds: options.rounds,
      seed: options.seed,
      acknowledged: acknowledged.length,
      refusedOrCut,
      atCarrier: carrier.size,
      sentTwice,
      recordedUnknown,
      seconds: Math.round((Date.now() - startedAt) / 1000),
      faults,
    }
  }
}

/** Posts messages until stopped; resolves to the number that got no 201. */
function submitWhileUp(port: number, callback: string, perSecond: number, acknowledged: Acknowledged[]): { stop(): Promise<number> } {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: concurrency })
  const authorization = `Basic ${Buffer.from(`${sid}:${token}`).toString('base64')}`
  let running = true
  let failed = 0
  async function one(worker: number): Promise<void> {
    while (running) {
      const to = `+4477${String(nextNumber++).padStart(8, '0')}`
      const form = new URLSearchParams({ To: to, From: ourNumber, Body: `crash proof ${to} by ${worker}`, StatusCallback: callback })
      try {
        const answer = await pool.request({
          method: 'POST',
          path: `/2010-04-01/Accounts/${sid}/Messages.json`,
          headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
          body: form.toString(),
        })
        const body = (await answer.body.json()) as { sid: string }
        if (answer.statusCode === 201) acknowledged.push({ id: body.sid, to })
        else failed++
      } catch {
        failed++
        await sleep(5)
      }
      await sleep((1000 * concurrency) / perSecond)
    }
  }
  const workers = Array.from({ length: concurrency }, (_, n) => one(n))
  return {
    async stop() {
      running = false
      await Promise.all(workers)
      await pool.destroy()
      return failed
    },
  }
}

let nextNumber = 10_000_000

/** Waits until every acknowledged message has its CDR and its callbacks had time; the Twilio status by sid. */
async function settled(directory: string, acknowledged: readonly Acknowledged[]): Promise<Map<string, string[]>> {
  const until = Date.now() + 60_000
  for (;;) {
    const found = new Map<string, string[]>()
    for (const name of await readdir(directory).catch(() => [] as string[])) {
      for (const line of await lines(join(directory, name))) {
        const cdr = JSON.parse(line) as { message: string; state: string }
        const id = `SM${cdr.message}`
        found.set(id, [...(found.get(id) ?? []), twilioStatus(cdr.state)])
      }
    }
    if (acknowledged.every(({ id }) => found.has(id)) || Date.now() > until) {
      await sleep(3000)
      return found
    }
    await sleep(500)
  }
}

function twilioStatus(state: string): string {
  return state === 'expired' ? 'failed' : state === 'unconfirmed' ? 'sent' : state
}

async function statesByApi(port: number): Promise<Map<string, string>> {
  const states = new Map<string, string>()
  const headers = { authorization: `Basic ${Buffer.from(`${sid}:${token}`).toString('base64')}` }
  let path: string | null = `/2010-04-01/Accounts/${sid}/Messages.json?PageSize=1000`
  while (path) {
    const answer: Response = await fetch(`http://127.0.0.1:${port}${path}`, { headers })
    const page = (await answer.json()) as { messages: { sid: string; status: string }[]; next_page_uri: string | null }
    for (const message of page.messages) states.set(message.sid, message.status)
    path = page.next_page_uri
  }
  return states
}

function destinationOf(line: string): string {
  const { to } = JSON.parse(line) as { to: string }
  return to.startsWith('+') ? to : `+${to}`
}

async function lines(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.split('\n').filter((line) => line !== '')
}

function countBy(all: readonly string[], key: (line: string) => string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const line of all) counts.set(key(line), (counts.get(key(line)) ?? 0) + 1)
  return counts
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** A small seeded generator (Tommy Ettinger's mulberry32), so that a run can be repeated. */
function mulberry32(seed: number): () => number {
  let a = seed >>> 0
  return () => {
    a = (a + 0x6d2b79f5) >>> 0
    let t = Math.imul(a ^ (a >>> 15), a | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

export function reportOf(result: CrashResult): string {
  const verdict = result.faults.length === 0 ? 'Nothing was lost, and every repeat is accounted for.' : `${result.faults.length} faults:`
  return [
    '# Crash proof',
    '',
    `${result.rounds} rounds of load and SIGKILL, seed ${result.seed}, ${result.seconds} s. Repeat it with \`npm run proof:crash -- --rounds ${result.rounds} --seed ${result.seed}\`.`,
    '',
    '| | |',
    '|---|---|',
    `| acknowledged with 201 | ${result.acknowledged} |`,
    `| requests cut by the kill (no answer, or refused while down) | ${result.refusedOrCut} |`,
    `| destinations in the carrier's ledger | ${result.atCarrier} |`,
    `| messages that reached the carrier more than once | ${result.sentTwice} |`,
    `| of those recorded \`unknown\` in their trace | ${result.recordedUnknown} |`,
    `| faults | ${result.faults.length} |`,
    '',
    verdict,
    '',
    ...result.faults.slice(0, 100).map((fault) => `- ${fault}`),
    '',
  ].join('\n')
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      preset: { type: 'string', default: 'normal' },
      report: { type: 'string' },
    },
  })
  const result = await proveCrash({
    rounds: Number(values.rounds),
    seed: Number(values.seed),
    preset: values.preset,
    perSecond: 600,
    longestRoundMs: 1200,
    say: (line) => console.error(line),
  })
  const report = reportOf(result)
  console.log(report)
  if (values.report) await writeFile(values.report, report)
  process.exit(result.faults.length === 0 ? 0 : 1)
}

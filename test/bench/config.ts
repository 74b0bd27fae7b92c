// What changes of the configuration cost the gateway's main thread: the same requests to the admin API on an
// empty gateway and beside thousands of accounts, numbers and routes.
import { readFileSync } from 'node:fs'
import { accountNumber, accountSid, api, apply, setUp, sid, startGatewayProcess, tearDown, type Setup } from './gateway.ts'
import { program, rounded, type Running } from './processes.ts'

export interface ConfigOptions {
  accounts: number
  numbers: number
  routes: number
  /** Of each kind, measured. */
  changes: number
  say(line: string): void
}

export interface ConfigFigures {
  /** MB. */
  alone: number
  large: number
  /** µs of the main thread's CPU for one, the request included. */
  changes: Record<string, { alone: number; beside: number }>
  /** `longestMs`: of CPU, between two turns of the main thread's event loop. */
  documents: { entries: number; seconds: number; longestMs: number }[]
  startSeconds: number
}

/** Accounts of one document. */
const documentAccounts = 2000

export async function benchConfiguration(options: ConfigOptions): Promise<ConfigFigures> {
  const { say } = options
  const setup = await setUp()
  try {
    let gateway = await startProbed(setup)
    await carrier(setup)
    await measureChanges(setup, gateway, 'warm', options.changes)
    const alone = gateway.rssMb()
    const before = await measureChanges(setup, gateway, 'first', options.changes)
    const documents: ConfigFigures['documents'] = []
    for (const document of documentsOf(options)) {
      const entries = document.split('\n').length
      say(`a document of ${entries} lines …`)
      await longestMs(gateway)
      const beganAt = Date.now()
      await apply(setup, document)
      documents.push({ entries, seconds: rounded((Date.now() - beganAt) / 1000), longestMs: await longestMs(gateway) })
    }
    await measureChanges(setup, gateway, 'again', options.changes)
    const after = await measureChanges(setup, gateway, 'last', options.changes)
    await gateway.stop()
    const beganAt = Date.now()
    gateway = await startProbed(setup)
    const startSeconds = rounded((Date.now() - beganAt) / 1000)
    const large = gateway.rssMb()
    await gateway.stop()
    const changes = Object.fromEntries(Object.keys(before).map((what) => [what, { alone: before[what]!, beside: after[what]! }]))
    return { alone, large, changes, documents, startSeconds }
  } finally {
    await tearDown(setup)
  }
}

function startProbed(setup: Setup): Promise<Running> {
  return startGatewayProcess(setup, ['--import', `file://${program('test/bench/probe.js')}`])
}

async function longestMs({ child, lines }: Running): Promise<number> {
  const told = lines.length
  child.kill('SIGUSR2')
  for (;;) {
    const line = lines.slice(told).find((one) => one.startsWith('probe '))
    if (line) return rounded(Number(line.slice('probe '.length)) / 1000)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function mainMicros({ pid }: Running): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1000
}

/** The kinds of change, by what is asked for the nth of a round. A round's things are its own. */
const kinds: Record<string, (round: string, n: number) => { method: string; path: string; body?: unknown }> = {
  'nothing, an account is read': () => ({ method: 'GET', path: `/accounts/${sid}` }),
  'a sub-account': (round, n) => ({ method: 'POST', path: '/accounts', body: { parent: sid, name: `${round} ${n}` } }),
  'a number': (round, n) => ({ method: 'PUT', path: `/numbers/%2B1557${roundDigit(round)}${pad(n)}`, body: {} }),
  'a route': (round, n) => ({
    method: 'PUT',
    path: `/routes/${round}-${n}`,
    body: { prefix: `+33${roundDigit(round)}${pad(n)}`, to: ['carrier'] },
  }),
  'a bind': (round, n) => ({
    method: 'PUT',
    path: `/binds/${round}-${n}`,
    body: { connector: 'smpp', enabled: false, config: { host: '127.0.0.1', port: 9, systemId: 'a', password: 'b' } },
  }),
  "an account's name": (round, n) => ({ method: 'PUT', path: `/accounts/${sid}`, body: { name: `${round} ${n}` } }),
  'a number is given back': (round, n) => ({ method: 'DELETE', path: `/numbers/%2B1557${roundDigit(round)}${pad(n)}` }),
  'a bind is deleted': (round, n) => ({ method: 'DELETE', path: `/binds/${round}-${n}` }),
}
const pad = (n: number): string => String(n).padStart(6, '0')
const roundDigit = (round: string): number => ['warm', 'first', 'again', 'last'].indexOf(round) + 1

async function measureChanges(setup: Setup, gateway: Running, round: string, changes: number): Promise<Record<string, number>> {
  const micros: Record<string, number> = {}
  for (const [what, ask] of Object.entries(kinds)) {
    const before = mainMicros(gateway)
    for (let n = 0; n < changes; n++) {
      const { method, path, body } = ask(round, n)
      const init = body === undefined ? { method } : { method, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
      await api(setup, `/api/v1${path}`, init)
    }
    micros[what] = Math.round((mainMicros(gateway) - before) / changes)
  }
  return micros
}

async function carrier(setup: Setup): Promise<void> {
  await apply(
    setup,
    `accounts: [{ id: root, binds: [{ id: carrier, connector: smpp, enabled: false, config: { host: 127.0.0.1, port: 9, systemId: a, password: b } }] }]`,
  )
}

function documentsOf({ accounts, numbers, routes }: ConfigOptions): string[] {
  const each = Math.ceil(numbers / accounts)
  const documents: string[] = []
  let left = numbers
  for (let from = 0; from < accounts; from += documentAccounts) {
    const lines: string[] = []
    for (let n = from; n < Math.min(accounts, from + documentAccounts); n++) {
      lines.push(`      - id: ${accountSid(n)}`, `        name: tenant ${n}`, '        numbers:')
      for (let i = 0; i < each && left > 0; i++, left--) lines.push(`          - number: "${accountNumber(n * each + i)}"`)
    }
    documents.push(`accounts:\n  - id: root\n    accounts:\n${lines.join('\n')}\n`)
  }
  const rules = Array.from({ length: routes }, (_, n) => `      - { id: r${n}, prefix: "+44${pad(n)}", to: [carrier] }`)
  return [...documents, `accounts:\n  - id: root\n    routes:\n${rules.join('\n')}\n`]
}

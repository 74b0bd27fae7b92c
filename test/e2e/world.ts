// A gateway process with simulated carriers in this process, and words to ask and watch it: what the
// end-to-end tests stand on.
import { spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { startCarriers, type Carriers } from '../../plugins/simulator/carriers.ts'
import type { PersonalityOptions } from '../../plugins/simulator/personality.ts'
import { setUp, sid, startGatewayProcess, tearDown, token, type Setup } from '../bench/gateway.ts'
import { program, type Running } from '../bench/processes.ts'

export interface World {
  setup: Setup
  gateway: Running
  carriers: Carriers
  /** Stops it with SIGTERM and starts it again on the same data. */
  restart(): Promise<void>
  close(): Promise<void>
}

/**
 * system_id and password of each carrier are its name. `root`: what the root account has from the start, as lines of a
 * document, a line break before each.
 */
export async function startWorld(
  personalities: Record<string, PersonalityOptions>,
  env: Record<string, string> = {},
  root?: (carriers: Carriers) => string,
): Promise<World> {
  const setup = await setUp(env)
  const carriers = await startCarriers({
    port: 0,
    seed: 1,
    carriers: Object.entries(personalities).map(([id, personality]) => ({ id, password: id, personality })),
  })
  const gateway = await startGatewayProcess(setup).catch(async (error: unknown) => {
    await carriers.close()
    throw error
  })
  const world: World = {
    setup,
    carriers,
    gateway,
    async restart() {
      await world.gateway.stop()
      world.gateway = await startGatewayProcess(setup)
    },
    async close() {
      await world.gateway.stop()
      await carriers.close()
      await tearDown(setup)
    },
  }
  if (root) {
    await configure(setup, `accounts:\n  - id: root${root(carriers)}`).catch(async (error: unknown) => {
      await world.close()
      throw error
    })
  }
  return world
}

/** One carrier that soon delivers what goes to +44. `more` that the root account has, its numbers among it: as above. */
export const startNorthern = (more: string): Promise<World> =>
  startWorld(
    { northern: { receipts: { delay: 5 } } },
    {},
    (carriers) => `
    binds: [${bindTo(carriers, 'northern')}]
    routes: [{ id: uk, prefix: '+44', to: [northern] }]${more}`,
  )

export interface Credentials {
  sid: string
  token: string
}
export const root: Credentials = { sid, token }

export const basic = (who: Credentials): string => `Basic ${Buffer.from(`${who.sid}:${who.token}`).toString('base64')}`

export interface Answer {
  status: number
  headers: Headers
  text: string
  /** Parsed, where it is JSON. */
  json: Record<string, unknown>
}

export async function ask(
  setup: Setup,
  path: string,
  how: {
    as?: Credentials
    method?: string
    form?: Record<string, string>
    json?: unknown
    headers?: Record<string, string>
    body?: string
  } = {},
): Promise<Answer> {
  const body = how.form ? new URLSearchParams(how.form) : how.json === undefined ? how.body : JSON.stringify(how.json)
  const response = await fetch(`http://127.0.0.1:${setup.httpPort}${path}`, {
    method: how.method ?? (body === undefined ? 'GET' : 'POST'),
    headers: {
      ...(how.as ? { authorization: basic(how.as) } : {}),
      ...(how.json === undefined ? {} : { 'content-type': 'application/json' }),
      ...how.headers,
    },
    ...(body === undefined ? {} : { body }),
  })
  const text = await response.text()
  let json = {}
  if (response.headers.get('content-type')?.includes('json')) json = JSON.parse(text) as object
  return { status: response.status, headers: response.headers, text, json }
}

export const messagesPath = (account: string, suffix = '.json'): string => `/2010-04-01/Accounts/${account}/Messages${suffix}`

/** 201 or an error that says what came instead. */
export async function create(setup: Setup, form: Record<string, string>, as: Credentials = root): Promise<string> {
  const answer = await ask(setup, messagesPath(as.sid), { as, form })
  if (answer.status !== 201) throw new Error(`not created: ${answer.status} ${answer.text}`)
  return String(answer.json['sid'])
}

/** Applies a document through the API, as the root account. */
export async function configure(setup: Setup, document: string): Promise<void> {
  const answer = await ask(setup, '/api/v1/apply', { as: root, json: { document } })
  if (answer.status !== 200) throw new Error(answer.text)
}

/** The bind, in a document, to a carrier of the world. */
export const bindTo = (carriers: Carriers, name: string, policy = '{}'): string =>
  `{ id: ${name}, connector: smpp, policy: ${policy}, config: { host: 127.0.0.1, port: ${carriers.port}, systemId: ${name}, password: ${name} } }`

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Far longer than anything here takes, on a machine that is slow and stalls: only what hangs waits so long. */
export const patienceMs = 60_000

/** What `look` gives as soon as it gives something. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined> | T | undefined, ms = patienceMs): Promise<T> {
  const until = Date.now() + ms
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (Date.now() > until) throw new Error(`not within ${ms} ms: ${what}`)
    await sleep(20)
  }
}

export async function reaches(
  setup: Setup,
  messageSid: string,
  status: string,
  as: Credentials = root,
  ms = patienceMs,
): Promise<Answer['json']> {
  let seen: unknown
  return await eventually(
    `${messageSid} is ${status}`,
    async () => {
      const { json } = await ask(setup, messagesPath(as.sid, `/${messageSid}.json`), { as })
      seen = json['status']
      return seen === status ? json : undefined
    },
    ms,
  ).catch((error: unknown) => {
    throw new Error(`${messageSid} is ${String(seen)}, not ${status}`, { cause: error })
  })
}

export interface CdrLine {
  sequence: number
  message: string
  account: string
  state: string
  failure?: string
}

/** Every line of every CDR file, oldest first; throws at one that is no JSON. */
export async function cdrLines(setup: Setup): Promise<CdrLine[]> {
  const directory = join(setup.data, 'cdr')
  const names = (await readdir(directory)).toSorted((a, b) => a.localeCompare(b))
  const texts = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')))
  return texts.flatMap((text) => text.split('\n').filter((line) => line !== '')).map((line) => JSON.parse(line) as CdrLine)
}

/** Once each of these messages (with or without SM) has its CDR; every CDR there is. */
export function cdrsOf(setup: Setup, sids: readonly string[], ms = patienceMs): Promise<CdrLine[]> {
  return eventually(
    `CDRs of ${sids.length} messages`,
    async () => {
      const lines = await cdrLines(setup)
      const has = new Set(lines.map((line) => line.message))
      return sids.every((id) => has.has(id.slice(-32))) ? lines : undefined
    },
    ms,
  )
}

export interface Hook {
  path: string
  headers: IncomingMessage['headers']
  body: string
  form: Record<string, string>
}

/** A webhook receiver on loopback; `answer` may answer otherwise than 204. */
export async function startHooks(
  answer: (hook: Hook, response: ServerResponse) => void = (_hook, response) => void response.writeHead(204).end(),
): Promise<{ url: string; got: Hook[]; close(): void }> {
  const got: Hook[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      const hook = { path: request.url ?? '', headers: request.headers, body, form: Object.fromEntries(new URLSearchParams(body)) }
      got.push(hook)
      answer(hook, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    got,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

/** Runs the command line to its end. */
export function signalbox(
  args: readonly string[],
  env: Record<string, string>,
): Promise<{ code: number | null; out: string; took: number }> {
  return new Promise((resolve) => {
    const startedAt = Date.now()
    const child = spawn(process.execPath, [program('src/main.js'), ...args], { env: { ...process.env, ...env } })
    let out = ''
    const timer = setTimeout(() => child.kill('SIGKILL'), 120_000)
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()))
    child.once('exit', (code) => {
      clearTimeout(timer)
      resolve({ code, out, took: Date.now() - startedAt })
    })
  })
}

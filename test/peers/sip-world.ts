// A gateway process with two SIP profiles on loopback, users, trunks, and the simulated carrier `north`
// by SMPP: what tests with SIP programs that nobody here wrote stand on. And those programs.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../bench/processes.ts'
import { bindTo, configure, eventually, patienceMs, startWorld, type World } from '../e2e/world.ts'

export const domain = 'sms.test'
export const numbers = { alice: '+15550004001', bob: '+15550004002', pbx: '+15550004003' } as const
export const passwordOf = (user: string): string => `secret-${user}`

export interface SipWorld {
  world: World
  /** Where users register: UDP and TCP, and WebSocket at /sip of `http`. */
  internal: number
  /** Where trunks are. */
  external: number
  http: number
  close(): Promise<void>
}

export interface SipWorldParts {
  /** Lines for `binds` of the root account, and for its `routes` before the default one, which leads to `north`. */
  binds?: readonly string[]
  routes?: readonly string[]
  /** More domains of the root account. */
  domains?: readonly string[]
  /** More fields of the profiles. */
  internal?: string
  external?: string
  /** Lines for `numbers`, beside those above. */
  numbers?: readonly string[]
  /** Files of the trunks of the external profile, by their names. */
  trunks?: Readonly<Record<string, string>>
  /** Any free one when absent. */
  externalPort?: number
}

/** Users alice and bob, each with a number. */
export async function startSipWorld(parts: SipWorldParts = {}): Promise<SipWorld> {
  const [internal, external] = [await freePort(), parts.externalPort ?? (await freePort())]
  const profiles = await mkdtemp(join(tmpdir(), 'sip-peers-'))
  await mkdir(join(profiles, 'external'))
  const listen = (port: number): string =>
    `listen: { udp: '127.0.0.1:${port}', tcp: '127.0.0.1:${port}', httpPath: ${port === internal} }\n`
  await writeFile(
    join(profiles, 'internal.yaml'),
    `${listen(internal)}domains: { ${[domain, ...(parts.domains ?? [])].map((each) => `${each}: root`).join(', ')} }\n${parts.internal ?? ''}\n`,
  )
  await writeFile(join(profiles, 'external.yaml'), `${listen(external)}${parts.external ?? ''}\n`)
  for (const [name, text] of Object.entries(parts.trunks ?? {})) await writeFile(join(profiles, 'external', `${name}.yaml`), text)
  const world = await startWorld({ north: {} }, { SIGNALBOX_SIP: profiles })
  const close = async (): Promise<void> => {
    await world.close()
    await rm(profiles, { recursive: true, force: true })
  }
  const user = (name: string): string =>
    `{ id: ${name}, connector: sip, side: client, config: { user: ${name}, password: ${passwordOf(name)} } }`
  const binds = [bindTo(world.carriers, 'north'), user('alice'), user('bob'), ...(parts.binds ?? [])]
  const owned = Object.entries(numbers).filter(([bind]) => binds.some((each) => each.includes(`id: ${bind},`)))
  const document = `accounts:
  - id: root
    binds:
${binds.map((each) => `      - ${each}\n`).join('')}    numbers:
${owned.map(([bind, number]) => `      - { number: "${number}", bind: ${bind} }\n`).join('')}${(parts.numbers ?? []).map((each) => `      - ${each}\n`).join('')}    routes:
${[...(parts.routes ?? []), '{ id: all, prefix: "", to: [north] }'].map((each) => `      - ${each}\n`).join('')}`
  try {
    await configure(world.setup, document)
  } catch (error) {
    await close()
    throw error
  }
  return { world, internal, external, http: world.setup.httpPort, close }
}

export interface Started {
  child: ChildProcess
  /** All that it has said so far, on both outputs. */
  said(): string
  /** Types a line. */
  type(line: string): void
  says(what: RegExp, ms?: number): Promise<void>
  /** SIGTERM, and SIGKILL after twenty seconds. */
  stop(): Promise<void>
}

/** A program that runs until it is stopped. */
export function startProgram(path: string, args: readonly string[], options: { cwd?: string; env?: Record<string, string> } = {}): Started {
  const { cwd } = options
  const child = spawn(path, args, { ...(cwd === undefined ? {} : { cwd }), env: { ...process.env, ...options.env }, stdio: 'pipe' })
  let said = ''
  const keep = (chunk: Buffer): void => void (said = (said + chunk.toString()).slice(-400_000))
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  child.on('error', (error) => (said += error.message))
  child.stdin.on('error', () => undefined)
  return {
    child,
    said: () => said,
    type: (line) => void child.stdin.write(`${line}\n`),
    async says(what, ms = patienceMs) {
      await eventually(String(what), () => (what.test(said) ? true : undefined), ms).catch((error: unknown) => {
        throw new Error(`${path} said:\n${said.slice(-4000)}`, { cause: error })
      })
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
      child.kill('SIGTERM')
      const hard = setTimeout(() => child.kill('SIGKILL'), 20_000)
      await gone
      clearTimeout(hard)
    },
  }
}

/** A program has this port of loopback, of UDP or TCP: asked of Linux, since UDP answers nobody. */
export async function listening(port: number): Promise<void> {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  await eventually(`a program at port ${port}`, async () => {
    for (const path of ['/proc/net/udp', '/proc/net/tcp']) {
      const rows = (await readFile(path, 'latin1')).split('\n')
      // The second field is the local end.
      if (rows.some((row) => row.trim().split(/\s+/)[1]?.endsWith(end))) return true
    }
    return undefined
  })
}

export interface Ended {
  code: number | null
  said: string
}

/** A program that ends by itself. */
export function runProgram(path: string, args: readonly string[], ms = 3 * patienceMs, cwd?: string): Promise<Ended> {
  const started = startProgram(path, args, cwd === undefined ? {} : { cwd })
  started.child.stdin?.end()
  return new Promise((resolve) => {
    const timer = setTimeout(() => started.child.kill('SIGKILL'), ms)
    started.child.once('close', (code) => {
      clearTimeout(timer)
      resolve({ code, said: started.said() })
    })
    started.child.once('error', () => resolve({ code: null, said: started.said() }))
  })
}

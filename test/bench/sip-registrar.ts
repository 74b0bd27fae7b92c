// The front of a SIP profile in a process of its own, so that its memory and CPU are nobody else's: our
// stack on UDP, digest, registrar with its file and the sessions of users; behind it a host that only
// records: so many binds, of which each is a user. Prints the port that it listens on, then a line of JSON
// whenever a line comes in.
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { createInterface } from 'node:readline'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { pino } from 'pino'
import { createFront, createGuard, type UserSettings } from '../../plugins/sip/access/index.ts'
import { createEmbedded } from '../../plugins/sip/engine/embedded/embedded.ts'
import { createOpenSession } from '../../plugins/sip/message/index.ts'
import type { Profile } from '../../plugins/sip/profile/types.ts'
import { type Account, type Bind, defaultClientPolicy, type Gateway, type Host, type Session, systemClock } from '../../src/plugin.ts'

const account = 'ACbench'
const log = pino({ level: 'warn' })
const [users, port] = [Number(process.argv[2]), Number(process.argv[3])]
const directory = process.argv[4] ?? ''
const gateways = new Map<string, Gateway>()
const attached = new Map<string, Session>()

/** Every name is a user; the password is the user's own name. */
function addUser(user: string): void {
  const name = `${user}@bench.example`
  const config: UserSettings = { user, domain: 'bench.example', password: user }
  const bind = { id: `${account}/${user}`, account, name: user, connector: 'sip', side: 'client', policy: defaultClientPolicy, config }
  const gateway = {
    bind: { ...bind, enabled: true, paused: false, createdAt: 0, updatedAt: 0 } as Bind,
    attach(session: Session) {
      attached.set(name, session)
      void session.closed.then(() => attached.delete(name))
      return true
    },
  } as Gateway
  gateways.set(name, gateway)
}
for (let n = 0; n < users; n++) addUser(`user${n}`)

const host = {
  log,
  clock: systemClock,
  account: (id: string) => (id === account ? ({ id, status: 'active' } as Account) : undefined),
  claimed(_connector: string, name: string) {
    const gateway = gateways.get(name)
    return gateway ? [gateway] : []
  },
} as unknown as Host

const profile: Profile = {
  name: 'bench',
  engine: 'embedded',
  listen: { udp: { address: '127.0.0.1', port }, httpPath: false, origins: [] },
  domains: { 'bench.example': account },
  auth: { register: 'digest', message: 'digest', nonceSeconds: 3600, algorithms: ['MD5'] },
  registrar: {
    minExpiresSeconds: 60,
    maxExpiresSeconds: 3600,
    defaultExpiresSeconds: 3600,
    contactsPerAor: 5,
    pingSeconds: 0,
    contacts: 'all',
  },
  safety: {
    allow: [],
    deny: [],
    requestsPerSecondPerAddress: 0,
    messagesPerSecondPerAor: 0,
    ban: { failures: 100, withinSeconds: 60, forSeconds: 60 },
    connections: 100,
    connectionsPerAddress: 100,
    headerBytes: 16_384,
    headerCount: 100,
    bodyBytes: 65_536,
    idleSeconds: 120,
    transactions: 500_000,
  },
  timers: { t1: 500, t2: 4000, t4: 5000 },
  messages: { dialect: 'standard', defaultCoding: 0, accept: ['text/plain'], answer: 202, receipts: 'none', repeatsWithinSeconds: 0 },
}

const guard = createGuard({ safety: profile.safety, clock: systemClock })
const engine = createEmbedded({ profile, log, clock: systemClock, refuses: guard.refuses })
const { registrar } = createFront({
  host,
  profile,
  guard,
  engine,
  openSession: createOpenSession({ clock: systemClock, engineOf: () => engine }),
  trunksAt: () => [],
  file: join(directory, 'bench.registrations'),
})
const [listened] = await engine.start((request, answer) => registrar.take(request, answer))
// What is garbage already is nobody's memory.
setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
setFlagsFromString('--no-expose-gc')
collect()
const before = process.memoryUsage()
await registrar.restore()
console.log(listened?.port)

const input = createInterface({ input: process.stdin })
const loop = monitorEventLoopDelay({ resolution: 5 })
loop.enable()
input.on('line', () => {
  const late = { lateP99Ms: loop.percentile(99) / 1e6, lateMaxMs: loop.max / 1e6 }
  collect()
  const { rss, heapUsed } = process.memoryUsage()
  loop.reset()
  const mine = { rss, heapUsed, rssBefore: before.rss, heapBefore: before.heapUsed, ...late }
  console.log(JSON.stringify({ ...mine, bindings: registrar.size(), sessions: attached.size }))
})
process.once('SIGTERM', () => {
  void registrar
    .close()
    .then(() => engine.stop())
    .finally(() => process.exit(0))
})

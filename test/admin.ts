// An admin over a real store in a directory of its own, for the tests of the admin room.
import type { TestContext } from 'node:test'
import { pino } from 'pino'
import { openConfiguration, type ConfigurationRoom } from '../src/admin/configuration.ts'
import { createAdmin } from '../src/admin/create.ts'
import type { Admin, Caller, SessionsView } from '../src/admin/admin.ts'
import { openSeal } from '../src/admin/seal.ts'
import { createTraces, type Traces } from '../src/binds/trace.ts'
import type { TestClock } from '../src/clock.ts'
import type { Account } from '../src/model/account.ts'
import type { Connector } from '../src/plugin.ts'
import { compile } from '../src/routing/table.ts'
import { createTruth, type Truth } from '../src/flow/truth.ts'
import type { Store } from '../src/store/store.ts'
import { sip } from '../plugins/sip/index.ts'
import { smpp } from '../plugins/smpp/index.ts'
import { twilio } from '../plugins/twilio/index.ts'
import { freshStore } from './fresh-store.ts'

export const connectors: ReadonlyMap<string, Connector> = new Map([
  [smpp.name, smpp as Connector],
  [sip.name, sip as Connector],
  [twilio.name, twilio as Connector],
])

export interface AdminBed {
  directory: string
  store: Store
  room: ConfigurationRoom
  admin: Admin
  root: Account
  /** The root account's. */
  caller: Caller
  clock: TestClock
  sessions: Map<string, SessionsView>
  traces: Traces
  truth: Truth
  /** What was logged, as JSON. */
  lines: string[]
}

export async function adminBed(context: TestContext): Promise<AdminBed> {
  const { directory, clock, store } = await freshStore(context)
  const room = await openConfiguration({ store, connectors, seal: openSeal(directory), clock })
  const root = await room.ensureRoot({})
  const sessions = new Map<string, SessionsView>()
  const lines: string[] = []
  const traces = createTraces({ clock, log: pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) }) })
  const truth = createTruth()
  const admin = createAdmin({
    store,
    configuration: room,
    table: () => compile(room.current()),
    clock,
    sessions: (bind) => sessions.get(bind),
    traces,
    truth: truth.score,
  })
  return {
    directory,
    store,
    room,
    admin,
    root,
    caller: { account: root.id, author: 'test', source: 'cli' },
    clock,
    sessions,
    traces,
    truth,
    lines,
  }
}

export const carrier = (systemId = 'me') => ({ connector: 'smpp', config: { host: 'smsc.example', systemId, password: 'hunter2' } })

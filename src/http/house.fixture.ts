// What the tests of this room start from: the real admin operations on a real store in a directory
// of its own, the connectors without their sessions, and a listener on a free port.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { createAdmin } from '../admin/create.ts'
import { openConfiguration } from '../admin/configuration.ts'
import { openSeal } from '../admin/seal.ts'
import { createTraces } from '../binds/trace.ts'
import { systemClock } from '../clock.ts'
import type { Connector, HttpSide } from '../plugin.ts'
import { compile, type RoutingTable } from '../routing/table.ts'
import { createTruth } from '../flow/truth.ts'
import { openSqlite } from '../store/sqlite/index.ts'
import { createIdentify } from './auth.ts'
import { createEnter } from './concurrency.ts'
import { createMetrics } from './metrics.ts'
import { createProxies } from './proxies.ts'
import { createHttpServer, type HttpLimits, type HttpServer } from './server.ts'

export const root = `AC${'1'.repeat(32)}`
export const token = '0123456789abcdef0123456789abcdef'

export async function listen(
  options: {
    connectors?: readonly Connector[]
    sides?: readonly HttpSide[]
    limits?: Partial<HttpLimits>
    trustedProxies?: readonly string[]
  } = {},
) {
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-http-'))
  const log = pino({ level: 'silent' })
  const clock = systemClock
  const store = await openSqlite({ directory, log })
  const connectors = new Map((options.connectors ?? []).map((connector) => [connector.name, connector]))
  const room = await openConfiguration({ store, connectors, seal: openSeal(directory), clock })
  await room.ensureRoot({ id: root, token })
  const traces = createTraces({ clock, log })
  const table = (): RoutingTable => compile(room.current())
  const truth = createTruth()
  const admin = createAdmin({ store, configuration: room, table, clock, sessions: () => undefined, traces, truth: truth.score })
  const health = { ok: true, status: 'ok' }
  const server: HttpServer = createHttpServer({
    sides: options.sides ?? [],
    admin,
    configuration: () => room.current(),
    identify: createIdentify({ configuration: () => room.current(), clock }),
    proxies: createProxies(options.trustedProxies ?? []),
    enter: createEnter(() => room.current()),
    metrics: createMetrics(() => ({
      usages: [],
      writable: true,
      counts: [{ bind: `${root}/northern`, name: 'delivered', count: 7 }],
      depths: [{ bind: `${root}/northern`, deliver: 3, report: 1 }],
      sessions: [
        { bind: `${root}/northern`, side: 'supplier', connector: 'smpp', sessions: 2, inFlight: 5 },
        { bind: `${root}/southern`, side: 'supplier', connector: 'smpp', sessions: 0, inFlight: 0 },
      ],
      parked: [{ bind: `${root}/northern`, parked: 4, oldestSeconds: 61.5 }],
      truth: [{ bind: `${root}/northern`, score: 87 }],
    })),
    health: () => health,
    log,
    ...(options.limits ? { limits: options.limits } : {}),
  })
  const { port } = await server.listen('127.0.0.1', 0)
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    server,
    admin,
    traces,
    truth,
    store,
    health,
    async close(): Promise<void> {
      await server.close(1000)
      await store.close()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

export const basic = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

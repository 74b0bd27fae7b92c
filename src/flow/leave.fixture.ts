// Messages that wait on lanes of binds whose sessions a test takes away and gives back, over a real store.
import type { TestContext } from 'node:test'
import { createRate } from '../binds/rate.ts'
import type { LiveBind } from '../binds/supervisor.ts'
import type { TestClock } from '../clock.ts'
import { idSource } from '../ids.ts'
import type { Bind, BindPolicy } from '../model/bind.ts'
import { defaultPolicy } from '../model/policy.ts'
import type { Candidate, Route } from '../model/route.ts'
import type { Session } from '../plugin.ts'
import { compile } from '../routing/table.ts'
import type { Store } from '../store/store.ts'
import type { Core } from './core.ts'
import { createLoad } from './load.ts'
import { account, bind as bindOf, configuration } from '../../test/routing.ts'
import { freshStore } from '../../test/fresh-store.ts'

export interface Bed {
  core: Core
  readonly store: Store
  /** The store as another process finds it. */
  restart(): Promise<void>
  clock: TestClock
  /** Sessions of a bind: 0 is down. */
  sessions(id: string, sessions: Partial<Session>[]): void
  /** A message on the lane of its first candidate. */
  send(
    candidates: (string | Candidate)[],
    more?: { attempts?: number; account?: string; deliverAfter?: number; segments?: number },
  ): Promise<string>
  laneOf(id: string): Promise<string | undefined>
}

export async function bed(
  context: TestContext,
  binds: Record<string, Partial<BindPolicy>>,
  grants: Record<string, string[]> = {},
  routes: Route[] = [],
): Promise<Bed> {
  const kept = await freshStore(context)
  const { clock } = kept
  const live = new Map<string, LiveBind>()
  const all = new Map<string, Bind>()
  for (const [id, policy] of Object.entries(binds)) {
    const grant = grants[id]
    const bind = bindOf(id, { policy: { ...defaultPolicy, ...policy }, ...(grant ? { grant } : {}) })
    all.set(id, bind)
    live.set(id, {
      bind,
      connector: { dial() {} } as unknown as LiveBind['connector'],
      sessions: new Set(),
      rate: createRate(() => bind.policy, clock),
      since: clock.now(),
      signal: new AbortController().signal,
    } as unknown as LiveBind)
  }
  const supervisor = { get: (id: string) => live.get(id), all: () => [...live.values()] }
  const snapshot = configuration([account('A'), account('B', 'A')], [...all.values()], routes)
  const table = compile(snapshot)
  const core = {
    store: kept.store,
    clock,
    binds: supervisor,
    configuration: () => snapshot,
    table: () => table,
    load: createLoad({ store: kept.store, binds: supervisor }),
  } as unknown as Core
  const ids = idSource(clock.now)
  return {
    core,
    get store() {
      return kept.store
    },
    async restart() {
      await kept.restart()
      core.store = kept.store
    },
    clock,
    sessions(id, sessions) {
      const it = live.get(id)!
      it.sessions = new Set(sessions as Session[])
      it.since = clock.now()
    },
    async send(candidates, more = {}) {
      const id = ids.next()
      const now = clock.now()
      const list = candidates.map((one) => (typeof one === 'string' ? { bind: one, why: '' } : one))
      await kept.store.accept({
        message: {
          id,
          account: more.account ?? 'A',
          direction: 'mt',
          arrival: 'A/api',
          acceptedAt: now,
          validUntil: now + 3_600_000,
          segments: more.segments ?? 1,
          from: { value: 'ACME', ton: 'alphanumeric', npi: 'unknown' },
          to: { value: `+4477009${id.slice(8, 14)}`, ton: 'international', npi: 'e164' },
          body: { kind: 'text', text: 'hello' },
          priority: 1,
          receipt: 'both',
          ...(more.deliverAfter === undefined ? {} : { deliverAfter: more.deliverAfter }),
        },
        decision: { revision: 1, candidates: list, failoverOnReceipt: false, tried: [] },
        life: {
          state: more.deliverAfter === undefined ? 'queued' : 'scheduled',
          segments: [],
          attempts: more.attempts ?? 0,
          updatedAt: now,
        },
        entries: [{ at: now, what: 'accepted', via: 'A/api' }],
        queue: { lane: list[0]!.bind, due: more.deliverAfter ?? now, candidate: 0 },
      })
      return id
    },
    async laneOf(id) {
      for (const { lane } of await kept.store.depths()) if ((await kept.store.waiting({ lane }, 100)).ids.includes(id)) return lane
      return undefined
    },
  }
}

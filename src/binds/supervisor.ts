// A bind's life: its sessions are dialled, redialled with jittered backoff when they go, and
// drained when the bind is stopped or changed. The flow only asks for a session to send on. A client bind
// that has nothing to do before (a webhook's: every account has one) begins its life when it is first asked for.
import type { Clock } from '../clock.ts'
import type { Bind } from '../model/bind.ts'
import { isWithin, type Configuration } from '../model/configuration.ts'
import { failureFacts } from '../model/failure.ts'
import type { AccountId, BindId } from '../model/message.ts'
import { differing } from '../model/versions.ts'
import type { Connector, Gateway, Logger, Session } from '../plugin.ts'
import { backoffMs } from './backoff.ts'
import { createRate, type Rate } from './rate.ts'

/** off: disabled, or nothing to dial. down: no session at the moment. */
export type BindState = 'off' | 'down' | 'bound'

export interface LiveBind {
  /** As of the newest configuration. */
  bind: Bind
  connector: Connector
  rate: Rate
  /** Segments or reports awaiting an answer. */
  inFlight: number
  /** Counts up: whose turn it is among the sessions. */
  turn: number
  sessions: ReadonlySet<Session>
  /** Since when it is in its state, epoch ms. */
  since: number
  lastError?: string
  /** Aborted when the bind stops. */
  signal: AbortSignal
}

export interface Supervisor {
  /** Starts, stops and changes binds so that they match. */
  apply(configuration: Configuration): void
  /** Undefined: disabled, or not there. */
  get(id: BindId): LiveBind | undefined
  /** Without those that nobody has asked for yet. */
  all(): LiveBind[]
  /** A session that the peer opened. False when the bind, or an account that it is within, has as many as it may; or it is not there. */
  attach(id: BindId, session: Session): boolean
  close(): Promise<void>
}

const redial = { firstMs: 500, multiplier: 2, capMs: 30_000 }
/** A refusal for good (wrong credentials) is told at once and seldom tried: peers lock accounts that knock too often. */
const refusedRedial = { firstMs: 30_000, multiplier: 2, capMs: 600_000 }
/** A reason that stays is told again so often, with how many times it was met. */
const toldAgainMs = 600_000
/** Different reasons that are remembered. */
const mostReasons = 20
/** A session that lived this long was a good one: the next dial starts over with the first delay. */
const healthyMs = 10_000

export function bindState(live: LiveBind): BindState {
  if (live.signal.aborted) return 'off'
  if (live.sessions.size > 0) return 'bound'
  return dialledPeers(live) > 0 || isCalled(live) ? 'down' : 'off'
}

/** Client binds that their peers name are reached by those peers. */
function dialledPeers({ bind, connector }: Pick<LiveBind, 'bind' | 'connector'>): number {
  if (!connector.dial || (bind.side === 'client' && connector.claim?.(bind.config) !== undefined)) return 0
  return connector.peers && bind.side === 'supplier' ? connector.peers(bind.config) : 1
}

function startsWhenAsked({ side }: Bind, connector: Connector | undefined): boolean {
  return side === 'client' && connector?.dialsWhenAsked === true
}

function isCalled({ bind, connector }: LiveBind): boolean {
  return bind.side === 'client' ? connector.claim?.(bind.config) !== undefined : connector.caller?.(bind.config) !== undefined
}

interface Supervised extends LiveBind {
  sessions: Set<Session>
  /** Why there is no session, since the last one came: when it was told, and how often it was met since. */
  reasons: Map<string, { toldAt: number; times: number }>
  /** What a change of means a new dial. */
  shape: string
  stop(): Promise<void>
}

export function createSupervisor(parts: {
  connectors: ReadonlyMap<string, Connector>
  gateway(bind: Bind): Gateway
  clock: Clock
  log: Logger
  random?: () => number
  /** A session came or went, or the bind is configured otherwise: a rate or a window may have grown, a pause have ended. */
  onChange(id: BindId): void
}): Supervisor {
  const { clock, log } = parts
  const random = parts.random ?? Math.random
  const live = new Map<BindId, Supervised>()
  const stopping = new Set<Promise<void>>()
  let accounts: Configuration['accounts'] = new Map()
  let applied: Configuration['binds'] = new Map()
  /** Something may wait for them yet. */
  const deleted = new Set<BindId>()

  function start(bind: Bind, connector: Connector): Supervised {
    const abort = new AbortController()
    const timers = new Set<() => void>()
    const it: Supervised = {
      bind,
      connector,
      rate: createRate(() => it.bind.policy, clock),
      inFlight: 0,
      turn: 0,
      sessions: new Set(),
      reasons: new Map(),
      since: clock.now(),
      signal: abort.signal,
      shape: shapeOf(bind),
      async stop() {
        abort.abort()
        for (const cancel of timers) cancel()
        await Promise.allSettled([...it.sessions].map((session) => session.close()))
      },
    }
    const gateway = parts.gateway(bind)
    async function keep(peer: number, failures: number): Promise<void> {
      if (abort.signal.aborted || !connector.dial) return
      const startedAt = clock.now()
      let why: string
      let refused = false
      try {
        const dialled = connector.dial(gateway, abort.signal, peer)
        const session = dialled instanceof Promise ? await dialled : dialled
        came(it, session)
        why = await session.closed
        left(it, session)
      } catch (error) {
        const facts = failureFacts(error)
        why = facts.peer ?? facts.code
        refused = facts.kind === 'permanent'
      }
      parts.onChange(bind.id)
      if (abort.signal.aborted) return
      it.lastError = why
      const next = clock.now() - startedAt >= healthyMs ? 0 : failures + 1
      const delay = backoffMs(refused ? refusedRedial : redial, Math.max(0, next - 1), random())
      gone(it, why, delay, refused)
      const cancel = clock.after(delay, () => {
        timers.delete(cancel)
        void keep(peer, next)
      })
      timers.add(cancel)
    }
    const peers = dialledPeers(it)
    // A client bind that is dialled (a webhook's) has one; its policy is of those that its peers open.
    const sessions = bind.side === 'client' ? 1 : bind.policy.sessions
    for (let peer = 0; peer < peers; peer++) for (let n = 0; n < sessions; n++) void keep(peer, 0)
    return it
  }

  function came(it: Supervised, session: Session): void {
    it.sessions.add(session)
    if (it.sessions.size === 1) it.since = clock.now()
    delete it.lastError
    it.reasons.clear()
    log.info({ bind: it.bind.id, sessions: it.sessions.size }, 'bound')
    parts.onChange(it.bind.id)
    if (it.signal.aborted) void session.close()
  }

  /** A carrier that is down for an hour is told of a few times, not at every dial of every session. */
  function gone(it: Supervised, why: string, againInMs: number, refused: boolean): void {
    const now = clock.now()
    const before = it.reasons.get(why)
    const times = (before?.times ?? 0) + 1
    const isNews = !before || now - before.toldAt >= toldAgainMs || now < before.toldAt
    if (it.reasons.size >= mostReasons) it.reasons.clear()
    it.reasons.set(why, isNews ? { toldAt: now, times: 0 } : { toldAt: before.toldAt, times })
    const facts = { bind: it.bind.id, why, againInMs, ...(times > 1 ? { times } : {}) }
    if (!isNews) log.debug(facts, 'no session yet')
    else if (refused) log.error(facts, 'the peer refuses this bind: check its configuration')
    else log.warn(facts, 'session gone')
  }

  function left(it: Supervised, session: Session): void {
    it.sessions.delete(session)
    if (it.sessions.size === 0) it.since = clock.now()
  }

  function stop(id: BindId, it: Supervised): void {
    live.delete(id)
    const done = it.stop().finally(() => stopping.delete(done))
    stopping.add(done)
  }

  /** Whether the account of a client bind, and each above it, may have one session more that its peers open. */
  function hasPlace({ side, account }: Bind): boolean {
    let at = side === 'client' ? accounts.get(account) : undefined
    for (let depth = 0; at !== undefined && depth < 64; depth++) {
      const most = at.caps?.sessions
      if (most !== undefined && openWithin(at.id) >= most) return false
      at = at.parent === undefined ? undefined : accounts.get(at.parent)
    }
    return true
  }

  function openWithin(account: AccountId): number {
    let open = 0
    for (const it of live.values())
      if (it.bind.side === 'client' && it.sessions.size > 0 && isCalled(it) && isWithin({ accounts }, it.bind.account, account))
        open += it.sessions.size
    return open
  }

  /** As configured; undefined where it shall not run. */
  function startOf(bind: Bind | undefined): Supervised | undefined {
    const connector = bind?.enabled ? parts.connectors.get(bind.connector) : undefined
    if (!bind || !connector) return undefined
    const it = start(bind, connector)
    live.set(bind.id, it)
    return it
  }

  return {
    apply(configuration) {
      ;({ accounts } = configuration)
      const before = applied
      applied = configuration.binds
      for (const id of differing(before, applied)) {
        const bind = applied.get(id)
        const it = live.get(id)
        if (it && bind?.enabled && shapeOf(bind) === it.shape) it.bind = bind
        else {
          if (it) stop(id, it)
          if (bind && !startsWhenAsked(bind, parts.connectors.get(bind.connector))) startOf(bind)
        }
        if (!bind) deleted.add(id)
        else if (before.has(id) || deleted.delete(id)) parts.onChange(id)
      }
    },
    get: (id) => live.get(id) ?? startOf(applied.get(id)),
    all: () => [...live.values()],
    attach(id, session) {
      const it = live.get(id)
      if (!it || it.signal.aborted || it.sessions.size >= it.bind.policy.sessions || !hasPlace(it.bind)) return false
      came(it, session)
      void session.closed.then((why) => {
        left(it, session)
        it.lastError = why
        parts.onChange(id)
      })
      return true
    },
    async close() {
      applied = new Map()
      for (const [id, it] of live) stop(id, it)
      await Promise.allSettled(stopping)
    },
  }
}

/** What a session depends on; policy that is read at each send (window, rate, retries) is not in it. */
function shapeOf(bind: Bind): string {
  return JSON.stringify([bind.connector, bind.side, bind.policy.sessions, bind.config])
}

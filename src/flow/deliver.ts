// Deliver: claims runs from the lane of each bound bind, as many as its window and rate have room
// for, and settles every item with what the peer said. The items of a run go one after another, so
// a destination sees its messages in order, one at a time.
import { bindState, type LiveBind } from '../binds/supervisor.ts'
import { occasional } from '../log.ts'
import { statusAsItStands } from '../model/configuration.ts'
import type { BindId, MessageId } from '../model/message.ts'
import { finish } from '../model/transition.ts'
import type { Outcome, Session } from '../plugin.ts'
import type { DeliverItem, Item, Run, Settlement } from '../store/store.ts'
import { smsCount, split, type Segment } from '../text/index.ts'
import { mayBeOut } from './anew.ts'
import { accountEnded } from './closed.ts'
import type { Core } from './core.ts'
import { judged } from './judge.ts'
import { endedByOptOut } from './optout.ts'
import { afterAttempt, afterInterruption, interruption } from './outcome.ts'
import { createPace, type Pace } from './pace.ts'
import { sendReport } from './report.ts'
import { afterWithdrawal, withdrawn } from './withdrawn.ts'

export interface Deliverer {
  /** Looks whether the lane has something to do. */
  wake(lane: BindId): void
  /** Claims no more and waits until what is claimed is settled, at most so long. */
  stop(drainMs: number): Promise<void>
}

interface Lane {
  id: BindId
  /** A claim is planned for the end of this turn of the event loop: what comes due together is claimed together. */
  planned: boolean
  claiming: boolean
  /** Asked for while it was claiming. */
  again: boolean
  timer: (() => void) | undefined
  /** When claimed last, there was as much as was asked for, or no room to ask: what ends makes room for more. */
  more: boolean
  /** Claimed, and the peer has not answered. */
  open: number
  /** Answered, and what that means is not on disk yet. */
  unsettled: number
  pace: Pace
}

const maxClaim = 256
/** A slow disk takes nothing from the window until what it has not written yet is so many windows' worth. */
const unsettledWindows = 4
/** A quarter of what may be claimed ahead of a rate: the line never is empty meanwhile. */
const aheadLookMs = 50
/** What could not be worked on, or claimed, is tried again after so long. */
const againMs = 1000

export function createDeliverer(core: Core): Deliverer {
  const lanes = new Map<BindId, Lane>()
  const tell = occasional(core.clock, (fields, message) => core.log.error(fields, message))
  let stopping = false
  let openRuns = 0
  /** Lanes with a claim planned. */
  let planned: Lane[] = []
  let drained: () => void = () => {}
  let idleAt = 0
  let idle = 0

  /** ms that this thread has spent waiting for something to do, up to `now`: asked once in a ms. */
  function idleMs(now: number): number {
    if (now !== idleAt) {
      idleAt = now
      idle = performance.eventLoopUtilization().idle
    }
    return idle
  }

  function laneOf(id: BindId): Lane {
    let lane = lanes.get(id)
    if (!lane)
      lanes.set(
        id,
        (lane = {
          id,
          planned: false,
          claiming: false,
          again: false,
          timer: undefined,
          more: false,
          open: 0,
          unsettled: 0,
          pace: createPace(core.clock),
        }),
      )
    return lane
  }

  function room(live: LiveBind, lane: Lane): number {
    let window = 0
    for (const session of live.sessions) if (session.send || session.report) window += live.bind.policy.window
    return Math.min(window - lane.open, unsettledWindows * window - lane.unsettled)
  }

  function pump(lane: Lane): void {
    if (lane.claiming) {
      lane.again = true
      return
    }
    const { id } = lane
    try {
      do {
        lane.again = false
        const live = core.binds.get(id)
        if (stopping || !live || live.bind.paused || bindState(live) !== 'bound') return
        const asked = allowed(live, lane)
        if (asked <= 0) return
        const runs = core.store.claim(id, asked, kindsOf(live))
        if (!Array.isArray(runs)) {
          lane.claiming = true
          runs.then(
            (loaded) => {
              lane.claiming = false
              start(live, lane, loaded, asked)
              if (lane.again) pump(lane)
            },
            (error: unknown) => {
              lane.claiming = false
              failed(lane, error)
            },
          )
          return
        }
        start(live, lane, runs, asked)
      } while (lane.again)
    } catch (error) {
      failed(lane, error)
    }
  }

  /** How many may be claimed now; none: it is looked again when there is room. */
  function allowed(live: LiveBind, lane: Lane): number {
    const free = room(live, lane)
    if (free <= 0) {
      lane.more = true
      return 0
    }
    const wait = live.rate.waitMs()
    if (wait > 0) {
      later(lane, wait)
      return 0
    }
    // What waits for its turn already goes before whatever is claimed now, whoever that is from.
    const ahead = perTurn(live) - lane.pace.waiting
    if (ahead <= 0) later(lane, aheadLookMs)
    return Math.min(free, maxClaim, ahead)
  }

  function start(live: LiveBind, lane: Lane, runs: readonly Run[], asked: number): void {
    let left = asked
    for (const run of runs) {
      left -= run.items.length
      lane.open += run.items.length
      openRuns++
      void work(live, lane, run)
    }
    // Of a lane that gave less the store says when it has more: thousands of lanes, of which each has one report
    // at a time, are not asked in vain after each.
    lane.more = left <= 0
    if (lane.more) lane.again = true
  }

  function failed(lane: Lane, error: unknown): void {
    tell('claim', 'claiming failed; tried again in a second', () => ({ bind: lane.id, err: error }))
    later(lane, againMs)
  }

  function later(lane: Lane, ms: number): void {
    lane.timer?.()
    lane.timer = core.clock.after(ms, () => {
      lane.timer = undefined
      pump(lane)
    })
  }

  async function work(live: LiveBind, lane: Lane, run: Run): Promise<void> {
    const { items } = run
    for (let i = 0; i < items.length; i++) {
      const item = items[i]!
      let answered = false
      try {
        const outcome = one(live, lane, run, item)
        const settlement = outcome instanceof Promise ? await outcome : outcome
        answered = true
        lane.open--
        lane.unsettled++
        if (lane.more) plan(lane)
        await settle(settlement, item)
      } catch (error) {
        core.log.error(
          { bind: live.bind.id, message: item.message.id, err: error },
          'an item could not be worked on; it goes back to its lane',
        )
        await settle({ token: run.token, item: item.id, kind: 'release', due: core.clock.now() + againMs }, item).catch(() => {})
      }
      if (answered) lane.unsettled--
      else lane.open--
    }
    openRuns--
    if (stopping && openRuns === 0) drained()
    if (lane.more) plan(lane)
  }

  /** All that is planned in one turn of the event loop is done at its end. */
  function plan(lane: Lane): void {
    if (lane.planned) return
    lane.planned = true
    if (planned.push(lane) === 1) setImmediate(pumpPlanned)
  }

  function pumpPlanned(): void {
    const now = planned
    planned = []
    for (const lane of now) {
      lane.planned = false
      pump(lane)
    }
  }

  function settle(settlement: Settlement, item: Item): Promise<void> {
    const settled = core.store.settle(settlement)
    if (settlement.kind === 'deliver') {
      const { requeue } = settlement.transition
      if (requeue?.lane !== item.lane) {
        core.load.left(item.lane)
        if (requeue) core.load.added(requeue.lane)
      }
    } else if (settlement.kind === 'report' && settlement.retryAt === undefined) core.load.left(item.lane)
    return settled
  }

  /** Without a frame of its own: three of them run for every message. */
  function one(live: LiveBind, lane: Lane, run: Run, item: Item): Settlement | Promise<Settlement> {
    const { token } = run
    const session = pick(live, item.kind)
    // It went meanwhile: what is released as it was due keeps its place before those behind it.
    if (!session || stopping) return { token, item: item.id, kind: 'release' }
    if (item.kind === 'report') return sendReport(core, live, session, { token, item: item.id }, item)
    const now = core.clock.now()
    if (now >= item.message.validUntil) {
      const expired = finish(item.message, item.decision, item.life, 'expired', now, { failure: { kind: 'permanent', code: 'expired' } })
      return { token, item: item.id, kind: 'deliver', transition: expired }
    }
    const status = statusAsItStands(core.configuration(), item.message.account)
    // The store keeps it on its lane until the account is active again.
    if (status === 'suspended') return { token, item: item.id, kind: 'release' }
    if (status !== 'active') return { token, item: item.id, kind: 'deliver', transition: accountEnded(item, now) }
    const unwanted = endedByOptOut(core, item, now)
    if (unwanted) return { token, item: item.id, kind: 'deliver', transition: unwanted }
    return attempt(live, lane, session, token, item)
  }

  /** Released where the end came before its turn did. */
  async function attempt(live: LiveBind, lane: Lane, session: Session, token: number, item: DeliverItem): Promise<Settlement> {
    const { bind, connector } = live
    const receipts = connector.can.receipts
    const whole = connector.can.text === 'whole' || item.message.body.kind === 'mms'
    const all = whole ? [] : split(item.message.body, splitOptions(live, item.message.id))
    const total = whole ? 1 : all.length
    const sent: number[] = []
    for (let i = 0; i < total; i++) if ((item.life.segments[i]?.state ?? 'unsent') === 'unsent') sent.push(i)
    const startedAt = core.clock.now()
    const over = item.interrupted ? afterInterruption(item, bind, startedAt) : undefined
    if (over) return { token, item: item.id, kind: 'deliver', transition: over }
    if (item.decision.revision !== core.table().revision) {
      const why = withdrawn(core, item.message, item.decision, bind.id)
      if (why !== undefined) return withdraw(token, item, why)
    }
    const segments: readonly Segment[] = whole || sent.length === total ? all : sent.map((i) => all[i]!)
    const cost = Math.max(1, smsCount(segments))
    const turn = lane.pace.turn(live.rate, cost)
    if (turn && !(await turn)) return { token, item: item.id, kind: 'release' }
    live.inFlight += cost
    const sentAt = core.clock.now()
    const idleBefore = idleMs(sentAt)
    const outcome = judged(bind.policy, await session.send!({ message: item.message, segments, attempt: item.attempt }, live.signal))
    live.inFlight -= cost
    const now = core.clock.now()
    const restMs = learn(live, item, outcome, cost, sentAt, idleMs(now) - idleBefore)
    const transition = afterAttempt({ item, bind, receipts, sent, total, outcome, startedAt, now, restMs, random: core.random() })
    if (item.interrupted) transition.entries.unshift(interruption(item.life, bind.id, startedAt))
    return { token, item: item.id, kind: 'deliver', transition }
  }

  async function withdraw(token: number, item: DeliverItem, why: string): Promise<Settlement> {
    const isOut = await mayBeOut(core, item)
    return { token, item: item.id, kind: 'deliver', transition: afterWithdrawal(core, item, why, isOut, core.clock.now()) }
  }

  return {
    wake: (id) => plan(laneOf(id)),
    async stop(drainMs) {
      stopping = true
      for (const lane of lanes.values()) {
        lane.timer?.()
        lane.pace.close()
      }
      if (openRuns === 0) return
      await new Promise<void>((resolve) => {
        drained = resolve
        core.clock.after(drainMs, resolve)
      })
    },
  }
}

/** Tells the bind's rate what became of segments. How long the bind rests now, in ms. */
function learn(live: LiveBind, item: DeliverItem, outcome: Outcome, segments: number, sentAt: number, idle: number): number {
  const { rate } = live
  if (outcome.ok) {
    rate.taken(segments, sentAt, idle)
    return 0
  }
  const { failure, refs } = outcome
  if (refs) {
    let taken = 0
    for (const ref of refs) if (ref !== undefined) taken++
    if (taken > 0) rate.taken(taken, sentAt, idle)
  }
  // A message whose own queue stays full tells of that, and nothing of the bind any more.
  if (failure.kind !== 'throttled' || (failure.code === 'queue-full' && item.life.failure?.code === 'queue-full')) return 0
  rate.refused(sentAt, failure.code === 'queue-full' ? undefined : failure.retryAfterMs)
  return rate.waitMs()
}

/** At most a fifth of a second's worth is claimed ahead: a slow lane locks no destination early, and another account's message waits no longer behind it. */
function perTurn(live: LiveBind): number {
  const rate = live.rate.perSecond()
  return rate > 0 ? Math.max(1, Math.floor(rate / 5)) : maxClaim
}

/** How this bind has texts cut. */
export function splitOptions(live: LiveBind, id: MessageId) {
  const { concatenation, nationalTables } = live.bind.policy
  const charset = live.connector.charset?.(live.bind.config) ?? 'gsm7'
  // Of the random digits: those before them are mostly zeros, and a phone would mix two messages up.
  return { concatenation, charset, nationalTables, reference: Number.parseInt(id.slice(14, 18), 16) }
}

/** Of the sessions that can do it the one with the most room; those with as much take turns. */
function pick(live: LiveBind, kind: Item['kind']): Session | undefined {
  if (live.sessions.size === 1) {
    const [only] = live.sessions
    return only && can(only, kind) ? only : undefined
  }
  const turn = live.turn++ % Math.max(1, live.sessions.size)
  let best: Session | undefined
  let most = 0
  let place = 0
  let bestPlace = 0
  for (const session of live.sessions) {
    const after = place++ >= turn ? place : place + live.sessions.size
    if (!can(session, kind)) continue
    const free = session.free?.() ?? Number.MAX_SAFE_INTEGER
    if (best && (free < most || (free === most && after > bestPlace))) continue
    best = session
    most = free
    bestPlace = after
  }
  return best
}

/** What its sessions can do, undefined for both: anything else would be claimed and put back without end. */
function kindsOf({ sessions }: LiveBind): Item['kind'] | undefined {
  let [sends, reports] = [false, false]
  for (const session of sessions) {
    sends ||= can(session, 'deliver')
    reports ||= can(session, 'report')
  }
  return sends && reports ? undefined : sends ? 'deliver' : 'report'
}

function can(session: Session, kind: Item['kind']): boolean {
  return (kind === 'deliver' ? session.send : session.report) !== undefined
}

// Requests from the network: each is handed up once and answered once. A drachtio server hands a
// retransmission on as long as nothing was answered, so those are known by their transaction here.
import type { Clock, Logger } from '../../../../src/plugin.ts'
import { type HeaderLines, type ReadLimits, Unwritable, warning, writeResponse } from '../../codec/index.ts'
import { refusal } from '../embedded/admit.ts'
import type { EngineCounts, Flow, Reply, Take } from '../engine.ts'
import type { Flows } from './flows.ts'
import { arrived, type Arrived, transactionOf } from './incoming.ts'
import type { SrfRequest } from './srf.ts'

type Write = (text: string) => boolean

export interface Taker {
  start(take: Take): void
  /** `write` answers false where the link is gone. */
  take(request: SrfRequest, write: Write): void
  /** The link is gone, and with it the way back of all that is open. */
  lost(): void
  /** From now on everything is answered 503. */
  stop(): void
  /** Answers what is open with 503. */
  giveUp(): void
  open(): number
}

export interface TakerParts {
  profile: string
  clock: Clock
  log: Logger
  flows: Flows
  limits: ReadLimits
  timerFMs: number
  /** Requests that wait for their answer at once; above it they are answered 503. */
  most: number
  counts: EngineCounts
  /** Option tags that a request may require, in lower case. */
  supported: ReadonlySet<string>
  /** Addresses that get no answer. */
  refuses(address: string): boolean
  /** For whoever traces. */
  seen(direction: 'in' | 'out', text: string, flow: Flow): void
}

/** Loops of more than one hop are found by Max-Forwards: the branches are the server's. */
const noBranches = { sentBefore: () => false }
const retryAfter: HeaderLines = ['Retry-After', '10']

export function createTaker(parts: TakerParts): Taker {
  const { profile, clock, log, flows, limits, timerFMs, most, counts, supported, refuses, seen } = parts
  let above: Take | undefined
  const open = new Map<string, (reply: Reply) => void>()
  /** Answered lately: two spans of Timer F, the younger and the older. */
  let lately = new Set<string>()
  let before = new Set<string>()
  let turnedAt = clock.now()

  const isRepeat = (key: string): boolean => {
    if (clock.now() - turnedAt >= timerFMs) {
      before = clock.now() - turnedAt >= 2 * timerFMs ? new Set() : lately
      lately = new Set()
      turnedAt = clock.now()
    }
    return open.has(key) || lately.has(key) || before.has(key)
  }

  const answer = (write: Write, of: Arrived | undefined, reply: Reply): void => {
    const text = replyText(reply, of, log)
    if (write(text) && of !== undefined) seen('out', text, of.flow)
  }

  const takeOne = (request: SrfRequest, write: Write, take: Take): void => {
    const incoming = arrived(request, profile, flows, limits)
    if ('why' in incoming) {
      const headers = ['Warning', warning(incoming.why)]
      if (incoming.status === 415) headers.push('Accept', 'text/plain;charset=UTF-8')
      return answer(write, undefined, { status: incoming.status, headers })
    }
    if (refuses(incoming.flow.remote.address)) {
      counts.refused++
      return
    }
    seen('in', request.raw, incoming.flow)
    const key = transactionOf(incoming)
    if (isRepeat(key)) {
      counts.retransmissionsIn++
      return
    }
    counts.requests++
    if (open.size >= most) {
      counts.refused++
      return answer(write, incoming, { status: 503, headers: retryAfter })
    }
    const cancel = clock.after(timerFMs, () => settle({ status: 500 }))
    const settle = (reply: Reply): void => {
      if (open.get(key) !== settle) return
      open.delete(key)
      if (lately.size < most) lately.add(key)
      cancel()
      answer(write, incoming, reply)
    }
    open.set(key, settle)
    const refused = refusal(incoming, incoming.flow, supported, noBranches)
    if (refused) return settle(refused)
    try {
      take(incoming, settle)
    } catch (error) {
      log.error({ profile, error: error instanceof Error ? error.name : typeof error }, 'a SIP request could not be taken')
      settle({ status: 500 })
    }
  }

  return {
    start(take) {
      above = take
    },
    take(request, write) {
      if (above === undefined) return answer(write, undefined, { status: 503, headers: retryAfter })
      takeOne(request, write, above)
    },
    lost: () => {
      // Their timers find nothing and end.
      open.clear()
    },
    stop() {
      above = undefined
    },
    giveUp() {
      for (const settle of open.values()) settle({ status: 503, headers: retryAfter })
    },
    open: () => open.size,
  }
}

/** The server has Via and the tag of To; the four fields of the dialog are repeated, as srf does. */
function replyText({ status, reason, headers = [], body }: Reply, of: Arrived | undefined, log: Logger): string {
  const lines: string[] = []
  if (of !== undefined) {
    for (const name of ['From', 'To', 'Call-ID', 'CSeq']) lines.push(name, of.headers.get(name.toLowerCase()) ?? '')
  }
  lines.push(...headers)
  try {
    return writeResponse(status, reason, lines, body).toString('utf8')
  } catch (error) {
    if (!(error instanceof Unwritable)) throw error
    log.error({ why: error.message }, 'an answer could not be written')
    return writeResponse(500, undefined, lines.slice(0, of === undefined ? 0 : 8)).toString('utf8')
  }
}

// The session of a trunk: MESSAGEs to the first next hop that takes them, OPTIONS to know which do. A
// hop that answers 503, not at all or cannot be reached rests, and the next one is asked under the
// same Call-ID and CSeq, so that a peer with several hops knows a repeat. When none answers, the
// session ends: the bind is down, and the core dials again.
import { type Clock, Failure, type Logger, occasional, type Occasional, type Session, whyOf } from '../../src/plugin.ts'
import type { DigestClient, Peer } from './access/index.ts'
import { writeHost } from './codec/index.ts'
import type { OutRequest, Sent, SipEngine } from './engine/engine.ts'
import { Unresolvable } from './engine/resolve.ts'
import type { Hop, Hops } from './hops.ts'
import { createTrunkSend } from './message/trunk-send.ts'
import type { Draft, Ims } from './message/way.ts'
import type { TrunkAnswers } from './trunk-answers.ts'
import type { Trunk } from './profile/types.ts'

export interface TrunkSessionParts {
  peer: Peer
  trunk: Trunk
  hops: Hops
  engine: Pick<SipEngine, 'send'>
  /** Absent: challenges are failures. */
  digest?: DigestClient
  clock: Clock
  log: Logger
  answers: TrunkAnswers
  ims?: Ims
}

export interface TrunkSession extends Session {
  end(why: string): void
}

const drainMs = 5000
/** RFC 3261 §21.5.4: this hop, not the message. */
const unavailable = 503

/** Rejects with a Failure while no hop answers OPTIONS. */
export async function openTrunkSession(parts: TrunkSessionParts, signal: AbortSignal): Promise<TrunkSession> {
  const { trunk, clock } = parts
  const warn = occasional(clock, (fields, message) => parts.log.warn(fields, message), 60_000)
  if (trunk.pingSeconds > 0) await findHop(parts, signal)
  else await parts.hops.order().catch(unresolved)
  let ending: string | undefined
  let open = 0
  let idle: () => void = () => {}
  let resolveClosed: (why: string) => void = () => {}
  const closed = new Promise<string>((resolve) => (resolveClosed = resolve))
  const cut = new AbortController()
  let pinging = false
  let cancelPing: () => void = () => {}

  function end(why: string): void {
    if (ending !== undefined) return
    ending = why
    cancelPing()
    const finish = (): void => {
      cut.abort()
      resolveClosed(why)
    }
    if (open === 0) return finish()
    const cancel = clock.after(drainMs, finish)
    idle = () => {
      cancel()
      finish()
    }
  }

  function planPing(): void {
    if (trunk.pingSeconds > 0 && ending === undefined) cancelPing = clock.after(trunk.pingSeconds * 1000, () => void ping())
  }

  async function ping(): Promise<void> {
    if (pinging || ending !== undefined) return
    pinging = true
    cancelPing()
    try {
      await findHop(parts, cut.signal)
    } catch (error) {
      end(error instanceof Failure ? (error.facts.peer ?? error.facts.code) : String(error))
    } finally {
      pinging = false
      planPing()
    }
  }

  async function ask(draft: Draft, aborted: AbortSignal): Promise<Sent> {
    if (ending !== undefined) return { kind: 'unsent', why: ending }
    open++
    try {
      const sent = await byHops(parts, draft, aborted, cut.signal, warn)
      // Nobody took it: whether anybody is there at all is asked now, not when it is time.
      if (sent.kind !== 'answered' && trunk.pingSeconds > 0) void ping()
      return sent
    } finally {
      if (--open === 0) idle()
    }
  }

  planPing()
  const { peer, ims } = parts
  const { send, report } = createTrunkSend({ peer, trunk, ask, isEnding: () => ending !== undefined, ...(ims ? { ims } : {}) })
  return {
    // A peer that gives us its messages is told what became of them; both sides are sent messages.
    send,
    report,
    closed,
    end,
    async close() {
      end('closed')
      await closed
    },
  }
}

/** Every hop is asked whether it is there, so that resting ones come back; one is enough. */
async function findHop({ hops, trunk, engine, peer }: TrunkSessionParts, signal: AbortSignal): Promise<void> {
  const order = await hops.order().catch(unresolved)
  const asked = order.map(async (hop) => {
    const host = trunk.to.domain ?? hop.target.name
    const from = `<sip:${writeHost(trunk.from.domain ?? peer.profile.listen.external?.host ?? hop.target.name)}>`
    const uri = `sip:${writeHost(host)}`
    const request: OutRequest = {
      method: 'OPTIONS',
      uri,
      via: hop.target,
      from,
      to: `<${uri}>`,
      headers: [],
      body: empty,
      limitMs: trunk.attemptMs,
    }
    const sent = await engine.send(request, signal)
    const why = deadBecause(sent)
    if (why === undefined) hops.answered(hop)
    else hops.failed(hop, why, retryAfterMs(sent))
    return why
  })
  const answers = await Promise.all(asked)
  if (answers.some((why) => why === undefined)) return
  throw new Failure('temporary', 'bind-down', `no hop answers OPTIONS: ${order.map(({ name, why }) => `${name}: ${why}`).join('; ')}`)
}

const empty = Buffer.alloc(0)

function unresolved(error: unknown): never {
  if (error instanceof Unresolvable) throw new Failure(error.temporary ? 'temporary' : 'permanent', 'bind-down', error.message)
  throw error
}

/** `aborted`: no further hop is asked. What has left is waited for until `cut`. */
async function byHops(parts: TrunkSessionParts, draft: Draft, aborted: AbortSignal, cut: AbortSignal, warn: Occasional): Promise<Sent> {
  const { hops, trunk, engine, digest, answers } = parts
  let order: readonly Hop[]
  try {
    order = await hops.order()
  } catch (error) {
    return { kind: 'unsent', why: whyOf(error) }
  }
  const wire: string[] = []
  let worst: Sent | undefined
  for (const hop of order) {
    if (aborted.aborted && worst) break
    const sent = await toHop(hop)
    answers.add(sent)
    if (sent.wire) wire.push(...sent.wire)
    const why = deadBecause(sent)
    if (why === undefined) {
      hops.answered(hop)
      worst = sent
      break
    }
    hops.failed(hop, why, retryAfterMs(sent))
    warn(`${hop.name} ${why}`, 'a next hop did not take a message; the next one is asked', () => ({ hop: hop.name, why }))
    // What may have arrived somewhere is said before what was refused, and that before what never left.
    if (!worst || gravity(sent) > gravity(worst)) worst = sent
  }
  return withWire(worst ?? { kind: 'unsent', why: 'there is no next hop' }, wire)

  function toHop({ target }: Hop): Promise<Sent> {
    const { uri, from, to, body, callId } = draft
    const headers = trunk.route.length === 0 ? draft.headers : [...trunk.route.flatMap((each) => ['Route', `<${each}>`]), ...draft.headers]
    const request: OutRequest = { method: 'MESSAGE', uri, via: target, from, to, headers, body, callId, cseq: 1, limitMs: trunk.attemptMs }
    if (draft.maxForwards !== undefined) request.maxForwards = draft.maxForwards
    return digest ? digest.send(engine, request, cut) : engine.send(request, cut)
  }
}

/** Undefined: the hop is alive, whatever it says. */
function deadBecause(sent: Sent): string | undefined {
  // The hop has nothing to do with it.
  if (sent.kind === 'refused') return undefined
  if (sent.kind !== 'answered') return sent.why
  return sent.status === unavailable ? `503 ${sent.reason}` : undefined
}

function retryAfterMs(sent: Sent): number | undefined {
  const seconds = sent.kind === 'answered' ? /^\d{1,6}/.exec(sent.headers.get('retry-after') ?? '')?.[0] : undefined
  return seconds === undefined ? undefined : Number(seconds) * 1000
}

function gravity({ kind }: Sent): number {
  return kind === 'unsent' ? 0 : kind === 'answered' ? 1 : 2
}

function withWire(sent: Sent, wire: string[]): Sent {
  if (wire.length === (sent.wire?.length ?? 0)) return sent
  return { ...sent, wire }
}

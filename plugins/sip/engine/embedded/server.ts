// Server transactions (RFC 3261 §17.2.2, RFC 4320): a request is taken once, however often it comes;
// what comes again is answered as before, or swallowed while it is being tried. By UDP the answer is
// kept for Timer J (answered.ts), unless it was for a stranger. There are so many of them and no more: whoever comes then is asked
// to come again.
import { type Clock, Named } from '../../../../src/plugin.ts'
import { hasCookie, type ReadRequest } from '../../codec/index.ts'
import type { Take, Reply, Incoming } from '../engine.ts'
import { createAnswered } from './answered.ts'
import { composeResponse } from './compose.ts'
import type { Random } from './random.ts'
import { responsePort } from './sent-by.ts'
import type { Udp } from './udp.ts'
import type { Way } from './way.ts'
import type { Timed, Wheel } from './wheel.ts'

export interface ServerParts {
  profile: string
  wheel: Wheel
  clock: Clock
  random: Random
  t1: number
  t2: number
  /** Timer J, and what a client waits at most (Timer F). */
  lifeMs: number
  most: number
  take: Take
  /** What a request is answered before anyone looks at what it is for. */
  refusal(request: ReadRequest, way: Way): Reply | undefined
  udp(): Udp | undefined
  send(octets: Buffer, way: Way): void
  /** An answer that cannot be written. */
  failed(error: unknown, request: ReadRequest): void
}

export interface Servers {
  take(request: ReadRequest, way: Way): void
  /** Answers without a transaction. */
  answerOnce(request: ReadRequest, way: Way, reply: Reply): void
  counts: { repeats: number; overflows: number }
  size(): number
  /** How many are not answered. */
  trying(): number
  /** New ones are answered 503 from now on. */
  refuse(): void
  /** 503 to all that are not answered. */
  giveUp(): void
}

/** One that is not answered yet. */
interface ServerTransaction extends Timed {
  key: string
  /** Where its answer goes. */
  way: Way
  tag: string
  /** The 100. */
  last: Buffer | undefined
  /** Gone once it is answered. */
  request: ReadRequest | undefined
  merged: string
  tried: boolean
}

/** Asks for patience: until as many as are known now have been forgotten, or nearly. */
const busy: Reply = { status: 503, headers: ['Retry-After', '10'] }
const methods = ['MESSAGE', 'REGISTER', 'OPTIONS', 'INVITE']

export function createServers(parts: ServerParts): Servers {
  const { wheel, random, t1, t2, lifeMs, take, profile } = parts
  /** Not answered yet. */
  const known = new Named<ServerTransaction>()
  /** The same, by what stays the same when a request comes by two ways (§8.2.2.2). */
  const trying = new Named<ServerTransaction>()
  const answered = createAnswered({ wheel, clock: parts.clock, lifeMs })
  const counts = { repeats: 0, overflows: 0 }
  let refusing = false
  // RFC 4320 §4.1: when the client's Timer E has come to T2. And a last word before its Timer F.
  const tryingMs = (2 * t2 - t1 < lifeMs ? 2 * t2 - t1 : lifeMs / 2) | 0
  const lastMs = Math.max(1, lifeMs - Math.min(5000, lifeMs / 4) - tryingMs)

  function due(transaction: ServerTransaction): void {
    const { request } = transaction
    if (request === undefined) return
    if (transaction.tried) return answer(transaction, { status: 500, headers: ['Retry-After', '30'] })
    transaction.tried = true
    wheel.arm(transaction, lastMs)
    const stamp = request.headers.get('timestamp')
    transaction.last = composed(request, transaction.way, { status: 100, headers: stamp === undefined ? [] : ['Timestamp', stamp] }, '')
    parts.send(transaction.last, transaction.way)
  }

  function composed(request: ReadRequest, way: Way, reply: Reply, tag: string): Buffer {
    try {
      return composeResponse(request, way.remote, reply, tag)
    } catch (error) {
      parts.failed(error, request)
      return composeResponse(request, way.remote, { status: 500 }, tag)
    }
  }

  function answer(transaction: ServerTransaction, reply: Reply): void {
    const { request, key, way } = transaction
    if (request === undefined) return
    transaction.request = undefined
    transaction.last = undefined
    wheel.disarm(transaction)
    known.delete(key)
    if (trying.get(transaction.merged) === transaction) trying.delete(transaction.merged)
    const octets = composed(request, way, reply, transaction.tag)
    // Timer J: none by what is reliable (§17.2.2).
    if (!way.reliable && reply.fleeting !== true) answered.keep(key, octets, way)
    parts.send(octets, way)
  }

  /** Back to where it came from, or to the port that its Via names. */
  function wayBack({ read }: ReadRequest, way: Way): Way {
    if (way.reliable) return way
    const port = responsePort(read.via, way.remote)
    return port === way.remote.port ? way : (parts.udp()?.way({ address: way.remote.address, port }) ?? way)
  }

  function answerOnce(request: ReadRequest, way: Way, reply: Reply): void {
    // The Via is stamped with where it came from, wherever the answer goes.
    parts.send(composed(request, way, reply, random.tag()), wayBack(request, way))
  }

  function cancel(request: ReadRequest, way: Way): void {
    const { key } = keyOf(request, way, '')
    // §9.2: a request that is no INVITE is not stopped by it.
    const found = methods.some((method) => known.has(key + method) || answered.has(key + method))
    answerOnce(request, way, { status: found ? 200 : 481 })
  }

  return {
    counts,
    answerOnce,
    size: () => known.size + answered.size(),
    trying: () => trying.size,
    refuse: () => void (refusing = true),
    giveUp() {
      for (const transaction of known.values()) answer(transaction, busy)
    },
    take(request, way) {
      if (request.method === 'ACK') return
      if (request.method === 'CANCEL') return cancel(request, way)
      const { key, merged } = keyOf(request, way, request.method)
      const before = known.get(key)
      if (before) {
        counts.repeats++
        if (before.last) parts.send(before.last, before.way)
        return
      }
      const already = way.reliable ? undefined : answered.find(key)
      if (already) {
        counts.repeats++
        return parts.send(already.octets, already.way)
      }
      if (refusing || known.size + answered.size() >= parts.most) {
        counts.overflows++
        return answerOnce(request, way, busy)
      }
      const transaction: ServerTransaction = {
        due,
        slot: -1,
        tick: 0,
        before: undefined,
        after: undefined,
        key,
        way: wayBack(request, way),
        tag: random.tag(),
        last: undefined,
        request,
        merged,
        tried: false,
      }
      // Reserved before anyone waits for anything.
      known.set(key, transaction)
      wheel.arm(transaction, tryingMs)
      const refused = parts.refusal(request, way)
      if (refused) {
        refused.fleeting = true
        return answer(transaction, refused)
      }
      if (request.read.toTag === '') {
        if (trying.has(merged)) return answer(transaction, { status: 482, reason: 'Merged Request' })
      }
      trying.set(merged, transaction)
      const { method, uri, headers, body, read } = request
      const incoming: Incoming = { kind: 'request', method, uri, headers, body, read, profile, flow: way, callId: read.callId }
      take(incoming, (reply) => answer(transaction, reply))
    },
  }
}

/** §17.2.3; with the peer's address, so that nobody's branch is anyone else's. */
function keyOf({ uri, read }: ReadRequest, { remote }: Way, method: string): { key: string; merged: string } {
  const { via, callId, cseq, fromTag, toTag } = read
  const merged = `${callId} ${cseq} ${fromTag}`
  if (hasCookie(via.branch)) return { key: `${via.branch} ${via.host}:${via.port ?? ''} ${remote.address} ${method}`, merged }
  return { key: `${uri} ${toTag} ${merged} ${via.value} ${remote.address} ${method}`, merged }
}

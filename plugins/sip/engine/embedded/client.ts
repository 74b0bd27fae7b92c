// Client transactions (RFC 3261 §17.1.2): a request leaves, by UDP again and again (Timer E), until a
// final response, the end of its time (Timer F), or of its connection. What comes later belongs to
// nothing and is dropped, so that nothing is kept for Timer K.
import type { ReadResponse } from '../../codec/index.ts'
import type { Sent } from '../engine.ts'
import { tokens, type Way, written } from './way.ts'
import type { Timed, Wheel } from './wheel.ts'
import { type Clock, Named } from '../../../../src/plugin.ts'

export interface ClientParts {
  wheel: Wheel
  clock: Clock
  t1: number
  t2: number
  send(octets: Buffer, way: Way, failed: (why: string) => void): string | undefined
}

export interface Outgoing {
  branch: string
  method: string
  uri: string
  callId: string
  octets: Buffer
  way: Way
  limitMs: number
  signal: AbortSignal
}

export interface Clients {
  start(out: Outgoing, done: (sent: Sent) => void): void
  /** False: it belongs to none of ours. */
  response(response: ReadResponse, way: Way): boolean
  counts: { repeats: number }
  size(): number
  giveUp(why: string): void
}

interface ClientTransaction extends Timed {
  out: Outgoing
  done: (sent: Sent) => void
  intervalMs: number
  endsAt: number
  proceeding: boolean
}

export function createClients({ wheel, clock, t1, t2, send }: ClientParts): Clients {
  const open = new Named<ClientTransaction>()
  const byWay = new WeakMap<Way, Named<ClientTransaction>>()
  const bySignal = new WeakMap<AbortSignal, Named<ClientTransaction>>()
  const counts = { repeats: 0 }

  function settle(transaction: ClientTransaction, sent: Sent): void {
    const { out, done } = transaction
    if (!open.delete(out.branch)) return
    wheel.disarm(transaction)
    byWay.get(out.way)?.delete(out.branch)
    bySignal.get(out.signal)?.delete(out.branch)
    done(sent)
  }

  const end = (transaction: ClientTransaction, kind: 'timeout' | 'lost' | 'unsent', why: string): void =>
    settle(transaction, { kind, why, wire: [sentLine(transaction.out)] })

  function due(transaction: ClientTransaction): void {
    const { out } = transaction
    const leftMs = transaction.endsAt - clock.now()
    if (leftMs <= 0) return end(transaction, 'timeout', transaction.proceeding ? 'no final response in time' : 'no response in time')
    if (!out.way.reliable) {
      counts.repeats++
      send(out.octets, out.way, nothing)
      transaction.intervalMs = transaction.proceeding ? t2 : Math.min(transaction.intervalMs * 2, t2)
    }
    wheel.arm(transaction, out.way.reliable ? leftMs : Math.min(transaction.intervalMs, leftMs))
  }

  /** One listener for all that goes by a way, or hangs on a signal. */
  function watched(
    of: WeakMap<object, Named<ClientTransaction>>,
    key: object,
    transaction: ClientTransaction,
    watch: (call: () => void) => void,
    why: string,
    kind: 'lost' | 'timeout',
  ): void {
    let all = of.get(key)
    if (!all) {
      const made = new Named<ClientTransaction>()
      of.set(key, made)
      watch(() => {
        of.delete(key)
        for (const each of made.values()) end(each, kind, why)
      })
      all = made
    }
    all.set(transaction.out.branch, transaction)
  }

  return {
    counts,
    size: () => open.size,
    start(out, done) {
      const { way, signal, limitMs } = out
      const transaction: ClientTransaction = {
        due,
        slot: -1,
        tick: 0,
        before: undefined,
        after: undefined,
        out,
        done,
        intervalMs: t1,
        endsAt: clock.now() + limitMs,
        proceeding: false,
      }
      open.set(out.branch, transaction)
      const why = send(out.octets, way, (refused) => end(transaction, 'unsent', refused))
      if (why !== undefined) return end(transaction, 'unsent', why)
      wheel.arm(transaction, way.reliable ? limitMs : Math.min(t1, limitMs))
      watched(bySignal, signal, transaction, (call) => signal.addEventListener('abort', call, { once: true }), 'given up', 'timeout')
      if (way.reliable) watched(byWay, way, transaction, (call) => void way.onClose(call), 'the connection broke', 'lost')
    },
    response(response, way) {
      const { via, cseqMethod } = response.read
      // §8.1.3.3: of one with a second Via, another is meant.
      const transaction = response.read.moreVias || via.branch === undefined ? undefined : open.get(via.branch)
      if (!transaction || transaction.out.method !== cseqMethod) return false
      const { status, reason, headers, body } = response
      if (status < 200) {
        transaction.proceeding = true
        return true
      }
      settle(transaction, { kind: 'answered', status, reason, headers, body, wire: [sentLine(transaction.out), answerLine(response, way)] })
      return true
    },
    giveUp(why) {
      for (const each of open.values()) end(each, 'lost', why)
    },
  }
}

function nothing(): void {}

/** The request in one line of a message's trace, without its body. */
const sentLine = ({ method, uri, callId, way }: Outgoing): string =>
  `${method} ${uri} SIP/2.0; Call-ID: ${callId}; to ${tokens[way.transport]} ${written(way.remote)}`

const answerLine = ({ status, reason, read }: ReadResponse, way: Way): string =>
  `SIP/2.0 ${status} ${reason}; Call-ID: ${read.callId}; from ${tokens[way.transport]} ${written(way.remote)}`

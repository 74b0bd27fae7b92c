// RP-DATA to a phone and what comes back: the phone answers its MESSAGE with a 2xx, and later, in a MESSAGE
// of its own, with RP-ACK or RP-ERROR, which alone decides. One RP-DATA at a time to each phone (TS 24.011
// §2.2); those that wait go in order.
import { randomBytes } from 'node:crypto'
import type { Clock } from '../../../src/plugin.ts'
import type { Sent } from '../engine/engine.ts'
import { headersOf, type Phone } from './phone.ts'
import { type RpMessage, writeRp } from './rp.ts'
import type { TpAddress } from './tpdu/index.ts'

export type Verdict = Extract<RpMessage, { type: 'RP-ACK' | 'RP-ERROR' }>

/** `silent`: it took the MESSAGE and never said what became of it. `aborted`: `left` when it was under way already. */
export type Answered =
  | { kind: 'said'; rp: Verdict; wire: string[] }
  | { kind: 'refused'; sent: Sent; wire: string[] }
  | { kind: 'silent'; wire: string[] }
  | { kind: 'aborted'; left: boolean; wire: string[] }

export interface Asking {
  tpdu: Uint8Array
  /** Named in the trace. */
  words: string
  originator?: TpAddress
  identity?: string
  /** For the phone's RP-ACK, from when the MESSAGE left. */
  answerMs: number
}

export interface Exchange {
  /** Never rejects. */
  ask(phone: Phone, asking: Asking, signal: AbortSignal): Promise<Answered>
  /** A phone's verdict. `alone`: of a trunk, whoever it says it is, if only one can be meant. False: nobody waits for it. */
  settle(from: { peer: string; user: string; inReplyTo?: string | undefined; alone: boolean }, rp: Verdict): boolean
  /** RP-DATA whose verdict is awaited. */
  readonly open: number
}

interface Pending {
  user: string
  callId: string
  settle(rp: Verdict): void
}

/** Of several phones one may be full and another have it: so long it may say so. */
const otherPhoneMs = 2000
/** RP-Message Reference (TS 24.011 §8.2.3). */
const references = 256

export function createExchange(clock: Clock): Exchange {
  /** By peer and reference: behind a trunk several phones may have the same. */
  const pending = new Map<string, Pending[]>()
  /** By phone: over once the last of those that wait has had its turn. */
  const tails = new Map<string, Promise<void>>()
  // From anywhere, so that verdicts of before a restart rarely mean anything.
  let newest = randomBytes(1)[0]!
  let open = 0

  function add(key: string, each: Pending): void {
    const others = pending.get(key)
    if (others) others.push(each)
    else pending.set(key, [each])
    open++
  }

  function remove(key: string, each: Pending): void {
    const left = pending.get(key)?.filter((other) => other !== each)
    if (left && left.length > 0) pending.set(key, left)
    else pending.delete(key)
    open--
  }

  function exchanged(phone: Phone, asking: Asking, signal: AbortSignal): Promise<Answered> {
    newest = (newest + 1) % references
    const reference = newest
    const callId = newCallId()
    const rp: RpMessage = { type: 'RP-DATA', way: 'mt', reference, tpdu: asking.tpdu }
    if (asking.originator) rp.originator = asking.originator
    const key = keyOf(phone.peer, reference)
    return new Promise((resolve) => {
      const wire = [`RP-DATA ${reference} ${asking.words}`]
      const waiting: Pending = {
        user: phone.user,
        callId,
        settle(said) {
          const outcome: Answered = { kind: 'said', rp: said, wire: [...wire, wordsOf(said)] }
          if (said.type === 'RP-ACK' || !phone.forks) return over(outcome)
          stopWaiting()
          stopWaiting = clock.after(otherPhoneMs, () => over(outcome))
        },
      }
      let isOver = false
      let stopWaiting = (): void => {}
      const over = (answered: Answered): void => {
        if (isOver) return
        isOver = true
        stopClock()
        stopWaiting()
        signal.removeEventListener('abort', aborted)
        remove(key, waiting)
        resolve(answered)
      }
      const aborted = (): void => over({ kind: 'aborted', left: true, wire })
      const stopClock = clock.after(asking.answerMs, () => over({ kind: 'silent', wire }))
      add(key, waiting)
      signal.addEventListener('abort', aborted, { once: true })
      void phone.post({ callId, headers: headersOf(asking.identity), body: writeRp(rp) }, signal).then((sent) => {
        if (sent.wire) wire.push(...sent.wire)
        if (sent.kind !== 'answered' || sent.status >= 300) over({ kind: 'refused', sent, wire })
      })
    })
  }

  return {
    get open() {
      return open
    },
    async ask(phone, asking, signal) {
      const key = keyOf(phone.peer, phone.user)
      const turn = tails.get(key) ?? Promise.resolve()
      let done = (): void => {}
      const mine = new Promise<void>((resolve) => {
        done = resolve
      })
      const tail = turn.then(() => mine)
      tails.set(key, tail)
      try {
        await turnOf(turn, signal)
        if (signal.aborted) return { kind: 'aborted', left: false, wire: [] }
        return await exchanged(phone, asking, signal)
      } finally {
        done()
        if (tails.get(key) === tail) tails.delete(key)
      }
    },
    settle({ peer, user, inReplyTo, alone }, rp) {
      const candidates = pending.get(keyOf(peer, rp.reference))
      if (!candidates) return false
      const meant =
        candidates.find((each) => each.callId === inReplyTo) ??
        candidates.find((each) => each.user === user) ??
        (alone && candidates.length === 1 ? candidates[0] : undefined)
      meant?.settle(rp)
      return meant !== undefined
    },
  }
}

/** Of a MESSAGE of ours. */
export function newCallId(): string {
  return `${randomBytes(16).toString('hex')}-rp`
}

function wordsOf(said: Verdict): string {
  return said.type === 'RP-ACK' ? `RP-ACK ${said.reference}` : `RP-ERROR ${said.reference} cause ${said.cause}`
}

function keyOf(peer: string, what: string | number): string {
  return `${peer}\0${what}`
}

function turnOf(turn: Promise<void>, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const go = (): void => {
      signal.removeEventListener('abort', go)
      resolve()
    }
    signal.addEventListener('abort', go, { once: true })
    void turn.then(go)
  })
}

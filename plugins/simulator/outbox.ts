// What a carrier has for its customer: receipts and MO. They go to any receiving session in turn, wait
// while there is none, stay until deliver_sm_resp, and are sent again when a session is lost.
import { statuses, type Draft } from '../smpp/codec/index.ts'
import type { Wire } from './wire.ts'

export interface Delivery {
  kind: 'receipt' | 'mo'
  /** Written when it leaves, as sequence numbers are a session's. */
  draft(sequence_number: number): Draft
}

/** A receiving session, as the outbox sees it. */
export interface Receiver {
  wire: Wire
  inFlight: Map<number, { delivery: Delivery; at: number }>
  nextSequence(): number
}

export interface OutboxCounts {
  receiptsSent: number
  receiptsAcked: number
  moSent: number
  moAcked: number
  /** Sent again: the session was lost, no response came, or the customer asked to. */
  repeated: number
  /** The customer refused it for good. */
  refused: number
}

export interface Outbox {
  counts: OutboxCounts
  waiting(): number
  add(delivery: Delivery): void
  join(receiver: Receiver): void
  /** What it had not acknowledged goes back to the front. */
  leave(receiver: Receiver): void
  /** A deliver_sm_resp or generic_nack. */
  answered(receiver: Receiver, sequence_number: number, command_status: number): void
  /** Takes back what was sent before this time and never answered. */
  takeBack(before: number): void
  pump(): void
}

/** The customer may take these later. */
const temporary: ReadonlySet<number> = new Set([
  statuses.ESME_RSYSERR,
  statuses.ESME_RMSGQFUL,
  statuses.ESME_RTHROTTLED,
  statuses.ESME_RX_T_APPN,
])

export function createOutbox(options: {
  now(): number
  window(): number
  later(delivery: Delivery): void
  /** The customer has it. */
  acked?(delivery: Delivery): void
}): Outbox {
  const { now, later } = options
  const counts: OutboxCounts = { receiptsSent: 0, receiptsAcked: 0, moSent: 0, moAcked: 0, repeated: 0, refused: 0 }
  const receivers: Receiver[] = []
  let turn = 0
  /** Waiting, from `head` on; what came back goes first. */
  let queue: Delivery[] = []
  let head = 0
  let back: Delivery[] = []

  function take(): Delivery | undefined {
    if (back.length > 0) return back.shift()
    if (head === queue.length) return undefined
    const delivery = queue[head++]!
    if (head > 1024 && head * 2 > queue.length) {
      queue = queue.slice(head)
      head = 0
    }
    return delivery
  }

  function free(): Receiver | undefined {
    const window = options.window()
    for (let i = 0; i < receivers.length; i++) {
      const receiver = receivers[turn++ % receivers.length]!
      if (receiver.inFlight.size < window && !receiver.wire.congested) return receiver
    }
    return undefined
  }

  function pump(): void {
    while (back.length > 0 || head < queue.length) {
      const receiver = free()
      const delivery = receiver && take()
      if (!receiver || !delivery) return
      const sequence = receiver.nextSequence()
      receiver.inFlight.set(sequence, { delivery, at: now() })
      receiver.wire.write(delivery.draft(sequence))
      counts[delivery.kind === 'mo' ? 'moSent' : 'receiptsSent']++
    }
  }

  function putBack(deliveries: Delivery[]): void {
    counts.repeated += deliveries.length
    back = [...deliveries, ...back]
  }

  return {
    counts,
    waiting: () => back.length + queue.length - head,
    add(delivery) {
      queue.push(delivery)
      pump()
    },
    join(receiver) {
      receivers.push(receiver)
      pump()
    },
    leave(receiver) {
      const at = receivers.indexOf(receiver)
      if (at >= 0) receivers.splice(at, 1)
      putBack([...receiver.inFlight.values()].map((sent) => sent.delivery))
      receiver.inFlight.clear()
      pump()
    },
    answered(receiver, sequence_number, command_status) {
      const sent = receiver.inFlight.get(sequence_number)
      if (!sent) return
      receiver.inFlight.delete(sequence_number)
      if (command_status === 0) {
        counts[sent.delivery.kind === 'mo' ? 'moAcked' : 'receiptsAcked']++
        options.acked?.(sent.delivery)
      } else if (temporary.has(command_status)) {
        counts.repeated++
        later(sent.delivery)
      } else counts.refused++
      pump()
    },
    takeBack(before) {
      for (const { inFlight } of receivers) {
        const late: Delivery[] = []
        // Oldest first, as a Map keeps its order.
        for (const [sequence, { delivery, at }] of inFlight) {
          if (at >= before) break
          inFlight.delete(sequence)
          late.push(delivery)
        }
        if (late.length > 0) putBack(late)
      }
      pump()
    },
    pump,
  }
}

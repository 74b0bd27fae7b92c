// One simulated carrier: takes submits, answers them, and sends receipts and MO, as its personality
// and the seed decide. Its memory is bounded: beyond the outbox's limit it refuses with ESME_RMSGQFUL.
import type { Clock } from '../../src/plugin.ts'
import { statuses, type BindPdu, type Draft, type PduOf } from '../smpp/codec/index.ts'
import { createBucket } from './bucket.ts'
import { createFates, type Fate, type PlannedReceipt } from './fate.ts'
import { garbage, garbageKinds } from './garbage.ts'
import { arrived, joinKey, sameNumber, shownNumber, textOf, type Handsets } from './handsets.ts'
import { idMint, writeId } from './ids.ts'
import type { Ledger } from './ledger.ts'
import { moDrafts, moEnd, type MoEnd } from './mo.ts'
import { createOutbox, type Delivery, type OutboxCounts } from './outbox.ts'
import { resolvePersonality, type PersonalityChoice } from './personalities.ts'
import type { Personality } from './personality.ts'
import { createReceiptWriter, type Taken } from './receipt.ts'
import { createSchedule } from './schedule.ts'
import type { BoundSession, Carried, Role } from './session.ts'

export interface CarrierOptions extends PersonalityChoice {
  /** Its customers' system_id. */
  id: string
  password: string
}

export interface CarrierCounts extends OutboxCounts {
  submits: number
  taken: number
  rejected: number
  throttled: number
  /** Cut or silenced sessions, and malformed PDUs sent. */
  faults: number
}

export interface CarrierView {
  id: string
  sessions: { role: Role; remote: string; submits: number; unacknowledged: number; silent: boolean }[]
  counts: CarrierCounts
  /** Receipts and MO that wait for a receiving session or its window. */
  waiting: number
  /** Segments a second now; absent without a throttle. */
  ratePerSecond?: number
  personality: Personality
}

export interface Carrier extends Carried {
  /** The status that refuses this bind; 0 takes it. */
  admits(bind: BindPdu): number
  /** A text from a handset, in as many parts as it takes. */
  mo(mo: { from: string; to: string; text: string }): { segments: number }
  change(choice: PersonalityChoice): Personality
  view(): CarrierView
  check(now: number): void
  stop(): void
}

interface Surroundings {
  seed: number
  clock: Clock
  handsets: Handsets
  ledger?: Ledger | undefined
  /** Each PDU of a MO that the customer answered with ESME_ROK. */
  onMoAcked?: ((pdu: Draft) => void) | undefined
}

type Due =
  | { what: 'response'; session: BoundSession; draft: Draft }
  | { what: 'receipt'; taken: Taken; plan: PlannedReceipt }
  | { what: 'answer'; taken: Taken }
  | { what: 'again'; delivery: Delivery }

const outboxLimit = 1_000_000
/** A receipt or MO that the customer asked to have later. */
const againAfterMs = 1000

export function createCarrier(options: CarrierOptions, { seed, clock, handsets, ledger, onMoAcked }: Surroundings): Carrier {
  const { id } = options
  let personality = resolvePersonality(options)
  const startedAt = clock.now()
  const fates = createFates(seed, id)
  const mint = idMint(startedAt)
  const receipts = createReceiptWriter()
  const bucket = createBucket()
  const sessions = new Set<BoundSession>()
  const counts = { submits: 0, taken: 0, rejected: 0, throttled: 0, faults: 0 }
  let moReference = 0
  const schedule = createSchedule<Due>(clock, onDue)
  const outbox = createOutbox({
    now: clock.now,
    window: () => personality.window,
    later: (delivery) => schedule.add(clock.now() + againAfterMs, { what: 'again', delivery }),
    acked(delivery) {
      if (onMoAcked && delivery.kind === 'mo') onMoAcked(delivery.draft(0))
    },
  })

  function onDue(due: Due): void {
    switch (due.what) {
      case 'response':
        return due.session.wire.write(due.draft)
      case 'receipt':
        return sendReceipt(due.taken, due.plan)
      case 'again':
        return outbox.add(due.delivery)
      case 'answer': {
        const { part } = due.taken
        const text = personality.answers.text.replaceAll('{text}', () => textOf(part))
        sendMo(
          { ton: part.dest_addr_ton, npi: part.dest_addr_npi, value: part.destination_addr },
          { ton: part.source_addr_ton, npi: part.source_addr_npi, value: part.source_addr },
          text,
        )
      }
    }
  }

  function sendReceipt(taken: Taken, plan: PlannedReceipt): void {
    const doneAt = clock.now()
    outbox.add({ kind: 'receipt', draft: (sequence) => receipts.draft(taken, plan, doneAt, personality, sequence) })
  }

  function sendMo(from: MoEnd, to: MoEnd, text: string): { segments: number } {
    moReference = (moReference + 1) & 0xff
    const drafts = moDrafts(from, to, text, moReference)
    for (const draft of drafts) outbox.add({ kind: 'mo', draft: (sequence_number) => ({ ...draft, sequence_number }) })
    return { segments: drafts.length }
  }

  function refuse(session: BoundSession, sequence_number: number, command_status: number): void {
    session.wire.write({ command: 'submit_sm_resp', sequence_number, command_status })
  }

  function lose(session: BoundSession, how: 'cut' | 'fallSilent'): void {
    counts.faults++
    session.wire[how]()
    outbox.leave(session)
  }

  function take(session: BoundSession, pdu: PduOf<'submit_sm'>, fate: Fate, now: number): void {
    const part = arrived(pdu, id, now, fate.outcome)
    const taken: Taken = { n: mint.next(), salt: fate.salt, part }
    const { ids } = personality
    const message_id = writeId(ids.response, taken.n, ids.beyond53Bits, fate.salt)
    counts.taken++
    handsets.take(part)
    ledger?.add({
      at: now,
      carrier: id,
      to: shownNumber(part.dest_addr_ton, part.destination_addr),
      from: shownNumber(part.source_addr_ton, part.source_addr),
      id: message_id,
      text: textOf(part),
      ...(part.total > 1 ? { key: joinKey(part), part: part.index, parts: part.total } : {}),
    })
    for (const plan of fate.receipts) {
      if (!wantsReceipt(pdu.registered_delivery, plan)) continue
      if (plan.afterMs <= 0) sendReceipt(taken, plan)
      else schedule.add(now + plan.afterMs, { what: 'receipt', taken, plan })
    }
    if (fate.answerAfterMs !== undefined) schedule.add(now + fate.answerAfterMs, { what: 'answer', taken })
    respond(session, { command: 'submit_sm_resp', sequence_number: pdu.sequence_number, message_id }, fate.responseAfterMs, now)
  }

  function respond(session: BoundSession, draft: Draft, afterMs: number, now: number): void {
    if (afterMs <= 0) session.wire.write(draft)
    else schedule.add(now + afterMs, { what: 'response', session, draft })
  }

  function submit(session: BoundSession, pdu: PduOf<'submit_sm'>): void {
    const now = clock.now()
    const { sequence_number } = pdu
    const { disconnectEvery, halfOpenEvery } = personality.faults
    counts.submits++
    session.submits++
    if (!bucket.take(fates.rateAt(personality, now - startedAt), now)) {
      counts.throttled++
      return refuse(session, sequence_number, statuses.ESME_RTHROTTLED)
    }
    if (outbox.waiting() + schedule.size() >= outboxLimit) return refuse(session, sequence_number, statuses.ESME_RMSGQFUL)
    const fate = fates.next(personality, pdu.destination_addr)
    const cutNow = disconnectEvery > 0 && session.submits % disconnectEvery === 0
    const silentNow = halfOpenEvery > 0 && session.submits % halfOpenEvery === 0
    // Every second one was taken: the customer cannot know.
    const takenFirst = (fate.salt & 1) === 0
    const fault = cutNow
      ? takenFirst
        ? 'cut-after'
        : 'cut-before'
      : silentNow
        ? takenFirst
          ? 'half-open-after'
          : 'half-open-before'
        : fate.fault
    if (fault === 'cut-before') return lose(session, 'cut')
    if (fault === 'half-open-before') return lose(session, 'fallSilent')
    if (fate.status === 0) take(session, pdu, fate, now)
    else {
      counts.rejected++
      respond(session, { command: 'submit_sm_resp', sequence_number, command_status: fate.status }, fate.responseAfterMs, now)
    }
    if (fault === 'cut-after') return lose(session, 'cut')
    if (fault === 'half-open-after') return lose(session, 'fallSilent')
    if (fault === 'garbage') {
      counts.faults++
      session.wire.writeRaw(garbage(garbageKinds[fate.salt % garbageKinds.length]!, session.nextSequence()))
    }
  }

  return {
    id,
    submit,
    admits(bind) {
      if (bind.password !== options.password) return statuses.ESME_RINVPASWD
      return fates.refusesBind(personality) ? statuses[personality.refuseBinds.status] : 0
    },
    joined(session) {
      sessions.add(session)
      if (session.role !== 'transmitter') outbox.join(session)
    },
    left(session) {
      sessions.delete(session)
      outbox.leave(session)
    },
    answered: outbox.answered,
    drained: outbox.pump,
    enquireMs: () => personality.enquireMs,
    mo({ from, to, text }) {
      const seen = handsets.lastTo(from, to)
      const known = seen && sameNumber(seen.source_addr, to) ? seen : undefined
      // As the handset was addressed, so it signs; as it was written to, so it answers.
      return sendMo(
        seen ? { ton: seen.dest_addr_ton, npi: seen.dest_addr_npi, value: seen.destination_addr } : moEnd(from),
        known ? { ton: known.source_addr_ton, npi: known.source_addr_npi, value: known.source_addr } : moEnd(to),
        text,
      )
    },
    change(choice) {
      personality = resolvePersonality(choice)
      outbox.pump()
      return personality
    },
    view: () => ({
      id,
      sessions: [...sessions].map(({ role, wire, submits, inFlight }) => ({
        role,
        remote: wire.remote,
        submits,
        unacknowledged: inFlight.size,
        silent: wire.silent,
      })),
      counts: { ...counts, ...outbox.counts },
      waiting: outbox.waiting(),
      ...(personality.throttle ? { ratePerSecond: Math.round(fates.rateAt(personality, clock.now() - startedAt)) } : {}),
      personality,
    }),
    check(now) {
      outbox.takeBack(now - personality.deliverTimeoutMs)
    },
    stop: schedule.stop,
  }
}

/** registered_delivery (SMPP 5.0 §4.7.21): 1 all outcomes, 2 failures, 3 successes; bit 4 intermediate states too. */
function wantsReceipt(registered_delivery: number, plan: PlannedReceipt): boolean {
  if (!plan.final) return (registered_delivery & 0x10) !== 0
  const wish = registered_delivery & 0x03
  return wish === 1 || (wish === 2 && plan.state !== 'DELIVRD') || (wish === 3 && plan.state === 'DELIVRD')
}

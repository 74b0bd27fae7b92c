// A supplier session: one transceiver, transmitter or receiver, or a pair of them, as one. Sends the
// segments of a message as the window has room and settles when all are answered; hands over what
// the carrier sends and answers it only when the gateway has made it durable.
import {
  AcceptRefused,
  Failure,
  failureFacts,
  type FailureFacts,
  type Gateway,
  type Outcome,
  type Outgoing,
  type Session,
} from '../../src/plugin.ts'
import { describe, type Draft, type Pdu, type PduOf, statuses } from './codec/index.ts'
import type { SmppConfig } from './config.ts'
import { type BindCommand, dialLink } from './dial.ts'
import type { Answer, Link } from './link.ts'
import { readDelivery } from './mapping/deliver.ts'
import { submitFailure } from './mapping/status.ts'
import { submitSm } from './mapping/submit.ts'
import { createWindow, type Window } from './window.ts'

const commands: Record<SmppConfig['mode'], readonly BindCommand[]> = {
  trx: ['bind_transceiver'],
  tx: ['bind_transmitter'],
  rx: ['bind_receiver'],
  'tx+rx': ['bind_transmitter', 'bind_receiver'],
}
/** Deliveries being made durable, above which no more are read from the carrier. */
const mostOpen = 500
/** How long close() waits for answers, and then for unbind_resp. */
const drainLimitMs = 10_000
const unbindLimitMs = 2000
const drainLookMs = 20

export async function dial(gateway: Gateway<SmppConfig>, signal: AbortSignal): Promise<Session> {
  const { clock, log } = gateway
  const { config } = gateway.bind
  const deliveries = createDeliveries(gateway)
  const links: Link[] = []
  try {
    for (const command of commands[config.mode]) {
      const { link, peerVersion, peerSystemId } = await dialLink({ config, command, clock, log, signal, trace: gateway.trace, onRequest: deliveries.take })
      links.push(link)
      log.info({ command, peer: peerSystemId, version: `0x${peerVersion.toString(16)}` }, 'bound to the carrier')
    }
  } catch (error) {
    for (const link of links) link.end('the other connection could not be bound')
    throw error
  }
  let closing: Promise<void> | undefined
  // A pair lives and dies together.
  const closed = Promise.race(links.map((link) => link.closed)).then(async (why) => {
    for (const link of links) link.destroy(why)
    await Promise.all(links.map((link) => link.closed))
    return why
  })

  async function drain(): Promise<void> {
    const until = clock.now() + Math.min(drainLimitMs, config.responseTimeoutMs)
    const isOpen = (): boolean => deliveries.open > 0 || links.some((link) => link.pending > 0)
    let alive = true
    void closed.then(() => (alive = false))
    while (alive && isOpen() && clock.now() < until) await wait(drainLookMs)
    await Promise.all(links.map((link) => Promise.race([link.request({ command: 'unbind', sequence_number: 0 }), wait(unbindLimitMs)])))
    for (const link of links) link.end('unbound')
    await closed
  }

  function wait(ms: number): Promise<void> {
    return new Promise((resolve) => clock.after(ms, resolve))
  }

  const sender = config.mode === 'rx' ? undefined : createWindow(links[0]!, () => gateway.bind.policy.window)
  return {
    ...(sender
      ? {
          send: (out: Outgoing): Promise<Outcome> =>
            closing ? Promise.resolve({ ok: false, failure: offline('the session is closing') }) : send(gateway, sender, out),
        }
      : {}),
    closed,
    close: () => (closing ??= drain()),
  }
}

function offline(why: string): FailureFacts {
  return { kind: 'offline', code: 'bind-down', peer: why }
}

function send(gateway: Gateway<SmppConfig>, window: Window, out: Outgoing): Promise<Outcome> {
  const pdus = submitsOf(gateway, out)
  if ('ok' in pdus) return Promise.resolve(pdus)
  if (pdus.length === 0) return Promise.resolve({ ok: true, refs: [], wire: [] })
  return new Promise((resolve) => {
    const answers: Answer[] = []
    let open = pdus.length
    for (let i = 0; i < pdus.length; i++) {
      window.ask(pdus[i]!, (answer) => {
        answers[i] = answer
        if (--open === 0) resolve(outcomeOf(pdus, answers))
      })
    }
  })
}

/** All before the first is written: what cannot be said is found out while nothing has left. */
function submitsOf(gateway: Gateway<SmppConfig>, { message, segments }: Outgoing): PduOf<'submit_sm'>[] | Outcome {
  const { config, policy } = gateway.bind
  const options = { config, concatenation: policy.concatenation, now: gateway.clock.now() }
  const pdus: PduOf<'submit_sm'>[] = []
  try {
    for (let i = 0; i < segments.length; i++) pdus.push(submitSm(message, segments[i]!, options))
  } catch (error) {
    return {
      ok: false,
      failure: error instanceof Failure ? error.facts : { ...failureFacts(error), kind: 'permanent', code: 'invalid-body' },
    }
  }
  return pdus
}

function outcomeOf(pdus: readonly PduOf<'submit_sm'>[], answers: readonly Answer[]): Outcome {
  const wire: string[] = []
  const refs: string[] = []
  for (let i = 0; i < pdus.length; i++) {
    const answer = answers[i]!
    if (!isTaken(answer)) return brokenOutcome(pdus, answers)
    wire.push(describe(pdus[i]!), describe(answer.pdu))
    refs.push(answer.pdu.message_id)
  }
  return { ok: true, refs, wire }
}

/** At least one was not taken; the first such failure is the outcome's. */
function brokenOutcome(pdus: readonly PduOf<'submit_sm'>[], answers: readonly Answer[]): Outcome {
  const failure = failureOf(answers.find((answer) => !isTaken(answer))!)
  const refs = answers.map((answer) => (isTaken(answer) ? answer.pdu.message_id : undefined))
  const wire = answers.flatMap((answer, i) => [describe(pdus[i]!), answer.kind === 'pdu' ? describe(answer.pdu) : answer.why])
  return { ok: false, failure, refs, wire }
}

function isTaken(answer: Answer): answer is { kind: 'pdu'; pdu: PduOf<'submit_sm_resp'> } {
  return answer.kind === 'pdu' && answer.pdu.command === 'submit_sm_resp' && answer.pdu.command_status === 0
}

function failureOf(answer: Answer): FailureFacts {
  switch (answer.kind) {
    case 'pdu':
      return submitFailure(answer.pdu.command_status)
    case 'timeout':
      return { kind: 'unknown', code: 'peer-timeout', peer: answer.why }
    case 'unreadable':
      return { kind: 'unknown', code: 'outcome-unknown', peer: answer.why }
    case 'lost':
      return answer.written ? { kind: 'unknown', code: 'connection-lost', peer: answer.why } : offline(answer.why)
  }
  return answer satisfies never
}

interface Deliveries {
  take(link: Link, pdu: Pdu): void
  readonly open: number
}

function createDeliveries(gateway: Gateway<SmppConfig>): Deliveries {
  const { log } = gateway
  const options = {
    /** As it is now: it may have been changed since the bind. */
    get config() {
      return gateway.bind.config
    },
    owned: (value: string) => gateway.number(value) !== undefined,
  }
  const nothing = Promise.resolve()
  let open = 0

  function deliver(link: Link, pdu: PduOf<'deliver_sm' | 'data_sm'>): void {
    if (++open === mostOpen) link.hold()
    const held = open === mostOpen
    function answer(command_status: number): void {
      open--
      if (held) link.release()
      link.post(response(pdu, command_status))
    }
    handOver(pdu).then(
      () => answer(statuses.ESME_ROK),
      (error: unknown) => answer(refused(pdu, error)),
    )
  }

  /** Resolves when durable; rejects, never throws. */
  function handOver(pdu: PduOf<'deliver_sm' | 'data_sm'>): Promise<unknown> {
    try {
      const delivery = readDelivery(pdu, options)
      if (delivery.kind === 'receipt') return gateway.receipt(delivery.receipt)
      if (delivery.kind === 'part') return gateway.part(delivery.part)
      if (delivery.kind === 'message') return gateway.accept(delivery.submission)
      log.debug({ pdu: describe(pdu) }, `acknowledged and left at that: ${delivery.why}`)
      return nothing
    } catch (error) {
      return Promise.reject(error)
    }
  }

  function refused(pdu: Pdu, error: unknown): number {
    const why = error instanceof AcceptRefused ? error.why : undefined
    log[why === undefined ? 'error' : 'warn']({ err: error, pdu: describe(pdu) }, 'a delivery was not taken')
    return refusal[why ?? 'busy']
  }

  return {
    get open() {
      return open
    },
    take(link, pdu) {
      if (pdu.command === 'deliver_sm' || pdu.command === 'data_sm') deliver(link, pdu)
      else if (pdu.command === 'alert_notification') log.debug({ pdu: describe(pdu) }, 'a handset may be reached again')
      else link.post({ command: 'generic_nack', sequence_number: pdu.sequence_number, command_status: statuses.ESME_RINVCMDID })
    },
  }
}

/** T: the carrier keeps the message and tries again. P, R: it does not (SMPP 5.0 §4.7.6). */
const refusal: Record<AcceptRefused['why'], number> = {
  busy: statuses.ESME_RX_T_APPN,
  invalid: statuses.ESME_RX_P_APPN,
  'no-route': statuses.ESME_RX_R_APPN,
  suspended: statuses.ESME_RX_R_APPN,
  'source-not-allowed': statuses.ESME_RX_R_APPN,
  'destination-not-allowed': statuses.ESME_RX_R_APPN,
  'too-short': statuses.ESME_RX_P_APPN,
  'too-long': statuses.ESME_RX_P_APPN,
  validity: statuses.ESME_RX_P_APPN,
  throttled: statuses.ESME_RX_T_APPN,
  'queue-full': statuses.ESME_RX_T_APPN,
}

function response(pdu: PduOf<'deliver_sm' | 'data_sm'>, command_status: number): Draft {
  const { sequence_number } = pdu
  if (pdu.command === 'data_sm') return { command: 'data_sm_resp', sequence_number, command_status }
  return { command: 'deliver_sm_resp', sequence_number, command_status }
}

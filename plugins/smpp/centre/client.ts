// A bound session of a client: its requests are taken as its role allows, no more of them at a time
// than its window holds, and what waits for it is sent as it takes it.
import { AcceptRefused, occasional, type Session } from '../../../src/plugin.ts'
import { type Draft, type Pdu, statuses } from '../codec/index.ts'
import type { Link } from '../link.ts'
import type { Centre, Client } from './centre.ts'
import { createOutward } from './outward.ts'
import type { Asked } from './shares.ts'
import { refusal, refusalStatus, suspendedStatus } from './statuses.ts'
import { createSubmits } from './submit.ts'
import type { Terms } from './terms.ts'

/** How long close() waits for what is open, and then for unbind_resp. */
const drainLimitMs = 10_000
const unbindLimitMs = 2000
const drainLookMs = 20
const version50 = 0x50

export function createClient({ link, terms, centre }: { link: Link; terms: Terms; centre: Centre }): Client {
  const { gateway, role, config, version } = terms
  const { log } = gateway
  const clock = gateway.clock.steady
  const warn = occasional(clock, (fields, message) => log.warn(fields, message))
  const fail = occasional(clock, (fields, message) => log.error(fields, message))
  const outward = createOutward(link, terms)
  const submits = createSubmits({
    link,
    terms,
    partIds: centre.partIds,
    load,
    shares: centre.shares,
    replacePresent: (submission) => centre.stored.replacePresent(terms, submission),
    warn,
  })
  const place = centre.shares.place(serve)
  /** Requests that are not answered, no more than the window holds; and those that have come behind them. */
  let open = 0
  const beyond: Asked[] = []
  let isHeld = false
  let isSuspended = false
  let isGone = false
  let closing: Promise<void> | undefined
  let busyAt = clock.now()
  if (config.inactivityMs > 0) watch(config.inactivityMs)

  /** The fullest of its window, where that has a bound what waits for it, and the lane that its messages go to, in percent. */
  function load(): number {
    const { window, mostQueued } = gateway.bind.policy
    const busy = Math.max(Math.floor((open * 100) / window), gateway.congested())
    return mostQueued > 0 ? Math.max(busy, Math.floor((gateway.waiting() * 100) / mostQueued)) : busy
  }

  function take(pdu: Pdu): void {
    busyAt = clock.now()
    switch (pdu.command) {
      case 'submit_sm':
      case 'data_sm':
      case 'submit_multi':
      case 'query_sm':
      case 'cancel_sm':
      case 'replace_sm':
        start(pdu)
        return
      case 'broadcast_sm':
      case 'query_broadcast_sm':
      case 'cancel_broadcast_sm':
        // Of 5.0: before it there is no such command.
        if (version < version50) link.post(unknownCommand(pdu))
        else start(pdu)
        return
      case 'bind_transceiver':
      case 'bind_transmitter':
      case 'bind_receiver':
        link.post(refusal(pdu, statuses.ESME_RALYBND))
        return
      default:
        // What a message centre says, not an ESME.
        link.post(unknownCommand(pdu))
    }
  }

  function serve(pdu: Asked): void {
    // Who asked cannot be answered any more, and will ask again.
    if (isGone) {
      done()
      return
    }
    // It may be, and will ask again then; or hears that it should.
    if (!link.heard) {
      link.post(refusal(pdu, statuses.ESME_RSYSERR))
      done()
      return
    }
    if (!maySubmit(pdu)) {
      done()
      return
    }
    if (pdu.command === 'submit_sm' || pdu.command === 'data_sm' || pdu.command === 'submit_multi') {
      void submits.take(pdu).then(done, broken)
      return
    }
    void centre.stored
      .answer(terms, pdu)
      .catch((error: unknown) => {
        if (error instanceof AcceptRefused) return refusal(pdu, refusalStatus(error))
        throw error
      })
      .then((draft) => link.post(draft))
      .then(done, broken)
  }

  function maySubmit(pdu: Asked): boolean {
    if (role !== 'receiver' && !closing) return true
    const status = closing ? statuses.ESME_RSYSERR : statuses.ESME_RINVBNDSTS
    link.post(refusal(pdu, isSuspended ? suspendedStatus : status))
    return false
  }

  /** What is beyond the window waits, and nothing more is read. Who stays within it is always heard: its enquire_link, its responses. */
  function start(pdu: Asked): void {
    if (open < gateway.bind.policy.window && beyond.length === 0) {
      open++
      place.put(pdu)
      return
    }
    beyond.push(pdu)
    if (isHeld) return
    isHeld = true
    link.hold()
  }

  function done(): void {
    open--
    while (beyond.length > 0 && open < gateway.bind.policy.window) {
      open++
      place.put(beyond.shift()!)
    }
    if (!isHeld || beyond.length > 0) return
    isHeld = false
    link.release()
  }

  /** A fault of ours in answering: the request stays without an answer, the session lives. */
  function broken(error: unknown): void {
    fail('unanswered', 'a request could not be answered', () => ({ err: error }))
    done()
  }

  function watch(limitMs: number): void {
    clock.after(Math.max(10, limitMs - (clock.now() - busyAt)), () => {
      if (isGone || closing) return
      if (clock.now() - busyAt < limitMs) return watch(limitMs)
      log.info({ limitMs }, 'a client session is unbound: nothing was asked for so long')
      void session.close()
    })
  }

  async function drain(): Promise<void> {
    const until = clock.now() + drainLimitMs
    while (!isGone && (link.pending > 0 || open > 0) && clock.now() < until) await wait(drainLookMs)
    submits.left()
    await Promise.race([link.request({ command: 'unbind', sequence_number: 0 }), wait(unbindLimitMs)])
    link.end('unbound')
    await link.closed
  }

  function wait(ms: number): Promise<void> {
    return new Promise((resolve) => clock.after(ms, resolve))
  }

  void link.closed.then(() => (isGone = true))
  const closed = { ok: false, failure: { kind: 'offline', code: 'bind-down', peer: 'the session is closing' } } as const
  const session: Session = {
    closed: link.closed,
    close: () => (closing ??= drain()),
  }
  if (role !== 'transmitter') {
    // 3.3 knows no alert_notification.
    if (version >= 0x34) session.alert = (of, said) => !closing && outward.alert(of, said)
    session.free = outward.free
    session.send = (out) => {
      busyAt = clock.now()
      return closing ? Promise.resolve(closed) : outward.send(out)
    }
    session.report = (message, report) => {
      busyAt = clock.now()
      return closing ? Promise.resolve(closed) : outward.report(message, report)
    }
  }
  return {
    gateway,
    take,
    suspend() {
      if (isSuspended) return
      isSuspended = true
      log.info('a client session is unbound: its account is suspended')
      void session.close()
    },
    session,
  }
}

function unknownCommand({ sequence_number }: Pdu): Draft {
  return { command: 'generic_nack', sequence_number, command_status: statuses.ESME_RINVCMDID }
}

// submit_sm, data_sm and submit_multi of one session: read, accepted, and answered only when durable.
// A transaction is answered when its outcome is known.
import {
  bodyFault,
  type InboundPart,
  isTerminal,
  type MessageId,
  type MessageOutcome,
  type Occasional,
  type Submission,
} from '../../../src/plugin.ts'
import { type Draft, integer8, noTlvs, type PduOf, statuses, tags, type Tlv, type UnsuccessSme } from '../codec/index.ts'
import type { Link } from '../link.ts'
import { dpfNote } from '../mapping/alert.ts'
import { writeMessageId } from '../mapping/receipt-out.ts'
import { type PartIds, partId, shortId } from './ids.ts'
import { othersNote, partNote } from './notes.ts'
import type { Shares } from './shares.ts'
import { failureReason, refusalStatus } from './statuses.ts'
import { type Destination, type Place, readSubmission, type Submitted } from './submission.ts'
import type { Terms } from './terms.ts'

export interface Submits {
  take(pdu: Submitted): Promise<void>
  /** The session ends: transactions are answered with what is known of them. */
  left(): void
}

/** SMPP 5.0 §4.8.4.18: 0 idle … 99 congested. */
const mostCongestion = 99
const congestionTlvs: readonly (readonly Tlv[])[] = Array.from({ length: mostCongestion + 1 }, (_, percent) => [
  integer8(tags.congestion_state, percent),
])
/** How often it is seen that a client leaves that waits for outcomes. */
const leaveLookMs = 1000
const version33 = 0x33
const version50 = 0x50

export function createSubmits(parts: {
  link: Link
  terms: Terms
  partIds: PartIds
  shares: Pick<Shares, 'began' | 'ended'>
  /** How busy we are, in percent. */
  load(): number
  /** Replaces what waits already; false when nothing does. */
  replacePresent(submission: Submission): Promise<MessageId | undefined>
  warn: Occasional
}): Submits {
  const { link, terms, partIds, shares, warn } = parts
  const { gateway, config, version } = terms
  const { clock } = gateway
  const isOld = version === version33
  /** Transactions whose outcome is not known yet. */
  const untold = new Set<() => void>()
  let isWatched = false

  /** What the client is told; undefined for the message's own id. */
  function named(id: MessageId): string {
    return isOld ? shortId(id) : writeMessageId(id, config.receipts.ids)
  }

  /** What is being made durable: of all sessions only so much. */
  function counted<T>(storing: Promise<T>): Promise<T> {
    shares.began()
    storing.then(shares.ended, shares.ended)
    return storing
  }

  /** Resolves to the id that the client is told: `known`, where it was told one already. */
  async function accept(submission: Submission, place: Place | undefined, known?: string): Promise<string> {
    if (place) return await acceptPart(submission, place, known)
    if (isOld && submission.report?.['message_id'] === undefined)
      note(submission, 'message_id', shortId((submission.id ??= gateway.newId())))
    return named(await counted(gateway.accept(submission)))
  }

  async function acceptPart(submission: Submission, place: Place, known: string | undefined): Promise<string> {
    const { bind } = gateway
    // A NUL is in none of them.
    const key = `${bind.id}\0${submission.from.value}\0${submission.to.value}\0${place.reference}\0${place.total}`
    const { reference, total, index } = place
    const part: InboundPart = { reference, total, index, submission }
    // Shorter than parts are kept, so that no message is made twice under one id.
    const keptMs = (bind.policy.partsTimeoutSeconds * 1000) / 2
    const begun = partIds.isOpen(key, keptMs) ? undefined : gateway.begunAs(part)
    const before = begun && (await begun)
    const whole = partIds.of(key, place, keptMs, before === undefined ? gateway.newId : () => before)
    const id = known ?? (isOld ? shortId(place.index === 1 ? whole : gateway.newId()) : partId(whole, place.index))
    submission.id = whole
    note(submission, `${partNote}${place.index}`, id)
    part.told = id
    await counted(gateway.part(part))
    return isOld ? id : writeMessageId(id, config.receipts.ids)
  }

  async function submit(pdu: PduOf<'submit_sm' | 'data_sm'>): Promise<void> {
    const read = readSubmission(pdu, pdu, terms, clock.now())
    if ('status' in read) {
      refuse(pdu, read.status, read.why)
      return
    }
    const { submission, place } = read
    try {
      if (pdu.command === 'submit_sm' && pdu.replace_if_present_flag === 1 && !place) {
        const replaced = await parts.replacePresent(submission)
        if (replaced !== undefined) {
          answer(pdu, statuses.ESME_ROK, named(replaced), tlvs())
          return
        }
      }
      const transaction = !place && (submission.mode ?? gateway.bind.policy.mode) === 'transaction'
      if (transaction && submission.id === undefined) submission.id = gateway.newId()
      // Nearly always; a call less on the way.
      const id = place || isOld ? await accept(submission, place) : named(await counted(gateway.accept(submission)))
      if (transaction) await answerOutcome(pdu, submission, id)
      else answer(pdu, statuses.ESME_ROK, id, tlvs())
    } catch (error) {
      refused(pdu, error, statusOf(error, submission))
    }
  }

  /** What is not delivered when the time is over, or the client leaves, may still be: it is told that it is not known to be. */
  function answerOutcome(pdu: PduOf<'submit_sm' | 'data_sm'>, submission: Submission, name: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const tell = (outcome: MessageOutcome | undefined): void => {
        if (!untold.delete(leave)) return
        tellOutcome(pdu, submission, name, outcome)
        resolve()
      }
      const leave = (): void => tell({ state: 'sent' })
      untold.add(leave)
      if (!isWatched) watch()
      gateway.outcome(submission.id!).then(tell, (error: unknown) => {
        if (untold.delete(leave)) reject(error)
      })
    })
  }

  /** A session that ends is written to for two seconds more. */
  function watch(): void {
    isWatched = true
    clock.steady.after(leaveLookMs, () => {
      isWatched = false
      if (!link.taking) left()
      if (untold.size > 0) watch()
    })
  }

  function left(): void {
    for (const tell of untold) tell()
  }

  function tellOutcome(
    pdu: PduOf<'submit_sm' | 'data_sm'>,
    submission: Submission,
    name: string,
    outcome: MessageOutcome | undefined,
  ): void {
    if (!outcome || outcome.state === 'delivered') return answer(pdu, statuses.ESME_ROK, name, tlvs())
    const code = isTerminal(outcome.state) ? outcome.failure?.code : 'outcome-unknown'
    const reason = integer8(tags.delivery_failure_reason, failureReason(code))
    if (isOld) return answer(pdu, statuses.ESME_RDELIVERYFAILURE, name, noTlvs)
    const pending = submission.report?.[dpfNote] === undefined ? undefined : code === 'absent-subscriber'
    if (pending) gateway.awaitReachable(submission)
    const dpf = pending === undefined ? noTlvs : [integer8(tags.dpf_result, pending ? 1 : 0)]
    answer(pdu, statuses.ESME_RDELIVERYFAILURE, name, [reason, ...dpf, ...tlvs()])
  }

  async function submitMulti(pdu: PduOf<'submit_multi'>): Promise<void> {
    const { dest_address } = pdu
    if (dest_address.length === 0) return refuse(pdu, statuses.ESME_RINVNUMDESTS, 'number_of_dests')
    // We keep no distribution lists.
    if (dest_address.some((each) => each.dest_flag === 2)) return refuse(pdu, statuses.ESME_RCNTSUBDL, 'dl_name')
    const now = clock.now()
    const failed: UnsuccessSme[] = []
    const fail = ({ dest_addr_ton, dest_addr_npi, destination_addr }: Destination, error_status_code: number): undefined => {
      failed.push({ dest_addr_ton, dest_addr_npi, destination_addr, error_status_code })
    }
    let name: string | undefined
    const others: Promise<void>[] = []
    const whole = gateway.newId()
    const ids = dest_address.map(() => gateway.newId())
    for (const [i, each] of dest_address.entries()) {
      if (each.dest_flag === 2) continue
      const read = readSubmission(pdu, each, terms, now)
      if ('status' in read) {
        fail(each, read.status)
        continue
      }
      const { submission, place } = read
      // The first that is taken has the id that the client is told, and knows the others.
      submission.id = name === undefined ? whole : ids[i]!
      if (!place) {
        note(submission, 'message_id', isOld ? shortId(whole) : whole)
        if (name === undefined && ids.length - i > 1) note(submission, othersNote, ids.slice(i + 1).join(' '))
      }
      const accepting = accept(submission, place, place && name)
      if (name === undefined) name = await accepting.catch((error: unknown) => fail(each, statusOf(error, submission)))
      else
        others.push(
          accepting.then(
            () => {},
            (error: unknown) => fail(each, statusOf(error, submission)),
          ),
        )
    }
    await Promise.all(others)
    const { sequence_number } = pdu
    if (failed.length > 0) warn('multi', 'destinations of a submit_multi were refused', () => ({ refused: failed.length, of: ids.length }))
    link.post({
      command: 'submit_multi_resp',
      sequence_number,
      command_status: name === undefined ? sharedStatus(failed) : statuses.ESME_ROK,
      message_id: name ?? '',
      unsuccess_sme: failed,
      tlvs: tlvs(),
    })
  }

  function tlvs(): readonly Tlv[] {
    return version < version50 ? noTlvs : congestionTlvs[Math.min(mostCongestion, parts.load())]!
  }

  function answer(pdu: PduOf<'submit_sm' | 'data_sm'>, command_status: number, message_id: string, more: readonly Tlv[]): void {
    const command = pdu.command === 'submit_sm' ? 'submit_sm_resp' : 'data_sm_resp'
    link.post({ command, command_status, sequence_number: pdu.sequence_number, message_id, tlvs: more })
  }

  function refuse(pdu: Submitted, command_status: number, why: string): void {
    warn('refused', 'a submission cannot be read, refused', () => ({ command: pdu.command, why, status: command_status }))
    const draft: Draft = { command: `${pdu.command}_resp`, sequence_number: pdu.sequence_number, command_status, tlvs: tlvs() }
    link.post(draft)
  }

  function refused(pdu: Submitted, error: unknown, command_status: number): void {
    warn('refused', 'a submission was not taken', () => ({ err: error, status: command_status }))
    link.post({ command: `${pdu.command}_resp`, sequence_number: pdu.sequence_number, command_status, tlvs: tlvs() })
  }

  return { take: (pdu) => (pdu.command === 'submit_multi' ? submitMulti(pdu) : submit(pdu)), left }
}

/** A header that is one, and beside which the body has no room (SMPP 5.0 §4.7.6). */
function statusOf(error: unknown, { body }: Submission): number {
  const status = refusalStatus(error)
  return status === statuses.ESME_RSUBMITFAIL && bodyFault(body) !== undefined ? statuses.ESME_RINVMSGLEN : status
}

/** Of a submit_multi that nobody takes: a client that is told ESME_RTHROTTLED or ESME_RMSGQFUL knows to ask again. */
function sharedStatus(failed: readonly UnsuccessSme[]): number {
  const { error_status_code } = failed[0]!
  return failed.every((one) => one.error_status_code === error_status_code) ? error_status_code : statuses.ESME_RSUBMITFAIL
}

function note(submission: Submission, name: string, value: string): void {
  ;(submission.report ??= {})[name] = value
}

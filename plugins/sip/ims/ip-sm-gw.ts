// SMS over IMS, as an IP-SM-GW does it (TS 24.341): a phone's RP-DATA is answered 202 once its message is
// durable, or refused, and then told in a MESSAGE of ours with RP-ACK or RP-ERROR. What goes to a phone is
// delivered when its RP-ACK says so. RP-SMMA: a phone that was full has room again.
import {
  type Address,
  type Clock,
  Failure,
  failureFacts,
  type FailureFacts,
  type InboundPart,
  type Message,
  type MessageId,
  type Outcome,
  type Outgoing,
  type Report,
  type Submission,
} from '../../../src/plugin.ts'
import type { Peer } from '../access/peer.ts'
import type { Incoming, Reply, Sent } from '../engine/engine.ts'
import type { ImsSettings } from '../profile/types.ts'
import { senderOf } from '../message/addresses.ts'
import type { Directory } from '../message/directory.ts'
import { isRefusal, refusal, replyOf } from '../message/refusal.ts'
import { createRepeats, requestKey } from '../message/repeats.ts'
import { failureOf } from '../message/statuses.ts'
import type { Ims, Way } from '../message/way.ts'
import { causes, failureCauses, failureOfError, refusedBy, type Refused } from './causes.ts'
import { deliverTpdu, segmentsOf, statusReports } from './deliveries.ts'
import { createDuplicates } from './duplicates.ts'
import { type Answered, createExchange } from './exchange.ts'
import { createFull } from './full.ts'
import { headersOf, phoneOn, type Post, senderUri, userOfRequest } from './phone.ts'
import { readRp, type RpMessage, writeRp } from './rp.ts'
import { imsSettings } from './settings.ts'
import { phoneNote, readSubmission } from './submission.ts'
import { readToNetwork, type Submit, timeAt, type TpAddress, writeTpdu } from './tpdu/index.ts'

type Answer = (reply: Reply) => void
type RpData = Extract<RpMessage, { type: 'RP-DATA' }>

export interface ImsParts {
  clock: Clock
  directory: Directory
  /** A MESSAGE back to the phone that sent a request (back.ts). Never rejects. */
  back(peer: Peer, request: Incoming, post: Post, signal: AbortSignal): Promise<Sent>
  /** Whether the engine of a profile passes octets as they are. */
  carriesOctets(profile: string): boolean
}

/** Parts have no key in the store: a repeated request is known for Timer J and a little (64 × T1). */
const repeatMs = 40_000
/** Messages of which a phone has some segments, remembered at most. */
const mostPartial = 10_000

export function createIms({ clock, directory, back, carriesOctets }: ImsParts): Ims {
  const exchange = createExchange(clock)
  const repeats = createRepeats(clock)
  const duplicates = createDuplicates(clock)
  const closing = new AbortController()
  /** Of messages that are sent whole: places of segments that their phone has. */
  const partial = new Map<MessageId, Set<number>>()
  const full = createFull()

  function take(peer: Peer, request: Incoming, answer: Answer): void {
    if (!carriesOctets(request.profile)) return answer(replyOf(noOctets))
    const read = readRp(request.body)
    if (!read.ok) return answer(replyOf(refusal(400, read.why)))
    const { rp } = read
    if (rp.way === 'mt') return answer(replyOf(refusal(400, `${rp.type} to a phone: expected one from a phone`)))
    const accepted: Reply = { status: peer.terms.answer }
    switch (rp.type) {
      case 'RP-DATA':
        return submitted(peer, request, rp, () => answer(accepted))
      case 'RP-ACK':
      case 'RP-ERROR': {
        const user = userOfRequest(peer, request)
        const inReplyTo = request.headers.get('in-reply-to')
        const isKnown = exchange.settle({ peer: peer.name, user, inReplyTo, alone: peer.kind === 'trunk' }, rp)
        if (!isKnown) peer.gateway.log.debug({ peer: peer.name, reference: rp.reference }, `${rp.type}: nothing waits for it`)
        return answer(accepted)
      }
      case 'RP-SMMA':
        answer(accepted)
        tell(peer, request, { type: 'RP-ACK', way: 'mt', reference: rp.reference })
        return roomAgain(peer, request)
    }
    rp satisfies never
  }

  function submitted(peer: Peer, request: Incoming, rp: RpData, answer: () => void): void {
    const { terms } = peer
    const read = readToNetwork(rp.tpdu, 'data')
    const scts = timeAt(clock.now(), imsSettings(terms).quarters)
    const refuse = ({ cause, fcs, why }: Refused): void => {
      peer.gateway.log.debug({ peer: peer.name, cause, why }, 'an SMS-SUBMIT was refused')
      answer()
      const tpdu = writeTpdu({ type: 'submit-report', fcs, scts })
      tell(peer, request, { type: 'RP-ERROR', way: 'mt', reference: rp.reference, cause, tpdu })
    }
    if (!read.ok) return refuse({ cause: causes.invalidInformation, fcs: failureCauses.unspecified, why: read.why })
    if (read.tpdu.type === 'command')
      return refuse({ cause: causes.notImplemented, fcs: failureCauses.commandNotSupported, why: 'SMS-COMMAND is not done' })
    if (read.tpdu.type === 'deliver-report')
      return refuse({ cause: causes.wrongState, fcs: failureCauses.tpduNotSupported, why: 'RP-DATA: expected SMS-SUBMIT' })
    const accepting = accept(peer, request, read.tpdu)
    if ('refused' in accepting) return refuse(accepting.refused)
    accepting.done.then(
      () => {
        answer()
        const tpdu = writeTpdu({ type: 'submit-report', scts })
        tell(peer, request, { type: 'RP-ACK', way: 'mt', reference: rp.reference, tpdu })
      },
      (error: unknown) => {
        const why = error instanceof Duplicate ? duplicateRefused : refusedBy(error)
        if (why.cause === causes.temporary) peer.gateway.log.error({ err: error, peer: peer.name }, 'an SMS-SUBMIT was not taken')
        refuse(why)
      },
    )
  }

  function accept(peer: Peer, request: Incoming, submit: Submit): { done: Promise<unknown> } | { refused: Refused } {
    const { gateway, name, terms } = peer
    const { country } = imsSettings(terms)
    const read = readSubmission(submit, {
      destinationRewrites: gateway.bind.policy.destinationRewrites,
      now: clock.now(),
      ...(country === undefined ? {} : { country }),
    })
    if ('refused' in read) return read
    const { place } = read
    const { to } = read.submission
    const from = senderOf(request.headers, peer, to, directory)
    if (isRefusal(from)) return { refused: { cause: causes.notSubscribed, fcs: failureCauses.noSubscription, why: from.why } }
    const submission: Submission = Object.assign(read.submission, { from })
    ;(submission.report ??= {})[phoneNote] = senderUri(peer.kind, request).slice(0, longestNote)
    const key = requestKey(name, request)
    const { mr, rejectDuplicates } = submit
    const done = repeats.once(key, key, repeatMs, async () => {
      const known = duplicates.seen(from.value, to.value, mr)
      if (known && rejectDuplicates) throw new Duplicate()
      try {
        if (place) {
          const part: InboundPart = { reference: place.reference, total: place.total, index: place.index, submission }
          await gateway.part(part)
          return ''
        }
        submission.idempotencyKey = `sip ${key}`
        return await gateway.accept(submission)
      } catch (error) {
        if (!known) duplicates.forget(from.value, to.value, mr)
        throw error
      }
    })
    return { done }
  }

  /** A MESSAGE of ours to the phone that sent this request; it is not sent again, since the phone asks again. */
  function tell(peer: Peer, request: Incoming, rp: RpMessage): void {
    const { identity } = imsSettings(peer.terms)
    const post: Post = {
      callId: `${request.callId.slice(0, 100)}-${rp.type === 'RP-ACK' ? 'ack' : 'error'}-${rp.reference}`,
      headers: headersOf(identity, request.callId),
      body: writeRp(rp),
    }
    void back(peer, request, post, closing.signal).then((sent) => {
      if (sent.kind === 'answered' && sent.status < 300) return
      const why = sent.kind === 'answered' ? `${sent.status} ${sent.reason}` : sent.why
      peer.gateway.log.debug({ peer: peer.name, why }, `a phone did not take its ${rp.type}`)
    })
  }

  function roomAgain(peer: Peer, request: Incoming): void {
    full.empty(peer.name, userOfRequest(peer, request))
    const { gateway } = peer
    if (gateway.bind.side !== 'supplier') return
    const from = senderOf(request.headers, peer, nobody, directory)
    if (!isRefusal(from)) gateway.reachable(from, 'available')
  }

  async function deliver(out: Outgoing, way: Way, signal: AbortSignal): Promise<Outcome> {
    const { message } = out
    const { peer } = way
    const phone = phoneOn(way, message.to, message.from)
    const settings = imsSettings(peer.terms)
    if (!carriesOctets(peer.profile.name)) return { ok: false, failure: { kind: 'permanent', code: 'invalid-body', peer: noOctets.why } }
    const isWhole = out.segments.length === 0
    const segments = isWhole ? segmentsOf(message, peer.gateway.bind.policy) : out.segments
    if (segments.length === 0) return { ok: false, failure: { kind: 'permanent', code: 'invalid-body', peer: 'SMS over IMS takes no MMS' } }
    const had = isWhole ? partial.get(message.id) : undefined
    const refs: (string | undefined)[] = Array.from({ length: segments.length }, () => undefined)
    const wire: string[] = []
    for (let i = 0; i < segments.length; i++) {
      if (had?.has(i)) {
        refs[i] = ''
        continue
      }
      const tpdu = deliverTpdu(message, segments[i]!, settings.quarters, i < segments.length - 1)
      const answered = await exchange.ask(
        phone,
        asking(settings, tpdu, segments.length === 1 ? 'SMS-DELIVER' : `SMS-DELIVER ${i + 1}/${segments.length}`),
        signal,
      )
      wire.push(...answered.wire)
      const failure = failureIn(answered)
      if (!failure) {
        refs[i] = ''
        continue
      }
      if (failure.code === 'queue-full') full.add(peer.name, phone.user, peer.gateway, message.id)
      if (!isWhole) return { ok: false, failure, refs, wire }
      keepPartial(message.id, refs)
      return { ok: false, failure, wire }
    }
    partial.delete(message.id)
    return { ok: true, refs: [], final: 'delivered', wire }
  }

  function keepPartial(id: MessageId, refs: readonly (string | undefined)[]): void {
    const had = new Set<number>()
    for (let i = 0; i < refs.length; i++) if (refs[i] !== undefined) had.add(i)
    partial.delete(id)
    if (had.size === 0) return
    partial.set(id, had)
    for (const oldest of partial.keys()) {
      if (partial.size <= mostPartial) break
      partial.delete(oldest)
    }
  }

  async function reported(message: Message, report: Report, way: Way, signal: AbortSignal): Promise<Outcome> {
    const { peer } = way
    const settings = imsSettings(peer.terms)
    const uri = message.report?.[phoneNote]
    const phone = phoneOn(way, message.from, message.to, uri === '' ? undefined : uri)
    const wire: string[] = []
    for (const tpdu of statusReports(message, report, settings.quarters)) {
      const answered = await exchange.ask(phone, asking(settings, tpdu, 'SMS-STATUS-REPORT'), signal)
      wire.push(...answered.wire)
      const failure = failureIn(answered)
      if (failure) return { ok: false, failure, wire }
    }
    return { ok: true, refs: [], wire }
  }

  /** Undefined: the phone has it. */
  function failureIn(answered: Answered): FailureFacts | undefined {
    switch (answered.kind) {
      case 'said':
        return answered.rp.type === 'RP-ACK' ? undefined : errorOf(answered.rp)
      case 'refused':
        return failureOf(answered.sent)
      case 'silent':
        return { kind: 'unknown', code: 'outcome-unknown', peer: 'the phone never sent RP-ACK or RP-ERROR', peerCode: 'RP-silent' }
      case 'aborted':
        return answered.left
          ? { kind: 'unknown', code: 'connection-lost', peer: 'ended before RP-ACK' }
          : { kind: 'offline', code: 'bind-down' }
    }
    return answered satisfies never
  }

  return {
    take,
    knows: ({ report }) => report?.[phoneNote] !== undefined,
    send: (out, way, signal) => deliver(out, way, signal).catch(unsayable),
    report: (message, report, way, signal) => reported(message, report, way, signal).catch(unsayable),
    close: () => closing.abort(),
  }
}

class Duplicate extends Error {}

const noOctets = refusal(415, 'application/vnd.3gpp.sms is octets, which the engine of this profile does not carry')

const duplicateRefused: Refused = { cause: causes.rejected, fcs: failureCauses.duplicate, why: 'a duplicate, which TP-RD asks to refuse' }
/** Octets of a URI that is kept with its message. */
const longestNote = 512

const nobody: Address = { value: '', ton: 'unknown', npi: 'unknown' }

function asking(
  { serviceCentre, identity, answerMs }: ImsSettings,
  tpdu: Uint8Array,
  words: string,
): Parameters<ReturnType<typeof createExchange>['ask']>[1] {
  const originator: TpAddress | undefined =
    serviceCentre === undefined ? undefined : { ton: 1, npi: 1, value: serviceCentre.replace('+', '') }
  return { tpdu, words, answerMs, ...(originator ? { originator } : {}), ...(identity === undefined ? {} : { identity }) }
}

/** The TP-FCS of its report is more exact, where it has one. */
function errorOf({ cause, tpdu }: Extract<RpMessage, { type: 'RP-ERROR' }>): FailureFacts {
  const read = tpdu ? readToNetwork(tpdu, 'error') : undefined
  return failureOfError(cause, read?.ok && read.tpdu.type === 'deliver-report' ? read.tpdu.fcs : undefined)
}

/** Of what no TPDU can hold. */
function unsayable(error: unknown): Outcome {
  if (error instanceof Failure) return { ok: false, failure: error.facts }
  return { ok: false, failure: failureFacts(error) }
}

// What phones say: RP-DATA is answered 202 once its message is durable, or refused, and then told in a
// MESSAGE of ours with RP-ACK or RP-ERROR (TS 24.341 §5.3.3.3). RP-ACK and RP-ERROR go to whoever waits for
// them. RP-SMMA: a phone that was full has room again.
import { type Address, type Clock, type InboundPart, type Submission } from '../../../src/plugin.ts'
import type { Peer } from '../access/peer.ts'
import type { Incoming, Reply, Sent } from '../engine/engine.ts'
import { senderOf } from '../message/addresses.ts'
import type { Directory } from '../message/directory.ts'
import { isRefusal, refusal, replyOf } from '../message/refusal.ts'
import { createRepeats, requestKey } from '../message/repeats.ts'
import type { Ims } from '../message/way.ts'
import { causes, failureCauses, refusedBy, type Refused } from './causes.ts'
import { createDuplicates } from './duplicates.ts'
import { type Exchange, newCallId } from './exchange.ts'
import type { Full } from './full.ts'
import { asserted, headersOf, ownerOf, type Post, senderUri, userOfRequest } from './phone.ts'
import { readRp, type RpMessage, writeRp } from './rp.ts'
import { imsSettings } from './settings.ts'
import { phoneNote, readSubmission } from './submission.ts'
import { readToNetwork, type Submit, timeAt, writeTpdu } from './tpdu/index.ts'

type RpData = Extract<RpMessage, { type: 'RP-DATA' }>

export interface InwardParts {
  clock: Clock
  directory: Directory
  exchange: Exchange
  full: Full
  /** A MESSAGE back to the phone that sent a request (back.ts). Never rejects. */
  back(peer: Peer, request: Incoming, post: Post, signal: AbortSignal): Promise<Sent>
  /** What is about to be told is not told any more. */
  closing: AbortSignal
}

/** Parts have no key in the store: a repeated request is known for Timer J and a little (64 × T1). */
const repeatMs = 40_000

export function createInward({ clock, directory, exchange, full, back, closing }: InwardParts): Ims['take'] {
  const repeats = createRepeats(clock)
  const duplicates = createDuplicates(clock)

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
    const read = readSubmission(submit, { destinationRewrites: gateway.bind.policy.destinationRewrites, country, now: clock.now() })
    if ('refused' in read) return read
    const { place } = read
    const { to } = read.submission
    const from = senderOf(asserted(peer, request), peer, to, directory)
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
      callId: newCallId(),
      headers: headersOf(identity, request.callId),
      body: writeRp(rp),
    }
    void back(peer, request, post, closing).then((sent) => {
      if (sent.kind === 'answered' && sent.status < 300) return
      const why = sent.kind === 'answered' ? `${sent.status} ${sent.reason}` : sent.why
      peer.gateway.log.debug({ peer: peer.name, why }, `a phone did not take its ${rp.type}`)
    })
  }

  function roomAgain(peer: Peer, request: Incoming): void {
    full.empty(ownerOf(peer), userOfRequest(peer, request))
    const { gateway } = peer
    if (gateway.bind.side !== 'supplier') return
    const from = senderOf(asserted(peer, request), peer, nobody, directory)
    if (!isRefusal(from)) gateway.reachable(from, 'available')
  }

  return (peer, request, answer) => {
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
        const isKnown = exchange.settle({ peer: ownerOf(peer), user, inReplyTo, alone: peer.kind === 'trunk' }, rp)
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
}

class Duplicate extends Error {}

const duplicateRefused: Refused = { cause: causes.rejected, fcs: failureCauses.duplicate, why: 'a duplicate, which TP-RD asks to refuse' }
/** Octets of a URI that is kept with its message. */
const longestNote = 512
const nobody: Address = { value: '', ton: 'unknown', npi: 'unknown' }

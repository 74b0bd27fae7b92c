// MESSAGE in: whatever an app, a PBX or a carrier's trunk sends becomes a message of its account, and
// is answered once that is durable. Repeats of a request are one message. What a phone says of what it
// was sent is a receipt; that somebody types is nobody's message.
import type { Clock, InboundPart, MessageId, Submission } from '../../../src/plugin.ts'
import type { Peer } from '../access/peer.ts'
import { readUri, writeUri } from '../codec/uri.ts'
import type { Incoming, Reply } from '../engine/engine.ts'
import { destinationOf, type From, readFrom, senderOf } from './addresses.ts'
import { bodyOf } from './body.ts'
import { type Content, readContent } from './content.ts'
import type { Directory } from './directory.ts'
import { applyFields, type Fields, names, readFields, readPassed } from './headers.ts'
import type { Notification } from './imdn.ts'
import { noteCpim, type Notes, writeNotes } from './notes.ts'
import { markedReceipt, receiptOf, textReceipt } from './receipt-in.ts'
import { isRefusal, refusal, type Refusal, refusalOf, replyOf } from './refusal.ts'
import { createRepeats, requestKey, textKey } from './repeats.ts'
import { cpimWish } from './wishes.ts'

type Answer = (reply: Reply) => void

export interface InboundParts {
  clock: Clock
  directory: Directory
  /** SMS over IMS (ims/). Absent: refused with 415. */
  ims?: { take(peer: Peer, request: Incoming, answer: Answer): void }
}

/** Takes MESSAGEs of peers that are known. Answers each once. */
export type Inbound = (peer: Peer, request: Incoming, answer: Answer) => void

/** Parts of long messages have no key in the store: repeats of their requests are known for Timer J and a little (64 × T1). */
const partKeptMs = 40_000

export function createInbound({ clock, directory, ims }: InboundParts): Inbound {
  const repeats = createRepeats(clock)

  function take(peer: Peer, request: Incoming, answer: Answer): void {
    const { terms, gateway, profile } = peer
    const { headers } = request
    const receipt = markedReceipt(headers)
    if (receipt) {
      if (isRefusal(receipt)) return answer(replyOf(receipt))
      return settle(gateway.receipt(receipt), answer, accepted(terms.answer))
    }
    const content = readContent(headers, request.body, {
      accept: terms.accept,
      dialect: terms.dialect,
      mostOctets: profile.safety.bodyBytes,
    })
    if (isRefusal(content)) return answer(replyOf(content))
    switch (content.kind) {
      case 'composing':
        return answer(ok)
      case 'notifications':
        return notified(peer, content.notifications, answer)
      case 'ims':
        if (ims) return ims.take(peer, request, answer)
        return answer(replyOf(refusal(415, 'application/vnd.3gpp.sms is not taken here', ['Accept', terms.accept.join(', ')])))
      case 'text': {
        const said = terms.receipts === 'text' && gateway.bind.side === 'supplier' ? textReceipt(headers, content.text) : undefined
        if (said) return settle(gateway.receipt(said), answer, accepted(terms.answer))
        return submit(peer, request, content, answer)
      }
      case 'octets':
        return submit(peer, request, content, answer)
    }
    content satisfies never
  }

  function notified({ gateway }: Peer, notifications: readonly Notification[], answer: Answer): void {
    const receipts = notifications.map(receiptOf).filter((each) => each !== undefined)
    if (receipts.length === 0) return answer(ok)
    settle(Promise.all(receipts.map((each) => gateway.receipt(each))), answer, ok)
  }

  function submit(peer: Peer, request: Incoming, content: Said, answer: Answer): void {
    const { gateway, terms, name } = peer
    const read = readSubmission(peer, request, content)
    if (isRefusal(read)) return answer(replyOf(read))
    const { submission, place } = read
    const key = requestKey(name, request)
    let accept: () => Promise<MessageId>
    let windowMs = terms.repeatsWithinSeconds * 1000
    if (place) {
      const part: InboundPart = { ...place, submission }
      windowMs = Math.max(windowMs, partKeptMs)
      accept = () => gateway.part(part).then(noId)
    } else {
      submission.idempotencyKey = `sip ${key}`
      accept = () => gateway.accept(submission)
    }
    // Of a part only the request itself is known again: texts of parts may well be alike.
    const text = windowMs === 0 ? '' : place ? key : textKey(name, request)
    repeats.once(key, text, windowMs, accept).then(
      (id) => answer(id === '' ? accepted(terms.answer) : { status: terms.answer, headers: [names.messageId, id] }),
      (error: unknown) => refused(peer, error, answer),
    )
  }

  function readSubmission(peer: Peer, request: Incoming, content: Said): { submission: Submission; place?: Place } | Refusal {
    const { terms, gateway } = peer
    const { headers } = request
    const destination = destinationOf(request.uri, peer, directory)
    if (isRefusal(destination)) return destination
    const { to, via } = destination
    const sender = readFrom(headers)
    const from = senderOf(headers, peer, to, directory, sender)
    if (isRefusal(from)) return from
    const fields = readFields(headers, terms.dialect, clock.now())
    if (isRefusal(fields)) return fields
    const body = bodyOf(content, fields, terms.defaultCoding)
    if (isRefusal(body)) return body
    const submission: Submission = { from, to, body: body.body, priority: 1, receipt: 'none' }
    applyFields(submission, fields)
    if (via !== undefined && gateway.bind.side === 'client') submission.via = via
    const passed = readPassed(headers, terms.passHeaders)
    if (passed) submission.extras = submission.extras ? Object.assign(passed, submission.extras) : passed
    if (content.kind === 'text' && content.type !== 'text/plain') (submission.extras ??= {})['sip.content-type'] = content.type
    note(submission, peer, request, content, fields, sender)
    return body.place ? { submission, place: body.place } : { submission }
  }

  return (peer, request, answer) => {
    try {
      take(peer, request, answer)
    } catch (error) {
      refused(peer, error, answer)
    }
  }
}

type Said = Extract<Content, { kind: 'text' | 'octets' }>
type Place = Pick<InboundPart, 'reference' | 'total' | 'index'>

const ok: Reply = { status: 200 }
const accepted = (status: 200 | 202): Reply => ({ status })
const noId = (): MessageId => ''

/** Answers when it is durable. */
function settle(durable: Promise<unknown>, answer: Answer, reply: Reply): void {
  durable.then(
    () => answer(reply),
    (error: unknown) => answer(replyOf(refusalOf(error))),
  )
}

function refused({ gateway, name }: Peer, error: unknown, answer: Answer): void {
  const why = refusalOf(error)
  if (why.status === 500) gateway.log.error({ err: error, peer: name }, 'a MESSAGE was not taken')
  else gateway.log.debug({ status: why.status, why: why.why, peer: name }, 'a MESSAGE was refused')
  answer(replyOf(why))
}

/** What reports need, and which are wanted. */
function note(submission: Submission, { terms }: Peer, request: Incoming, content: Said, fields: Fields, sender: From): void {
  const { headers, callId, uri } = request
  const notes: Notes = { callId, from: plainUri(sender.text), to: plainUri(uri) }
  if (content.cpim) {
    noteCpim(notes, content.cpim)
    const asked = notes.imdn === undefined ? undefined : cpimWish(content.cpim.imdn!.dispositionNotification!)
    if (asked && fields.receipt === undefined) {
      submission.receipt = asked.receipt
      if (asked.progress) submission.progress = true
    }
  } else if (terms.receipts === 'imdn' && /\blinphone/i.test(headers.get('user-agent') ?? '')) {
    notes.bare = true
    // It cannot ask, and shows what it is told.
    if (fields.receipt === undefined) submission.receipt = 'both'
  }
  if (terms.receipts === 'none') {
    submission.receipt = 'none'
    delete submission.progress
  }
  submission.report = writeNotes(notes)
}

/** Without parameters that were for the way here. */
function plainUri(text: string): string {
  if (!text.includes(';') && !text.includes('?')) return text
  const uri = readUri(text)
  if (!uri) return ''
  const params = uri.params.get('user') === 'phone' ? phone : none
  return writeUri(
    uri.user === undefined
      ? { scheme: uri.scheme, host: uri.host, params }
      : { scheme: uri.scheme, user: uri.user, host: uri.host, params },
  )
}

const none: ReadonlyMap<string, string> = new Map()
const phone: ReadonlyMap<string, string> = new Map([['user', 'phone']])

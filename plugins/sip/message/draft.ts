// A message of ours as a MESSAGE, in the dialect of its peer: what its body is written as, and the
// headers that say the rest. Pure.
import { encodeUcs2, Failure, type Message, septetLength } from '../../../src/plugin.ts'
import { writeCpim } from './cpim.ts'
import { cleaned, type Coding, forwardsAfter, writeFields, writePassed } from './headers.ts'
import { readNotes } from './notes.ts'
import type { Draft, Way } from './way.ts'

interface Written {
  type: string
  body: Buffer
  coding: Coding
}

const plainText = 'text/plain;charset=UTF-8'
const octetStream = 'application/octet-stream'
const markups: ReadonlySet<string> = new Set(['text/html', 'text/vnd.wap.wml'])

/** Throws a permanent Failure when it cannot be said by MESSAGE. */
export function draftOf(message: Message, way: Way): Draft {
  const { peer, asksReceipts } = way
  const { terms } = peer
  const { id, body, extras } = message
  const written = writtenBody(message, way)
  const uri = way.toUri(message.to)
  const from = way.fromUri(message.from)
  const asksImdn = asksReceipts && terms.receipts === 'imdn'
  const headers: string[] = []
  if (asksImdn) headers.push('Content-Type', 'message/cpim')
  else headers.push('Content-Type', written.type)
  headers.push('Date', new Date(message.acceptedAt).toUTCString())
  if (message.priority !== 1) headers.push('Priority', priorities[message.priority])
  writeFields(headers, {
    coding: written.coding,
    udh: body.kind === 'binary' ? body.udh : undefined,
    messageClass: body.kind === 'mms' ? undefined : body.messageClass,
    receipt: asksReceipts && !asksImdn ? 'both' : 'none',
    progress: message.progress,
    validUntil: message.validUntil,
    smsc: arrivalName(message, way),
    acceptedAt: message.acceptedAt,
    id,
    hops: message.hops,
  })
  if (extras) writePassed(headers, extras, terms.passHeaders)
  const draft: Draft = {
    uri,
    from: `<${from}>`,
    to: `<${uri}>`,
    headers,
    body: asksImdn ? wrapped(message, written, from, uri) : written.body,
    callId: id,
  }
  const maxForwards = forwardsAfter(message)
  if (maxForwards !== undefined) draft.maxForwards = maxForwards
  return draft
}

/** RFC 3261 §20.26 */
const priorities = ['non-urgent', 'normal', 'urgent', 'emergency'] as const

function writtenBody(message: Message, { peer }: Way): Written {
  const { body, extras } = message
  if (body.kind === 'mms') throw new Failure('permanent', 'invalid-body', 'a MESSAGE carries no MMS')
  if (body.kind === 'binary') return { type: octetStream, body: octetsOf(body.data), coding: 1 }
  const { text } = body
  const coding = body.ucs2 || septetLength(text) < 0 ? 2 : 0
  if (peer.terms.dialect === 'opensips-hex') {
    if (coding === 0) return { type: 'text/plain', body: Buffer.from(text), coding }
    const hex = octetsOf(encodeUcs2(text)).toString('hex').toUpperCase()
    return { type: 'text/plain; charset=UTF-16', body: Buffer.from(hex, 'latin1'), coding }
  }
  const markup = extras?.['sip.content-type']
  // Phones that take markup are rare, trunks that passed it on want it back as it was.
  const type = markup !== undefined && peer.kind === 'trunk' && markups.has(markup) ? `${markup};charset=UTF-8` : plainText
  return { type, body: Buffer.from(text), coding }
}

function octetsOf(data: Uint8Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.length)
}

/** The bind by which it came: told to its own account alone, and not of what came by SIP. */
function arrivalName(message: Message, { peer }: Way): string | undefined {
  const { arrival } = message
  const slash = arrival.indexOf('/')
  if (!arrival.startsWith(peer.gateway.bind.account) || slash !== peer.gateway.bind.account.length) return undefined
  return readNotes(message) ? undefined : cleaned(arrival.slice(slash + 1))
}

function wrapped({ id, acceptedAt }: Message, { type, body }: Written, from: string, to: string): Buffer {
  return writeCpim({
    from: { uri: from },
    to: { uri: to },
    at: acceptedAt,
    messageId: id,
    dispositionNotification: ['positive-delivery', 'negative-delivery'],
    contentType: type,
    body,
  })
}

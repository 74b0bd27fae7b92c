// A report to whoever sent the message, as its terms want it: a disposition notification, a MESSAGE
// that X-SMS-Receipt marks, or SMPP-style text. All name the message by In-Reply-To, its Call-ID as
// it came, and by the id that its sender was answered. Pure.
import type { FailureCode, Message, Report } from '../../../src/plugin.ts'
import { dateTimeOf, writeCpim } from './cpim.ts'
import { cleaned, names } from './headers.ts'
import { type NotificationStatus, type NotificationType, writeImdn } from './imdn.ts'
import { type Notes, readNotes } from './notes.ts'
import { errorOf, receiptStateOf, writeReceiptText } from './receipt-text.ts'
import type { Draft, Way } from './way.ts'

/** Undefined: there is nothing to say to this peer. */
export function reportDraft(message: Message, report: Report, way: Way): Draft | undefined {
  const { receipts } = way.peer.terms
  if (receipts === 'none') return undefined
  const notes = readNotes(message)
  const to = notes && notes.from !== '' ? notes.from : way.toUri(message.from)
  const from = notes && notes.to !== '' ? notes.to : way.fromUri(message.to)
  const headers: string[] = []
  let body: Buffer
  if (receipts === 'imdn' || notes?.imdn !== undefined) {
    const said = notificationOf(report, notes)
    if (!said) return undefined
    body = notification(message, notes, said, from, to, headers)
  } else {
    headers.push('Content-Type', 'text/plain;charset=UTF-8')
    body = Buffer.from(writeReceiptText(message, report))
  }
  if (notes) headers.push('In-Reply-To', cleaned(notes.callId))
  if (receipts !== 'text') headers.push(names.receipt, markOf(report))
  headers.push(names.messageId, message.id)
  // Kept over its attempts, and no name that a receipt could have: a notification of a notification is nobody's.
  return { uri: to, from: `<${from}>`, to: `<${to}>`, headers, body, callId: `r-${message.id}-${report.state}` }
}

/** `delivered;err=000;done=2026-11-21T14:05:09Z` */
function markOf(report: Report): string {
  return `${receiptStateOf(report)};err=${errorOf(report).replaceAll(/[;,\s]/g, '')};done=${dateTimeOf(report.doneAt ?? report.at)}`
}

interface Said {
  type: NotificationType
  status: NotificationStatus
}

/** What is refused for whom it is from or for, and not for what it is. */
const denied: ReadonlySet<FailureCode> = new Set(['blocked', 'filtered', 'not-permitted', 'opted-out'])

function notificationOf(report: Report, notes: Notes | undefined): Said | undefined {
  switch (receiptStateOf(report)) {
    case 'delivered':
      return { type: 'delivery', status: 'delivered' }
    case 'unknown':
      return { type: 'delivery', status: 'error' }
    case 'enroute':
      return { type: 'processing', status: 'processed' }
    default: {
      const isDenied = report.failure !== undefined && denied.has(report.failure.code)
      // Linphone passes over `forbidden`.
      return { type: 'delivery', status: isDenied && notes?.bare === undefined ? 'forbidden' : 'failed' }
    }
  }
}

/** RFC 5438 §7.2.1: a MESSAGE of its own, in CPIM; bare for whom the request was. */
function notification(message: Message, notes: Notes | undefined, said: Said, from: string, to: string, headers: string[]): Buffer {
  const xml = writeImdn({
    messageId: notes?.imdn ?? notes?.callId ?? message.id,
    dateTime: notes?.dateTime ?? message.acceptedAt,
    type: said.type,
    status: said.status,
    recipientUri: from,
    ...(notes?.originalTo === undefined ? {} : { originalRecipientUri: notes.originalTo }),
  })
  if (notes?.bare) {
    headers.push('Content-Type', 'message/imdn+xml', 'Content-Disposition', 'notification')
    return xml
  }
  headers.push('Content-Type', 'message/cpim')
  return writeCpim({
    from: { uri: from },
    to: { uri: to },
    at: message.acceptedAt,
    messageId: `n-${message.id}-${said.status}`,
    ...(notes?.route === undefined ? {} : { route: notes.route.split('\n') }),
    contentType: 'message/imdn+xml',
    notification: true,
    body: xml,
  })
}

// What a message that came by SIP keeps for its reports: in `Message.report`, which only the connector
// of its origin reads.
import type { Message } from '../../../src/plugin.ts'
import type { Cpim } from './cpim.ts'

export interface Notes {
  callId: string
  /** The sender's URI as it stood in From: where reports go. */
  from: string
  /** What it was sent to: where reports come from. */
  to: string
  /** The sender's imdn.Message-ID, where it asked for notifications. */
  imdn?: string
  /** When the sender sent it, as CPIM has it. */
  dateTime?: string
  originalTo?: string
  /** IMDN-Record-Route, a line each. */
  route?: string
  /** The client shows notifications that are not wrapped (Linphone), and has no word for `forbidden`. */
  bare?: true
}

const prefix = 'sip.'
const longest = 512
const cut = (value: string): string => (value.length > longest ? value.slice(0, longest) : value)
const optional = ['imdn', 'dateTime', 'originalTo', 'route'] as const

export function writeNotes(notes: Notes): Record<string, string> {
  const written: Record<string, string> = {
    'sip.callId': cut(notes.callId),
    'sip.from': cut(notes.from),
    'sip.to': cut(notes.to),
  }
  for (const name of optional) {
    const value = notes[name]
    if (value !== undefined) written[prefix + name] = cut(value)
  }
  if (notes.bare) written['sip.bare'] = '1'
  return written
}

export function cameBySip(report: Readonly<Record<string, string>>): boolean {
  return report['sip.callId'] !== undefined
}

/** Undefined: it did not come by SIP. */
export function readNotes({ report }: Pick<Message, 'report'>): Notes | undefined {
  const callId = report?.[`${prefix}callId`]
  if (!report || callId === undefined) return undefined
  const notes: Notes = { callId, from: report[`${prefix}from`] ?? '', to: report[`${prefix}to`] ?? '' }
  for (const name of optional) {
    const value = report[prefix + name]
    if (value !== undefined) notes[name] = value
  }
  if (report[`${prefix}bare`] !== undefined) notes.bare = true
  return notes
}

/** What of a wrapper matters to its notification. Asked without a Message-ID: there is nothing to call it by. */
export function noteCpim(notes: Notes, { imdn, dateTime }: Cpim): void {
  if (imdn?.messageId === undefined || (imdn.dispositionNotification?.length ?? 0) === 0) return
  notes.imdn = imdn.messageId
  if (dateTime !== undefined) notes.dateTime = dateTime
  if (imdn.originalTo !== undefined) notes.originalTo = imdn.originalTo
  if (imdn.recordRoute.length > 0) notes.route = imdn.recordRoute.join('\n')
}

// Disposition notifications (message/imdn+xml, RFC 5438 §11) read and written. Reading knows no
// document type and no entities but XML's own five, whatever prefix a client uses, and is capped.
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { dateTimeOf } from './cpim.ts'
import { boundaryOf, mediaTypeOf } from './media-type.ts'

export type NotificationType = 'delivery' | 'display' | 'processing'
export type NotificationStatus = 'delivered' | 'displayed' | 'failed' | 'processed' | 'stored' | 'forbidden' | 'error'

export interface Notification {
  /** Of the message that it is about. */
  messageId: string
  /** When that was sent, as its sender wrote it. */
  dateTime?: string
  recipientUri?: string
  originalRecipientUri?: string
  /** Absent: the document says nothing of the message. */
  type?: NotificationType
  status?: NotificationStatus
}

export type ReadNotifications = { ok: true; notifications: readonly Notification[] } | { ok: false; why: string }

/** Of the XML; that of CPIM's header is another. */
const xmlNamespace = 'urn:ietf:params:xml:ns:imdn'
/** Octets of one document, and documents in one aggregate. */
const [mostOctets, mostParts] = [65_536, 16]
const types: readonly NotificationType[] = ['delivery', 'display', 'processing']
const statuses: ReadonlySet<string> = new Set<NotificationStatus>([
  'delivered',
  'displayed',
  'failed',
  'processed',
  'stored',
  'forbidden',
  'error',
])

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: true,
})

/** Of message/imdn+xml, or of multipart/mixed with several (RFC 5438 §8.3). */
export function readNotifications(contentType: string, body: Buffer): ReadNotifications {
  if (body.length > mostOctets) return bad(`it has more than ${mostOctets} octets`)
  if (mediaTypeOf(contentType) !== 'multipart/mixed') return readImdn(body.toString('utf8'))
  const boundary = boundaryOf(contentType)
  if (boundary === undefined) return bad('the multipart has no boundary')
  const notifications: Notification[] = []
  // The last delimiter may lack its dashes, as RFC 5438 prints it: what is behind it is empty.
  for (const part of `\r\n${body.toString('utf8')}`.split(`\r\n--${boundary}`).slice(1, mostParts + 1)) {
    if (part.startsWith('--') || part.trim() === '') break
    const blank = part.indexOf('\r\n\r\n')
    if (blank < 0) return bad('a part of the multipart has no content')
    const read = readImdn(part.slice(blank + 4))
    if (!read.ok) return read
    notifications.push(...read.notifications)
  }
  return { ok: true, notifications }
}

function bad(why: string): { ok: false; why: string } {
  return { ok: false, why: `message/imdn+xml: ${why}` }
}

/** As fast-xml-parser gives elements in order: one key is the name, `:@` are the attributes. */
type Node = Record<string, unknown>

function readImdn(xml: string): ReadNotifications {
  if (/<!(?!--)/.test(xml)) return bad('a document type or a section is in it')
  const checked = XMLValidator.validate(xml)
  if (checked !== true) return bad(checked.err.msg)
  let nodes: Node[]
  try {
    nodes = parser.parse(xml) as Node[]
  } catch (error) {
    return bad(error instanceof Error ? error.message : 'it is no XML')
  }
  const root = elements(nodes, noSpaces).find(({ name }) => name === 'imdn')
  if (!root) return bad(`it has no imdn of the namespace ${xmlNamespace}`)
  const notification: Notification = { messageId: '' }
  for (const { name, children, spaces } of elements(root.children, root.spaces)) {
    if (name === 'message-id') notification.messageId = textOf(children)
    else if (name === 'datetime') notification.dateTime = textOf(children)
    else if (name === 'recipient-uri') notification.recipientUri = textOf(children)
    else if (name === 'original-recipient-uri') notification.originalRecipientUri = textOf(children)
    else {
      const type = types.find((each) => name === `${each}-notification`)
      if (type) readStatus(notification, type, children, spaces)
    }
  }
  if (notification.messageId === '') return bad('it has no message-id')
  return { ok: true, notifications: [notification] }
}

function readStatus(notification: Notification, type: NotificationType, children: Node[], spaces: Spaces): void {
  const status = elements(children, spaces).find(({ name }) => name === 'status')
  const said = status && elements(status.children, status.spaces).find(({ name }) => statuses.has(name))
  notification.type = type
  if (said) notification.status = said.name as NotificationStatus
}

type Spaces = ReadonlyMap<string, string>
const noSpaces: Spaces = new Map()

/** Those of the IMDN namespace, by their local names; others (extensions) are passed over. */
function elements(nodes: readonly Node[], outer: Spaces): { name: string; children: Node[]; spaces: Spaces }[] {
  const found: { name: string; children: Node[]; spaces: Spaces }[] = []
  for (const node of nodes) {
    const tag = Object.keys(node).find((key) => key !== ':@')
    if (tag === undefined || tag.startsWith('?') || tag === '#text') continue
    const spaces = declared((node[':@'] ?? {}) as Record<string, unknown>, outer)
    const colon = tag.indexOf(':')
    if (spaces.get(colon < 0 ? '' : tag.slice(0, colon)) !== xmlNamespace) continue
    found.push({ name: tag.slice(colon + 1), children: node[tag] as Node[], spaces })
  }
  return found
}

function declared(attributes: Record<string, unknown>, outer: Spaces): Spaces {
  let spaces: Map<string, string> | undefined
  for (const [name, value] of Object.entries(attributes)) {
    if (name !== 'xmlns' && !name.startsWith('xmlns:')) continue
    spaces ??= new Map(outer)
    spaces.set(name.slice(6), String(value))
  }
  return spaces ?? outer
}

/** An xsd:token: trimmed. */
function textOf(nodes: readonly Node[]): string {
  return nodes
    .map((node) => (typeof node['#text'] === 'string' ? node['#text'] : ''))
    .join('')
    .trim()
}

export interface ImdnToWrite {
  messageId: string
  /** Of the message: as its sender wrote it, or epoch ms. */
  dateTime: string | number
  type: NotificationType
  status: NotificationStatus
  recipientUri?: string
  originalRecipientUri?: string
}

export function writeImdn(imdn: ImdnToWrite): Buffer {
  const at = typeof imdn.dateTime === 'number' ? dateTimeOf(imdn.dateTime) : imdn.dateTime
  let xml = `<?xml version="1.0" encoding="UTF-8"?>\r\n<imdn xmlns="${xmlNamespace}">`
  xml += element('message-id', imdn.messageId) + element('datetime', at)
  if (imdn.recipientUri !== undefined) xml += element('recipient-uri', imdn.recipientUri)
  if (imdn.originalRecipientUri !== undefined) xml += element('original-recipient-uri', imdn.originalRecipientUri)
  xml += `<${imdn.type}-notification><status><${imdn.status}/></status></${imdn.type}-notification></imdn>`
  return Buffer.from(xml)
}

function element(name: string, text: string): string {
  return `<${name}>${text.replaceAll(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd]/g, '').replaceAll(/[&<>]/g, (c) => entities[c]!)}</${name}>`
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

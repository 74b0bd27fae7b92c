// message/cpim (RFC 3862) read and written, with what IMDN (RFC 5438) puts into it. Whatever comes is
// read or refused with a reason, never thrown at. Routing never follows what stands in here: the SIP
// headers around it are what counts.
import { notDecoded, transferDecoded } from './multipart.ts'

/** RFC 5438 §6.1: of the headers. The XML namespace of notifications is another (imdn.ts). */
const imdnNamespace = 'urn:ietf:params:imdn'

export interface CpimAddress {
  name?: string
  uri: string
}

/** RFC 5438 §6: what is asked for, or what a notification is called. */
export interface ImdnHeaders {
  messageId?: string
  /** Without parameters, in the sender's order, unknown ones too. Absent: not said. */
  dispositionNotification?: readonly string[]
  originalTo?: string
  /** In the order of the wire. */
  recordRoute: readonly string[]
}

export interface Cpim {
  from: CpimAddress
  to: readonly CpimAddress[]
  cc: readonly CpimAddress[]
  /** RFC 3339, as written. */
  dateTime?: string
  subjects: readonly { text: string; lang?: string }[]
  /** Prefix → URI; '' is the default namespace. */
  ns: ReadonlyMap<string, string>
  /** Headers that whoever does not understand them must refuse. */
  require: readonly string[]
  imdn?: ImdnHeaders
  contentType: string
  /** MIME headers of the content, names in lower case. */
  contentHeaders: ReadonlyMap<string, string>
  /** Without its transfer encoding. */
  body: Buffer
}

export type ReadCpim = { ok: true; cpim: Cpim } | { ok: false; why: string }

/** Octets of either header block, and lines in it. */
const [mostOctets, mostLines] = [8192, 64]
const blankLine = '\r\n\r\n'
/** RFC 3862 §3.1: name, parameters, value; the single space is forgiven. */
const headerLine = /^([!#-'*+\-.\w^`|~]+):(;[^ ]*)? ?(.*)$/s

export function readCpim(octets: Buffer): ReadCpim {
  const end = octets.indexOf(blankLine)
  if (end < 0 || end > mostOctets) return bad('its message headers end with no blank line')
  const next = octets.indexOf(blankLine, end + blankLine.length)
  if (next < 0 || next - end > mostOctets) return bad('its content has no headers that end with a blank line')
  const contentHeaders = mimeHeaders(octets.toString('utf8', end + blankLine.length, next))
  const contentType = contentHeaders?.get('content-type')
  if (!contentHeaders || contentType === undefined) return bad('its content has no Content-Type')
  const read = messageHeaders(octets.toString('utf8', 0, end))
  if (typeof read === 'string') return bad(read)
  const { from, to, ...rest } = read
  if (!from || to.length === 0) return bad(`it has no ${from ? 'To' : 'From'}`)
  const encoding = contentHeaders.get('content-transfer-encoding')
  const body = transferDecoded(encoding, octets.subarray(next + blankLine.length))
  if (!body) return bad(`its content: ${notDecoded(encoding)}`)
  return { ok: true, cpim: { from, to, ...rest, contentType, contentHeaders, body } }
}

function bad(why: string): ReadCpim {
  return { ok: false, why: `message/cpim: ${why}` }
}

/** RFC 3862 §2.2: names and values are case-sensitive; an unknown header is passed over. */
function messageHeaders(block: string): (Omit<Cpim, 'from' | 'contentType' | 'contentHeaders' | 'body'> & { from?: CpimAddress }) | string {
  const to: CpimAddress[] = []
  const cc: CpimAddress[] = []
  const subjects: { text: string; lang?: string }[] = []
  const ns = new Map<string, string>()
  const require: string[] = []
  let from: CpimAddress | undefined
  let dateTime: string | undefined
  let imdn: (ImdnHeaders & { recordRoute: string[] }) | undefined
  const lines = block.split('\r\n')
  if (lines.length > mostLines) return `it has more than ${mostLines} headers`
  for (const line of lines) {
    const found = headerLine.exec(line)
    if (!found) return 'a line among its headers is no header'
    const [, name = '', params = '', value = ''] = found
    switch (name) {
      case 'From':
        from ??= addressOf(value)
        break
      case 'To':
        to.push(addressOf(value))
        break
      case 'cc':
        cc.push(addressOf(value))
        break
      case 'DateTime':
        dateTime ??= value.trim()
        break
      case 'Subject': {
        const lang = /;lang=([^;]+)/.exec(params)?.[1]
        subjects.push(lang === undefined ? { text: unescaped(value) } : { text: unescaped(value), lang })
        break
      }
      case 'NS': {
        const space = /^(?:([^\s<]+) *)?<([^<>]*)>\s*$/.exec(value)
        if (!space) return 'its NS header names no namespace'
        ns.set(space[1] ?? '', space[2]!)
        break
      }
      case 'Require':
        for (const each of value.split(',')) if (each.trim() !== '') require.push(each.trim())
        break
      default: {
        const dot = name.indexOf('.')
        if (ns.get(dot < 0 ? '' : name.slice(0, dot)) === imdnNamespace)
          readImdnHeader((imdn ??= { recordRoute: [] }), name.slice(dot + 1), value)
      }
    }
  }
  const read: ReturnType<typeof messageHeaders> = { to, cc, subjects, ns, require }
  if (from) read.from = from
  if (dateTime !== undefined) read.dateTime = dateTime
  if (imdn) read.imdn = imdn
  return read
}

function readImdnHeader(into: ImdnHeaders & { recordRoute: string[] }, name: string, value: string): void {
  if (name === 'Message-ID') into.messageId = value.trim()
  else if (name === 'Disposition-Notification') into.dispositionNotification = tokens(value)
  else if (name === 'IMDN-Record-Route') into.recordRoute.push(value.trim())
  else if (name === 'Original-To') into.originalTo = addressOf(value).uri
}

/** RFC 5438 §10: tokens with parameters between commas. */
function tokens(value: string): string[] {
  return value
    .split(',')
    .map((each) => each.split(';', 1)[0]!.trim())
    .filter((each) => each !== '')
}

/** `[name] <URI>`; a URI alone is forgiven. */
function addressOf(value: string): CpimAddress {
  const found = /^\s*(?:"((?:[^"\\]|\\.)*)"|([^<"]*?))\s*<([^<>]*)>/.exec(value)
  if (!found) return { uri: value.trim() }
  const name = unescaped(found[1] ?? found[2] ?? '')
  const uri = found[3]!
  return name === '' ? { uri } : { name, uri }
}

function mimeHeaders(block: string): Map<string, string> | undefined {
  const headers = new Map<string, string>()
  for (const line of block.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n', mostLines)) {
    const colon = line.indexOf(':')
    if (colon < 1) return undefined
    const name = line.slice(0, colon).trim().toLowerCase()
    if (!headers.has(name)) headers.set(name, line.slice(colon + 1).trim())
  }
  return headers
}

/** RFC 3862 §2.3.1; a backslash in front of anything else stands for nothing. */
function unescaped(value: string): string {
  if (!value.includes('\\')) return value
  return value.replaceAll(/\\(?:u([0-9A-Fa-f]{4})|(.))/gs, (_, hex: string | undefined, one: string | undefined) =>
    hex === undefined ? (controls[one!] ?? one!) : String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

const controls: Readonly<Record<string, string>> = Object.assign(Object.create(null) as object, { b: '\b', t: '\t', n: '\n', r: '\r' })

export interface CpimToWrite {
  from: CpimAddress
  to: CpimAddress
  /** Epoch ms. */
  at: number
  messageId: string
  /** Of a request; a notification has none. */
  dispositionNotification?: readonly string[]
  /** IMDN-Route: the other's record-route. */
  route?: readonly string[]
  contentType: string
  /** `Content-Disposition: notification`. */
  notification?: true
  body: Buffer
}

/** In the order in which Linphone writes and wants them. No value can bring a line end of its own. */
export function writeCpim(cpim: CpimToWrite): Buffer {
  let head = `From: ${written(cpim.from)}\r\nTo: ${written(cpim.to)}\r\nDateTime: ${dateTimeOf(cpim.at)}\r\n`
  head += `NS: imdn <${imdnNamespace}>\r\nimdn.Message-ID: ${escaped(cpim.messageId)}\r\n`
  const wishes = cpim.dispositionNotification
  if (wishes && wishes.length > 0) head += `imdn.Disposition-Notification: ${escaped(wishes.join(', '))}\r\n`
  for (const each of cpim.route ?? []) head += `imdn.IMDN-Route: ${escaped(each)}\r\n`
  head += `\r\nContent-Type: ${escaped(cpim.contentType)}\r\n`
  if (cpim.notification) head += 'Content-Disposition: notification\r\n'
  head += `Content-Length: ${cpim.body.length}\r\n\r\n`
  return Buffer.concat([Buffer.from(head), cpim.body])
}

/** RFC 3339 in UTC, whole seconds. */
export function dateTimeOf(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`
}

function written({ name, uri }: CpimAddress): string {
  const address = `<${uri.replaceAll(/[\p{Cc} <>]/gu, '')}>`
  return name === undefined ? address : `"${escaped(name).replaceAll('"', '\\"')}" ${address}`
}

/** RFC 3862 §2.3.1: controls and the backslash. */
function escaped(value: string): string {
  return value.replaceAll(/[\p{Cc}\\]/gu, (c) => (c === '\\' ? '\\\\' : `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`))
}

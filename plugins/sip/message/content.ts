// The body of a MESSAGE by its Content-Type: a text, octets, disposition notifications, somebody who
// types, or SMS over IMS. Packed bodies are unpacked up to a cap; message/cpim is opened once, and of a
// multipart the one part that can be a message is it, or its texts together.
import { gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'
import { splitList } from '../codec/list.ts'
import type { Headers } from '../codec/types.ts'
import type { Dialect } from '../profile/types.ts'
import { decodeText } from './charset.ts'
import { type Cpim, readCpim } from './cpim.ts'
import { type Notification, readNotifications } from './imdn.ts'
import { readMediaType } from './media-type.ts'
import { readMultipart } from './multipart.ts'
import { isRefusal, type Refusal, refusal } from './refusal.ts'

export type Content =
  | { kind: 'text'; text: string; octets: Buffer; type: string; cpim?: Cpim }
  | { kind: 'octets'; octets: Buffer; cpim?: Cpim }
  | { kind: 'notifications'; notifications: readonly Notification[] }
  /** application/im-iscomposing+xml: not for us, and no error. */
  | { kind: 'composing' }
  | { kind: 'ims' }

export interface ContentTerms {
  /** Content types taken, in lower case; those of notifications are always, a multipart is by its parts. */
  accept: readonly string[]
  dialect: Dialect
  /** Octets, inflated. */
  mostOctets: number
}

const imsType = 'application/vnd.3gpp.sms'
/** Markup is a text like any other: what a handset shows of it is the handset's. */
const textTypes: ReadonlySet<string> = new Set(['text/plain', 'text/html', 'text/vnd.wap.wml'])

export function readContent(headers: Headers, body: Buffer, terms: ContentTerms): Content | Refusal {
  const octets = headers.get('content-encoding') === undefined ? body : unpacked(headers, body, terms)
  if (!Buffer.isBuffer(octets)) return octets
  const contentType = headers.get('content-type')
  if (contentType === undefined && octets.length > 0) return refusal(400, 'a body without Content-Type')
  return contentType === undefined ? refusal(400, 'the MESSAGE has no body') : opened(contentType, octets, terms, true)
}

function opened(contentType: string, octets: Buffer, terms: ContentTerms, mayWrap: boolean): Content | Refusal {
  const { type, charset } = readMediaType(contentType)
  // Nobody pays for these, whatever the terms.
  if (type === 'application/im-iscomposing+xml') return { kind: 'composing' }
  if (type.startsWith('multipart/')) return ofParts(type, contentType, octets, terms, mayWrap)
  if (type === 'message/imdn+xml') {
    const read = readNotifications(contentType, octets)
    return read.ok ? { kind: 'notifications', notifications: read.notifications } : refusal(400, read.why)
  }
  if (!terms.accept.includes(type)) return unsupported(type, terms)
  if (textTypes.has(type)) return textOf(type, charset, octets, terms)
  if (type === 'application/octet-stream') return { kind: 'octets', octets }
  if (type === imsType) return mayWrap ? { kind: 'ims' } : unsupported(type, terms)
  if (type !== 'message/cpim' || !mayWrap) return unsupported(type, terms)
  const read = readCpim(octets)
  if (!read.ok) return refusal(400, read.why)
  const { cpim } = read
  if (cpim.require.length > 0) return refusal(488, `message/cpim: it requires ${cpim.require[0]!.slice(0, 60)}, which is not known here`)
  const inner = opened(cpim.contentType, cpim.body, terms, false)
  if ('kind' in inner && (inner.kind === 'text' || inner.kind === 'octets')) inner.cpim = cpim
  return inner
}

/** RFC 2046 §5.1.3, §5.1.4; RFC 5621 §3. Not in one another, and nothing in them but what can be read as it stands. */
function ofParts(type: string, contentType: string, octets: Buffer, terms: ContentTerms, mayWrap: boolean): Content | Refusal {
  const parts = readMultipart(contentType, octets)
  if (typeof parts === 'string') return refusal(400, parts)
  // RFC 5438 §8.3: several notifications, in CPIM.
  if (!mayWrap && parts.every((part) => readMediaType(part.contentType).type === 'message/imdn+xml')) {
    const read = readNotifications(contentType, octets)
    return read.ok ? { kind: 'notifications', notifications: read.notifications } : refusal(400, read.why)
  }
  let chosen: Content | undefined
  let refused: Refusal | undefined
  for (const part of parts) {
    const { type: inner } = readMediaType(part.contentType)
    const read = inner.startsWith('multipart/') ? unsupported(inner, terms) : opened(part.contentType, part.body, terms, false)
    if (isRefusal(read)) {
      if (!part.optional) refused ??= read
    } else if (type !== 'multipart/alternative') {
      const both: Content | undefined = chosen ? joined(type, chosen, read) : read
      if (!both) return refusal(415, `${type}: expected one part that is a message, there are several`, ['Accept', terms.accept.join(', ')])
      chosen = both
      // The last is the richest; a handset shows a plain text best.
    } else if (!(chosen?.kind === 'text' && chosen.type === 'text/plain')) chosen = read
  }
  if (chosen && (type === 'multipart/alternative' || !refused)) return chosen
  return refused ?? unsupported(type, terms)
}

/** RFC 2046 §5.1.3: parts of a mixed body are each a content of its own, in this order; plain texts can be said as one. */
function joined(type: string, one: Content, other: Content): Content | undefined {
  if (type !== 'multipart/mixed' || one.kind !== 'text' || other.kind !== 'text') return undefined
  if (one.type !== 'text/plain' || other.type !== 'text/plain') return undefined
  const octets = Buffer.concat([one.octets, Buffer.from('\n'), other.octets])
  return { kind: 'text', text: `${one.text}\n${other.text}`, octets, type: one.type }
}

function unsupported(type: string, { accept }: ContentTerms): Refusal {
  return refusal(415, `Content-Type ${type.slice(0, 60)} is not taken here`, ['Accept', accept.join(', ')])
}

function textOf(type: string, charset: string | undefined, octets: Buffer, { dialect }: ContentTerms): Content | Refusal {
  let coded = octets
  // OpenSIPS' proto_smpp writes the octets of UCS-2 as hexadecimal digits.
  if (dialect === 'opensips-hex' && charset === 'utf-16') {
    const digits = octets.toString('latin1').trim()
    if (!/^(?:[0-9a-f]{4})*$/i.test(digits)) return refusal(400, 'charset=UTF-16: expected hexadecimal digits, four a character')
    coded = Buffer.from(digits, 'hex')
  }
  const decoded = decodeText(coded, charset)
  if ('text' in decoded) return { kind: 'text', text: decoded.text, octets, type }
  if ('unknown' in decoded) return refusal(415, `charset ${charset!.slice(0, 40)} is not known`, ['Accept-Charset', 'utf-8'])
  return refusal(400, `the body is not valid ${charset ?? 'utf-8'}`)
}

function unpacked(headers: Headers, body: Buffer, { mostOctets }: ContentTerms): Buffer | Refusal {
  const codings = splitList(headers.all('content-encoding')).filter((each) => each.toLowerCase() !== 'identity')
  if (codings.length === 0) return body
  // One in another is nobody's text, and work for nothing.
  const ways = codings.length === 1 ? inflaters[codings[0]!.toLowerCase()] : undefined
  if (!ways) {
    const shown = codings.join(', ').slice(0, 40)
    return refusal(415, `Content-Encoding ${shown}: expected gzip, deflate or identity`, ['Accept-Encoding', 'gzip, deflate, identity'])
  }
  return inflate(body, ways, mostOctets) ?? refusal(400, `the ${codings[0]!} body is broken, or of more than ${mostOctets} octets`)
}

type Inflater = (body: Buffer, options: { maxOutputLength: number }) => Buffer
const gzip: readonly Inflater[] = [gunzipSync]
/** Deflate: of zlib's form, and without its head as some write it. No prototype: a coding may be called `constructor`. */
const inflaters: Readonly<Record<string, readonly Inflater[] | undefined>> = Object.assign(Object.create(null) as object, {
  deflate: [inflateSync, inflateRawSync],
  gzip,
  'x-gzip': gzip,
})

function inflate(body: Buffer, ways: readonly Inflater[], most: number): Buffer | undefined {
  for (const way of ways) {
    try {
      return way(body, { maxOutputLength: most })
    } catch {
      // The next form, or none.
    }
  }
  return undefined
}

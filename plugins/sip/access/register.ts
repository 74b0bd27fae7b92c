// What a REGISTER asks for (RFC 3261 §10.3, RFC 3327, RFC 5626), read whole before anything is done.
import { type HeaderLines, type NameAddr, readCSeq, readNameAddr, readUri, type SipUri, splitList } from '../codec/index.ts'
import type { Incoming, Reply } from '../engine/engine.ts'
import type { RegistrarSettings } from '../profile/types.ts'
import { refused } from './refusals.ts'

export interface Wanted {
  uri: string
  parsed: SipUri
  /** 0: to be removed. Within the bounds. */
  seconds: number
  q: number
  instance?: string
  /** RFC 5626: one of several flows of an instance. */
  regId?: number
}

export interface Registration {
  callId: string
  cseq: number
  path: readonly string[]
  userAgent: string
  /** all: everything is to be removed. Empty: it only asks. */
  contacts: readonly Wanted[] | 'all'
}

/** Octets of a Contact, of a Path, of an instance that are kept. */
const longestUri = 1024
const longestInstance = 256
const longestCallId = 256
const longestAgent = 80
const mostPaths = 10
/** A Contact whose q is absent: as good as any. */
const defaultQ = 1
/** Above an hour is never too brief (RFC 3261 §10.3). */
const neverTooBrief = 3600

export function readRegister(request: Incoming, settings: RegistrarSettings): Registration | Reply {
  const { headers, callId } = request
  const cseq = readCSeq(headers.get('cseq') ?? '')?.number
  if (cseq === undefined) return refused(400, 'CSeq: expected a number and REGISTER')
  if (callId.length > longestCallId) return refused(400, `Call-ID: expected at most ${longestCallId} characters`)
  const path = splitList(headers.all('path'))
  if (path.length > mostPaths || path.some((each) => each.length > longestUri || !readNameAddr(each)))
    return refused(400, `Path: expected at most ${mostPaths} URIs in brackets`)
  const contacts = readContacts(request, settings)
  if (typeof contacts === 'object' && 'status' in contacts) return contacts
  return { callId, cseq, path, userAgent: (headers.get('user-agent') ?? '').slice(0, longestAgent), contacts }
}

function readContacts({ headers }: Incoming, settings: RegistrarSettings): Registration['contacts'] | Reply {
  const fields = splitList(headers.all('contact'))
  const general = headers.get('expires')
  if (fields.includes('*')) {
    if (fields.length > 1) return refused(400, 'Contact: * stands alone')
    return general?.trim() === '0' ? 'all' : refused(400, 'Contact: * needs Expires: 0')
  }
  if (fields.length > settings.contactsPerAor) return tooManyContacts(settings)
  const contacts: Wanted[] = []
  for (const field of fields) {
    const read = readContact(field, general, settings)
    if ('status' in read) return read
    contacts.push(read)
  }
  return contacts
}

export function tooManyContacts({ contactsPerAor }: RegistrarSettings): Reply {
  return refused(403, `Contact: at most ${contactsPerAor} of one user`)
}

function readContact(field: string, general: string | undefined, settings: RegistrarSettings): Wanted | Reply {
  const read = readNameAddr(field)
  const parsed = read && readUri(read.uri)
  if (!read || !parsed || parsed.scheme === 'tel') return refused(400, 'Contact: expected a sip or sips URI')
  if (read.uri.length > longestUri) return refused(400, `Contact: expected at most ${longestUri} characters`)
  const q = readQ(read.params.get('q'))
  if (q === undefined) return refused(400, 'Contact: q is from 0 to 1')
  const seconds = readSeconds(read.params.get('expires') ?? general, settings)
  if (seconds > 0 && seconds < settings.minExpiresSeconds && seconds < neverTooBrief)
    return { status: 423, headers: ['Min-Expires', String(settings.minExpiresSeconds)] satisfies HeaderLines }
  const wanted: Wanted = { uri: read.uri, parsed, seconds: Math.min(seconds, settings.maxExpiresSeconds), q }
  return withInstance(wanted, read)
}

function withInstance(wanted: Wanted, { params }: NameAddr): Wanted | Reply {
  const instance = params.get('+sip.instance')
  if (instance === undefined || instance === '') return wanted
  if (instance.length > longestInstance) return refused(400, `+sip.instance: expected at most ${longestInstance} characters`)
  wanted.instance = instance
  const regId = params.get('reg-id')
  if (regId === undefined) return wanted
  // RFC 5626 §4.2: from 1 to 2³¹ - 1.
  if (!/^[1-9]\d{0,9}$/.test(regId) || Number(regId) > 0x7fff_ffff) return refused(400, 'reg-id: expected a number from 1')
  wanted.regId = Number(regId)
  return wanted
}

/** What cannot be read counts as the default (RFC 3261 §10.2.1.1). */
function readSeconds(text: string | undefined, settings: RegistrarSettings): number {
  if (text === undefined || !/^\d{1,20}$/.test(text.trim())) return settings.defaultExpiresSeconds
  return Number(text)
}

/** RFC 3261 §25.1 qvalue: `0.7`, at most three digits behind the point. */
function readQ(text: string | undefined): number | undefined {
  if (text === undefined) return defaultQ
  return /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(text) ? Number(text) : undefined
}

// The arithmetic of digest authentication (RFC 7616 §3.4, RFC 8760), the same for whoever asks and
// whoever answers: an algorithm's name to its hash, and what a response must be.
import { hash as hashOf } from 'node:crypto'

export interface Scheme {
  /** Node's name of it. */
  hash: 'md5' | 'sha256' | 'sha512-256'
  /** As it is written, without -sess. */
  name: 'MD5' | 'SHA-256' | 'SHA-512-256'
  /** HA1 is of the session: it holds the nonce and the cnonce. */
  sess: boolean
}

const schemes: Readonly<Record<string, Scheme>> = Object.fromEntries(
  (
    [
      ['md5', 'MD5'],
      ['sha256', 'SHA-256'],
      ['sha512-256', 'SHA-512-256'],
    ] as const
  ).flatMap(([hash, name]) => [
    [name.toLowerCase(), { hash, name, sess: false }],
    [`${name.toLowerCase()}-sess`, { hash, name, sess: true }],
  ]),
)

/** Undefined: none that is known. Names are compared in any case; absent it is MD5 (RFC 7616 §3.3). */
export function readScheme(algorithm: string | undefined): Scheme | undefined {
  if (algorithm === undefined) return schemes['md5']
  const name = algorithm.toLowerCase()
  return Object.hasOwn(schemes, name) ? schemes[name] : undefined
}

/** Clients that do not know `charset` hash names and passwords as ISO 8859-1. */
export type Encoding = 'utf8' | 'latin1'

/** H(username:realm:password), which is what may be kept instead of a password. */
export function secretHash({ hash }: Scheme, username: string, realm: string, password: string, encoding: Encoding = 'utf8'): string {
  const text = `${username}:${realm}:${password}`
  return hashOf(hash, encoding === 'utf8' ? text : Buffer.from(text, 'latin1'))
}

/** RFC 7616 §3.4.4: who may not be named is named by this. */
export function userHash({ hash }: Scheme, username: string, realm: string): string {
  return hashOf(hash, `${username}:${realm}`)
}

export interface Signed {
  method: string
  /** The digest-uri, as its client wrote it. */
  uri: string
  nonce: string
  /** Absent: as in RFC 2069, without nc and cnonce. */
  qop?: 'auth' | 'auth-int'
  /** As written: its case counts. */
  nc?: string
  cnonce?: string
  /** Wanted by auth-int: the octets, whatever they are. */
  body: Uint8Array
}

/** What the client of this secret hash must say, in lower case. */
export function digestResponse({ hash, sess }: Scheme, secret: string, signed: Signed): string {
  const { method, uri, nonce, qop, nc = '', cnonce = '', body } = signed
  const a1 = sess ? hashOf(hash, `${secret}:${nonce}:${cnonce}`) : secret
  const a2 = hashOf(hash, qop === 'auth-int' ? `${method}:${uri}:${hashOf(hash, body)}` : `${method}:${uri}`)
  return hashOf(hash, qop === undefined ? `${a1}:${nonce}:${a2}` : `${a1}:${nonce}:${nc}:${cnonce}:${qop}:${a2}`)
}

// Who knows the password: digest authentication as the server does it (RFC 7616, RFC 8760, RFC 3261
// §22). One kind of nonce for REGISTER and MESSAGE, for 401 and 407, and credentials are taken from
// either header: phones carry what they learned by one over to the other. Whoever is unknown costs
// the same work and gets the same answer as whoever is mistaken.
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../../src/plugin.ts'
import { type HeaderLines, type Headers, quoted } from '../codec/index.ts'
import type { Auth } from '../profile/types.ts'
import { readAuth } from './auth-header.ts'
import { digestResponse, type Encoding, readScheme, type Scheme, secretHash, type Signed } from './digest-hash.ts'
import { createNonces } from './nonces.ts'

export interface Asked {
  method: string
  headers: Headers
  body: Uint8Array
  /** Whom it came from. */
  address: string
  /** The domain, in lower case. */
  realm: string
  /** Names that credentials may bear, in lower case; the first is the user's own. */
  names: readonly string[]
  /** Undefined: there is no such user, which nobody shall notice. */
  password: string | undefined
}

/**
 * none: no credentials of this realm, or such as are not taken. stale: of another nonce than a live
 * one of ours. wrong: a live nonce of ours and not the right response: somebody guesses. bad: cannot
 * be read. right: whoever sent this knows the password; `uri` is what it was told to be for.
 */
export type Verdict = { kind: 'none' | 'stale' | 'wrong' } | { kind: 'bad'; why: string } | { kind: 'right'; uri: string }

export interface Digest {
  check(asked: Asked): Verdict
  /** Of a 401 (`registrar`) or 407 (`proxy`): the challenge, one algorithm in it (two confuse libre 1.1). */
  challenge(by: 'registrar' | 'proxy', realm: string, address: string, stale: boolean): HeaderLines
}

const credentialHeaders = ['authorization', 'proxy-authorization'] as const
/** A response of MD5 has 32 digits, of SHA-256 64. */
const responseDigits = { md5: 32, sha256: 64, 'sha512-256': 64 } as const

type Credentials = ReadonlyMap<string, string>

export function createDigest({ auth, clock }: { auth: Auth; clock: Clock }): Digest {
  const nonces = createNonces({ ttlMs: auth.nonceSeconds * 1000, clock })
  const nobodysPassword = randomBytes(16).toString('base64')
  const offered = auth.algorithms[0] ?? 'MD5'

  function judge(given: Credentials, asked: Asked): Verdict {
    const { realm, address, method, body } = asked
    const [username, nonce, uri, response] = [given.get('username'), given.get('nonce'), given.get('uri'), given.get('response')]
    if (username === undefined || nonce === undefined || uri === undefined || response === undefined)
      return { kind: 'bad', why: 'expected username, realm, nonce, uri and response in the credentials' }
    const scheme = readScheme(given.get('algorithm'))
    // Not what we offered: it is asked again, as if it had said nothing.
    if (!scheme || !(auth.algorithms as readonly string[]).includes(scheme.name)) return { kind: 'none' }
    const [qop, nc, cnonce] = [given.get('qop')?.toLowerCase(), given.get('nc'), given.get('cnonce')]
    // Without qop nothing would be counted, and what was overheard could be said again.
    if (qop === undefined) return { kind: 'none' }
    if (qop !== 'auth' && qop !== 'auth-int') return { kind: 'bad', why: `qop: expected auth or auth-int` }
    if (nc === undefined || !/^[0-9a-f]{8}$/i.test(nc) || cnonce === undefined)
      return { kind: 'bad', why: 'expected nc of 8 hexadecimal digits, and cnonce' }
    const state = nonces.judge(nonce, realm, address)
    // A password is not tried against it: the answer would say something, and its failure would not count.
    if (state === 'foreign') return { kind: 'stale' }
    const isKnown = asked.password !== undefined && asked.password !== '' && asked.names.includes(username.toLowerCase())
    const password = isKnown ? asked.password! : nobodysPassword
    const signed: Signed = { method, uri, nonce, qop, nc, cnonce, body }
    const isRight = holds(scheme, username, given.get('realm')!, password, signed, response)
    if (!isKnown || !isRight) return { kind: 'wrong' }
    if (state === 'expired' || !nonces.use(nonce, Number.parseInt(nc, 16), realm, address)) return { kind: 'stale' }
    return { kind: 'right', uri }
  }

  return {
    check(asked) {
      const given = credentialsFor(asked.headers, asked.realm)
      if (given === undefined) return { kind: 'none' }
      return given === 'bad' ? { kind: 'bad', why: 'the credentials cannot be read' } : judge(given, asked)
    },
    challenge(by, realm, address, stale) {
      const nonce = nonces.issue(realm, address)
      const value = `Digest realm=${quoted(realm)}, nonce="${nonce}", algorithm=${offered}, qop="auth"${stale ? ', stale=true' : ''}`
      return [by === 'registrar' ? 'WWW-Authenticate' : 'Proxy-Authenticate', value]
    },
  }
}

/** The first for this realm, whichever header it is in; those for other realms are for others on the way. */
function credentialsFor(headers: Headers, realm: string): Credentials | 'bad' | undefined {
  for (const name of credentialHeaders) {
    for (const value of headers.all(name)) {
      const read = readAuth(value)
      if (read === 'bad') return 'bad'
      if (read !== 'other' && read.get('realm')?.toLowerCase() === realm) return read
    }
  }
}

function holds(scheme: Scheme, username: string, realm: string, password: string, signed: Signed, response: string): boolean {
  if (response.length !== responseDigits[scheme.hash]) return false
  const said = Buffer.from(response.toLowerCase(), 'latin1')
  const is = (encoding: Encoding): boolean => {
    const right = digestResponse(scheme, secretHash(scheme, username, realm, password, encoding), signed)
    return said.length === right.length && timingSafeEqual(said, Buffer.from(right, 'latin1'))
  }
  // Clients of before RFC 7616 hash what is no ASCII as ISO 8859-1.
  return is('utf8') || (!isAscii(password) && is('latin1'))
}

const isAscii = (text: string): boolean => !/[^\u0020-\u007e]/.test(text)

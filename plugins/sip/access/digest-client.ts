// Answers the challenges of a trunk with its credentials (RFC 3261 §22.2, RFC 7616). A challenge is
// answered once, and once more where it says that only the nonce was stale. What was learned is used
// for the next requests at once, so that they need no second round.
import { randomBytes } from 'node:crypto'
import { type HeaderLines, type Headers, quoted } from '../codec/index.ts'
import type { OutRequest, Sent, SipEngine } from '../engine/engine.ts'
import { readAuth, splitChallenges } from './auth-header.ts'
import { digestResponse, readScheme, type Scheme, secretHash, userHash } from './digest-hash.ts'

export interface Credentials {
  username: string
  password: string
}

type Signable = Pick<OutRequest, 'method' | 'uri' | 'body'>

export interface DigestClient {
  /** Sends it, and again as challenged. The answer is the last one; 401 and 407 are final here. */
  send(engine: Pick<SipEngine, 'send'>, request: OutRequest, signal: AbortSignal): Promise<Sent>
}

/** Of which the stronger one is answered. */
const strength = { MD5: 1, 'SHA-256': 2, 'SHA-512-256': 3 } as const
/** The first answer, and one more for a stale nonce. */
const mostAnswers = 2

interface Challenge {
  header: 'Authorization' | 'Proxy-Authorization'
  scheme: Scheme
  realm: string
  nonce: string
  opaque: string | undefined
  /** As written, to be written again. */
  algorithm: string | undefined
  qop: 'auth' | 'auth-int' | undefined
  userhash: boolean
  stale: boolean
  /** Answers given to this nonce. */
  count: number
}

export function createDigestClient({ username, password }: Credentials, chance: () => string = cnonceOf): DigestClient {
  /** Of the newest challenge that an answer satisfied. */
  let learned: Challenge | undefined
  return {
    async send(engine, request, signal) {
      const callId = request.callId ?? randomBytes(16).toString('hex')
      let cseq = request.cseq ?? 1
      let challenge = learned
      for (let answers = 0; ; answers++) {
        const headers = challenge
          ? [...request.headers, ...credentials(challenge, { username, password }, request, chance())]
          : request.headers
        const sent = await engine.send({ ...request, headers, callId, cseq }, signal)
        if (sent.kind !== 'answered' || (sent.status !== 401 && sent.status !== 407)) {
          if (challenge) learned = challenge
          return sent
        }
        const next = readChallenge(sent.status, sent.headers)
        if (!next || answers >= mostAnswers) return sent
        // What was answered to a nonce that still holds was refused for good: the credentials are wrong.
        const wasLearned = answers === 0 && challenge !== undefined
        if (challenge && !next.stale && !wasLearned) {
          learned = undefined
          return sent
        }
        challenge = next
        cseq++
      }
    },
  }
}

const cnonceOf = (): string => randomBytes(8).toString('hex')

/** The strongest challenge that can be answered; undefined: none. */
export function readChallenge(status: 401 | 407, headers: Headers): Challenge | undefined {
  let best: Challenge | undefined
  for (const value of splitChallenges(headers.all(status === 401 ? 'www-authenticate' : 'proxy-authenticate'))) {
    const read = readAuth(value)
    if (read === 'bad' || read === 'other') continue
    const [realm, nonce, algorithm] = [read.get('realm'), read.get('nonce'), read.get('algorithm')]
    const scheme = readScheme(algorithm)
    const offers = read
      .get('qop')
      ?.toLowerCase()
      .split(',')
      .map((each) => each.trim())
    const qop = offers?.includes('auth') ? 'auth' : offers?.includes('auth-int') ? 'auth-int' : undefined
    if (realm === undefined || nonce === undefined || !scheme || (offers && !qop)) continue
    if (best && strength[best.scheme.name] >= strength[scheme.name]) continue
    best = {
      header: status === 401 ? 'Authorization' : 'Proxy-Authorization',
      scheme,
      realm,
      nonce,
      opaque: read.get('opaque'),
      algorithm,
      qop,
      userhash: read.get('userhash')?.toLowerCase() === 'true',
      stale: read.get('stale')?.toLowerCase() === 'true',
      count: 0,
    }
  }
  return best
}

/** The header that answers it. Counts. */
export function credentials(challenge: Challenge, { username, password }: Credentials, request: Signable, cnonce: string): HeaderLines {
  const { scheme, realm, nonce, opaque, algorithm, qop } = challenge
  challenge.count++
  const nc = challenge.count.toString(16).padStart(8, '0')
  const { method, uri, body } = request
  const response = digestResponse(scheme, secretHash(scheme, username, realm, password), {
    method,
    uri,
    nonce,
    nc,
    cnonce,
    body,
    ...(qop === undefined ? {} : { qop }),
  })
  const named = challenge.userhash ? `username="${userHash(scheme, username, realm)}", userhash=true` : `username=${quoted(username)}`
  const parts = [named, `realm=${quoted(realm)}`, `nonce=${quoted(nonce)}`, `uri=${quoted(uri)}`, `response="${response}"`]
  if (algorithm !== undefined) parts.push(`algorithm=${algorithm}`)
  if (opaque !== undefined) parts.push(`opaque=${quoted(opaque)}`)
  if (qop !== undefined) parts.push(`qop=${qop}`, `nc=${nc}`)
  // Without qop only a session's secret holds it (RFC 7616 §3.4).
  if (qop !== undefined || scheme.sess) parts.push(`cnonce="${cnonce}"`)
  return [challenge.header, `Digest ${parts.join(', ')}`]
}

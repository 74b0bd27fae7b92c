import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { testClock } from '../../../src/clock.ts'
import { type HeaderLines, headersOf, quoted } from '../codec/index.ts'
import { profileOf } from './access.fixture.ts'
import { readAuth } from './auth-header.ts'
import { type Asked, createDigest, type Digest, type Verdict } from './digest.ts'
import { parserAndPolicyCases, type Vector, vectors } from './digest-vectors.fixture.ts'
import { digestResponse, type Encoding, readScheme, secretHash, type Signed, userHash } from './digest-hash.ts'

describe('digest arithmetic', () => {
  for (const vector of vectors) {
    it(`gives the response of ${vector.name}`, () => {
      const scheme = readScheme(vector.algorithm ?? undefined)
      assert.ok(scheme)
      const encoding: Encoding = vector.encoding === 'latin-1' ? 'latin1' : 'utf8'
      const secret = secretHash(scheme, vector.username, vector.realm, vector.password, encoding)
      if (!scheme.sess) assert.equal(secret, vector.ha1)
      assert.equal(digestResponse(scheme, secret, signedOf(vector)), vector.response)
      if (vector.userhash) assert.equal(userHash(scheme, vector.username, vector.realm), vector.userhash)
    })
  }
})

function signedOf({ method, uri, nonce, qop, nc, cnonce, bodyBase64 }: Vector): Signed {
  const body = Buffer.from(bodyBase64 ?? '', 'base64')
  return { method, uri, nonce, body, ...(qop ? { qop } : {}), ...(nc ? { nc } : {}), ...(cnonce ? { cnonce } : {}) }
}

describe('credentials on the wire', () => {
  for (const { name, wireUsername, wireRealm, username, realm } of vectors.filter((each) => each.wireUsername ?? each.wireRealm)) {
    it(`are read and written without losing a quote: ${name}`, () => {
      const read = readAuth(`Digest username=${wireUsername ?? quoted(username)}, realm=${wireRealm ?? quoted(realm)}`)
      assert.ok(read instanceof Map)
      assert.deepEqual([read.get('username'), read.get('realm')], [username, realm])
      assert.deepEqual([quoted(username), quoted(realm)], [wireUsername ?? quoted(username), wireRealm ?? quoted(realm)])
    })
  }

  const expected: Record<string, unknown> = {
    'qop-quoted-in-answer': 7 + 1,
    'double-space-after-colon': 1,
    'unknown-parameter': 2,
    'duplicate-parameter': 'bad',
  }
  for (const { name, header, do: what } of parserAndPolicyCases.filter((each) => each.header !== undefined)) {
    it(`${name}: ${what}`, () => {
      const read = readAuth(header!)
      assert.deepEqual(typeof read === 'string' ? read : read.size, expected[name])
    })
  }

  for (const value of [
    '',
    'Digest',
    'Digest username',
    'Digest username="a',
    'Digest ="a"',
    'Digest a="b" c="d"',
    'Digest a=b"c"',
    `Digest a="${'x'.repeat(5000)}"`,
  ])
    it(`are bad: ${value.slice(0, 40)}`, () => assert.equal(readAuth(value), 'bad'))

  it('of another scheme are not ours', () => assert.equal(readAuth('Bearer abc'), 'other'))
})

const address = '192.0.2.7'
const realm = 'acme.example'

interface Said {
  username?: string
  password?: string
  algorithm?: string
  qop?: string
  quotedQop?: boolean
  nc?: string
  cnonce?: string
  method?: string
  uri?: string
  body?: string
  header?: string
  upper?: boolean
  realm?: string
}

function house(more: Parameters<typeof profileOf>[0] = {}) {
  const clock = testClock()
  const digest = createDigest({ auth: profileOf(more).auth, clock })
  return { clock, digest, nonce: (at = address) => nonceOf(digest.challenge('registrar', realm, at, false)) }
}

function nonceOf(challenge: HeaderLines): string {
  const read = readAuth(challenge[1]!)
  assert.ok(typeof read === 'object')
  return read.get('nonce')!
}

function say(nonce: string, said: Said = {}): Pick<Asked, 'headers' | 'method' | 'body'> {
  const { username = 'alice', password = 'secret', algorithm, qop = 'auth', nc = '00000001', cnonce = 'abc', method = 'MESSAGE' } = said
  const { uri = 'sip:+15550001111@acme.example', body = '' } = said
  const scheme = readScheme(algorithm) ?? readScheme('MD5')!
  const octets = Buffer.from(body)
  const counted = qop === '' ? {} : { qop: qop as 'auth', nc, cnonce }
  const response = digestResponse(scheme, secretHash(scheme, username, said.realm ?? realm, password), {
    method,
    uri,
    nonce,
    body: octets,
    ...counted,
  })
  const written = said.upper ? response.toUpperCase() : response
  const parts = [
    `username=${quoted(username)}`,
    `realm="${said.realm ?? realm}"`,
    `nonce="${nonce}"`,
    `uri="${uri}"`,
    `response="${written}"`,
  ]
  if (algorithm) parts.push(`algorithm=${algorithm}`)
  if (qop !== '') parts.push(said.quotedQop ? `qop="${qop}"` : `qop=${qop}`, `nc=${nc}`, `cnonce="${cnonce}"`)
  return { method, body: octets, headers: headersOf([said.header ?? 'Authorization', `Digest ${parts.join(', ')}`]) }
}

function check(digest: Digest, asked: Pick<Asked, 'headers' | 'method' | 'body'>, more: Partial<Asked> = {}): Verdict['kind'] {
  return digest.check({ ...asked, address, realm, names: ['alice', 'alice@acme.example'], password: 'secret', ...more }).kind
}

describe('the server of digest', () => {
  it('knows who knows the password, by either header and by one nonce for both', () => {
    const { digest, nonce } = house()
    const one = nonce()
    assert.equal(check(digest, say(one, { method: 'REGISTER', uri: 'sip:acme.example' })), 'right')
    assert.equal(check(digest, say(one, { header: 'Proxy-Authorization', nc: '00000002' })), 'right')
  })

  it('offers one algorithm, the first, and takes every one of the profile', () => {
    const { digest, nonce } = house({ auth: { algorithms: ['SHA-256', 'MD5'] } })
    const challenge = digest.challenge('proxy', realm, address, false)
    assert.equal(challenge.length, 2)
    assert.equal(challenge[0], 'Proxy-Authenticate')
    assert.match(challenge[1]!, /algorithm=SHA-256, qop="auth"$/)
    for (const algorithm of ['SHA-256', 'MD5', 'sha-256', 'MD5-sess', 'SHA-256-sess', undefined])
      assert.equal(check(digest, say(nonce(), algorithm ? { algorithm } : {})), 'right', algorithm)
    assert.equal(check(digest, say(nonce(), { algorithm: 'SHA-512-256' })), 'none')
    assert.equal(check(digest, say(nonce(), { algorithm: 'crc' })), 'none')
  })

  it('does not take MD5 where the profile has SHA-256 only', () => {
    const { digest, nonce } = house({ auth: { algorithms: ['SHA-256'] } })
    assert.equal(check(digest, say(nonce())), 'none')
  })

  it('takes quoted qop, upper-case responses, user@domain, and auth-int over the very body', () => {
    const { digest, nonce } = house()
    assert.equal(check(digest, say(nonce(), { quotedQop: true })), 'right')
    assert.equal(check(digest, say(nonce(), { upper: true })), 'right')
    assert.equal(check(digest, say(nonce(), { username: 'alice@acme.example' })), 'right')
    assert.equal(check(digest, say(nonce(), { username: 'Alice' })), 'right')
    const signed = say(nonce(), { qop: 'auth-int', body: 'Hello' })
    assert.equal(check(digest, { ...signed, body: Buffer.from('Hellp') }), 'wrong')
    assert.equal(check(digest, signed), 'right')
  })

  it('takes what a client hashed as ISO 8859-1', () => {
    const { digest, nonce } = house()
    const one = nonce()
    const scheme = readScheme('MD5')!
    const signed = { method: 'MESSAGE', uri: 'sip:a', nonce: one, qop: 'auth' as const, nc: '00000001', cnonce: 'c', body: Buffer.alloc(0) }
    const response = digestResponse(scheme, secretHash(scheme, 'alice', realm, 'pässwörd', 'latin1'), signed)
    const value = `Digest username="alice", realm="${realm}", nonce="${one}", uri="sip:a", qop=auth, nc=00000001, cnonce="c", response="${response}"`
    assert.equal(check(digest, { ...signed, headers: headersOf(['Authorization', value]) }, { password: 'pässwörd' }), 'right')
  })

  it('calls a wrong password, a wrong name and an unknown user the same', () => {
    const { digest, nonce } = house()
    assert.equal(check(digest, say(nonce(), { password: 'guess' })), 'wrong')
    assert.equal(check(digest, say(nonce(), { username: 'bob' })), 'wrong')
    assert.equal(check(digest, say(nonce()), { password: undefined }), 'wrong')
    assert.equal(check(digest, say(nonce(), { password: '' }), { password: '' }), 'wrong')
  })

  it('counts: each nc of a nonce once, in whatever order they come', () => {
    const { digest, nonce } = house()
    const one = nonce()
    for (const nc of ['00000001', '00000003', '00000002', '0000000B', '0000000a']) {
      assert.equal(check(digest, say(one, { nc })), 'right', nc)
      assert.equal(check(digest, say(one, { nc })), 'stale', nc)
      assert.equal(check(digest, say(one, { nc, cnonce: 'another' })), 'stale', nc)
    }
    assert.equal(check(digest, say(one, { nc: '00000100' })), 'right')
    assert.equal(check(digest, say(one, { nc: '00000004' })), 'stale', 'too late to be told from a repeat')
  })

  it('says stale of a nonce whose time is over only to who knows the password', async () => {
    const { digest, nonce, clock } = house()
    const one = nonce()
    await clock.advance(300_001)
    assert.equal(check(digest, say(one)), 'stale')
    assert.equal(check(digest, say(one, { password: 'guess' })), 'wrong')
  })

  it('tries no password against a nonce of others, of another address or of another realm', () => {
    const { digest, nonce } = house()
    for (const one of [
      house().nonce(),
      nonce('192.0.2.8'),
      nonceOf(digest.challenge('registrar', 'other.example', address, false)),
      'x',
      '',
      'A'.repeat(32),
    ]) {
      assert.equal(check(digest, say(one)), 'stale')
      assert.equal(check(digest, say(one, { password: 'guess' })), 'stale')
    }
  })

  it('keeps to its address also a nonce that is in use', () => {
    const { digest, nonce } = house()
    const one = nonce()
    assert.equal(check(digest, say(one)), 'right')
    assert.equal(check(digest, say(one, { nc: '00000002', password: 'guess' }), { address: '192.0.2.8' }), 'stale')
  })

  it('asks again without qop, since nothing would be counted', () => {
    const { digest, nonce } = house()
    assert.equal(check(digest, say(nonce(), { qop: '' })), 'none')
  })

  it('refuses what cannot be read', () => {
    const { digest, nonce } = house()
    for (const nc of ['1', '0000000g', '000000001']) assert.equal(check(digest, say(nonce(), { nc })), 'bad')
    assert.equal(check(digest, say(nonce(), { qop: 'auth-conf' })), 'bad')
    const twice = headersOf(['Authorization', 'Digest username="a", username="b"'])
    assert.equal(check(digest, { method: 'MESSAGE', body: Buffer.alloc(0), headers: twice }), 'bad')
    const short = headersOf(['Authorization', `Digest username="a", realm="${realm}"`])
    assert.equal(check(digest, { method: 'MESSAGE', body: Buffer.alloc(0), headers: short }), 'bad')
  })

  it('finds its own credentials among those for others', () => {
    const { digest, nonce } = house()
    const mine = say(nonce())
    const headers = headersOf([
      'Proxy-Authorization',
      'Digest username="alice", realm="elsewhere.example"',
      'Authorization',
      mine.headers.get('authorization')!,
    ])
    assert.equal(check(digest, { ...mine, headers }), 'right')
    assert.equal(check(digest, say(nonce(), { realm: 'elsewhere.example' })), 'none')
  })

  it('says stale in the challenge where it is, and quotes the realm', () => {
    const { digest } = house()
    const [name, value] = digest.challenge('registrar', 'a"b', address, true)
    assert.equal(name, 'WWW-Authenticate')
    assert.match(value!, /^Digest realm="a\\"b", nonce="[^"]{32}", algorithm=MD5, qop="auth", stale=true$/)
  })
})

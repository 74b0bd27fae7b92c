import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { testClock } from '../../../src/clock.ts'
import { type HeaderLines, headersOf, quoted } from '../codec/index.ts'
import type { OutRequest, Sent } from '../engine/engine.ts'
import { flowOf, profileOf } from './access.fixture.ts'
import { readAuth } from './auth-header.ts'
import { createDigestClient, credentials, readChallenge } from './digest-client.ts'
import { createDigest } from './digest.ts'
import { vectors } from './digest-vectors.fixture.ts'

const answered = (status: number, headers: HeaderLines = []): Sent => ({
  kind: 'answered',
  status,
  reason: '',
  headers: headersOf(headers),
  body: Buffer.alloc(0),
})

const request: OutRequest = {
  method: 'MESSAGE',
  uri: 'sip:+447700900123@carrier.example',
  via: flowOf(),
  from: '<sip:a@b>',
  to: '<sip:c@d>',
  headers: ['Content-Type', 'text/plain'],
  body: Buffer.from('Hello'),
}
const never = new AbortController().signal

describe('credentials for a challenge', () => {
  // We hash as UTF-8 and count in lower case, as the RFC has it.
  for (const vector of vectors.filter((each) => each.encoding === undefined && !/[A-F]/.test(each.nc ?? ''))) {
    it(`are those of ${vector.name}`, () => {
      const parts = [`realm=${quoted(vector.realm)}`, `nonce="${vector.nonce}"`]
      if (vector.algorithm) parts.push(`algorithm=${vector.algorithm}`)
      if (vector.qop) parts.push(`qop="${vector.qop}"`)
      if (vector.opaque) parts.push(`opaque="${vector.opaque}"`)
      if (vector.userhash) parts.push('userhash=true')
      const challenge = readChallenge(401, headersOf(['WWW-Authenticate', `Digest ${parts.join(', ')}`]))
      assert.ok(challenge)
      challenge.count = Number.parseInt(vector.nc ?? '1', 16) - 1
      const body = Buffer.from(vector.bodyBase64 ?? '', 'base64')
      const [name, value] = credentials(
        challenge,
        vector,
        { method: vector.method as 'MESSAGE', uri: vector.uri, body },
        vector.cnonce ?? '',
      )
      const read = readAuth(value!)
      assert.ok(typeof read === 'object')
      assert.equal(name, 'Authorization')
      assert.equal(read.get('response'), vector.response)
      assert.equal(read.get('username'), vector.userhash ?? vector.username)
      assert.equal(read.get('opaque'), vector.opaque)
      assert.equal(read.get('nc'), vector.qop ? vector.nc : undefined)
    })
  }

  it('answer the strongest that is known, whatever the order', () => {
    const md5 = 'Digest realm="r", nonce="n", algorithm=MD5, qop="auth"'
    const sha = 'Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth,auth-int"'
    const odd = 'Digest realm="r", nonce="n", algorithm=SHA3-512, qop="auth"'
    for (const order of [
      [md5, sha, odd],
      [odd, sha, md5],
    ]) {
      const challenge = readChallenge(407, headersOf(order.flatMap((each) => ['Proxy-Authenticate', each])))
      assert.equal(challenge?.scheme.name, 'SHA-256')
      assert.equal(challenge.qop, 'auth')
      assert.equal(challenge.header, 'Proxy-Authorization')
    }
  })

  it('answer the strongest of several in one field', () => {
    const md5 = 'Digest realm="r, Digest x", nonce="n", algorithm=MD5, qop="auth,auth-int"'
    const sha = 'Digest  realm  = "r", nonce  = "s",\topaque="", algorithm=SHA-256, qop="auth"'
    for (const fields of [
      [`${md5}, ${sha}`],
      [`${sha}, ${md5}`],
      [`Negotiate, Bearer a="b", ${md5}, Basic realm="r",${sha}`],
      [md5, `Negotiate YWJj==, ${sha}`],
    ]) {
      const challenge = readChallenge(401, headersOf(fields.flatMap((each) => ['WWW-Authenticate', each])))
      assert.deepEqual([challenge?.scheme.name, challenge?.nonce, challenge?.qop], ['SHA-256', 's', 'auth'], fields.join(' | '))
    }
    assert.equal(readChallenge(401, headersOf(['WWW-Authenticate', `${md5}, Basic realm="r"`]))?.realm, 'r, Digest x')
  })

  it('are none for what is not known', () => {
    for (const value of [
      'Bearer',
      'Digest realm="r"',
      'Digest realm="r", nonce="n", algorithm=SHA3-512',
      'Digest realm="r", nonce="n", qop="auth-conf"',
    ])
      assert.equal(readChallenge(401, headersOf(['WWW-Authenticate', value])), undefined, value)
  })
})

/** A registrar's own digest, which takes what is right and challenges the rest. */
function peer(password = 'secret') {
  const clock = testClock()
  const digest = createDigest({ auth: profileOf().auth, clock })
  const got: OutRequest[] = []
  return {
    clock,
    got,
    send(sent: OutRequest): Promise<Sent> {
      got.push(sent)
      const { method, body, headers } = sent
      const asked = { method, body, address: '192.0.2.1', realm: 'carrier.example', names: ['us'], password }
      const { kind } = digest.check({ ...asked, headers: headersOf(headers) })
      if (kind === 'right') return Promise.resolve(answered(202))
      return Promise.resolve(answered(407, digest.challenge('proxy', 'carrier.example', '192.0.2.1', kind === 'stale')))
    },
  }
}

describe('a request to a peer that challenges', () => {
  it('is sent again with credentials, the same Call-ID and the next CSeq', async () => {
    const there = peer()
    const sent = await createDigestClient({ username: 'us', password: 'secret' }).send(there, { ...request, cseq: 7 }, never)
    assert.equal(sent.kind === 'answered' && sent.status, 202)
    assert.deepEqual(
      there.got.map(({ cseq }) => cseq),
      [7, 8],
    )
    assert.equal(there.got[0]!.callId, there.got[1]!.callId)
    assert.deepEqual(there.got[1]!.headers.slice(0, 2), ['Content-Type', 'text/plain'])
  })

  it('keeps the Call-ID that it was given, and everything else', async () => {
    const there = peer()
    await createDigestClient({ username: 'us', password: 'secret' }).send(there, { ...request, callId: 'kept' }, never)
    for (const { headers: _, cseq: __, ...rest } of there.got) {
      const { headers: ___, ...given } = request
      assert.deepEqual(rest, { ...given, callId: 'kept' })
    }
  })

  it('needs one round once the challenge is known, and two when the nonce is stale', async () => {
    const there = peer()
    const client = createDigestClient({ username: 'us', password: 'secret' })
    for (let n = 0; n < 3; n++) await client.send(there, request, never)
    assert.equal(there.got.length, 4)
    await there.clock.advance(301_000)
    assert.equal(((await client.send(there, request, never)) as { status: number }).status, 202)
    assert.equal(there.got.length, 6)
  })

  it('counts on, also when several are under way', async () => {
    const there = peer()
    const client = createDigestClient({ username: 'us', password: 'secret' })
    await client.send(there, request, never)
    const all = await Promise.all(Array.from({ length: 20 }, () => client.send(there, request, never)))
    assert.ok(all.every((sent) => sent.kind === 'answered' && sent.status === 202))
    assert.equal(there.got.length, 22)
  })

  it('is answered once where the password is wrong', async () => {
    const there = peer('another')
    const client = createDigestClient({ username: 'us', password: 'secret' })
    for (let n = 1; n <= 2; n++) {
      const sent = await client.send(there, request, never)
      assert.equal(sent.kind === 'answered' && sent.status, 407)
      assert.equal(there.got.length, 2 * n, 'and does not keep what was refused')
    }
  })

  it('is answered again for a stale nonce, once', async () => {
    const got: OutRequest[] = []
    const always = 'Digest realm="r", nonce="n", qop="auth", stale=true'
    const send = (sent: OutRequest): Promise<Sent> => {
      got.push(sent)
      return Promise.resolve(answered(401, ['WWW-Authenticate', always]))
    }
    const sent = await createDigestClient({ username: 'us', password: 'secret' }).send({ send }, request, never)
    assert.equal(sent.kind === 'answered' && sent.status, 401)
    assert.equal(got.length, 3)
  })

  it('gives back what is no challenge as it is', async () => {
    for (const sent of [answered(403), answered(401), { kind: 'timeout', why: 'x' } as const]) {
      let count = 0
      const send = (): Promise<Sent> => {
        count++
        return Promise.resolve(sent)
      }
      assert.equal(await createDigestClient({ username: 'us', password: 'secret' }).send({ send }, request, never), sent)
      assert.equal(count, 1)
    }
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Asking, flowOf, frontOf, type Front, profileOf, requestOf, valuesOf, withCredentials } from './access.fixture.ts'
import type { Peer } from './peer.ts'

const message = (more: Asking = {}): Asking => ({ method: 'MESSAGE', ...more })

const send = (front: Front, username: string, password: string, more: Asking = {}) =>
  withCredentials(front.ask, username, password, message(more))

describe('a MESSAGE of a user', () => {
  it('is challenged by 407 and taken with the right password', async () => {
    const front = await frontOf()
    front.core.user('alice')
    const reply = await front.ask(message())
    assert.equal(reply.status, 407)
    assert.match(valuesOf(reply, 'Proxy-Authenticate')[0]!, /^Digest realm="acme\.example"/)
    assert.deepEqual(valuesOf(await send(front, 'alice', 'secret'), 'X-Peer'), ['alice@acme.example'])
  })

  it('is challenged again, and nothing else, for a wrong password, an unknown user and an unknown domain', async () => {
    const front = await frontOf()
    front.core.user('alice')
    const replies = [
      await send(front, 'alice', 'guess'),
      await send(front, 'nobody', 'guess', { from: '<sip:nobody@acme.example>' }),
      await send(front, 'alice', 'secret', { from: '<sip:alice@nowhere.example>' }),
      await send(front, 'alice', 'secret', { from: '<sip:alice@__proto__.example>', uri: 'sip:1@constructor' }),
    ]
    for (const reply of replies) {
      assert.equal(reply.status, 407)
      assert.deepEqual(Object.keys(reply), ['status', 'headers', 'fleeting'])
      assert.match(reply.headers![1]!, /^Digest realm="[a-z_.]+", nonce="[^"]{32}", algorithm=MD5, qop="auth"$/)
    }
  })

  it('costs the same work whether there is such a user or not', async () => {
    const front = await frontOf({ profile: profileOf({ safety: { ban: { failures: 0, withinSeconds: 1, forSeconds: 1 } } }) })
    front.core.user('alice')
    const users = ['alice', 'nobody'] as const
    const times: Record<string, number[]> = { alice: [], nobody: [] }
    // In turns, so that both see the same machine.
    for (let n = 0; n < 600; n++) {
      for (const user of users) {
        const startedAt = performance.now()
        await send(front, user, 'guess', { from: `<sip:${user}@acme.example>` })
        times[user]!.push(performance.now() - startedAt)
      }
    }
    const medians = users.map((user) => times[user]!.sort((a, b) => a - b)[300]!)
    const ratio = medians[0]! / medians[1]!
    assert.ok(ratio > 0.5 && ratio < 2, `${ratio}`)
  })

  it('belongs to the account of its domain only', async () => {
    const front = await frontOf()
    front.core.user('alice', 'one', {}, 'AC1')
    front.core.user('mallory', 'two', { domain: 'acme.example' }, 'AC2')
    assert.equal((await send(front, 'mallory', 'two', { from: '<sip:mallory@acme.example>' })).status, 407)
    assert.equal((await send(front, 'alice', 'one', { from: '<sip:alice@other.example>' })).status, 407)
    assert.equal((await send(front, 'alice', 'one')).status, 202)
  })

  it('of a user without a domain is taken in each domain of its account', async () => {
    const front = await frontOf({ profile: profileOf({ domains: { 'acme.test': 'AC1' } }) })
    const { config } = front.core.user('alice')
    delete config.domain
    for (const domain of ['acme.example', 'acme.test']) {
      const reply = await send(front, 'alice', 'secret', { from: `<sip:alice@${domain}>` })
      assert.deepEqual(valuesOf(reply, 'X-Peer'), [`alice@${domain}`])
    }
    assert.equal((await send(front, 'alice', 'secret', { from: '<sip:alice@other.example>' })).status, 407)
  })

  it('as another user is refused, as a number of the account it is whom the credentials name', async () => {
    const front = await frontOf()
    front.core.user('alice')
    front.core.user('bob', 'hidden')
    assert.equal((await send(front, 'alice', 'secret', { from: '<sip:bob@acme.example>' })).status, 407)
    for (const from of ['<sip:+15550001111@acme.example>', '<tel:+15550001111>', '"Acme" <sip:acme@acme.example>'])
      assert.deepEqual(valuesOf(await send(front, 'alice', 'secret', { from }), 'X-Peer'), ['alice@acme.example'], from)
  })

  it('of a suspended account is refused, but only to who knows the password', async () => {
    const front = await frontOf()
    front.core.user('alice')
    front.core.accounts.get('AC1')!.status = 'suspended'
    assert.equal((await send(front, 'alice', 'guess')).status, 407)
    assert.equal((await send(front, 'alice', 'secret')).status, 403)
  })

  it('is refused where its credentials are for somebody else than it is sent to', async () => {
    const front = await frontOf()
    front.core.user('alice')
    const ask = (asking: Asking) => front.ask({ ...asking, uri: 'sip:+15550009999@acme.example' })
    assert.equal((await withCredentials(ask, 'alice', 'secret', message())).status, 400)
    const moved = (asking: Asking) => front.ask({ ...asking, uri: 'sip:+15550001111@192.0.2.9:5060;transport=udp' })
    assert.equal((await withCredentials(moved, 'alice', 'secret', message())).status, 202)
  })

  it('bans its address after too many guesses, whoever they were for', async () => {
    const front = await frontOf()
    front.core.user('alice')
    for (let n = 0; n < 5; n++) {
      assert.equal(front.refuses('192.0.2.1'), false)
      await send(front, n % 2 ? 'alice' : 'nobody', `guess${n}`, { from: n % 2 ? '<sip:alice@acme.example>' : '<sip:nobody@acme.example>' })
    }
    assert.equal(front.refuses('192.0.2.1'), true)
    assert.equal(front.refuses('192.0.2.2'), false)
    assert.doesNotMatch(front.core.log.join(''), /guess\d|secret/)
    assert.ok(front.core.log.some((line) => line.includes('banned')))
  })

  it('bans nobody by datagrams that bear another address', async () => {
    const front = await frontOf()
    front.core.user('alice')
    for (let n = 0; n < 20; n++) {
      const ask = async (asking: Asking) => {
        if (!asking.headers?.length) return front.ask({ ...asking, flow: flowOf('192.0.2.1') })
        // What is answered goes to the other address: whoever pretends to be there never sees it.
        await front.ask({ ...asking, flow: flowOf('192.0.2.99') })
        return { status: 0 }
      }
      await withCredentials(ask, 'alice', 'guess', message())
    }
    assert.equal(front.refuses('192.0.2.99'), false)
  })

  it('is slowed by address and by AOR', async () => {
    const front = await frontOf({ profile: profileOf({ safety: { requestsPerSecondPerAddress: 5, messagesPerSecondPerAor: 1 } }) })
    front.core.user('alice')
    const statuses: number[] = []
    for (let n = 0; n < 12; n++) statuses.push((await front.ask(message())).status)
    assert.deepEqual([statuses[9], statuses[10]], [407, 503])
    assert.deepEqual(valuesOf(await front.ask(message()), 'Retry-After'), ['1'])
    const quick = await frontOf({ profile: profileOf({ safety: { messagesPerSecondPerAor: 1 } }) })
    quick.core.user('alice')
    const taken: number[] = []
    for (let n = 0; n < 4; n++) taken.push((await send(quick, 'alice', 'secret')).status)
    assert.deepEqual(taken, [202, 202, 503, 503])
  })

  it('without a From that can be read is refused', async () => {
    const front = await frontOf()
    assert.equal((await front.ask(message({ from: '<mailto:alice@acme.example>' }))).status, 400)
  })
})

describe('where a registered flow is enough', () => {
  const profile = profileOf({ auth: { message: 'flow' } })

  it('a MESSAGE by it is taken without a challenge, by another one not', async () => {
    const front = await frontOf({ profile })
    front.core.user('alice')
    const flow = flowOf('192.0.2.1', 5071)
    await front.register({ flow, headers: ['Contact', '<sip:alice@192.0.2.1:5071>'] })
    assert.deepEqual(valuesOf(await front.ask(message({ flow: flowOf('192.0.2.1', 5071) })), 'X-Peer'), ['alice@acme.example'])
    assert.equal((await front.ask(message({ flow: flowOf('192.0.2.1', 5072) }))).status, 407)
    assert.equal((await front.ask(message({ flow, from: '<sip:bob@acme.example>' }))).status, 407)
    await front.clock.advance(1_801_000)
    assert.equal((await front.ask(message({ flow }))).status, 407)
  })

  it('a proxy that others come by, too, is not', async () => {
    const front = await frontOf({ profile })
    front.core.user('alice')
    const flow = flowOf('192.0.2.9')
    await front.register({ flow, headers: ['Contact', '<sip:alice@10.0.0.1>', 'Path', '<sip:192.0.2.9;lr>'] })
    assert.equal((await front.ask(message({ flow }))).status, 407)
  })

  it('a suspended account is refused', async () => {
    const front = await frontOf({ profile })
    front.core.user('alice')
    await front.register({ headers: ['Contact', '<sip:alice@192.0.2.1>'] })
    front.core.accounts.get('AC1')!.status = 'suspended'
    assert.equal((await front.ask(message())).status, 403)
  })
})

describe('a MESSAGE from the address of a trunk', () => {
  async function trunked() {
    const core = (await frontOf()).core
    const peerOf = (name: string, account: string): Peer => ({
      kind: 'trunk',
      name,
      gateway: core.gatewayOf(core.user(name, 'x', {}, account)),
      terms: profileOf().messages,
      profile: profileOf(),
    })
    const trunks = [
      { peer: peerOf('first', 'AC2'), domains: ['first.example'] },
      { peer: peerOf('second', 'AC1'), domains: ['second.example'] },
      { peer: peerOf('third', 'AC2'), domains: ['third.example', 'shared.example'] },
    ]
    return frontOf({ core, trunks, trunkAddress: '198.51.100.1' })
  }
  const flow = flowOf('::ffff:198.51.100.1')
  const cases: [string, Asking, string][] = [
    ['is of the one that its From names', { from: '<sip:+44@third.example>' }, 'third'],
    ['is of the one that the Request-URI names', { uri: 'sip:+44@second.example' }, 'second'],
    ['is of the one that To names', { uri: 'sip:+44@192.0.2.200', to: '<sip:+44@third.example>' }, 'third'],
    ['is of the one whose account owns the number', { from: '<sip:+44@a>', uri: 'sip:+15550001111@b' }, 'second'],
    ['is of the one whose account owns the number written without +', { from: '<sip:+44@a>', uri: 'sip:15550001111@b' }, 'second'],
    ['is of the oldest where nothing tells', { from: '<sip:+44@a>', uri: 'sip:+49@b' }, 'first'],
    ['is of the oldest whatever From is', { from: '<mailto:a@b>', uri: 'sip:+49@b' }, 'first'],
  ]
  for (const [what, asking, name] of cases) {
    it(what, async () => {
      const front = await trunked()
      assert.deepEqual(valuesOf(await front.ask(message({ ...asking, flow })), 'X-Peer'), [name])
    })
  }

  it('is challenged from anywhere else', async () => {
    const front = await trunked()
    assert.equal((await front.ask(message({ from: '<sip:+44@third.example>' }))).status, 407)
  })

  it('is refused where its account is suspended', async () => {
    const front = await trunked()
    front.core.accounts.get('AC2')!.status = 'suspended'
    assert.equal((await front.ask(message({ flow, from: '<sip:+44@third.example>' }))).status, 403)
  })
})

it('terms are those of the profile, with what the bind says otherwise', async () => {
  const front = await frontOf()
  front.core.user('alice', 'secret', { dialect: 'restcomm', receipts: 'none' })
  let peer: Peer | undefined
  const ask = async (asking: Asking) => {
    const known = await front.access.identify(requestOf(asking))
    if ('peer' in known) ({ peer } = known)
    return 'reply' in known ? known.reply : { status: 202 }
  }
  await withCredentials(ask, 'alice', 'secret', message())
  assert.deepEqual(peer?.terms, { ...profileOf().messages, dialect: 'restcomm', receipts: 'none' })
})

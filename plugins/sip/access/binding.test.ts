import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Reply, Sent } from '../engine/engine.ts'
import { capture, flowOf, frontOf, type Front, ok, profileOf, valuesOf } from './access.fixture.ts'
import { alice, contact, house, register, uris } from './registering.fixture.ts'

describe('a binding', () => {
  it('leads back by the flow that its REGISTER came by, newest', async () => {
    const front = await house()
    await register(front, contact('<sip:a@10.0.0.1>'), { flow: flowOf('192.0.2.1', 1111) })
    assert.deepEqual(front.registrar.contacts(alice)[0]!.flow.remote, { address: '192.0.2.1', port: 1111 })
    await register(front, contact('<sip:a@10.0.0.1>'), { flow: flowOf('192.0.2.1', 2222) })
    assert.deepEqual(
      front.registrar.contacts(alice).map(({ flow }) => flow.remote.port),
      [2222],
    )
  })

  it('is preferred by q, then by age', async () => {
    const front = await house()
    await register(front, contact('<sip:old@192.0.2.1>'))
    await front.clock.advance(1000)
    await register(front, contact('<sip:low@192.0.2.1>;q=0.1'))
    await front.clock.advance(1000)
    await register(front, contact('<sip:new@192.0.2.1>'))
    assert.deepEqual(uris(front), ['sip:new@192.0.2.1', 'sip:old@192.0.2.1', 'sip:low@192.0.2.1'])
    await front.clock.advance(1000)
    await register(front, contact('<sip:old@192.0.2.1>'))
    assert.equal(uris(front)[0], 'sip:old@192.0.2.1')
  })

  it('ends with its time, to the second, and the session with it', async () => {
    const front = await house()
    await register(front, contact('<sip:a@192.0.2.1>;expires=60', '<sip:b@192.0.2.1>;expires=120'))
    await front.clock.advance(59_000)
    await register(front, contact('<sip:a@192.0.2.1>;expires=60'))
    await front.clock.advance(59_999)
    assert.equal(uris(front).length, 2)
    await front.clock.advance(2000)
    assert.deepEqual(front.registrar.contacts(alice), [])
    assert.equal(front.registrar.size(), 0)
    assert.equal(front.opened.length, 1)
    assert.equal(front.opened[0]!.ended, 'expired')
  })

  it('is not given out after its time, though nobody looked yet', async () => {
    const front = await house()
    await register(front, contact('<sip:a@192.0.2.1>;expires=60'))
    const contacts = front.opened[0]!.contacts
    assert.equal(contacts().length, 1)
    front.clock.now = () => Date.UTC(2026, 0, 1, 0, 1)
    assert.equal(contacts().length, 0)
  })

  it('keeps its Path, outermost first, and the 200 repeats it', async () => {
    const front = await house()
    const path = ['<sip:edge.example;lr>', '<sip:inner.example;lr;ob>']
    const reply = await register(front, [...contact('<sip:a@10.0.0.1>'), 'Path', path.join(', ')])
    assert.deepEqual(front.registrar.contacts(alice)[0]!.path, path)
    assert.deepEqual(valuesOf(reply, 'Path'), path)
  })

  it('of a device replaces the one that this device had, with and without reg-id', async () => {
    const front = await house()
    const device = ';+sip.instance="<urn:uuid:1>"'
    await register(front, contact(`<sip:a@192.0.2.1>${device}`), { callId: 'one' })
    await register(front, contact(`<sip:a@192.0.2.2>${device}`), { callId: 'two' })
    assert.deepEqual(uris(front), ['sip:a@192.0.2.2'])
    await register(front, contact(`<sip:a@192.0.2.3>${device};reg-id=1`, `<sip:a@192.0.2.4>${device};reg-id=2`), { callId: 'three' })
    assert.equal(uris(front).length, 3)
    await register(front, contact(`<sip:a@192.0.2.5>${device};reg-id=1`), { callId: 'four' })
    assert.deepEqual(uris(front).toSorted(), ['sip:a@192.0.2.2', 'sip:a@192.0.2.4', 'sip:a@192.0.2.5'])
  })

  it('has no instance that its Contact does not name any more, and reg-id without one is nothing', async () => {
    const front = await house()
    await register(front, contact('<sip:a@192.0.2.1>;+sip.instance="<urn:uuid:1>"'))
    const reply = await register(front, contact('<sip:a@192.0.2.1>;ob;reg-id=2'))
    assert.equal(uris(front).length, 1)
    assert.doesNotMatch(valuesOf(reply, 'Contact').join(), /instance|reg-id/)
    assert.deepEqual(valuesOf(reply, 'Require'), [])
    await register(front, contact('<sip:a@192.0.2.2>;+sip.instance="<urn:uuid:1>"'), { callId: 'another' })
    assert.deepEqual(uris(front).toSorted(), ['sip:a@192.0.2.1', 'sip:a@192.0.2.2'])
  })

  it('of a device may be two in one REGISTER', async () => {
    const front = await house()
    const device = ';+sip.instance="<urn:uuid:1>"'
    const headers = contact(`<sip:a@192.0.2.1>${device}`, `<sip:a@192.0.2.1;transport=tcp>${device}`)
    for (let n = 0; n < 2; n++) {
      await register(front, headers)
      assert.equal(uris(front).length, 2)
    }
  })

  it('with reg-id is told that we know of flows', async () => {
    const front = await house()
    const headers = contact('<sip:a@df7jal23ls0d.invalid;transport=ws>;reg-id=1;+sip.instance="<urn:uuid:1>"')
    const reply = await register(front, headers, { flow: flowOf('192.0.2.1', 9, 'ws', 1) })
    assert.deepEqual([valuesOf(reply, 'Require'), valuesOf(reply, 'Flow-Timer')], [['outbound'], ['120']])
    assert.match(valuesOf(reply, 'Contact')[0]!, /;reg-id=1$/)
    assert.deepEqual(valuesOf(await register(front, contact('<sip:b@192.0.2.1>')), 'Require'), [])
  })

  it('goes with its connection, and only with its own', async () => {
    const front = await house()
    const [one, two] = [flowOf('192.0.2.1', 1, 'tcp', 1), flowOf('192.0.2.1', 2, 'wss', 2)]
    await register(front, contact('<sip:a@one.invalid>'), { flow: one })
    await register(front, contact('<sip:b@two.invalid>'), { flow: two })
    await register(front, contact('<sip:bob@one.invalid>'), { flow: one, from: '<sip:bob@acme.example>' })
    one.close()
    assert.deepEqual(uris(front), ['sip:b@two.invalid'])
    assert.deepEqual(uris(front, 'bob@acme.example'), [])
    assert.equal(front.opened[1]!.ended, 'its connection is gone')
    assert.equal(front.opened[0]!.ended, undefined)
    two.close()
    assert.equal(front.registrar.size(), 0)
  })

  it('that moved to another connection does not go with the first, which nobody waits for any more', async () => {
    const front = await house()
    const [one, two] = [flowOf('192.0.2.1', 1, 'tcp', 1), flowOf('192.0.2.1', 2, 'tcp', 2)]
    await register(front, contact('<sip:a@one.invalid>'), { flow: one })
    await register(front, contact('<sip:a@one.invalid>'), { flow: two })
    assert.deepEqual([one.waiting(), two.waiting()], [0, 1])
    one.close()
    assert.equal(uris(front).length, 1)
    await register(front, contact('<sip:a@one.invalid>;expires=0'), { flow: two })
    assert.equal(two.waiting(), 0)
  })

  it('by a connection that is gone already is none', async () => {
    const front = await house()
    const flow = flowOf('192.0.2.1', 1, 'tcp', 1)
    flow.close()
    assert.equal((await register(front, contact('<sip:a@one.invalid>'), { flow })).status, 503)
    assert.equal(front.registrar.size(), 0)
  })
})

describe('the session of an address of record', () => {
  it('is one however many contacts there are, and is closed with the last', async () => {
    const front = await house()
    await register(front, contact('<sip:a@192.0.2.1>', '<sip:b@192.0.2.1>'))
    await register(front, contact('<sip:a@192.0.2.1>'))
    assert.equal(front.opened.length, 1)
    const [session] = front.opened
    assert.equal(front.core.sessions.get('AC1/alice')!.size, 1)
    assert.equal(session!.peer.name, alice)
    assert.equal(session!.contacts().length, 2)
    await register(front, ['Contact', '*', 'Expires', '0'])
    assert.equal(session!.ended, 'unregistered')
    await register(front, contact('<sip:a@192.0.2.1>'))
    assert.equal(front.opened.length, 2)
  })

  it('says which contacts are wanted, by the bind or by the profile', async () => {
    const front = await house()
    front.core.binds.get('AC1/bob')!.config.contacts = 'first'
    await register(front, contact('<sip:a@192.0.2.1>'))
    await register(front, contact('<sip:b@192.0.2.1>'), { from: '<sip:bob@acme.example>' })
    assert.deepEqual(
      front.opened.map(({ settings }) => settings.contacts),
      ['all', 'first'],
    )
  })

  it('that the bind does not take is answered 503, and nothing is bound', async () => {
    const front = await house()
    front.core.binds.get('AC1/alice')!.policy.sessions = 0
    const reply = await register(front, contact('<sip:a@192.0.2.1>'))
    assert.deepEqual([reply.status, valuesOf(reply, 'Retry-After')], [503, ['30']])
    assert.equal(front.registrar.size(), 0)
    assert.equal(front.opened[0]!.ended, 'its bind takes no session')
  })

  it('is opened anew when the bind is changed, and the phone need not know', async () => {
    const front = await house()
    await register(front, contact('<sip:a@192.0.2.1>'))
    await front.core.change('AC1/alice', { receipts: 'none' })
    assert.equal(front.opened.length, 2)
    assert.equal(front.opened[1]!.peer.terms.receipts, 'none')
    assert.equal(front.opened[1]!.contacts().length, 1)
    assert.equal(front.core.sessions.get('AC1/alice')!.size, 1)
  })

  it('is gone with its registrations when the password is changed, or the bind removed', async () => {
    for (const change of [{ password: 'another' }, 'removed'] as const) {
      const front = await house()
      await register(front, contact('<sip:a@192.0.2.1>'))
      await front.core.change('AC1/alice', change)
      assert.equal(front.opened.length, 1)
      assert.equal(front.registrar.size(), 0)
      assert.deepEqual([...front.registrar.all()], [])
    }
  })
})

describe('pings', () => {
  const gone: Sent = { kind: 'timeout', why: 'no answer' }

  it('are sent to every binding in its time, spread, by its Path; any answer will do', async () => {
    const front = await house({ registrar: { pingSeconds: 30 } })
    await register(front, [...contact('<sip:a@10.0.0.1;x=1>'), 'Path', '<sip:edge.example;lr>'])
    const refused = { ...ok, status: 404 } as Sent
    front.answer = () => Promise.resolve(refused)
    await front.clock.advance(23_000)
    assert.equal(front.sent.length, 0)
    await front.clock.advance(15_000)
    assert.equal(front.sent.length, 1)
    const [{ method, uri, from, to, headers, via }] = front.sent as [(typeof front.sent)[0]]
    assert.deepEqual([method, uri, from, to], ['OPTIONS', 'sip:a@10.0.0.1;x=1', '<sip:acme.example>', '<sip:alice@acme.example>'])
    assert.deepEqual(headers, ['Route', '<sip:edge.example;lr>'])
    assert.equal(via, front.registrar.contacts(alice)[0]!.flow)
    await front.clock.advance(600_000)
    const pings: number = front.sent.length
    assert.ok(pings >= 15 && pings <= 27, `${pings}`)
    assert.equal(front.registrar.size(), 1)
  })

  it('end the binding that nobody answers for, and no other', async () => {
    const front = await house({ registrar: { pingSeconds: 30 } })
    await register(front, contact('<sip:here@192.0.2.1>', '<sip:gone@192.0.2.1>'))
    front.answer = ({ uri }) => Promise.resolve(uri.includes('gone') ? gone : ok)
    await front.clock.advance(40_000)
    assert.deepEqual(uris(front), ['sip:here@192.0.2.1'])
    front.answer = () => Promise.resolve(gone)
    await front.clock.advance(40_000)
    assert.equal(front.registrar.size(), 0)
    assert.equal(front.opened[0]!.ended, 'OPTIONS: no answer')
  })

  it('do not end what registered anew while they were asked', async () => {
    const front = await house({ registrar: { pingSeconds: 30 } })
    await register(front, contact('<sip:a@192.0.2.1>'))
    let late: (sent: Sent) => void = () => {}
    front.answer = () => new Promise((resolve) => (late = resolve))
    await front.clock.advance(40_000)
    await register(front, contact('<sip:a@192.0.2.1>'))
    late(gone)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(front.registrar.size(), 1)
  })

  it('are never more than a number at once', async () => {
    const front = await house({ registrar: { pingSeconds: 30, contactsPerAor: 2000 } })
    for (let n = 0; n < 40; n++)
      await register(front, contact('<sip:x@192.0.2.1>', ...Array.from({ length: 30 }, (_, k) => `<sip:${n}-${k}@192.0.2.1>`)))
    const open: ((sent: Sent) => void)[] = []
    front.answer = () => new Promise((resolve) => open.push(resolve))
    await front.clock.advance(45_000)
    assert.equal(open.length, 500)
    for (const answer of open.splice(0)) answer(ok)
    await front.clock.advance(3000)
    assert.equal(open.length, 500)
  })
})

describe('the registrations of real phones', () => {
  const profile = profileOf({ domains: { 'sms.test': 'AC1' }, auth: { register: 'trust' } })
  const take = (front: Front, name: string, flow = flowOf()): Promise<Reply> =>
    new Promise((resolve) => front.registrar.take(capture(name, flow), resolve))

  const phones: [string, string, string, string][] = [
    ['bob', 'baresip-register-auth', 'baresip-register-unregister-auth', 'sip:bob-0x55a819d29d80@127.0.0.1:5082'],
    ['alice', 'linphonec-register-auth', 'linphonec-register-unregister-auth', 'sip:alice@127.0.0.1:5081;transport=udp'],
  ]
  for (const [user, first, last, uri] of phones) {
    it(`${first} is bound, and gone with ${last}`, async () => {
      const front = await frontOf({ profile })
      front.core.user(user, 'x', { domain: 'sms.test' })
      const reply = await take(front, first)
      assert.equal(reply.status, 200)
      const [bound] = front.registrar.contacts(`${user}@sms.test`)
      assert.equal(bound?.uri, uri)
      assert.match(bound.instance ?? '', /^<urn:uuid:/)
      assert.equal(valuesOf(reply, 'Contact')[0], `<${uri}>;expires=120;+sip.instance="${bound.instance}"`)
      assert.equal((await take(front, last)).status, 200)
      assert.equal(front.registrar.size(), 0)
    })
  }

  it('linphone by TCP is bound to its connection', async () => {
    const front = await frontOf({ profile })
    front.core.user('carol', 'x', { domain: 'sms.test' })
    const flow = flowOf('127.0.0.1', 33_922, 'tcp', 1)
    assert.equal((await take(front, 'linphone-tcp-register-sha256-auth', flow)).status, 200)
    assert.equal(front.registrar.contacts('carol@sms.test')[0]!.userAgent, 'linphonec-test/5.1.65')
    flow.close()
    assert.equal(front.registrar.size(), 0)
  })

  it('are challenged, with their credentials for another nonce called stale', async () => {
    const front = await frontOf({ profile: profileOf({ domains: { 'sms.test': 'AC1' } }) })
    front.core.user('bob', 'secret-bob', { domain: 'sms.test' })
    assert.doesNotMatch(valuesOf(await take(front, 'baresip-register'), 'WWW-Authenticate')[0]!, /stale/)
    assert.match(valuesOf(await take(front, 'baresip-register-auth'), 'WWW-Authenticate')[0]!, /stale=true/)
  })
})

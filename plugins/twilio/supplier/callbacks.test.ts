import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { AcceptRefused, type MessageView, type RefusalWhy } from '../../../src/plugin.ts'
import { assert as holds, asyncProperty, dictionary, string } from 'fast-check'
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks.js'
import { ownNumber } from '../messages.fixture.ts'
import { twilio } from '../index.ts'
import { signature } from '../signature.ts'
import { configOf, facade, message, ours, secret, type Facade, type Ours } from './facade.fixture.ts'

for (const way of ['hot', 'router'] as const)
  describe(`callbacks, ${way === 'hot' ? 'taken before express' : 'through express'}`, () => {
    async function started(t: TestContext): Promise<{ peer: Facade; us: Ours; token: string }> {
      const peer = await facade()
      t.after(() => peer.close())
      const us = await ours(configOf(peer), way)
      t.after(() => us.close())
      return { peer, us, token: peer.world.root.token }
    }

    interface Said {
      token?: string
      signed?: string
      path?: string
      method?: string
      headers?: Record<string, string>
      body?: string
    }
    async function say(us: Ours, what: 'status' | 'inbound', params: Record<string, string>, over: Said = {}): Promise<Response> {
      const url = `${us.url}${over.path ?? `/twilio/${secret}/${what}`}`
      const { method = 'POST', token = us.gateway.bind.config.authToken } = over
      const query = new URLSearchParams(params).toString()
      const asked = method === 'POST' ? url : `${url}?${query}`
      return await fetch(asked, {
        method,
        headers: {
          'x-twilio-signature': over.signed ?? signature(token, asked, method === 'POST' ? params : undefined),
          ...(method === 'POST' ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
          ...over.headers,
        },
        ...(method === 'POST' ? { body: over.body ?? query } : {}),
      })
    }
    const inbound = { MessageSid: `SM${'1'.repeat(32)}`, From: '+447700900123', To: ownNumber, Body: 'a reply', NumMedia: '0' }

    test('what a facade reports of a message that it took is its receipt', async (t) => {
      const { peer, us } = await started(t)
      const session = await us.dial()
      const taken = await session.send!({ message: message('x'), segments: [], attempt: 0 }, new AbortController().signal)
      assert.ok(taken.ok)
      const [{ message: theirs } = {} as MessageView] = peer.world.views.values()
      const hooks = await twilio.dial!(peer.world.gateway, new AbortController().signal)
      t.after(() => hooks.close())
      const at = Date.parse('2026-03-01T12:00:59Z')
      for (const report of [
        { state: 'sent', at },
        { state: 'delivered', at, doneAt: at },
        { state: 'undelivered', at, failure: { kind: 'permanent', code: 'absent-subscriber' } },
        { state: 'failed', at, failure: { kind: 'permanent', code: 'filtered' } },
        { state: 'expired', at },
        { state: 'canceled', at },
      ] as const) {
        const told = await hooks.report!(theirs, report, new AbortController().signal)
        assert.ok(told.ok, JSON.stringify(told))
      }
      const [ref] = taken.refs
      assert.deepEqual(
        us.receipts.map(({ wire: _wire, ...receipt }) => receipt),
        [
          { ref, state: 'enroute', final: false },
          { ref, state: 'delivered', final: true, doneAt: Date.parse('2026-03-01T12:00:00Z') },
          { ref, state: 'undeliverable', final: true, error: '30003', failure: failed('absent-subscriber', 30003) },
          { ref, state: 'undeliverable', final: true, error: '30007', failure: failed('filtered', 30007) },
          { ref, state: 'expired', final: true, error: '30036', failure: failed('expired', 30036) },
          { ref, state: 'deleted', final: true, failure: { kind: 'permanent', code: 'canceled' } },
        ],
      )
      assert.equal(us.receipts[2]!.wire, 'MessageStatus=undelivered ErrorCode=30003')
    })
    const failed = (code: string, number: number) => ({ kind: 'permanent', code, peer: `code ${number}`, peerCode: String(number) })

    test('states that say nothing new, and words nobody knows, are taken and change nothing', async (t) => {
      const { us } = await started(t)
      for (const MessageStatus of ['queued', 'accepted', 'sending', 'scheduled', 'constructor', 'lost in space'])
        assert.equal((await say(us, 'status', { MessageSid: 'SM1', MessageStatus })).status, 200, MessageStatus)
      assert.deepEqual(us.receipts, [])
    })

    test('an inbound message is accepted once under its SID, and answered with empty TwiML', async (t) => {
      const { us } = await started(t)
      const answer = await say(us, 'inbound', inbound)
      assert.equal(answer.status, 200)
      assert.match(answer.headers.get('content-type') ?? '', /^text\/xml/)
      assert.equal(await answer.text(), '<?xml version="1.0" encoding="UTF-8"?>\n<Response/>')
      assert.deepEqual(us.accepted, [
        {
          from: { value: '+447700900123', ton: 'international', npi: 'e164' },
          to: { value: ownNumber, ton: 'international', npi: 'e164' },
          body: { kind: 'text', text: 'a reply' },
          ref: inbound.MessageSid,
          priority: 1,
          receipt: 'none',
          idempotencyKey: `${us.gateway.bind.id} ${inbound.MessageSid}`,
        },
      ])
      assert.equal((await say(us, 'inbound', inbound, { method: 'GET' })).status, 200)
      assert.deepEqual(us.accepted[1], us.accepted[0], 'by GET it says the same')
    })

    test('media of an inbound message follows its text, by address', async (t) => {
      const { us } = await started(t)
      await say(us, 'inbound', { ...inbound, NumMedia: '2', MediaUrl0: 'https://m.example/0', MediaUrl1: 'https://m.example/1' })
      await say(us, 'inbound', { ...inbound, Body: '', MediaUrl0: 'https://m.example/0' })
      assert.deepEqual(
        us.accepted.map(({ body }) => body.kind === 'text' && body.text),
        ['a reply\nhttps://m.example/0\nhttps://m.example/1', 'https://m.example/0'],
      )
    })

    test('is acknowledged only when it is durable, and refused when it cannot be', async (t) => {
      const { us } = await started(t)
      let commit = (): void => {}
      let heard = 0
      for (const ask of [() => say(us, 'status', { MessageSid: 'SM1', MessageStatus: 'delivered' }), () => say(us, 'inbound', inbound)]) {
        const asked = new Promise<void>((resolve) => {
          us.durable = () => {
            resolve()
            return new Promise<void>((done) => (commit = done))
          }
        })
        heard = 0
        const saying = ask().then(({ status }) => (heard = status))
        await asked
        await new Promise((resolve) => setTimeout(resolve, 50))
        assert.equal(heard, 0)
        commit()
        assert.equal(await saying, 200)
        us.durable = () => Promise.reject(new Error('disk full'))
        assert.equal((await ask()).status, 500)
      }
      const refusals: [RefusalWhy, number][] = [
        ['busy', 503],
        ['queue-full', 429],
        ['throttled', 429],
        ['invalid', 400],
        ['source-not-allowed', 400],
      ]
      for (const [why, status] of refusals) {
        us.durable = () => Promise.reject(new AcceptRefused(why, 'no'))
        assert.equal((await say(us, 'inbound', inbound)).status, status, why)
      }
    })

    test('nothing is taken from whoever has not the secret and the token', async (t) => {
      const { us, token } = await started(t)
      const delivered = { MessageSid: 'SM1', MessageStatus: 'delivered' }
      const url = `${us.url}/twilio/${secret}/status`
      const cases: [string, number, Said][] = [
        ['signed with another token', 403, { token: 'another' }],
        ['not signed', 403, { headers: { 'x-twilio-signature': '' } }],
        ['signed for another address', 403, { signed: signature(token, url.replace('status', 'inbound'), delivered) }],
        ['signed for other words', 403, { signed: signature(token, url, { ...delivered, MessageStatus: 'failed' }) }],
        [
          'more than was signed',
          403,
          { signed: signature(token, url, delivered), body: `${new URLSearchParams(delivered).toString()}&ErrorCode=30003` },
        ],
        ['garbage for a signature', 403, { signed: 'é'.repeat(10) }],
        ['another secret', 404, { path: `/twilio/${'x'.repeat(28)}/status` }],
        ['another path', 404, { path: `/twilio/${secret}/reports` }],
        ['status by GET', 405, { method: 'GET' }],
        ['status by PUT', 405, { method: 'PUT' }],
      ]
      for (const [what, status, over] of cases) {
        if (over.signed?.startsWith('é')) over.signed = Buffer.from(over.signed).toString('latin1')
        const answer = await say(us, 'status', delivered, over)
        assert.equal(answer.status, status, what)
        assert.ok(!(await answer.text()).includes(token))
      }
      assert.deepEqual([us.receipts, us.accepted], [[], []])
      const said = us.log.join('\n')
      assert.match(said, /signature is not right/)
      for (const word of [secret, token]) assert.ok(!said.includes(word))
    })

    test('binds of one secret are told apart by their tokens', async (t) => {
      const { us } = await started(t)
      const taken: string[] = []
      const { gateway } = us
      us.binds.push({
        ...gateway,
        bind: { ...gateway.bind, id: 'AC2/other', config: { ...gateway.bind.config, authToken: 'other' } },
        receipt: async ({ ref }) => (taken.push(ref), 'matched'),
      })
      await say(us, 'status', { MessageSid: 'SM1', MessageStatus: 'sent' })
      await say(us, 'status', { MessageSid: 'SM2', MessageStatus: 'sent' }, { token: 'other' })
      assert.deepEqual([us.receipts.map(({ ref }) => ref), taken], [['SM1'], ['SM2']])
    })

    test('while a token is being changed, signatures of both are good', async (t) => {
      const { us } = await started(t)
      const told = { MessageSid: 'SM1', MessageStatus: 'sent' }
      assert.equal((await say(us, 'status', told, { token: 'next' })).status, 403)
      us.gateway.bind.config.secondaryAuthToken = 'next'
      for (const token of ['next', us.gateway.bind.config.authToken]) assert.equal((await say(us, 'status', told, { token })).status, 200)
      assert.equal((await say(us, 'status', told, { token: 'third' })).status, 403)
    })

    test('what is malformed, incomplete or too long is refused', async (t) => {
      const { us, token } = await started(t)
      const url = (what: string): string => `${us.url}/twilio/${secret}/${what}`
      assert.equal((await say(us, 'status', {})).status, 400)
      assert.equal((await say(us, 'status', { MessageSid: 'x'.repeat(65), MessageStatus: 'sent' })).status, 400)
      assert.equal((await say(us, 'status', { MessageSid: 'SM1' })).status, 400)
      assert.equal((await say(us, 'status', {}, { signed: signature(token, url('status'), {}), body: 'a=%zz' })).status, 400)
      assert.equal((await say(us, 'status', { Body: 'x'.repeat(70_000) })).status, 413)
      for (const wrong of [{ From: 'whatsapp:+447700900123' }, { To: '' }, { From: 'x'.repeat(40) }, { MessageSid: '' }])
        assert.equal((await say(us, 'inbound', { ...inbound, ...wrong })).status, 400, JSON.stringify(wrong))
      assert.deepEqual([us.receipts, us.accepted], [[], []])
    })
  })

test('a signature over the address with the scheme’s own port is as good as one without', async (t) => {
  const peer = await facade()
  t.after(() => peer.close())
  const us = await ours(configOf(peer))
  t.after(() => us.close())
  const { token } = peer.world.root
  const params = { MessageSid: 'SM1', MessageStatus: 'sent' }
  const path = `/twilio/${secret}/status`
  const host = {
    ...peer.world.host,
    publicUrl: 'https://sms.example',
    calling: () => us.binds,
  }
  const { hot } = twilio.http!(host)
  const ask = (signedUrl: string): Promise<number> =>
    new Promise((resolve) => {
      hot!.serve(
        {
          method: 'POST',
          url: path,
          header: () => signature(token, signedUrl, params),
          body: Buffer.from(new URLSearchParams(params).toString()),
          remoteAddress: '',
        },
        ({ status }) => resolve(status),
      )
    })
  assert.equal(await ask(`https://sms.example${path}`), 200)
  assert.equal(await ask(`https://sms.example:443${path}`), 200)
  for (const other of ['https://sms.example:80', 'http://sms.example', 'https://sms.example:8443'])
    assert.equal(await ask(other + path), 403)
})

test('what the official package signs is taken, whatever it says, and ends in an answer', async (t) => {
  const peer = await facade()
  t.after(() => peer.close())
  const us = await ours(configOf(peer))
  t.after(() => us.close())
  const { hot } = twilio.http!({ ...peer.world.host, publicUrl: 'https://sms.example', calling: () => us.binds })
  const ask = (path: string, body: string, signed: string): Promise<number> =>
    new Promise((resolve) => {
      const request = { method: 'POST', url: path, header: () => signed, body: Buffer.from(body), remoteAddress: '' }
      hot!.serve(request, ({ status }) => resolve(status))
    })
  const words = string({ unit: 'grapheme', maxLength: 30 })
  await holds(
    asyncProperty(dictionary(words, words, { maxKeys: 5 }), words, words, async (more, MessageSid, state) => {
      for (const what of ['status', 'inbound']) {
        const path = `/twilio/${secret}/${what}`
        const params = { ...more, MessageSid, MessageStatus: state, From: '+447700900123', To: ownNumber }
        const body = new URLSearchParams(params).toString()
        const signed = getExpectedTwilioSignature(peer.world.root.token, `https://sms.example${path}`, params)
        const right = MessageSid !== '' && MessageSid.length <= 64 && (what === 'inbound' || state !== '')
        assert.equal(await ask(path, body, signed), right ? 200 : 400)
        assert.equal(await ask(path, `${body}&added=1`, signed), 403)
      }
    }),
    { numRuns: 200 },
  )
  assert.ok(us.accepted.length > 0)
})

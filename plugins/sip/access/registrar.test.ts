import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HeaderLines } from '../codec/index.ts'
import { frontOf, valuesOf } from './access.fixture.ts'
import { contact, house, register, uris } from './registering.fixture.ts'

describe('REGISTER', () => {
  it('is challenged by 401 in the realm of its domain, and done with the right password', async () => {
    const front = await frontOf()
    front.core.user('alice')
    const headers = contact('<sip:alice@192.0.2.1:5060>')
    const challenged = await front.ask({ headers })
    assert.equal(challenged.status, 401)
    assert.match(valuesOf(challenged, 'WWW-Authenticate')[0]!, /realm="acme\.example"/)
    assert.deepEqual(uris(front), [])
    const reply = await front.register({ headers })
    assert.equal(reply.status, 200)
    assert.deepEqual(valuesOf(reply, 'Contact'), ['<sip:alice@192.0.2.1:5060>;expires=1800'])
    assert.equal(valuesOf(reply, 'Date')[0], 'Thu, 01 Jan 2026 00:00:00 GMT')
    assert.deepEqual(uris(front), ['sip:alice@192.0.2.1:5060'])
  })

  it('of another user, with a wrong password or for nobody is challenged alike', async () => {
    const front = await frontOf()
    front.core.user('alice')
    front.core.user('bob', 'other')
    const headers = contact('<sip:a@192.0.2.1>')
    for (const given of [
      { password: 'guess' },
      { username: 'bob', password: 'other' },
      { from: '<sip:nobody@acme.example>' },
      { from: '<sip:alice@nowhere.example>' },
    ]) {
      const reply = await front.register({ headers, ...given })
      assert.equal(reply.status, 401)
      assert.equal(reply.headers?.length, 2)
    }
    assert.equal(front.registrar.size(), 0)
  })

  it('without an address of record is refused', async () => {
    const front = await house()
    for (const from of ['<sip:acme.example>', '<tel:+15550001111>']) assert.equal((await register(front, [], { from })).status, 400)
  })

  it('of nobody, where nobody is challenged, finds nobody', async () => {
    const front = await house()
    assert.equal((await register(front, contact('<sip:x@192.0.2.1>'), { from: '<sip:nobody@acme.example>' })).status, 404)
  })

  it('knows an AOR in any case, and credentials in a second REGISTER by the same nonce', async () => {
    const front = await frontOf()
    front.core.user('alice')
    await front.register({ from: '"A" <sip:Alice@ACME.example;transport=udp>', headers: contact('<sip:alice@192.0.2.1>') })
    assert.equal(uris(front).length, 1)
  })

  it('without a Contact only asks', async () => {
    const front = await house()
    assert.deepEqual(valuesOf(await register(front, []), 'Contact'), [])
    await register(front, contact('<sip:a@192.0.2.1>;q=0.5;expires=100;+sip.instance="<urn:uuid:1>"'))
    await front.clock.advance(40_500)
    const reply = await register(front, [])
    assert.deepEqual(valuesOf(reply, 'Contact'), ['<sip:a@192.0.2.1>;expires=60;q=0.5;+sip.instance="<urn:uuid:1>"'])
  })

  it('keeps to the bounds: too brief is 423, too long is less, a fault is the default', async () => {
    const front = await house()
    const brief = await register(front, contact('<sip:a@192.0.2.1>', '<sip:b@192.0.2.1>;expires=59'))
    assert.equal(brief.status, 423)
    assert.deepEqual(valuesOf(brief, 'Min-Expires'), ['60'])
    assert.equal(front.registrar.size(), 0, 'nor is the other one bound')
    const expiresOf = async (headers: HeaderLines): Promise<string> =>
      valuesOf(await register(front, headers), 'Contact')[0]!.split('expires=')[1]!
    assert.equal(await expiresOf([...contact('<sip:a@192.0.2.1>'), 'Expires', '60']), '60')
    assert.equal(await expiresOf([...contact('<sip:a@192.0.2.1>;expires=90'), 'Expires', '60']), '90')
    assert.equal(await expiresOf([...contact('<sip:a@192.0.2.1>'), 'Expires', '99999999999999999999']), '3600')
    assert.equal(await expiresOf([...contact('<sip:a@192.0.2.1>'), 'Expires', '-1']), '1800')
    assert.equal(await expiresOf(contact('<sip:a@192.0.2.1>')), '1800')
  })

  it('binds several contacts, removes one, and all of them with *', async () => {
    const front = await house()
    await register(front, [
      'Contact',
      '<sip:a@192.0.2.1>, "B, the second" <sip:b@192.0.2.1;transport=tcp>',
      'm',
      'sip:c@192.0.2.1;expires=100',
    ])
    assert.deepEqual(uris(front).toSorted(), ['sip:a@192.0.2.1', 'sip:b@192.0.2.1;transport=tcp', 'sip:c@192.0.2.1'])
    await register(front, contact('<sip:b@192.0.2.1;transport=TCP>;expires=0'))
    assert.deepEqual(uris(front).toSorted(), ['sip:a@192.0.2.1', 'sip:c@192.0.2.1'])
    assert.equal((await register(front, contact('*'))).status, 400)
    assert.equal((await register(front, ['Contact', '*', 'Expires', '60'])).status, 400)
    assert.equal((await register(front, ['Contact', '*, <sip:a@192.0.2.1>', 'Expires', '0'])).status, 400)
    assert.equal(uris(front).length, 2)
    const reply = await register(front, ['Contact', '*', 'Expires', '0'])
    assert.deepEqual([reply.status, valuesOf(reply, 'Contact')], [200, []])
    assert.equal(front.registrar.size(), 0)
  })

  it('that comes late changes nothing, not even of what else it says', async () => {
    const front = await house()
    await register(front, contact('<sip:a@192.0.2.1>'), { callId: 'one', cseq: 5 })
    for (const headers of [
      contact('<sip:b@192.0.2.1>', '<sip:a@192.0.2.1>;expires=0'),
      ['Contact', '*', 'Expires', '0'],
    ] as HeaderLines[]) {
      for (const late of [4, 5]) assert.equal((await register(front, headers, { callId: 'one', cseq: late })).status, 400)
    }
    assert.deepEqual(uris(front), ['sip:a@192.0.2.1'])
    assert.equal((await register(front, contact('<sip:a@192.0.2.1>;expires=0'), { callId: 'two', cseq: 1 })).status, 200)
    assert.deepEqual(uris(front), [])
  })

  it('has as many contacts as the profile allows, and refreshes those that it has', async () => {
    const front = await house()
    await register(front, contact('<sip:a@192.0.2.1>', '<sip:b@192.0.2.1>', '<sip:c@192.0.2.1>'))
    assert.equal((await register(front, contact('<sip:d@192.0.2.1>'))).status, 403)
    assert.equal(
      (await register(front, contact('<sip:a@192.0.2.1>', '<sip:b@192.0.2.1>', '<sip:c@192.0.2.1>', '<sip:d@192.0.2.1>'))).status,
      403,
    )
    assert.equal((await register(front, contact('<sip:c@192.0.2.1>'))).status, 200)
    assert.equal((await register(front, contact('<sip:c@192.0.2.1>;expires=0', '<sip:d@192.0.2.1>'))).status, 200)
    assert.deepEqual(uris(front).toSorted(), ['sip:a@192.0.2.1', 'sip:b@192.0.2.1', 'sip:d@192.0.2.1'])
  })

  const bad: [string, HeaderLines][] = [
    ['a Contact that cannot be read', contact('<sip:a@192.0.2.1')],
    ['a Contact that is no SIP URI', contact('<mailto:a@acme.example>')],
    ['a Contact that is a number', contact('<tel:+15550001111>')],
    ['q above 1', contact('<sip:a@192.0.2.1>;q=1.1')],
    ['reg-id 0', contact('<sip:a@192.0.2.1>;reg-id=0;+sip.instance="<urn:uuid:1>"')],
    ['a Contact beyond all measure', contact(`<sip:${'a'.repeat(1100)}@192.0.2.1>`)],
    ['an instance beyond all measure', contact(`<sip:a@192.0.2.1>;+sip.instance="<${'a'.repeat(300)}>"`)],
    ['a Path that cannot be read', [...contact('<sip:a@192.0.2.1>'), 'Path', '<sip:p']],
    ['too many Paths', [...contact('<sip:a@192.0.2.1>'), 'Path', Array.from({ length: 11 }, (_, n) => `<sip:p${n}>`).join(',')]],
  ]
  for (const [what, headers] of bad) {
    it(`with ${what} is refused with a Warning, and nothing is bound`, async () => {
      const front = await house()
      const reply = await register(front, headers)
      assert.equal(reply.status, 400)
      assert.match(valuesOf(reply, 'Warning')[0]!, /^399 signalbox "/)
      assert.equal(front.registrar.size(), 0)
    })
  }

  it('is slowed by address', async () => {
    const front = await house({ safety: { requestsPerSecondPerAddress: 1 } })
    const statuses: number[] = []
    for (let n = 0; n < 4; n++) statuses.push((await register(front, [])).status)
    assert.deepEqual(statuses, [200, 200, 503, 503])
  })

  it('of a suspended account is refused once the password is right', async () => {
    const front = await frontOf()
    front.core.user('alice')
    front.core.accounts.get('AC1')!.status = 'suspended'
    assert.equal((await front.register({ password: 'guess' })).status, 401)
    assert.equal((await front.register()).status, 403)
  })
})

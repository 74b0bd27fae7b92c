// What phones submit: answered 202 once it is durable, then told by RP-ACK or RP-ERROR.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as fc from 'fast-check'
import { AcceptRefused, encodeUcs2, type RefusalWhy } from '../../../src/plugin.ts'
import { header, now } from '../message/message.fixture.ts'
import { coreOf, type Core, later, own, phoneUri, submitOf, submitted } from './ims.fixture.ts'
import { writeRp } from './rp.ts'
import { timeAt, writeTpdu } from './tpdu/index.ts'
import { octetsOf, rpVectors } from './vectors.fixture.ts'

async function taken(core: Core, more: Parameters<typeof submitted>[0] = {}, callId?: string): Promise<void> {
  const reply = await core.hears(submitted(more), callId === undefined ? {} : { callId })
  assert.equal(reply.status, 202, JSON.stringify(reply))
}

/** What the phone is told in place of RP-ACK. */
async function refusedWith(core: Core, more: Parameters<typeof submitted>[0] = {}): Promise<[cause: number, fcs: number | undefined]> {
  await taken(core, more)
  await later()
  assert.deepEqual([core.accepted.length, core.parts.length], [0, 0])
  const [told, ...others] = core.told
  assert.ok(told && others.length === 0 && told.rp.type === 'RP-ERROR')
  assert.equal(told.rp.reference, 5)
  assert.ok(told.tpdu?.type === 'submit-report')
  return [told.rp.cause, told.tpdu.fcs]
}

describe('an SMS-SUBMIT', () => {
  test('is answered 202 when it is durable, and then acknowledged in a MESSAGE of its own', async () => {
    const core = coreOf({ terms: { ims: { identity: 'sip:ip-sm-gw.ims.example', answerMs: 40_000, quarters: 8 } } })
    let done = (): void => {}
    core.durable = () => new Promise((resolve) => (done = resolve))
    let status: number | undefined
    void core.hears(submitted(), { callId: 'abc' }).then((reply) => (status = reply.status))
    await later()
    assert.deepEqual([status, core.told.length], [undefined, 0])
    done()
    await later()
    assert.equal(status, 202)
    const [told] = core.told
    assert.ok(told)
    const { request, rp, tpdu } = told
    assert.deepEqual([rp.type, rp.way, rp.reference], ['RP-ACK', 'mt', 5])
    assert.deepEqual(tpdu, { type: 'submit-report', scts: timeAt(now, 8) })
    assert.equal(header(request.headers, 'In-Reply-To'), 'abc')
    assert.equal(header(request.headers, 'Content-Type'), 'application/vnd.3gpp.sms')
    assert.equal(header(request.headers, 'Accept-Contact'), '*;+g.3gpp.smsip;require;explicit')
    assert.equal(header(request.headers, 'Request-Disposition'), 'no-fork')
    assert.equal(header(request.headers, 'P-Asserted-Identity'), '<sip:ip-sm-gw.ims.example>')
    assert.equal(header(request.headers, 'Route'), '<sip:p-cscf.ims.example;lr>')
    assert.equal(request.uri, phoneUri)
    assert.deepEqual([request.from, request.to], ['<sip:ip-sm-gw.ims.example>', '<sip:alice@acme.example>'])
    assert.notEqual(request.callId, 'abc')
  })

  test('captured from a phone becomes a message of its number', async () => {
    const core = coreOf()
    await core.hears(Buffer.from('00020007913386094000F01001840A816000000000000004D4F29C0E', 'hex'))
    const [submission] = core.accepted
    assert.deepEqual(submission?.body, { kind: 'text', text: 'Test' })
    assert.deepEqual(submission?.from, own)
    // As dialled: nobody has said in which country.
    assert.deepEqual(submission?.to, { value: '0600000000', ton: 'unknown', npi: 'e164' })
    assert.equal(submission?.receipt, 'none')
    assert.equal(submission?.validUntil, undefined)
    await later()
    assert.equal(Buffer.from(core.told[0]!.request.body).toString('hex'), '03024109010062111241509000')
  })

  test('goes to whom it was dialled: by the country, by the rewrites of the bind, as a short code', async () => {
    const dialled = async (value: string, ton: number, given: Parameters<typeof coreOf>[0] = {}): Promise<string> => {
      const core = coreOf(given)
      await taken(core, { destination: { ton, npi: 1, value } })
      return `${core.accepted[0]?.to.ton} ${core.accepted[0]?.to.value}`
    }
    const french = { terms: { ims: { country: 'FR', answerMs: 40_000, quarters: 0 } } }
    assert.equal(await dialled('0612345678', 0, french), 'international +33612345678')
    assert.equal(await dialled('612345678', 2, french), 'international +33612345678')
    assert.equal(await dialled('33612345678', 1, french), 'international +33612345678')
    assert.equal(await dialled('38000', 0, french), 'abbreviated 38000')
    assert.equal(await dialled('0015550001111', 0, { policy: { destinationRewrites: { '00': '+' } } }), 'international +15550001111')
    assert.equal(await dialled('612345678', 2), 'national 612345678')
  })

  const table: Record<RefusalWhy, [cause: number, fcs: number]> = {
    'no-route': [1, 0xc3],
    suspended: [8, 0xc1],
    busy: [42, 0xc0],
    invalid: [96, 0xff],
    'source-not-allowed': [50, 0xc1],
    'destination-not-allowed': [10, 0xc4],
    'opted-out': [10, 0xc4],
    'too-short': [21, 0xff],
    'too-long': [21, 0xff],
    validity: [21, 0xc7],
    throttled: [42, 0xc0],
    'queue-full': [42, 0xc0],
    quota: [42, 0xc0],
    loop: [1, 0xc3],
  }
  for (const [why, expected] of Object.entries(table)) {
    test(`is answered by RP-ERROR ${expected[0]} when the core refuses as ${why}`, async () => {
      const core = coreOf()
      core.durable = () => Promise.reject(new AcceptRefused(why as RefusalWhy, 'why'))
      assert.deepEqual(await refusedWith(core), expected)
    })
  }

  test('is answered by RP-ERROR 41 after an error of ours, and taken when it comes again', async () => {
    const core = coreOf()
    core.durable = () => Promise.reject(new Error('unforeseen'))
    assert.deepEqual(await refusedWith(core), [41, 0xff])
    core.durable = () => Promise.resolve()
    await taken(core)
    assert.equal(core.accepted.length, 1)
  })

  test('that comes again, reference and Call-ID the same, is one message and acknowledged again', async () => {
    const core = coreOf()
    let done = (): void => {}
    const gate = new Promise<void>((resolve) => (done = resolve))
    core.durable = () => gate
    const both = Promise.all([core.hears(submitted(), { callId: 'same' }), core.hears(submitted(), { callId: 'same' })])
    done()
    assert.deepEqual(
      (await both).map((reply) => reply.status),
      [202, 202],
    )
    await core.hears(submitted(), { callId: 'same' })
    await later()
    assert.equal(core.accepted.length, 1)
    assert.deepEqual(
      core.told.map(({ rp }) => rp.type),
      ['RP-ACK', 'RP-ACK', 'RP-ACK'],
    )
    await core.hears(submitted(), { callId: 'another' })
    assert.equal(core.accepted.length, 2)
    // After a restart memory is gone: the store knows the key.
    assert.match(core.accepted[0]?.idempotencyKey ?? '', /^sip ./)
  })

  test('with TP-RD is refused when one with its TP-MR was taken under another Call-ID', async () => {
    const core = coreOf()
    await taken(core, { mr: 9 }, 'one')
    await taken(core, { mr: 9, rejectDuplicates: true }, 'two')
    await later()
    assert.equal(core.accepted.length, 1)
    const { rp, tpdu } = core.told[1]!
    assert.ok(rp.type === 'RP-ERROR' && tpdu?.type === 'submit-report')
    assert.deepEqual([rp.cause, tpdu.fcs], [21, 0xc5])
    await taken(core, { mr: 10, rejectDuplicates: true }, 'three')
    await core.clock.advance(700_000)
    await taken(core, { mr: 9, rejectDuplicates: true }, 'four')
    assert.equal(core.accepted.length, 3)
  })

  test('that was not taken is no duplicate', async () => {
    const core = coreOf()
    core.durable = () => Promise.reject(new AcceptRefused('busy', 'later'))
    await taken(core, { mr: 9 }, 'one')
    core.durable = () => Promise.resolve()
    await taken(core, { mr: 9, rejectDuplicates: true }, 'two')
    assert.equal(core.accepted.length, 1)
  })
})

describe('what it says', () => {
  test('is text in either alphabet, with its class', async () => {
    const core = coreOf()
    await taken(core, { dcs: 0x10, userData: { data: Uint8Array.of(0x48, 0x1b, 0x65) } })
    await taken(core, { dcs: 0x08, userData: { data: encodeUcs2('Привет 👋') } })
    await taken(core, { dcs: 0x19, userData: { data: encodeUcs2('plain') } })
    assert.deepEqual(
      core.accepted.map(({ body }) => body),
      [
        { kind: 'text', text: 'H€', messageClass: 0 },
        { kind: 'text', text: 'Привет 👋' },
        { kind: 'text', text: 'plain', ucs2: true, messageClass: 1 },
      ],
    )
  })

  test('is octets with their header, where they are binary or an application has its ports', async () => {
    const core = coreOf()
    const ports = Uint8Array.of(0x05, 0x04, 0x0b, 0x84, 0x23, 0xf0)
    await taken(core, { dcs: 0x04, userData: { data: Uint8Array.of(1, 2, 0xff) } })
    await taken(core, { dcs: 0x00, userData: { udh: ports, data: Uint8Array.of(0x48) } })
    assert.deepEqual(
      core.accepted.map(({ body }) => body),
      [
        { kind: 'binary', data: Uint8Array.of(1, 2, 0xff) },
        { kind: 'binary', data: Uint8Array.of(0x48), udh: ports },
      ],
    )
  })

  test('is one part of a long message', async () => {
    const core = coreOf()
    const part = (index: number): Uint8Array => Uint8Array.of(0x00, 0x03, 0x4c, 2, index)
    await taken(core, { mr: 1, userData: { udh: part(1), data: Uint8Array.from(Buffer.from('one ')) } })
    await taken(core, { mr: 2, statusReportRequest: true, userData: { udh: part(2), data: Uint8Array.from(Buffer.from('two')) } })
    await taken(core, { mr: 3, dcs: 0x04, userData: { udh: Uint8Array.of(...part(1), 0x70, 0x00), data: Uint8Array.of(9) } })
    assert.deepEqual(
      core.parts.map(({ reference, total, index, submission }) => [reference, total, index, submission.body, submission.receipt]),
      [
        [0x4c, 2, 1, { kind: 'text', text: 'one ' }, 'none'],
        [0x4c, 2, 2, { kind: 'text', text: 'two' }, 'both'],
        [0x4c, 2, 1, { kind: 'binary', data: Uint8Array.of(9), udh: Uint8Array.of(0x70, 0x00) }, 'none'],
      ],
    )
    await later()
    assert.deepEqual(
      core.told.map(({ rp }) => rp.type),
      ['RP-ACK', 'RP-ACK', 'RP-ACK'],
    )
  })

  test('that is a part and comes again is one part', async () => {
    const core = coreOf()
    const udh = Uint8Array.of(0x00, 0x03, 0x4c, 2, 1)
    for (let i = 0; i < 2; i++) await taken(core, { userData: { udh, data: Uint8Array.of(0x48) } }, 'same')
    assert.equal(core.parts.length, 1)
  })

  test('keeps a message waiting indication and the TP-PID', async () => {
    const core = coreOf()
    await taken(core, { dcs: 0xd8, pid: 0x41 })
    assert.deepEqual(core.accepted[0]?.extras, { waiting: 'voicemail:on:store', 'tp-pid': '65' })
  })

  test('is worth delivering as long as TP-VP says, once only by a single shot', async () => {
    const core = coreOf()
    await taken(core, { validity: { form: 'absolute', time: timeAt(now + 90_000, 4) } })
    await taken(core, { validity: { form: 'enhanced', octets: Uint8Array.of(0x42, 30, 0, 0, 0, 0, 0) } })
    assert.deepEqual(
      core.accepted.map(({ validUntil, mode }) => [validUntil, mode]),
      [
        [now + 90_000 - ((now + 90_000) % 1000), undefined],
        [now + 30_000, 'datagram'],
      ],
    )
  })
})

describe('what is refused at once', () => {
  const refusals: [what: string, more: Parameters<typeof submitted>[0], cause: number, fcs: number][] = [
    ['no number', { destination: { ton: 5, npi: 0, value: 'ACME' } }, 28, 0xc3],
    ['an empty one', { destination: { ton: 1, npi: 1, value: '' } }, 28, 0xc3],
    ['compressed text', { dcs: 0x20 }, 111, 0x90],
    ['type 0, which only asks whether a phone is on', { pid: 0x40 }, 111, 0x81],
    ['telefax', { pid: 0x22 }, 111, 0x80],
    ['a validity that is over', { validity: { form: 'absolute', time: timeAt(now - 1000) } }, 21, 0xc7],
    ['a validity that means nothing', { validity: { form: 'enhanced', octets: Uint8Array.of(7, 0, 0, 0, 0, 0, 0) } }, 21, 0xc7],
  ]
  for (const [what, more, cause, fcs] of refusals) {
    test(`${what}: RP-ERROR ${cause}, TP-FCS 0x${fcs.toString(16)}`, async () => {
      assert.deepEqual(await refusedWith(coreOf(), more), [cause, fcs])
    })
  }

  test('a sender that is not the phone\u2019s: RP-ERROR 50', async () => {
    const core = coreOf()
    const reply = await core.hears(submitted(), { from: '<sip:+15559999999@acme.example>;tag=a' })
    await later()
    assert.equal(reply.status, 202)
    assert.equal(core.accepted.length, 0)
    const { rp } = core.told[0]!
    assert.equal(rp.type === 'RP-ERROR' && rp.cause, 50)
  })

  const tpdus: [what: string, tpdu: Uint8Array, cause: number, fcs: number][] = [
    ['an SMS-SUBMIT that is cut', writeTpdu(submitOf()).subarray(0, 9), 96, 0xff],
    ['an SMS-DELIVER-REPORT', writeTpdu({ type: 'deliver-report' }), 98, 0xb0],
    [
      'an SMS-COMMAND',
      writeTpdu({
        type: 'command',
        statusReportRequest: false,
        mr: 1,
        pid: 0,
        commandType: 2,
        messageNumber: 17,
        destination: { ton: 1, npi: 1, value: '15550001111' },
        data: new Uint8Array(0),
      }),
      69,
      0xa1,
    ],
  ]
  for (const [what, tpdu, cause, fcs] of tpdus) {
    test(`${what}: 202, then RP-ERROR ${cause}`, async () => {
      const core = coreOf()
      const reply = await core.hears({ type: 'RP-DATA', way: 'mo', reference: 5, tpdu })
      assert.equal(reply.status, 202)
      const told = core.told[0]
      assert.ok(told?.rp.type === 'RP-ERROR' && told.tpdu?.type === 'submit-report')
      assert.deepEqual([told.rp.cause, told.tpdu.fcs, core.accepted.length], [cause, fcs, 0])
    })
  }

  test('octets that are no RP message, or one for a phone: 400 with a Warning, and nothing is sent', async () => {
    const core = coreOf()
    for (const [hex, words] of [
      ['', /RP-MTI: expected/],
      ['07', /RP-MTI 7 is reserved/],
      ['0001000C00', /RP-Destination Address length/],
      ['0302', /RP-ACK to a phone: expected one from a phone/],
    ] as const) {
      const reply = await core.hears(Buffer.from(hex, 'hex'))
      assert.equal(reply.status, 400)
      assert.match(header(reply.headers, 'Warning') ?? '', words)
    }
    assert.equal(core.told.length, 0)
  })

  test('a phone that does not take its answer costs nothing', async () => {
    const core = coreOf()
    core.phone = () => ({ kind: 'timeout', why: 'no final response' })
    await taken(core)
    await later()
    assert.equal(core.accepted.length, 1)
  })
})

test('whatever octets come are answered once, 202 or 400, and what the phone is told it can read', async () => {
  const core = coreOf()
  const known = [...rpVectors.map(({ rpdu }) => octetsOf(rpdu)), new Uint8Array(writeRp(submitted()))]
  const octet = fc.integer({ min: 0, max: 255 })
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...known), fc.array(fc.tuple(fc.nat(200), octet), { maxLength: 4 }), async (base, changes) => {
      const octets = base.slice()
      // All of them from a phone, or most would be refused by their first octet.
      octets[0] = base[0]! & 0x06
      for (const [at, value] of changes) octets[at % octets.length] = value
      const answers: number[] = []
      await core.hears(Buffer.from(octets)).then(({ status }) => answers.push(status))
      assert.ok(answers[0] === 202 || answers[0] === 400)
      await later()
    }),
    { numRuns: 500 },
  )
  assert.ok(core.accepted.length + core.parts.length > 50 && core.told.length > 100)
})

// What phones are sent: SMS-DELIVER in RP-DATA, decided by the phone's own RP-ACK or RP-ERROR.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodeText, type Outcome } from '../../../src/plugin.ts'
import { contactOf, header, messageOf, now } from '../message/message.fixture.ts'
import { ack, coreOf, type Core, error, failureOf, later, phoneUri, saying, submitted, type Told } from './ims.fixture.ts'
import { type Deliver, timeAt } from './tpdu/index.ts'

function deliverIn(told: Told | undefined): Deliver {
  assert.ok(told?.tpdu?.type === 'deliver')
  return told.tpdu
}

const textOf = ({ userData: { data, udh } }: Deliver): string => decodeText('gsm7', data, udh, true)

describe('an SMS-DELIVER', () => {
  test('is delivered when the phone says RP-ACK, not before', async () => {
    const core = coreOf({
      terms: { ims: { serviceCentre: '+447785016005', identity: 'sip:ip-sm-gw.ims.example', answerMs: 40_000, quarters: -20 } },
    })
    let outcome: Outcome | undefined
    void core.send({ body: { kind: 'text', text: 'Hello €', messageClass: 0 } }).then((said) => (outcome = said))
    await later()
    const [told] = core.told
    assert.ok(told?.rp.type === 'RP-DATA')
    assert.deepEqual(told.rp.originator, { ton: 1, npi: 1, value: '447785016005' })
    assert.equal(told.rp.destination, undefined)
    const deliver = deliverIn(told)
    assert.deepEqual(deliver.originator, { ton: 1, npi: 1, value: '15550001111' })
    assert.deepEqual([deliver.dcs, deliver.pid, deliver.moreMessages, textOf(deliver)], [0x10, 0, false, 'Hello €'])
    assert.deepEqual(deliver.scts, timeAt(now, -20))
    assert.equal(told.request.uri, phoneUri)
    assert.equal(told.request.from, '<sip:ip-sm-gw.ims.example>')
    assert.equal(header(told.request.headers, 'Accept-Contact'), '*;+g.3gpp.smsip;require;explicit')
    assert.equal(header(told.request.headers, 'Request-Disposition'), 'no-fork')
    assert.equal(header(told.request.headers, 'In-Reply-To'), undefined)
    assert.equal(outcome, undefined)
    assert.equal((await core.hears(ack(told))).status, 202)
    await later()
    const reference = told.rp.reference
    assert.deepEqual(outcome, { ok: true, refs: [], final: 'delivered', wire: [`RP-DATA ${reference} SMS-DELIVER`, `RP-ACK ${reference}`] })
  })

  test('is delivered also when RP-ACK overtakes the response', async () => {
    const core = coreOf()
    core.phone = (told) => {
      void core.hears(ack(told))
      return 200
    }
    assert.equal((await core.send()).ok, true)
  })

  const verdicts: [cause: number, fcs: number | undefined, kind: string, code: string, peerCode: string][] = [
    [22, undefined, 'temporary', 'queue-full', 'RP-22'],
    [22, 0xd3, 'temporary', 'queue-full', 'FCS-0xd3'],
    [111, 0xd0, 'temporary', 'queue-full', 'FCS-0xd0'],
    [111, 0xff, 'temporary', 'peer-error', 'RP-111'],
    [111, 0x90, 'permanent', 'invalid-body', 'FCS-0x90'],
    [21, undefined, 'permanent', 'rejected', 'RP-21'],
    [28, undefined, 'permanent', 'unknown-subscriber', 'RP-28'],
    [27, undefined, 'temporary', 'absent-subscriber', 'RP-27'],
    [77, undefined, 'temporary', 'peer-error', 'RP-77'],
  ]
  for (const [cause, fcs, kind, code, peerCode] of verdicts) {
    test(`fails as ${code} on RP-ERROR ${cause}${fcs === undefined ? '' : ` with TP-FCS 0x${fcs.toString(16)}`}`, async () => {
      const core = coreOf()
      saying(core, error(cause, fcs))
      const failure = failureOf(await core.send())
      assert.deepEqual([failure.kind, failure.code, failure.peerCode], [kind, code, peerCode])
    })
  }

  test('fails at once by a final response that is no 2xx, and by none', async () => {
    const core = coreOf()
    core.phone = () => 480
    assert.deepEqual(failureOf(await core.send()).code, 'absent-subscriber')
    core.phone = () => ({ kind: 'timeout', why: 'no final response' })
    assert.deepEqual(failureOf(await core.send()).kind, 'unknown')
    assert.equal(core.told.length, 2)
  })

  test('is unknown when the phone took it and never says what became of it', async () => {
    const core = coreOf()
    const sending = core.send()
    await later()
    await core.clock.advance(39_000)
    const { reference } = core.told[0]!.rp
    await core.clock.advance(2000)
    assert.deepEqual(failureOf(await sending), {
      kind: 'unknown',
      code: 'outcome-unknown',
      peer: 'the phone never sent RP-ACK or RP-ERROR',
      peerCode: 'RP-silent',
    })
    // A verdict that comes too late is taken from the phone and means nothing.
    assert.equal((await core.hears({ type: 'RP-ACK', way: 'mo', reference })).status, 202)
  })

  test('that is taken back costs nothing before it left, and is unknown after', async () => {
    const core = coreOf()
    const [first, second] = [new AbortController(), new AbortController()]
    const sending = core.send({}, {}, first.signal)
    const waiting = core.send({}, {}, second.signal)
    await later()
    second.abort()
    assert.equal(failureOf(await waiting).kind, 'offline')
    first.abort()
    assert.equal(failureOf(await sending).kind, 'unknown')
    assert.equal(core.told.length, 1)
    saying(core, ack)
    assert.equal((await core.send()).ok, true)
  })

  test('waits for the one before it to the same phone', async () => {
    const core = coreOf()
    const both = [core.send({ body: { kind: 'text', text: 'one' } }), core.send({ body: { kind: 'text', text: 'two' } })]
    await later()
    assert.equal(core.told.length, 1)
    await core.hears(ack(core.told[0]!))
    await later()
    assert.equal(core.told.length, 2)
    assert.notEqual(core.told[0]!.rp.reference, core.told[1]!.rp.reference)
    await core.hears(ack(core.told[1]!))
    assert.deepEqual(
      (await Promise.all(both)).map(({ ok }) => ok),
      [true, true],
    )
    assert.deepEqual(
      core.told.map((told) => textOf(deliverIn(told))),
      ['one', 'two'],
    )
  })

  test('has its sender as a name, a short code, or a user', async () => {
    const core = coreOf()
    saying(core, ack)
    for (const from of [
      { value: 'ACME Bank', ton: 'alphanumeric', npi: 'unknown' },
      { value: '38000', ton: 'abbreviated', npi: 'unknown' },
      { value: 'bob@acme.example', ton: 'unknown', npi: 'internet' },
    ] as const)
      assert.equal((await core.send({ from })).ok, true)
    assert.deepEqual(
      core.told.map((told) => deliverIn(told).originator),
      [
        { ton: 5, npi: 0, value: 'ACME Bank' },
        { ton: 0, npi: 1, value: '38000' },
        { ton: 5, npi: 0, value: 'bob' },
      ],
    )
  })

  test('that no TPDU can hold fails for good and is not sent', async () => {
    const core = coreOf()
    const failures = [
      await core.send({ from: { value: 'A name that is long', ton: 'alphanumeric', npi: 'unknown' } }),
      await core.send({ body: { kind: 'mms', parts: [] } }),
      await core.send({ body: { kind: 'binary', data: new Uint8Array(200), udh: Uint8Array.of(0, 3, 1, 2, 1) } }),
    ].map(failureOf)
    assert.deepEqual(
      failures.map(({ kind, code }) => [kind, code]),
      [
        ['permanent', 'invalid-source'],
        ['permanent', 'invalid-body'],
        ['permanent', 'too-long'],
      ],
    )
    assert.equal(core.told.length, 0)
  })

  test('carries octets with their header, UCS-2, TP-PID and a waiting indication', async () => {
    const core = coreOf()
    saying(core, ack)
    const udh = Uint8Array.of(0x05, 0x04, 0x0b, 0x84, 0x23, 0xf0)
    await core.send({ body: { kind: 'binary', data: Uint8Array.of(1, 2), udh } })
    await core.send({ body: { kind: 'text', text: 'Привет' }, extras: { 'tp-pid': '65', waiting: 'fax:on:store' } })
    await core.send({ extras: { 'tp-pid': '57', waiting: 'voicemail:off:discard' } })
    const [binary, text, discarded] = core.told.map(deliverIn)
    assert.deepEqual([binary?.dcs, binary?.userData], [0x04, { udh, data: Uint8Array.of(1, 2) }])
    assert.deepEqual([text?.dcs, text?.pid], [0xe9, 0x41])
    // Telematic interworking was for another phone.
    assert.deepEqual([discarded?.dcs, discarded?.pid], [0xc0, 0])
  })
})

describe('a long message', () => {
  const body = { kind: 'text', text: 'x'.repeat(400) } as const

  test('goes part by part, each after the verdict on the one before', async () => {
    const core = coreOf()
    saying(core, ack)
    const outcome = await core.send({ body })
    assert.ok(outcome.ok)
    assert.deepEqual(
      outcome.wire?.filter((line) => line.startsWith('RP-DATA')).map((line) => line.split(' ').slice(2).join(' ')),
      ['SMS-DELIVER 1/3', 'SMS-DELIVER 2/3', 'SMS-DELIVER 3/3'],
    )
    const delivers = core.told.map(deliverIn)
    assert.deepEqual(
      delivers.map(({ moreMessages }) => moreMessages),
      [true, true, false],
    )
    assert.deepEqual(
      delivers.map(({ userData }) => userData.udh?.[4]),
      [1, 2, 3],
    )
    assert.equal(delivers.map(textOf).join(''), body.text)
  })

  test('that failed half way goes on with the part that failed, under the same reference', async () => {
    const core = coreOf()
    saying(core, ack, error(22), ack)
    const failed = await core.send({ body })
    assert.equal(failureOf(failed).code, 'queue-full')
    assert.equal((await core.send({ body })).ok, true)
    const sent = core.told.map((told) => deliverIn(told).userData.udh)
    assert.deepEqual(
      sent.map((udh) => udh?.[4]),
      [1, 2, 2, 3],
    )
    assert.equal(new Set(sent.map((udh) => udh?.[2])).size, 1)
    // What is delivered is forgotten: the same message sent anew goes whole.
    assert.equal((await core.send({ body })).ok, true)
    assert.equal(core.told.length, 7)
  })

  test('whose segments the core cut keeps account of them by their places', async () => {
    const core = coreOf()
    saying(core, ack, error(22))
    const segments = [0, 1].map((index) => ({
      alphabet: 'gsm7' as const,
      index,
      total: 2,
      reference: 7,
      data: Uint8Array.of(0x48),
      udh: Uint8Array.of(0, 3, 7, 2, index + 1),
    }))
    const failed = await core.send({}, { segments })
    assert.ok(!failed.ok)
    assert.deepEqual(failed.refs, ['', undefined])
  })
})

describe('a user with two phones', () => {
  const second = contactOf('sip:alice@192.0.2.2:5060')

  test('has a message when one of them has it, though the other is full', async () => {
    const core = coreOf()
    core.contacts.push(second)
    const sending = core.send()
    await later()
    assert.deepEqual(
      core.told.map(({ request }) => request.uri),
      [phoneUri, second.uri],
    )
    await core.hears(error(22)(core.told[0]!))
    await core.hears(ack(core.told[1]!))
    assert.equal((await sending).ok, true)
  })

  test('has it not when neither has', async () => {
    const core = coreOf()
    core.contacts.push(second)
    const sending = core.send()
    await later()
    await core.hears(error(22)(core.told[0]!))
    await core.clock.advance(2000)
    assert.equal(failureOf(await sending).code, 'queue-full')
  })
})

describe('a user at two domains', () => {
  test('says by either name what became of what it was sent', async () => {
    const core = coreOf()
    const sending = core.send()
    await later()
    await core.hears(ack(core.told[0]!), { peer: { ...core.peer, name: 'alice@other.example' } })
    assert.equal((await sending).ok, true)
  })
})

describe('phones behind a trunk', () => {
  const to = (value: string) => ({ value, ton: 'international', npi: 'e164' }) as const
  const send = (core: Core, value: string): Promise<Outcome> =>
    core.ims.send({ message: messageOf({ to: to(value) }), segments: [], attempt: 0 }, core.byTrunk, new AbortController().signal)

  test('are sent to at the same time, and each says its own verdict', async () => {
    const core = coreOf()
    const { peer } = core.byTrunk
    const [one, two] = [send(core, '+15550001'), send(core, '+15550002')]
    await later()
    assert.deepEqual(
      core.told.map(({ request }) => request.uri),
      ['sip:+15550001@ims.example', 'sip:+15550002@ims.example'],
    )
    await core.hears(error(28)(core.told[1]!), { peer, from: '<sip:scscf@ims.example>;tag=s', identity: 'sip:+15550002@ims.example' })
    await core.hears(ack(core.told[0]!), { peer, from: '<tel:+15550001>;tag=s' })
    assert.deepEqual([(await one).ok, (await two).ok], [true, false])
  })

  test('are tried again later when nothing of a core that is never asked for can be reached', async () => {
    const core = coreOf()
    core.phone = () => ({ kind: 'unsent', why: 'no next hop' })
    assert.equal(failureOf(await send(core, '+15550001')).kind, 'offline')
    Object.assign(core.byTrunk, { mayStayUp: true })
    assert.equal(failureOf(await send(core, '+15550001')).kind, 'temporary')
  })

  test('may go by another name, if In-Reply-To tells, or there is only one that can be meant', async () => {
    const core = coreOf()
    const { peer } = core.byTrunk
    const one = send(core, '+15550001')
    await later()
    await core.hears(ack(core.told[0]!), { peer, from: '<sip:somebody@ims.example>;tag=s' })
    assert.equal((await one).ok, true)
    const two = send(core, '+15550002')
    await later()
    await core.hears(ack(core.told[1]!), { peer, from: '<sip:x@ims.example>;tag=s', inReplyTo: core.told[1]!.request.callId! })
    assert.equal((await two).ok, true)
  })

  test('cannot speak for phones of other peers', async () => {
    const core = coreOf()
    const sending = core.send()
    await later()
    await core.hears(ack(core.told[0]!), { peer: core.byTrunk.peer, inReplyTo: core.told[0]!.request.callId! })
    let isOver = false
    void sending.then(() => (isOver = true))
    await later()
    assert.equal(isOver, false)
    await core.hears(ack(core.told[0]!))
    assert.equal((await sending).ok, true)
  })

  test('submit as who the core asserts that they are, and are answered there', async () => {
    const core = coreOf({ policy: { sources: { allow: ['+1'], deny: [], tons: [], npis: [] } } })
    const { peer } = core.byTrunk
    await core.hears(submitted(), { peer, from: '<sip:+15559999@ims.example>;tag=s', identity: 'sip:+15550001@home.ims.example' })
    await later()
    assert.equal(core.accepted[0]?.from.value, '+15550001')
    assert.equal(core.told[0]?.request.uri, 'sip:+15550001@home.ims.example')
    // Both its URIs, in one field.
    await core.hears(submitted({}, 6), { peer, identity: 'sip:jo@home.ims.example>, <tel:+15550001' })
    await later()
    assert.equal(core.accepted[1]?.from.value, '+15550001')
    assert.equal(core.told[1]?.request.uri, 'tel:+15550001')
  })
})

describe('RP-SMMA', () => {
  test('is acknowledged; on a supplier bind its handset may be reached again', async () => {
    for (const side of ['client', 'supplier'] as const) {
      const core = coreOf({ side })
      const reply = await core.hears(
        { type: 'RP-SMMA', way: 'mo', reference: 7 },
        { from: '<sip:+15550001@acme.example>;tag=a', callId: 'smma' },
      )
      assert.equal(reply.status, 202)
      const told = core.told[0]
      assert.deepEqual(told?.rp, { type: 'RP-ACK', way: 'mt', reference: 7 })
      assert.equal(header(told?.request.headers, 'In-Reply-To'), 'smma')
      assert.deepEqual(
        core.reachable.map(({ value }) => value),
        side === 'supplier' ? ['+15550001'] : [],
      )
    }
  })
})

describe('a phone that was full', () => {
  test('has what it could not take at once when it says RP-SMMA, and nothing else', async () => {
    const core = coreOf()
    saying(core, error(22), error(111, 0xd0), error(27))
    for (const id of ['aa', 'bb', 'cc']) await core.send({ id: id.repeat(16) })
    await core.hears({ type: 'RP-SMMA', way: 'mo', reference: 7 })
    assert.deepEqual(core.triedAgain, ['aa'.repeat(16), 'bb'.repeat(16)])
    await core.hears({ type: 'RP-SMMA', way: 'mo', reference: 8 })
    assert.equal(core.triedAgain.length, 2)
  })
})

describe('an engine that carries no octets', () => {
  test('is sent nothing, and what came by it is answered 415', async () => {
    const core = coreOf()
    core.carriesOctets = false
    const failure = failureOf(await core.send())
    assert.deepEqual([failure.kind, failure.code, core.told.length], ['permanent', 'invalid-body', 0])
    const reply = await core.hears(submitted())
    assert.equal(reply.status, 415)
    assert.match(header(reply.headers, 'Warning') ?? '', /does not carry/)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AcceptRefused, type RefusalWhy } from '../../../src/plugin.ts'
import { createParser, type Draft, encodePdu, type PduOf, statuses, tags, tlvInteger } from '../codec/index.ts'
import { bound, eventually, house, submitDraft } from './centre.fixture.ts'

const hex = /^[0-9a-f]{32}$/
const part = (index: number, text: string): Partial<PduOf<'submit_sm'>> => ({
  esm_class: 0x40,
  short_message: Buffer.concat([Buffer.from([5, 0, 3, 7, 2, index]), Buffer.from(text)]),
})

describe('a submit_sm', () => {
  it('is answered with its id only once it is durable', async (t) => {
    const { port, clients } = await house(t)
    const client = await bound(t, port)
    let commit = (): void => {}
    clients[0]!.durable = () => new Promise((resolve) => (commit = resolve))
    let isAnswered = false
    const response = client.submit().then((pdu) => {
      isAnswered = true
      return pdu
    })
    await new Promise((resolve) => setTimeout(resolve, 40))
    assert.equal(isAnswered, false)
    commit()
    assert.match((await response).message_id, hex)
    assert.deepEqual(clients[0]!.accepted, [
      {
        from: { value: 'Shop', ton: 'alphanumeric', npi: 'unknown' },
        to: { value: '+447700900123', ton: 'international', npi: 'e164' },
        body: { kind: 'text', text: 'Hello' },
        priority: 1,
        receipt: 'both',
      },
    ])
  })

  for (const [why, status] of [
    ['no-route', 'ESME_RINVDSTADR'],
    ['suspended', 'ESME_RPROHIBITED'],
    ['busy', 'ESME_RSYSERR'],
    ['invalid', 'ESME_RSUBMITFAIL'],
    ['source-not-allowed', 'ESME_RINVSRCADR'],
    ['destination-not-allowed', 'ESME_RINVDSTADR'],
    ['opted-out', 'ESME_RINVDSTADR'],
    ['too-short', 'ESME_RINVMSGLEN'],
    ['too-long', 'ESME_RINVMSGLEN'],
    ['validity', 'ESME_RINVEXPIRY'],
    ['throttled', 'ESME_RTHROTTLED'],
    ['queue-full', 'ESME_RMSGQFUL'],
  ] satisfies [RefusalWhy, keyof typeof statuses][]) {
    it(`that is refused as ${why} is answered ${status}`, async (t) => {
      const { port, clients } = await house(t)
      const client = await bound(t, port)
      clients[0]!.durable = () => Promise.reject(new AcceptRefused(why, 'no'))
      const response = await client.submit()
      assert.equal(response.command_status, statuses[status])
      assert.equal(response.message_id, '')
    })
  }

  it('whose header leaves no room for the body is answered ESME_RINVMSGLEN', async (t) => {
    const { port, clients } = await house(t)
    const client = await bound(t, port)
    clients[0]!.durable = () => Promise.reject(new AcceptRefused('invalid', 'no room'))
    const [udh, rest] = [Buffer.concat([Buffer.from([137, 0x70, 135]), Buffer.alloc(135)]), Buffer.alloc(60)]
    const { command_status } = await client.submit({ esm_class: 0x40, data_coding: 4, short_message: Buffer.concat([udh, rest]) })
    assert.equal(command_status, statuses.ESME_RINVMSGLEN)
  })

  it('that fails unforeseen is answered ESME_RSYSERR, and no body is logged', async (t) => {
    const { port, clients, log } = await house(t)
    const client = await bound(t, port)
    clients[0]!.durable = () => Promise.reject(new Error('disk'))
    assert.equal((await client.submit({ short_message: Buffer.from('confidential') })).command_status, statuses.ESME_RSYSERR)
    assert.doesNotMatch(log.join(''), /confidential/)
  })

  it('is answered in the order in which each is durable', async (t) => {
    const { port, clients } = await house(t)
    const client = await bound(t, port)
    const commits: (() => void)[] = []
    clients[0]!.durable = () => new Promise((resolve) => commits.push(resolve))
    const order: number[] = []
    const both = [1, 2].map((n) => client.submit().then(() => order.push(n)))
    await eventually(() => commits.length === 2, 'both are being accepted')
    commits[1]!()
    await both[1]
    commits[0]!()
    await Promise.all(both)
    assert.deepEqual(order, [2, 1])
  })

  it('beyond the window waits unread until there is room', async (t) => {
    const { port, clients } = await house(t, [{ policy: { window: 4 } }])
    const client = await bound(t, port)
    const commits: (() => void)[] = []
    clients[0]!.durable = () => new Promise((resolve) => commits.push(resolve))
    const answers = Array.from({ length: 4 }, () => client.submit())
    await eventually(() => commits.length === 4, 'the window is full')
    const more = client.submit()
    await new Promise((resolve) => setTimeout(resolve, 50))
    assert.equal(commits.length, 4)
    commits[0]!()
    await eventually(() => commits.length === 5, 'there is room again')
    for (const commit of commits) commit()
    for (const answer of [...answers, more]) assert.equal((await answer).command_status, 0)
  })

  it('by as many as the window holds leaves the rest heard: enquire_link, and what was made of a delivery', async (t) => {
    const { port, clients } = await house(t, [{ policy: { window: 2 } }])
    const client = await bound(t, port)
    const commits: (() => void)[] = []
    clients[0]!.durable = () => new Promise((resolve) => commits.push(resolve))
    const answers = [client.submit(), client.submit()]
    await eventually(() => commits.length === 2, 'the window is full')
    assert.equal((await client.ask({ command: 'enquire_link', sequence_number: 0 })).command, 'enquire_link_resp')
    for (const commit of commits) commit()
    await Promise.all(answers)
  })

  it('that waits for its turn when its client vanishes is not taken: nobody could be told of it', async (t) => {
    const { port, clients } = await house(t, [{ policy: { window: 2000 } }])
    const client = await bound(t, port)
    const commits: (() => void)[] = []
    clients[0]!.durable = () => new Promise((resolve) => commits.push(resolve))
    for (let n = 0; n < 1000; n++) client.submit().catch(() => {})
    await eventually(() => commits.length >= 10, 'some are being made durable')
    client.link.destroy('it vanishes')
    await client.link.closed
    await eventually(() => clients[0]!.sessions.size === 0, 'its end has arrived')
    const before = commits.length
    for (const commit of commits) commit()
    const other = await bound(t, port)
    clients[0]!.durable = () => Promise.resolve()
    assert.equal((await other.submit()).command_status, 0)
    assert.equal(commits.length, before)
    assert.equal(clients[0]!.accepted.length, before + 1)
  })

  it('that waits for its turn when its client closes its side is refused: it may be gone, and would ask again', async (t) => {
    const { port, clients } = await house(t, [{ policy: { window: 2000 } }])
    const client = await bound(t, port)
    const commits: (() => void)[] = []
    clients[0]!.durable = () => new Promise((resolve) => commits.push(resolve))
    const told = new Map<number, number>()
    const [session] = clients[0]!.sessions
    client.socket.removeAllListeners('data')
    const parser = createParser({
      onPdu: (pdu) => void told.set(pdu.sequence_number, pdu.command_status),
      onBad: (bad) => assert.fail(bad.reason),
    })
    client.socket.on('data', (chunk) => parser.push(chunk))
    const asked = Array.from({ length: 1000 }, (_, n) => encodePdu({ ...submitDraft, sequence_number: n + 100 }))
    client.socket.end(Buffer.concat(asked))
    await eventually(() => commits.length >= 10 && session!.free!() < 0, 'some are being made durable, and the end is heard')
    for (const commit of commits) commit()
    await eventually(() => told.size === asked.length, 'all are answered')
    const taken = [...told.values()].filter((status) => status === 0).length
    assert.equal(taken, commits.length)
    assert.equal(clients[0]!.accepted.length, commits.length)
    assert.equal([...told.values()].filter((status) => status === statuses.ESME_RSYSERR).length, asked.length - taken)
  })

  it('in a flood is answered, each with an id of its own', async (t) => {
    const { port } = await house(t)
    const client = await bound(t, port)
    const responses = await Promise.all(Array.from({ length: 3000 }, () => client.submit()))
    assert.equal(new Set(responses.map((pdu) => pdu.message_id)).size, 3000)
  })

  it('tells a 5.0 client how busy we are, and no other', async (t) => {
    const { port, clients } = await house(t, [{ policy: { window: 10 } }])
    const [old, young] = [await bound(t, port), await bound(t, port, { interface_version: 0x50 })]
    assert.equal(tlvInteger((await old.submit()).tlvs, tags.congestion_state), undefined)
    const commits: (() => void)[] = []
    clients[0]!.durable = () => new Promise((resolve) => commits.push(resolve))
    const answers = Array.from({ length: 5 }, () => young.submit())
    await eventually(() => commits.length === 5, 'five are open')
    for (const commit of commits) commit()
    const states = (await Promise.all(answers)).map((pdu) => tlvInteger(pdu.tlvs, tags.congestion_state))
    assert.deepEqual(states, [50, 50, 50, 50, 50])
    clients[0]!.congested = 85
    clients[0]!.durable = () => Promise.resolve()
    assert.equal(tlvInteger((await young.submit()).tlvs, tags.congestion_state), 85, "the carrier's lane is fuller")
  })

  it('has its id in the form that the bind asks for', async (t) => {
    const { port } = await house(t, [
      {
        config: {
          receipts: {
            form: 'both',
            ids: 'decimal',
            textIds: 'same',
            zone: 'UTC',
            seconds: false,
            err: 'decimal',
            text: 'first20',
            counts: 'one',
          },
        },
      },
    ])
    const client = await bound(t, port)
    assert.match((await client.submit()).message_id, /^\d{30,39}$/)
  })

  it('of a 3.3 client has an id of eight digits, noted for its receipts', async (t) => {
    const { port, clients } = await house(t)
    const client = await bound(t, port, { interface_version: 0x33 })
    const { message_id } = await client.submit()
    assert.match(message_id, /^[0-9a-f]{8}$/)
    const [submission] = clients[0]!.accepted
    assert.equal(submission!.report?.['message_id'], message_id)
    assert.equal(submission!.id?.slice(6, 14), message_id)
  })
})

describe('the parts of a long message', () => {
  it('are answered each with an id, which share the message', async (t) => {
    const { port, clients } = await house(t)
    const [one, two] = [await bound(t, port), await bound(t, port)]
    const [second, first] = [(await two.submit(part(2, 'world'))).message_id, (await one.submit(part(1, 'Hello '))).message_id]
    const parts = clients[0]!.parts
    assert.deepEqual(
      parts.map(({ reference, total, index, submission }) => [reference, total, index, submission.id, submission.report]),
      [
        [7, 2, 2, `${first.slice(0, 30)}00`, { 'part.2': second }],
        [7, 2, 1, `${first.slice(0, 30)}00`, { 'part.1': first }],
      ],
    )
    assert.equal(first, `${second.slice(0, 30)}01`)
  })

  it('with the same reference later are another message', async (t) => {
    const { port } = await house(t)
    const client = await bound(t, port)
    const ids: string[] = []
    for (const index of [1, 2, 1, 2]) ids.push((await client.submit(part(index, 'x'))).message_id.slice(0, 30))
    assert.equal(ids[0], ids[1])
    assert.equal(ids[2], ids[3])
    assert.notEqual(ids[0], ids[2])
  })
})

describe('a submit_multi', () => {
  const dest = (destination_addr: string) => ({ dest_flag: 1 as const, dest_addr_ton: 1, dest_addr_npi: 1, destination_addr })
  const multi = (...dests: Extract<Draft, { command: 'submit_multi' }>['dest_address'] & object[]): Draft => ({
    ...submitDraft,
    command: 'submit_multi',
    dest_address: dests,
  })

  it('makes a message for each destination, all under the one id that is answered', async (t) => {
    const { port, clients } = await house(t)
    const client = await bound(t, port)
    const pdu = (await client.ask(multi(dest('447700900001'), dest('447700900002'), dest('447700900003')))) as PduOf<'submit_multi_resp'>
    assert.equal(pdu.command_status, 0)
    assert.deepEqual(pdu.unsuccess_sme, [])
    const { accepted } = clients[0]!
    assert.deepEqual(accepted.map((one) => one.to.value).toSorted(), ['+447700900001', '+447700900002', '+447700900003'])
    assert.equal(accepted[0]!.id, pdu.message_id)
    assert.deepEqual(new Set(accepted.map((one) => one.report?.['message_id'])), new Set([pdu.message_id]))
    assert.deepEqual(
      accepted[0]!.report?.['others']?.split(' ').toSorted(),
      accepted
        .slice(1)
        .map((one) => one.id!)
        .toSorted(),
    )
  })

  it('names the destinations that were refused, and why', async (t) => {
    const { port, clients } = await house(t)
    const client = await bound(t, port)
    let n = 0
    clients[0]!.durable = () => (++n === 1 ? Promise.reject(new AcceptRefused('no-route', 'no')) : Promise.resolve())
    const pdu = (await client.ask(multi(dest('447700900001'), dest('words'), dest('447700900003')))) as PduOf<'submit_multi_resp'>
    assert.equal(pdu.command_status, 0)
    assert.deepEqual(
      pdu.unsuccess_sme.map((one) => [one.destination_addr, one.error_status_code]),
      [
        ['447700900001', statuses.ESME_RINVDSTADR],
        ['words', statuses.ESME_RINVDSTADR],
      ],
    )
    assert.equal(clients[0]!.accepted[0]!.id, pdu.message_id)
  })

  it('of a part of a long message is one id too', async (t) => {
    const { port, clients } = await house(t)
    const client = await bound(t, port)
    const { esm_class = 0, short_message = Buffer.alloc(0) } = part(1, 'Hello')
    const draft = { ...multi(dest('447700900001'), dest('447700900002')), esm_class, short_message } as Draft
    const pdu = (await client.ask(draft)) as PduOf<'submit_multi_resp'>
    assert.match(pdu.message_id, /^[0-9a-f]{30}01$/)
    assert.deepEqual(
      clients[0]!.parts.map(({ submission }) => submission.report),
      [{ 'part.1': pdu.message_id }, { 'part.1': pdu.message_id }],
    )
    assert.equal(new Set(clients[0]!.parts.map(({ submission }) => submission.id)).size, 2)
  })

  it('that nobody takes is refused as a whole', async (t) => {
    const { port } = await house(t)
    const client = await bound(t, port)
    const pdu = (await client.ask(multi(dest('words'), { ...dest('447700900001'), dest_addr_ton: 9 }))) as PduOf<'submit_multi_resp'>
    assert.equal(pdu.command_status, statuses.ESME_RSUBMITFAIL)
    assert.equal(pdu.unsuccess_sme.length, 2)
  })

  for (const [why, status] of [
    ['throttled', 'ESME_RTHROTTLED'],
    ['queue-full', 'ESME_RMSGQFUL'],
    ['busy', 'ESME_RSYSERR'],
    ['no-route', 'ESME_RINVDSTADR'],
  ] as const) {
    it(`that is refused to every destination for one reason says so: ${why}`, async (t) => {
      const { port, clients } = await house(t)
      const client = await bound(t, port)
      clients[0]!.durable = () => Promise.reject(new AcceptRefused(why, 'no'))
      const pdu = (await client.ask(multi(dest('447700900001'), dest('447700900002')))) as PduOf<'submit_multi_resp'>
      assert.deepEqual([pdu.command_status, pdu.unsuccess_sme.length], [statuses[status], 2])
    })
  }

  it('to 254 destinations is taken; to none, or to a distribution list, refused', async (t) => {
    const { port, clients } = await house(t)
    const client = await bound(t, port)
    const many = Array.from({ length: 254 }, (_, n) => dest(`4477009${String(n).padStart(5, '0')}`))
    assert.equal((await client.ask(multi(...many))).command_status, 0)
    assert.equal(clients[0]!.accepted.length, 254)
    assert.equal((await client.ask(multi())).command_status, statuses.ESME_RINVNUMDESTS)
    assert.equal((await client.ask(multi({ dest_flag: 2, dl_name: 'all' }))).command_status, statuses.ESME_RCNTSUBDL)
  })
})

describe('a data_sm', () => {
  it('is a submission too, with its time to live', async (t) => {
    const { port, clients } = await house(t)
    const client = await bound(t, port)
    const now = Date.now()
    const { command: _c, short_message: _s, ...fields } = submitDraft
    const pdu = await client.ask({
      ...fields,
      command: 'data_sm',
      tlvs: [
        [tags.message_payload, Buffer.from('Hi')],
        [tags.qos_time_to_live, Buffer.from([0, 0, 0, 60])],
      ],
    })
    assert.equal(pdu.command, 'data_sm_resp')
    assert.match(pdu.message_id, hex)
    const [submission] = clients[0]!.accepted
    assert.deepEqual(submission!.body, { kind: 'text', text: 'Hi' })
    assert.ok(submission!.validUntil! >= now + 60_000 && submission!.validUntil! < now + 65_000)
  })
})

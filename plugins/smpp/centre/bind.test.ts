import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { testClock } from '../../../src/clock.ts'
import { encodePdu, statuses, tags, tlvInteger } from '../codec/index.ts'
import {
  bindDraft,
  type BindGiven,
  bound,
  call,
  type ClientGiven,
  delivered,
  eventually,
  house,
  messageOf,
  submitDraft,
} from './centre.fixture.ts'

describe('a bind', () => {
  it('is taken in each role, and told our version from 3.4 on', async (t) => {
    const { port, clients } = await house(t)
    for (const command of ['bind_transmitter', 'bind_receiver', 'bind_transceiver'] as const) {
      for (const interface_version of [0x00, 0x33, 0x34, 0x50]) {
        const client = await call(t, port)
        const pdu = await client.ask(bindDraft({ command, interface_version }))
        assert.equal(pdu.command, `${command}_resp`)
        assert.equal(pdu.command_status, 0)
        assert.ok('system_id' in pdu && pdu.system_id === 'signalbox')
        assert.equal(tlvInteger(pdu.tlvs, tags.sc_interface_version), interface_version < 0x34 ? undefined : 0x50)
        await client.ask({ command: 'unbind', sequence_number: 0 })
        await client.link.closed
      }
    }
    await eventually(() => clients[0]!.sessions.size === 0, 'no session is left')
  })

  it('finds among equal system_ids of several accounts the one whose password fits', async (t) => {
    const { port, clients } = await house(t, [
      { account: 'AC1', config: { password: 'one' } },
      { account: 'AC2', config: { password: 'two' } },
    ])
    const second = await bound(t, port, { password: 'two' })
    assert.deepEqual([clients[0]!.sessions.size, clients[1]!.sessions.size], [0, 1])
    await second.submit()
    assert.deepEqual([clients[0]!.accepted.length, clients[1]!.accepted.length], [0, 1])
  })

  it('is refused alike, in time too, for an unknown system_id, a wrong password and a foreign address', async (t) => {
    const clock = testClock()
    const { port, log } = await house(t, [{}, { account: 'AC2', config: { systemId: 'far', addresses: ['192.0.2.0/24'] } }], clock)
    const answers: unknown[] = []
    let from = 2
    for (const given of [{ system_id: 'nobody' }, { password: 'wrong' }, { system_id: 'far' }]) {
      // Each from an address of its own: guesses of one address cost more each time.
      const client = await call(t, port, `127.0.0.${from++}`)
      let isAnswered = false
      const answer = client.ask(bindDraft(given)).finally(() => (isAnswered = true))
      const known = answers.length
      await eventually(() => log.filter((line) => line.includes('a bind is refused')).length > known, 'the bind has come')
      await clock.advance(249)
      await new Promise((resolve) => setTimeout(resolve, 5))
      assert.equal(isAnswered, false)
      await clock.advance(1)
      const { sequence_number: _, ...pdu } = await answer
      await client.link.closed
      answers.push(pdu)
    }
    assert.deepEqual(answers[1], answers[0])
    assert.deepEqual(answers[2], answers[0])
    assert.equal((answers[0] as { command_status: number }).command_status, statuses.ESME_RINVPASWD)
  })

  it('is taken from an address of the list, in either form', async (t) => {
    const { port } = await house(t, [{ config: { addresses: ['10.0.0.0/8', '127.0.0.1'] } }])
    await bound(t, port)
  })

  for (const [why, given, config, status] of [
    ['of a role that is not allowed', { command: 'bind_receiver' }, { bindTypes: ['transmitter' as const] }, statuses.ESME_RINVBNDSTS],
    ['of another system_type', { system_type: 'VMS' }, { systemType: 'OTA' }, statuses.ESME_RINVSYSTYP],
    ['of a version that is reserved', { interface_version: 0x40 }, {}, statuses.ESME_RBINDFAIL],
    ['of a later version', { interface_version: 0x51 }, {}, statuses.ESME_RBINDFAIL],
  ] satisfies [string, BindGiven, ClientGiven['config'] & object, number][]) {
    it(`${why} is refused at once and by its own status`, async (t) => {
      const { port } = await house(t, [{ config }])
      const client = await call(t, port)
      assert.equal((await client.ask(bindDraft(given))).command_status, status)
      await client.link.closed
    })
  }

  it('of a suspended account is refused', async (t) => {
    const { port, accounts } = await house(t)
    accounts.get('AC1')!.status = 'suspended'
    assert.equal((await (await call(t, port)).ask(bindDraft())).command_status, statuses.ESME_RBINDFAIL)
  })

  it('that holds is unbound when its account is suspended, and what it asks until then is refused as that', async (t) => {
    const { port, suspend, clients, accounts } = await house(t)
    const client = await bound(t, port)
    let accept: () => void = () => {}
    clients[0]!.durable = () => new Promise((resolve) => (accept = resolve))
    const open = client.submit()
    await eventually(() => clients[0]!.sessions.size === 1, 'it is bound')
    await new Promise((resolve) => setTimeout(resolve, 50))
    suspend('AC1')
    assert.equal((await client.submit()).command_status, statuses.ESME_RPROHIBITED)
    const asked = await client.ask({ command: 'query_sm', sequence_number: 0, message_id: 'ab' })
    assert.equal(asked.command_status, statuses.ESME_RPROHIBITED)
    accept()
    assert.equal((await open).command_status, 0, 'what was taken before is acknowledged')
    assert.match(await client.link.closed, /unb/)
    accounts.get('AC1')!.status = 'active'
    await bound(t, port)
  })

  it('beyond the number of sessions is refused, and taken once there is room', async (t) => {
    const { port, clients } = await house(t, [{ policy: { sessions: 1 } }])
    const first = await bound(t, port)
    assert.equal((await (await call(t, port)).ask(bindDraft())).command_status, statuses.ESME_RALYBND)
    first.link.destroy('gone')
    await eventually(() => clients[0]!.sessions.size === 0, 'the session is gone')
    await bound(t, port)
  })

  it('on a bound session is refused, and the session goes on', async (t) => {
    const { port } = await house(t)
    const client = await bound(t, port)
    assert.equal((await client.ask(bindDraft())).command_status, statuses.ESME_RALYBND)
    assert.equal((await client.submit()).command_status, 0)
  })
})

describe('what comes out of order', () => {
  it('before the bind is refused by its own response, and the bind still taken', async (t) => {
    const { port } = await house(t)
    const client = await call(t, port)
    for (const draft of [submitDraft, { command: 'query_sm', sequence_number: 0, message_id: '1' }] as const)
      assert.equal((await client.ask(draft)).command_status, statuses.ESME_RINVBNDSTS)
    assert.equal((await client.ask({ command: 'enquire_link', sequence_number: 0 })).command_status, 0)
    assert.equal((await client.ask(bindDraft())).command_status, 0)
  })

  it('on a receiver is refused where only a transmitter may say it', async (t) => {
    const { port, clients } = await house(t)
    const client = await bound(t, port, { command: 'bind_receiver' })
    assert.equal((await client.submit()).command_status, statuses.ESME_RINVBNDSTS)
    assert.equal((await client.ask({ command: 'query_sm', sequence_number: 0, message_id: '1' })).command_status, statuses.ESME_RINVBNDSTS)
    assert.equal(clients[0]!.accepted.length, 0)
  })

  it('from a message centre only is refused by generic_nack', async (t) => {
    const { port } = await house(t)
    const client = await bound(t, port)
    const pdu = await client.ask({ command: 'deliver_sm', sequence_number: 0, source_addr: '1', destination_addr: '2' })
    assert.equal(pdu.command, 'generic_nack')
    assert.equal(pdu.command_status, statuses.ESME_RINVCMDID)
  })

  it('gives a transmitter nothing to receive', async (t) => {
    const { port, clients } = await house(t)
    await bound(t, port, { command: 'bind_transmitter' })
    const [session] = clients[0]!.sessions
    assert.equal(session!.send, undefined)
    assert.equal(session!.report, undefined)
  })
})

describe('a connection', () => {
  it('that does not bind in time is closed', async (t) => {
    const clock = testClock()
    const { port } = await house(t, [{}], clock)
    const client = await call(t, port)
    await client.ask({ command: 'enquire_link', sequence_number: 0 })
    await clock.advance(10_000)
    await client.link.closed
  })

  it('without a request for the inactivity time is unbound, enquire_link or not', async (t) => {
    const clock = testClock()
    const { port } = await house(t, [{ config: { inactivityMs: 5000 } }], clock)
    const client = await bound(t, port)
    await clock.advance(4000)
    await client.submit()
    await clock.advance(4000)
    await client.ask({ command: 'enquire_link', sequence_number: 0 })
    await clock.advance(1500)
    await client.link.closed
  })

  it('is asked by enquire_link when it is silent, and closed when it does not answer', async (t) => {
    const clock = testClock()
    const { port, clients } = await house(t, [{}], clock)
    const client = await bound(t, port)
    client.link.hold()
    await clock.advance(65_000)
    await eventually(() => clients[0]!.sessions.size === 0, 'the silent session is closed')
  })

  it('keeps the times of its bind: of the keep-alive, of a response, of a PDU that stays incomplete', async (t) => {
    const clock = testClock()
    const { port, clients } = await house(
      t,
      [
        { config: { enquireLinkMs: 2000, responseTimeoutMs: 3000 } },
        { account: 'AC2', config: { systemId: 'till', partialPduTimeoutMs: 1000 } },
        { account: 'AC3', config: { systemId: 'plain' } },
      ],
      clock,
    )
    const quick = await bound(t, port)
    const till = await bound(t, port, { system_id: 'till' })
    const plain = await bound(t, port, { system_id: 'plain' })
    for (const each of [till, plain]) each.socket.write(Buffer.from('00000040', 'hex'))
    quick.answer = undefined
    const [session] = clients[0]!.sessions
    const sending = session!.report!(messageOf(), delivered(), new AbortController().signal)
    await eventually(() => quick.got.length === 1, 'the receipt has come')
    quick.link.hold()
    // What was written is there before the clock goes on.
    await new Promise((resolve) => setTimeout(resolve, 50))
    for (let n = 0; n < 14; n++) await clock.advance(500)
    const outcome = await sending
    assert.equal(!outcome.ok && outcome.failure.code, 'peer-timeout')
    await eventually(() => clients[0]!.sessions.size === 0, 'who does not answer enquire_link is closed')
    await eventually(() => clients[1]!.sessions.size === 0, 'who leaves a PDU incomplete is closed')
    assert.equal(clients[2]!.sessions.size, 1)
  })

  it('takes no answer for late because the clock of the machine was set', async (t) => {
    const clock = testClock()
    const { port, clients } = await house(t, [{ config: { responseTimeoutMs: 60_000, inactivityMs: 600_000 } }], clock)
    const client = await bound(t, port)
    client.answer = undefined
    let settled = 0
    const [session] = clients[0]!.sessions
    const sending = session!.report!(messageOf(), delivered(), new AbortController().signal).finally(() => settled++)
    await eventually(() => client.got.length === 1, 'the receipt has come')
    for (const jumpMs of [3_600_000, -7_200_000, 30 * 86_400_000]) {
      clock.jump(jumpMs)
      for (let n = 0; n < 10; n++) await clock.advance(500)
      assert.equal(settled, 0, `after ${jumpMs}`)
      assert.equal((await client.ask({ command: 'enquire_link', sequence_number: 0 })).command_status, 0)
    }
    for (let n = 0; n < 120; n++) await clock.advance(500)
    const outcome = await sending
    assert.equal(!outcome.ok && outcome.failure.code, 'peer-timeout', 'in its own time')
  })

  it('with broken framing is closed, and no other', async (t) => {
    const { port } = await house(t)
    const [first, second] = [await bound(t, port), await bound(t, port)]
    first.socket.write(Buffer.from('GET / HTTP/1.1\r\nHost: smpp\r\n\r\n'))
    await first.link.closed
    assert.equal((await second.submit()).command_status, 0)
  })

  it('with an unknown command, or a field that cannot be read, is answered and goes on', async (t) => {
    const { port } = await house(t)
    const client = await bound(t, port)
    const nack = new Promise<Buffer>((resolve) => client.socket.once('data', resolve))
    client.socket.write(Buffer.from('0000001000000666000000000000002a', 'hex'))
    assert.equal((await nack).toString('hex'), '00000010800000000000000300'.padEnd(30, '0') + '2a')
    const refused = new Promise<Buffer>((resolve) => client.socket.once('data', resolve))
    // submit_sm whose service_type never ends.
    client.socket.write(Buffer.from(`00000020000000040000000000000063${'41'.repeat(16)}`, 'hex'))
    const response = await refused
    assert.equal(response.readUInt32BE(4), 0x8000_0004)
    assert.equal(response.readUInt32BE(8), statuses.ESME_RINVSERTYP)
    assert.equal(response.readUInt32BE(12), 0x63)
    assert.equal((await client.submit()).command_status, 0)
  })
})

describe('guesses', () => {
  it('are one a connection: what came behind a bind that is refused is not read', async (t) => {
    const { port, clients, log } = await house(t)
    const client = await call(t, port, '127.0.0.3')
    const guesses = ['one', 'two', 'secret', 'three'].map((password, n) =>
      encodePdu({ ...bindDraft({ password }), sequence_number: n + 1 }),
    )
    const got: Buffer[] = []
    client.socket.on('data', (chunk: Buffer) => got.push(chunk))
    client.socket.write(Buffer.concat(guesses))
    await client.link.closed
    assert.equal(log.filter((line) => line.includes('a bind is refused')).length, 1)
    assert.equal(clients[0]!.sessions.size, 0)
    const answer = Buffer.concat(got)
    assert.deepEqual([answer.readUInt32BE(8), answer.readUInt32BE(12), answer.length], [statuses.ESME_RINVPASWD, 1, answer.readUInt32BE(0)])
  })

  it('of the password of an outbind cost as much', async (t) => {
    const clock = testClock()
    const outbinds: string[] = []
    const outbind = (_link: unknown, { password }: { password: string }): Promise<boolean> => {
      outbinds.push(password)
      return Promise.resolve(false)
    }
    const { port, log } = await house(t, [{}], clock, { outbind })
    for (let n = 0; n < 10; n++) {
      const client = await call(t, port, '127.0.0.4')
      const guess = (password: string): Buffer => encodePdu({ command: 'outbind', sequence_number: 1, system_id: 'carrier', password })
      client.socket.write(Buffer.concat([guess(`guess${n}`), guess('another')]))
      await eventually(() => log.filter((line) => line.includes('an outbind that no bind expects')).length > n, 'the guess has come')
      await clock.advance(Math.min(250 * 2 ** n, 8000))
      await client.link.closed
    }
    assert.deepEqual(
      outbinds,
      Array.from({ length: 10 }, (_, n) => `guess${n}`),
    )
    assert.ok(log.some((line) => line.includes('blocked')))
    const blocked = await call(t, port, '127.0.0.4')
    await blocked.link.closed
    await bound(t, port)
  })

  it('cost an address more each time, and then it is blocked, others not', async (t) => {
    const clock = testClock()
    const { port, log } = await house(t, [{}], clock)
    for (let n = 0; n < 10; n++) {
      const client = await call(t, port, '127.0.0.2')
      let answered = false
      const answer = client.ask(bindDraft({ password: `guess${n}` })).then((pdu) => {
        answered = true
        return pdu
      })
      await eventually(() => log.filter((line) => line.includes('a bind is refused')).length > n, 'the guess has come')
      await clock.advance(Math.min(250 * 2 ** n, 8000) - 1)
      await new Promise((resolve) => setTimeout(resolve, 5))
      if (n < 9) assert.equal(answered, false)
      await clock.advance(1)
      assert.equal((await answer).command_status, statuses.ESME_RINVPASWD)
    }
    assert.ok(log.some((line) => line.includes('blocked')))
    assert.doesNotMatch(log.join(''), /guess\d|secret/)
    const blocked = await call(t, port, '127.0.0.2')
    await blocked.link.closed
    await bound(t, port)
    await clock.advance(10 * 60_000)
    const again = await call(t, port, '127.0.0.2')
    assert.equal((await again.ask(bindDraft())).command_status, 0)
  })
})

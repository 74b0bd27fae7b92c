// Whatever a peer sends, on whichever side of the connection it is: what cannot be read is refused
// by its sequence number and the session goes on; broken framing, or half a PDU that never ends,
// closes exactly that session. The probes that broke npm `smpp` are among them.
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { testClock } from '../../src/clock.ts'
import { commandIds, type Draft, encodePdu, type Pdu, statusOf, tags, tlvInteger } from './codec/index.ts'
import { samples } from './codec/samples.ts'
import { onEitherSide } from './link.fixture.ts'

const enquire = (sequence_number: number): Buffer => encodePdu({ command: 'enquire_link', sequence_number })
const submit = (more: object = {}): Draft => ({
  command: 'submit_sm',
  sequence_number: 5,
  source_addr: 'ACME',
  destination_addr: '447700900123',
  ...more,
})

/** A header, with a body of octets as they are. */
function raw(id: number, sequence: number, body: Uint8Array | string = '', length?: number): Buffer {
  const octets = typeof body === 'string' ? Buffer.from(body, 'latin1') : body
  const bytes = Buffer.alloc(16 + octets.length)
  bytes.writeUInt32BE(length ?? bytes.length, 0)
  bytes.writeUInt32BE(id, 4)
  bytes.writeUInt32BE(sequence, 12)
  bytes.set(octets, 16)
  return bytes
}

const told = (pdu: Pdu | undefined): unknown[] | undefined => pdu && [pdu.command, pdu.sequence_number, statusOf(pdu.command_status)]
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

onEitherSide('a link', (opened) => {
  describe('refuses by sequence number what it cannot read, and goes on', () => {
    const address = '\0\x01\x01447700900123\0'
    const rest = '\0\0\0\0\0\0\0\0\0'
    const probes: [string, Buffer, unknown[]][] = [
      ['a command that nobody knows', raw(0x4711, 77), ['generic_nack', 77, 'ESME_RINVCMDID']],
      ['a vendor’s command with a body', raw(0x0001_0200, 77, 'body'), ['generic_nack', 77, 'ESME_RINVCMDID']],
      ['a body that is not there', raw(commandIds.submit_sm, 78), ['submit_sm_resp', 78, 'ESME_RINVCMDLEN']],
      ['an unterminated string', raw(commandIds.submit_sm, 78, 'CMT'), ['submit_sm_resp', 78, 'ESME_RINVCMDLEN']],
      ['an over-long service_type', raw(commandIds.submit_sm, 78, `${'x'.repeat(40)}\0`), ['submit_sm_resp', 78, 'ESME_RINVSERTYP']],
      ['an over-long source_addr', raw(commandIds.submit_sm, 78, `\0\0\0${'4'.repeat(30)}\0`), ['submit_sm_resp', 78, 'ESME_RINVSRCADR']],
      [
        'an over-long destination_addr',
        raw(commandIds.deliver_sm, 78, `${address}\0\0${'4'.repeat(30)}\0`),
        ['deliver_sm_resp', 78, 'ESME_RINVDSTADR'],
      ],
      [
        'sm_length past the end',
        raw(commandIds.submit_sm, 79, `${address}\x01\x01447\0${rest}\xffhello`),
        ['submit_sm_resp', 79, 'ESME_RINVMSGLEN'],
      ],
      [
        'a TLV past the end',
        raw(commandIds.submit_sm, 80, `${address}\x01\x01447\0${rest}\0\x04\x24\xff\xffhello`),
        ['submit_sm_resp', 80, 'ESME_RINVTLVSTREAM'],
      ],
      [
        'half a TLV header',
        raw(commandIds.deliver_sm, 80, `${address}\x01\x01447\0${rest}\0\x04\x24\0`),
        ['deliver_sm_resp', 80, 'ESME_RINVTLVSTREAM'],
      ],
      ['octets after an enquire_link', raw(commandIds.enquire_link, 81, 'abc'), ['enquire_link_resp', 81, 'ESME_RINVTLVSTREAM']],
      ['a destination of no kind', raw(commandIds.submit_multi, 82, `${address}\x01\x07`), ['submit_multi_resp', 82, 'ESME_RINVDESTFLAG']],
      [
        'fewer destinations than it says',
        raw(commandIds.submit_multi, 82, `${address}\xff\x01\0\x00447\0`),
        ['submit_multi_resp', 82, 'ESME_RINVCMDLEN'],
      ],
      [
        'a bind whose password is too long',
        raw(commandIds.bind_transceiver, 83, `box\0${'p'.repeat(100)}\0`),
        ['bind_transceiver_resp', 83, 'ESME_RINVPASWD'],
      ],
      ['a bind that ends in its system_id', raw(commandIds.bind_transmitter, 84, 'box'), ['bind_transmitter_resp', 84, 'ESME_RINVCMDLEN']],
    ]
    for (const [what, octets, expected] of probes) {
      it(what, { timeout: 180_000 }, async (t) => {
        const { peer, requests, log, answers } = await opened(t)
        peer.write(Buffer.concat([octets, enquire(1000)]))
        const [answer, next] = await answers(2)
        assert.deepEqual(told(answer), expected)
        assert.deepEqual(told(next), ['enquire_link_resp', 1000, 'ESME_ROK'])
        assert.deepEqual(requests, [])
        assert.doesNotMatch(log.join(''), /hello|ppp/)
      })
    }

    it('alert_notification and outbind, which have no response, are left at that', { timeout: 180_000 }, async (t) => {
      const { peer, answers } = await opened(t)
      peer.write(Buffer.concat([raw(commandIds.alert_notification, 3), raw(commandIds.outbind, 4, 'x'), enquire(5)]))
      assert.deepEqual(told((await answers(1))[0]), ['enquire_link_resp', 5, 'ESME_ROK'])
    })
  })

  describe('closes at once where the framing is lost', () => {
    for (const length of [0, 8, 15, 16_777_216, 0x7fff_ffff, 0xffff_ffff]) {
      it(`command_length ${length}`, { timeout: 180_000 }, async (t) => {
        const { link, peer, got, log } = await opened(t)
        const pending = link.request(submit())
        peer.write(raw(commandIds.submit_sm, 1, 'hello', length))
        assert.match(await link.closed, new RegExp(`broken framing: command_length: .* got ${length}`))
        assert.equal((await pending).kind, 'lost', 'who waits is told')
        assert.equal(
          got.every((pdu) => pdu.command === 'submit_sm'),
          true,
        )
        assert.match(log.join(''), /the framing is lost/)
      })
    }
  })

  describe('does not wait for ever', () => {
    it('for the rest of a PDU', { timeout: 180_000 }, async (t) => {
      const { link, peer, requests } = await opened(t, { partialPduMs: 200 })
      const octets = encodePdu(submit({ short_message: Buffer.alloc(100) }))
      peer.write(octets.subarray(0, 60))
      assert.match(await link.closed, /half a PDU, and not the rest of it for 200 ms/)
      assert.deepEqual(requests, [])
    })

    it('for a length of which one octet is there', { timeout: 180_000 }, async (t) => {
      const { link, peer } = await opened(t, { partialPduMs: 200 })
      peer.write(Buffer.of(0))
      assert.match(await link.closed, /half a PDU/)
    })

    it('for a PDU that comes an octet at a time, each in time', { timeout: 180_000 }, async (t) => {
      const { link, peer } = await opened(t, { partialPduMs: 300 })
      const octets = encodePdu(submit({ short_message: Buffer.alloc(100) }))
      let at = 0
      const drip = setInterval(() => peer.write(octets.subarray(at, ++at)), 20)
      t.after(() => clearInterval(drip))
      assert.match(await link.closed, /half a PDU/)
      assert.ok(at < octets.length)
    })

    it('but long enough for many PDUs that come slowly, one after another', { timeout: 180_000 }, async (t) => {
      const clock = testClock()
      const { peer, got, answers } = await opened(t, { partialPduMs: 1500, clock })
      for (let n = 1; n <= 6; n++) {
        const octets = enquire(n)
        // Each chunk ends one PDU and begins the next: there is always half a one.
        peer.write(n === 1 ? octets.subarray(0, 8) : Buffer.concat([enquire(n - 1).subarray(8), octets.subarray(0, 8)]))
        await answers(n - 1)
        await clock.advance(300)
      }
      assert.deepEqual(
        got.map((pdu) => pdu.sequence_number),
        [1, 2, 3, 4, 5],
      )
    })

    it('but as long as it takes where it is we who do not read', { timeout: 180_000 }, async (t) => {
      const clock = testClock()
      const { link, peer, answers } = await opened(t, { partialPduMs: 1000, clock })
      peer.write(enquire(1).subarray(0, 8))
      await sleep(50)
      link.hold()
      peer.write(enquire(1).subarray(8))
      await clock.advance(5000)
      link.release()
      assert.deepEqual(told((await answers(1))[0]), ['enquire_link_resp', 1, 'ESME_ROK'])
    })
  })

  describe('hands on what can be read, whatever it means', () => {
    const asked = async (t: TestContext, octets: Buffer): Promise<Pdu> => {
      const { peer, requests, answers } = await opened(t)
      peer.write(Buffer.concat([octets, enquire(1000)]))
      await answers(2)
      assert.equal(requests.length, 1)
      return requests[0]!
    }

    it('both short_message and message_payload', { timeout: 180_000 }, async (t) => {
      const pdu = await asked(
        t,
        encodePdu(submit({ short_message: Buffer.from('one'), tlvs: [[tags.message_payload, Buffer.from('two')]] })),
      )
      assert.ok(pdu.command === 'submit_sm')
      assert.equal(Buffer.from(pdu.short_message).toString(), 'one')
      assert.equal(Buffer.from(pdu.tlvs[0]![1]).toString(), 'two')
    })

    it('TLVs twice, of which the first counts, and unknown ones', { timeout: 180_000 }, async (t) => {
      const tlvs = [
        [tags.user_message_reference, Uint8Array.of(0, 1)],
        [tags.user_message_reference, Uint8Array.of(0, 2)],
        [0x1401, Buffer.from('1102\0')],
        [0x3fff, new Uint8Array(0)],
      ]
      const pdu = await asked(t, encodePdu(submit({ tlvs })))
      assert.equal(tlvInteger(pdu.tlvs, tags.user_message_reference), 1)
      assert.deepEqual(
        pdu.tlvs.map(([tag, value]) => [tag, value.length]),
        [
          [0x204, 2],
          [0x204, 2],
          [0x1401, 5],
          [0x3fff, 0],
        ],
      )
    })

    it('TLVs of a length that their tag does not have, which read as absent', { timeout: 180_000 }, async (t) => {
      const tlvs = [
        [tags.sar_msg_ref_num, new Uint8Array(0)],
        [tags.sar_total_segments, new Uint8Array(5)],
        [tags.message_state, Uint8Array.of(0, 2)],
      ]
      const pdu = await asked(t, encodePdu(submit({ tlvs })))
      assert.equal(tlvInteger(pdu.tlvs, tags.sar_msg_ref_num), undefined)
      assert.equal(tlvInteger(pdu.tlvs, tags.sar_total_segments), undefined)
      assert.equal(tlvInteger(pdu.tlvs, tags.message_state), 2, 'padded')
    })

    it('255 destinations', { timeout: 180_000 }, async (t) => {
      const dest_address = Array.from({ length: 255 }, (_, n) => ({
        dest_flag: 1 as const,
        dest_addr_ton: 1,
        dest_addr_npi: 1,
        destination_addr: `4477009${String(n).padStart(5, '0')}`,
      }))
      const pdu = await asked(t, encodePdu({ command: 'submit_multi', sequence_number: 6, dest_address }))
      assert.ok(pdu.command === 'submit_multi')
      assert.deepEqual(pdu.dest_address, dest_address)
    })

    it('sequence number 0, and those beyond the last one there is', { timeout: 180_000 }, async (t) => {
      const { peer, answers } = await opened(t)
      for (const n of [0, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff])
        peer.write(Buffer.concat([enquire(n), encodePdu(submit({ sequence_number: n }))]))
      assert.deepEqual(
        (await answers(8)).map((pdu) => pdu.sequence_number).sort((a, b) => a - b),
        [0, 0, 0x7fff_ffff, 0x7fff_ffff, 0x8000_0000, 0x8000_0000, 0xffff_ffff, 0xffff_ffff],
      )
    })
  })

  it('counts its own sequence numbers up to the last one, then from 1, leaving out those that wait', { timeout: 180_000 }, async (t) => {
    const { link, peer, got, answers } = await opened(t, { sequence: 0x7fff_fffd })
    const asking = [1, 2, 3, 4].map(() => link.request(submit()))
    await answers(4)
    assert.deepEqual(
      got.map((pdu) => pdu.sequence_number),
      [0x7fff_fffe, 0x7fff_ffff, 1, 2],
    )
    for (const { sequence_number } of got.toReversed()) {
      peer.write(encodePdu({ command: 'submit_sm_resp', sequence_number, message_id: `m${sequence_number}` }))
    }
    const ids = (await Promise.all(asking)).map(
      (answer) => answer.kind === 'pdu' && answer.pdu.command === 'submit_sm_resp' && answer.pdu.message_id,
    )
    assert.deepEqual(ids, ['m2147483646', 'm2147483647', 'm1', 'm2'])
  })

  it('never answers a request with the response of another, late, doubled or of another kind', { timeout: 180_000 }, async (t) => {
    const { link, peer, answers } = await opened(t)
    const asking = link.request(submit())
    const [{ sequence_number } = assert.fail()] = await answers(1)
    const wrong: Draft[] = [
      { command: 'submit_sm_resp', sequence_number: sequence_number + 1, message_id: 'another' },
      { command: 'submit_sm_resp', sequence_number: 0, message_id: 'zero' },
      { command: 'generic_nack', sequence_number: 0, command_status: 3 },
      { command: 'deliver_sm_resp', sequence_number },
      { command: 'enquire_link_resp', sequence_number },
      { command: 'submit_sm_resp', sequence_number, message_id: 'right' },
      { command: 'submit_sm_resp', sequence_number, message_id: 'twice' },
    ]
    peer.write(Buffer.concat([...wrong.map(encodePdu), enquire(9)]))
    const answer = await asking
    assert.ok(answer.kind === 'pdu' && answer.pdu.command === 'submit_sm_resp')
    assert.equal(answer.pdu.message_id, 'right')
    assert.equal(told((await answers(2))[1])?.[0], 'enquire_link_resp')
  })

  it('answers a flood of enquire_link, while another link is served in time', { timeout: 180_000 }, async (t) => {
    const flooded = await opened(t)
    const other = await opened(t)
    const many = 100_000
    const chunk = Buffer.concat(Array.from({ length: 4000 }, (_, n) => enquire(n + 1)))
    const before = process.memoryUsage().rss
    let flood = 0
    flooded.peer.removeAllListeners('data')
    let taken = 0
    const done = new Promise<void>((resolve) => {
      flooded.peer.on('data', (octets) => {
        taken += octets.length
        if (taken === many * 16) resolve()
      })
    })
    const pour = (): void => {
      while (flood < many && flooded.peer.write(chunk)) flood += 4000
      if (flood < many) {
        flood += 4000
        flooded.peer.once('drain', pour)
      }
    }
    pour()
    let meanwhile = 0
    for (let n = 1; n <= 20; n++) {
      other.peer.write(enquire(n))
      await other.answers(n)
      if (taken < many * 16) meanwhile++
    }
    await done
    assert.equal(taken, many * 16, 'every one of them')
    assert.ok(meanwhile >= 5, `another link was served ${meanwhile} times while the flood went on`)
    const grown = (process.memoryUsage().rss - before) / 2 ** 20
    assert.ok(grown < 150, `${grown} MB`)
  })

  it('holds no more than a megabyte for a peer that floods and does not read, and closes it', { timeout: 180_000 }, async (t) => {
    const { link, peer } = await opened(t, { responseTimeoutMs: 400, enquireLinkMs: 400 })
    peer.pause()
    const chunk = Buffer.concat(Array.from({ length: 4000 }, (_, n) => enquire(n + 1)))
    const before = process.memoryUsage().arrayBuffers
    let isOver = false
    let poured = 0
    void link.closed.then(() => (isOver = true))
    while (!isOver && poured < 1 << 30) {
      if (peer.write(chunk)) poured += chunk.length
      else await Promise.race([sleep(20), link.closed])
    }
    assert.match(await link.closed, /has taken no octets for 400 ms/)
    const grown = (process.memoryUsage().arrayBuffers - before) / 2 ** 20
    assert.ok(grown < 24, `${grown} MB`)
  })

  it('takes every command there is, in any order, and closes only when told', { timeout: 180_000 }, async (t) => {
    const { link, peer, requests, answers } = await opened(t)
    const every = samples.filter(({ command }) => command !== 'unbind')
    peer.write(Buffer.concat([...every, ...every].map(encodePdu)))
    peer.write(enquire(4242))
    await answers(
      2 *
        every.filter(({ command }) => commandIds[command] < 0x8000_0000 && command !== 'outbind' && command !== 'alert_notification')
          .length +
        1,
    )
    assert.equal(requests.length, 2 * every.filter(({ command }) => commandIds[command] < 0x8000_0000 && command !== 'enquire_link').length)
    peer.write(encodePdu({ command: 'unbind', sequence_number: 4243 }))
    assert.equal(await link.closed, 'the peer unbound')
  })

  it('harms no other link of the process, whatever happens to it', { timeout: 180_000 }, async (t) => {
    const wrecked = await opened(t)
    const other = await opened(t)
    wrecked.peer.write(raw(commandIds.submit_sm, 1, 'hello', 4))
    await wrecked.link.closed
    other.peer.write(encodePdu(submit()))
    assert.deepEqual(told((await other.answers(1))[0]), ['submit_sm_resp', 5, 'ESME_ROK'])
  })
})

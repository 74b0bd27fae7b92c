import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { BindTrace, TracedConnection, TraceDirection } from '../../src/plugin.ts'
import { decodePdu, encodePdu } from './codec/index.ts'
import { onEitherSide } from './link.fixture.ts'

interface Heard {
  ear: BindTrace & { on: boolean }
  pdus: { direction: TraceDirection; command: string; connection: TracedConnection }[]
  notes: string[]
}

function listen(on = true): Heard {
  const heard: Heard = {
    pdus: [],
    notes: [],
    ear: {
      on,
      record(direction, octets, connection) {
        const read = decodePdu(octets)
        heard.pdus.push({ direction, command: 'pdu' in read ? read.pdu.command : read.kind, connection })
      },
      note: (text) => void heard.notes.push(text),
    },
  }
  return heard
}

const told = ({ pdus }: Heard): string[] => pdus.map(({ direction, command }) => `${direction} ${command}`)

onEitherSide('a trace of a link', (opened) => {
  it('hears every PDU once, as it was sent and as it came, and why the connection ended', { timeout: 180_000 }, async (t) => {
    const heard = listen()
    const { link, peer, answers } = await opened(t, { trace: heard.ear })
    const asked = link.request({ command: 'submit_sm', sequence_number: 0, short_message: Buffer.alloc(200) })
    await answers(1)
    const response = encodePdu({ command: 'submit_sm_resp', sequence_number: 1, message_id: 'a' })
    const unknown = Buffer.from('00000010000047110000000000000005', 'hex')
    for (const octet of Buffer.concat([response, unknown])) peer.write(Buffer.of(octet))
    await asked
    await answers(2)
    peer.write(encodePdu({ command: 'unbind', sequence_number: 6 }))
    await link.closed
    assert.deepEqual(told(heard), ['out submit_sm', 'in submit_sm_resp', 'in command', 'out generic_nack', 'in unbind', 'out unbind_resp'])
    assert.deepEqual(heard.notes, ['closed: the peer unbound'])
    const [{ connection } = assert.fail()] = heard.pdus
    assert.ok(
      heard.pdus.every((each) => each.connection === connection),
      'one object for all of a connection',
    )
    assert.equal(connection.remote.port, peer.localPort)
    assert.equal(connection.local.port, peer.remotePort)
    assert.equal(connection.local.address.replace('::ffff:', ''), '127.0.0.1')
  })

  it('hears nothing while it is off, and everything from the moment it is on', { timeout: 180_000 }, async (t) => {
    const heard = listen(false)
    const { peer, answers } = await opened(t, { trace: heard.ear })
    const enquire = (n: number): void => void peer.write(encodePdu({ command: 'enquire_link', sequence_number: n }))
    enquire(1)
    await answers(1)
    heard.ear.on = true
    enquire(2)
    await answers(2)
    heard.ear.on = false
    enquire(3)
    await answers(3)
    assert.deepEqual(told(heard), ['in enquire_link', 'out enquire_link_resp'])
  })

  it('given to the link after the bind, it begins with what the peer bound with', { timeout: 180_000 }, async (t) => {
    const heard = listen()
    const { peer, answers } = await opened(t, {
      onRequest(pdu, link) {
        link.trace(heard.ear, pdu)
        link.post({ command: 'bind_transceiver_resp', sequence_number: pdu.sequence_number })
      },
    })
    peer.write(encodePdu({ command: 'bind_transceiver', sequence_number: 1, system_id: 'box', password: 'secret08' }))
    await answers(1)
    assert.deepEqual(told(heard), ['in bind_transceiver', 'out bind_transceiver_resp'])
  })

  it('notes a framing that is lost, and half a PDU', { timeout: 180_000 }, async (t) => {
    const first = listen()
    const broken = await opened(t, { trace: first.ear })
    broken.peer.write(Buffer.from('00000003', 'hex'))
    await broken.link.closed
    assert.match(first.notes[0]!, /closed: broken framing: command_length: .* got 3/)
    const second = listen()
    const half = await opened(t, { trace: second.ear, partialPduMs: 100 })
    half.peer.write(Buffer.of(0, 0))
    await half.link.closed
    assert.match(second.notes[0]!, /closed: half a PDU/)
    assert.deepEqual(told(second), [])
  })
})

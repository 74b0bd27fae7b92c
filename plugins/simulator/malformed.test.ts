// Garbage both ways: what customers send is answered or closes one session at most; what the carriers send
// is what the personality says.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { createParser, encodePdu, statuses } from '../smpp/codec/index.ts'
import { bind, carriersWith, customer, pause, raw, soon } from './carriers.fixture.ts'
import { garbage, garbageKinds } from './garbage.ts'

test('garbage with intact framing is answered and the session goes on; broken framing closes it', { timeout: 180_000 }, async (t) => {
  const carriers = await carriersWith(t, soon)
  for (const kind of garbageKinds) {
    const { socket, pdus, send } = await raw(t, carriers)
    send(bind, garbage(kind, 77), { command: 'enquire_link', sequence_number: 78 })
    if (kind.startsWith('length')) {
      await once(socket, 'close')
      assert.equal(pdus.at(-1)!.command, 'generic_nack', kind)
    } else {
      while (!pdus.some((pdu) => pdu.command === 'enquire_link_resp')) await pause(5)
      if (kind === 'command-unknown') assert.equal(pdus[1]!.command, 'generic_nack')
      socket.destroy()
    }
  }
  assert.equal((await (await customer(t, carriers)).submit()).command_status, 0)
})

test('requests before the bind, a second bind and what a carrier does not do are refused by name', { timeout: 180_000 }, async (t) => {
  const { pdus, send, socket } = await raw(t, await carriersWith(t, soon))
  send({ command: 'submit_sm', sequence_number: 1 }, { command: 'query_sm', sequence_number: 2 }, bind)
  send(
    { ...bind, sequence_number: 3 },
    { command: 'query_sm', sequence_number: 4, message_id: '1' },
    { command: 'unbind', sequence_number: 5 },
  )
  await once(socket, 'close')
  assert.deepEqual(
    pdus.map(({ command, command_status }) => [command, command_status]),
    [
      ['submit_sm_resp', statuses.ESME_RINVBNDSTS],
      ['query_sm_resp', statuses.ESME_RINVBNDSTS],
      ['bind_transceiver_resp', 0],
      ['bind_transceiver_resp', statuses.ESME_RALYBND],
      ['query_sm_resp', statuses.ESME_RINVCMDID],
      ['unbind_resp', 0],
    ],
  )
})

test('a garbling carrier breaks framing, commands and fields in turn, and answers nobody', { timeout: 180_000 }, async (t) => {
  const carriers = await carriersWith(t, { faults: { garbage: 1 } })
  const seen = new Set<string>()
  const wanted = ['framing', 'command', 'field', 'response to nothing']
  for (let n = 0; n < 100 && seen.size < wanted.length; n++) {
    const socket = connect(carriers.port, '127.0.0.1')
    const parser = createParser({
      onPdu(pdu) {
        if (pdu.command === 'submit_sm_resp' && pdu.message_id === 'nobody') seen.add('response to nothing')
      },
      onBad: (bad) => seen.add(bad.kind),
    })
    socket.on('data', (chunk: Buffer) => parser.push(chunk))
    await once(socket, 'connect')
    socket.write(encodePdu(bind))
    socket.write(encodePdu({ command: 'submit_sm', sequence_number: 2, destination_addr: `4477${n}` }))
    await pause(10)
    socket.destroy()
  }
  assert.deepEqual([...seen].toSorted(), wanted.toSorted())
})

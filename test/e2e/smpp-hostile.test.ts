// Clients that overrun their window, vanish in the middle, or answer what they are sent with lies: a
// started gateway answers what it took, once, loses no receipt, and serves everybody else meanwhile.
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { createParser, encodePdu, type Pdu, type PduOf, tags, tlvString } from '../../plugins/smpp/codec/index.ts'
import { plainSubmit } from '../../plugins/smpp/codec/samples.ts'
import { freePort } from '../bench/processes.ts'
import { bindTo, eventually, startWorld, type World } from './world.ts'

let world: World
let port: number

before(async () => {
  port = await freePort()
  world = await startWorld(
    { north: {} },
    { SIGNALBOX_SMPP: `127.0.0.1:${port}` },
    (carriers) => `
    binds:
      - ${bindTo(carriers, 'north', '{ window: 100 }')}
      - { id: wild, connector: smpp, side: client, policy: { window: 20, retryFirstMs: 100 }, config: { systemId: wild, password: secret } }
      - { id: calm, connector: smpp, side: client, config: { systemId: calm, password: secret } }
    routes: [{ id: all, prefix: "", to: [north] }]
`,
  )
})

after(async () => {
  await world?.close()
})

const submit = (sequence_number: number, to = 0): Buffer =>
  encodePdu({
    ...plainSubmit,
    sequence_number,
    source_addr: '15550001111',
    source_addr_ton: 1,
    destination_addr: `4477${String(to).padStart(8, '0')}`,
    registered_delivery: 1,
    short_message: Buffer.from('hello'),
  })
const bindPdu = (system_id: string): Buffer =>
  encodePdu({ command: 'bind_transceiver', sequence_number: 1, system_id, password: 'secret', interface_version: 0x34 })
const answerTo = ({ sequence_number }: Pdu, command_status = 0): Buffer =>
  encodePdu({ command: 'deliver_sm_resp', sequence_number, command_status })

/** A bare socket that has bound; `deliver` answers what it is sent, if at all. */
async function bound(systemId: string, deliver: (pdu: Pdu) => Buffer | undefined = (pdu) => answerTo(pdu)) {
  const socket = connect(port, '127.0.0.1')
  const got: Pdu[] = []
  const parser = createParser({
    onPdu(pdu) {
      got.push(pdu)
      const answer = pdu.command === 'deliver_sm' ? deliver(pdu) : undefined
      if (answer) socket.write(answer)
    },
    onBad: (bad) => assert.fail(bad.reason),
  })
  socket.on('data', (chunk) => parser.push(chunk)).on('error', () => {})
  socket.write(bindPdu(systemId))
  await eventually(
    'bound',
    () => got.some(({ command, command_status }) => command === 'bind_transceiver_resp' && command_status === 0) || undefined,
  )
  return { socket, got, of: <C extends Pdu['command']>(command: C) => got.filter((pdu): pdu is PduOf<C> => pdu.command === command) }
}

const receipted = (pdus: readonly PduOf<'deliver_sm'>[]): string[] =>
  pdus.flatMap(({ tlvs }) => tlvString(tlvs, tags.receipted_message_id) ?? [])

test('a hundred windows in one write are answered, each once and in time, and all receipted', { timeout: 180_000 }, async () => {
  const [wild, calm] = [await bound('wild'), await bound('calm')]
  const many = 2000
  wild.socket.write(Buffer.concat(Array.from({ length: many }, (_, n) => submit(n + 10, n))))
  for (let n = 0; n < 5; n++) {
    calm.socket.write(submit(n + 10, 90_000_000 + n))
    await eventually('the other is answered', () => calm.of('submit_sm_resp')[n])
  }
  await eventually('all answered', () => (wild.of('submit_sm_resp').length >= many ? true : undefined))
  const answers = wild.of('submit_sm_resp')
  assert.ok(answers.every(({ command_status }) => command_status === 0))
  assert.equal(new Set(answers.map(({ sequence_number }) => sequence_number)).size, many)
  const ids = answers.map(({ message_id }) => message_id)
  await eventually('all receipted', () => (wild.of('deliver_sm').length >= many ? true : undefined))
  assert.deepEqual(receipted(wild.of('deliver_sm')).toSorted(), ids.toSorted())
  wild.socket.destroy()
  calm.socket.destroy()
})

test('receipts that are answered with lies come again, until somebody has taken each', { timeout: 180_000 }, async () => {
  let told = 0
  const taken = new Set<string>()
  const liar = await bound('wild', (pdu) => {
    told++
    const { sequence_number } = pdu
    if (told % 4 === 0) return answerTo({ ...pdu, sequence_number: sequence_number + 100_000 })
    if (told % 4 === 1) return encodePdu({ command: 'generic_nack', sequence_number, command_status: 8 })
    if (told % 4 === 2) return answerTo(pdu, 0x64)
    for (const id of receipted([pdu as PduOf<'deliver_sm'>])) taken.add(id)
    return answerTo(pdu)
  })
  const many = 60
  liar.socket.write(Buffer.concat(Array.from({ length: many }, (_, n) => submit(n + 10, 10_000 + n))))
  const ids = await eventually('all answered', () => {
    const answers = liar.of('submit_sm_resp')
    return answers.length === many ? answers.map(({ message_id }) => message_id) : undefined
  })
  await eventually('lies are told', () => (told >= 20 ? true : undefined))
  liar.socket.resetAndDestroy()
  const honest = await bound('wild', (pdu) => {
    for (const id of receipted([pdu as PduOf<'deliver_sm'>])) taken.add(id)
    return answerTo(pdu)
  })
  await eventually('every receipt is taken', () => (ids.every((id) => taken.has(id)) ? true : undefined))
  honest.socket.destroy()
})

test('connections that vanish in every way leave nothing in the way of others', { timeout: 180_000 }, async () => {
  const vanish = (n: number): Promise<void> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => {
        if (n % 4 === 0) socket.write(bindPdu('wild').subarray(0, 20))
        if (n % 4 === 1) socket.write(Buffer.concat([bindPdu('wild'), submit(2, n), submit(3, n)]))
        if (n % 4 === 2) socket.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
        if (n % 2 === 0) socket.end()
        else socket.resetAndDestroy()
      })
      socket
        .resume()
        .on('error', () => {})
        .on('close', () => resolve())
    })
  const calm = await bound('calm')
  for (let round = 0; round < 10; round++) {
    await Promise.all(Array.from({ length: 20 }, (_, n) => vanish(n)))
    calm.socket.write(submit(round + 10, 20_000 + round))
    await eventually('the other is answered', () => calm.of('submit_sm_resp')[round])
  }
  const wild = await bound('wild')
  wild.socket.destroy()
  calm.socket.destroy()
})

// What the tests of the simulator start from: carriers on a free port, and customers of two kinds. One is
// npm `smpp`, a client that nobody here wrote; the other sends octets as they are.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import smpp, { type PDU, type Session } from 'smpp'
import { createParser, encodePdu, type Draft, type Pdu } from '../smpp/codec/index.ts'
import { startCarriers, type Carriers } from './carriers.ts'
import type { PersonalityOptions } from './personality.ts'

export const handset = '447700900123'
export const soon = { receipts: { delay: 5 } } satisfies PersonalityOptions

export async function carriersWith(t: TestContext, personality: PersonalityOptions, more: { ledger?: string } = {}): Promise<Carriers> {
  const carriers = await startCarriers({ port: 0, seed: 1, carriers: [{ id: 'northern', password: 'secret', personality }], ...more })
  t.after(() => carriers.close())
  return carriers
}

export interface Customer {
  session: Session
  deliveries: PDU[]
  closed: Promise<unknown>
  bindStatus: number
  submit(fields?: Record<string, unknown>): Promise<PDU>
  /** Resolves when so many deliver_sm have come. */
  delivered(count: number): Promise<PDU[]>
}

interface CustomerOptions {
  as?: 'transceiver' | 'receiver' | 'transmitter'
  acknowledge?: boolean | number
  password?: string
  systemId?: string
}

export async function customer(t: TestContext, { port }: Carriers, options: CustomerOptions = {}): Promise<Customer> {
  const { as = 'transceiver', acknowledge = true, password = 'secret', systemId = 'northern' } = options
  const session = smpp.connect({ url: `smpp://127.0.0.1:${port}` })
  const closed = once(session, 'close')
  session.on('error', () => {})
  session.on('enquire_link', (pdu: PDU) => session.send(pdu.response()))
  t.after(() => session.destroy())
  const deliveries: PDU[] = []
  session.on('deliver_sm', (pdu: PDU) => {
    deliveries.push(pdu)
    if (acknowledge !== false) session.send(pdu.response(acknowledge === true ? {} : { command_status: acknowledge }))
    session.emit('delivered')
  })
  await once(session, 'connect')
  const bound = await new Promise<PDU>((resolve) => session[`bind_${as}`]({ system_id: systemId, password }, resolve))
  return {
    session,
    deliveries,
    closed,
    bindStatus: bound.command_status,
    submit: (fields = {}) =>
      new Promise((resolve, reject) => {
        void closed.then(() => reject(new Error('closed')))
        const whole = { source_addr: 'ACME', destination_addr: handset, dest_addr_ton: 1, registered_delivery: 1, short_message: 'hello' }
        session.submit_sm({ ...whole, ...fields }, resolve)
      }),
    async delivered(count) {
      while (deliveries.length < count) await once(session, 'delivered')
      return deliveries
    },
  }
}

export const pause = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms))

/** A customer without manners: bytes as they are, and what comes back as PDUs. */
export async function raw(
  t: TestContext,
  { port }: Carriers,
): Promise<{ socket: Socket; pdus: Pdu[]; send(...what: (Draft | Uint8Array)[]): void }> {
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  const pdus: Pdu[] = []
  const parser = createParser({ onPdu: (pdu) => pdus.push(pdu), onBad: (bad) => assert.fail(bad.reason) })
  socket.on('data', (chunk: Buffer) => parser.push(chunk))
  socket.on('error', () => {})
  await once(socket, 'connect')
  return { socket, pdus, send: (...what) => what.forEach((one) => socket.write(one instanceof Uint8Array ? one : encodePdu(one))) }
}

export const bind: Draft = {
  command: 'bind_transceiver',
  sequence_number: 1,
  system_id: 'northern',
  password: 'secret',
  interface_version: 0x34,
}

// npm `smpp` as a client's ESME: binds to our message centre, keeps what it is sent, and asks.
import { afterEach } from 'node:test'
import smpp, { type PDU, type Session } from 'smpp'

export interface Esme {
  session: Session
  /** deliver_sm and data_sm that it was sent, in order, acknowledged unless `answer` says otherwise. */
  got: PDU[]
  /** The status that the next deliveries are answered with; undefined: not at all. */
  answer: (pdu: PDU) => number | undefined
  ask(command: string, fields?: Record<string, unknown>): Promise<PDU>
  submit(fields: Record<string, unknown>): Promise<PDU>
  /** Receipts among what it got. */
  receipts(): { id: string; stat: string; pdu: PDU }[]
  closed: Promise<void>
  close(): Promise<void>
}

export interface EsmeOptions {
  port: number
  systemId?: string
  password?: string
  command?: 'bind_transceiver' | 'bind_transmitter' | 'bind_receiver'
  version?: number
  fields?: Record<string, unknown>
}

/** Connected, not bound. */
export async function connectEsme(port: number): Promise<Esme> {
  const session = smpp.connect({ url: `smpp://127.0.0.1:${port}` })
  const closed = new Promise<void>((resolve) => void session.on('close', () => resolve()))
  const got: PDU[] = []
  const waiting = new Set<(pdu: PDU) => void>()
  const it: Esme = {
    session,
    got,
    answer: () => 0,
    ask(command, fields = {}) {
      return new Promise((resolve, reject) => {
        const settle = (pdu: PDU): void => {
          waiting.delete(settle)
          resolve(pdu)
        }
        waiting.add(settle)
        void closed.then(() => waiting.has(settle) && reject(new Error(`closed before the response to ${command}`)))
        session.send(new smpp.PDU(command, fields), settle)
      })
    },
    submit: (fields) => it.ask('submit_sm', { source_addr: 'Shop', source_addr_ton: 5, dest_addr_ton: 1, dest_addr_npi: 1, ...fields }),
    receipts: () =>
      got.flatMap((pdu) => {
        const text = String(pdu.short_message?.message ?? '')
        const [, id, stat] = /^id:(\S+) .*stat:(\S+)/.exec(text) ?? []
        return id !== undefined && stat !== undefined ? [{ id, stat, pdu }] : []
      }),
    closed,
    async close() {
      session.close()
      await closed
    },
  }
  session.on('error', () => session.destroy())
  session.on('pdu', (pdu: PDU) => {
    if (pdu.command === 'enquire_link' || pdu.command === 'unbind') session.send(pdu.response())
    if (pdu.command !== 'deliver_sm' && pdu.command !== 'data_sm') return
    got.push(pdu)
    const command_status = it.answer(pdu)
    if (command_status !== undefined) session.send(pdu.response({ command_status }))
  })
  await new Promise<void>((resolve, reject) => {
    session.on('connect', () => resolve())
    void closed.then(() => reject(new Error(`nobody listens on ${port}`)))
  })
  return it
}

/** Connected and bound; rejects with the status that refused it. */
export async function esme(options: EsmeOptions): Promise<Esme> {
  const { port, systemId = 'shop', password = 'secret', command = 'bind_transceiver', version = 0x34, fields = {} } = options
  const it = await connectEsme(port)
  const { command_status } = await it.ask(command, { system_id: systemId, password, interface_version: version, ...fields })
  if (command_status !== 0) {
    await it.close()
    throw new Error(`not bound: 0x${command_status.toString(16)}`)
  }
  return it
}

/** Binds ESMEs for the tests of one file, which are gone after each. To be called once, at its top. */
export function esmes(portOf: () => number): (systemId?: string, more?: Partial<EsmeOptions>) => Promise<Esme> {
  const open: Esme[] = []
  afterEach(async () => {
    for (const it of open) it.session.destroy()
    await Promise.all(open.splice(0).map((it) => it.closed))
  })
  return async (systemId = 'shop', more = {}) => {
    const it = await esme({ port: portOf(), systemId, ...more })
    open.push(it)
    return it
  }
}

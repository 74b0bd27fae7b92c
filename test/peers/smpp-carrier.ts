// What the session's tests talk to: npm `smpp` as a carrier on a real socket, bare sockets for what
// it would not send, and a gateway that records what it is given.
import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { pino } from 'pino'
import smpp, { type PDU, type Session as PeerSession } from 'smpp'
import {
  type Account,
  type Address,
  type Availability,
  type BindPolicy,
  type Clock,
  defaultPolicy,
  type Gateway,
  type InboundPart,
  international,
  type Message,
  type Outgoing,
  type Receipt,
  split,
  type Submission,
  systemClock,
} from '../../src/plugin.ts'
import { smppConfig, type SmppConfig } from '../../plugins/smpp/config.ts'
import { quietGateway } from '../quiet-gateway.ts'

export interface Carrier {
  port: number
  sessions: PeerSession[]
  /** Every PDU it got, in order. */
  got: PDU[]
  close(): Promise<void>
}

/** Binds whoever comes and answers what `answer` says; undefined: does not answer. `port`: to be there again. */
export async function carrier(
  answer: (pdu: PDU, session: PeerSession) => PDU | undefined = takeAll,
  tls: TlsOptions = {},
  port = 0,
): Promise<Carrier> {
  const sessions: PeerSession[] = []
  const got: PDU[] = []
  const server = smpp.createServer(tls, (session) => {
    sessions.push(session)
    session.on('error', () => session.destroy())
    session.on('pdu', (pdu: PDU) => {
      got.push(pdu)
      if (pdu.isResponse()) return
      const response = answer(pdu, session)
      if (response) session.send(response)
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    sessions,
    got,
    async close() {
      for (const session of sessions) session.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

let ids = 0

export function takeAll(pdu: PDU): PDU {
  return pdu.response(pdu.command === 'submit_sm' ? { message_id: `m${++ids}` } : {})
}

/** A peer that says exactly these octets, after it has answered the bind. */
export async function rawCarrier(afterBind: (socket: Socket) => void): Promise<{ port: number; server: Server; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('data', (bind) => {
      const response = Buffer.alloc(17)
      response.writeUInt32BE(17, 0)
      response.writeUInt32BE((bind.readUInt32BE(4) | 0x8000_0000) >>> 0, 4)
      bind.copy(response, 12, 12, 16)
      socket.write(response)
      afterBind(socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    server,
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export interface Recorded {
  gateway: Gateway<SmppConfig>
  accepted: Submission[]
  parts: InboundPart[]
  receipts: Receipt[]
  /** What Gateway.reachable was told. */
  alerts: { handset: string; said: Availability | undefined }[]
  /** Lines of the log, as JSON. */
  log: string[]
  /** What accept, part and receipt wait for. */
  durable: () => Promise<void>
}

export function recorder(
  port: number,
  config: Partial<SmppConfig> = {},
  policy: Partial<BindPolicy> = {},
  clock: Clock = systemClock,
): Recorded {
  const accepted: Submission[] = []
  const parts: InboundPart[] = []
  const receipts: Receipt[] = []
  const alerts: Recorded['alerts'] = []
  const log: string[] = []
  const id = 'AC0/carrier'
  const recorded: Recorded = {
    accepted,
    parts,
    receipts,
    alerts,
    log,
    durable: () => Promise.resolve(),
    gateway: {
      ...quietGateway,
      bind: {
        id,
        account: 'AC0',
        name: 'carrier',
        connector: 'smpp',
        side: 'supplier',
        enabled: true,
        paused: false,
        policy: { ...basePolicy, ...policy },
        config: { ...smppConfig.parse({ host: '127.0.0.1', port, systemId: 'box', password: 'hunter22' }), ...config },
        createdAt: 0,
        updatedAt: 0,
      },
      log: pino({ level: 'debug' }, { write: (line: string) => void log.push(line) }),
      clock,
      async accept(submission) {
        await recorded.durable()
        accepted.push(submission)
        return 'id'
      },
      async part(part) {
        await recorded.durable()
        parts.push(part)
      },
      async receipt(receipt) {
        await recorded.durable()
        receipts.push(receipt)
        return 'matched'
      },
      reachable: (handset, said) => void alerts.push({ handset: handset.value, said }),
      account: () => ({ id: 'AC0' }) as Account,
      outbound: { ask: () => {}, request: () => Promise.reject(new Error('not here')), close: () => Promise.resolve() },
    },
  }
  return recorded
}

const basePolicy: BindPolicy = {
  ...defaultPolicy,
  window: 500,
  attempts: 3,
  retryFirstMs: 1000,
  retryCapMs: 60_000,
  downLimitMs: 0,
  validitySeconds: 86_400,
  maxValiditySeconds: 86_400,
}

const acme: Address = { value: 'ACME', ton: 'alphanumeric', npi: 'unknown' }

export function outgoing(text: string, to = '+447700900123', concatenation: BindPolicy['concatenation'] = 'udh8'): Outgoing {
  const body = { kind: 'text' as const, text }
  const message: Message = {
    id: '0'.repeat(32),
    account: 'AC0',
    direction: 'mt',
    arrival: 'AC0/api',
    acceptedAt: Date.now(),
    validUntil: Date.now() + 3_600_000,
    segments: 1,
    from: acme,
    to: international(to),
    body,
    priority: 1,
    receipt: 'both',
  }
  return { message, segments: split(body, { concatenation, reference: 7 }), attempt: 0 }
}

/** Looks until it holds; fails after a minute, which only what hangs takes. */
export async function eventually(holds: () => boolean, what: string): Promise<void> {
  const until = Date.now() + 60_000
  while (!holds()) {
    if (Date.now() > until) throw new Error(`never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

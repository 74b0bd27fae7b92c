// A link of ours and a bare socket at the other end of a real connection, whichever side opened it.
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { describe, type TestContext } from 'node:test'
import { pino } from 'pino'
import { systemClock } from '../../src/plugin.ts'
import { type BadPdu, createParser, type Pdu } from './codec/index.ts'
import { createLink, type Link, type LinkOptions } from './link.ts'

export const sides = ['accepted', 'dialled'] as const
export type LinkSide = (typeof sides)[number]

export interface Pair {
  link: Link
  /** The peer's end. */
  peer: Socket
  /** What the link's owner was asked, in order; answered with status 0 unless `onRequest` is given. */
  requests: Pdu[]
  /** What the peer got. */
  got: Pdu[]
  bad: BadPdu[]
  /** Lines of the log, as JSON. */
  log: string[]
  /** Resolves to what the peer got, once it is so much. */
  answers(n: number): Promise<Pdu[]>
  close(): Promise<void>
}

export type PairOptions = Partial<Omit<LinkOptions, 'socket' | 'log' | 'onRequest'>> & { onRequest?(pdu: Pdu, link: Link): void }

/** Responses by request; what has none is not answered. */
const answered: Partial<Record<Pdu['command'], Pdu['command']>> = {
  bind_transceiver: 'bind_transceiver_resp',
  bind_receiver: 'bind_receiver_resp',
  bind_transmitter: 'bind_transmitter_resp',
  submit_sm: 'submit_sm_resp',
  deliver_sm: 'deliver_sm_resp',
  data_sm: 'data_sm_resp',
  submit_multi: 'submit_multi_resp',
  query_sm: 'query_sm_resp',
  cancel_sm: 'cancel_sm_resp',
  replace_sm: 'replace_sm_resp',
  broadcast_sm: 'broadcast_sm_resp',
  query_broadcast_sm: 'query_broadcast_sm_resp',
  cancel_broadcast_sm: 'cancel_broadcast_sm_resp',
}

/** The same tests for either side of a connection; a pair that one of them opens closes with it. */
export function onEitherSide(what: string, tests: (opened: (t: TestContext, options?: PairOptions) => Promise<Pair>) => void): void {
  for (const side of sides) {
    describe(`${what} over a connection that was ${side}`, () =>
      tests(async (t, options) => {
        const both = await pair(side, options)
        t.after(() => both.close())
        return both
      }))
  }
}

export async function pair(side: LinkSide, options: PairOptions = {}): Promise<Pair> {
  const server = createServer({ allowHalfOpen: side === 'accepted' })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const dialled = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: side === 'dialled' })
  const [accepted] = (await once(server, 'connection')) as [Socket]
  if (dialled.connecting) await once(dialled, 'connect')
  const [ours, peer] = side === 'dialled' ? [dialled, accepted] : [accepted, dialled]
  peer.setNoDelay(true)
  const requests: Pdu[] = []
  const got: Pdu[] = []
  const bad: BadPdu[] = []
  const log: string[] = []
  const { onRequest, ...more } = options
  const link = createLink({
    socket: ours,
    clock: systemClock,
    log: pino({ level: 'debug' }, { write: (line: string) => void log.push(line) }),
    enquireLinkMs: 60_000,
    responseTimeoutMs: 10_000,
    ...more,
    onRequest(pdu) {
      requests.push(pdu)
      const command = answered[pdu.command]
      if (onRequest) onRequest(pdu, link)
      else if (command) link.post({ command, sequence_number: pdu.sequence_number } as Pdu)
    },
  })
  let changed = (): void => {}
  const parser = createParser({
    onPdu: (pdu) => {
      got.push(pdu)
      changed()
    },
    onBad: (each) => bad.push(each),
  })
  peer.on('data', (chunk) => parser.push(chunk))
  peer.on('error', () => {})
  let isClosed = false
  peer.on('close', () => {
    isClosed = true
    changed()
  })
  return {
    link,
    peer,
    requests,
    got,
    bad,
    log,
    async answers(n) {
      while (got.length < n && !isClosed) await new Promise<void>((resolve) => (changed = resolve))
      return got.slice(0, n)
    },
    async close() {
      link.destroy('over')
      peer.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

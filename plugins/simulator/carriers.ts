// Simulated carriers behind one listener, told apart by system_id. Real SMPP over real sockets.
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { systemClock, type Clock } from '../../src/plugin.ts'
import { type Draft, statuses } from '../smpp/codec/index.ts'
import { createCarrier, type Carrier, type CarrierOptions, type CarrierView } from './carrier.ts'
import { createHandsets, type Shown } from './handsets.ts'
import { openLedger } from './ledger.ts'
import type { PersonalityChoice } from './personalities.ts'
import type { Personality } from './personality.ts'
import { createSession, type Session } from './session.ts'
import { createTurn, createWire, type Wire } from './wire.ts'

export interface CarriersOptions {
  /** 0 = any free one. */
  port: number
  /** Loopback unless told otherwise. */
  host?: string
  carriers: readonly CarrierOptions[]
  seed: number
  clock?: Clock
  log?: { info(facts: object, text: string): void }
  /** Path of a file to append every submit taken to. */
  ledger?: string
  /** Each PDU of a MO that the customer answered with ESME_ROK, before anything else is read from it. */
  onMoAcked?(pdu: Draft): void
}

export interface Reply {
  /** The handset. */
  from: string
  /** The number it writes to. */
  to: string
  text: string
  /** The carrier; without one, that which last delivered to the handset, or else the first with a receiving session. */
  carrier?: string
}

export interface Carriers {
  host: string
  port: number
  /** Newest first. */
  inbox(limit?: number): Shown[]
  /** Throws an Error for people when no carrier can be named. */
  reply(reply: Reply): { carrier: string; segments: number }
  views(): CarrierView[]
  /** Undefined: there is no such carrier. Throws an Error that says what was wrong with the options. */
  change(id: string, choice: PersonalityChoice): Personality | undefined
  /** Unbinds every session, then closes. */
  close(): Promise<void>
}

const checkEveryMs = 1000
/** Sessions that do not answer our unbind are cut. */
const closeWithinMs = 1000

export async function startCarriers(options: CarriersOptions): Promise<Carriers> {
  const { host = '127.0.0.1', clock = systemClock, seed, log } = options
  const handsets = createHandsets()
  const ledger = options.ledger === undefined ? undefined : openLedger(options.ledger)
  const turn = createTurn(() => ledger?.flush())
  const carriers = new Map<string, Carrier>()
  for (const carrier of options.carriers) {
    if (carriers.has(carrier.id)) throw new Error(`carriers: ${JSON.stringify(carrier.id)} is there twice`)
    carriers.set(carrier.id, createCarrier(carrier, { seed, clock, handsets, ledger, onMoAcked: options.onMoAcked }))
  }
  const sessions = new Map<Socket, Session>()

  const server = createServer((socket) => {
    const wire: Wire = createWire(socket, turn, {
      onPdu: (pdu) => session.onPdu(pdu),
      onBad: (bad) => session.onBad(bad),
      onDrain: () => session.onDrain(),
      onClose() {
        sessions.delete(socket)
        session.onClose()
      },
    })
    const session = createSession({
      wire,
      now: clock.now,
      identify(bind) {
        const carrier = carriers.get(bind.system_id)
        const status = carrier ? carrier.admits(bind) : statuses.ESME_RINVSYSID
        log?.info({ systemId: bind.system_id, command: bind.command, status, remote: wire.remote }, 'simulator: bind')
        return carrier && status === 0 ? carrier : status
      },
    })
    sessions.set(socket, session)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, host, resolve)
  })
  const { port } = server.address() as AddressInfo

  let cancelCheck = clock.after(checkEveryMs, check)
  function check(): void {
    const now = clock.now()
    for (const carrier of carriers.values()) carrier.check(now)
    for (const session of sessions.values()) session.check(now)
    cancelCheck = clock.after(checkEveryMs, check)
  }

  function carrierFor({ from, to, carrier }: Reply): Carrier {
    if (carrier !== undefined) {
      const named = carriers.get(carrier)
      if (named) return named
      throw new Error(`carrier: expected one of ${[...carriers.keys()].join(', ')}, got ${JSON.stringify(carrier)}`)
    }
    const last = handsets.lastTo(from, to)
    const found =
      (last && carriers.get(last.carrier)) ??
      [...carriers.values()].find((each) => each.view().sessions.some(({ role }) => role !== 'transmitter'))
    if (found) return found
    throw new Error(`${from} has got no message, and no carrier has a receiving session: name one of ${[...carriers.keys()].join(', ')}`)
  }

  return {
    host,
    port,
    inbox: handsets.inbox,
    reply(reply) {
      const carrier = carrierFor(reply)
      return { carrier: carrier.id, ...carrier.mo(reply) }
    },
    views: () => [...carriers.values()].map((carrier) => carrier.view()),
    change: (id, choice) => carriers.get(id)?.change(choice),
    async close() {
      cancelCheck()
      for (const carrier of carriers.values()) carrier.stop()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const session of sessions.values()) session.unbind()
      const timer = setTimeout(() => sessions.forEach((_, socket) => socket.destroy()), closeWithinMs)
      await closed
      clearTimeout(timer)
      ledger?.close()
    },
  }
}

// One SMPP session of a customer, seen from the carrier: what may be said before and after the bind,
// and the answer to everything that a carrier does not do.
import { commandIds, statuses, type BadPdu, type BindPdu, type Command, type Draft, type Pdu, type PduOf } from '../smpp/codec/index.ts'
import type { Receiver } from './outbox.ts'
import type { Wire } from './wire.ts'

export type Role = 'receiver' | 'transmitter' | 'transceiver'

export interface BoundSession extends Receiver {
  carrier: Carried
  role: Role
  /** Submits so far. */
  submits: number
}

/** What a session asks of the carrier it is bound to. */
export interface Carried {
  id: string
  joined(session: BoundSession): void
  left(session: BoundSession): void
  submit(session: BoundSession, pdu: PduOf<'submit_sm'>): void
  answered(session: BoundSession, sequence_number: number, command_status: number): void
  drained(): void
  /** How long a customer may be silent before it is asked for a sign of life; 0 = for ever. */
  enquireMs(): number
}

export interface SessionOptions {
  wire: Wire
  now(): number
  /** The carrier of these credentials, or the status to refuse with. */
  identify(bind: BindPdu): Carried | number
}

export interface Session {
  onPdu(pdu: Pdu): void
  onBad(bad: BadPdu): void
  onClose(): void
  onDrain(): void
  /** Closes it when it is unbound for too long; asks for a sign of life when it is bound and idle. */
  check(now: number): void
  unbind(): void
}

/** A connection that does not bind is closed (SMPP 5.0 §2.7.1, session init timer). */
const initTimeoutMs = 30_000
/** Three in a row without any answer close the session. */
const maxEnquires = 3
const roles = { bind_receiver: 'receiver', bind_transmitter: 'transmitter', bind_transceiver: 'transceiver' } as const

export function createSession({ wire, now, identify }: SessionOptions): Session {
  let bound: BoundSession | undefined
  let heardAt = now()
  let enquires = 0
  let sequence = 0
  const nextSequence = (): number => (sequence = sequence >= 0x7fff_ffff ? 1 : sequence + 1)

  function bind(pdu: BindPdu): void {
    const command = `${pdu.command}_resp` as const
    const { sequence_number } = pdu
    const deny = (command_status: number) => wire.write({ command, sequence_number, command_status })
    if (bound) return deny(statuses.ESME_RALYBND)
    const carrier = identify(pdu)
    if (typeof carrier === 'number') {
      deny(carrier)
      return wire.end()
    }
    bound = { wire, inFlight: new Map(), nextSequence, carrier, role: roles[pdu.command], submits: 0 }
    // 0x50: SMPP 5.0 (§4.8.4.51 sc_interface_version), and no more than the customer speaks.
    const version = Math.min(0x50, pdu.interface_version)
    wire.write({ command, sequence_number, system_id: carrier.id, tlvs: version < 0x34 ? [] : [[0x0210, Uint8Array.of(version)]] })
    carrier.joined(bound)
  }

  function refuse(command: Command, sequence_number: number, command_status: number): void {
    wire.write({ command: responseOf(command), sequence_number, command_status } as Draft)
  }

  function onRequest(pdu: Pdu): void {
    switch (pdu.command) {
      case 'bind_receiver':
      case 'bind_transmitter':
      case 'bind_transceiver':
        return bind(pdu)
      case 'enquire_link':
        return wire.write({ command: 'enquire_link_resp', sequence_number: pdu.sequence_number })
      case 'unbind':
        wire.write({ command: 'unbind_resp', sequence_number: pdu.sequence_number })
        return wire.end()
      case 'submit_sm':
        if (!bound || bound.role === 'receiver') return refuse('submit_sm', pdu.sequence_number, statuses.ESME_RINVBNDSTS)
        return bound.carrier.submit(bound, pdu)
      case 'deliver_sm_resp':
      case 'generic_nack':
        if (bound) bound.carrier.answered(bound, pdu.sequence_number, pdu.command_status)
        return
      case 'unbind_resp':
        return wire.end()
      default:
        // Other responses answer nothing of ours; other requests are not for this carrier.
        if (commandIds[pdu.command] < 0x8000_0000) {
          refuse(pdu.command, pdu.sequence_number, bound ? statuses.ESME_RINVCMDID : statuses.ESME_RINVBNDSTS)
        }
    }
  }

  return {
    onPdu(pdu) {
      heardAt = now()
      enquires = 0
      onRequest(pdu)
    },
    onBad(bad) {
      heardAt = now()
      if (bad.kind === 'framing') {
        wire.write({ command: 'generic_nack', sequence_number: 0, command_status: statuses.ESME_RINVCMDLEN })
        return wire.end()
      }
      if (bad.kind === 'command') {
        return wire.write({ command: 'generic_nack', sequence_number: bad.sequence_number, command_status: bad.status })
      }
      if (bad.command_id < 0x8000_0000) refuse(bad.command, bad.sequence_number, bad.status)
    },
    onClose() {
      const session = bound
      bound = undefined
      session?.carrier.left(session)
    },
    onDrain() {
      bound?.carrier.drained()
    },
    check(at) {
      if (wire.silent) return
      if (!bound) {
        if (at - heardAt > initTimeoutMs) wire.end()
        return
      }
      const every = bound.carrier.enquireMs()
      if (every === 0 || at - heardAt < every * (enquires + 1)) return
      if (enquires >= maxEnquires) return wire.cut()
      enquires++
      wire.write({ command: 'enquire_link', sequence_number: nextSequence() })
    },
    unbind() {
      if (bound) wire.write({ command: 'unbind', sequence_number: nextSequence() })
      wire.end()
    },
  }
}

/** generic_nack where a request has no response of its own. */
function responseOf(command: Command): Command {
  const name = `${command}_resp`
  return Object.hasOwn(commandIds, name) ? (name as Command) : 'generic_nack'
}

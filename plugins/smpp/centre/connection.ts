// One connection of a client's ESME: open, then bound as whoever it says it is, then served until it
// goes. A connection that does not bind in time, or not rightly, is closed.
import type { Socket } from 'node:net'
import { type BindPdu, type Draft, integer8, noTlvs, type OutbindPdu, type Pdu, statuses, tags } from '../codec/index.ts'
import { createLink, type Link } from '../link.ts'
import { admit, type Refused } from './admit.ts'
import type { Centre, Client } from './centre.ts'
import { createClient } from './client.ts'
import { refusal } from './statuses.ts'
import { termsOf } from './terms.ts'

const bindLimitMs = 10_000
/** Until it is bound; then its bind's hold. */
const unboundLimits = { enquireLinkMs: 30_000, responseTimeoutMs: 30_000 }
const version34 = 0x34
const version50 = 0x50

export function serve(socket: Socket, address: string, centre: Centre): Link {
  const { clock, guard } = centre
  const log = centre.log.child({ peer: address })
  let client: Client | undefined
  let isOver = false
  /** It has had its one guess: nothing behind it is looked at. */
  let hasGuessed = false
  const link = createLink({ socket, clock, log, ...unboundLimits, onRequest })
  centre.unbound.add(link)
  const cancelLimit = clock.after(bindLimitMs, () => link.end(`no bind in ${bindLimitMs} ms`))

  function settle(): void {
    if (isOver) return
    isOver = true
    centre.unbound.delete(link)
    cancelLimit()
    guard.left(address)
  }
  void link.closed.then((why) => {
    settle()
    if (client) log.info({ bind: client.gateway.bind.id, why }, 'a client session is gone')
  })

  function onRequest(pdu: Pdu): void {
    if (client) {
      client.take(pdu)
      return
    }
    if (hasGuessed) return
    switch (pdu.command) {
      case 'bind_transceiver':
      case 'bind_transmitter':
      case 'bind_receiver':
        bind(pdu)
        return
      case 'outbind':
        void outbound(pdu)
        return
      default:
        link.post(refusal(pdu, statuses.ESME_RINVBNDSTS))
    }
  }

  async function outbound(pdu: OutbindPdu): Promise<void> {
    cancelLimit()
    hasGuessed = true
    if (await centre.outbind?.(link, pdu)) return
    log.warn({ systemId: pdu.system_id.slice(0, 64) }, 'an outbind that no bind expects, or that came to nothing')
    // One that a bind expected has taken the connection over.
    if (!isOver) turnAway(true, () => link.end('an outbind that no bind expects'))
  }

  function bind(pdu: BindPdu): void {
    const admitted = admit(pdu, address, centre.claimed(pdu.system_id), centre.isActive)
    if ('status' in admitted) {
      refuse(pdu, admitted)
      return
    }
    const { gateway, version, role } = admitted
    const terms = termsOf(admitted)
    const made = createClient({ link, terms, centre })
    if (!gateway.attach(made.session)) {
      refuse(pdu, { status: statuses.ESME_RALYBND, why: 'it has as many sessions as it may', guessing: false, bind: gateway.bind.id })
      return
    }
    client = made
    settle()
    centre.clients.add(made)
    void link.closed.then(() => centre.clients.delete(made))
    if (role !== 'transmitter') {
      const { id } = gateway.bind
      centre.received(id, 1)
      void link.closed.then(() => centre.received(id, -1))
    }
    const { enquireLinkMs, responseTimeoutMs, partialPduTimeoutMs } = terms.config
    link.limit({ enquireLinkMs, responseTimeoutMs, partialPduMs: partialPduTimeoutMs })
    if (gateway.trace) link.trace(gateway.trace, pdu)
    link.post(bound(pdu, version))
    log.info({ bind: gateway.bind.id, role, version: `0x${version.toString(16)}` }, 'a client is bound')
  }

  function bound(pdu: BindPdu, version: number): Draft {
    const { sequence_number } = pdu
    // SMPP 5.0 §4.8.4.51; 3.3 knows no TLVs.
    const tlvs = version >= version34 ? [integer8(tags.sc_interface_version, version50)] : noTlvs
    return { command: `${pdu.command}_resp`, sequence_number, system_id: centre.systemId, tlvs }
  }

  function refuse(pdu: BindPdu, { status, why, guessing, ...of }: Refused): void {
    log.warn({ systemId: pdu.system_id.slice(0, 64), ...of, why }, 'a bind is refused')
    turnAway(guessing, () => {
      link.post(refusal(pdu, status))
      link.end(`bind refused: ${why}`)
    })
  }

  /** A guess waits for its answer, and meanwhile nothing more is read of the connection. */
  function turnAway(guessing: boolean, answer: () => void): void {
    hasGuessed = true
    const failed = guessing ? guard.failed(address) : { waitMs: 0, blocked: false }
    if (failed.blocked) log.warn('the address is blocked for a while: too many failed binds in a row')
    link.hold()
    cancelLimit()
    if (failed.waitMs === 0) answer()
    else clock.after(failed.waitMs, answer)
  }

  return link
}

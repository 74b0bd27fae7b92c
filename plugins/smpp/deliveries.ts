// What a carrier hands over on one session: answered only when the gateway has made it durable, and
// refused so that the carrier keeps what could not be taken now.
import { AcceptRefused, type Gateway, occasional } from '../../src/plugin.ts'
import { describe, type Draft, type Pdu, type PduOf, statuses } from './codec/index.ts'
import type { SmppConfig } from './config.ts'
import type { Link } from './link.ts'
import { readAlert } from './mapping/alert.ts'
import { readDelivery } from './mapping/deliver.ts'
import type { TlvRules } from './mapping/tlvs.ts'
import { modeOf } from './supplier-settings.ts'

/** Deliveries being made durable, above which no more are read from the carrier. */
const mostOpen = 500

export interface Deliveries {
  take(link: Link, pdu: Pdu): void
}

export function createDeliveries(gateway: Gateway<SmppConfig>, tlvs: TlvRules): Deliveries {
  const { log } = gateway
  const options = {
    /** As it is now: it may have been changed since the bind. */
    get config() {
      return gateway.bind.config
    },
    owned: (value: string) => gateway.number(value) !== undefined,
    get transit() {
      // Who is bound as a receiver has no way to tell it.
      return gateway.bind.policy.transit && modeOf(gateway.bind.config) !== 'rx'
    },
    tlvs,
  }
  const nothing = Promise.resolve()
  const clock = gateway.clock.steady
  const fail = occasional(clock, (fields, message) => log.error(fields, message))
  const warn = occasional(clock, (fields, message) => log.warn(fields, message))
  let open = 0

  function deliver(link: Link, pdu: PduOf<'deliver_sm' | 'data_sm'>): void {
    if (++open === mostOpen) link.hold()
    const held = open === mostOpen
    function answer(command_status: number): void {
      open--
      if (held) link.release()
      link.post(response(pdu, command_status))
    }
    handOver(pdu).then(
      () => answer(statuses.ESME_ROK),
      (error: unknown) => answer(refused(pdu, error)),
    )
  }

  /** Resolves when durable; rejects, never throws. */
  function handOver(pdu: PduOf<'deliver_sm' | 'data_sm'>): Promise<unknown> {
    try {
      const delivery = readDelivery(pdu, options)
      if (delivery.kind === 'receipt') return gateway.receipt(delivery.receipt)
      if (delivery.kind === 'part') return gateway.part(delivery.part)
      if (delivery.kind === 'message') return gateway.accept(delivery.submission)
      log.debug({ pdu: describe(pdu) }, `acknowledged and left at that: ${delivery.why}`)
      return nothing
    } catch (error) {
      return Promise.reject(error)
    }
  }

  function alert(pdu: PduOf<'alert_notification'>): void {
    log.debug({ pdu: describe(pdu) }, 'a handset may be reached again')
    const { handset, said } = readAlert(pdu, gateway.bind.config)
    gateway.reachable(handset, said)
  }

  function refused(pdu: Pdu, error: unknown): number {
    const why = error instanceof AcceptRefused ? error.why : undefined
    const tell = why === undefined ? fail : warn
    // While the disk is full the carrier tries every one of them again and again.
    tell(why ?? 'unforeseen', 'a delivery was not taken', () => ({ err: error, pdu: describe(pdu) }))
    return refusal[why ?? 'busy']
  }

  return {
    take(link, pdu) {
      if (pdu.command === 'deliver_sm' || pdu.command === 'data_sm') deliver(link, pdu)
      else if (pdu.command === 'alert_notification') alert(pdu)
      else link.post({ command: 'generic_nack', sequence_number: pdu.sequence_number, command_status: statuses.ESME_RINVCMDID })
    },
  }
}

/** T: the carrier keeps the message and tries again. P, R: it does not (SMPP 5.0 §4.7.6). */
const refusal: Record<AcceptRefused['why'], number> = {
  busy: statuses.ESME_RX_T_APPN,
  throttled: statuses.ESME_RX_T_APPN,
  'queue-full': statuses.ESME_RX_T_APPN,
  quota: statuses.ESME_RX_T_APPN,
  invalid: statuses.ESME_RX_P_APPN,
  'too-short': statuses.ESME_RX_P_APPN,
  'too-long': statuses.ESME_RX_P_APPN,
  validity: statuses.ESME_RX_P_APPN,
  'no-route': statuses.ESME_RX_R_APPN,
  suspended: statuses.ESME_RX_R_APPN,
  'source-not-allowed': statuses.ESME_RX_R_APPN,
  'destination-not-allowed': statuses.ESME_RX_R_APPN,
  'opted-out': statuses.ESME_RX_R_APPN,
  loop: statuses.ESME_RX_R_APPN,
}

function response(pdu: PduOf<'deliver_sm' | 'data_sm'>, command_status: number): Draft {
  const { sequence_number } = pdu
  if (pdu.command === 'data_sm') return { command: 'data_sm_resp', sequence_number, command_status }
  return { command: 'deliver_sm_resp', sequence_number, command_status }
}

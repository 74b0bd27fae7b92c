// Who binds: the client bind that a bind PDU means, or the status that refuses it. Whether there is
// no such system_id, the password is wrong or the address is not allowed is answered alike; the log
// says which.
import { createHash, timingSafeEqual } from 'node:crypto'
import { rangesOf, type Gateway } from '../../../src/plugin.ts'
import { type BindPdu, statuses } from '../codec/index.ts'
import type { ClientConfig } from './config.ts'

export type Role = ClientConfig['bindTypes'][number]

export interface Admitted {
  gateway: Gateway<ClientConfig>
  role: Role
  version: Version
}
/** `guessing`: it counts against the address. `why` is for the log. */
export interface Refused {
  status: number
  why: string
  guessing: boolean
  bind?: string
}

/** interface_version: 3.3 or earlier, 3.4, 5.0 (SMPP 5.0 §4.7.13). */
export type Version = 0x33 | 0x34 | 0x50

/** Undefined for the reserved numbers. */
function versionOf(interface_version: number): Version | undefined {
  if (interface_version <= 0x33) return 0x33
  return interface_version === 0x34 || interface_version === 0x50 ? interface_version : undefined
}

const roles = { bind_transmitter: 'transmitter', bind_receiver: 'receiver', bind_transceiver: 'transceiver' } as const

export function admit(
  pdu: BindPdu,
  address: string,
  claimed: readonly Gateway[],
  isActive: (gateway: Gateway) => boolean,
): Admitted | Refused {
  const named = claimed as readonly Gateway<ClientConfig>[]
  const gateway = whose(named, pdu.password)
  if (!gateway) {
    const why = named.length === 0 ? 'there is no client bind of this system_id' : 'the password is wrong'
    return { status: statuses.ESME_RINVPASWD, why, guessing: true }
  }
  const { bind } = gateway
  const { config } = bind
  if (config.addresses.length > 0 && !rangesOf(config.addresses).has(address))
    return { status: statuses.ESME_RINVPASWD, why: 'the address is not on its list', guessing: true, bind: bind.id }
  const refuse = (status: number, why: string): Refused => ({ status, why, guessing: false, bind: bind.id })
  if (!isActive(gateway)) return refuse(statuses.ESME_RBINDFAIL, 'its account is suspended')
  const version = versionOf(pdu.interface_version)
  if (version === undefined)
    return refuse(statuses.ESME_RBINDFAIL, `interface_version: expected 0x33, 0x34 or 0x50, got 0x${pdu.interface_version.toString(16)}`)
  const role = roles[pdu.command]
  if (!config.bindTypes.includes(role)) return refuse(statuses.ESME_RINVBNDSTS, `it may not bind as ${role}`)
  if (config.systemType !== '' && config.systemType !== pdu.system_type) return refuse(statuses.ESME_RINVSYSTYP, 'another system_type')
  return { gateway, role, version }
}

const digest = (text: string): Buffer => createHash('sha256').update(text, 'latin1').digest()
/** Compared with where nobody goes by the name, so that the time says nothing about it. */
const nobody = digest('')

/** Every one is compared, whoever it is, in the same time. */
function whose(named: readonly Gateway<ClientConfig>[], password: string): Gateway<ClientConfig> | undefined {
  const given = digest(password)
  let found: Gateway<ClientConfig> | undefined
  for (const one of named) if (timingSafeEqual(given, digest(one.bind.config.password))) found ??= one
  if (named.length === 0) timingSafeEqual(given, nobody)
  return found
}

// What holds for one session of a client, compiled once from its bind's settings and the version that
// was agreed on.
import type { Gateway } from '../../../src/plugin.ts'
import { type ReceiptForm, receiptForm } from '../mapping/receipt-settings.ts'
import { type TlvRules, tlvRules } from '../mapping/tlvs.ts'
import type { Role, Version } from './admit.ts'
import type { ClientConfig } from './config.ts'

export interface Terms {
  gateway: Gateway<ClientConfig>
  /** As it was at the bind: a change of it closes the session. */
  config: ClientConfig
  role: Role
  version: Version
  receipts: ReceiptForm
  tlvs: TlvRules
  /** Whether a number is the account's own. */
  owned(value: string): boolean
}

export function termsOf({ gateway, role, version }: { gateway: Gateway<ClientConfig>; role: Role; version: Version }): Terms {
  const { config } = gateway.bind
  return {
    gateway,
    config,
    role,
    version,
    receipts: receiptForm(config.receipts, version),
    tlvs: tlvRules({ tlvs: config.tlvs, tlvsAlways: {}, hopsTlv: config.hopsTlv }),
    owned: (value) => gateway.number(value) !== undefined,
  }
}

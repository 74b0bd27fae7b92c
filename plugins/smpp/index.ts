// SMPP towards carriers: the connector `smpp`, supplier side. Codec, mapping and session lie beside it.
import type { Connector } from '../../src/plugin.ts'
import { smppConfig, type SmppConfig } from './config.ts'
import { dial } from './session.ts'

export type { SmppConfig } from './config.ts'

export const smpp: Connector<SmppConfig> = {
  name: 'smpp',
  config: { supplier: smppConfig },
  can: { text: 'segments', mms: false, receipts: true },
  dial,
}

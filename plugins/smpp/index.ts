// SMPP towards carriers: the connector `smpp`, supplier side. Codec, mapping and session lie beside it.
import type { Connector } from '../../src/plugin.ts'
import { smppConfig, type SmppConfig } from './config.ts'
import { charsetOf, type Encoding } from './mapping/encoding-settings.ts'
import { dial } from './session.ts'
import { peersOf } from './supplier-settings.ts'
import { smppTrace } from './trace/index.ts'

export type { SmppConfig } from './config.ts'

export const smpp: Connector<SmppConfig> = {
  name: 'smpp',
  config: { supplier: smppConfig },
  can: { text: 'segments', mms: false, receipts: true },
  charset: (config) => charsetOf(config as Encoding),
  dial,
  peers: (config) => peersOf(config as SmppConfig),
  caller: (config) => (config as SmppConfig).outbind?.systemId,
  trace: smppTrace,
}

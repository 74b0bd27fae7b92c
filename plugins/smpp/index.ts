// SMPP both ways: an ESME to carriers (supplier binds), a message centre to clients (centre/). Codec and
// mapping lie beside them.
import type { Connector } from '../../src/plugin.ts'
import { clientConfig, type ClientConfig } from './centre/config.ts'
import { type Listening, startCentre } from './centre/listener.ts'
import { smppConfig, type SmppConfig } from './config.ts'
import { charsetOf, type Encoding } from './mapping/encoding-settings.ts'
import { takeOutbind } from './outbind.ts'
import { dial } from './session.ts'
import { peersOf } from './supplier-settings.ts'
import { smppTrace } from './trace/index.ts'

export type { Listening } from './centre/listener.ts'

export const smpp: Connector<SmppConfig> = {
  name: 'smpp',
  config: { supplier: smppConfig, client: clientConfig },
  claim: (config) => (config as ClientConfig).systemId,
  can: { text: 'segments', mms: false, receipts: true },
  charset: (config) => charsetOf(config as Encoding),
  dial,
  peers: (config) => peersOf(config as SmppConfig),
  caller: (config) => (config as SmppConfig).outbind?.systemId,
  trace: smppTrace,
}

/** The same with a message centre that listens at these addresses. */
export function listeningSmpp(listen: readonly Listening[]): Connector<SmppConfig> {
  return {
    ...smpp,
    async listen(host, signal) {
      await startCentre(host, { listen, outbind: (link, pdu) => takeOutbind(host, link, pdu, signal) }, signal)
    },
  }
}

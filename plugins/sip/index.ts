// SIP MESSAGE both ways: apps and phones that register (client binds with a user), and trunks that do
// not (binds of either side). One file of sip-profiles/ is one listener.
import { Router } from 'express'
import type { AccountId, Connector, Host } from '../../src/plugin.ts'
import { Failure } from '../../src/plugin.ts'
import { openBridge, type Bridge, type BridgeOptions } from './bridge.ts'
import { claimOf, clientConfig, type SipConfig, supplierConfig } from './settings.ts'
import { sipTrace } from './trace/index.ts'

export type { SipConfig } from './settings.ts'
export { measured } from './measures.ts'
export { listenedText } from './running.ts'

export const sip: Connector<SipConfig> = {
  name: 'sip',
  config: { supplier: supplierConfig, client: clientConfig },
  claim: claimOf,
  // A MESSAGE has no length of 140 octets; SMS over IMS splits by itself.
  can: { text: 'whole', mms: false, receipts: true },
  trace: sipTrace,
  dial: () => Promise.reject(new Failure('temporary', 'bind-down', 'SIP is switched off (SIGNALBOX_SIP)')),
}

export interface ListeningSip {
  connector: Connector<SipConfig>
  /** Undefined until it listens. */
  bridge(): Bridge | undefined
  /** After the sessions of binds are gone. */
  close(): Promise<void>
}

/** The same with listeners as sip-profiles/ has them. */
export function listeningSip(options: BridgeOptions): ListeningSip {
  let bridge: Bridge | undefined
  let opened: (bridge: Bridge) => void = () => {}
  // Binds are dialled before anybody listens.
  const open = new Promise<Bridge>((resolve) => (opened = resolve))
  return {
    connector: {
      ...sip,
      http: () => ({ router: Router(), upgrade: (request, socket, head) => bridge?.upgrade(request, socket, head) ?? false }),
      registrations: () => bridge?.registrations() ?? [],
      addressed: (account, address) => (bridge ? claimsFor(bridge, account, address) : undefined),
      async dial(gateway, signal) {
        const stopped = new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }))
        const there = bridge ?? (await Promise.race([open, stopped]))
        if (!there) throw new Failure('temporary', 'bind-down', 'stopped')
        return await there.dial(gateway, signal)
      },
      async listen(host: Host, signal: AbortSignal) {
        bridge = await openBridge(host, options)
        opened(bridge)
        if (signal.aborted) bridge.refuse()
        else signal.addEventListener('abort', () => bridge?.refuse(), { once: true })
      },
    },
    bridge: () => bridge,
    close: async () => await bridge?.close(),
  }
}

/** `bob@acme.example`, where that domain is the account's; `bob`, in any of them. */
function claimsFor(bridge: Bridge, account: AccountId, address: string): readonly string[] | undefined {
  const domains = bridge.domains(account)
  const written = address.toLowerCase()
  const at = written.lastIndexOf('@')
  if (at < 0) return domains.length === 0 ? undefined : [`${written}@`, ...domains.map((domain) => `${written}@${domain}`)]
  if (!domains.includes(written.slice(at + 1))) return undefined
  return [written, written.slice(0, at + 1)]
}

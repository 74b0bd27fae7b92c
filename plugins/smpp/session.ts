// A supplier session: one transceiver, transmitter or receiver, or a pair of them, as one; dialled to
// one of the carrier's addresses, or bound over a connection that the carrier opened.
import { Failure, type Gateway, type Outcome, type Session } from '../../src/plugin.ts'
import { offline } from './answer.ts'
import type { SmppConfig } from './config.ts'
import { createDeliveries } from './deliveries.ts'
import { type BindCommand, BindRefused, type Dialled, dialLink, type DialParts, versions } from './dial.ts'
import { type CarrierHost, hostsOf, hostText } from './hosts.ts'
import { type TlvRules, tlvRules } from './mapping/tlvs.ts'
import { createSender, type Sender } from './sending.ts'
import { dialStandby } from './standby.ts'
import { modeOf } from './supplier-settings.ts'

const commands: Record<'trx' | 'tx' | 'rx' | 'tx+rx', readonly BindCommand[]> = {
  trx: ['bind_transceiver'],
  tx: ['bind_transmitter'],
  rx: ['bind_receiver'],
  'tx+rx': ['bind_transmitter', 'bind_receiver'],
}
/** How long close() waits for answers on both sides, and then for unbind_resp. */
const drainLimitMs = 10_000
const unbindLimitMs = 2000
const drainLookMs = 20

/** `peer`: which of the addresses, where a session is bound to each. */
export async function dial(gateway: Gateway<SmppConfig>, signal: AbortSignal, peer = 0): Promise<Session> {
  const { config } = gateway.bind
  const hosts = hostsOf(config)
  const only = config.addressUse === 'parallel' ? hosts[peer] : hosts[0]
  if (!only) throw new Failure('permanent', 'bind-down', 'this bind names no address to dial')
  return dialStandby({
    hosts: config.addressUse === 'parallel' ? [only] : hosts,
    returnAfterMs: config.returnAfterMs,
    clock: gateway.clock,
    log: gateway.log,
    signal,
    open: (host) => dialHost(gateway, signal, host),
  })
}

async function dialHost(gateway: Gateway<SmppConfig>, signal: AbortSignal, carrier: CarrierHost): Promise<Session> {
  const { config } = gateway.bind
  const mode = modeOf(config)
  if (mode === 'off') throw new Failure('offline', 'bind-down', 'the mode of this bind is off')
  const rules = tlvRules(config)
  const parts: DialParts = { gateway, version: versions[config.interfaceVersion], signal, onRequest: createDeliveries(gateway, rules).take }
  try {
    return sessionOf(gateway, await dialAll(parts, carrier, commands[mode]), rules)
  } catch (error) {
    if (!(error instanceof BindRefused)) throw error
    const pair = mode === 'trx' && error.isUnknownCommand
    // The carrier says what it speaks: so do we.
    const older = error.peerVersion !== undefined && error.peerVersion < parts.version && error.facts.kind !== 'permanent'
    if (!pair && !older) throw error
    if (older) parts.version = error.peerVersion < versions['3.4'] ? versions['3.3'] : versions['3.4']
    gateway.log.info(
      { peer: hostText(carrier), version: `0x${parts.version.toString(16)}` },
      pair ? 'the carrier has no transceiver: bound as a pair' : 'the carrier has an older version: bound in that',
    )
    const asPair = pair || (mode === 'trx' && parts.version < versions['3.4'])
    return sessionOf(gateway, await dialAll(parts, carrier, commands[asPair ? 'tx+rx' : mode]), rules)
  }
}

async function dialAll(parts: DialParts, carrier: CarrierHost, wanted: readonly BindCommand[]): Promise<Dialled[]> {
  const dialled: Dialled[] = []
  try {
    for (const command of wanted) dialled.push(await dialLink({ ...parts, carrier, command }))
  } catch (error) {
    for (const { link } of dialled) link.end('the other connection could not be bound')
    throw error
  }
  return dialled
}

export function sessionOf(gateway: Gateway<SmppConfig>, dialled: readonly Dialled[], rules: TlvRules): Session {
  const { log } = gateway
  const clock = gateway.clock.steady
  const { capabilities, responseTimeoutMs } = gateway.bind.config
  const links = dialled.map(({ link }) => link)
  for (const { command, peerSystemId, version } of dialled)
    log.info({ command, peer: peerSystemId, version: `0x${version.toString(16)}` }, 'bound to the carrier')
  let closing: Promise<void> | undefined
  // A pair lives and dies together.
  const closed = Promise.race(links.map((link) => link.closed)).then(async (why) => {
    for (const link of links) link.destroy(why)
    await Promise.all(links.map((link) => link.closed))
    return why
  })

  async function drain(): Promise<void> {
    let alive = true
    void closed.then(() => (alive = false))
    const settled = async (limitMs: number, isOpen: () => boolean): Promise<void> => {
      const until = clock.now() + limitMs
      while (alive && isOpen() && clock.now() < until) await Promise.race([wait(drainLookMs), closed])
    }
    await settled(Math.min(drainLimitMs, responseTimeoutMs), () => links.some((link) => link.pending > 0 || link.owed > 0))
    await Promise.all(links.map((link) => Promise.race([link.request({ command: 'unbind', sequence_number: 0 }), wait(unbindLimitMs)])))
    // What the carrier said before it heard of the unbind is answered, too: it would say it again.
    await settled(unbindLimitMs, () => links.some((link) => link.owed > 0))
    for (const link of links) link.end('unbound')
    await closed
  }

  function wait(ms: number): Promise<void> {
    return new Promise((resolve) => clock.after(ms, resolve))
  }

  const session: Session = { closed, close: () => (closing ??= drain()) }
  const transmits = dialled.find(({ command }) => command !== 'bind_receiver')
  if (transmits)
    addSender(session, createSender(gateway, transmits.link, transmits.version, rules), capabilities, () => closing !== undefined)
  return session
}

function addSender(session: Session, sender: Sender, can: SmppConfig['capabilities'], isClosing: () => boolean): void {
  const refused = (): Outcome => ({ ok: false, failure: offline('the session is closing') })
  session.send = (out) => (isClosing() ? Promise.resolve(refused()) : sender.send(out))
  session.report = (message, report) => (isClosing() ? Promise.resolve(refused()) : sender.report(message, report))
  session.free = () => (isClosing() ? Number.MIN_SAFE_INTEGER : sender.free())
  if (can.query) session.query = (message, refs) => Promise.all(refs.map((ref) => sender.query(message, ref)))
  if (can.cancel) session.cancel = sender.cancel
  if (can.replace) session.replace = sender.replace
}

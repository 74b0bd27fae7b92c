// What a trunk's session says: messages and reports, written by the trunk's own rules for From and To.
// How it gets there (hops, failover, challenges) is the session's.
import type { Message, Outcome, Outgoing, Report } from '../../../src/plugin.ts'
import type { Peer } from '../access/peer.ts'
import { escapedUser, readUri, writeHost } from '../codec/uri.ts'
import type { Sent } from '../engine/engine.ts'
import type { Trunk } from '../profile/types.ts'
import { addressUri, type Style } from './addresses.ts'
import { reportBy, sendBy } from './outward.ts'
import type { Draft, Ims, Way } from './way.ts'

export interface TrunkSendParts {
  peer: Peer
  trunk: Trunk
  /** By the first hop that answers, its challenges answered (access/digest-client.ts). Never rejects. */
  ask(draft: Draft, signal: AbortSignal): Promise<Sent>
  ims?: Ims
  /** The session takes nothing new. Absent: it always does. */
  isEnding?(): boolean
}

export interface TrunkSend {
  send(out: Outgoing, signal: AbortSignal): Promise<Outcome>
  report(message: Message, report: Report, signal: AbortSignal): Promise<Outcome>
}

/** Whatever could not leave is told after so long. */
const unsentMs = 250

export function createTrunkSend({ peer, trunk, ask, ims, isEnding = () => false }: TrunkSendParts): TrunkSend {
  const way = trunkWay(peer, trunk, ask, isEnding)
  return {
    send: (out, signal) => sendBy(way, ims, out, signal),
    report: (message, report, signal) => reportBy(way, ims, message, report, signal),
  }
}

function trunkWay(peer: Peer, trunk: Trunk, ask: Way['ask'], isEnding: () => boolean): Way {
  const hop = readUri(trunk.nextHops[0] ?? '')?.host ?? 'localhost'
  const own = peer.profile.listen.external?.host
  const ours: Style = { scheme: 'sip', host: trunk.from.domain ?? own ?? hop, plus: trunk.to.plus, userPhone: trunk.to.userPhone }
  const theirs: Style = {
    scheme: trunk.to.scheme,
    host: trunk.to.domain ?? hop,
    plus: trunk.to.plus,
    userPhone: trunk.to.userPhone,
  }
  const { user } = trunk.from
  const receipts = peer.gateway.bind.side === 'supplier' && peer.terms.receipts !== 'none'
  return {
    peer,
    asksReceipts: receipts,
    fromUri(address) {
      if (user === '*') return addressUri(address, ours)
      const { value } = address
      const shown = ours.plus || !value.startsWith('+') ? value : value.slice(1)
      return `sip:${escapedUser(user.replaceAll('*', () => shown))}@${writeHost(ours.host)}`
    },
    toUri: (address) => addressUri(address, theirs),
    async ask(draft, signal) {
      const sent = await ask(draft, signal)
      // Not at once, or the same would be asked again and again: if nobody is there, the session ends by then.
      if (sent.kind === 'unsent' && !isEnding()) await new Promise<void>((resolve) => peer.gateway.clock.after(unsentMs, resolve))
      return sent
    },
    mayStayUp: () => trunk.pingSeconds === 0 && !isEnding(),
    final(status) {
      if (receipts) return undefined
      return status === 200 ? 'delivered' : 'unconfirmed'
    },
  }
}

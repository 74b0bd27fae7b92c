// The next hops of a trunk: which target is asked first, which rests and until when. The one that
// answered stays first until it fails, or one that is preferred answers a ping again.
import { type Clock, hostPortText } from '../../src/plugin.ts'
import { readUri, writeUri } from './codec/index.ts'
import type { Target } from './engine/engine.ts'
import { type Resolve, Unresolvable } from './engine/resolve.ts'
import type { Trunk } from './profile/types.ts'

export interface Hop {
  /** `udp 192.0.2.7:5060` */
  readonly name: string
  readonly target: Target
  /** Rests until then, epoch ms; 0: it does not. */
  restsUntil: number
  /** Why it rests. */
  why: string
}

export interface Hops {
  /** To be tried in this order: those that rest come last. Rejects with Unresolvable when there is none. */
  order(): Promise<readonly Hop[]>
  answered(hop: Hop): void
  /** Retry-After, or a while. */
  failed(hop: Hop, why: string, retryAfterMs?: number): void
  /** As known now, without asking. */
  known(): readonly Hop[]
}

/** Names are asked again after so long. */
const resolvedMs = 60_000
const restMs = 30_000
const mostRestMs = 600_000

export function createHops(parts: {
  trunk: Pick<Trunk, 'nextHops' | 'transport'>
  resolve: Resolve
  clock: Clock
  /** Why a target may not be sent to. */
  refuses?(target: Target): string | undefined
}): Hops {
  const { trunk, resolve, clock } = parts
  let hops: Hop[] = []
  let until = 0
  let pinned: Hop | undefined
  let asking: Promise<void> | undefined

  async function ask(): Promise<void> {
    const found = new Map<string, Hop>()
    let failed: unknown
    for (const nextHop of trunk.nextHops) {
      const targets = await resolve(withTransport(nextHop, trunk.transport)).catch((error: unknown): readonly Target[] => {
        failed = error
        return []
      })
      for (const target of targets) {
        const refused = parts.refuses?.(target)
        if (refused === undefined) found.set(nameOf(target), hops.find(({ name }) => name === nameOf(target)) ?? hopOf(target))
        else failed = new Unresolvable(refused, false)
      }
    }
    if (found.size === 0) throw failed
    hops = [...found.values()]
    if (pinned && !hops.includes(pinned)) pinned = undefined
    until = clock.now() + resolvedMs
  }

  return {
    async order() {
      if (clock.now() >= until) {
        asking ??= ask().finally(() => (asking = undefined))
        // What was known goes on being used where names cannot be asked just now.
        await asking.catch((error: unknown) => {
          if (hops.length === 0) throw error
        })
      }
      if (hops.length === 1) return hops
      const now = clock.now()
      const ready = hops.filter((hop) => hop.restsUntil <= now)
      const rest = hops.filter((hop) => hop.restsUntil > now)
      if (!pinned || !ready.includes(pinned)) return [...ready, ...rest]
      return [pinned, ...ready.filter((hop) => hop !== pinned), ...rest]
    },
    answered(hop) {
      hop.restsUntil = 0
      hop.why = ''
      if (pinned === undefined || pinned.restsUntil > clock.now() || hops.indexOf(hop) < hops.indexOf(pinned)) pinned = hop
    },
    failed(hop, why, retryAfterMs) {
      hop.restsUntil = clock.now() + Math.min(retryAfterMs ?? restMs, mostRestMs)
      hop.why = why
    },
    known: () => hops,
  }
}

const nameOf = ({ transport, address, port }: Target): string => `${transport} ${hostPortText(address, port)}`

function hopOf(target: Target): Hop {
  return { name: nameOf(target), target, restsUntil: 0, why: '' }
}

function withTransport(hop: string, transport: Trunk['transport']): string {
  const uri = transport === undefined ? undefined : readUri(hop)
  if (!uri || transport === undefined || uri.params.has('transport')) return hop
  return writeUri({ ...uri, params: new Map([...uri.params, ['transport', transport]]) })
}

// Engines of our own stack for tests: on loopback, with timers that a test can wait for.
import { pino } from 'pino'
import { systemClock } from '../../../../src/plugin.ts'
import type { Listen, Profile, Safety, Timers } from '../../profile/types.ts'
import type { End, Listened, SipEngine, Take, Transport } from '../engine.ts'
import { createEmbedded, type EmbeddedParts } from './embedded.ts'

export const anyPort: End = { address: '127.0.0.1', port: 0 }

export interface Given {
  listen?: Partial<Listen>
  safety?: Partial<Safety>
  timers?: Timers
  parts?: Partial<EmbeddedParts>
}

export function profileOf({ listen, safety, timers }: Given = {}): Profile {
  return {
    name: 'internal',
    engine: 'embedded',
    listen: { udp: anyPort, tcp: anyPort, httpPath: false, origins: [], ...listen },
    domains: {},
    auth: { register: 'digest', message: 'digest', nonceSeconds: 300, algorithms: ['MD5'] },
    registrar: {
      minExpiresSeconds: 60,
      maxExpiresSeconds: 3600,
      defaultExpiresSeconds: 600,
      contactsPerAor: 5,
      pingSeconds: 0,
      contacts: 'all',
    },
    safety: {
      allow: [],
      deny: [],
      requestsPerSecondPerAddress: 1000,
      messagesPerSecondPerAor: 1000,
      ban: { failures: 10, withinSeconds: 60, forSeconds: 60 },
      connections: 100,
      connectionsPerAddress: 50,
      headerBytes: 16_384,
      headerCount: 100,
      bodyBytes: 65_536,
      idleSeconds: 60,
      transactions: 1000,
      ...safety,
    },
    timers: timers ?? { t1: 500, t2: 4000, t4: 5000 },
    messages: { dialect: 'standard', defaultCoding: 0, accept: ['text/plain'], answer: 202, receipts: 'none', repeatsWithinSeconds: 0 },
  }
}

export interface Started {
  engine: SipEngine
  at(transport: Transport): End
}

export async function started(take: Take, given: Given = {}): Promise<Started> {
  const engine = createEmbedded({ profile: profileOf(given), log: pino({ level: 'silent' }), clock: systemClock, ...given.parts })
  const listened = await engine.start(take)
  return { engine, at: (transport) => endOf(listened, transport) }
}

/** Looks until it holds; fails after a minute, which only what hangs takes. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 60_000
  while (!holds()) {
    if (Date.now() > end) throw new Error(`never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function endOf(listened: readonly Listened[], transport: Transport): End {
  const found = listened.find((each) => each.transport === transport)
  if (!found) throw new Error(`it does not listen on ${transport}`)
  return { address: found.address, port: found.port }
}

// What is counted of the bridge, for metrics.
import type { BindId } from '../../src/plugin.ts'
import type { Bridge } from './bridge.ts'

export interface ProfileMeasures {
  profile: string
  registrations: number
  open: { transactions: number; connections: number }
  /** Only rising, but when the profile is started anew. */
  events: { requests: number; responses: number; retransmissionsIn: number; retransmissionsOut: number; refused: number }
}

export interface TrunkMeasures {
  bind: BindId
  hopsUp: number
  hops: number
  answers: ReadonlyMap<string, number>
}

export function measured(bridge: Bridge, now: number): { profiles: ProfileMeasures[]; trunks: TrunkMeasures[] } {
  const profiles = [...bridge.profiles()].map(([profile, { registrar, engine }]) => {
    const { transactions, connections, ...events } = engine.counts()
    return { profile, registrations: registrar.size(), open: { transactions, connections }, events }
  })
  const trunks = [...bridge.trunks()].map(({ bind, hops, answers }) => {
    const known = hops.known()
    return { bind, hopsUp: known.filter(({ restsUntil }) => restsUntil <= now).length, hops: known.length, answers: answers.counts() }
  })
  return { profiles, trunks }
}

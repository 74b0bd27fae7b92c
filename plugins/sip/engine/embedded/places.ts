// How many connections peers may hold, in all and from one address; who is refused gets none. An
// IPv6 peer is its /64: it has as many addresses as it likes in there.
import { networkOf } from '../../../../src/plugin.ts'

export interface Places {
  /** Undefined: none left, or refused. Else to be called once when the connection is gone. */
  enter(address: string): (() => void) | undefined
  taken(): number
}

export function createPlaces(
  limits: { connections: number; connectionsPerAddress: number },
  refuses: (address: string) => boolean,
): Places {
  const byAddress = new Map<string, number>()
  let taken = 0
  return {
    taken: () => taken,
    enter(address) {
      const key = networkOf(address)
      const here = byAddress.get(key) ?? 0
      if (taken >= limits.connections || here >= limits.connectionsPerAddress || refuses(address)) return undefined
      taken++
      byAddress.set(key, here + 1)
      let gone = false
      return () => {
        if (gone) return
        gone = true
        taken--
        const left = (byAddress.get(key) ?? 1) - 1
        if (left > 0) byAddress.set(key, left)
        else byAddress.delete(key)
      }
    },
  }
}

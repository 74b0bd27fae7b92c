// Handsets that write STOP in a proof: once a carrier was answered ESME_ROK for it, the handset has opted
// out, and gets the answer to that, whatever was killed next.
import { api, type Setup } from '../bench/gateway.ts'
import { isStop } from './traffic.ts'

/** By handset: the parts of MO answered, and how often each part of what goes to it was taken. */
interface Found {
  acked: ReadonlyMap<string, ReadonlySet<number>>
  carrier: ReadonlyMap<string, readonly number[]>
}

interface Page {
  optOuts: { handset: string }[]
  next?: string
}

const stoppedIn = ({ acked }: Pick<Found, 'acked'>): string[] => [...acked.keys()].map((handset) => handset.replace('+', '')).filter(isStop)

/** How many have not had their answer. */
export function untold(found: Found): number {
  return stoppedIn(found).filter((handset) => !found.carrier.has(handset)).length
}

export async function stopFaults(setup: Setup, found: Found): Promise<{ faults: string[]; figures: [string, number][] }> {
  const faults: string[] = []
  const listed = new Set<string>()
  for (let path = '/api/v1/optouts?limit=1000'; path !== '';) {
    const { optOuts, next } = await api<Page>(setup, path)
    for (const { handset } of optOuts) listed.add(handset.replace('+', ''))
    path = next === undefined ? '' : `/api/v1/optouts?limit=1000&cursor=${next}`
  }
  const stopped = stoppedIn(found)
  for (const handset of stopped) {
    if (!listed.has(handset)) faults.push(`STOP from ${handset} was answered ESME_ROK, and it has not opted out`)
    if (!found.carrier.has(handset)) faults.push(`STOP from ${handset} was answered ESME_ROK, and it never heard so`)
  }
  for (const handset of listed) if (!isStop(handset)) faults.push(`${handset} has opted out, and never wrote STOP`)
  return { faults, figures: [['handsets that wrote STOP, opted out and were told so', stopped.length]] }
}

// Opt-outs in the crash proof: from the answer that notes one, no message from that sender to that handset
// is taken, on whatever side of a kill, until it is asked for that it be taken back; and the list has them all.
import { sid as rootSid, token as rootToken } from '../bench/gateway.ts'
import type { Asker, Asking } from './asking.ts'
import type { Tenant } from './credentials.ts'
import { sample, type Fact, type Strand } from './strand.ts'

/** `holds`: it has opted out. */
interface OptOut extends Fact {
  handset: string
}

const root: Asker = { user: rootSid, password: rootToken }
const takenBack = 0.3
const lookedAt = 6
const optedOut = 21610
const pageLimit = 1000

export function createOptOuts(tenant: Tenant, prefix: string, asking: Asking, random: () => number): Strand {
  const faults: string[] = []
  const all: OptOut[] = []
  const count = { put: 0, removed: 0, cut: 0, tried: 0 }
  const pathOf = (handset: string): string =>
    `/api/v1/optouts/${encodeURIComponent(tenant.number)}/${encodeURIComponent(handset)}?account=${tenant.sid}`

  async function change(optOut: OptOut, to: boolean): Promise<void> {
    optOut.holds = undefined
    const answer = await asking.ask({ method: to ? 'PUT' : 'DELETE', path: pathOf(optOut.handset), as: root })
    if (!answer) return void count.cut++
    if (answer.status >= 300) return void faults.push(`the opt-out of ${optOut.handset} was answered ${answer.status}`)
    optOut.holds = to
    if (to) count.put++
    else count.removed++
    if (to) await tryOne(optOut)
  }

  /** A message to one that has opted out. */
  async function tryOne({ handset }: OptOut): Promise<void> {
    const form = { To: handset, From: tenant.number, Body: 'not to be sent' }
    const answer = await asking.ask({ path: `/2010-04-01/Accounts/${tenant.sid}/Messages.json`, as: root, form })
    if (!answer) return
    count.tried++
    if (answer.json['code'] !== optedOut)
      faults.push(`${handset} has opted out of ${tenant.number}, and a message to it was answered ${answer.status}`)
  }

  async function listed(): Promise<Set<string> | undefined> {
    const found = new Set<string>()
    for (let cursor = ''; ;) {
      const path = `/api/v1/optouts?account=${tenant.sid}&limit=${pageLimit}${cursor}`
      const answer = await asking.ask({ path, as: root })
      if (answer?.status !== 200) return undefined
      for (const { handset } of answer.json['optOuts'] as { handset: string }[]) found.add(handset)
      const next = answer.json['next'] as string | undefined
      if (next === undefined) return found
      cursor = `&cursor=${next}`
    }
  }

  return {
    faults,
    async act() {
      const known = all.filter(({ holds }) => holds === true)
      const some = known[Math.floor(random() * known.length)]
      if (some && random() < takenBack) return change(some, false)
      const made: OptOut = { handset: prefix + String(all.length).padStart(7, '0'), holds: undefined }
      all.push(made)
      await change(made, true)
    },
    async look(everything) {
      const found = await listed()
      if (!found) return
      for (const each of all) {
        const is = found.delete(each.handset)
        if (each.holds === undefined) each.holds = is
        else if (is !== each.holds)
          faults.push(`the opt-out of ${each.handset} was ${is ? 'taken back, and is there' : 'noted, and is gone'}`)
      }
      for (const handset of found) faults.push(`nobody asked for the opt-out of ${handset}`)
      const known = all.filter(({ holds }) => holds === true)
      for (const each of everything ? known : sample(known, lookedAt, random)) await tryOne(each)
    },
    get figures(): [string, number][] {
      return [
        ['opt-outs noted', count.put],
        ['opt-outs taken back', count.removed],
        ['of those changes cut by the kill', count.cut],
        ['messages to handsets that had opted out, all refused', count.tried],
      ]
    },
  }
}

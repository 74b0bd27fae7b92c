// What the mixed proof adds to that of SIP: an application that posts by HTTP, and hears by webhooks, while
// the others submit by SIP and SMPP to the same gateway. What must hold of its messages is what
// http-reconcile.ts says.
import { join } from 'node:path'
import { ourNumber, sid, type Setup } from '../bench/gateway.ts'
import { start } from '../bench/processes.ts'
import { createAsking } from './asking.ts'
import { listed } from './evidence.ts'
import { missingOf, postedFaults } from './http-reconcile.ts'
import { readLines } from './ledger.ts'
import { generator, type Proof, type ProofOptions } from './rounds.ts'
import type { All } from './sip-reconcile.ts'
import { createSubmits } from './submits.ts'
import { textOf } from './traffic.ts'

const share = 0.3

export interface Posting {
  load(): { stop(): Promise<void> }
  missing(all: All): Promise<number>
  reconcile(all: All): Promise<Pick<Proof, 'acknowledged' | 'figures' | 'faults'>>
  close(): Promise<void>
}

export async function startPosting(setup: Setup, options: ProofOptions): Promise<Posting> {
  const callbacks = join(setup.data, 'callbacks.ledger')
  const receiver = await start('test/proof/receiver.js', [callbacks])
  const asking = createAsking(setup.httpPort)
  const submits = createSubmits(asking, {
    callback: `http://127.0.0.1:${(JSON.parse(receiver.first) as { port: number }).port}/status`,
    from: ourNumber,
    tenants: [],
    text: (to) => textOf(to.slice(1)),
    random: generator(options.seed + 100),
  })
  const { acknowledged } = submits
  const reported = async (): Promise<Set<string>> => new Set(await readLines(callbacks))
  return {
    load: () => submits.load(options.perSecond * share),
    missing: async ({ cdrs }) => missingOf(acknowledged, cdrs, await reported()),
    async reconcile({ cdrs, carrier }) {
      // A part that is missing makes it missing.
      const times = new Map([...carrier].map(([to, parts]) => [`+${to}`, parts.includes(0) ? 0 : Math.max(...parts)]))
      const lists = new Map([[sid, await listed(setup.httpPort)]])
      const posted = await postedFaults({ setup, acknowledged, cdrs, carrier: times, reported: await reported(), lists })
      return {
        acknowledged: acknowledged.length,
        figures: [
          ['requests answered 201', acknowledged.length],
          ['requests cut by the kill (no answer, or refused while down)', submits.cut],
          ['of those posted again under their Idempotency-Key', submits.repeated],
        ],
        faults: [...submits.faults, ...posted.faults],
      }
    },
    async close() {
      await asking.close()
      await receiver.stop()
    },
  }
}

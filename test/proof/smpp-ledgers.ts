// What the carriers of a proof took by SMPP, and which parts of MO they were answered for, from their
// ledgers; and what holds of each message that was acknowledged, whoever submitted it.
import type { Cdr } from '../../src/model/cdr.ts'
import { type Listed, twilioStatus } from './evidence.ts'
import { gather, readLedger } from './ledger.ts'
import { type AckedLine, isCut, isTextTo, partsOf } from './traffic.ts'

export interface Carried {
  /** By destination, how often each part was taken. */
  carrier: Map<string, number[]>
  /** By destination, the texts of messages whose parts a client cut. */
  joined: Map<string, string[]>
  /** Destinations whose text is not what was submitted. */
  garbled: string[]
}

export async function readSubmits(path: string): Promise<Carried> {
  const all: Carried = { carrier: new Map(), joined: new Map(), garbled: [] }
  for (const { to, part = 1, text } of await readLedger<{ to: string; part?: number; text: string }>(path)) {
    const number = to.replace('+', '')
    if (isCut(number)) {
      gather(all.joined, number, text)
      continue
    }
    const times = all.carrier.get(number) ?? Array.from({ length: partsOf(number) }, () => 0)
    all.carrier.set(number, times)
    times[part - 1] = (times[part - 1] ?? 0) + 1
    if (!isTextTo(number, text)) all.garbled.push(number)
  }
  return all
}

/** By handset, the parts of MO answered ESME_ROK. */
export async function readAcked(path: string): Promise<Map<string, Set<number>>> {
  const acked = new Map<string, Set<number>>()
  for (const { from, part } of await readLedger<AckedLine>(path)) {
    const parts = acked.get(from)
    if (parts) parts.add(part)
    else acked.set(from, new Set([part]))
  }
  return acked
}

/** registered_delivery: 1 every end, 2 failures (SMPP 5.0 §4.7.21). */
export function wants(registered: number, state: string): boolean {
  return registered === 1 || (registered === 2 && state !== 'delivered')
}

/** The state in its CDR, of which there is one, and which is what the list says. */
export function ended(
  cdrs: ReadonlyMap<string, readonly Cdr[]>,
  states: ReadonlyMap<string, Listed>,
  id: string,
  faults: string[],
): string | undefined {
  const found = cdrs.get(id) ?? []
  if (found.length !== 1) faults.push(`${id} has ${found.length} CDRs`)
  const state = found[0]?.state
  if (state !== undefined && states.get(id)?.status !== twilioStatus(state))
    faults.push(`${id} is listed as ${states.get(id)?.status}, its CDR says ${state}`)
  return state
}

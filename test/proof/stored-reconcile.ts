// What must hold of what clients of the SMPP proof asked:
//   query_sm finds every message that was answered ESME_ROK, by its id, and, once the parts of one that the client
//   cut are joined, by that of each; the end that it says is the end that it had, and it says it once the receipt came,
//   a message whose cancel_sm was answered ESME_ROK ended canceled, and no carrier has it,
//   nothing ended canceled that no client took back.
import { wholeId } from '../../plugins/smpp/centre/ids.ts'
import type { All } from './reconcile.ts'
import { isCut } from './traffic.ts'

/** message_state, SMPP 5.0 §4.7.15. */
const ends: Readonly<Record<string, number>> = { delivered: 2, canceled: 4, undelivered: 5 }
/** From the moment in which the last part makes a message, until that is durable: on a disk that others use. */
const madeWithinMs = 5000
const unfinished: ReadonlySet<number> = new Set([0, 1])

type Found = Pick<All, 'asked' | 'canceled' | 'cdrs' | 'receipts' | 'carrier' | 'taken'>

export function storedFaults(all: Found): { faults: string[]; figures: [string, number][] } {
  const faults: string[] = []
  let early = 0
  const parts = all.asked.filter(({ to }) => isCut(to)).length
  for (const { id, to, status, state, at } of all.asked) {
    const what = isCut(to) ? 'part' : 'message'
    if (status !== 0) {
      const whole = all.cdrs.get(wholeId(id))?.[0]
      if (isCut(to) && whole && at < Date.parse(whole.acceptedAt) + madeWithinMs) early++
      else faults.push(`query_sm of the ${what} ${id} to ${to} was answered 0x${status.toString(16)}`)
      continue
    }
    const end = isCut(to) ? (to.endsWith('7') ? 5 : 2) : ends[all.cdrs.get(id)?.[0]?.state ?? '']
    if (!unfinished.has(state) && state !== end) faults.push(`query_sm of the ${what} ${id} said ${state}, and it ended ${end}`)
    const [receipt] = all.receipts.get(id) ?? []
    if (unfinished.has(state) && receipt && receipt.at < at)
      faults.push(`query_sm of the ${what} ${id} said ${state} after its receipt had come`)
  }
  const back = new Map<string, 'canceled' | 'perhaps'>()
  for (const { id, status } of all.canceled) {
    if (status === 0) back.set(id, 'canceled')
    else if (status === undefined && !back.has(id)) back.set(id, 'perhaps')
  }
  let canceled = 0
  for (const { id, to } of all.taken) {
    const isCanceled = all.cdrs.get(id)?.[0]?.state === 'canceled'
    const wish = back.get(id)
    if (wish === 'canceled') canceled++
    if (isCanceled && wish === undefined) faults.push(`${id} to ${to} ended canceled, and nobody took it back`)
    if (!isCanceled && wish === 'canceled') faults.push(`${id} to ${to} was taken back, and did not end canceled`)
    if (isCanceled && all.carrier.has(to)) faults.push(`${id} to ${to} ended canceled, and is at the carrier`)
  }
  return {
    faults,
    figures: [
      ['messages scheduled for some seconds later', all.taken.filter(({ later }) => later).length],
      ['of those taken back with cancel_sm, answered ESME_ROK, and at no carrier', canceled],
      ['query_sm of messages', all.asked.length - parts],
      ['query_sm of parts', parts],
      ['of those before the parts were joined, as a kill came between: not found yet', early],
    ],
  }
}

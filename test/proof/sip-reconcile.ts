// What must hold after a proof of SIP, from the ledgers of all around the gateway and what it says itself:
//   every MESSAGE answered 202 and every submit answered ESME_ROK has exactly one CDR, whose state is listed, too,
//   all parts of it are at its carrier, and only those twice whose attempt is recorded `unknown`,
//   its final state came back to whoever sent it, by MESSAGE or deliver_sm, and no other state did,
//   a receipt came again only where it was not noted that it was taken,
//   every MO whose parts were all answered ESME_ROK came to its phone as one MESSAGE of its whole length,
//   the user is registered still, though it registered once, before the first kill.
import type { Cdr } from '../../src/model/cdr.ts'
import { api, type Setup } from '../bench/gateway.ts'
import { type GotLine, readGot, readSent, type SentLine } from '../bench/sipp.ts'
import { cdrsOf, hasUnknownAttempt, listed, repeats } from './evidence.ts'
import { gather, readLedger } from './ledger.ts'
import type { Proof } from './rounds.ts'
import { ended, readAcked, readSubmits, wants } from './smpp-ledgers.ts'
import { stopFaults, untold } from './stops.ts'
import { type CameLine, type EsmeLine, isCut, type PartLine, partsOf, partText, type TakenLine, textOf } from './traffic.ts'

/** Paths. */
export interface Ledgers {
  submits: string
  acked: string
  /** Of the SMPP client. */
  client: string
  /** Of each sipp that sends. */
  sent: string[]
  /** Of each sipp that takes. */
  got: string[]
}

export interface All {
  /** By SIP: answered 202. */
  sent: SentLine[]
  refusedBySip: number
  /** Though who sent them was known. */
  challenged: number
  /** Never answered. */
  open: number
  /** By SMPP. */
  taken: TakenLine[]
  parts: PartLine[]
  cut: number
  /** Of the SMPP client, by message id. */
  receipts: Map<string, CameLine[]>
  /** By message id, the receipts that came by MESSAGE; of one request that was repeated, the first. */
  reports: Map<string, GotLine[]>
  /** By message id, the requests that carried it. */
  messages: Map<string, GotLine[]>
  /** By destination, how often the carrier by SMPP took each part. */
  carrier: Map<string, number[]>
  garbled: string[]
  /** By handset, the parts of MO answered. */
  acked: Map<string, Set<number>>
  repeated: number
  cdrs: Map<string, Cdr[]>
}

/** In X-SMS-Receipt, where it is not the state itself. */
const words: Readonly<Record<string, string>> = { undelivered: 'undeliverable' }

export async function readAll(setup: Setup, ledgers: Ledgers): Promise<All> {
  const said = (await Promise.all(ledgers.sent.map(readSent))).flat()
  const lines = await readLedger<EsmeLine>(ledgers.client)
  const { carrier, garbled, joined } = await readSubmits(ledgers.submits)
  const all: All = {
    sent: said.filter(({ what }) => what === 'taken'),
    refusedBySip: said.filter(({ what }) => what === 'refused').length,
    challenged: said.filter(({ what }) => what === 'challenged').length,
    open: 0,
    taken: lines.filter((line) => line.what === 'taken'),
    parts: lines.filter((line) => line.what === 'part'),
    cut: lines.filter(({ what }) => what === 'cut').length,
    receipts: new Map(),
    reports: new Map(),
    messages: new Map(),
    carrier,
    // What a client cut goes by SIP, joined.
    garbled: [...garbled, ...joined.keys()],
    acked: await readAcked(ledgers.acked),
    repeated: 0,
    cdrs: await cdrsOf(setup),
  }
  all.open = said.length - 2 * (all.sent.length + all.refusedBySip + all.challenged)
  for (const line of lines) if (line.what === 'receipt') gather(all.receipts, line.key, line)
  sort(all, (await Promise.all(ledgers.got.map(readGot))).flat())
  return all
}

function sort(all: All, lines: readonly GotLine[]): void {
  const branches = new Set<string>()
  for (const line of lines) {
    if (branches.has(line.branch)) {
      all.repeated++
      continue
    }
    branches.add(line.branch)
    gather(line.receipt === '' ? all.messages : all.reports, line.id, line)
  }
}

/** How much has not come yet that must. */
export function missing(all: All): number {
  let open = 0
  for (const { id } of all.sent) if (!all.cdrs.has(id) || !all.reports.has(id)) open++
  for (const { id, registered } of all.taken) {
    const state = all.cdrs.get(id)?.[0]?.state
    if (state === undefined || (wants(registered, state) && !all.receipts.has(id))) open++
  }
  for (const { id } of all.parts) if (!all.receipts.has(id)) open++
  const came = moCame(all)
  for (const from of all.acked.keys()) if (!came.has(from)) open++
  open += untold(all)
  return open
}

/** By handset, the messages from it that phones got. */
function moCame({ messages }: All): Map<string, GotLine[]> {
  const came = new Map<string, GotLine[]>()
  for (const [first] of messages.values()) if (first!.from.startsWith('4478')) gather(came, first!.from, first!)
  return came
}

export async function reconcile(setup: Setup, all: All): Promise<Pick<Proof, 'acknowledged' | 'figures' | 'faults'>> {
  const faults: string[] = []
  const states = await listed(setup.httpPort)
  for (const { id, number } of all.sent) {
    const parts = all.carrier.get(number)
    if (!parts?.every((times) => times > 0)) faults.push(`${id} to ${number} was answered 202 and is not whole at the carrier`)
    const state = ended(all.cdrs, states, id, faults)
    for (const { receipt } of all.reports.get(id) ?? [])
      if (receipt !== (state === undefined ? state : (words[state] ?? state)))
        faults.push(`${id} ended ${state} and was reported as ${receipt}`)
    if (!all.reports.has(id)) faults.push(`${id} was answered 202, ended ${state}, and was never reported`)
  }
  for (const { id, to, registered } of all.taken) {
    const [got] = all.messages.get(id) ?? []
    if (got?.to !== to) faults.push(`${id} to ${to} was answered ESME_ROK and is not at the carrier`)
    else if (got.length !== textOf(to).length) faults.push(`${id} to ${to} is ${got.length} octets long at the carrier`)
    checkReceipts(all, id, ended(all.cdrs, states, id, faults), registered, faults)
  }
  if (all.challenged > 0) faults.push(`${all.challenged} MESSAGEs were challenged, though whoever sent them was known`)
  checkParts(all, faults)
  for (const number of all.garbled) faults.push(`${number} got a text that nobody sent`)
  const twice = await sentTwice(setup, all, faults)
  const partsTo = new Map(all.parts.map(({ id, to }) => [id, to]))
  const ownOrJoined = (id: string): string[] => {
    if (all.cdrs.has(id)) return [id]
    // A part whose answer never came has receipts, too, under an id that nobody was told.
    const to = partsTo.get(id)
    return to === undefined ? [] : [...all.cdrs].filter(([, [cdr]]) => cdr?.to === `+${to}`).map(([whole]) => whole)
  }
  const again = [await repeats(setup, all.reports, ownOrJoined), await repeats(setup, all.receipts, ownOrJoined)]
  for (const each of again) faults.push(...each.faults)
  const mo = checkMo(all, faults)
  const stops = await stopFaults(setup, all)
  faults.push(...stops.faults)
  const { registrations } = await api<{ registrations: unknown[] }>(setup, '/api/v1/sip/registrations')
  if (registrations.length !== 1) faults.push(`${registrations.length} phones are registered, 1 has registered`)
  return {
    acknowledged: all.sent.length + all.taken.length,
    figures: [
      ['MESSAGEs answered 202', all.sent.length],
      ['MESSAGEs answered 503, or not within 32 s of repeating them', all.refusedBySip + all.open],
      ['submits answered ESME_ROK, for the carrier by SIP', all.taken.length],
      ['parts of messages that the SMPP client cut, answered ESME_ROK', all.parts.length],
      ['submits cut by the kill (no answer)', all.cut],
      ['destinations in the ledger of the carrier by SMPP', all.carrier.size],
      ['messages in the ledgers of the phone, the PBX and the carrier by SIP', all.messages.size],
      ['messages that were carried more than once', twice.sent],
      ['of those recorded `unknown` in their trace', twice.recorded],
      ['messages whose receipt came by MESSAGE', all.reports.size],
      ['messages whose receipt came by deliver_sm', all.receipts.size],
      ['receipts that came again: the gateway went before the answer was noted', again[0]!.again + again[1]!.again],
      ['MO that the carrier was answered ESME_ROK for, in all parts', mo.acked],
      ['MO that the carrier sent again, as it had no answer: another message each', mo.madeAgain],
      ...stops.figures,
      ['requests that the gateway repeated, not answered in time (Timer E)', all.repeated],
    ],
    faults,
  }
}

function checkReceipts({ receipts }: All, id: string, state: string | undefined, registered: number, faults: string[]): void {
  if (state === undefined) return
  const came = receipts.get(id) ?? []
  if (wants(registered, state) !== came.length > 0)
    faults.push(`${id} ended ${state}, registered_delivery ${registered}, and has ${came.length} receipts`)
  for (const { says } of came)
    if ((says === 'DELIVRD') !== (state === 'delivered')) faults.push(`${id} ended ${state} and was reported as ${says}`)
}

/** Joined they are one MESSAGE; each has a receipt under its own id. */
function checkParts({ parts, receipts, messages }: All, faults: string[]): void {
  const whole = new Set<string>()
  for (const [first] of messages.values()) if (isCut(first!.to)) whole.add(`${first!.to} ${first!.length}`)
  for (const { id, to } of parts) {
    const length = [1, 2, 3].reduce((sum, part) => sum + partText(to, part).length, 0)
    if (!whole.has(`${to} ${length}`)) faults.push(`part ${id} to ${to} was acknowledged and is not in a MESSAGE of ${length} octets`)
    if (!receipts.has(id)) faults.push(`part ${id} to ${to} was acknowledged and has no receipt`)
  }
}

async function sentTwice(setup: Setup, all: All, faults: string[]): Promise<{ sent: number; recorded: number }> {
  const twice = new Map<string, number>()
  for (const [id, copies] of all.messages) if (copies.length > 1) twice.set(id, copies.length)
  for (const [id, [cdr]] of all.cdrs) {
    const most = Math.max(0, ...(all.carrier.get(cdr!.to.replace('+', '')) ?? []))
    if (cdr!.direction === 'mt' && most > 1) twice.set(id, most)
  }
  let recorded = 0
  for (const [id, times] of twice) {
    if (await hasUnknownAttempt(setup, id)) recorded++
    else faults.push(`${id} was carried ${times} times and no attempt of it is recorded as unknown`)
  }
  return { sent: twice.size, recorded }
}

/** An MO that the carrier sends again, as it got no answer, is another message. */
function checkMo(all: All, faults: string[]): { acked: number; madeAgain: number } {
  const came = moCame(all)
  let [acked, madeAgain] = [0, 0]
  for (const [from, parts] of all.acked) {
    if (parts.size < partsOf(from)) faults.push(`of the MO from ${from} only ${parts.size} parts were ever answered`)
    else acked++
    const lengths = (came.get(from) ?? []).map(({ length }) => length)
    if (!lengths.includes(textOf(`+${from}`).length)) faults.push(`the MO from ${from} was answered and did not come to its phone whole`)
    madeAgain += Math.max(0, lengths.length - 1)
  }
  return { acked, madeAgain }
}

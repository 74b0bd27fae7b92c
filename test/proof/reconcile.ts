// What must hold after a proof of SMPP, from the ledgers of clients and carriers and what the gateway says:
//   every submit answered ESME_ROK has exactly one CDR, whose state is listed, too,
//   every part of it is in the carrier's ledger, and only those twice whose attempt is recorded `unknown`,
//   every final state that was asked for came as a receipt under the right id, and no other did,
//   a receipt came again only where it was not noted that it was taken, an MO only where an attempt is recorded `unknown`,
//   every part that a client cut itself is in a text at the carrier and has its receipt,
//   what stored-reconcile.ts says of what clients asked and took back,
//   every MO whose parts were all answered ESME_ROK came to the client whole.
import type { Cdr } from '../../src/model/cdr.ts'
import type { Setup } from '../bench/gateway.ts'
import { cdrsOf, hasUnknownAttempt, listed, repeats } from './evidence.ts'
import { gather, readLedger } from './ledger.ts'
import type { Proof } from './rounds.ts'
import { type Carried, ended, readAcked, readSubmits, wants } from './smpp-ledgers.ts'
import { storedFaults } from './stored-reconcile.ts'
import { stopFaults, untold } from './stops.ts'
import {
  type AskedLine,
  type CameLine,
  type CanceledLine,
  type EsmeLine,
  type PartLine,
  partsOf,
  partText,
  type TakenLine,
  textOf,
} from './traffic.ts'

/** Paths. */
export interface Ledgers {
  submits: string
  acked: string
  /** One of each client. */
  clients: string[]
}

export interface All extends Carried {
  taken: TakenLine[]
  parts: PartLine[]
  cut: number
  refused: number
  asked: AskedLine[]
  canceled: CanceledLine[]
  /** By message id. */
  receipts: Map<string, CameLine[]>
  /** By handset and part. */
  mo: Map<string, CameLine[]>
  /** By handset, the parts answered. */
  acked: Map<string, Set<number>>
  cdrs: Map<string, Cdr[]>
}

/** Their last two digits are the number of the part; the message has another id. */
const partIds = /0[1-3]$/
const words: Record<string, string> = { delivered: 'DELIVRD', undelivered: 'UNDELIV', canceled: 'DELETED' }

export async function readAll(setup: Setup, ledgers: Ledgers): Promise<All> {
  const all: All = {
    taken: [],
    parts: [],
    cut: 0,
    refused: 0,
    asked: [],
    canceled: [],
    receipts: new Map(),
    mo: new Map(),
    ...(await readSubmits(ledgers.submits)),
    acked: await readAcked(ledgers.acked),
    cdrs: await cdrsOf(setup),
  }
  for (const path of ledgers.clients) sort(all, await readLedger<EsmeLine>(path))
  return all
}

function sort(all: All, lines: readonly EsmeLine[]): void {
  for (const line of lines) {
    if (line.what === 'taken') all.taken.push(line)
    else if (line.what === 'part') all.parts.push(line)
    else if (line.what === 'cut') all.cut++
    else if (line.what === 'refused') all.refused++
    else if (line.what === 'asked') all.asked.push(line)
    else if (line.what === 'canceled') all.canceled.push(line)
    else if (line.what === 'receipt') gather(all.receipts, line.key, line)
    else if (line.what === 'mo') gather(all.mo, line.key, line)
  }
}

/** How much has not come yet that must. */
export function missing(all: All): number {
  let open = 0
  for (const { id, registered } of all.taken) {
    const state = all.cdrs.get(id)?.[0]?.state
    if (state === undefined || (wants(registered, state) && !all.receipts.has(id))) open++
  }
  for (const { id } of all.parts) if (!all.receipts.has(id)) open++
  const made = moMade(all)
  for (const from of all.acked.keys()) if (!made.has(from) || !isWhole(all, from)) open++
  open += untold(all)
  return open
}

/** Whether all parts came, and make the text. */
function isWhole({ mo }: All, from: string): boolean {
  let text = ''
  for (let part = 1; part <= partsOf(from); part++) text += mo.get(`${from} ${part}`)?.[0]?.says ?? ''
  return text === textOf(`+${from}`)
}

export async function reconcile(setup: Setup, all: All): Promise<Pick<Proof, 'acknowledged' | 'figures' | 'faults'>> {
  const faults: string[] = []
  const states = await listed(setup.httpPort)
  for (const { id, to, registered } of all.taken) {
    const state = ended(all.cdrs, states, id, faults)
    const parts = all.carrier.get(to)
    if (state !== 'canceled' && !parts?.every((times) => times > 0))
      faults.push(`${id} to ${to} was acknowledged and is not whole at the carrier`)
    if (state === undefined) continue
    const word = words[state]
    if (word === undefined) faults.push(`${id} to ${to} ended ${state}, and no carrier said so`)
    const receipts = all.receipts.get(id) ?? []
    if (wants(registered, state) !== receipts.length > 0)
      faults.push(`${id} to ${to} ended ${state}, registered_delivery ${registered}, and has ${receipts.length} receipts`)
    const other = receipts.find(({ says }) => says !== word)
    if (other) faults.push(`${id} ended ${state} and was reported as ${other.says}`)
  }
  const idsTo = new Map<string, string[]>()
  for (const [id, cdrs] of all.cdrs) {
    if (cdrs.length > 1) faults.push(`${id} has ${cdrs.length} CDRs`)
    if (cdrs[0]!.direction !== 'mt') continue
    const to = cdrs[0]!.to.replace('+', '')
    idsTo.set(to, [...(idsTo.get(to) ?? []), id])
  }
  for (const number of all.garbled) faults.push(`${number} got a text that nobody sent`)
  checkParts(all, faults)
  const stored = storedFaults(all)
  faults.push(...stored.faults)
  const twice = await sentTwice(setup, all, idsTo, faults)
  for (const id of all.receipts.keys())
    if (!all.cdrs.has(id) && !partIds.test(id)) faults.push(`a receipt came for ${id}, which has no CDR`)
  const partsTo = new Map(all.parts.map(({ id, to }) => [id, to]))
  const receipts = await repeats(setup, all.receipts, (id) => (all.cdrs.has(id) ? [id] : (idsTo.get(partsTo.get(id) ?? '') ?? [])))
  faults.push(...receipts.faults)
  const mo = await replies(setup, all, faults)
  const stops = await stopFaults(setup, all)
  faults.push(...stops.faults)
  return {
    acknowledged: all.taken.length,
    figures: [
      ['submits answered ESME_ROK', all.taken.length],
      ['parts of messages that a client cut, answered ESME_ROK', all.parts.length],
      ['submits cut by the kill (no answer)', all.cut],
      ['submits refused', all.refused],
      ["destinations in the carriers' ledger", all.carrier.size],
      ['messages of which a carrier has a part more than once', twice.sent],
      ['of those recorded `unknown` in their trace', twice.recorded],
      ['messages whose receipt came to the client', all.receipts.size],
      ['receipts that came again: the gateway or the client went before the answer was noted', receipts.again],
      ['MO that a carrier was answered ESME_ROK for, in all parts', mo.acked],
      ['parts of MO that came to the client again', mo.again],
      ['MO that a carrier sent again, as it had no answer: another message each', mo.madeAgain],
      ...stops.figures,
      ...stored.figures,
    ],
    faults,
  }
}

function checkParts({ parts, joined, receipts }: All, faults: string[]): void {
  for (const { id, to, part } of parts) {
    const texts = joined.get(to) ?? []
    if (!texts.some((text) => text.includes(partText(to, part).trim())))
      faults.push(`part ${part} to ${to} was acknowledged and is not at the carrier`)
    const came = receipts.get(id) ?? []
    if (came.length === 0) faults.push(`part ${part} to ${to} was acknowledged as ${id} and has no receipt`)
    const other = came.find(({ says }) => says !== (to.endsWith('7') ? 'UNDELIV' : 'DELIVRD'))
    if (other) faults.push(`part ${part} to ${to} was reported as ${other.says}`)
  }
}

async function sentTwice(
  setup: Setup,
  all: All,
  idsTo: Map<string, string[]>,
  faults: string[],
): Promise<{ sent: number; recorded: number }> {
  let sent = 0
  let recorded = 0
  for (const [to, parts] of all.carrier) {
    if (parts.every((times) => times <= 1)) continue
    sent++
    const id = idsTo.get(to)?.at(-1)
    if (id !== undefined && (await hasUnknownAttempt(setup, id))) recorded++
    else faults.push(`${id} to ${to} is ${Math.max(...parts)} times at the carrier and no attempt of it is recorded as unknown`)
  }
  return { sent, recorded }
}

/** By handset, the messages that were made of what it wrote and delivered. */
function moMade({ cdrs }: All): Map<string, string[]> {
  const made = new Map<string, string[]>()
  for (const [id, [cdr]] of cdrs) {
    if (cdr?.direction !== 'mo' || cdr.state !== 'delivered') continue
    const from = cdr.from.replace('+', '')
    made.set(from, [...(made.get(from) ?? []), id])
  }
  return made
}

/** An MO that the carrier sends again, as it got no answer, is another message. */
async function replies(setup: Setup, all: All, faults: string[]): Promise<{ acked: number; again: number; madeAgain: number }> {
  const made = moMade(all)
  let acked = 0
  for (const [from, parts] of all.acked) {
    if (parts.size < partsOf(from)) faults.push(`of the MO from ${from} only ${parts.size} parts were ever answered`)
    else acked++
    if (!isWhole(all, from)) faults.push(`the MO from ${from} was answered and did not come to the client whole`)
    if (!made.has(from)) faults.push(`the MO from ${from} was answered and has no CDR that says delivered`)
  }
  let again = 0
  let madeAgain = 0
  for (const ids of made.values()) madeAgain += ids.length - 1
  for (const [key, copies] of all.mo) {
    const ids = made.get(key.split(' ')[0]!) ?? []
    again += copies.length - 1
    if (copies.length <= ids.length) continue
    const isOnRecord = (await Promise.all(ids.map((id) => hasUnknownAttempt(setup, id)))).includes(true)
    if (!isOnRecord) faults.push(`the MO ${key} came ${copies.length} times and no attempt of it is recorded as unknown`)
  }
  return { acked, again, madeAgain }
}

// What must hold after a proof of HTTP:
//   every message that was acknowledged has exactly one CDR, of the account that posted it, and the state that it names,
//   it is listed there and in no other account, and is the only one to its recipient, however often it was posted,
//   it is in the carrier's ledger; twice only with an attempt recorded as `unknown`,
//   it had a callback with its terminal state,
//   what services.ts says of those that a messaging service sends,
//   and what each strand says of its own.
import type { Cdr } from '../../src/model/cdr.ts'
import { sid, type Setup } from '../bench/gateway.ts'
import { cdrsOf, hasUnknownAttempt, listed, settle, twilioStatus, type Listed } from './evidence.ts'
import { readLedger, readLines } from './ledger.ts'
import type { Proof } from './rounds.ts'
import type { ScheduledStrand } from './scheduled.ts'
import { serviceFaults, type ProofService } from './services.ts'
import type { Strand } from './strand.ts'
import type { Acknowledged, Submits } from './submits.ts'

type Cdrs = ReadonlyMap<string, readonly Cdr[]>

export interface HttpLedgers {
  submits: string
  callbacks: string
}

export interface Posted {
  service: ProofService
  submits: Submits
  strands: readonly Strand[]
  scheduled: ScheduledStrand
  /** Below the root account. */
  accounts: readonly string[]
}

export async function reconcile(
  setup: Setup,
  ledgers: HttpLedgers,
  { service, submits, strands, scheduled, accounts }: Posted,
): Promise<Pick<Proof, 'acknowledged' | 'figures' | 'faults'>> {
  for (const strand of strands) await strand.look(true)
  const { acknowledged } = submits
  await settle(async () => missingOf(acknowledged, await cdrsOf(setup), new Set(await readLines(ledgers.callbacks))))
  const faults = [...submits.faults, ...strands.flatMap((strand) => strand.faults)]
  const cdrs = await cdrsOf(setup)
  const carrier = await timesOf(ledgers.submits)
  const reported = new Set(await readLines(ledgers.callbacks))
  const lists = new Map<string, Map<string, Listed>>()
  for (const account of [sid, ...accounts]) lists.set(account, await listed(setup.httpPort, account))
  const posted = await postedFaults({ setup, acknowledged, cdrs, carrier, reported, lists })
  faults.push(...posted.faults)
  faults.push(...onceEach(lists), ...scheduled.settled(cdrs, carrier))
  const served = acknowledged.filter(({ isServed }) => isServed)
  const below = acknowledged.filter(({ account }) => account !== sid)
  const ofService = await serviceFaults(setup, service, served, submits.nextRecipient)
  faults.push(...ofService.faults)
  return {
    acknowledged: acknowledged.length,
    figures: [
      ['acknowledged with 201', acknowledged.length],
      ['of those posted by sub-accounts, each listed in its own alone', below.length],
      ['of those sent by a messaging service', served.length],
      ['recipients written to again after its pool grew, from the same number', ofService.askedAgain],
      ['requests cut by the kill (no answer, or refused while down)', submits.cut],
      ['of those posted again under their Idempotency-Key', submits.repeated],
      ["destinations in the carrier's ledger", carrier.size],
      ['messages that reached the carrier more than once', posted.sentTwice],
      ['of those recorded `unknown` in their trace', posted.recordedUnknown],
      ...sums(strands),
    ],
    faults,
  }
}

/** How many of them have not ended yet, or not been reported. */
export function missingOf(acknowledged: readonly Acknowledged[], cdrs: Cdrs, reported: ReadonlySet<string>): number {
  return acknowledged.filter(({ id }) => {
    const state = cdrs.get(id)?.[0]?.state
    return state === undefined || !reported.has(`SM${id} ${twilioStatus(state)}`)
  }).length
}

/** Of each message that was acknowledged: in `carrier` how often it has the recipient, in `lists` what each account has. */
export async function postedFaults({
  setup,
  acknowledged,
  cdrs,
  carrier,
  reported,
  lists,
}: {
  setup: Setup
  acknowledged: readonly Acknowledged[]
  cdrs: Cdrs
  carrier: ReadonlyMap<string, number>
  reported: ReadonlySet<string>
  lists: ReadonlyMap<string, ReadonlyMap<string, Listed>>
}): Promise<{ faults: string[]; sentTwice: number; recordedUnknown: number }> {
  const faults: string[] = []
  let sentTwice = 0
  let recordedUnknown = 0
  for (const { id, account, to } of acknowledged) {
    const found = cdrs.get(id) ?? []
    if (found.length !== 1) faults.push(`${id} to ${to} has ${found.length} CDRs`)
    else if (found[0]!.account !== account) faults.push(`${id} to ${to} was posted by ${account}, its CDR is of ${found[0]!.account}`)
    const state = found[0] && twilioStatus(found[0].state)
    if (state !== undefined && !reported.has(`SM${id} ${state}`)) faults.push(`${id} ended ${state} and that was never reported`)
    const times = carrier.get(to) ?? 0
    if (times === 0) faults.push(`${id} to ${to} was acknowledged and is not at the carrier`)
    if (times > 1) {
      sentTwice++
      if (await hasUnknownAttempt(setup, id)) recordedUnknown++
      else faults.push(`${id} to ${to} is ${times} times at the carrier and no attempt of it is recorded as unknown`)
    }
    for (const [owner, list] of lists) {
      const said = list.get(id)?.status
      if (owner !== account && said !== undefined) faults.push(`${id} was posted by ${account} and is in the list of ${owner}`)
      else if (owner === account && said === undefined) faults.push(`${id} is not in the list of ${account}`)
      else if (owner === account && state !== undefined && said !== state) faults.push(`${id} is listed as ${said}, its CDR says ${state}`)
    }
  }
  return { faults, sentTwice, recordedUnknown }
}

/** How often each recipient is in the carrier's ledger. */
async function timesOf(path: string): Promise<Map<string, number>> {
  const times = new Map<string, number>()
  for (const { to } of await readLedger<{ to: string }>(path)) {
    const number = to.startsWith('+') ? to : `+${to}`
    times.set(number, (times.get(number) ?? 0) + 1)
  }
  return times
}

/** Each recipient was written to once, however often it was asked for. */
function onceEach(lists: ReadonlyMap<string, ReadonlyMap<string, Listed>>): string[] {
  const faults: string[] = []
  const first = new Map<string, string>()
  for (const list of lists.values()) {
    for (const [id, { to }] of list) {
      const other = first.get(to)
      if (other !== undefined) faults.push(`${id} and ${other} are both to ${to}, under one Idempotency-Key`)
      first.set(to, id)
    }
  }
  return faults
}

/** Strands of one kind are shown as one. */
function sums(strands: readonly Strand[]): [string, number][] {
  const sum = new Map<string, number>()
  for (const [label, value] of strands.flatMap(({ figures }) => figures)) sum.set(label, (sum.get(label) ?? 0) + value)
  return [...sum]
}

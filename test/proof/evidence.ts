// What the gateway itself says after a proof: its CDR files, its list of messages, and the traces of
// those that a carrier got more than once.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Cdr } from '../../src/model/cdr.ts'
import { api, sid, token, type Setup } from '../bench/gateway.ts'
import { gather, readLedger } from './ledger.ts'
import { sleep } from './rounds.ts'

/** By message id, every CDR of it. */
export async function cdrsOf(setup: Setup): Promise<Map<string, Cdr[]>> {
  const directory = join(setup.data, 'cdr')
  const found = new Map<string, Cdr[]>()
  for (const name of await readdir(directory).catch(() => [] as string[])) {
    for (const cdr of await readLedger<Cdr>(join(directory, name))) gather(found, cdr.message, cdr)
  }
  return found
}

export function twilioStatus(state: string): string {
  return state === 'expired' ? 'failed' : state === 'unconfirmed' ? 'sent' : state
}

export interface Listed {
  status: string
  to: string
}

/** Every message of the account as Twilio lists them, by its id without the SM. */
export async function listed(port: number, account = sid): Promise<Map<string, Listed>> {
  const found = new Map<string, Listed>()
  const headers = { authorization: `Basic ${Buffer.from(`${sid}:${token}`).toString('base64')}` }
  let path: string | null = `/2010-04-01/Accounts/${account}/Messages.json?PageSize=1000`
  while (path) {
    const answer: Response = await fetch(`http://127.0.0.1:${port}${path}`, { headers })
    const page = (await answer.json()) as { messages: { sid: string; status: string; to: string }[]; next_page_uri: string | null }
    for (const { sid: id, status, to } of page.messages) found.set(id.slice(2), { status, to })
    path = page.next_page_uri
  }
  return found
}

interface TraceEntry {
  what: string
  failure?: { kind: string }
  state?: string
  outcome?: string
}

async function entriesOf(setup: Setup, id: string): Promise<TraceEntry[]> {
  return (await api<{ entries: TraceEntry[] }>(setup, `/api/v1/messages/SM${id}/trace`)).entries
}

/** Whether an attempt of it is on record whose outcome nobody could know. */
export async function hasUnknownAttempt(setup: Setup, id: string): Promise<boolean> {
  return (await entriesOf(setup, id)).some(({ what, failure }) => what === 'attempt' && failure?.kind === 'unknown')
}

const atOnce = 8

/**
 * Receipts that came more than once, by what `copies` calls their messages: a fault where one was sent again after it had
 * been noted that it was taken, so that this is on record twice. `messagesOf`: the ids that may be meant.
 */
export async function repeats(
  setup: Setup,
  copies: ReadonlyMap<string, readonly unknown[]>,
  messagesOf: (name: string) => readonly string[],
): Promise<{ again: number; faults: string[] }> {
  const faults: string[] = []
  const repeated = [...copies].filter(([, all]) => all.length > 1)
  async function work(): Promise<void> {
    for (let next = repeated.pop(); next; next = repeated.pop()) {
      for (const id of messagesOf(next[0])) {
        const noted = (await entriesOf(setup, id)).filter(({ what, outcome }) => what === 'report' && outcome === 'ok')
        if (new Set(noted.map(({ state }) => state)).size < noted.length)
          faults.push(`the receipt of ${next[0]} came ${next[1].length} times, and was noted as taken before it came again`)
      }
    }
  }
  const again = repeated.reduce((sum, [, all]) => sum + all.length - 1, 0)
  await Promise.all(Array.from({ length: atOnce }, work))
  return { again, faults }
}

const lookEveryMs = 500
const standstillMs = 30_000
/** For what would come a second time. */
const afterwardsMs = 2000

/** Looks until nothing is missing, or nothing has changed for long. */
export async function settle(missing: () => Promise<number>): Promise<void> {
  let last = Number.NaN
  let since = Date.now()
  for (;;) {
    const now = await missing()
    if (now === 0 || Date.now() - since > standstillMs) break
    if (now !== last) since = Date.now()
    last = now
    await sleep(lookEveryMs)
  }
  await sleep(afterwardsMs)
}

// `signalbox bind` and `parked`: one bind as it stands, and the receipts that found no message. Pure but
// for what is asked of the gateway.
import type { BindReceiptsAnswer, ParkedAnswer } from '../http/api/receipts.ts'
import type { Client } from './client.ts'
import { query, since, stamp, table } from './print.ts'

interface Of {
  account?: string
  json?: boolean
}

interface Bind {
  id: string
  bind: string
  name: string
  connector: string
  side: string
  enabled: boolean
  paused: boolean
  faults?: { path: string; message: string }[]
}

interface Statistics {
  sums: Record<string, number>
  depth: { deliver: number; report: number }
  sessions?: { state: string; sessions: number; since: string; inFlight: number; lastError?: string }
}

export async function bind(client: Client, id: string, { account, json }: Of): Promise<string> {
  const path = `/api/v1/binds/${encodeURIComponent(id)}`
  const one = await client.request<Bind>('GET', `${path}${query({ account })}`)
  const [receipts, { binds }] = await Promise.all([
    client.request<BindReceiptsAnswer>('GET', `${path}/receipts${query({ account })}`),
    client.request<{ binds: Statistics[] }>('GET', `/api/v1/statistics${query({ account, bind: one.bind })}`),
  ])
  const seen = binds[0]
  if (json) return JSON.stringify({ ...one, statistics: seen, receipts }, undefined, 2)
  return bindLines(one, seen, receipts, Date.now()).join('\n')
}

const margin = 12
const line = (title: string, text: string): string => title.padEnd(margin) + text
const more = (text: string): string => ' '.repeat(margin) + text

function bindLines(one: Bind, seen: Statistics | undefined, receipts: BindReceiptsAnswer, now: number): string[] {
  const live = seen?.sessions
  const state = one.faults ? 'faulty' : !one.enabled ? 'disabled' : one.paused ? 'paused' : (live?.state ?? 'off')
  const lines = [`${one.id}  ${state.toUpperCase()}`, `${one.connector}, ${one.side}${one.name === one.id ? '' : `, ${one.name}`}`, '']
  for (const fault of one.faults ?? []) lines.push(line('fault', `${fault.path}: ${fault.message}`))
  if (live) {
    lines.push(line('sessions', `${live.sessions}, ${live.inFlight} in flight, for ${since(now - Date.parse(live.since)).slice(1)}`))
    if (live.lastError !== undefined) lines.push(line('last error', live.lastError))
  }
  if (seen) {
    lines.push(line('waits', `${seen.depth.deliver} to deliver, ${seen.depth.report} to report`))
    const sums = Object.entries(seen.sums).map(([name, times]) => `${name} ${times}`)
    lines.push(line('last hour', sums.length === 0 ? 'nothing' : sums.join(', ')))
  }
  if (one.side === 'supplier') lines.push(...receiptLines(receipts, now))
  return lines
}

export function receiptLines(receipts: BindReceiptsAnswer, now: number): string[] {
  const { refForm, refForms, oldestParkedAt, truth } = receipts
  const lines: string[] = []
  if (refForm) {
    const how = refForm.sure ? 'sure' : 'not sure yet'
    lines.push(line('id form', `${refForm.form}, ${refForm.seen} of ${refForm.of} receipts, ${how}`))
    const others = Object.entries(refForms).filter(([form]) => form !== refForm.form)
    if (others.length > 0) lines.push(more(others.map(([form, times]) => `${form} ${times}`).join(', ')))
  } else lines.push(line('id form', 'not known yet'))
  const age = oldestParkedAt === undefined ? '' : `, the oldest for ${since(now - Date.parse(oldestParkedAt)).slice(1)}`
  lines.push(line('parked', `${receipts.parked}${age}`))
  if (!truth) lines.push(line('truth', 'no receipts yet'))
  else if (truth.score === undefined) lines.push(line('truth', `not said below 50 receipts; there are ${truth.receipts}`))
  else {
    lines.push(
      line('truth', `${truth.score} of 100, by the newest ${truth.receipts} receipts, since ${stamp(Date.parse(truth.since))} UTC`),
    )
    for (const { costs, words } of truth.reasons) lines.push(more(`−${String(costs).padEnd(4)}${words}`))
  }
  return lines
}

export async function parked(client: Client, id: string, { account, json, limit }: Of & { limit: string }): Promise<string> {
  const path = `/api/v1/binds/${encodeURIComponent(id)}/receipts/parked${query({ account, limit })}`
  const answer = await client.request<{ receipts: ParkedAnswer[]; next?: string }>('GET', path)
  if (json) return JSON.stringify(answer, undefined, 2)
  const rows = answer.receipts.map(({ at, ref, state, final, error, doneAt }) => [
    stamp(Date.parse(at)),
    ref,
    final ? state : `${state} (not final)`,
    error ?? '',
    doneAt === undefined ? '' : stamp(Date.parse(doneAt)),
  ])
  const shown = table(['came (UTC)', 'id', 'state', 'error', 'done'], rows, 'No receipt waits for its message.')
  return answer.next === undefined ? shown : `${shown}\n… and more: --limit shows up to 1000.`
}

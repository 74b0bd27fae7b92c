// `signalbox binds`, `lanes`, `purge` and `statistics`: what runs, what waits, what happened.
import { Told, type Client } from './client.ts'
import { bindName, query, since, table } from './print.ts'

interface Depth {
  bind: string
  paused: boolean
  deliver: number
  report: number
}
interface Session {
  bind: string
  state: string
  sessions: number
  since: string
  inFlight: number
  lastError?: string
}
interface Of {
  account?: string
  json?: boolean
}

const byName = (a: { bind: string }, b: { bind: string }): number => a.bind.localeCompare(b.bind)

export async function binds(client: Client, { account, json }: Of): Promise<string> {
  const [{ binds: all }, { sessions }] = await Promise.all([
    client.request<{
      binds: { id: string; bind: string; connector: string; side: string; enabled: boolean; paused: boolean; faults?: unknown[] }[]
    }>('GET', `/api/v1/binds${query({ account })}`),
    client.request<{ sessions: Session[] }>('GET', `/api/v1/sessions${query({ account })}`),
  ])
  if (json)
    return JSON.stringify(
      all.map((bind) => ({ ...bind, sessions: sessions.find((each) => each.bind === bind.bind) })),
      undefined,
      2,
    )
  const rows = all.toSorted(byName).map((bind) => {
    const live = sessions.find((each) => each.bind === bind.bind)
    const state = bind.faults ? 'faulty' : !bind.enabled ? 'disabled' : bind.paused ? 'paused' : (live?.state ?? 'off')
    const lasted = live ? since(Date.now() - Date.parse(live.since)).slice(1) : ''
    return [bind.id, bind.connector, bind.side, state, live?.sessions ?? 0, live?.inFlight ?? 0, lasted, live?.lastError ?? '']
  })
  return table(['bind', 'connector', 'side', 'state', 'sessions', 'in flight', 'for', 'last error'], rows, 'No binds.')
}

interface Listed {
  all?: boolean
  json?: boolean
}

/** Where hundreds of accounts have theirs, those where nothing is are counted only. */
function quiet(left: number, what: string): string {
  return left === 0 ? '' : `\n… and ${left} of accounts below ${what}: --all shows them.`
}

export async function lanes(client: Client, { all, json }: Listed): Promise<string> {
  const isOwn = (bind: string): boolean => bind.startsWith(`${client.accountSid}/`)
  const answer = await client.request<{ lanes: Depth[] }>('GET', '/api/v1/lanes')
  if (json) return JSON.stringify(answer.lanes, undefined, 2)
  const told = answer.lanes.filter(({ bind, paused, deliver, report }) => all || paused || deliver + report > 0 || isOwn(bind))
  const rows = told
    .toSorted((a, b) => Number(isOwn(b.bind)) - Number(isOwn(a.bind)) || byName(a, b))
    .map((lane) => [bindName(lane.bind, client.accountSid), lane.paused ? 'paused' : 'runs', lane.deliver, lane.report])
  const shown = table(['lane', '', 'to deliver', 'to report'], rows, 'No lanes.')
  return shown + quiet(answer.lanes.length - told.length, 'that run, where nothing waits')
}

export async function pauseOrResume(client: Client, verb: 'pause' | 'resume', id: string, { account }: Of): Promise<string> {
  const done = await client.request<{ changed: boolean; lane: Depth }>(
    'POST',
    `/api/v1/lanes/${encodeURIComponent(id)}/${verb}${query({ account })}`,
  )
  const now = verb === 'pause' ? 'is paused: it keeps what waits' : 'runs'
  return `${id} ${done.changed ? 'now' : 'already'} ${now} (${done.lane.deliver} to deliver, ${done.lane.report} to report).`
}

export async function purge(
  client: Client,
  id: string,
  options: Of & { from?: string; arrival?: string; after?: string; before?: string },
): Promise<string> {
  const { account, from, arrival, after, before } = options
  const json = {
    ...(from === undefined ? {} : { from }),
    ...(arrival === undefined ? {} : { arrival }),
    ...(after === undefined ? {} : { acceptedAfter: after }),
    ...(before === undefined ? {} : { acceptedBefore: before }),
  }
  const { purged } = await client.request<{ purged: number }>(
    'POST',
    `/api/v1/lanes/${encodeURIComponent(id)}/purge${query({ account })}`,
    { json },
  )
  if (purged === 0) return 'Nothing that waits there is meant: no message was purged.'
  return `${purged} message${purged === 1 ? '' : 's'} purged, each with its CDR and report.`
}

/** The API sums up no more at once: 7 days. */
const mostHours = 168

export async function statistics(client: Client, options: Of & Listed & { hours: string }): Promise<string> {
  const hours = Number(options.hours)
  if (!(hours > 0 && hours <= mostHours)) throw new Told(`--hours: expected a number above 0, at most ${mostHours}, got ${options.hours}`)
  const from = new Date(Date.now() - hours * 3_600_000).toISOString()
  const path = `/api/v1/statistics${query({ account: options.account, from })}`
  const answer = await client.request<{
    binds: {
      bind: string
      sums: Record<string, number>
      depth: { deliver: number; report: number }
      receipts: { parked: number; truth?: { score?: number } }
    }[]
  }>('GET', path)
  if (options.json) return JSON.stringify(answer.binds, undefined, 2)
  const names = ['accepted', 'sent', 'delivered', 'undelivered', 'failed', 'expired', 'retried', 'throttled', 'unknown'] as const
  const told = answer.binds.filter(
    ({ bind, sums, depth, receipts }) =>
      options.all ||
      bind.startsWith(`${client.accountSid}/`) ||
      names.some((name) => (sums[name] ?? 0) > 0) ||
      depth.deliver + depth.report + receipts.parked > 0,
  )
  const rows = told.map(({ bind, sums, depth, receipts }) => [
    bindName(bind, client.accountSid),
    ...names.map((name) => sums[name] ?? 0),
    depth.deliver + depth.report,
    receipts.parked,
    receipts.truth?.score ?? '',
  ])
  const shown = table(['bind', ...names, 'waiting', 'parked', 'truth'], rows, 'Nothing happened yet.')
  return shown + quiet(answer.binds.length - told.length, 'on which nothing happened')
}

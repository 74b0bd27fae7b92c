// Report: tells whoever sent the message what became of it. Tried again by the origin bind's
// retry policy; given up, with a line in the trace, when its attempts are used up.
import { backoffMs, retryShape } from '../binds/backoff.ts'
import type { LiveBind } from '../binds/supervisor.ts'
import type { LifeEntry } from '../model/life.ts'
import type { Report } from '../model/receipt.ts'
import type { Outcome, Session } from '../plugin.ts'
import type { ReportItem, Settlement } from '../store/store.ts'
import type { Core } from './core.ts'

export async function sendReport(
  core: Core,
  live: LiveBind,
  session: Session,
  head: { token: number; item: number },
  item: ReportItem,
): Promise<Settlement> {
  live.inFlight++
  const outcome = await session.report!(item.message, rewritten(item.report, live.bind.policy.errorCodes), live.signal)
  live.inFlight--
  const now = core.clock.now()
  const { policy } = live.bind
  const offline = !outcome.ok && outcome.failure.kind === 'offline'
  const attempt = item.attempt + (offline ? 0 : 1)
  const again = !outcome.ok && outcome.failure.kind !== 'permanent' && attempt < policy.attempts
  const settlement: Settlement = {
    token: head.token,
    item: head.item,
    kind: 'report',
    message: item.message.id,
    entry: line(item, outcome, attempt, again, now),
    counts: outcome.ok ? [{ bind: live.bind.id, name: 'reported' }] : again ? [] : [{ bind: live.bind.id, name: 'reportsFailed' }],
    attempt,
  }
  if (again) {
    settlement.retryAt = now + (outcome.failure.retryAfterMs ?? backoffMs(retryShape(policy), item.attempt, core.random()))
  }
  return settlement
}

/** The report with its error code as the client's table has it; the same report where it says nothing. */
export function rewritten(report: Report, codes: Record<string, string>): Report {
  const { error } = report
  const own = error !== undefined && Object.hasOwn(codes, error) ? codes[error] : undefined
  // `*` is for failures: a delivery has no error to rewrite.
  const code = own ?? (failures.has(report.state) ? codes['*'] : undefined)
  return code === undefined || code === error ? report : { ...report, error: code }
}

const failures: ReadonlySet<string> = new Set(['undelivered', 'failed', 'expired', 'canceled', 'unconfirmed'])

function line(item: ReportItem, outcome: Outcome, n: number, again: boolean, at: number): LifeEntry {
  const entry: LifeEntry = { at, what: 'report', state: item.report.state, n, outcome: outcome.ok ? 'ok' : again ? 'failed' : 'abandoned' }
  if (!outcome.ok) entry.failure = outcome.failure
  if (outcome.wire) entry.wire = outcome.wire
  return entry
}

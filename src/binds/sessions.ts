// A live bind as people see it: its state, its sessions and the rate that it goes at.
import { bindState, type LiveBind, type Supervisor } from './supervisor.ts'
import type { BindId } from '../model/message.ts'

/** Undefined where the bind does not run. */
export function sessionsOf(binds: Supervisor, id: BindId) {
  const live = binds.get(id)
  if (!live) return undefined
  return {
    state: bindState(live),
    sessions: live.sessions.size,
    since: live.since,
    inFlight: live.inFlight,
    ...rateOf(live),
    ...(live.lastError === undefined ? {} : { lastError: live.lastError }),
  }
}

function rateOf({ rate }: LiveBind) {
  const segmentsPerSecond = rate.perSecond()
  if (segmentsPerSecond <= 0) return {}
  const learned = rate.learned()
  return { rate: { segmentsPerSecond, ...(learned ? { learned: { why: learned.why, at: learned.at } } : {}) } }
}

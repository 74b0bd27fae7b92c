// When a bind counts as gone, so that messages take the next candidate.
import { bindState } from '../binds/supervisor.ts'
import type { BindId } from '../model/message.ts'
import type { Core } from './core.ts'

/** Absent, disabled, or without a session for longer than its limit. A paused bind is not down. */
export function isDownTooLong(core: Core, id: BindId, now: number): boolean {
  const live = core.binds.get(id)
  if (!live) return core.configuration().binds.get(id)?.enabled !== true
  const limit = live.bind.policy.downLimitMs
  return limit > 0 && bindState(live) === 'down' && now - live.since > limit
}

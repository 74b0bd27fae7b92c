// What a peer's code means on a bind: its connector says what it usually means, the bind's `actions`
// go before that.
import type { BindPolicy, PeerAction } from '../model/bind.ts'
import type { FailureFacts } from '../model/failure.ts'
import type { Outcome } from '../plugin.ts'

type Actions = Pick<BindPolicy, 'actions'>

/** The row of the bind's table for this failure: its code's own, or that of `*`. */
export function actionFor({ actions }: Actions, { peerCode }: FailureFacts): PeerAction | undefined {
  if (peerCode === undefined) return undefined
  return Object.hasOwn(actions, peerCode) ? actions[peerCode] : actions['*']
}

/** The outcome as the bind sees it: the same object where its table says nothing. */
export function judged(policy: Actions, outcome: Outcome): Outcome {
  if (outcome.ok) return outcome
  const action = actionFor(policy, outcome.failure)
  if (!action || (action.as === undefined && action.retryAfterMs === undefined)) return outcome
  const failure = { ...outcome.failure, kind: action.as ?? outcome.failure.kind }
  if (action.retryAfterMs !== undefined) failure.retryAfterMs = action.retryAfterMs
  return { ...outcome, failure }
}

/** The handset, or its queue at the peer, is busy: the bind has a schedule of its own for it. */
export function isBusy({ kind, code }: FailureFacts): boolean {
  if (kind === 'throttled') return code === 'queue-full'
  return kind === 'temporary' && (code === 'peer-busy' || code === 'queue-full' || code === 'absent-subscriber')
}

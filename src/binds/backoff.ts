// Growing delays with jitter, so that a thousand binds never come back in one stampede.
import type { BindPolicy } from '../model/bind.ts'

export interface BackoffShape {
  firstMs: number
  /** Before the second repeat; 0 or absent: the first, multiplied. */
  secondMs?: number
  multiplier: number
  capMs: number
}

/** Delay before try `n` (0 = the first repeat), jittered by ±20 %; `random` is 0 ≤ r < 1. */
export function backoffMs(shape: BackoffShape, n: number, random: number): number {
  const fromSecond = n > 0 && shape.secondMs !== undefined && shape.secondMs > 0
  const plain = fromSecond ? shape.secondMs! * shape.multiplier ** Math.min(n - 1, 64) : shape.firstMs * shape.multiplier ** Math.min(n, 64)
  return Math.round(Math.min(shape.capMs, plain) * (0.8 + 0.4 * random))
}

/** What the bind's policy says of ordinary failures. */
export function retryShape(policy: BindPolicy): BackoffShape {
  const { retryFirstMs, retrySecondMs, retryMultiplier, retryCapMs } = policy
  return { firstMs: retryFirstMs, secondMs: retrySecondMs, multiplier: retryMultiplier, capMs: retryCapMs }
}

/** What it says where the handset, or its queue at the peer, is busy. */
export function busyShape(policy: BindPolicy): BackoffShape {
  const { busyFirstMs, busySecondMs, busyMultiplier, busyCapMs } = policy
  return { firstMs: busyFirstMs, secondMs: busySecondMs, multiplier: busyMultiplier, capMs: busyCapMs }
}

// Growing delays with jitter, so that a thousand binds never come back in one stampede.

export interface BackoffShape {
  firstMs: number
  multiplier: number
  capMs: number
}

/** Delay before try `n` (0 = the first repeat), jittered by ±20 %; `random` is 0 ≤ r < 1. */
export function backoffMs(shape: BackoffShape, n: number, random: number): number {
  const plain = Math.min(shape.capMs, shape.firstMs * shape.multiplier ** Math.min(n, 64))
  return Math.round(plain * (0.8 + 0.4 * random))
}

// A rate that may change between any two takes: what was saved up is at most a tenth of a second's worth.
export interface Bucket {
  /** Whether one more fits now. An infinite rate always does. */
  take(perSecond: number, now: number): boolean
}

export function createBucket(): Bucket {
  let tokens = 1
  let at: number | undefined
  return {
    take(perSecond, now) {
      if (perSecond === Number.POSITIVE_INFINITY) return true
      const most = Math.max(1, perSecond / 10)
      tokens = Math.min(most, tokens + (Math.max(0, now - (at ?? now)) * perSecond) / 1000)
      at = now
      if (tokens < 1) return false
      tokens--
      return true
    },
  }
}

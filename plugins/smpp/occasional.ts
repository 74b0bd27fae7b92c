// A log line that a misbehaving peer could provoke a thousand times a second, at most once in ten
// seconds per kind, with the number of those left out.
import type { Clock } from '../../src/plugin.ts'

const quietMs = 10_000

/** `fields` is asked only for a line that is written. */
export type Occasional = (kind: string, message: string, fields: () => Record<string, unknown>) => void

export function occasional(clock: Clock, write: (fields: Record<string, unknown>, message: string) => void): Occasional {
  const kinds = new Map<string, { until: number; leftOut: number }>()
  return (kind, message, fields) => {
    const now = clock.now()
    const known = kinds.get(kind)
    if (known && now < known.until) {
      known.leftOut++
      return
    }
    kinds.set(kind, { until: now + quietMs, leftOut: 0 })
    write(known?.leftOut ? { ...fields(), leftOut: known.leftOut } : fields(), message)
  }
}

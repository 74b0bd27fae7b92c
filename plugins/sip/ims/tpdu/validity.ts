// TP-VP (TS 23.040 §9.2.3.12): how long a message is worth delivering, in its three forms, read, written
// and as an instant.
import { type Cursor, takeOctet, takeOctets } from '../cursor.ts'
import { instantOf, takeTime, writeTime } from './time.ts'
import type { Validity } from './types.ts'

/** TP-VPF, bits 4 and 3 of the first octet (TS 23.040 §9.2.3.3). */
export const validityFormats = ['none', 'enhanced', 'relative', 'absolute'] as const

const [minuteMs, hourMs, dayMs] = [60_000, 3_600_000, 86_400_000]

export function takeValidity(cursor: Cursor, format: number): Validity {
  switch (validityFormats[format & 0x03]) {
    case 'relative':
      return { form: 'relative', octet: takeOctet(cursor, 'TP-VP') }
    case 'absolute':
      return { form: 'absolute', time: takeTime(cursor, 'TP-VP', true) }
    case 'enhanced':
      return { form: 'enhanced', octets: takeOctets(cursor, 7, 'TP-VP') }
    default:
      return { form: 'none' }
  }
}

export function writeValidity(out: number[], validity: Validity): void {
  if (validity.form === 'relative') out.push(validity.octet)
  if (validity.form === 'absolute') writeTime(out, validity.time)
  if (validity.form === 'enhanced') for (let i = 0; i < 7; i++) out.push(validity.octets[i] ?? 0)
}

/** TS 23.040 §9.2.3.12.1: five minutes to 63 weeks. */
export function relativeMs(octet: number): number {
  if (octet <= 143) return (octet + 1) * 5 * minuteMs
  if (octet <= 167) return 12 * hourMs + (octet - 143) * 30 * minuteMs
  if (octet <= 196) return (octet - 166) * dayMs
  return (octet - 192) * 7 * dayMs
}

export interface Lifetime {
  /** Absent: as long as the centre likes. */
  until?: number
  /** Tried once, whatever comes of it (TS 23.040 §9.2.3.12.3, bit 6). */
  once: boolean
}

/** Undefined: it says nothing that can be meant. */
export function lifetimeOf(validity: Validity, now: number): Lifetime | undefined {
  switch (validity.form) {
    case 'none':
      return { once: false }
    case 'relative':
      return { until: now + relativeMs(validity.octet), once: false }
    case 'absolute': {
      const until = instantOf(validity.time)
      return until === undefined ? undefined : { until, once: false }
    }
    case 'enhanced':
      return enhanced(validity.octets, now)
  }
  return validity satisfies never
}

function enhanced(octets: Uint8Array, now: number): Lifetime | undefined {
  const [first = 0] = octets
  const once = (first & 0x40) !== 0
  // Bit 7: another octet of functionality follows, of which none is defined.
  const at = (first & 0x80) === 0 ? 1 : 2
  const [a = 0, b = 0, c = 0] = octets.subarray(at)
  switch (first & 0x07) {
    case 0:
      return { once }
    case 1:
      return { until: now + relativeMs(a), once }
    case 2:
      return a === 0 ? undefined : { until: now + a * 1000, once }
    case 3: {
      const [hours, minutes, seconds] = [digits(a), digits(b), digits(c)]
      if (hours === undefined || minutes === undefined || seconds === undefined || minutes > 59 || seconds > 59) return undefined
      return { until: now + hours * hourMs + minutes * minuteMs + seconds * 1000, once }
    }
  }
  return undefined
}

function digits(octet: number): number | undefined {
  const [tens, ones] = [octet & 0x0f, octet >> 4]
  return tens > 9 || ones > 9 ? undefined : tens * 10 + ones
}

// How many SMS leave for the air: a segment is one, except where its peer takes a long text whole and
// cuts it itself. Rates and what a carrier bills are counted in these.
import { decodeCharset } from './charsets.ts'
import { escapeSeptet, septetLength } from './gsm7.ts'
import type { Segment } from './segment.ts'

/** Of one SMS and of one part: septets, octets (TS 23.040 §9.2.3.24.1). */
const [oneSeptets, partSeptets, oneOctets, partOctets] = [160, 153, 140, 134]

export function smsCount(segments: readonly Segment[]): number {
  let count = 0
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i]!
    count += segment.total > 1 || segment.data.length <= oneOctets ? 1 : cuts(segment)
  }
  return count
}

function cuts({ alphabet, data }: Segment): number {
  const { length } = data
  switch (alphabet) {
    case 'gsm7':
      return length <= oneSeptets ? 1 : walk(length, partSeptets, (end) => (data[end - 1] === escapeSeptet ? end - 1 : end))
    case 'ucs2':
      return walk(length, partOctets, (end) => ((data[end - 2]! & 0xfc) === 0xd8 ? end - 2 : end))
    case 'binary':
      return Math.ceil(length / partOctets)
    case 'ascii':
    case 'latin1':
    case 'cyrillic':
    case 'hebrew': {
      const septets = septetLength(decodeCharset(alphabet, data))
      if (septets < 0) return Math.ceil(length / partOctets)
      return septets <= oneSeptets ? 1 : Math.ceil(septets / partSeptets)
    }
  }
  return alphabet satisfies never
}

/** `back`: the place at or before `end` where no pair is cut. */
function walk(length: number, step: number, back: (end: number) => number): number {
  let count = 1
  for (let at = 0; length - at > step; count++) at = back(at + step)
  return count
}

// Where a long text is cut: each part is filled to its budget, never inside an escape or surrogate
// pair, and not inside a grapheme cluster (a flag, a letter with its accents) unless that cluster
// alone is longer than a part. CR LF may be cut, as in Twilio's calculator.
import { defaultAlphabet, escapeSeptet, type Gsm7Alphabet } from './gsm7.ts'

const clusters = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Where each part ends, in UTF-16 units of the text, for parts of `budget` UTF-16 units. */
export function cutUcs2(text: string, budget: number): number[] {
  const ends: number[] = []
  let start = 0
  while (text.length - start > budget) {
    start = clusterEnd(text, start, start + budget)
    ends.push(start)
  }
  ends.push(text.length)
  return ends
}

/** The same for parts of `budget` septets of an alphabet that has every character of the text. */
export function cutGsm7(text: string, alphabet: Gsm7Alphabet, budget: number): number[] {
  const { codes } = alphabet
  const ends: number[] = []
  let start = 0
  let used = 0
  for (let i = 0; i < text.length; i++) {
    const size = (codes[text.charCodeAt(i)] ?? escapeSeptet) > 0x7f ? 2 : 1
    if (used + size > budget) {
      // No characters of the default alphabet form a cluster, but CR LF.
      start = alphabet === defaultAlphabet ? i : clusterEnd(text, start, i)
      ends.push(start)
      // What was cut off with a cluster is counted again.
      i = start - 1
      used = 0
    } else {
      used += size
    }
  }
  ends.push(text.length)
  return ends
}

/** The last place in (start, end] where the text may be cut. */
function clusterEnd(text: string, start: number, end: number): number {
  const pair = isLowSurrogate(text.charCodeAt(end)) && isHighSurrogate(text.charCodeAt(end - 1))
  const last = pair ? end - 1 : end
  const [before, after] = [codePointBefore(text, last), text.codePointAt(last) ?? 0]
  if ((standsAlone(before) && standsAlone(after)) || betweenIndicLetters(before, after)) return last
  // Whether a cluster goes on over `last` depends on what is before it and one character after.
  const at = clusters.segment(text.slice(start, last + 2)).containing(last - start)?.index ?? 0
  for (let i = last - 1; i > start + at; i--) if (betweenIndicLetters(text.charCodeAt(i - 1), text.charCodeAt(i))) return i
  return at > 0 ? start + at : last
}

/**
 * Twilio's calculator cuts between a virama and the consonant that it joins, as graphemes were before
 * Unicode 15.1; newer segmenters do not.
 */
function betweenIndicLetters(before: number, after: number): boolean {
  const indicOrJoiner = (before >= 0x900 && before <= 0xdff && before !== 0xd4e) || before === 0x20 || before === 0x200d
  return indicOrJoiner && after >= 0x904 && after <= 0xdc6 && /\p{Lo}/u.test(String.fromCharCode(after))
}

function codePointBefore(text: string, at: number): number {
  const unit = text.charCodeAt(at - 1)
  return isLowSurrogate(unit) ? (text.codePointAt(at - 2) ?? unit) : unit
}

const isHighSurrogate = (unit: number): boolean => (unit & 0xfc00) === 0xd800
const isLowSurrogate = (unit: number): boolean => (unit & 0xfc00) === 0xdc00

/**
 * Characters that never join their like into one cluster, so that most cuts need no segmenter: Latin,
 * Greek, Cyrillic, Hebrew and Arabic letters, kana, CJK, Hangul syllables, emoji but for skin tones
 * and the letters of flags (UAX #29).
 */
function standsAlone(codePoint: number): boolean {
  return (
    codePoint < 0x300 ||
    (codePoint >= 0x370 && codePoint <= 0x482) ||
    (codePoint >= 0x48a && codePoint <= 0x58f) ||
    (codePoint >= 0x5d0 && codePoint <= 0x5f4) ||
    (codePoint >= 0x620 && codePoint <= 0x64a) ||
    (codePoint >= 0x3041 && codePoint <= 0x3096) ||
    (codePoint >= 0x30a1 && codePoint <= 0x30fe) ||
    (codePoint >= 0x4e00 && codePoint <= 0x9fff) ||
    (codePoint >= 0xac00 && codePoint <= 0xd7a3) ||
    (codePoint >= 0x1f300 && codePoint <= 0x1faff && !(codePoint >= 0x1f3fb && codePoint <= 0x1f3ff))
  )
}

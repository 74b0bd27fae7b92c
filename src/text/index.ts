// Text on the air: alphabets, headers, parts. Pure; everything a connector may need of it.
export * from './charsets.ts'
export { csvCell, csvRows } from './csv.ts'
export * from './dcs.ts'
export * from './decode.ts'
export { decodeGsm7, defaultAlphabet, encodeGsm7, gsm7Alphabet, septetLength, type Gsm7Alphabet } from './gsm7.ts'
export {
  bodyFault,
  countSegments,
  maxParts,
  split,
  type Alphabet,
  type Segment,
  type SegmentAlphabet,
  type SplitOptions,
} from './segment.ts'
export * from './septets.ts'
export { smsCount } from './sms.ts'
export { transliterate } from './transliterate.ts'
export { decodeUcs2, encodeUcs2, wellFormed } from './ucs2.ts'
export * from './udh.ts'

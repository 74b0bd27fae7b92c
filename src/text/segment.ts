// stub to be replaced by the text room
import type { Body } from '../model/body.ts'

/** How the characters of a segment are coded on the air. */
export type Alphabet = 'gsm7' | 'ucs2' | 'binary'

export interface SplitOptions {
  /** udh8, udh16: parts of 153/67 (152/66 with a 16-bit reference). sar: parts carry no header but keep the udh8 sizes. payload: one segment, whole. */
  concatenation: 'udh8' | 'udh16' | 'sar' | 'payload'
  /** National tables (1–13) tried, in this order, before UCS-2. */
  nationalTables?: readonly number[]
  /** 16-bit concatenation reference; its low byte serves for 8 bits. */
  reference: number
}

/** One SMS part. */
export interface Segment {
  alphabet: Alphabet
  /** From 0. */
  index: number
  total: number
  /** The concatenation reference where total > 1. */
  reference: number
  /** gsm7: septets, one an octet, escapes included. ucs2: UTF-16BE octets. binary: as given. Without the header. */
  data: Uint8Array
  /** Elements of the user data header (TS 23.040 §9.2.3.24), without its length octet; undefined when none. Concatenation is in it for udh8 and udh16. */
  udh?: Uint8Array
  messageClass?: 0 | 1 | 2 | 3
}

export declare function split(body: Body, options: SplitOptions): Segment[]
/** Segments of a body by the default alphabet and UCS-2, as Twilio counts. */
export declare function countSegments(body: Body): number

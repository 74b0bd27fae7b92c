// The text of a delivery receipt, `id:… sub:001 … stat:DELIVRD err:000 text:…` (SMPP 3.4 appendix B),
// as carriers really send it: any order, any case, fields missing, bare states, trailing NULs.
// Never fails: what is not there is undefined. Nearly all receipts are as the appendix has them, and
// those are read by one scan of their octets; whatever else is there goes the tolerant way.
import { latin1 } from '../codec/index.ts'

export interface ReceiptText {
  id?: string
  sub?: string
  dlvrd?: string
  /** Raw; see receiptDate. */
  submitDate?: string
  doneDate?: string
  stat?: string
  err?: string
  text?: string
  /** What follows err without a key. */
  rest?: string
}

/** Longer than any receipt; the remainder is not looked at. */
const mostCharacters = 1024

const anyKey = /(?:^|[\s=])(id|sub|dlvrd|submit[ _]?date|done[ _]?date|stat|err|text):/gi
const bareState = /^(?:DELIVRD|EXPIRED|DELETED|UNDELIV|ACCEPTD|UNKNOWN|REJECTD|ENROUTE)$/i

type Name = Exclude<keyof ReceiptText, 'rest'>

function nameOf(raw: string): Name {
  const flat = raw.toLowerCase().replace(/[ _]/, '')
  if (flat === 'submitdate') return 'submitDate'
  if (flat === 'donedate') return 'doneDate'
  return flat as Name
}

export type ReceiptFields = Pick<ReceiptText, 'id' | 'stat' | 'err' | 'submitDate' | 'doneDate'>

const codes = (text: string): readonly number[] => [...text].map((character) => character.charCodeAt(0))
/** In the order of appendix B, which is the order in which they are looked for. */
const [id, sub, dlvrd, submitDate, doneDate, stat, err, words, capitalWords] = [
  codes('id:'),
  codes('sub:'),
  codes('dlvrd:'),
  codes('submit date:'),
  codes('done date:'),
  codes('stat:'),
  codes('err:'),
  codes('text:'),
  codes('Text:'),
] as const
const [space, colon] = [0x20, 0x3a]

/**
 * What is needed of a receipt whose text is fields in lower case, each `key:value` with a value of
 * printable ASCII without another colon, with one space between, and text last. Says what
 * parseReceiptText says; undefined: ask that.
 */
export function scanReceiptText(octets: Uint8Array): ReceiptFields | undefined {
  const end = octets.length
  if (end > mostCharacters) return undefined
  const found: ReceiptFields = {}
  for (let at = 0; ; at++) {
    const key = keyAt(octets, at)
    if (key === undefined) return undefined
    // The message's own words may look like fields: only behind the state are they known to be its own.
    if (key === words || key === capitalWords) return found.stat === undefined ? undefined : found
    const start = at + key.length
    at = valueEnd(octets, start)
    if (at <= start) return undefined
    if (key === id) {
      if (found.id !== undefined) return undefined
      found.id = latin1(octets, start, at)
    } else if (key === stat) {
      if (found.stat !== undefined) return undefined
      found.stat = latin1(octets, start, at)
    } else if (key === err) {
      if (found.err !== undefined) return undefined
      found.err = latin1(octets, start, at)
    } else if (key === doneDate) {
      if (found.doneDate !== undefined) return undefined
      found.doneDate = latin1(octets, start, at)
    } else if (key === submitDate) {
      if (found.submitDate !== undefined) return undefined
      found.submitDate = latin1(octets, start, at)
    }
    if (at === end) return found
  }
}

/** Where the space or the end is; -1 for a value with anything unusual. */
function valueEnd(octets: Uint8Array, start: number): number {
  for (let at = start; at < octets.length; at++) {
    const octet = octets[at]!
    if (octet === space) return at
    if (octet < 0x21 || octet > 0x7e || octet === colon) return -1
  }
  return octets.length
}

function keyAt(octets: Uint8Array, at: number): readonly number[] | undefined {
  const first = octets[at]
  if (first === id[0]) return starting(octets, at, id)
  if (first === err[0]) return starting(octets, at, err)
  if (first === words[0]) return starting(octets, at, words)
  if (first === capitalWords[0]) return starting(octets, at, capitalWords)
  const second = octets[at + 1]
  if (first === stat[0])
    return second === stat[1] ? starting(octets, at, stat) : (starting(octets, at, sub) ?? starting(octets, at, submitDate))
  if (first === dlvrd[0]) return second === doneDate[1] ? starting(octets, at, doneDate) : starting(octets, at, dlvrd)
  return undefined
}

function starting(octets: Uint8Array, at: number, key: readonly number[]): readonly number[] | undefined {
  if (at + key.length > octets.length) return undefined
  for (let i = 1; i < key.length; i++) if (octets[at + i] !== key[i]) return undefined
  return key
}

/** An id may have a blank in it, and runs to the next key: unless what is behind the blank is something else that was said. */
function idOf(raw: string, first: string): string {
  return raw.length === first.length || raw.includes(':') || raw.split(/\s+/).some((word) => bareState.test(word)) ? first : raw
}

export function parseReceiptText(whole: string): ReceiptText {
  const input = whole.slice(0, mostCharacters).replace(/\0+$/, '')
  const found: ReceiptText = {}
  const marks = [...input.matchAll(anyKey)].map((match) => ({
    name: nameOf(match[1]!),
    start: match.index,
    value: match.index + match[0].length,
  }))
  for (let i = 0; i < marks.length; i++) {
    const { name, value } = marks[i]!
    const next = marks[i + 1]
    // The message's own words may look like fields: text runs to the end once the state is known.
    const last = name === 'text' && found.stat !== undefined
    const raw = input.slice(value, last ? undefined : next?.start)
    if (name === 'text') {
      found.text = next && !last ? raw.trim() : raw
      if (last) break
      continue
    }
    if (found[name] !== undefined) continue
    const [first = '', ...others] = raw.trim().split(/\s+/)
    if (first !== '') found[name] = name === 'id' && next ? idOf(raw.trim(), first) : first
    if (name === 'err' && others.length > 0) found.rest = raw.trim().slice(first.length).trim()
    const bare = others.find((word) => bareState.test(word))
    if (bare && found.stat === undefined && name !== 'err') found.stat = bare
  }
  return found
}

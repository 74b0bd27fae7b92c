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

const key = /(?:^|[\s=])(id|sub|dlvrd|submit[ _]?date|done[ _]?date|stat|err|text):/gi
const bareState = /^(?:DELIVRD|EXPIRED|DELETED|UNDELIV|ACCEPTD|UNKNOWN|REJECTD|ENROUTE)$/i

type Name = Exclude<keyof ReceiptText, 'rest'>

function nameOf(raw: string): Name {
  const flat = raw.toLowerCase().replace(/[ _]/, '')
  if (flat === 'submitdate') return 'submitDate'
  if (flat === 'donedate') return 'doneDate'
  return flat as Name
}

export type ReceiptFields = Pick<ReceiptText, 'id' | 'stat' | 'err' | 'doneDate'>

const codes = (text: string): readonly number[] => [...text].map((character) => character.charCodeAt(0))
const keys = {
  id: codes('id:'),
  sub: codes('sub:'),
  dlvrd: codes('dlvrd:'),
  submitDate: codes('submit date:'),
  doneDate: codes('done date:'),
  stat: codes('stat:'),
  err: codes('err:'),
  text: codes('text:'),
  Text: codes('Text:'),
} as const
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
  let at = 0
  for (;;) {
    const name = keyAt(octets, at)
    if (name === undefined) return undefined
    // The message's own words may look like fields: only behind the state are they known to be its own.
    if (name === 'text' || name === 'Text') return found.stat === undefined ? undefined : found
    const start = at + keys[name].length
    let stop = start
    for (; stop < end && octets[stop] !== space; stop++) {
      const octet = octets[stop]!
      if (octet < 0x21 || octet > 0x7e || octet === colon) return undefined
    }
    if (stop === start) return undefined
    if (name === 'id' || name === 'stat' || name === 'err' || name === 'doneDate') {
      if (found[name] !== undefined) return undefined
      found[name] = latin1(octets, start, stop)
    }
    if (stop === end) return found
    at = stop + 1
  }
}

function keyAt(octets: Uint8Array, at: number): keyof typeof keys | undefined {
  switch (octets[at]) {
    case 0x69:
      return starts(octets, at, keys.id) ? 'id' : undefined
    case 0x73:
      if (octets[at + 1] === 0x74) return starts(octets, at, keys.stat) ? 'stat' : undefined
      if (starts(octets, at, keys.sub)) return 'sub'
      return starts(octets, at, keys.submitDate) ? 'submitDate' : undefined
    case 0x64:
      if (octets[at + 1] === 0x6f) return starts(octets, at, keys.doneDate) ? 'doneDate' : undefined
      return starts(octets, at, keys.dlvrd) ? 'dlvrd' : undefined
    case 0x65:
      return starts(octets, at, keys.err) ? 'err' : undefined
    case 0x74:
      return starts(octets, at, keys.text) ? 'text' : undefined
    case 0x54:
      return starts(octets, at, keys.Text) ? 'Text' : undefined
  }
  return undefined
}

function starts(octets: Uint8Array, at: number, codes: readonly number[]): boolean {
  for (let i = 0; i < codes.length; i++) if (octets[at + i] !== codes[i]) return false
  return true
}

export function parseReceiptText(whole: string): ReceiptText {
  const input = whole.slice(0, mostCharacters).replace(/\0+$/, '')
  const found: ReceiptText = {}
  const marks = [...input.matchAll(key)].map((match) => ({
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
    if (first !== '') found[name] = first
    if (name === 'err' && others.length > 0) found.rest = raw.trim().slice(first.length).trim()
    const bare = others.find((word) => bareState.test(word))
    if (bare && found.stat === undefined && name !== 'err') found.stat = bare
  }
  return found
}

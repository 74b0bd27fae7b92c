// The text of a delivery receipt, `id:… sub:001 … stat:DELIVRD err:000 text:…` (SMPP 3.4 appendix B),
// as carriers really send it: any order, any case, fields missing, bare states, trailing NULs.
// Never fails: what is not there is undefined.

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

export function parseReceiptText(whole: string): ReceiptText {
  const input = whole.slice(0, mostCharacters).replace(/\0+$/, '')
  const found: ReceiptText = {}
  const keys = [...input.matchAll(key)].map((match) => ({
    name: nameOf(match[1]!),
    start: match.index,
    value: match.index + match[0].length,
  }))
  for (let i = 0; i < keys.length; i++) {
    const { name, value } = keys[i]!
    const next = keys[i + 1]
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

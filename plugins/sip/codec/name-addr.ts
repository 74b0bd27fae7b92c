// From, To, Contact, Route and Path: `"Display" <uri>;params` or `uri;params` (RFC 3261 §20.10,
// §25.1). Read strictly where two readers could differ: brackets, quotes, commas, blanks in the URI.
import { isBlank, SP, trimmed } from './chars.ts'
import { ParamCursor, quoted, quotedEnd, readParams, unquoted, writeParams } from './params.ts'
import type { NameAddr } from './types.ts'

const quote = 34
const comma = 44
const semicolon = 59
const less = 60
const greater = 62
const question = 63

interface Parts {
  displayTo: number
  uriFrom: number
  uriTo: number
  paramsFrom: number
}

/** Where the URI and the parameters lie; undefined when malformed. */
function parts(value: string): Parts | undefined {
  let at = 0
  while (isBlank(value.charCodeAt(at))) at++
  if (value.charCodeAt(at) === quote) {
    const close = quotedEnd(value, at)
    if (close === -1) return undefined
    let open = close
    while (isBlank(value.charCodeAt(open))) open++
    return value.charCodeAt(open) === less ? bracketed(value, close, open) : undefined
  }
  const open = value.indexOf('<', at)
  if (open === -1) return bare(value, at)
  // A display name without quotes: words. RFC 3261 has tokens only; letters beyond ASCII are really sent.
  for (let i = at; i < open; i++) {
    const code = value.charCodeAt(i)
    if (code === comma || code === quote || code === semicolon || code === greater || code === 58 || code === 64 || code === 0)
      return undefined
  }
  return bracketed(value, open, open)
}

function bracketed(value: string, displayTo: number, open: number): Parts | undefined {
  const close = value.indexOf('>', open)
  if (close === -1 || !isUriText(value, open + 1, close)) return undefined
  return { displayTo, uriFrom: open + 1, uriTo: close, paramsFrom: close + 1 }
}

/** Without brackets `;` begins the parameters of the field, and `?` and `,` may not stand (§20). */
function bare(value: string, from: number): Parts | undefined {
  let end = value.indexOf(';', from)
  if (end === -1) end = value.length
  const paramsFrom = end
  while (end > from && isBlank(value.charCodeAt(end - 1))) end--
  for (let i = from; i < end; i++) {
    const code = value.charCodeAt(i)
    if (code === question || code === comma) return undefined
  }
  return isUriText(value, from, end) ? { displayTo: from, uriFrom: from, uriTo: end, paramsFrom } : undefined
}

/** A scheme, and no blank, control, quote or bracket. Whether it is a URI that we know, uri.ts says. */
function isUriText(value: string, from: number, to: number): boolean {
  const colon = value.indexOf(':', from)
  if (colon <= from || colon >= to) return false
  for (let i = from; i < to; i++) {
    const code = value.charCodeAt(i)
    if (code <= SP || code === 127 || code === quote || code === less || code === greater) return false
    if (i < colon && !isSchemeCode(code)) return false
  }
  return true
}

const isSchemeCode = (code: number): boolean =>
  (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 43 || code === 45 || code === 46

export function readNameAddr(value: string): NameAddr | undefined {
  const found = parts(value)
  if (found === undefined) return undefined
  const params = readParams(value, found.paramsFrom)
  if (params === undefined) return undefined
  const display = trimmed(value, 0, found.displayTo)
  const uri = value.slice(found.uriFrom, found.uriTo)
  return display === '' || display === '""' ? { uri, params } : { display: unquoted(display), uri, params }
}

/** Of From and To: the tag, '' where there is none, undefined when the field is malformed. Nothing else is made. */
export function tagOf(value: string): string | undefined {
  const found = parts(value)
  if (found === undefined) return undefined
  if (found.paramsFrom >= value.length) return ''
  const cursor = new ParamCursor(value, found.paramsFrom, false)
  let tag = ''
  while (cursor.next()) {
    if (!cursor.is('tag')) continue
    if (tag !== '' || cursor.valueFrom === -1) return undefined
    tag = cursor.value()
  }
  return cursor.bad ? undefined : tag
}

/** Always in brackets; the display name quoted, without what cannot be. */
export function writeNameAddr(uri: string, display?: string, params?: ReadonlyMap<string, string>): string {
  const named = display === undefined || display === '' ? `<${uri}>` : `${quoted(display)} <${uri}>`
  return params === undefined ? named : named + writeParams(params)
}

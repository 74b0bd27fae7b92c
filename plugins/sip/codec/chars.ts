// Which octets may stand where (RFC 3261 §25.1), as tables: a look-up a character, no expression.

const table = (more: string): Uint8Array => {
  const of = new Uint8Array(128)
  const alphanumeric = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
  for (const c of alphanumeric + more) of[c.charCodeAt(0)] = 1
  return of
}

/** token: methods, header names, parameter names, transports. */
const tokenChars = table("-.!%*_+`'~")
/** Hostnames and IPv4; the underscore is in names that people really use. */
const hostChars = table('-._')
/** unreserved and user-unreserved, and `#`, which dial strings carry unescaped. */
const userChars = table("-_.!~*'()&=+$,;?/#:")
/** uri-parameter names and values: unreserved and param-unreserved. */
const uriParamChars = table("-_.!~*'()[]/:&+$")

export const isTokenCode = (code: number): boolean => code < 128 && tokenChars[code] === 1
export const isUriParamCode = (code: number): boolean => code < 128 && uriParamChars[code] === 1

function every(chars: Uint8Array, text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i)
    if (code >= 128 || chars[code] !== 1) return false
  }
  return from < to
}

export const isToken = (text: string, from = 0, to = text.length): boolean => every(tokenChars, text, from, to)
export const isHostname = (text: string, from = 0, to = text.length): boolean => every(hostChars, text, from, to)
/** Without its escapes: see uri.ts. */
export const isUserCode = (code: number): boolean => code < 128 && userChars[code] === 1

export const SP = 32
export const HT = 9
export const CR = 13
export const LF = 10

export const isBlank = (code: number): boolean => code === SP || code === HT

/** SP and HT only: what JavaScript trims besides may belong to the value. */
export function trimmed(text: string, from: number, to: number): string {
  let [start, end] = [from, to]
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

/** Digits that stand for a number up to `max`; NaN for anything else, however long. */
export function digits(text: string, from: number, to: number, max: number): number {
  if (from >= to) return Number.NaN
  let value = 0
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
    if (value > max) return Number.NaN
  }
  return value
}

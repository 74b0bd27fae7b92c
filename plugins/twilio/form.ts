// application/x-www-form-urlencoded, both ways. Reading is strict and capped: what is malformed is
// refused with the name of the parameter, never guessed at.
import { isUtf8 } from 'node:buffer'
import { wellFormed } from '../../src/plugin.ts'
import { charsetNamed } from './charset.ts'
import { Refused } from './errors.ts'

/** Values in the order sent; most names have one. */
export type Form = Map<string, string | string[]>

export const maxBodyBytes = 65_536
const maxParameters = 1000

/** Reads a name or a value as it stands in a form; `name` is told where that cannot be. */
type Decode = (raw: string, name: string) => string

/** Reads a body or a query string (without its question mark). Throws Refused 20422. */
export function parseForm(text: string): Form {
  return readForm(text, decode)
}

function readForm(text: string, read: Decode): Form {
  const form: Form = new Map()
  let count = 0
  for (let at = 0; at < text.length;) {
    let end = text.indexOf('&', at)
    if (end === -1) end = text.length
    if (end > at) {
      if (++count > maxParameters) throw new Refused(20422, `more than ${maxParameters} parameters`)
      let equals = text.indexOf('=', at)
      if (equals === -1 || equals > end) equals = end
      const name = read(text.slice(at, equals), 'a name')
      const value = equals === end ? '' : read(text.slice(equals + 1, end), name)
      const known = form.get(name)
      form.set(name, known === undefined ? value : typeof known === 'string' ? [known, value] : (known.push(value), known))
    }
    at = end + 1
  }
  return form
}

/** As `parseForm`, of bytes that must be UTF-8. */
export function parseFormBytes(bytes: Buffer): Form {
  if (!isUtf8(bytes)) throw new Refused(20422, 'the request body is not UTF-8')
  return parseForm(bytes.toString('utf8'))
}

/** As `parseForm`, of bytes in the charset of that name. Throws Refused 20415 for one that cannot be read. */
export function parseFormIn(name: string, bytes: Buffer): Form {
  const charset = charsetNamed(name)
  if (!charset?.holdsAscii) throw new Refused(20415, `charset ${name}; utf-8 expected`)
  return readForm(bytes.toString('latin1'), (raw, parameter) => {
    if (/%(?![0-9a-f]{2})/i.test(raw)) throw new Refused(20422, `${parameter} has malformed percent-encoding`)
    const plain = raw.replaceAll('+', ' ').replace(/%(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    const text = charset.read(Buffer.from(plain, 'latin1'))
    if (text === undefined) throw new Refused(20422, `${parameter} is not ${name}`)
    return text
  })
}

function decode(raw: string, name: string): string {
  const spaced = raw.includes('+') ? raw.replaceAll('+', ' ') : raw
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    throw new Refused(20422, `${name} has malformed percent-encoding`)
  }
}

/** The first value of a name. */
export function one(form: Form, name: string): string | undefined {
  const value = form.get(name)
  return typeof value === 'object' ? value[0] : value
}

/** Undefined where the form does not say; some libraries write `True`. */
export function yesOrNo(form: Form, name: string): boolean | undefined {
  const text = one(form, name)?.toLowerCase()
  return text ? text === 'true' : undefined
}

export function all(form: Form, name: string): string[] {
  const value = form.get(name)
  return value === undefined ? [] : typeof value === 'string' ? [value] : value
}

/** Parameters on their way to a webhook, and their names and values as they are signed: sorted by name. */
export interface SignedForm {
  form: string
  sorted: string
}

/** Writes parameters as Twilio posts them, in their order. */
export function writeForm(params: Readonly<Record<string, string>>): string {
  let text = ''
  for (const name in params) text += `${text === '' ? '' : '&'}${encode(name)}=${encode(params[name] ?? '')}`
  return text
}

const plain = /^[\w.-]*$/

/** A value as it stands in a form. */
export function encode(text: string): string {
  // A number before all else, and without an expression: there are four in the webhooks of every message.
  if (isNumber(text)) return `%2B${text.slice(1)}`
  if (plain.test(text)) return text
  try {
    return encodeURIComponent(text)
  } catch {
    // A lone surrogate, which UTF-8 cannot say.
    return encodeURIComponent(wellFormed(text))
  }
}

/** A plus sign and digits. */
function isNumber(text: string): boolean {
  if (text.charCodeAt(0) !== 0x2b) return false
  for (let i = 1; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x30 || code > 0x39) return false
  }
  return true
}

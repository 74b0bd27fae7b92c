// An address in words: what a phone network, a short-code owner or a brand name is called by.
// Protocol numbers (TON 1, NPI 1) live in each connector's mapping.
import { getCountries, getCountryCallingCode, Metadata, parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/max'

/** Type of number, SMPP 5.0 §4.7.1 and TS 23.040 §9.1.2.5, in words. */
export type Ton = 'unknown' | 'international' | 'national' | 'network' | 'subscriber' | 'alphanumeric' | 'abbreviated'

/** Numbering plan, SMPP 5.0 §4.7.2, in words. A SIP URI or e-mail address is `internet`. */
export type Npi = 'unknown' | 'e164' | 'data' | 'telex' | 'landMobile' | 'national' | 'private' | 'ermes' | 'internet' | 'wap'

/** `value` carries a leading `+` exactly when `ton` is `international`. */
export interface Address {
  value: string
  ton: Ton
  npi: Npi
}

/**
 * A number in international or, with `country`, in national format, spaced as people write it; its
 * length checked against the numbering plan of its country. Undefined when it is no such number.
 */
export function e164(text: string, country?: CountryCode): Address | undefined {
  if (isPlainlyPossible(text)) return international(text)
  const number = parsePhoneNumberFromString(text, { extract: false, ...(country ? { defaultCountry: country } : {}) })
  if (!number || !number.isPossible() || number.ext) return undefined
  return international(number.number)
}

/** Takes `+digits` as it stands, unchecked: for what a carrier says. */
export function international(value: string): Address {
  return { value: value.startsWith('+') ? value : `+${value}`, ton: 'international', npi: 'e164' }
}

/** ISO 3166-1 alpha-2, of several that share a prefix and cannot be told apart the first; undefined for what is no number. */
export function countryOf(value: string): string | undefined {
  const number = parsePhoneNumberFromString(value, { extract: false })
  return number?.country ?? number?.getPossibleCountries()[0]
}

/** 3 to 8 digits without a `+`. */
export function shortCode(text: string): Address | undefined {
  return /^\d{3,8}$/.test(text) ? { value: text, ton: 'abbreviated', npi: 'unknown' } : undefined
}

/** As Twilio takes them: 1 to 11 of A–Z a–z 0–9 space + - _ & with at least one letter (TS 23.040 §9.1.2.5). */
export function alphanumericSender(text: string): Address | undefined {
  return /^[A-Za-z0-9 +\-_&]{1,11}$/.test(text) && /[A-Za-z]/.test(text) ? { value: text, ton: 'alphanumeric', npi: 'unknown' } : undefined
}

/** A destination as a peer writes it, made what it means: the longest prefix that it starts with is replaced, once. */
export function rewriteDestination(value: string, rewrites: Readonly<Record<string, string>>): string {
  let longest: string | undefined
  for (const prefix in rewrites) if (value.startsWith(prefix) && prefix.length > (longest?.length ?? 0)) longest = prefix
  return longest === undefined ? value : `${rewrites[longest]}${value.slice(longest.length)}`
}

/** Whichever of E.164, short code and alphanumeric sender the text is; undefined when none. */
export function parseAddress(text: string): Address | undefined {
  const trimmed = text.trim()
  if (trimmed.startsWith('+')) return e164(trimmed)
  return shortCode(trimmed) ?? alphanumericSender(trimmed)
}

/** What the countries of one calling code agree on. */
interface CallingCode {
  /** Lengths of a national number that are possible in every one of them, as bits. */
  lengths: number
  /** Digits at the front that the library may take off or rewrite in any of them. */
  prefix?: RegExp
}

const callingCodes = readCallingCodes()

function readCallingCodes(): ReadonlyMap<string, CallingCode> {
  const codes = new Map<string, { lengths: number; prefixes: Set<string> }>()
  const metadata = new Metadata()
  for (const country of getCountries()) {
    metadata.selectNumberingPlan(country)
    const plan = metadata.numberingPlan
    if (!plan) continue
    const code = getCountryCallingCode(country)
    const known = codes.get(code) ?? { lengths: -1, prefixes: new Set() }
    known.lengths &= plan.possibleLengths().reduce((bits, length) => bits | (1 << length), 0)
    // Public in the library, missing from its types.
    const prefix: unknown =
      'nationalPrefixForParsing' in plan && typeof plan.nationalPrefixForParsing === 'function'
        ? plan.nationalPrefixForParsing()
        : undefined
    if (typeof prefix === 'string') known.prefixes.add(`(?:${prefix})`)
    codes.set(code, known)
  }
  return new Map(
    // Some prefixes are optional throughout; `(?!^)` asks for a match that is not empty.
    [...codes].map(([code, { lengths, prefixes }]) => [
      code,
      prefixes.size === 0 ? { lengths } : { lengths, prefix: new RegExp(`^(?:${[...prefixes].join('|')})(?!^)`) },
    ]),
  )
}

/**
 * A shortcut for `+` and digits, which is nearly all that comes: the library's parser takes some
 * 20 µs, this about one. True only where the parser would return the text unchanged; false says nothing.
 */
function isPlainlyPossible(text: string): boolean {
  if (!/^\+[1-9]\d{6,14}$/.test(text)) return false
  // Calling codes are prefix-free, of one to three digits.
  for (let end = 2; end <= 4; end++) {
    const code = callingCodes.get(text.slice(1, end))
    if (!code) continue
    const national = text.slice(end)
    return (code.lengths & (1 << national.length)) !== 0 && code.prefix?.test(national) !== true
  }
  return false
}

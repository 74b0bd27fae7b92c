// An address in words: what a phone network, a short-code owner or a brand name is called by.
// Protocol numbers (TON 1, NPI 1) live in each connector's mapping.
import { parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/max'

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

const alphanumeric = /^[A-Za-z0-9 +\-_&.]{1,11}$/

/** `+` and 7 to 15 digits, checked against the numbering plans. Undefined when it is no such number. */
export function e164(text: string, country?: CountryCode): Address | undefined {
  const number = parsePhoneNumberFromString(text, country ? { defaultCountry: country } : undefined)
  if (!number || !number.isPossible()) return undefined
  return international(number.number)
}

/** Takes `+digits` as it stands, unchecked: for what a carrier says. */
export function international(value: string): Address {
  return { value: value.startsWith('+') ? value : `+${value}`, ton: 'international', npi: 'e164' }
}

/** 3 to 8 digits without a `+`. */
export function shortCode(text: string): Address | undefined {
  return /^\d{3,8}$/.test(text) ? { value: text, ton: 'abbreviated', npi: 'unknown' } : undefined
}

/** 1 to 11 of A–Z a–z 0–9 space + - _ & . with at least one letter (TS 23.040 §9.1.2.5). */
export function alphanumericSender(text: string): Address | undefined {
  return alphanumeric.test(text) && /[A-Za-z]/.test(text) ? { value: text, ton: 'alphanumeric', npi: 'unknown' } : undefined
}

/** Whichever of E.164, short code and alphanumeric sender the text is; undefined when none. */
export function parseAddress(text: string): Address | undefined {
  const trimmed = text.trim()
  if (trimmed.startsWith('+')) return e164(trimmed)
  return shortCode(trimmed) ?? alphanumericSender(trimmed)
}

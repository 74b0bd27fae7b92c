// Phone numbers as API clients write them. Asking the numbering plans costs 10–35 µs, more than the
// rest of a create, so the verdict on a number that needs no rewriting is remembered for all numbers
// of its length that begin alike.
import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { e164, international, type Address } from '../../src/plugin.ts'

/** `+` and six digits hold the country code and enough of the number to choose its plan. */
const memoLength = 7
const maxMemo = 20_000
const asItStands = new Set<string>()
const digits = /^\+[1-9]\d{6,14}$/

/** E.164, with the spaces, dashes, dots and parentheses that people write; the plus may be missing where the country code is there (11 digits or more). Undefined when it is no number. */
export function phoneNumber(text: string): Address | undefined {
  const bare = digits.test(text) ? text : text.replaceAll(/[\s().-]/g, '')
  const value = /^\d{11,15}$/.test(bare) ? `+${bare}` : bare
  if (!digits.test(value)) return undefined
  const memo = `${value.slice(0, memoLength)}${value.length}`
  if (asItStands.has(memo)) return international(value)
  const address = e164(value)
  if (address?.value === value) {
    if (asItStands.size >= maxMemo) asItStands.clear()
    asItStands.add(memo)
  }
  return address
}

/** ISO 3166 country of an E.164 number; undefined when it has none or is not known. */
export function countryOf(value: string): string | undefined {
  return value.startsWith('+') ? parsePhoneNumberFromString(value)?.country : undefined
}

/** Whether a name may be the sender to this recipient: carriers of North America take none. */
export function takesNames(to: string): boolean {
  const country = to.startsWith('+1') ? countryOf(to) : undefined
  return country !== 'US' && country !== 'CA'
}

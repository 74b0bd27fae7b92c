// The country that an E.164 number is written to, known at once: asking the numbering plans costs more
// than all else that a message costs here. A calling code that one country has answers by itself; where
// several share one, the first digits decide, and are remembered.
import { getCountries, getCountryCallingCode } from 'libphonenumber-js/max'
import { countryOf } from './numbers.ts'

/** Of the calling codes that several share: whose a number is that no plan knows. */
const mains = new Map([
  ['1', 'US'], ['7', 'RU'], ['39', 'IT'], ['44', 'GB'], ['47', 'NO'], ['61', 'AU'],
  ['212', 'MA'], ['262', 'RE'], ['290', 'SH'], ['358', 'FI'], ['590', 'GP'], ['599', 'CW'],
]) // prettier-ignore

/** By calling code; undefined where several countries share it. */
const alone = new Map<string, string | undefined>()
for (const country of getCountries()) {
  const code = getCountryCallingCode(country)
  alone.set(code, alone.has(code) ? undefined : country)
}

/** So many first characters, `+` among them, tell the countries of a shared calling code apart: in +1 the area code does. */
const telling = 9
const tellingIn = new Map([
  ['1', 5],
  ['7', 8],
  ['44', 8],
])
const maxMemo = 50_000
const memo = new Map<string, string>()

/** ISO 3166. Undefined for what is no number, or of no country. */
export function countryReached(value: string): string | undefined {
  if (!value.startsWith('+')) return undefined
  for (let digits = 1; digits <= 3; digits++) {
    const code = value.slice(1, 1 + digits)
    if (!alone.has(code)) continue
    return alone.get(code) ?? sharing(value, code)
  }
  return undefined
}

function sharing(value: string, code: string): string | undefined {
  const key = value.slice(0, tellingIn.get(code) ?? telling)
  const ofNoPlan = `${value.slice(0, telling)} ${value.length}`
  const remembered = memo.get(key) ?? memo.get(ofNoPlan)
  if (remembered !== undefined) return remembered
  const planned = countryOf(value)
  const country = planned ?? mains.get(code)
  if (country === undefined) return undefined
  if (memo.size >= maxMemo) memo.clear()
  memo.set(planned === undefined ? ofNoPlan : key, country)
  return country
}

/** The three digits after +1. */
export function areaCodeOf(value: string): string | undefined {
  return value.startsWith('+1') && value.length === 12 ? value.slice(2, 5) : undefined
}

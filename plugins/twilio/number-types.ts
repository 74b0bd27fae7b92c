// Phone numbers the way the API sorts and searches them: by type (Local, Mobile, TollFree …), country,
// and patterns with wildcards and keypad letters.
import { getCountries, parsePhoneNumberFromString, type CountryCode, type NumberType } from 'libphonenumber-js/max'

/** The API's words for a list and, in an answer, for a number's type. */
export const listTypes = {
  Local: 'local',
  Mobile: 'mobile',
  TollFree: 'toll-free',
  National: 'national',
  Voip: 'voip',
  SharedCost: 'shared-cost',
  MachineToMachine: 'machine-to-machine',
} as const
export type ListType = keyof typeof listTypes

const types: Partial<Record<NonNullable<NumberType>, ListType>> = {
  MOBILE: 'Mobile',
  TOLL_FREE: 'TollFree',
  UAN: 'National',
  VOIP: 'Voip',
  SHARED_COST: 'SharedCost',
}

export interface Described {
  type: ListType
  /** ISO 3166; absent where the plans know none. */
  country?: CountryCode
  /** As people of its country write it: what a number is called that has no name. */
  national: string
}

const maxRemembered = 20_000
const remembered = new Map<string, Described>()

/** What the numbering plans say; where they tell nothing of a type, it is Local. Remembered: asking them is dear. */
export function described(value: string): Described {
  let known = remembered.get(value)
  if (!known) {
    const number = parsePhoneNumberFromString(value)
    const type = types[number?.getType() ?? 'FIXED_LINE'] ?? 'Local'
    const country = number?.country ?? (number?.countryCallingCode === '1' ? 'US' : undefined)
    known = { type, national: number?.formatNational() ?? value, ...(country ? { country } : {}) }
    if (remembered.size >= maxRemembered) remembered.clear()
    remembered.set(value, known)
  }
  return known
}

const countries: ReadonlySet<string> = new Set(getCountries())
export const isCountry = (code: string): code is CountryCode => countries.has(code)

const names = new Intl.DisplayNames(['en'], { type: 'region' })
export const countryName = (code: CountryCode): string => names.of(code) ?? code

/** ITU-T E.161: the keys that letters stand on. */
const keys = ['ABC', 'DEF', 'GHI', 'JKL', 'MNO', 'PQRS', 'TUV', 'WXYZ']
const keyOf = (letter: string): string => String(keys.findIndex((letters) => letters.includes(letter)) + 2)

/**
 * A number holds it: digits, letters as the keypad has them, and `*` for any digit; `+` only at its
 * start, where the number begins too. Undefined when it is no pattern.
 */
export function numberPattern(text: string): ((value: string) => boolean) | undefined {
  const bare = text.replaceAll(/[\s().-]/g, '').toUpperCase()
  if (!/^\+?[\dA-Z*]{1,16}$/.test(bare)) return undefined
  const digits = bare.replaceAll(/[A-Z]/g, keyOf).replaceAll('*', '\\d').replace('+', '\\+')
  const pattern = new RegExp(bare.startsWith('+') ? `^${digits}` : digits)
  return (value) => pattern.test(value)
}

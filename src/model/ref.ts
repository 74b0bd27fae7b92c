// Carriers name a message one way in the response and another in the receipt: other case, zeros
// cut or added, hex for decimal. The raw id is never rewritten; it is found under folded keys.

/** How a receipt's id relates to the response's: learned per bind and shown. */
export const refForms = ['same', 'case', 'zeros', 'respHexReceiptDec', 'respDecReceiptHex'] as const
export type RefForm = (typeof refForms)[number]

/** What was learned of a bind: the form seen most, how often, of how many; `sure` once that is a habit. */
export interface LearnedForm {
  form: RefForm
  seen: number
  of: number
  sure: boolean
}

/** Sightings that make a habit, and the share of all that must agree. */
const habitSeen = 20
const habitShare = 0.9

/** Undefined before the first receipt was matched. */
export function learnedForm(counts: Partial<Record<RefForm, number>>): LearnedForm | undefined {
  let form: RefForm | undefined
  let seen = 0
  let of = 0
  for (const name in counts) {
    const times = counts[name as RefForm] ?? 0
    of += times
    if (times > seen) [form, seen] = [name as RefForm, times]
  }
  return form && { form, seen, of, sure: isHabit(seen, of) }
}

export function isHabit(seen: number, of: number): boolean {
  return seen >= habitSeen && seen >= of * habitShare
}

/**
 * Whether an id that a receipt has as the response had it may yet mean another message: the bind
 * surely writes one of them in hex and the other in decimal, so that equal digits are a coincidence.
 */
export function isCoincidence(form: RefForm, habit: RefForm | undefined): boolean {
  return form === 'same' && (habit === 'respHexReceiptDec' || habit === 'respDecReceiptHex')
}

/** Lower case, leading zeros cut. Two ids with different folds and bases are never the same. */
export function foldRef(raw: string): string {
  return raw
    .trim()
    .toLowerCase()
    .replace(/^0+(?=.)/, '')
}

/** The folded keys under which an id may be known, most likely first; at most three. */
export function refKeys(raw: string): string[] {
  const fold = foldRef(raw)
  const keys = [fold]
  if (/^[0-9]{1,20}$/.test(fold)) keys.push(BigInt(fold).toString(16))
  if (/^[0-9a-f]{1,16}$/.test(fold)) keys.push(BigInt(`0x${fold}`).toString(10))
  return [...new Set(keys)]
}

/** How `receipt` names what the response called `response`; undefined when they are different messages. */
export function refForm(response: string, receipt: string): RefForm | undefined {
  if (response === receipt) return 'same'
  const [a, b] = [foldRef(response), foldRef(receipt)]
  if (a === b) return response.trim().toLowerCase() === receipt.trim().toLowerCase() ? 'case' : 'zeros'
  if (/^[0-9a-f]{1,16}$/.test(a) && /^[0-9]{1,20}$/.test(b) && BigInt(`0x${a}`) === BigInt(b)) return 'respHexReceiptDec'
  if (/^[0-9]{1,20}$/.test(a) && /^[0-9a-f]{1,16}$/.test(b) && BigInt(a) === BigInt(`0x${b}`)) return 'respDecReceiptHex'
  return undefined
}

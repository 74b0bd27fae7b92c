// Addresses of TPDUs ⇄ ours. Pure.
import { type Address, e164, international, type Npi, shortCode, type Ton } from '../../../src/plugin.ts'
import type { TpAddress } from './tpdu/index.ts'

/** By number (TS 23.040 §9.1.2.5). A short code is dialled like any number. */
const tons: readonly Ton[] = ['unknown', 'international', 'national', 'network', 'subscriber', 'alphanumeric', 'abbreviated']
const npiNumbers: Partial<Record<Npi, number>> = { e164: 1, data: 3, telex: 4, national: 8, private: 9, ermes: 10 }
const npis = new Map(Object.entries(npiNumbers).map(([word, number]) => [number, word as Npi]))
const alphanumeric = 5
/** What phones show and answer as it stands: unknown, ISDN. */
const isdn = 1

/** How a phone is told who sent, or received, a message. A SIP address is named by its user, as far as that is a name. */
export function toTp({ value, ton, npi }: Address): TpAddress {
  if (npi === 'internet')
    return {
      ton: alphanumeric,
      npi: 0,
      value: value
        .replace(/^sips?:/, '')
        .split('@', 1)[0]!
        .slice(0, 11),
    }
  switch (ton) {
    case 'international':
      return { ton: 1, npi: npiNumbers[npi] ?? isdn, value: value.replace('+', '') }
    case 'alphanumeric':
      return { ton: alphanumeric, npi: 0, value }
    case 'abbreviated':
    case 'unknown':
      return { ton: 0, npi: npiNumbers[npi] ?? isdn, value }
    case 'national':
    case 'network':
    case 'subscriber':
      return { ton: tons.indexOf(ton), npi: npiNumbers[npi] ?? isdn, value }
  }
  return ton satisfies never
}

/**
 * Whom a phone means by what was dialled: `rewritten` by the bind's destinationRewrites. `country`: whose
 * national numbers these are; without it they stay as dialled. Undefined: nobody.
 */
export function destinationOf(
  { ton, npi, value }: TpAddress,
  rewritten: (dialled: string) => string,
  country?: string,
): Address | undefined {
  if (ton === alphanumeric || value === '') return undefined
  const dialled = rewritten(ton === 1 ? `+${value}` : value)
  if (/^\+\d+$/.test(dialled)) return international(dialled)
  if (country !== undefined && /^\d{7,}$/.test(dialled)) {
    const number = e164(dialled, country as Parameters<typeof e164>[1])
    if (number) return number
  }
  const word = tons[ton] ?? 'unknown'
  if (word === 'unknown' || word === 'abbreviated' || word === 'network') {
    const code = shortCode(dialled)
    if (code) return code
  }
  return { value: dialled, ton: word === 'international' ? 'unknown' : word, npi: npis.get(npi) ?? 'unknown' }
}

/** As a note on a message: `1/1/447700900123`. */
export function noteOf({ ton, npi, value }: TpAddress): string {
  return `${ton}/${npi}/${value}`
}

/** Undefined: it is no such note. */
export function ofNote(note: string | undefined): TpAddress | undefined {
  const found = note === undefined ? null : /^([0-7])\/(\d{1,2})\/([0-9*#a-c]{0,20})$/.exec(note)
  return found ? { ton: Number(found[1]), npi: Number(found[2]), value: found[3]! } : undefined
}

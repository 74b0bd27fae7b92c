// Addresses ⇄ TON, NPI and digits (SMPP 5.0 §4.7.1, §4.7.2).
import { type Address, e164, international, type Npi, type Ton } from '../../../src/plugin.ts'
import type { SmppConfig } from '../config.ts'

const tonNumbers: Record<Ton, number> = {
  unknown: 0,
  international: 1,
  national: 2,
  network: 3,
  subscriber: 4,
  alphanumeric: 5,
  abbreviated: 6,
}
const npiNumbers: Record<Npi, number> = {
  unknown: 0,
  e164: 1,
  data: 3,
  telex: 4,
  landMobile: 6,
  national: 8,
  private: 9,
  ermes: 10,
  internet: 14,
  wap: 18,
}
const tonWords = new Map(Object.entries(tonNumbers).map(([word, n]) => [n, word as Ton]))
const npiWords = new Map(Object.entries(npiNumbers).map(([word, n]) => [n, word as Npi]))

export interface WireAddress {
  ton: number
  npi: number
  addr: string
}

function toWire(address: Address, ton: Ton | 'auto', npi: Npi | 'auto'): WireAddress {
  return {
    // A name stays a name: with any other TON a carrier would look for digits.
    ton: tonNumbers[ton === 'auto' || address.ton === 'alphanumeric' ? address.ton : ton],
    npi: npiNumbers[npi === 'auto' ? address.npi : npi],
    addr: address.ton === 'international' && address.value.startsWith('+') ? address.value.slice(1) : address.value,
  }
}

export function sourceToWire(address: Address, config: SmppConfig): WireAddress {
  return toWire(address, config.sourceTon, config.sourceNpi)
}

export function destinationToWire(address: Address, config: SmppConfig): WireAddress {
  return toWire(address, config.destinationTon, config.destinationNpi)
}

/**
 * What a carrier calls a party. Many send full international digits with TON 0, so those that are a
 * possible number of 10 digits or more, or are one of ours (`owned`), are taken as international.
 */
export function fromWire(ton: number, npi: number, addr: string, owned: (value: string) => boolean = () => false): Address {
  const value = addr.trim()
  if (/^\+\d+$/.test(value)) return international(value)
  if (ton === tonNumbers.international && /^\d+$/.test(value)) return international(value.replace(/^00(?=\d{7})/, ''))
  if (ton !== tonNumbers.alphanumeric && /^\d{7,15}$/.test(value) && owned(`+${value}`)) return international(value)
  if (ton === tonNumbers.unknown && /^\d{10,15}$/.test(value) && e164(`+${value}`)) return international(value)
  const word = tonWords.get(ton) ?? 'unknown'
  // `international` would promise a leading + that these characters cannot have.
  return { value, ton: word === 'international' ? 'unknown' : word, npi: npiWords.get(npi) ?? 'unknown' }
}

// Addresses ⇄ TON, NPI and digits (SMPP 5.0 §4.7.1, §4.7.2), as one bind's settings say. Throws a
// permanent Failure for what no field can hold.
import { type Address, decodeGsm7, e164, encodeGsm7, Failure, international, type Npi, shortCode, type Ton } from '../../../src/plugin.ts'
import { latin1 } from '../codec/index.ts'
import { type Addressing, type AddressRule, isPrefix } from './address-settings.ts'

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

/** A short code is network specific to most carriers; those that want 6 have a rule. */
const autoTon = (ton: Ton): number => tonNumbers[ton === 'abbreviated' ? 'network' : ton]

function toWire(address: Address, ton: Ton | 'auto', npi: Npi | 'auto', plus: boolean): WireAddress {
  const { value } = address
  return {
    ton: ton === 'auto' ? autoTon(address.ton) : tonNumbers[ton],
    npi: npiNumbers[npi === 'auto' ? address.npi : npi],
    addr: !plus && address.ton === 'international' && value.startsWith('+') ? value.slice(1) : value,
  }
}

/** By what the address says of itself. */
export function plainToWire(address: Address): WireAddress {
  return toWire(address, 'auto', 'auto', false)
}

export function sourceToWire(address: Address, settings: Addressing): WireAddress {
  const { sender } = settings
  const from = sender === undefined || sender === '*' ? address : fixedSender(sender)
  const rule = settings.sourceRules.length > 0 ? ruleFor(from, settings.sourceRules) : undefined
  const wire = rule
    ? byRule(from, rule)
    : // A name stays a name: with any other TON a carrier would look for digits.
      toWire(from, from.ton === 'alphanumeric' ? 'auto' : settings.sourceTon, settings.sourceNpi, settings.plus)
  return fitting(wire, from, settings, 'invalid-source', 'source_addr')
}

export function destinationToWire(address: Address, settings: Addressing): WireAddress {
  const rule = settings.destinationRules.length > 0 ? ruleFor(address, settings.destinationRules) : undefined
  const wire = rule
    ? byRule(address, rule)
    : toWire(address, address.ton === 'alphanumeric' ? 'auto' : settings.destinationTon, settings.destinationNpi, settings.plus)
  return fitting(wire, address, settings, 'invalid-destination', 'destination_addr')
}

function fixedSender(sender: string): Address {
  if (/^\+\d+$/.test(sender)) return international(sender)
  if (/^\d+$/.test(sender)) return shortCode(sender) ?? { value: sender, ton: 'unknown', npi: 'unknown' }
  return { value: sender, ton: 'alphanumeric', npi: 'unknown' }
}

function ruleFor(address: Address, rules: readonly AddressRule[]): AddressRule | undefined {
  for (let i = 0; i < rules.length; i++) {
    const rule = rules[i]!
    const { match } = rule
    if (match === '*' || match === address.ton) return rule
    if (isPrefix(match) && address.ton !== 'alphanumeric' && address.value.startsWith(match)) return rule
    // Whoever gives no TON has short codes as well.
    if (match === 'abbreviated' && address.ton === 'unknown' && shortCode(address.value)) return rule
  }
  return undefined
}

function byRule(address: Address, rule: AddressRule): WireAddress {
  if (rule.replace === undefined) return toWire(address, rule.ton, rule.npi, rule.plus)
  const value = rule.replace + address.value.slice(rule.match.length)
  const ton: Ton = value.startsWith('+') ? 'international' : address.ton === 'international' ? 'national' : address.ton
  return toWire({ value, ton, npi: address.npi }, rule.ton, rule.npi, rule.plus)
}

/** A C-octet string of 21 with its NUL (SMPP 5.0 §4.7.29), one octet a character. */
function fitting(
  wire: WireAddress,
  address: Address,
  settings: Addressing,
  failure: 'invalid-source' | 'invalid-destination',
  field: string,
): WireAddress {
  if (address.ton === 'alphanumeric' && settings.addressAlphabet === 'gsm7') {
    const septets = encodeGsm7(wire.addr)
    if (!septets) throw new Failure('permanent', failure, `${field}: has a character that GSM 7-bit lacks`)
    wire.addr = latin1(septets, 0, septets.length)
    if (wire.addr.includes('\0')) throw new Failure('permanent', failure, `${field}: '@' is octet 0 in GSM 7-bit, which ends the field`)
  }
  const { addr } = wire
  if (addr.length > 20) throw new Failure('permanent', failure, `${field}: at most 20 characters, got ${addr.length}`)
  for (let i = 0; i < addr.length; i++) {
    const code = addr.charCodeAt(i)
    if (code === 0 || code > 0xff) throw new Failure('permanent', failure, `${field}: has a character without a single octet`)
  }
  return wire
}

/**
 * What a peer calls a party. Many send full international digits with TON 0, so by default those that
 * are a possible number of 10 digits or more, or are one of ours (`owned`), are taken as international.
 */
export function fromWire(
  ton: number,
  npi: number,
  addr: string,
  owned: (value: string) => boolean = neverOwned,
  settings?: Pick<Addressing, 'addressAlphabet' | 'unknownTon' | 'country'>,
): Address {
  if (ton === tonNumbers.alphanumeric && settings?.addressAlphabet === 'gsm7')
    return { value: decodeGsm7(Buffer.from(addr, 'latin1')), ton: 'alphanumeric', npi: npiWords.get(npi) ?? 'unknown' }
  const value = addr.trim()
  if (/^\+\d+$/.test(value)) return international(value)
  const isDigits = /^\d+$/.test(value)
  if (isDigits) {
    if (ton === tonNumbers.international) return international(value.replace(/^00(?=\d{7})/, ''))
    if (ton !== tonNumbers.alphanumeric && value.length >= 7 && value.length <= 15 && owned(`+${value}`)) return international(value)
    if (ton === tonNumbers.unknown && (settings?.unknownTon ?? 'auto') === 'auto') {
      if (value.length >= 10 && value.length <= 15 && e164(`+${value}`)) return international(value)
    } else if (ton === tonNumbers.unknown) {
      return digitsOf(tonNumbers[settings!.unknownTon as Ton], npi, value, settings!.country)
    }
  }
  return digitsOf(ton, npi, value, settings?.country)
}

const neverOwned = (): boolean => false

function digitsOf(ton: number, npi: number, value: string, country: string | undefined): Address {
  const word = tonWords.get(ton) ?? 'unknown'
  if (/^\d+$/.test(value)) {
    if (word === 'international') return international(value)
    if (ton === tonNumbers.network && npi === npiNumbers.unknown && shortCode(value)) return { value, ton: 'abbreviated', npi: 'unknown' }
    // A number of TON 0 with a trunk prefix is national too.
    if (country !== undefined && (word === 'national' || (word === 'unknown' && value.startsWith('0')))) {
      const number = e164(value, country as Parameters<typeof e164>[1])
      if (number) return number
    }
  }
  // `international` would promise a leading + that these characters cannot have.
  return { value, ton: word === 'international' ? 'unknown' : word, npi: npiWords.get(npi) ?? 'unknown' }
}

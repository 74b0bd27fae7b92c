// IP addresses and ranges, as operators list them, made once into something quick to ask. An IPv4
// address that a socket shows as IPv6 is that IPv4 address.
import { BlockList, isIP } from 'node:net'

export interface Ranges {
  readonly isEmpty: boolean
  /** Plain addresses: see plainAddress. */
  has(address: string): boolean
}

interface Range {
  address: string
  family: 'ipv4' | 'ipv6'
  prefix: number
}

/** `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`, `::ffff:192.0.2.7`. Undefined: none of these. */
export function readRange(text: string): Range | undefined {
  const [given = '', length, more] = text.trim().split('/')
  const address = plainAddress(given)
  const version = isIP(address)
  if (version === 0 || more !== undefined || given.includes('%')) return undefined
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined
  const bits = version === 4 ? 32 : 128
  // ::ffff:192.0.2.0/120 is 192.0.2.0/24.
  const prefix = length === undefined ? bits : Number(length) - (address === given ? 0 : 96)
  return prefix >= 0 && prefix <= bits ? { address, family: version === 4 ? 'ipv4' : 'ipv6', prefix } : undefined
}

/** What is no range is passed over: it was refused where the profile was read. */
export function rangesOf(texts: readonly string[]): Ranges {
  const list = new BlockList()
  for (const text of texts) {
    const range = readRange(text)
    if (range) list.addSubnet(range.address, range.prefix, range.family)
  }
  return {
    isEmpty: texts.length === 0,
    has(address) {
      const version = isIP(address)
      return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6')
    },
  }
}

/** What a socket calls its peer, without the IPv6 form of an IPv4 address and without a zone. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return ''
  if (!address.includes(':')) return address
  const bare = address.split('%')[0]!
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(bare) ? bare.slice(7) : bare
}

/** Who is meant by an address when it is counted: of IPv6 the network, since one peer has 2^64 addresses of it. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address
  const [head = '', tail] = plainAddress(address).toLowerCase().split('::')
  if (!head.includes(':') && tail === undefined) return head
  const [front, back] = [head, tail ?? ''].map((text) => (text === '' ? [] : text.split(':')))
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - front!.length - back!.length)
  const groups = [...front!, ...Array<string>(zeros).fill('0'), ...back!].slice(0, 4)
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}

/** `192.0.2.1:2775`, `[2001:db8::1]:2775`, `smsc.example:2775`. */
export const hostPortText = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`

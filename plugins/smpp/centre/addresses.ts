// IP addresses and ranges, as operators list them. An IPv4 address that a socket shows as IPv6 is
// that IPv4 address.
import { BlockList, isIP } from 'node:net'

/** `192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`. */
export function isRange(text: string): boolean {
  return readRange(text) !== undefined
}

interface Range {
  address: string
  family: 'ipv4' | 'ipv6'
  prefix: number
}

function readRange(text: string): Range | undefined {
  const [address = '', length, more] = text.split('/')
  const version = isIP(address)
  if (version === 0 || more !== undefined || address.includes('%')) return undefined
  const bits = version === 4 ? 32 : 128
  if (length !== undefined && !/^\d{1,3}$/.test(length)) return undefined
  const prefix = length === undefined ? bits : Number(length)
  return prefix <= bits ? { address, family: version === 4 ? 'ipv4' : 'ipv6', prefix } : undefined
}

/** What a socket calls its peer, without the IPv6 form of an IPv4 address and without a zone. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return ''
  const bare = address.split('%')[0]!
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/i.test(bare) ? bare.slice(7) : bare
}

/** Who is meant by an address when it is counted: of IPv6 the network, since one peer has 2^64 addresses of it. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6) return address
  const [head = '', tail] = address.toLowerCase().split('::')
  const [front, back] = [head, tail ?? ''].map((text) => (text === '' ? [] : text.split(':')))
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - front!.length - back!.length)
  const groups = [...front!, ...Array<string>(zeros).fill('0'), ...back!].slice(0, 4)
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}

/** No ranges: every address is within. */
export function isWithinRanges(address: string, ranges: readonly string[]): boolean {
  if (ranges.length === 0) return true
  const list = new BlockList()
  for (const text of ranges) {
    const range = readRange(text)
    if (range) list.addSubnet(range.address, range.prefix, range.family)
  }
  const version = isIP(address)
  return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6')
}

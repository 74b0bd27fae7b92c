// Says whether an address may be connected to on behalf of somebody else. Only what the public
// internet routes passes (IANA special-purpose registries, RFC 6890); addresses that carry an IPv4
// address inside (mapped, NAT64) are judged by that. The check is made on the address connected
// to, after DNS, so a name that changes its mind between check and use gains nothing.
import { BlockList, isIP, type LookupFunction } from 'node:net'

export interface ResolvedAddress {
  address: string
  family: number
}
export type Resolve = (hostname: string) => Promise<ResolvedAddress[]>

/** Thrown into the connection when no address of a name may be reached. */
export class AddressRefused extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'AddressRefused'
  }
}

const special = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // carrier-grade NAT, RFC 6598
  ['127.0.0.0', 8],
  ['169.254.0.0', 16], // link-local, with the clouds' metadata at 169.254.169.254
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  special.addSubnet(network, bits, 'ipv4')
for (const [network, bits] of [
  ['::', 96], // unspecified, loopback, v4-compatible
  ['64:ff9b::', 128],
  ['64:ff9b:1::', 48], // local NAT64, RFC 8215
  ['100::', 64],
  ['2001::', 23], // Teredo and other protocol assignments
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4
  ['3fff::', 20],
  ['5f00::', 16],
  ['fc00::', 7], // unique local
  ['fe80::', 10], // link-local
  ['fec0::', 10],
  ['ff00::', 8],
] as const)
  special.addSubnet(network, bits, 'ipv6')

/** ::ffff:0:0/96 (mapped) and 64:ff9b::/96 (NAT64, RFC 6052) carry an IPv4 address in their last 32 bits. */
function embeddedV4(canonical: string): string | undefined {
  const found = /^(?:::ffff|64:ff9b:):([0-9a-f]{1,4})(?::([0-9a-f]{1,4}))?$/.exec(canonical)
  if (!found) return undefined
  const [high, low] = found[2] === undefined ? ['0', found[1]] : [found[1], found[2]]
  const bits = Number.parseInt(high ?? '0', 16) * 0x1_0000 + Number.parseInt(low ?? '0', 16)
  return [24, 16, 8, 0].map((shift) => (bits / 2 ** shift) & 0xff).join('.')
}

/** Nobody's webhook is there, and the clouds' metadata are. */
const linkLocal = new BlockList()
linkLocal.addSubnet('169.254.0.0', 16, 'ipv4')
linkLocal.addSubnet('fe80::', 10, 'ipv6')

function isIn(list: BlockList, address: string): boolean {
  const bare = address.replace(/%.*$/, '')
  const family = isIP(bare)
  if (family === 4) return list.check(bare, 'ipv4')
  if (family === 0) return true
  const canonical = new URL(`http://[${bare}]/`).hostname.slice(1, -1)
  const inner = embeddedV4(canonical)
  return inner === undefined ? list.check(canonical, 'ipv6') : list.check(inner, 'ipv4')
}

/** True for everything that is no public unicast address, and for what is no address at all. */
export function isPrivateAddress(address: string): boolean {
  return isIn(special, address)
}

/** Whether to connect at all: never to a link-local address, and to another that is private where that is allowed. */
export function mayReach(address: string, allowPrivate: boolean): boolean {
  return !isIn(allowPrivate ? linkLocal : special, address)
}

/** The IP address that a URL's hostname literally is, without brackets; undefined for a name. */
export function literalAddress(hostname: string): string | undefined {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
  return isIP(bare) ? bare : undefined
}

/** A lookup for net.connect that only yields addresses which may be reached. */
export function guardedLookup(resolve: Resolve, allowPrivate: boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (found) => {
        const usable = found.filter((a) => (options.family === 4 || options.family === 6 ? a.family === options.family : true))
        const allowed = usable.filter((a) => mayReach(a.address, allowPrivate))
        const [first] = allowed
        if (!first)
          return callback(new AddressRefused(`${hostname} has no ${allowPrivate ? '' : 'public '}address that may be reached`), [], 0)
        if (options.all) callback(null, allowed)
        else callback(null, first.address, first.family)
      },
      (error: NodeJS.ErrnoException) => callback(error, [], 0),
    )
  }
}

// Who asks, where a proxy asks for somebody: the address that X-Forwarded-For or Forwarded (RFC 7239) gives, read
// from its end as long as those who wrote it are proxies of ours. From anyone else these headers are what whoever
// likes may write, and are not read.
import { isIP } from 'node:net'
import { plainAddress, rangesOf } from '../model/network.ts'

export interface Proxies {
  /** There is none: nobody's headers are read. */
  readonly isEmpty: boolean
  /** `peer`: the other end of the socket. `header`: all of that name, joined by commas; names in lower case. The answer is plain: see plainAddress. */
  client(peer: string | undefined, header: (name: string) => string | undefined): string
}

/** Nobody has more proxies before each other; the rest is somebody's invention. */
const mostHops = 20

/** Of addresses and networks that were read before: what is none is passed over. */
export function createProxies(trusted: readonly string[]): Proxies {
  const ranges = rangesOf(trusted)

  function lastOutside(proxy: string, hops: readonly string[]): string {
    let at = proxy
    for (let i = hops.length - 1; i >= Math.max(0, hops.length - mostHops); i--) {
      const address = hopAddress(hops[i]!)
      // Unknown, or hidden (RFC 7239 §6.3): nobody else can be named.
      if (address === undefined) return at
      at = address
      if (!ranges.has(at)) return at
    }
    return at
  }

  return {
    isEmpty: ranges.isEmpty,
    client(peer, header) {
      const address = plainAddress(peer)
      if (ranges.isEmpty || !ranges.has(address)) return address
      const [loose, strict] = [header('x-forwarded-for'), header('forwarded')]
      const found = [
        ...(loose === undefined ? [] : [lastOutside(address, loose.split(','))]),
        ...(strict === undefined ? [] : [lastOutside(address, forwardedFor(strict))]),
      ]
      // A proxy writes one of the two and may let the other through as it came: where they differ, neither is believed.
      const [one = address, other = one] = found
      return one === other ? one : address
    },
  }
}

/** The values of `for` in turn, empty where an element has none (RFC 7239 §4). */
function forwardedFor(text: string): string[] {
  const elements = text.match(/(?:"(?:[^"\\]|\\.)*"|[^",])+/g) ?? []
  return elements.map((element) => {
    const pairs = [...element.matchAll(/([^\s=;]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;]*)/g)]
    return pairs.find(([, name]) => name?.toLowerCase() === 'for')?.[2]?.replaceAll('"', '') ?? ''
  })
}

/** `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::7`, `[2001:db8::7]`, `[2001:db8::7]:4711`. */
function hopAddress(text: string): string | undefined {
  const hop = text.trim()
  const [, bracketed, withPort] = /^\[([^\]]+)\](?::\d{1,5})?$|^([\d.]+):\d{1,5}$/.exec(hop) ?? []
  const address = plainAddress(bracketed ?? withPort ?? hop)
  return isIP(address) === 0 ? undefined : address.toLowerCase()
}

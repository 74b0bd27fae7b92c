// Where a carrier is reached: `host`, `host:port`, `[::1]:2775`, and with `tls:` in front of any of
// these over TLS. A port that is not named is 2775, and 3550 over TLS.
import { hostPortText } from '../../src/plugin.ts'

export interface CarrierHost {
  host: string
  port: number
  tls: boolean
}

const [plainPort, tlsPort] = [2775, 3550]
const form = /^(tls:)?(?:\[([0-9a-f:.]{2,45})\]|([^\s:/[\]@]{1,253}))(?::(\d{1,5}))?$/i

/** Undefined when the text is no such address. */
export function readHost(text: string, tls = false): CarrierHost | undefined {
  const match = form.exec(text.trim())
  if (!match) return undefined
  const overTls = tls || match[1] !== undefined
  const port = match[4] === undefined ? (overTls ? tlsPort : plainPort) : Number(match[4])
  if (port < 1 || port > 65_535) return undefined
  return { host: match[2] ?? match[3]!, port, tls: overTls }
}

export interface Whereabouts {
  host?: string | undefined
  port?: number | undefined
  address?: string | undefined
  addresses?: readonly string[] | undefined
  tls: boolean
}

/** In the order of their preference; empty where none is named. */
export function hostsOf({ host, port, address, addresses, tls }: Whereabouts): CarrierHost[] {
  const texts = addresses ?? (address === undefined ? [] : [address])
  if (texts.length > 0) return texts.flatMap((text) => readHost(text, tls) ?? [])
  const bare = host === undefined ? undefined : readHost(host.includes(':') && !/^(?:tls:|\[)/i.test(host) ? `[${host}]` : host, tls)
  if (!bare) return []
  if (port !== undefined) bare.port = port
  return [bare]
}

/** For people and logs: `smsc.example:2775`, `tls:[2001:db8::1]:3550`. */
export function hostText({ host, port, tls }: CarrierHost): string {
  return `${tls ? 'tls:' : ''}${hostPortText(host, port)}`
}

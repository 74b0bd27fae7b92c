// A URL taken apart for requests: to whom to connect and what to ask for. Remembered without the
// query, in bounded memory, since parsing costs more than the rest of a request's preparation.
import { OutboundError } from './contract.ts'
import { isPrivateAddress, literalAddress, mayReach } from './guard.ts'
import type { Pool } from './pool.ts'

export interface Target {
  secure: boolean
  /** As a socket takes it: a name, or an address without brackets. */
  hostname: string
  port: number
  /** The Host header. */
  host: string
  /** Scheme, host and port; neither user nor path. */
  origin: string
  /** With the query, unless the request has its own. */
  path: string
  /** Origin and path are as they were written. */
  plain: boolean
  /** From the URL's user and password. */
  authorization: string | undefined
  /** The host is a literal address that is not public. */
  privateLiteral: boolean
  /** One that nothing is sent to, whoever may reach private addresses. */
  linkLocalLiteral: boolean
  /** Where its newest request went. */
  pool: Pool | undefined
}

export type FindTarget = (url: string, queryAt: number) => Target

const maxTargets = 4096
const maxUrlLength = 8192

/** `queryAt`, where it is not -1, is where a plain query begins (query.ts): the target is found without it. */
export function targets(): FindTarget {
  const known = new Map<string, Target>()
  return (url, queryAt) => {
    if (url.length > maxUrlLength) throw new OutboundError('bad-url', `URL longer than ${maxUrlLength} characters`)
    const key = queryAt === -1 ? url : url.slice(0, queryAt)
    let target = known.get(key)
    if (!target) {
      // A text of its own: what was cut from a longer one would keep that.
      const own = JSON.parse(JSON.stringify(key)) as string
      target = parse(own)
      if (known.size >= maxTargets) known.clear()
      known.set(own, target)
    }
    return target
  }
}

function parse(text: string): Target {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new OutboundError('bad-url', 'not a URL')
  }
  const { protocol, username, password, origin, hostname } = url
  if (protocol !== 'http:' && protocol !== 'https:') throw new OutboundError('bad-url', `only http and https, not ${protocol}`)
  const secure = protocol === 'https:'
  const literal = literalAddress(hostname)
  return {
    secure,
    hostname: literal ?? hostname,
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    host: url.host,
    origin,
    path: url.pathname + url.search,
    plain: text === origin + url.pathname + url.search,
    authorization: username || password ? basic(username, password) : undefined,
    privateLiteral: literal !== undefined && isPrivateAddress(literal),
    linkLocalLiteral: literal !== undefined && !mayReach(literal, true),
    pool: undefined,
  }
}

function basic(username: string, password: string): string {
  try {
    return `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}`
  } catch {
    throw new OutboundError('bad-url', 'user or password has malformed percent-encoding')
  }
}

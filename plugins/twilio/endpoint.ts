// A webhook's URL taken apart once: what is requested and signed, what is shown, and the connection
// overrides of its fragment (#ct=2000&rc=3&rp=all), which is neither sent nor signed.
import { plainQueryAt } from '../../src/plugin.ts'

export interface Overrides {
  /** Connecting, ms. */
  ct: number
  /** Reading, ms. */
  rt: number
  /** Everything, retries included, ms. */
  tt: number
  /** Retries. */
  rc: number
  /** What is retried: 4xx, 5xx, ct, rt. */
  rp: ReadonlySet<string>
}

export interface Endpoint {
  /** For the request: user and password still inside. */
  url: string
  /** Without user, password and fragment: the string to sign. */
  signed: string
  /** Without the query, which may hold secrets: for traces. */
  shown: string
  /** As `shown` is with a query. */
  masked: string
  overrides: Overrides
  /** Overrides that were not understood; their defaults hold. */
  notes: string[]
}

const limits = { ct: [100, 10_000, 5000], rt: [100, 15_000, 15_000], tt: [100, 15_000, 15_000], rc: [0, 5, 1] } as const
const policies = new Set(['4xx', '5xx', 'ct', 'rt'])
const defaultPolicy: ReadonlySet<string> = new Set(['ct'])

const maxLength = 4000
const maxKnown = 4096
/** By URL without its query where that is plain, or else whole; null for what is no URL. */
const known = new Map<string, Endpoint | null>()

/** The whole URL's endpoint, but for the query where `queryAt` says where that begins. */
function remembered(text: string, queryAt: number, hashAt: number): Endpoint | null {
  const key = queryAt === -1 ? text : hashAt === -1 ? text.slice(0, queryAt) : text.slice(0, queryAt) + text.slice(hashAt)
  let found = known.get(key)
  if (found === undefined) {
    found = parse(key)
    if (known.size >= maxKnown) known.clear()
    known.set(key, found)
  }
  return found
}

/** Undefined when it is no http(s) URL with a valid host. Remembered: callers come back with the same few, but for the query. */
export function endpoint(text: string): Endpoint | undefined {
  if (text.length > maxLength) return undefined
  const hashAt = text.indexOf('#')
  const bare = hashAt === -1 ? text : text.slice(0, hashAt)
  const queryAt = plainQueryAt(bare)
  const found = remembered(text, queryAt, hashAt)
  if (!found) return undefined
  if (queryAt === -1) return found
  const query = bare.slice(queryAt)
  // As it was written, where that is the same.
  const signed = found.signed.length === queryAt && bare.startsWith(found.signed) ? bare : found.signed + query
  const url = found.url === found.signed ? signed : found.url + query
  return { url, signed, shown: found.masked, masked: found.masked, overrides: found.overrides, notes: found.notes }
}

/** A valid host without underscore, as Twilio asks (21609). */
export function isWebhookUrl(text: string): boolean {
  if (text.length > maxLength) return false
  const hashAt = text.indexOf('#')
  return remembered(text, plainQueryAt(hashAt === -1 ? text : text.slice(0, hashAt)), hashAt) !== null
}

function parse(text: string): Endpoint | null {
  if (!URL.canParse(text)) return null
  const url = new URL(text)
  if ((url.protocol !== 'http:' && url.protocol !== 'https:') || url.hostname === '' || url.hostname.includes('_')) return null
  const notes: string[] = []
  const overrides = overridesOf(new URLSearchParams(url.hash.slice(1)), notes)
  url.hash = ''
  const withUser = url.href
  url.username = ''
  url.password = ''
  const bare = url.origin + url.pathname
  // ASCII, as all that is told of a request: a text with another character in it takes twice the room, and the time, everywhere.
  const masked = `${bare}?...`
  return { url: withUser, signed: url.href, shown: url.search ? masked : bare, masked, overrides, notes }
}

function overridesOf(fragment: URLSearchParams, notes: string[]): Overrides {
  const within = (name: keyof typeof limits): number => {
    const [least, most, otherwise] = limits[name]
    const text = fragment.get(name)
    if (text === null) return otherwise
    const value = /^\d{1,6}$/.test(text) ? Number(text) : -1
    if (value >= least && value <= most) return value
    notes.push(`#${name}=${text.slice(0, 20)}: ${least} to ${most} expected, ${otherwise} taken`)
    return otherwise
  }
  return { ct: within('ct'), rt: within('rt'), tt: within('tt'), rc: within('rc'), rp: policyOf(fragment.get('rp'), notes) }
}

function policyOf(text: string | null, notes: string[]): ReadonlySet<string> {
  if (text === null) return defaultPolicy
  const names = text.split(',').map((name) => name.trim())
  if (names.includes('all')) return policies
  const wrong = names.find((name) => !policies.has(name))
  if (wrong === undefined) return new Set(names)
  // Twilio logs 11243.
  notes.push(`#rp=${wrong.slice(0, 20)}: 4xx, 5xx, ct, rt or all expected, ct taken`)
  return defaultPolicy
}

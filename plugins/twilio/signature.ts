// X-Twilio-Signature: HMAC-SHA1 under the auth token over the URL as requested, then every POST
// parameter's name and value, sorted by name; base64.
import { hash } from 'node:crypto'

/** A name with several values is repeated before each of its different values, sorted. */
export type SignedParams = Readonly<Record<string, string | readonly string[]>>

/** `url` has neither userinfo nor fragment; for a GET it holds the query and `params` is absent. */
export function signature(token: string, url: string, params?: SignedParams): string {
  return sign(token, params ? url + sortedText(params) : url)
}

/** Parameters as they are signed after the URL. */
export function sortedText(params: SignedParams): string {
  let text = ''
  for (const name of Object.keys(params).sort()) {
    const value = params[name] ?? ''
    text +=
      typeof value === 'string'
        ? name + value
        : [...new Set(value)]
            .sort()
            .map((v) => name + v)
            .join('')
  }
  return text
}

const blockBytes = 64
const digestBytes = 20
/** Of as many tenants the keys are kept: half a kilobyte each. */
const maxKeys = 20_000

/** A key's two paddings (RFC 2104 §2). */
interface Paddings {
  inner: Buffer
  outer: Buffer
}
/** Used lately, and before that: the latter go when the former are many, so that no moment forgets all. */
let known = new Map<string, Paddings>()
let older = new Map<string, Paddings>()
/** What is hashed is put together in these, one signature after another. */
let inner = Buffer.alloc(4096)
const outer = Buffer.alloc(blockBytes + digestBytes)
/** Whose paddings are in both. */
let written: Paddings | undefined
/** What of `inner` is hashed, by its length where that is usual: few come again and again. */
let views: (Buffer | undefined)[] = []
const usualBytes = 1024

/**
 * The signature of a whole string. RFC 2104 with one-shot hashes: node's Hmac is a stream, and what thousands of streams a second cost
 * the garbage collector is several times the hashing itself.
 */
export function sign(token: string, text: string): string {
  const key = known.get(token) ?? remember(token)
  // Three octets a UTF-16 unit at most.
  const most = blockBytes + 3 * text.length
  if (most > inner.length) {
    inner = Buffer.alloc(2 * most)
    views = []
    written = undefined
  }
  if (key !== written) {
    inner.set(key.inner)
    outer.set(key.outer)
    written = key
  }
  const length = blockBytes + inner.write(text, blockBytes)
  const view = length < usualBytes ? (views[length] ??= inner.subarray(0, length)) : inner.subarray(0, length)
  // As text, and not as a buffer of its own.
  outer.write(hash('sha1', view, 'binary'), blockBytes, 'latin1')
  return hash('sha1', outer, 'base64')
}

function remember(token: string): Paddings {
  if (known.size >= maxKeys / 2) {
    older = known
    known = new Map()
  }
  const paddings = older.get(token) ?? paddingsOf(token)
  known.set(token, paddings)
  return paddings
}

function paddingsOf(token: string): Paddings {
  const raw = Buffer.from(token)
  const key = raw.length > blockBytes ? hash('sha1', raw, 'buffer') : raw
  const padded = (by: number): Buffer => Buffer.from(Uint8Array.from({ length: blockBytes }, (_, i) => (key[i] ?? 0) ^ by))
  return { inner: padded(0x36), outer: padded(0x5c) }
}

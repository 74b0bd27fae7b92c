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
const maxKeys = 1000

/** A key's two paddings (RFC 2104 §2), each at the head of a buffer that the data follows. */
interface Paddings {
  inner: Buffer
  outer: Buffer
}
const known = new Map<string, Paddings>()

/**
 * The signature of a whole string. RFC 2104 with one-shot hashes: node's Hmac is a stream, and what thousands of streams a second cost
 * the garbage collector is several times the hashing itself.
 */
export function sign(token: string, text: string): string {
  const key = known.get(token) ?? remember(token)
  const length = blockBytes + Buffer.byteLength(text)
  if (length > key.inner.length) key.inner = Buffer.concat([key.inner.subarray(0, blockBytes)], 2 * length)
  key.inner.write(text, blockBytes)
  hash('sha1', key.inner.subarray(0, length), 'buffer').copy(key.outer, blockBytes)
  return hash('sha1', key.outer, 'base64')
}

function remember(token: string): Paddings {
  const raw = Buffer.from(token)
  const key = raw.length > blockBytes ? hash('sha1', raw, 'buffer') : raw
  const padded = (by: number): Uint8Array => new Uint8Array(blockBytes).map((_, i) => (key[i] ?? 0) ^ by)
  const paddings = { inner: Buffer.concat([padded(0x36)], 2048), outer: Buffer.concat([padded(0x5c)], blockBytes + 20) }
  if (known.size >= maxKeys) known.clear()
  known.set(token, paddings)
  return paddings
}

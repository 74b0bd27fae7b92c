// X-Twilio-Signature: HMAC-SHA1 under the auth token over the URL as requested, then every POST
// parameter's name and value, sorted by name; base64.
import { createHmac } from 'node:crypto'

/** A name with several values is repeated before each of its different values, sorted. */
export type SignedParams = Readonly<Record<string, string | readonly string[]>>

/** `url` has neither userinfo nor fragment; for a GET it holds the query and `params` is absent. */
export function signature(token: string, url: string, params?: SignedParams): string {
  let text = url
  if (params)
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
  return createHmac('sha1', token).update(text).digest('base64')
}

// What a UAS looks at before it looks at what a request is for (RFC 3261 §8.2, §16.3): hops, scheme,
// extensions, encodings, loops. Methods are not its concern: ua.ts answers those that we do not
// serve, and it does so first (§8.2.1).
import { type ReadRequest, schemeOf, splitList, warning } from '../../codec/index.ts'
import type { Reply } from '../engine.ts'
import type { Random } from './random.ts'
import { isSecure, type Way } from './way.ts'

const served: ReadonlySet<string> = new Set(['REGISTER', 'MESSAGE', 'OPTIONS'])
const encodings: ReadonlySet<string> = new Set(['identity', 'deflate', 'gzip', 'x-gzip'])

/** Undefined: go on. `supported`: option tags, in lower case. */
export function refusal(
  request: ReadRequest,
  way: Pick<Way, 'transport'>,
  supported: ReadonlySet<string>,
  random: Pick<Random, 'sentBefore'>,
): Reply | undefined {
  const { method, uri, headers, read } = request
  if (!served.has(method)) return undefined
  if (!uri.startsWith('sip:')) {
    const scheme = schemeOf(uri)
    if (scheme !== 'sip' && scheme !== 'tel' && !(scheme === 'sips' && isSecure(way.transport)))
      return { status: 416, headers: ['Warning', warning(`Request-URI: expected sip:, tel: or, by TLS, sips:`)] }
  }
  const hops = headers.get('max-forwards')
  if (hops !== undefined && hops !== '70') {
    if (!/^\d{1,10}$/.test(hops) || Number(hops) > 255)
      return { status: 400, headers: ['Warning', warning('Max-Forwards: expected a number from 0 to 255')] }
    // A registrar and whoever answers OPTIONS are the end of the way; a message would be passed on.
    if (method === 'MESSAGE' && Number(hops) === 0) return { status: 483 }
  }
  // From ourselves at once (a trunk whose next hop is our own address), or by others.
  const isLoop = read.moreVias ? headers.all('via').some((via) => random.sentBefore(via, uri)) : random.sentBefore(read.via.value, uri)
  if (isLoop) return { status: 482, reason: 'Loop Detected' }
  const required = headers.get('require') === undefined ? undefined : unsupported(headers.all('require'), supported)
  if (required) return required
  // §20.29: of proxies only. What is asked of one that would pass it on concerns us, since we do.
  if (method === 'MESSAGE' && headers.get('proxy-require') !== undefined) {
    const wanted = unsupported(headers.all('proxy-require'), supported)
    if (wanted) return wanted
  }
  const encoding = headers.get('content-encoding')
  const odd =
    encoding === undefined ? undefined : splitList(headers.all('content-encoding')).find((each) => !encodings.has(each.toLowerCase()))
  if (odd === undefined) return undefined
  const why = warning(`Content-Encoding ${odd.slice(0, 40)}: expected gzip, deflate or identity`)
  return { status: 415, headers: ['Warning', why, 'Accept-Encoding', 'gzip, deflate, identity'] }
}

function unsupported(fields: readonly string[], supported: ReadonlySet<string>): Reply | undefined {
  const unknown = splitList(fields).filter((tag) => !supported.has(tag.trim().toLowerCase()))
  return unknown.length === 0 ? undefined : { status: 420, headers: ['Unsupported', unknown.join(', ')] }
}

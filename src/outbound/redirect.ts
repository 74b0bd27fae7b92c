// Where a redirect leads and as what (RFC 9110 §15.4): 303 always becomes a GET, 301 and 302 do for a
// POST; credentials stay with their origin.
import { headerLines } from './request.ts'
import { OutboundError, type OutboundRequest, type OutboundResponse } from './contract.ts'

export function isRedirect({ status, headers }: OutboundResponse): boolean {
  if (status < 301 || status > 308) return false
  return (status <= 303 || status >= 307) && headers['location'] !== undefined
}

/** Throws OutboundError `bad-url`. */
export function redirected(request: OutboundRequest, response: OutboundResponse): OutboundRequest {
  const { location } = response.headers
  let url: URL
  try {
    // Fields are read as Latin-1; what is beyond ASCII in a Location is UTF-8 in practice.
    url = new URL(typeof location === 'string' ? Buffer.from(location, 'latin1').toString('utf8') : '', response.url)
  } catch {
    throw new OutboundError('bad-url', 'the redirect leads to no URL')
  }
  const toGet = response.status === 303 || (request.method === 'POST' && (response.status === 301 || response.status === 302))
  const crosses = url.origin !== new URL(response.url).origin
  let headers = headerLines(request.headers)
  if (crosses) headers = headers.replace(/^(?:authorization|cookie):.*\r\n/gim, '')
  if (toGet) headers = headers.replace(/^content-type:.*\r\n/gim, '')
  const next: OutboundRequest = { ...request, url: url.href, headers }
  if (toGet) {
    next.method = 'GET'
    delete next.body
  }
  return next
}

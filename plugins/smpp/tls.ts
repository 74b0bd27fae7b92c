// TLS to a carrier: certificates and names are always verified, unless an operator has said
// otherwise in so many words; and what is wrong with one is said so that somebody can act.
import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { CarrierHost } from './hosts.ts'
import type { Connection } from './supplier-settings.ts'

export type TlsSettings = Pick<Connection, 'tlsCa' | 'tlsServername' | 'tlsCertificate' | 'tlsKey' | 'tlsVerify'>

export function tlsOptions({ host }: CarrierHost, settings: TlsSettings): ConnectionOptions {
  const { tlsCa, tlsServername, tlsCertificate, tlsKey, tlsVerify } = settings
  const options: ConnectionOptions = { minVersion: 'TLSv1.2', rejectUnauthorized: tlsVerify !== 'none' }
  const name = tlsServername ?? host
  // An address cannot be said in SNI (RFC 6066 §3), but is still what the certificate is verified against.
  if (isIP(name) === 0) options.servername = name
  if (tlsCa !== undefined) options.ca = tlsCa
  if (tlsCertificate !== undefined) options.cert = tlsCertificate
  if (tlsKey !== undefined) options.key = tlsKey
  return options
}

const unknownAuthority = 'its certificate is not from an authority that we trust: set tlsCa to the PEM of the one that the carrier uses'

/** By the `code` of the error (OpenSSL's X509_V_ERR_…, Node's ERR_TLS_…). */
const words: Record<string, string> = {
  CERT_HAS_EXPIRED: 'its certificate has expired: the carrier must renew it',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: is our clock right?',
  CERT_REVOKED: 'its certificate has been revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name: set tlsServername if that name is the carrier',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority,
  EPROTO: 'it does not speak TLS as we do, or not on this port',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS on this port',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'it speaks only TLS older than 1.2',
}

/** What to tell of an error of the handshake; undefined for one that has nothing to do with TLS. */
export function tlsFault(error: Error & { code?: string }): string | undefined {
  const { code } = error
  if (code === undefined) return undefined
  const known = words[code]
  if (known !== undefined) return `${known} (${code}${code === 'ERR_TLS_CERT_ALTNAME_INVALID' ? `: ${altNames(error)}` : ''})`
  return /^ERR_(?:TLS|SSL)_|CERT/.test(code) ? `the TLS handshake fails (${code})` : undefined
}

/** What the certificate is for: Node's own words leave it out where an IP address was looked for. */
function altNames(error: Error & { cert?: { subjectaltname?: string } }): string {
  return (error.cert?.subjectaltname ?? error.message).slice(0, 300)
}

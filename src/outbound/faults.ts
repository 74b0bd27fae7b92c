// The system's errors in our closed list.
import { OutboundError, type OutboundErrorKind } from './contract.ts'
import { AddressRefused } from './guard.ts'

export function outboundError(error: Error): OutboundError {
  if (error instanceof OutboundError) return error
  const code = 'code' in error ? String(error.code) : ''
  return new OutboundError(kindOf(error, code), error.message || code || 'connection lost', error)
}

/** Whatever else happens to a socket is a connection lost or not made. */
function kindOf(error: Error, code: string): OutboundErrorKind {
  if (error instanceof AddressRefused) return 'refused'
  if (code === 'ETIMEDOUT' || code === 'ERR_SOCKET_CONNECTION_TIMEOUT') return 'connect-timeout'
  if (/^(ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/.test(code))
    return 'tls'
  return 'connect'
}

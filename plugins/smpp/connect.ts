// A connection to a carrier, or to a client that wants to be called, plain or over TLS: resolves when it may be spoken on, rejects with a
// Failure in words for an operator. Its limit is the caller's signal.
import { connect, type Socket } from 'node:net'
import { checkServerIdentity, connect as connectTls, type ConnectionOptions } from 'node:tls'
import { Failure } from '../../src/plugin.ts'
import { type CarrierHost, hostText } from './hosts.ts'
import { tlsFault, tlsOptions, type TlsSettings } from './tls.ts'

/** TCP's own probe of an idle connection, beneath enquire_link. */
const keepAliveMs = 30_000

/** The signal's reason is a Failure. Who takes the socket closes it also where the peer has: it may still be written to. */
export function connectTo(carrier: CarrierHost, config: TlsSettings, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Failure)
      return
    }
    let socket: Socket
    try {
      socket = open(carrier, config)
    } catch (error) {
      reject(new Failure('permanent', 'bind-down', `tlsCa, tlsCertificate or tlsKey cannot be used: ${(error as Error).message}`))
      return
    }
    const done = (): void => {
      signal.removeEventListener('abort', onAbort)
      socket.off('error', onError)
    }
    const onAbort = (): void => {
      done()
      // What it still says must not be thrown.
      socket.on('error', () => {})
      socket.destroy()
      reject(signal.reason as Failure)
    }
    const onError = (error: Error): void => {
      done()
      socket.on('error', () => {})
      socket.destroy()
      reject(failureOf(carrier, error))
    }
    signal.addEventListener('abort', onAbort)
    socket.once('error', onError)
    socket.once(carrier.tls ? 'secureConnect' : 'connect', () => {
      done()
      resolve(socket)
    })
  })
}

function open(carrier: CarrierHost, config: TlsSettings): Socket {
  const { host, port } = carrier
  if (!carrier.tls) return connect({ host, port, allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs })
  const name = config.tlsServername ?? host
  const options: ConnectionOptions & { allowHalfOpen: true } = {
    ...tlsOptions(carrier, config),
    host,
    port,
    allowHalfOpen: true,
    checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
  }
  const socket = connectTls(options)
  socket.setNoDelay(true)
  socket.setKeepAlive(true, keepAliveMs)
  return socket
}

function failureOf(carrier: CarrierHost, error: Error): Failure {
  const fault = carrier.tls ? tlsFault(error) : undefined
  // A certificate does not heal by itself: somebody must hear of it.
  if (fault !== undefined) return new Failure('permanent', 'bind-down', `${hostText(carrier)}: ${fault}`, { cause: error })
  return new Failure('offline', 'bind-down', `cannot reach ${hostText(carrier)}: ${error.message}`, { cause: error })
}

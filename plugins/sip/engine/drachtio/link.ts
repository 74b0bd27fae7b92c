// One connection to a drachtio server, by drachtio-srf. It lives as long as its socket: srf's own
// reconnecting would drop TLS, and leave what it waits for in its maps, so each connection has an Srf
// of its own and the engine reconnects. Whatever the server sends, nothing is thrown into the process
// and no body is printed: a frame that srf would stumble over ends the connection.
import type { Socket } from 'node:net'
import type { Clock, Logger } from '../../../../src/plugin.ts'
import { newSrf, type SrfClient, type SrfConnect, type SrfOutgoing, type SrfRequest, type SrfSent, type SrfWire } from './srf.ts'

export interface LinkParts {
  address: string
  port: number
  secret: string
  tls: boolean
  /** PEM of the authority of the server's certificate; the system's when absent. */
  ca?: string
  clock: Clock
  log: Logger
}

export interface LinkEnds {
  /** May come before the link is there. `reply` answers false where the link is gone. */
  request(request: SrfRequest, reply: (text: string) => boolean): void
  /** Once, after the link was open. */
  gone(why: string): void
}

export interface Link {
  /** As the server names its listeners: `udp/192.0.2.1:5060,tcp/192.0.2.1:5060`. */
  readonly hostports: string
  /** The same with the addresses that are bound, where others are named to the outside; '' of older servers. */
  readonly localHostports: string
  readonly open: boolean
  /** Never throws. `failed`: the server refused it, or the link is gone, and nothing has left. */
  request(uri: string, options: SrfOutgoing, ends: { sent(request: SrfSent): void; failed(why: string): void }): void
  /** Nobody waits any more for the response to it: srf would keep it until the server has one. */
  forget(request: SrfSent): void
  /** Ends it; `gone` is called with `why`. */
  drop(why: string): void
}

/** For the connection and the server's answer to our secret. */
const openMs = 10_000
/** The server is asked for a sign of life so often where it says nothing; without one by the next time it is gone. */
const pingMs = 15_000
/** A SIP message is at most 64 kB by UDP and by the server's own limit; a frame is little more. */
const longestFrame = 262_144
/** `12345#`: more digits are no length. */
const longestPrefix = 8
/** The least version that knows `ping`; an older one ends the connection at it. */
const pingSince = [0, 8, 2] as const

/** Those of RFC 3261 and its extensions that a server may pass to us; what is not asked for it answers 503, which would have the sender try again. */
const methods = ['register', 'message', 'options', 'invite', 'subscribe', 'notify', 'publish', 'info', 'refer']

export function openLink(parts: LinkParts, ends: LinkEnds): Promise<Link> {
  return new Promise((resolve, reject) => {
    const srf = newSrf()
    const state = { open: false, ended: false, heard: true }
    let socket: Socket | undefined
    let cancelPing = (): void => undefined
    const end = (why: string): void => {
      if (state.ended) return
      const opened = state.open
      state.ended = true
      state.open = false
      cancelOpen()
      cancelPing()
      const { wp } = srf.app.client
      wp.closing = true
      if (socket !== undefined) {
        wp.mapIncomingMsg.delete(socket)
        socket.destroy()
      }
      if (opened) ends.gone(why)
      else reject(new Error(`drachtio server ${parts.address}:${parts.port}: ${why}`))
    }
    const cancelOpen = parts.clock.after(openMs, () => end(`no answer within ${openMs / 1000} s`))
    // Must be there before the first error: without a listener it would be thrown.
    srf.on('error', (error: Error) => end(reasonOf(error)))
    srf.on('close', () => end('the connection closed'))
    for (const method of methods) srf.use(method, (request) => ends.request(request, (text) => !state.ended && reply(request, text)))
    srf.on('connect', (error: Error | null | undefined, hostports?: string, version?: string, localHostports?: string) => {
      if (state.ended) return
      if (error) return end('it refused the secret')
      cancelOpen()
      state.open = true
      if (atLeast(version ?? '', pingSince)) cancelPing = keepAsking(srf, socket!, parts.clock, state, end)
      resolve(linkOf(srf, socket!, { hostports: hostports ?? '', localHostports: localHostports ?? '' }, state, end))
    })
    srf.connect(connectOptions(parts))
    guard(srf.app.client.wp, state, end, (found) => {
      if (state.ended) found.destroy()
      else socket = found
    })
  })
}

function connectOptions({ address, port, secret, tls, ca }: LinkParts): SrfConnect {
  // maxAttempts counts the first one: srf never reconnects. Null stands for no cap of its own.
  const plain: SrfConnect = { host: address, port, secret, reconnect: { maxAttempts: 1, retryMaxDelay: null } }
  return tls ? { ...plain, tls: ca === undefined ? {} : { ca } } : plain
}

/**
 * srf reads frames in the socket's `data` listener and throws there what it cannot read: nobody
 * could catch it. So its listeners are wrapped, and what it collects is bounded.
 */
function guard(wp: SrfWire, state: { heard: boolean; ended: boolean }, end: (why: string) => void, found: (socket: Socket) => void): void {
  wp.prependListener('connect', (socket: Socket) => {
    found(socket)
    const given = socket.listeners('data') as ((chunk: Buffer) => void)[]
    socket.removeAllListeners('data')
    socket.on('data', (chunk: Buffer) => {
      if (state.ended) return
      state.heard = true
      try {
        for (const take of given) take(chunk)
      } catch {
        // srf's errors hold the frame, with the body in it.
        return end('it sent a frame that cannot be read')
      }
      const waiting = wp.mapIncomingMsg.get(socket)?.incomingMsg
      if (waiting !== undefined && isHopeless(waiting)) end('it sent a frame that cannot be read')
    })
  })
  const given = wp.listeners('msg') as ((socket: Socket, text: string) => void)[]
  wp.removeAllListeners('msg')
  wp.on('msg', (socket: Socket, text: string) => {
    if (state.ended || !isReadable(text)) return
    for (const take of given) take(socket, text)
  })
}

/** What is waiting can never become a frame. srf would wait for ever, and join it with all that comes. */
function isHopeless(waiting: Buffer): boolean {
  if (waiting.length > longestFrame) return true
  const hash = waiting.subarray(0, longestPrefix).indexOf(35)
  if (hash === -1) return waiting.length >= longestPrefix
  for (let i = 0; i < hash; i++) if (waiting[i]! < 48 || waiting[i]! > 57) return true
  return hash === 0 || Number(waiting.toString('latin1', 0, hash)) > longestFrame
}

/**
 * srf throws at a verb that it does not know, and prints to stderr, body and all, a SIP message whose
 * head it cannot take apart. Those are left out here.
 */
function isReadable(text: string): boolean {
  const leaderEnd = text.indexOf('\r\n')
  const verb = text.split('|', 2)[1]
  if (verb !== 'sip' && verb !== 'response') return false
  if (leaderEnd === -1) return verb === 'response'
  const headEnd = text.indexOf('\r\n\r\n', leaderEnd)
  const lines = text.slice(leaderEnd + 2, headEnd === -1 ? undefined : headEnd).split(/\r\n(?![ \t])/)
  const start = lines[0] ?? ''
  if (!/^SIP\/\d+\.\d+\s+\d+/.test(start) && !/^[\w\-.!%*_+`'~]+\s\S+\sSIP\s*\/\s*\d+\.\d+/.test(start)) return false
  for (let i = 1; i < lines.length; i++) if (!/^\S*?\s*:/.test(lines[i]!)) return false
  return true
}

/** TCP alone notices a server that vanished after many minutes. */
function keepAsking(srf: SrfClient, socket: Socket, clock: Clock, state: { heard: boolean }, end: (why: string) => void): () => void {
  let cancel = (): void => undefined
  const ask = (): void => {
    cancel = clock.after(pingMs, () => {
      if (!state.heard) return end(`no sign of life for ${pingMs / 1000} s`)
      state.heard = false
      srf.app.client.wp.send(socket, 'ping')
      ask()
    })
  }
  ask()
  return () => cancel()
}

function linkOf(
  srf: SrfClient,
  socket: Socket,
  named: Pick<Link, 'hostports' | 'localHostports'>,
  state: { open: boolean },
  end: (why: string) => void,
): Link {
  return {
    ...named,
    get open() {
      return state.open
    },
    request(uri, options, { sent, failed }) {
      if (!state.open) return failed('the drachtio server is away')
      try {
        srf.request(uri, options, (error, request) => {
          if (request === undefined) failed(`the drachtio server refused it: ${error === null ? 'no reason' : reasonOf(error)}`)
          else sent(request)
        })
      } catch {
        failed('drachtio-srf refused it')
      }
    },
    forget(request) {
      srf.app.client.mapServer.get(socket)?.pendingSipRequests.delete(request.stackTxnId)
    },
    drop: end,
  }
}

function reply(request: SrfRequest, text: string): boolean {
  const { agent, socket, stackTxnId } = request
  // srf keeps an INVITE until it is answered, by its Call-ID as it came.
  if (request.method === 'INVITE') agent.mapServer.get(socket)?.pendingNetworkInvites.delete(request.get('call-id') ?? '')
  agent.sendMessage(socket, text, { stackTxnId })
  return true
}

/** One short line. Of a system error its code. */
function reasonOf(error: Error): string {
  const { code } = error as Error & { code?: unknown }
  if (typeof code === 'string' && code !== 'EDRACHTIO') return code
  return error.message.split('\n', 1)[0]!.slice(0, 200)
}

function atLeast(version: string, wanted: readonly number[]): boolean {
  const found = /^v?(\d{1,5})\.(\d{1,5})\.(\d{1,5})/.exec(version)
  if (!found) return false
  for (const [i, least] of wanted.entries()) {
    const part = Number(found[i + 1])
    if (part !== least) return part > least
  }
  return true
}

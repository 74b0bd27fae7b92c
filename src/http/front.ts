// The connections of the HTTP port, as they come. A request that is whole, plain and one of the hot
// few is read straight off its socket: node:http costs about 40 µs more. At anything else – another
// path, a header that changes how HTTP/1.1 is read, bytes that are no plain request – the connection
// goes to node:http with all that was read of it, for good. So nothing is refused here, and what is
// not understood is never guessed at.
import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { plainAddress, type Hot, type HotAnswer, type HotRequest } from '../plugin.ts'
import { readHead, type Head } from './head.ts'
import type { Proxies } from './proxies.ts'

export interface Front {
  /** Takes a new connection. */
  take(socket: Socket): void
  /** Ends idle connections now, and the others after their answer. */
  close(): void
  /** Cuts those that are left. */
  cut(): void
}

export interface FrontLimits {
  /** From the connection to its first bytes. */
  headersTimeout: number
  /** Without a request. */
  keepAliveTimeout: number
}

/** A head or a body of a hot request is longer only by mistake: node:http has the words for it. */
const longestHead = 4096
const longestBody = 65_536
/** What is left of a body is waited for so long; then node:http waits, by its own limits. */
const restMs = 1000
const sweepMs = 500

interface Connection {
  socket: Socket
  remoteAddress: string
  /** Read and not understood yet. */
  pending: Buffer | undefined
  /** The head of the request before: most clients send the very same again. */
  newest: Read | undefined
  answering: boolean
  heard: boolean
  /** Of its request's first byte, or of its answer, by performance.now(). */
  at: number
  wrote(error?: Error | null): void
  /** Takes our listeners off its socket. */
  letGo(): void
}

/** A head as it came, to its last line end, and what it says. */
interface Read {
  bytes: Buffer
  head: Head
  taker: Hot
}

export function createFront(parts: {
  hot: readonly Hot[]
  proxies: Proxies
  limits: FrontLimits
  /** node:http's own listener. */
  hand(socket: Socket): void
}): Front {
  const { hot, proxies, limits, hand } = parts
  const connections = new Set<Connection>()
  let closing = false
  let sweeping: NodeJS.Timeout | undefined

  function handOver(connection: Connection): void {
    const { socket, pending } = connection
    connections.delete(connection)
    connection.letGo()
    hand(socket)
    if (pending) socket.unshift(pending)
  }

  function gone(connection: Connection): void {
    connections.delete(connection)
    connection.socket.destroy()
  }

  function read(connection: Connection, chunk: Buffer): void {
    connection.heard = true
    // From a request's first byte on: whoever drips the rest of it gains no time.
    if (!connection.pending) connection.at = performance.now()
    connection.pending = connection.pending ? Buffer.concat([connection.pending, chunk]) : chunk
    if (!connection.answering) next(connection)
    // A peer that sends on without waiting for answers: no more is read than two requests.
    else if (connection.pending.length > longestBody) connection.socket.pause()
  }

  /** Answers what is there, waits for the rest of it, or hands the connection over. */
  function next(connection: Connection): void {
    const bytes = connection.pending
    if (!bytes) return
    if (!isAgain(connection.newest, bytes)) connection.newest = headOf(bytes)
    if (!connection.newest) return handOver(connection)
    const { head, taker } = connection.newest
    const from = connection.newest.bytes.length
    const to = from + head.length
    if (bytes.length < to) return
    // More than one request at once: whoever pipelines is served by node:http.
    if (bytes.length > to) return handOver(connection)
    connection.pending = undefined
    connection.answering = true
    const request: HotRequest = {
      method: head.method,
      url: head.url,
      header: (name) => valueOf(head.headers, name),
      body: bytes.subarray(from, to),
      remoteAddress: proxies.isEmpty
        ? connection.remoteAddress
        : proxies.client(connection.remoteAddress, (name) => allOf(head.headers, name)),
    }
    taker.serve(request, (said) => answer(connection, said))
  }

  function isAgain(newest: Read | undefined, bytes: Buffer): newest is Read {
    if (!newest || bytes.length < newest.bytes.length) return false
    return bytes.compare(newest.bytes, 0, newest.bytes.length, 0, newest.bytes.length) === 0
  }

  function headOf(bytes: Buffer): Read | undefined {
    const end = bytes.indexOf('\r\n\r\n')
    const head = end > 0 && end <= longestHead ? readHead(bytes.toString('latin1', 0, end + 2)) : undefined
    const taker = head && head.length <= longestBody ? takerOf(head) : undefined
    return head && taker ? { bytes: Buffer.from(bytes.subarray(0, end + 4)), head, taker } : undefined
  }

  function takerOf({ method, url }: Head): Hot | undefined {
    for (const one of hot) if (one.takes(method, url)) return one
    return undefined
  }

  function answer(connection: Connection, said: HotAnswer): void {
    const { socket } = connection
    if (socket.destroyed) return
    connection.answering = false
    connection.at = performance.now()
    const length = Buffer.byteLength(said.body)
    const text = written(said, length, closing)
    // As many bytes as characters: ASCII, which is Latin-1 too and quicker to write. Past the stream's queue, which takes
    // as long as all else here: answers are written one at a time.
    socket._write(text, length === said.body.length ? 'latin1' : 'utf8', connection.wrote)
    // Who has said all it will waits for the end of the connection.
    if (closing || socket.readableEnded) return socket.destroySoon()
    if (socket.isPaused()) socket.resume()
    if (connection.pending) next(connection)
  }

  function sweep(): void {
    const now = performance.now()
    for (const connection of connections) {
      const { answering, pending, heard, at } = connection
      if (answering) continue
      if (pending) {
        if (now - at >= restMs) handOver(connection)
      } else if (now - at >= (heard ? limits.keepAliveTimeout : limits.headersTimeout)) gone(connection)
    }
    if (connections.size > 0) return
    clearInterval(sweeping)
    sweeping = undefined
  }

  return {
    take(socket) {
      if (closing) return hand(socket)
      const connection: Connection = {
        socket,
        remoteAddress: plainAddress(socket.remoteAddress),
        pending: undefined,
        newest: undefined,
        answering: false,
        heard: false,
        at: performance.now(),
        wrote: (error) => void (error && gone(connection)),
        letGo: () => void socket.off('data', onData).off('end', onEnd).off('error', onGone).off('close', onGone),
      }
      const onData = (chunk: Buffer): void => read(connection, chunk)
      const onGone = (): void => gone(connection)
      const onEnd = (): void => {
        if (!connection.answering) gone(connection)
      }
      connections.add(connection)
      socket.on('data', onData).on('end', onEnd).on('error', onGone).on('close', onGone)
      sweeping ??= setInterval(sweep, sweepMs).unref()
    },
    close() {
      closing = true
      for (const connection of connections) {
        if (connection.answering) continue
        if (connection.pending) handOver(connection)
        else gone(connection)
      }
    },
    cut() {
      for (const connection of connections) gone(connection)
    },
  }
}

function written({ status, headers, body }: HotAnswer, length: number, last: boolean): string {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`
  for (let i = 0; i < headers.length; i += 2) text += `${headers[i]}: ${headers[i + 1]}\r\n`
  if (status !== 204) text += `Content-Length: ${length}\r\n`
  return `${text}Date: ${date()}\r\n${last ? 'Connection: close' : keepAlive}\r\n\r\n${status === 204 ? '' : body}`
}

function valueOf(headers: readonly string[], name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1]
  return undefined
}

function allOf(headers: readonly string[], name: string): string | undefined {
  let all: string | undefined
  for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) all = all === undefined ? headers[i + 1] : `${all},${headers[i + 1]}`
  return all
}

const keepAlive = 'Connection: keep-alive\r\nKeep-Alive: timeout=65'

let second = Number.NaN
let dated = ''

/** RFC 9110 §5.6.7; made once a second. */
function date(): string {
  const now = Math.floor(Date.now() / 1000)
  if (now !== second) {
    second = now
    dated = new Date(now * 1000).toUTCString()
  }
  return dated
}

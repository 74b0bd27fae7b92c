// What becomes of a connection whose octets are no HTTP, or come too slowly: what was asked before them is
// answered first, so that nobody takes the refusal for the answer to a request that was served.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

export interface Broken {
  asked(request: IncomingMessage, response: ServerResponse): void
  /** For 'clientError' of node:http. */
  heard(error: NodeJS.ErrnoException, socket: Duplex): void
}

/** As node:http answers where nobody listens. */
const statuses: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

export function createBroken(): Broken {
  /** Answers under way, with what they answer. */
  const open = new WeakMap<Duplex, Map<ServerResponse, IncomingMessage>>()
  const over = new WeakSet<Duplex>()

  /** Of a request whose end never came nothing is owed but the refusal. */
  function isOwed(socket: Duplex): boolean {
    for (const request of open.get(socket)?.values() ?? []) if (request.complete) return true
    return false
  }

  function refuse(socket: Duplex, status: string): void {
    const begun = [...(open.get(socket)?.keys() ?? [])].some((response) => response.headersSent)
    if (socket.writable && !begun) socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`)
    socket.destroy()
  }

  return {
    asked(request, response) {
      const { socket } = request
      const under = open.get(socket) ?? new Map<ServerResponse, IncomingMessage>()
      open.set(socket, under.set(response, request))
      response.once('close', () => under.delete(response))
    },
    heard({ code = '' }, socket) {
      const status = statuses[code] ?? '400 Bad Request'
      if (over.has(socket)) return
      if (!isOwed(socket)) return refuse(socket, status)
      over.add(socket)
      for (const response of open.get(socket)!.keys())
        response.once('close', () => {
          if (!isOwed(socket)) refuse(socket, status)
        })
    },
  }
}

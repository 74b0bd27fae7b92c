// The HTTP sides of this plugin's tests: its own, as the gateway mounts it, and receivers of webhooks.
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import type { Host } from '../../src/plugin.ts'
import { twilio } from './index.ts'

export interface Running {
  url: string
  port: number
  close(): Promise<void>
}

export async function listening(listener: RequestListener): Promise<Running> {
  const server: Server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The plugin's HTTP side as the gateway mounts it: hot before express, or express alone. */
export function mounted(host: Host, way: 'hot' | 'router'): RequestListener {
  const side = twilio.http?.(host)
  if (!side) throw new Error('no HTTP side')
  const app = express()
  app.disable('x-powered-by')
  app.use(side.router)
  return (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '', headers } = request
    const plain = Number(headers['content-length']) <= 65_536 && headers['content-encoding'] === undefined
    if (way === 'router' || !plain || !side.hot?.takes(method, url)) return app(request, response)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const asked = {
        method,
        url,
        header: (name: string) => headers[name] as string | undefined,
        body: Buffer.concat(chunks),
        remoteAddress: '',
      }
      side.hot?.serve(asked, (said) => {
        response.writeHead(said.status, [...said.headers])
        response.end(said.body)
      })
    })
  }
}

export interface Received {
  method: string
  url: string
  headers: IncomingMessage['headers']
  params: Record<string, string>
  body: string
}

/** A webhook receiver that keeps what it got; `answer` is given each request in turn. */
export async function receiver(
  answer: (request: Received, response: ServerResponse, n: number) => void,
): Promise<Running & { received: Received[] }> {
  const received: Received[] = []
  const running = await listening((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      const got = {
        method: request.method ?? '',
        url: request.url ?? '',
        headers: request.headers,
        body,
        params: Object.fromEntries(new URLSearchParams(body)),
      }
      received.push(got)
      answer(got, response, received.length)
    })
  })
  return { ...running, received }
}

// Stands between a client and a gateway and keeps every answer, unchanged both ways. The Host that the
// client used reaches the gateway, so absolute links lead back here.
import { createServer, request as ask, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Recorded {
  verb: string
  /** Without the query. */
  path: string
  search: string
  status: number
  headers: IncomingMessage['headers']
  body: string
}

export interface Recorder {
  url: string
  records: Recorded[]
  close(): void
}

export async function startRecorder(port: number): Promise<Recorder> {
  const records: Recorded[] = []
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request
    const onwards = ask({ host: '127.0.0.1', port, method, path: url, headers, setHost: false, agent: false }, (answer) => {
      let body = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      answer.on('end', () => {
        const [path = '', search = ''] = url.split('?')
        records.push({ verb: method, path, search, status: answer.statusCode ?? 0, headers: answer.headers, body })
        response.writeHead(answer.statusCode ?? 0, answer.rawHeaders).end(body)
      })
    })
    onwards.on('error', (error) => response.destroy(error))
    request.pipe(onwards)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    records,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

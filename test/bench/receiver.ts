// A webhook receiver as a process: counts status callbacks and measures end to end by the time in
// each callback's own address (`?t=<epoch ms>`). `GET /counts` tells; `PUT /reset` forgets.
import { createServer } from 'node:http'
import { percentile, rounded } from './processes.ts'

let calls = 0
let duplicates = 0
const delivered = new Set<string>()
let latencies: number[] = []

const server = createServer((request, response) => {
  const url = request.url ?? '/'
  if (url === '/counts') {
    const sorted = [...latencies].sort((a, b) => a - b)
    response.end(
      JSON.stringify({
        calls,
        delivered: delivered.size,
        duplicates,
        p50: rounded(percentile(sorted, 0.5)),
        p99: rounded(percentile(sorted, 0.99)),
      }),
    )
    return
  }
  if (url === '/reset') {
    calls = duplicates = 0
    latencies = []
    delivered.clear()
    response.end('{}')
    return
  }
  let body = ''
  request.setEncoding('latin1')
  request.on('data', (chunk: string) => (body += chunk))
  request.on('end', () => {
    calls++
    const query = url.slice(url.indexOf('?') + 1)
    // Ours says MessageStatus=delivered; Kannel's dlr-url carries its type as `d=1`.
    if (body.includes('MessageStatus=delivered') || query.includes('d=1&')) {
      const id = /(?:^|&)n=([^&]*)/.exec(query)?.[1] ?? ''
      if (delivered.has(id)) duplicates++
      else {
        delivered.add(id)
        const at = /(?:^|&)t=(\d+)/.exec(query)?.[1]
        if (at) latencies.push(Date.now() - Number(at))
      }
    }
    // 200, as Kannel repeats a callback that gets any other.
    response.end()
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as { port: number }
  console.log(JSON.stringify({ port }))
})
process.on('SIGTERM', () => process.exit(0))

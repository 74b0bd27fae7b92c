// A webhook receiver as a process: counts status callbacks and measures end to end by the time in
// each callback's own address (`?t=<epoch ms>`). `GET /counts` tells; `PUT /reset` forgets. Plain
// sockets, so that the machine's cores are left to what is measured.
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { percentile, rounded } from './processes.ts'

let calls = 0
let duplicates = 0
const delivered = new Set<string>()
let latencies: number[] = []

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'

/** `request` is head and body of one whole request. */
function answer(request: string): string {
  const space = request.indexOf(' ')
  const url = request.slice(space + 1, request.indexOf(' ', space + 1))
  if (url === '/counts') return json(counts())
  if (url === '/reset') {
    calls = duplicates = 0
    latencies = []
    delivered.clear()
    return ok
  }
  calls++
  const query = url.slice(url.indexOf('?') + 1)
  // Ours says MessageStatus=delivered in the body; Kannel's dlr-url carries its type as `d=1`.
  if (!request.includes('MessageStatus=delivered') && !query.includes('d=1&')) return ok
  const id = /(?:^|&)n=([^&]*)/.exec(query)?.[1] ?? ''
  if (delivered.has(id)) duplicates++
  else {
    delivered.add(id)
    const at = /(?:^|&)t=(\d+)/.exec(query)?.[1]
    if (at) latencies.push(Date.now() - Number(at))
  }
  return ok
}

function counts(): object {
  const sorted = [...latencies].sort((a, b) => a - b)
  const [p50, p99] = [rounded(percentile(sorted, 0.5)), rounded(percentile(sorted, 0.99))]
  return { calls, delivered: delivered.size, duplicates, p50, p99 }
}

function json(value: object): string {
  const text = JSON.stringify(value)
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`
}

function serve(socket: Socket): void {
  let pending = ''
  socket.setNoDelay(true)
  socket.setEncoding('latin1')
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: string) => {
    pending = pending === '' ? chunk : pending + chunk
    for (;;) {
      const head = pending.indexOf('\r\n\r\n')
      if (head < 0) return
      const found = /\r\ncontent-length: *(\d+)/i.exec(pending.slice(0, head))
      const end = head + 4 + Number(found?.[1] ?? 0)
      if (pending.length < end) return
      // 200, as Kannel repeats a callback that gets any other.
      socket.write(answer(pending.slice(0, end)))
      pending = pending.length === end ? '' : pending.slice(end)
    }
  })
}

const server = createServer(serve)
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  console.log(JSON.stringify({ port }))
})
process.on('SIGTERM', () => process.exit(0))

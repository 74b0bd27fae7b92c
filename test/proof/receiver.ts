// A webhook receiver as a process with a ledger of its own: one line for each status callback that
// it answered, `<message sid> <status>`, written before the answer.
import { openSync, writeSync } from 'node:fs'
import { createServer } from 'node:http'

const ledger = openSync(process.argv[2] ?? 'callbacks.ledger', 'a')

const server = createServer((request, response) => {
  let body = ''
  request.setEncoding('latin1')
  request.on('data', (chunk: string) => (body += chunk))
  request.on('end', () => {
    const form = new URLSearchParams(body)
    writeSync(ledger, `${form.get('MessageSid')} ${form.get('MessageStatus')}\n`)
    response.statusCode = 204
    response.end()
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as { port: number }
  console.log(JSON.stringify({ port }))
})
process.on('SIGTERM', () => process.exit(0))

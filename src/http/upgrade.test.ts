import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test } from 'node:test'
import { Router } from 'express'
import type { Hot, HttpSide } from '../plugin.ts'
import { listen } from './house.fixture.ts'

const hot: Hot = {
  takes: (_method, url) => url === '/hot',
  serve: (_request, answer) => answer({ status: 200, headers: [], body: 'hot' }),
}

function side(): HttpSide {
  const router = Router()
  router.post('/cold', async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
    response.send(`cold ${body} ${request.headers.upgrade ?? 'no wish'} ${request.headers.connection ?? ''}`)
  })
  return {
    router,
    hot,
    upgrade(request, socket, head) {
      if (request.url !== '/echo') return false
      socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n')
      socket.write(head)
      socket.pipe(socket)
      return true
    },
  }
}

async function said(port: number, text: string): Promise<{ socket: Socket; heard(wanted: RegExp): Promise<string> }> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  let all = ''
  socket.on('data', (chunk: Buffer) => (all += chunk.toString('latin1')))
  socket.on('error', () => {})
  socket.write(text)
  return {
    socket,
    async heard(wanted) {
      for (let i = 0; i < 6000 && !wanted.test(all); i++) await new Promise((resolve) => setTimeout(resolve, 10))
      assert.match(all, wanted)
      const found = all
      all = ''
      return found
    },
  }
}

test('a request that a connector wants leaves HTTP with its socket and what it sent ahead', async () => {
  const house = await listen({ sides: [side()] })
  const { heard, socket } = await said(house.port, 'GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nahead')
  await heard(/101 Switching[^]*ahead$/)
  socket.write(' and later')
  await heard(/ and later$/)
  socket.destroy()
  await house.close()
})

test('a client that offers HTTP/2 is served as if it had not, with its body, and goes on by the same connection', async () => {
  const house = await listen({ sides: [side()] })
  const wish = 'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAA\r\n'
  const { heard, socket } = await said(house.port, `POST /cold HTTP/1.1\r\nHost: x\r\n${wish}Content-Length: 7\r\n\r\na bo`)
  socket.write('dy!')
  await heard(/200 OK[^]*cold a body! no wish /)
  socket.write(`POST /cold HTTP/1.1\r\nHost: x\r\n${wish}Content-Length: 5\r\n\r\nagain`)
  await heard(/200 OK[^]*cold again no wish /)
  socket.write(`POST /hot HTTP/1.1\r\nHost: x\r\n${wish}Content-Length: 0\r\n\r\n`)
  await heard(/200 OK[^]*hot$/)
  socket.destroy()
  await house.close()
})

test('a wish that nobody hears is answered by what is at that path: nothing', async () => {
  const house = await listen({ sides: [side()] })
  const { heard, socket } = await said(house.port, 'GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  await heard(/^HTTP\/1\.1 404 /)
  socket.destroy()
  await house.close()
})

test('closing waits so long for a socket that has left, and then cuts it', async () => {
  const house = await listen({ sides: [side()] })
  const { heard, socket } = await said(house.port, 'GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n')
  await heard(/101/)
  const closed = once(socket, 'close')
  const before = performance.now()
  await house.server.close(100)
  assert.ok(performance.now() - before < 20_000)
  await closed
  await house.close()
})

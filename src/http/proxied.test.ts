// Behind a proxy, over real sockets: whichever way a request takes through the listener, it is from whoever the
// trusted proxy says, and from nobody else.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import { Router } from 'express'
import type { Hot } from '../plugin.ts'
import { basic, listen, root, token } from './house.fixture.ts'

type House = Awaited<ReturnType<typeof listen>>
let behind: House
let open: House

const here = '127.0.0.1'

function side() {
  const router = Router()
  router.get('/cold', (request, response) => {
    response.send(request.ip)
  })
  const hot: Hot = {
    takes: (_method, url) => url === '/hot',
    serve: ({ remoteAddress }, answer) => answer({ status: 200, headers: [], body: remoteAddress }),
  }
  return { router, hot }
}

before(async () => {
  behind = await listen({ sides: [side()], trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] })
  open = await listen({ sides: [side()] })
})
after(async () => {
  await behind.close()
  await open.close()
})

/** The body of the answer. */
async function asked({ port }: House, path: string, ...headers: string[]): Promise<string> {
  const socket = connect(port, here)
  let said = ''
  socket.on('data', (chunk: Buffer) => (said += chunk.toString()))
  socket.end(['GET ', path, ' HTTP/1.1\r\nHost: x\r\n', ...headers.map((one) => `${one}\r\n`), '\r\n'].join(''))
  await once(socket, 'close')
  return said.slice(said.indexOf('\r\n\r\n') + 4)
}

test('hot, cold and by node:http, a request is from whom the proxy says', async () => {
  for (const [path, ...headers] of [
    ['/hot'],
    ['/hot', 'Connection: close', 'Content-Length: 0'],
    ['/cold', 'Connection: close'],
  ] as const) {
    assert.equal(await asked(behind, path, ...headers), here)
    assert.equal(await asked(behind, path, ...headers, 'X-Forwarded-For: 192.0.2.7'), '192.0.2.7')
    assert.equal(await asked(behind, path, ...headers, 'Forwarded: for="[2001:db8::7]:81"'), '2001:db8::7')
    // The first line is the stranger's, the second the proxy's.
    assert.equal(
      await asked(behind, path, ...headers, 'X-Forwarded-For: 198.51.100.1', 'X-Forwarded-For: 192.0.2.7, 10.0.0.3'),
      '192.0.2.7',
    )
    assert.equal(await asked(open, path, ...headers, 'X-Forwarded-For: 192.0.2.7', 'Forwarded: for=192.0.2.7'), here)
  }
})

test('a key is good from its networks as the proxy tells of them, and the audit log says who came through it', async () => {
  const caller = { account: root, author: root, source: '' }
  const { key, secret } = await behind.admin.credentials.createKey(caller, root, 'main', { sources: ['192.0.2.0/24'] })
  const status = async (from: string): Promise<number> =>
    (await fetch(`${behind.url}/api/v1/accounts`, { headers: { authorization: basic(key.id, secret), 'x-forwarded-for': from } })).status
  assert.equal(await status('192.0.2.7'), 200)
  assert.equal(await status('192.0.2.7, 198.51.100.1'), 401)
  assert.equal(await status('10.9.9.9'), 401)
  const put = await fetch(`${behind.url}/api/v1/accounts/${root}`, {
    method: 'PUT',
    headers: { authorization: basic(root, token), 'x-forwarded-for': '198.51.100.9', 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Acme' }),
  })
  assert.equal(put.status, 200)
  assert.equal((await behind.admin.audit.list(caller, { limit: 1 })).entries[0]?.source, '198.51.100.9')
})

test('wrong sign-ins slow down whoever made them, and nobody else behind the same proxy', async () => {
  const guess = (from: string): Promise<Response> =>
    fetch(`${behind.url}/api/v1/accounts`, { headers: { authorization: basic(root, 'f'.repeat(32)), 'x-forwarded-for': from } })
  for (let i = 0; i < 8; i++) await guess('203.0.113.1')
  let slow = false
  const slowed = guess('203.0.113.1').then(() => (slow = true))
  assert.equal((await guess('203.0.113.2')).status, 401)
  assert.equal(slow, false)
  await slowed
})

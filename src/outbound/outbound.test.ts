import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net'
import { test } from 'node:test'
import { createOutbound } from '../outbound.ts'
import { ask, fails, outbounds } from './asking.fixture.ts'
import { isPrivateAddress } from './guard.ts'

const { closing, outbound } = outbounds()

async function listening(server: Server | ReturnType<typeof createTcpServer>): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    if ('closeAllConnections' in server) server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const web = async (answer: RequestListener): Promise<string> => `http://127.0.0.1:${await listening(createServer(answer))}`

async function read(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}

test('posts a body with headers and gives back status, headers and body', async () => {
  const url = await web((request, response) => {
    void read(request).then((body) => {
      response.writeHead(201, { 'content-type': 'text/plain', 'x-path': request.url ?? '' })
      response.end(`${request.method} ${String(request.headers['x-a'])} ${body}`)
    })
  })
  const answer = await outbound().request(ask(`${url}/a?b=c#rc=2`, { headers: { 'x-a': '1' }, body: 'né' }))
  assert.equal(answer.status, 201)
  assert.equal(answer.headers['x-path'], '/a?b=c')
  assert.equal(answer.body.toString(), 'POST 1 né')
  assert.equal(answer.url, `${url}/a?b=c`)
})

test('keeps its connections alive', async () => {
  const ports = new Set<number | undefined>()
  const url = await web((request, response) => {
    ports.add(request.socket.remotePort)
    response.end()
  })
  const out = outbound()
  for (let i = 0; i < 5; i++) await out.request(ask(url))
  assert.ok(ports.size <= 2, `${ports.size} connections for 5 requests one after another`)
})

test('sends user and password of a URL as Basic authorization, not to another origin', async () => {
  const seen: (string | undefined)[] = []
  const other = await web((request, response) => {
    seen.push(request.headers.authorization)
    response.end('there')
  })
  const url = await web((request, response) => {
    seen.push(request.headers.authorization)
    response.writeHead(307, { location: other }).end()
  })
  const answer = await outbound().request(ask(url.replace('http://', 'http://al%20i:p%C3%A9@'), { redirects: 1 }))
  assert.equal(answer.body.toString(), 'there')
  assert.deepEqual(seen, [`Basic ${Buffer.from('al i:pé').toString('base64')}`, undefined])
})

test('refuses every address that is not public, in each family and disguise', () => {
  const refused = `0.0.0.0 10.1.2.3 100.64.0.1 100.127.255.255 127.0.0.1 127.9.9.9 169.254.169.254 172.16.0.1 172.31.255.255 192.168.1.1
    198.18.0.1 224.0.0.1 255.255.255.255 :: ::1 ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:0:1 ::ffff:169.254.169.254 ::7f00:1 64:ff9b::10.0.0.1 64:ff9b::
    64:ff9b:1::1 fc00::1 fd12::1 fe80::1 fe80::1%eth0 ff02::1 2001:db8::1 2002:7f00:1::1 fec0::1 nonsense`
  for (const address of refused.split(/\s+/)) assert.equal(isPrivateAddress(address), true, address)
  for (const address of '8.8.8.8 1.1.1.1 172.32.0.1 100.128.0.1 ::ffff:8.8.8.8 64:ff9b::8.8.8.8 2606:4700:4700::1111'.split(' '))
    assert.equal(isPrivateAddress(address), false, address)
})

test('refuses literal private addresses in a URL however they are written', async () => {
  const out = outbound()
  for (const host of [
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f.0.0.1',
    '0177.0.0.1',
    '127.0.0.1.',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '169.254.169.254',
    '0',
    '[fe80::1]',
  ])
    await fails('refused', out.request(ask(`http://${host}:9/`, { allowPrivate: false })))
})

test('refuses link-local addresses whoever asks: literal, by name, and where a redirect leads', async () => {
  const out = outbound({ resolve: async () => [{ address: '169.254.169.254', family: 4 }] })
  for (const host of ['169.254.169.254', '0xa9fea9fe', '[::ffff:169.254.169.254]', '[fe80::1]', 'metadata.test'])
    await fails('refused', out.request(ask(`http://${host}:9/`)))
  const inward = await web((_request, response) => response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end())
  await fails('refused', out.request(ask(inward, { redirects: 3 })))
})

test('refuses a name that resolves to a private address, and connects only to the public ones of a mixed answer', async () => {
  const out = outbound({
    resolve: async (name) => (name === 'inside.test' ? [{ address: '10.0.0.1', family: 4 }] : [{ address: '127.0.0.1', family: 4 }]),
  })
  await fails('refused', out.request(ask('http://inside.test:9/', { allowPrivate: false })))
  await fails('refused', out.request(ask('http://other.test:9/', { allowPrivate: false })))
})

test('never shares a connection between requests that may reach private addresses and those that may not', async () => {
  const url = await web((_request, response) => response.end('in'))
  const port = new URL(url).port
  const out = outbound({ resolve: async () => [{ address: '127.0.0.1', family: 4 }] })
  assert.equal((await out.request(ask(`http://name.test:${port}/`))).body.toString(), 'in')
  await fails('refused', out.request(ask(`http://name.test:${port}/`, { allowPrivate: false })))
})

test('checks where a redirect leads by the same rule', async () => {
  const out = outbound({ resolve: async () => [{ address: '127.0.0.1', family: 4 }] })
  const loop = await web((_request, response) => response.writeHead(302, { location: '/again' }).end())
  await fails('too-many-redirects', out.request(ask(loop, { redirects: 3 })))
  const bad = await web((_request, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end())
  await fails('bad-url', out.request(ask(bad, { redirects: 3 })))
  assert.equal((await out.request(ask(loop))).status, 302)
})

test('follows 302 with a GET without body and 307 with the same POST', async () => {
  const url = await web((request, response) => {
    const status = Number(request.url?.slice(1))
    if (status) return void response.writeHead(status, { location: '/end' }).end()
    void read(request).then((body) => response.end(`${request.method} ${body} ${request.headers['content-type'] ?? ''}`))
  })
  const request = { redirects: 2, body: 'x', headers: { 'Content-Type': 'text/plain' } }
  assert.equal((await outbound().request(ask(`${url}/302`, request))).body.toString(), 'GET  ')
  assert.equal((await outbound().request(ask(`${url}/303`, request))).body.toString(), 'GET  ')
  assert.equal((await outbound().request(ask(`${url}/307`, request))).body.toString(), 'POST x text/plain')
})

test('gives up on a peer that never answers, drips, or floods', async () => {
  const hung = await web(() => {})
  const dripping = await web((_request, response) => {
    response.writeHead(200)
    const timer = setInterval(() => response.write('.'), 20)
    response.on('close', () => clearInterval(timer))
  })
  const flood = await web((_request, response) => {
    response.end('x'.repeat(5000))
  })
  const chunked = await web((_request, response) => {
    for (let i = 0; i < 50; i++) response.write('x'.repeat(100))
    response.end()
  })
  const out = outbound()
  await fails('read-timeout', out.request(ask(hung, { readTimeoutMs: 100 })))
  await fails('total-timeout', out.request(ask(hung, { totalTimeoutMs: 100 })))
  await fails('total-timeout', out.request(ask(dripping, { readTimeoutMs: 30_000, totalTimeoutMs: 300, maxBytes: 1e6 })))
  await fails('too-large', out.request(ask(flood)))
  await fails('too-large', out.request(ask(chunked)))
})

test('tells refused connections, broken protocols, lost connections and bad URLs apart', async () => {
  const sockets = new Set<Socket>()
  const garbage = await listening(
    createTcpServer((socket) => sockets.add(socket.on('error', () => {})).size && socket.end('SSH-2.0-x\r\n\r\n')),
  )
  const slammed = await listening(createTcpServer((socket) => socket.on('data', () => socket.destroy())))
  const free = createTcpServer()
  const port = await listening(free)
  await new Promise((resolve) => free.close(resolve))
  const out = outbound()
  await fails('protocol', out.request(ask(`http://127.0.0.1:${garbage}/`)))
  await fails('connect', out.request(ask(`http://127.0.0.1:${slammed}/`)))
  await fails('connect', out.request(ask(`http://127.0.0.1:${port}/`)))
  await fails('tls', out.request(ask(`https://127.0.0.1:${new URL(await web((_q, r) => r.end())).port}/`)))
  for (const url of ['', 'no url', 'ftp://a.test/', 'javascript:1', `http://a.test/${'x'.repeat(9000)}`])
    await fails('bad-url', out.request(ask(url)))
  await fails('bad-url', out.request(ask('http://127.0.0.1:9/', { headers: { 'x-a': 'b\r\nc: d' } })))
})

test('keeps a bounded number of connections and still serves every origin', async () => {
  const urls = await Promise.all(Array.from({ length: 5 }, (_, i) => web((_request, response) => response.end(String(i)))))
  const out = outbound({ connections: 2 })
  for (let round = 0; round < 2; round++)
    for (const [i, url] of urls.entries()) assert.equal((await out.request(ask(url))).body.toString(), String(i))
})

test('aborts with the caller, before, during and through one signal for many', async () => {
  const hung = await web(() => {})
  const out = outbound()
  await fails('aborted', out.request(ask(hung, { signal: AbortSignal.abort() })))
  const controller = new AbortController()
  const open = Promise.all(Array.from({ length: 5 }, () => fails('aborted', out.request(ask(hung, { signal: controller.signal })))))
  setTimeout(() => controller.abort(), 30)
  await open
})

test('rejects what is asked of it after close', async () => {
  const out = createOutbound()
  await out.close()
  await fails('aborted', out.request(ask('http://127.0.0.1:9/')))
})

test('sends headers given as lines as they are, leaves the same ones out of redirects, and refuses what is no line', async () => {
  const end = await web((request, response) => response.end(JSON.stringify(request.headers)))
  const url = await web((request, response) => void response.writeHead(request.url === '/get' ? 303 : 307, { location: end }).end())
  const headers = 'x-a: é\r\nAuthorization: Basic a\r\ncookie: b=c\r\nContent-Type: text/plain\r\nx-b: 1\r\n'
  const sent = async (to: string): Promise<Record<string, string>> =>
    JSON.parse((await outbound().request(ask(to, { headers, body: 'x', redirects: 1 }))).body.toString()) as Record<string, string>
  const kept = { 'x-a': 'é', 'x-b': '1' }
  const names = new Set(['x-a', 'authorization', 'cookie', 'content-type', 'x-b'])
  const seen = (all: Record<string, string>): Record<string, string> =>
    Object.fromEntries(Object.entries(all).filter(([name]) => names.has(name)))
  assert.deepEqual(seen(await sent(end)), { ...kept, authorization: 'Basic a', cookie: 'b=c', 'content-type': 'text/plain' })
  assert.deepEqual(seen(await sent(`${url}/post`)), { ...kept, 'content-type': 'text/plain' })
  assert.deepEqual(seen(await sent(`${url}/get`)), kept)
  for (const wrong of [
    'x-a: b',
    'x-a: b\n',
    'x-a b\r\n',
    'x a: b\r\n',
    ': b\r\n',
    'x-a: b\r\n\r\n',
    'x-a: b\r\n c\r\n',
    'x-a: €\r\n',
    'x-a: \0\r\n',
  ])
    await fails('bad-url', outbound().request(ask(end, { headers: wrong })))
})

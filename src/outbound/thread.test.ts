import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { ask, fails } from './asking.fixture.ts'
import { OutboundError } from './contract.ts'
import { createOutboundThread } from './thread.ts'

const closing: (() => Promise<unknown>)[] = []
after(async () => {
  for (const close of closing) await close()
})

async function peer(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closing.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

function thread() {
  const outbound = createOutboundThread({}, { error() {} })
  closing.push(() => outbound.close())
  return outbound
}

test('many requests at once are each answered with what is theirs, bytes and headers unchanged', async () => {
  const url = await peer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const n = request.headers['x-n'] as string
      response.writeHead(200 + (Number(n) % 2), { 'X-N': n, 'Set-Cookie': ['a=1', 'b=2'] })
      response.end(Buffer.concat([Buffer.from([0, 255, 10]), ...chunks]))
    })
  })
  const outbound = thread()
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) => outbound.request(ask(`${url}?${n}`, { headers: { 'x-n': String(n) }, body: `né ${n}` }))),
  )
  for (const [n, answer] of answers.entries()) {
    assert.equal(answer.status, 200 + (n % 2))
    assert.equal(answer.url, `${url}?${n}`)
    assert.equal(answer.headers['x-n'], String(n))
    assert.deepEqual(answer.headers['set-cookie'], ['a=1', 'b=2'])
    assert.deepEqual(answer.body, Buffer.concat([Buffer.from([0, 255, 10]), Buffer.from(`né ${n}`)]))
  }
})

test('failures keep their kind', async () => {
  const slow = await peer(() => {})
  const outbound = thread()
  await fails('connect', outbound.request(ask('http://127.0.0.1:1/')))
  await fails('refused', outbound.request(ask(slow, { allowPrivate: false })))
  await fails('read-timeout', outbound.request(ask(slow, { readTimeoutMs: 100 })))
  await fails('bad-url', outbound.request(ask('nonsense')))
  await fails('bad-url', outbound.request(ask(slow, { headers: { a: 'b\nc: d' } })))
})

test('a failure says whether the request had been written', async () => {
  const silent = await peer(() => {})
  const cutting = await peer((request) => request.socket.destroy())
  const outbound = thread()
  const written = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => assert.fail('it was answered'),
      (error: unknown) => error instanceof OutboundError && error.written,
    )
  assert.equal(await written(outbound.request(ask('http://127.0.0.1:1/'))), false)
  assert.equal(await written(outbound.request(ask(silent, { allowPrivate: false }))), false)
  assert.equal(await written(outbound.request(ask(silent, { readTimeoutMs: 100 }))), true)
  assert.equal(await written(outbound.request(ask(silent, { totalTimeoutMs: 2500 }))), true)
  assert.equal(await written(outbound.request(ask(cutting))), true)
})

for (const [how, end] of [
  ['is ended', (worker: Worker) => worker.terminate()],
  ['has a fault of its own', (worker: Worker) => worker.postMessage(null)],
] as const) {
  test(`the thread ${how}: what was asked fails and may be tried again, and the next request starts another thread`, async () => {
    const started: Worker[] = []
    const onWorker = (worker: Worker): void => void started.push(worker)
    process.on('worker', onWorker)
    closing.push(async () => process.off('worker', onWorker))
    const url = await peer((request, response) => void (request.url === '/slow' || response.end('here')))
    const log: string[] = []
    const outbound = createOutboundThread({}, { error: (_: unknown, text?: string) => void log.push(text ?? '') })
    closing.push(() => outbound.close())
    const open = [outbound.request(ask(`${url}slow`)), outbound.request(ask(`${url}slow`))]
    assert.equal((await outbound.request(ask(url))).body.toString(), 'here')
    assert.equal(started.length, 1)
    void end(started[0]!)
    for (const one of open) await fails('connect', one)
    assert.equal((await outbound.request(ask(url))).body.toString(), 'here')
    assert.equal(started.length, 2)
    assert.deepEqual(log, ['the thread that calls webhooks died; the next request starts another'])
    const last = outbound.request(ask(`${url}slow`))
    const closed = outbound.close()
    await fails('aborted', last)
    await closed
    assert.equal(log.length, 1, 'an end that was asked for is no death')
  })
}

test('a signal ends a request soon, and closing ends all', async () => {
  const slow = await peer(() => {})
  const outbound = thread()
  const abort = new AbortController()
  const one = outbound.request(ask(slow, { signal: abort.signal }))
  setTimeout(() => abort.abort(), 20)
  await fails('aborted', one)
  const other = outbound.request(ask(slow))
  const closed = outbound.close()
  await fails('aborted', other)
  await closed
  await fails('aborted', outbound.request(ask(slow)))
})

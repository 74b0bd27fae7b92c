import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test, type TestContext } from 'node:test'
import smpp, { type PDU } from 'smpp'
import { readCarriers } from './carriers-file.ts'

const program = new URL('program.js', import.meta.url).pathname

function start(t: TestContext, args: readonly string[]) {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  t.after(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const line = async () => JSON.parse((await lines.next()).value as string) as Record<string, unknown>
  return { child, line, exited: once(child, 'exit') }
}

test('as a process it says where it listens, keeps a ledger, counts, and ends on SIGTERM', { timeout: 180_000 }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'simulator-'))
  t.after(() => rm(directory, { recursive: true }))
  const ledger = join(directory, 'ledger')
  const { child, line, exited } = start(t, ['--port', '0', '--preset', 'sink', '--preset', 'uuid', '--ledger', ledger])
  const listening = String((await line())['listening'])
  assert.match(listening, /^127\.0\.0\.1:\d+$/)
  const session = smpp.connect({ url: `smpp://${listening}` })
  session.on('error', () => {})
  session.on('unbind', (pdu: PDU) => session.send(pdu.response()))
  await once(session, 'connect')
  await new Promise<PDU>((resolve) => session.bind_transceiver({ system_id: 'uuid', password: 'secret' }, resolve))
  const response = await new Promise<PDU>((resolve) => session.submit_sm({ destination_addr: '447700900123', short_message: 'x' }, resolve))
  assert.match(response.message_id, /^[0-9a-f-]{36}$/)
  child.kill('SIGUSR2')
  const counted = await line()
  assert.deepEqual([counted['submits'], counted['taken'], counted['receiptsSent']], [1, 1, 0])
  assert.ok(Number(counted['cpuMicros']) > 0)
  child.kill('SIGTERM')
  assert.equal((await line())['submits'], 1)
  assert.deepEqual(await exited, [0, null])
  assert.equal((JSON.parse(await readFile(ledger, 'utf8')) as { id: string }).id, response.message_id)
})

test('wrong arguments end it with what would be right', { timeout: 180_000 }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'simulator-'))
  t.after(() => rm(directory, { recursive: true }))
  const file = join(directory, 'carriers.json')
  await writeFile(file, '[{"id":"a","password":"b","preset":"calm"}]')
  const cases: [string[], RegExp][] = [
    [['--preset', 'calm'], /--preset: expected one of normal/],
    [['--port', '99999'], /--port: expected a whole number from 0 to 65535, got 99999/],
    [['--carriers', file], /carriers\.0\.preset: expected one of normal/],
  ]
  for (const [args, message] of cases) {
    const { child, exited } = start(t, args)
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    assert.deepEqual(await exited, [1, null])
    assert.match(said, message)
    assert.match(said, /^usage: /m)
  }
})

test('a carriers file is read, and each fault in it named with its place', () => {
  assert.deepEqual(readCarriers('[{"id":"a","password":"b","preset":"slow","personality":{"window":5}}]'), [
    { id: 'a', password: 'b', preset: 'slow', personality: { window: 5 } },
  ])
  assert.throws(() => readCarriers('[{"id":"","password":"b"}]'), /carriers\.0\.id: /)
  assert.throws(() => readCarriers('[{"id":"a","password":"b","colour":"red"}]'), /carriers\.0: .*colour/)
  assert.throws(() => readCarriers('[{"id":"a","password":"b","personality":{"window":-5}}]'), /carriers\.0\.personality\.window: /)
  assert.throws(() => readCarriers('[]'), /carriers/)
})

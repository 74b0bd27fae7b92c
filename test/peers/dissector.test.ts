// An independent dissector looks at what we put on the wire: no PDU of a whole run (binds, short and
// long texts in every alphabet, receipts, replies, keep-alive, unbind) is malformed.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { api, setUp, sid, startGatewayProcess, tearDown, token } from '../bench/gateway.ts'
import { freePort } from '../bench/processes.ts'
import { started } from './capture.ts'
import { needs, peer } from './found.ts'

const run = promisify(execFile)
const texts = ['plain', 'curly {braces} and €', 'Привет, мир', `long ${'x'.repeat(400)}`, `длинный ${'ж'.repeat(200)}`, '🚂'.repeat(80)]

test('a capture of our SMPP traffic shows no malformed PDU', { ...needs('tshark'), timeout: 180_000 }, async () => {
  const simulator = await freePort()
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-capture-'))
  const file = join(directory, 'smpp.pcapng')
  const capture = spawn(peer('tshark')!, ['-q', '-i', 'lo', '-f', `tcp port ${simulator}`, '-w', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const setup = await setUp({ SIGNALBOX_DEMO: 'on', SIGNALBOX_SIMULATOR: `127.0.0.1:${simulator}` })
  try {
    await started(capture)
    const gateway = await startGatewayProcess(setup)
    const authorization = `Basic ${Buffer.from(`${sid}:${token}`).toString('base64')}`
    const to = (n: number): string => `+4477009001${String(n).padStart(2, '0')}`
    for (const [n, text] of texts.entries()) {
      const body = new URLSearchParams({ To: to(n), From: '+15005550006', Body: text })
      const answer = await fetch(`http://127.0.0.1:${setup.httpPort}/2010-04-01/Accounts/${sid}/Messages.json`, {
        method: 'POST',
        headers: { authorization },
        body,
      })
      assert.equal(answer.status, 201)
    }
    const until = Date.now() + 60_000
    for (;;) {
      const { messages } = await api<{ messages: { status: string }[] }>(setup, `/2010-04-01/Accounts/${sid}/Messages.json`)
      if (messages.filter((message) => message.status === 'delivered').length === texts.length) break
      assert.ok(Date.now() < until, 'not everything was delivered')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await api(setup, '/simulator/replies', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ from: to(0), to: '+15005550006', text: `a long answer ${'y'.repeat(300)}` }),
    })
    await new Promise((resolve) => setTimeout(resolve, 1000))
    await gateway.stop()
    await new Promise((resolve) => setTimeout(resolve, 500))
    capture.kill('SIGINT')
    await once(capture, 'exit')
    const read = (...args: string[]): Promise<{ stdout: string }> =>
      run(peer('tshark')!, ['-r', file, '-d', `tcp.port==${simulator},smpp`, ...args], { maxBuffer: 50_000_000 })
    const { stdout: commands } = await read('-T', 'fields', '-e', 'smpp.command_id')
    const seen = commands.split(/[\s,]+/).filter((id) => id !== '').length
    assert.ok(seen > 60, `only ${seen} PDUs were captured`)
    const { stdout: malformed } = await read('-Y', '_ws.malformed || smpp.command_status == 3')
    assert.equal(malformed, '')
    const { stdout: expert } = await read('-q', '-z', 'expert,error')
    assert.doesNotMatch(expert, /SMPP/, expert)
  } finally {
    capture.kill('SIGKILL')
    await rm(directory, { recursive: true, force: true })
    await tearDown(setup)
  }
})

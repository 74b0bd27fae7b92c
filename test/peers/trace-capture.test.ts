// A trace saved as pcap, seen by an independent dissector: every PDU of every command, large ones
// over several segments, either side of a bind, IPv4 and IPv6; and a whole run of the gateway with
// the simulator, traced by the command line.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { encodePdu, type Draft, tags } from '../../plugins/smpp/codec/index.ts'
import { samples } from '../../plugins/smpp/codec/samples.ts'
import { smppTrace } from '../../plugins/smpp/trace/index.ts'
import { createCapture, captureHead } from '../../src/binds/capture.ts'
import type { TracedConnection } from '../../src/model/trace.ts'
import { api, setUp, sid, startGatewayProcess, tearDown, token } from '../bench/gateway.ts'
import { freePort } from '../bench/processes.ts'
import { needs, peer } from './found.ts'

const run = promisify(execFile)

async function directory(t: { after(done: () => Promise<void>): void }): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'signalbox-trace-'))
  t.after(() => rm(made, { recursive: true, force: true }))
  return made
}

/** What tshark says, checksums looked at too. */
async function dissected(file: string): Promise<{ commands: string[]; faults: string }> {
  const read = async (...args: string[]): Promise<string> =>
    (
      await run(peer('tshark')!, ['-r', file, '-o', 'tcp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE', ...args], {
        maxBuffer: 50_000_000,
      })
    ).stdout
  const commands = (await read('-T', 'fields', '-e', 'smpp.command_id')).split(/[\s,]+/).filter((id) => id !== '')
  const wrong = '_ws.malformed || tcp.analysis.flags || tcp.checksum.status == 0 || ip.checksum.status == 0 || _ws.expert.severity == error'
  return { commands, faults: await read('-Y', wrong) }
}

const v4: TracedConnection = { local: { address: '10.0.0.1', port: 40_000 }, remote: { address: '10.0.0.2', port: 16_000 } }
const v6: TracedConnection = { local: { address: '2001:db8::1', port: 40_001 }, remote: { address: '2001:db8::2', port: 16_000 } }

test('every command, concealed, is dissected without a fault', { ...needs('tshark'), timeout: 180_000 }, async (t) => {
  const at = await directory(t)
  const long: Draft = {
    command: 'submit_sm',
    sequence_number: 900,
    source_addr: 'ACME',
    destination_addr: '447700900123',
    tlvs: [[tags.message_payload, new Uint8Array(60_000).fill(0x41)]],
  }
  // Of the samples' own TLVs one has no octets, which is said to be an error of its sender.
  const drafts: Draft[] = [
    ...samples.map((sample) => ({ ...sample, tlvs: sample.tlvs.filter(([, value]) => value.length > 0) })),
    long,
    long,
  ]
  for (const dialled of [true, false]) {
    for (const bodies of [true, false]) {
      const next = createCapture({ port: smppTrace.port, dialled })
      const pieces: Uint8Array[] = [captureHead()]
      let n = 0
      for (const connection of [v4, v6]) {
        for (const draft of drafts) {
          const octets = new Uint8Array(encodePdu(draft))
          assert.equal(smppTrace.conceal(octets, bodies), undefined)
          pieces.push(next({ n: ++n, at: 1_700_000_000_000 + n, connection, direction: n % 3 === 0 ? 'in' : 'out', octets }))
        }
      }
      const file = join(at, `${dialled}-${bodies}.pcap`)
      await writeFile(file, Buffer.concat(pieces))
      const { commands, faults } = await dissected(file)
      assert.equal(faults, '')
      assert.equal(commands.length, n)
    }
  }
})

test('a run traced by the command line is dissected without a fault', { ...needs('tshark'), timeout: 180_000 }, async (t) => {
  const at = await directory(t)
  const file = join(at, 'run.pcap')
  const simulator = await freePort()
  const setup = await setUp({ SIGNALBOX_DEMO: 'on', SIGNALBOX_SIMULATOR: `127.0.0.1:${simulator}` })
  try {
    const gateway = await startGatewayProcess(setup)
    const environment = {
      ...process.env,
      SIGNALBOX_HTTP: `127.0.0.1:${setup.httpPort}`,
      SIGNALBOX_ACCOUNT_SID: sid,
      SIGNALBOX_AUTH_TOKEN: token,
    }
    const main = join(import.meta.dirname, '../../src/main.js')
    const command = (...args: string[]): Promise<{ stdout: string }> => run(process.execPath, [main, ...args], { env: environment })
    const traced = command('pdus', '--bind', 'northern', '--for', '20s', '--count', '30', '--bodies', '--pcap', file)
    await eventually(async () => (await status(setup)).running)
    const texts = ['plain', 'curly {braces} and €', 'Привет, мир', `long ${'x'.repeat(400)}`, `длинный ${'ж'.repeat(200)}`, '🚂'.repeat(80)]
    for (const [n, text] of [...texts, ...texts].entries()) {
      const body = new URLSearchParams({ To: `+4477009001${String(n).padStart(2, '0')}`, From: '+15005550006', Body: text })
      const authorization = `Basic ${Buffer.from(`${sid}:${token}`).toString('base64')}`
      const url = `http://127.0.0.1:${setup.httpPort}/2010-04-01/Accounts/${sid}/Messages.json`
      assert.equal((await fetch(url, { method: 'POST', headers: { authorization }, body })).status, 201)
    }
    const { stdout } = await traced
    assert.match(stdout, /#1 {2}\d{4}-.* → 127\.0\.0\.1:\d+ .* submit_sm\n {4}command_length/)
    assert.match(stdout, /short_message .*"plain"/)
    assert.match(stdout, /30 PDUs are recorded/)
    const { commands, faults } = await dissected(file)
    assert.equal(faults, '')
    assert.equal(commands.length, 30)
    await gateway.stop()
  } finally {
    await tearDown(setup)
  }
})

async function status(setup: Parameters<typeof api>[0]): Promise<{ running: boolean }> {
  try {
    return (await api<{ trace: { running: boolean } }>(setup, '/api/v1/binds/northern/trace')).trace
  } catch {
    return { running: false }
  }
}

async function eventually(holds: () => Promise<boolean>): Promise<void> {
  for (const until = Date.now() + 60_000; !(await holds());) {
    assert.ok(Date.now() < until, 'it did not come about')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

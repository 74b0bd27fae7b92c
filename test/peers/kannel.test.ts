// Kannel, a gateway that nobody here wrote, as a customer of the simulated carriers: what the benchmark
// compares against works before it is timed.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startCarriers } from '../../plugins/simulator/index.ts'
import { needs } from './found.ts'
import { startKannel } from './kannel.ts'

const messages = 100

test(
  'messages go from sendsms through Kannel to a carrier, and each receipt to its dlr-url once',
  { ...needs('kannel'), timeout: 180_000 },
  async (t) => {
    const workDir = await mkdtemp(join(tmpdir(), 'signalbox-kannel-'))
    const carriers = await startCarriers({ port: 0, seed: 1, carriers: [{ id: 'sink', password: 'secret', preset: 'sink' }] })
    t.after(async () => {
      await carriers.close()
      await rm(workDir, { recursive: true })
    })
    const reported = new Map<string, number>()
    const receiver = createServer((request, response) => {
      reported.set(request.url!, (reported.get(request.url!) ?? 0) + 1)
      response.end()
    }).listen(0, '127.0.0.1')
    t.after(() => {
      receiver.closeAllConnections()
      receiver.close()
    })
    const kannel = await startKannel({ sinkPort: carriers.port, systemId: 'sink', store: 'file', workDir, window: 100 })
    try {
      const before = kannel.cpuMicros()
      const { port } = receiver.address() as AddressInfo
      const send = async (n: number): Promise<number> => {
        const query = new URLSearchParams({
          username: 'bench',
          password: 'bench',
          from: '+15550001111',
          to: `+4477009${String(n).padStart(5, '0')}`,
          text: `number ${n}`,
          'dlr-mask': '1',
          'dlr-url': `http://127.0.0.1:${port}/${n}?d=%d`,
        })
        return (await fetch(`${kannel.url}?${query.toString()}`)).status
      }
      for (const status of await Promise.all(Array.from({ length: messages }, (_, n) => send(n)))) assert.equal(status, 202)
      const until = Date.now() + 60_000
      while (reported.size < messages && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20))
      assert.deepEqual(reported, new Map(Array.from({ length: messages }, (_, n) => [`/${n}?d=1`, 1])))
      assert.deepEqual(
        new Set(carriers.inbox().map(({ text }) => text)),
        new Set(Array.from({ length: messages }, (_, n) => `number ${n}`)),
      )
      assert.ok(kannel.cpuMicros() >= before)
    } finally {
      await kannel.stop()
    }
  },
)

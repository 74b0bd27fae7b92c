// What Kannel has of a carrier, drive_smpp: it takes a transmitter and a receiver, sends so many messages
// and takes what it is sent; it makes no receipts. bearerbox dials only, and fakesmsc speaks a protocol
// of Kannel's own, so neither can be a carrier by SMPP.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { freePort } from '../bench/processes.ts'
import { ask, configure, create, eventually, messagesPath, reaches, root, startWorld } from '../e2e/world.ts'
import { needs, peer } from './found.ts'
import { startTap } from './tap.ts'

const messages = 5

test('drive_smpp takes what we send, and what it sends arrives', { ...needs('drive_smpp', 'tshark'), timeout: 180_000 }, async (t) => {
  const port = await freePort()
  const tap = await startTap(port)
  const world = await startWorld({})
  t.after(async () => {
    await world.close()
    await tap.close()
  })
  await configure(
    world.setup,
    `accounts:
  - id: root
    binds:
      - { id: kannel, connector: smpp, config: { host: 127.0.0.1, port: ${tap.port}, systemId: foo, password: bar, mode: tx+rx } }
    numbers: [{ number: "123" }]
    routes: [{ id: all, prefix: "", to: [kannel] }]
`,
  )
  // It ends seconds after the bind, for want of a bearerbox on a port of its own choice: so what is sent waits for it.
  const message = await create(world.setup, { To: '+447700900123', From: '123', Body: 'To Kannel' })
  const child = spawn(peer('drive_smpp')!, ['-v', '0', '-p', String(port), '-m', String(messages)], {
    cwd: world.setup.data,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  t.after(() => child.kill('SIGKILL'))
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await reaches(world.setup, message, 'sent')
  const answers = (): number => said.split('Handling SMPP PDU of type deliver_sm_resp').length - 1
  await eventually('what it sent is answered', () => (answers() === messages ? true : undefined))
  assert.match(said, /short_message = <To Kannel>/)
  const { commands, faults } = await tap.dissected()
  assert.equal(faults, '')
  for (const command of ['0x00000001', '0x00000002', '0x00000004', '0x80000004', '0x80000015'])
    assert.ok((commands.get(command) ?? 0) > 0, `${command}, of ${JSON.stringify([...commands])}`)
  const { json } = await ask(world.setup, messagesPath(root.sid), { as: root })
  const inbound = (json['messages'] as Record<string, unknown>[]).filter(({ direction }) => direction === 'inbound')
  assert.deepEqual(
    inbound.map(({ from, to, status }) => [from, to, status]),
    Array.from({ length: messages }, () => ['456', '123', 'received']),
  )
})

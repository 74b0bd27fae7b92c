// A gateway that starts while a trunk sends: what comes in before binds are dialled is from a known peer
// all the same, and is not challenged.
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { apply, setUp, startGatewayProcess, tearDown } from '../bench/gateway.ts'
import { freePort } from '../bench/processes.ts'

const everyMs = 10
const profiles = 4

test('a trunk that sends while the gateway starts is never challenged', { timeout: 180_000 }, async () => {
  const ports = await Promise.all(Array.from({ length: profiles }, freePort))
  const setup = await setUp()
  const directory = join(setup.data, 'sip-profiles')
  await mkdir(directory)
  // Each takes its time to start, while those before it listen.
  for (const [n, port] of ports.entries()) await writeFile(join(directory, `p${n}.yaml`), `listen: { udp: '127.0.0.1:${port}' }\n`)
  setup.env['SIGNALBOX_SIP'] = directory
  const socket = createSocket('udp4')
  const statuses = new Map<string, number>()
  socket.on('message', (octets) => {
    const status = octets.toString('latin1', 8, 11)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  let sent = 0
  const send = (): void => {
    const lines = [
      'MESSAGE sip:+447000000001@pbx.test SIP/2.0',
      `Via: SIP/2.0/UDP 127.0.0.1:${socket.address().port};rport;branch=z9hG4bKstart${sent}`,
      'Max-Forwards: 70',
      'From: <sip:+15550009999@pbx.test>;tag=1',
      'To: <sip:+447000000001@pbx.test>',
      `Call-ID: start-${sent++}`,
      'CSeq: 1 MESSAGE',
      'Content-Type: text/plain',
      'Content-Length: 5',
      '',
      'hello',
    ]
    socket.send(lines.join('\r\n'), ports[0], '127.0.0.1')
  }
  let gateway = await startGatewayProcess(setup)
  let sending: ReturnType<typeof setInterval> | undefined
  try {
    await apply(
      setup,
      `accounts:
  - id: root
    binds:
      - { id: pbx, connector: sip, side: supplier, config: { profile: p0, nextHops: ['sip:127.0.0.1:9'], pingSeconds: 0, addresses: [127.0.0.1] } }
    numbers: [{ number: "+447000000001" }]
`,
    )
    await gateway.kill()
    sending = setInterval(send, everyMs)
    gateway = await startGatewayProcess(setup)
    const until = Date.now() + 60_000
    while ((statuses.get('202') ?? 0) === 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 50))
    assert.ok((statuses.get('202') ?? 0) > 0, `${sent} sent, answered ${JSON.stringify([...statuses])}`)
    assert.equal(statuses.get('407'), undefined, JSON.stringify([...statuses]))
  } finally {
    clearInterval(sending)
    socket.close()
    await gateway.stop()
    await tearDown(setup)
  }
})

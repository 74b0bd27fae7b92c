// Between a peer and what it connects to: passes every octet on as it came and keeps it, so that tshark
// can look at the whole conversation. Needs no right to listen on a network interface.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { smppTrace } from '../../plugins/smpp/trace/index.ts'
import { captureHead, createCapture } from '../../src/binds/capture.ts'
import type { TraceDirection, TracedConnection } from '../../src/model/trace.ts'
import { peer } from './found.ts'

export interface Tap {
  port: number
  /** Whether these octets passed, within one read of a socket. */
  passed(octets: Buffer): boolean
  /** What tshark makes of all that passed so far. */
  dissected(): Promise<Dissected>
  close(): Promise<void>
}

export interface Dissected {
  /** How many PDUs of each command_id, as tshark writes it: `0x00000004`. */
  commands: Map<string, number>
  /** What it finds wrong, a line a PDU; empty: nothing. */
  faults: string
}

interface Passed {
  at: number
  direction: TraceDirection
  connection: TracedConnection
  octets: Buffer
}

/** `in` is what the peer says, which connects to `port` instead of `target`. */
export async function startTap(target: number): Promise<Tap> {
  const passed: Passed[] = []
  const sockets = new Set<Socket>()
  const server = createServer((peerSide) => {
    const ourSide = connect({ host: '127.0.0.1', port: target, noDelay: true })
    peerSide.setNoDelay(true)
    const connection = {
      local: { address: '127.0.0.1', port: target },
      remote: { address: '127.0.0.1', port: peerSide.remotePort ?? 0 },
    }
    const pass = (from: Socket, to: Socket, direction: TraceDirection): void => {
      sockets.add(from)
      from.on('data', (octets) => {
        passed.push({ at: Date.now(), direction, connection, octets })
        to.write(octets)
      })
      from.on('end', () => to.end())
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroySoon()
      })
    }
    pass(peerSide, ourSide, 'in')
    pass(ourSide, peerSide, 'out')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    passed: (octets) => passed.some((each) => each.octets.includes(octets)),
    dissected: () => dissect(passed),
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function dissect(passed: readonly Passed[]): Promise<Dissected> {
  const directory = await mkdtemp(join(tmpdir(), 'signalbox-tap-'))
  try {
    const next = createCapture({ port: smppTrace.port, dialled: false })
    const file = join(directory, 'tap.pcap')
    await writeFile(file, Buffer.concat([captureHead(), ...passed.map((each, i) => next({ n: i + 1, ...each }))]))
    const read = async (...args: string[]): Promise<string> =>
      (await promisify(execFile)(peer('tshark')!, ['-r', file, ...args], { maxBuffer: 50_000_000 })).stdout
    const commands = new Map<string, number>()
    for (const id of (await read('-T', 'fields', '-e', 'smpp.command_id')).split(/[\s,]+/)) {
      if (id !== '') commands.set(id, (commands.get(id) ?? 0) + 1)
    }
    return { commands, faults: await read('-Y', '_ws.malformed || _ws.expert.severity == error || tcp.analysis.flags') }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

// Links of ours under mutated PDUs, over real sockets. Held true of every PDU: nothing is thrown, a
// request is answered once, in its turn and by its number, what was read is written again as it was,
// what a trace shows is whole; of every session: each of our own requests is settled exactly once,
// and it closes for the reason that it was given.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { pino } from 'pino'
import { commandIds, commandOf, createParser, createSlab, decodePdu, describe, type Pdu, writePdu } from '../../plugins/smpp/codec/index.ts'
import { createLink, type Link } from '../../plugins/smpp/link.ts'
import { smppTrace } from '../../plugins/smpp/trace/index.ts'
import { systemClock } from '../../src/plugin.ts'
import { caseRandom, createMutator, type Mutator } from './mutate.ts'
import { whyOf } from '../../src/model/failure.ts'

export interface FuzzOptions {
  pdus: number
  seed: number
  /** Number of the first case. */
  from?: number
  /** After each session: cases so far. */
  onProgress?(done: number): void
}

export interface FuzzReport {
  pdus: number
  sessions: number
  /** How the sessions ended: framing, half, unbind, closed. */
  endings: Record<string, number>
  read: number
  refused: number
  responses: number
  /** Octets of the heap after a collection, at a tenth of the run and at its end. */
  heap: { early: number; late: number }
}

const perSession = 20_000
const perBatch = 400
const asked = 20
/** What a trace would show is looked at for one in so many. */
const tracedEvery = 8
const responseBit = 0x8000_0000
const unanswered: ReadonlySet<number> = new Set([commandIds.outbind, commandIds.alert_notification])

/** Throws an error that names the case. `collect` runs the garbage collector. */
export async function fuzz({ pdus, seed, from = 0, onProgress }: FuzzOptions, collect: () => void): Promise<FuzzReport> {
  const report: FuzzReport = { pdus: 0, sessions: 0, endings: {}, read: 0, refused: 0, responses: 0, heap: { early: 0, late: 0 } }
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const mutator = createMutator(seed)
  try {
    while (report.pdus < pdus) {
      const size = Math.min(perSession, pdus - report.pdus)
      const first = from + report.pdus
      try {
        await session({ server, mutator, seed, first, size, report })
      } catch (error) {
        throw new Error(`cases ${first}–${first + size - 1} of seed ${seed}: ${whyOf(error)}`, {
          cause: error,
        })
      }
      report.pdus += size
      report.sessions++
      if (report.heap.early === 0 && report.pdus >= pdus / 10) report.heap.early = heapBytes(collect)
      onProgress?.(report.pdus)
    }
    report.heap.late = heapBytes(collect)
    return report
  } finally {
    await new Promise((resolve) => server.close(resolve))
  }
}

function heapBytes(collect: () => void): number {
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

interface SessionParts {
  server: Server
  mutator: Mutator
  seed: number
  first: number
  size: number
  report: FuzzReport
}

async function session(parts: SessionParts): Promise<void> {
  const [ours, peer] = await sockets(parts.server, parts.report.sessions % 2 === 0)
  try {
    await run(parts, ours, peer)
  } finally {
    ours.destroy()
    peer.destroy()
  }
}

async function run({ mutator, seed, first, size, report }: SessionParts, ours: Socket, peer: Socket): Promise<void> {
  const faults: unknown[] = []
  const slab = createSlab(8192)
  const link: Link = createLink({
    socket: ours,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    enquireLinkMs: 600_000,
    responseTimeoutMs: 600_000,
    onRequest(pdu) {
      report.read++
      try {
        describe(pdu)
        slab.end = 0
        writePdu(slab, pdu)
      } catch (error) {
        faults.push(error)
      }
      const command = answerTo(pdu)
      if (command) link.post({ command, sequence_number: pdu.sequence_number } as Pdu)
    },
  })
  const settled = new Map<number, number>()
  for (let i = 0; i < asked; i++) {
    settled.set(i, 0)
    link.ask({ command: 'enquire_link', sequence_number: 0 }, () => settled.set(i, settled.get(i)! + 1))
  }
  const listening = listen(peer)
  for (let at = 0; at < size; at += perBatch) {
    const expected: number[] = []
    const chunks: Buffer[] = []
    for (let i = at; i < Math.min(size, at + perBatch); i++) {
      const sequence = asked + 1 + i
      const octets = mutator.make(first + i, sequence)
      const id = octets.readUInt32BE(4)
      if (id === commandIds.unbind) octets.writeUInt32BE(commandIds.enquire_link, 4)
      if (id < responseBit && !unanswered.has(id)) expected.push(sequence)
      if (id >= responseBit) report.responses++
      if (i % tracedEvery === 0) looked(octets)
      chunks.push(Buffer.from(octets))
    }
    const got = await listening.take(expected.length, cutUp(Buffer.concat(chunks), seed, first + at))
    assert.deepEqual(got, expected, 'the answers are those to the requests, in their order')
    assert.deepEqual(faults, [])
  }
  report.refused += listening.refused
  await ending(link, peer, caseRandom(seed, first + size).below(4), report)
  for (const [i, times] of settled) assert.equal(times, 1, `request ${i} was settled ${times} times`)
}

/** As a trace sees it: concealed and shown without a throw, its length kept, and read as before where it could be. */
function looked(octets: Buffer): void {
  const before = decodePdu(octets)
  if ('pdu' in before && octets.readUInt32BE(4) < responseBit) {
    const slab = createSlab(octets.length + 16)
    writePdu(slab, before.pdu)
    assert.ok(
      slab.buffer.subarray(0, slab.end).equals(octets),
      `${before.pdu.command} is not written as it was read: ${octets.toString('hex')}`,
    )
  }
  const shown = new Uint8Array(octets)
  const why = smppTrace.conceal(shown, false)
  assert.equal(why === undefined, 'pdu' in before)
  if ('pdu' in before) assert.ok('pdu' in decodePdu(shown), `${octets.toString('hex')} is not readable any more once concealed`)
  assert.ok(smppTrace.dissect(shown, why === undefined).fields.length >= 4)
}

/** None for those that have none. */
function answerTo(pdu: Pdu): Pdu['command'] | undefined {
  return commandOf(commandIds[pdu.command] + responseBit)
}

/** A chunk as the network might hand it over: in pieces of any size. */
function cutUp(octets: Buffer, seed: number, n: number): Buffer[] {
  const random = caseRandom(seed, n)
  const pieces: Buffer[] = []
  for (let at = 0; at < octets.length;) {
    const length = random.below(3) === 0 ? 1 + random.below(40) : 1 + random.below(30_000)
    pieces.push(octets.subarray(at, at + length))
    at += length
  }
  return pieces
}

interface Listening {
  /** Writes the pieces; resolves to the sequence numbers of as many answers. */
  take(n: number, pieces: readonly Buffer[]): Promise<number[]>
  readonly refused: number
}

/** The peer's ear: every answer is well formed. */
function listen(peer: Socket): Listening {
  let numbers: number[] = []
  let refused = 0
  let wake = (): void => {}
  let broken: string | undefined
  const parser = createParser({
    onPdu(pdu) {
      if (commandIds[pdu.command] < responseBit) return
      if (pdu.command_status !== 0) refused++
      numbers.push(pdu.sequence_number)
      wake()
    },
    onBad(bad) {
      broken = bad.reason
      wake()
    },
  })
  peer.on('data', (chunk: Buffer) => parser.push(chunk))
  peer.on('close', () => {
    broken ??= 'the link closed'
    wake()
  })
  return {
    async take(n, pieces) {
      for (const piece of pieces) peer.write(piece)
      while (numbers.length < n && broken === undefined) await new Promise<void>((resolve) => (wake = resolve))
      if (broken !== undefined) throw new Error(`after ${numbers.length} of ${n} answers: ${broken}`)
      const taken = numbers
      numbers = []
      return taken
    },
    get refused() {
      return refused
    },
  }
}

const endings = ['framing', 'half', 'unbind', 'closed'] as const

async function ending(link: Link, peer: Socket, which: number, report: FuzzReport): Promise<void> {
  const how = endings[which] ?? 'closed'
  report.endings[how] = (report.endings[how] ?? 0) + 1
  const unbind = Buffer.from('00000010000000060000000000000001', 'hex')
  if (how === 'framing') peer.write(Buffer.from('00000003', 'hex'))
  else if (how === 'unbind') {
    // What we asked is answered first, as a peer that unbinds does.
    const answers = createSlab()
    for (let sequence_number = 1; sequence_number <= asked; sequence_number++)
      writePdu(answers, { command: 'enquire_link_resp', sequence_number })
    peer.write(Buffer.concat([answers.buffer.subarray(0, answers.end), unbind]))
  } else if (how === 'half') peer.end(unbind.subarray(0, 9))
  else peer.end()
  const why = await link.closed
  assert.match(
    why,
    { framing: /broken framing/, half: /closed the connection/, unbind: /the peer unbound/, closed: /closed the connection/ }[how],
  )
}

async function sockets(server: Server, isDialled: boolean): Promise<[ours: Socket, peer: Socket]> {
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const dialled = connect((server.address() as AddressInfo).port, '127.0.0.1')
  await once(dialled, 'connect')
  const [other] = await accepted
  const [ours, peer] = isDialled ? [dialled, other] : [other, dialled]
  peer.setNoDelay(true)
  peer.on('error', () => {})
  return [ours, peer]
}

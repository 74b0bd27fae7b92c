// The SIP codec and the embedded engine under mutated messages. Held true of every message: reading
// throws nothing and takes no time; what was read is written and read again as the same; what was
// refused can be told so. Of every stream: however it is cut, the same comes out of it, and no more is
// held than the limits say. Of the engine, over real sockets: it answers no more than once, and
// whoever comes next is served.
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { connect } from 'node:net'
import {
  createFramer,
  defaultReadLimits,
  readMessage,
  readNameAddr,
  readUri,
  type ReadMessage,
  sameUri,
  splitList,
  stampedVia,
  writeRequest,
  writeResponse,
  writeUri,
} from '../../plugins/sip/codec/index.ts'
import type { Answerable, Bad } from '../../plugins/sip/codec/types.ts'
import { started, type Started } from '../../plugins/sip/engine/embedded/embedded.fixture.ts'
import { caseRandom } from './mutate.ts'
import { createSipMutator, type SipMutator } from './sip-mutate.ts'
import { whyOf } from '../../src/model/failure.ts'

export interface SipFuzzOptions {
  messages: number
  seed: number
  from?: number
  onProgress?(done: number): void
}

export interface SipFuzzReport {
  messages: number
  requests: number
  responses: number
  /** By status. */
  refused: Record<string, number>
  /** Refused without an answer. */
  dropped: number
  streams: number
  lost: number
  /** To the engine, and what came back. */
  datagrams: number
  answers: number
  slowestMs: number
  heap: { early: number; late: number }
}

const perBatch = 200
/** One batch in so many also goes to an engine. */
const liveEvery = 10
const suspiciousMs = 2
const longestMs = 50
/** In one stream, one behind the other: few, since most of them lose its framing. */
const perStream = 4

/** Throws an error that names the cases. `collect` runs the garbage collector. */
export async function fuzzSip(options: SipFuzzOptions, collect: () => void): Promise<SipFuzzReport> {
  const { messages, seed, from = 0, onProgress } = options
  const report: SipFuzzReport = {
    messages: 0,
    requests: 0,
    responses: 0,
    refused: {},
    dropped: 0,
    streams: 0,
    lost: 0,
    datagrams: 0,
    answers: 0,
    slowestMs: 0,
    heap: { early: 0, late: 0 },
  }
  const mutator = createSipMutator(seed)
  for (let batch = 0; report.messages < messages; batch++) {
    const first = from + report.messages
    const size = Math.min(perBatch, messages - report.messages)
    try {
      const all = Array.from({ length: size }, (_, i) => madeAndRead(mutator, first + i, report))
      streamed(all, seed, first, report)
      if (batch % liveEvery === 0) await answered(all, report)
    } catch (error) {
      throw new Error(`cases ${first}–${first + size - 1} of seed ${seed}: ${whyOf(error)}`, {
        cause: error,
      })
    }
    report.messages += size
    if (report.heap.early === 0 && report.messages >= messages / 10) report.heap.early = heapBytes(collect)
    onProgress?.(report.messages)
  }
  report.heap.late = heapBytes(collect)
  return report
}

function heapBytes(collect: () => void): number {
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

function madeAndRead(mutator: SipMutator, n: number, report: SipFuzzReport): Buffer {
  const octets = mutator.make(n)
  const read = readMessage(octets)
  const tookMs = timeOf(octets)
  report.slowestMs = Math.max(report.slowestMs, tookMs)
  assert.ok(tookMs < longestMs, `case ${n} took ${tookMs} ms`)
  try {
    if (read.kind === 'bad') refused(read, report)
    else taken(read, report)
  } catch (error) {
    throw new Error(`case ${n}: ${whyOf(error)}: ${octets.toString('latin1').slice(0, 1500)}`, {
      cause: error,
    })
  }
  return octets
}

/** A machine that is busy elsewhere has three tries. */
function timeOf(octets: Buffer): number {
  let shortest = Infinity
  for (let tries = 0; tries < 3 && shortest > suspiciousMs; tries++) {
    const before = performance.now()
    readMessage(octets)
    shortest = Math.min(shortest, performance.now() - before)
  }
  return shortest
}

function refused({ status, why, answerable }: Bad, report: SipFuzzReport): void {
  report.refused[status] = (report.refused[status] ?? 0) + 1
  assert.ok(why.length < 200 && !/[\r\n\0]/.test(why))
  if (answerable === undefined) report.dropped++
  else writeResponse(status, undefined, linesOf(answerable))
}

function linesOf({ vias, from = '', to = '', callId = '', cseq = '' }: Answerable): string[] {
  const lines = ['From', from, 'To', to, 'Call-ID', callId, 'CSeq', cseq]
  return [...vias.flatMap((via) => ['Via', via]), ...lines]
}

function taken(read: ReadMessage, report: SipFuzzReport): void {
  if (read.kind === 'request') report.requests++
  else report.responses++
  const { headers, body } = read
  const lines = [...headers.entries()].filter(([name]) => !/^(content-length|l)$/i.test(name)).flat()
  const octets =
    read.kind === 'request' ? writeRequest(read.method, read.uri, lines, body) : writeResponse(read.status, read.reason, lines, body)
  const again = readMessage(octets, { ...defaultReadLimits, headerBytes: octets.length })
  assert.ok(again.kind !== 'bad' && again.kind === read.kind)
  assert.deepEqual(again.read, read.read)
  assert.deepEqual([...again.headers.entries()].flat().slice(0, lines.length), lines)
  assert.ok(again.body.equals(body))
  writeResponse(200, undefined, ['Via', stampedVia(read.read.via, '192.0.2.1', 5060)])
  for (const contact of splitList([...headers.all('contact'), ...headers.all('route'), ...headers.all('path'), headers.get('to')!])) {
    const uri = readUri(readNameAddr(contact)?.uri ?? '')
    if (uri) assert.ok(sameUri(readUri(writeUri(uri))!, uri), contact)
  }
}

/** What comes of the octets, cut at these places. */
function framed(octets: Buffer, cut: (at: number) => number): { out: string[]; lost: boolean } {
  const out: string[] = []
  const framer = createFramer(defaultReadLimits, {
    message: ({ kind, read, body }) => void out.push(`${kind} ${read.callId} ${read.cseq} ${body.toString('latin1')}`),
    bad: ({ status, why }) => void out.push(`${status} ${why}`),
    pings: () => {},
  })
  let at = 0
  let goesOn = true
  while (at < octets.length && goesOn) {
    const to = Math.min(octets.length, at + cut(at))
    // Its own memory, as from a socket: what was handed out must not change.
    goesOn = framer.push(Buffer.from(octets.subarray(at, to)))
    assert.ok(framer.held() <= defaultReadLimits.headerBytes + defaultReadLimits.bodyBytes)
    at = to
  }
  return { out, lost: !goesOn }
}

function streamed(all: readonly Buffer[], seed: number, first: number, report: SipFuzzReport): void {
  for (let i = 0; i < all.length; i += perStream) {
    const octets = Buffer.concat(all.slice(i, i + perStream))
    const whole = framed(octets, () => octets.length)
    const random = caseRandom(seed, first + i)
    assert.deepEqual(
      framed(octets, () => 1 + random.below(random.below(3) === 0 ? 8 : 3000)),
      whole,
    )
    report.streams++
    if (whole.lost) report.lost++
  }
}

function sentinel(callId: string): Buffer {
  const via = `SIP/2.0/UDP client.invalid;branch=z9hG4bK${callId};rport`
  const lines = ['Via', via, 'From', '<sip:a@acme.example>;tag=1', 'To', '<sip:acme.example>', 'Call-ID', callId, 'CSeq', '1 OPTIONS']
  return writeRequest('OPTIONS', 'sip:acme.example', lines)
}

/** All of them by UDP and by TCP to an engine that answers at once; then a good one. */
async function answered(all: readonly Buffer[], report: SipFuzzReport): Promise<void> {
  const it = await started((_request, answer) => answer({ status: 202 }), { safety: { transactions: 100_000 } })
  try {
    await byUdp(it, all, report)
    await byTcp(it, all)
    assert.equal(it.engine.counts().connections, 0)
  } finally {
    await it.engine.stop()
  }
}

async function byUdp({ at }: Started, all: readonly Buffer[], report: SipFuzzReport): Promise<void> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 20 })
  const { port } = at('udp')
  let heard = 0
  let wake: (callId: string) => void = () => {}
  socket.on('message', (octets) => {
    heard++
    assert.ok(octets.subarray(0, 8).equals(Buffer.from('SIP/2.0 ')))
    const read = readMessage(octets)
    if (read.kind === 'response') wake(read.read.callId)
  })
  try {
    for (let i = 0; i < all.length; i += 20) {
      const some = all.slice(i, i + 20).filter((octets) => octets.length < 60_000)
      const before = heard
      for (const octets of some) socket.send(octets, port, '127.0.0.1')
      const callId = `sentinel-${i}`
      await new Promise<void>((resolve, reject) => {
        const late = setTimeout(() => reject(new Error('who came next was not served')), 5000)
        wake = (heardCallId) => {
          if (heardCallId !== callId) return
          clearTimeout(late)
          resolve()
        }
        socket.send(sentinel(callId), port, '127.0.0.1')
      })
      report.datagrams += some.length
      report.answers += heard - before - 1
      assert.ok(heard - before - 1 <= some.length, 'more answers than datagrams')
    }
  } finally {
    socket.close()
  }
}

/** Until the connection is closed to us, or we close it: it ends either way. */
async function byTcp({ at, engine }: Started, all: readonly Buffer[]): Promise<void> {
  for (let i = 0; i < all.length; i += 40) {
    const socket = connect(at('tcp').port, '127.0.0.1')
    socket.on('error', () => {})
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    socket.on('data', () => {})
    for (const octets of all.slice(i, i + 40)) socket.write(octets)
    socket.end()
    await closed
  }
  for (let waits = 0; waits < 100 && engine.counts().connections > 0; waits++) await new Promise((resolve) => setTimeout(resolve, 10))
}

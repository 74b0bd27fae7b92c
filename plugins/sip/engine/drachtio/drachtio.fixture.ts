// A profile that goes by a drachtio server on this machine, the server, and SIP phones that reach it.
import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { afterEach, beforeEach } from 'node:test'
import pino from 'pino'
import { systemClock } from '../../../../src/clock.ts'
import { type DrachtioPeer, type DrachtioPeerSettings, startDrachtioPeer } from '../../../../test/peers/drachtio.ts'
import { type ReadMessage, readMessage } from '../../codec/index.ts'
import type { Incoming, OutRequest, Reply, Sent, SipEngine, Target } from '../engine.ts'
import { createDrachtio, type DrachtioParts } from './index.ts'

export const secret = 'between-us'
export const log = pino({ level: 'silent' })
export const never = (): AbortSignal => new AbortController().signal

export const profileFor = (
  port: number,
  more: { secret?: string; tls?: boolean; transactions?: number } = {},
): DrachtioParts['profile'] => ({
  name: 'carrier-grade',
  engine: { drachtio: { address: '127.0.0.1', port }, secret: more.secret ?? secret, tls: more.tls ?? false },
  timers: { t1: 500, t2: 4000, t4: 5000 },
  safety: {
    allow: [],
    deny: [],
    requestsPerSecondPerAddress: 0,
    messagesPerSecondPerAor: 0,
    ban: { failures: 0, withinSeconds: 0, forSeconds: 0 },
    connections: 100,
    connectionsPerAddress: 100,
    headerBytes: 8192,
    headerCount: 100,
    bodyBytes: 65_536,
    idleSeconds: 600,
    transactions: more.transactions ?? 1000,
  },
})

export interface Setup {
  peer: DrachtioPeer
  engine: SipEngine
  taken: { request: Incoming; answer: (reply: Reply) => void }[]
}

export interface Phone {
  port: number
  heard: ReadMessage[]
  say(port: number, text: string | Buffer): void
}

export interface Yard {
  /** What is done after the test, last things first. */
  later(close: () => unknown): void
  setUp(parts?: Partial<DrachtioParts>, settings?: Partial<DrachtioPeerSettings>): Promise<Setup>
  phone(answer?: (message: ReadMessage) => string | undefined): Promise<Phone>
}

/** Of a test file: clears up after each test, and sees that nothing was printed past the log. */
export function createYard(): Yard {
  let closing: (() => unknown)[] = []
  let printed: string[] = []
  const stderr = console.error

  beforeEach(() => {
    printed = []
    console.error = (...words: unknown[]) => void printed.push(words.join(' '))
  })
  afterEach(async () => {
    for (const close of closing.toReversed()) await close()
    closing = []
    console.error = stderr
    assert.deepEqual(printed, [], 'nothing is printed past the log')
  })

  const setUp = async (parts: Partial<DrachtioParts> = {}, settings: Partial<DrachtioPeerSettings> = {}): Promise<Setup> => {
    const peer = await startDrachtioPeer({ secret, ...settings })
    closing.push(() => peer.close())
    const engine = createDrachtio({ profile: profileFor(peer.port), clock: systemClock, log, random: () => 0, ...parts })
    closing.push(() => engine.stop())
    const taken: Setup['taken'] = []
    await engine.start((request, answer) => void taken.push({ request, answer }))
    return { peer, engine, taken }
  }

  const phone = async (answer?: (message: ReadMessage) => string | undefined): Promise<Phone> => {
    const socket: Socket = createSocket('udp4')
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
    closing.push(() => socket.close())
    const heard: ReadMessage[] = []
    socket.on('message', (octets, from) => {
      const message = readMessage(octets)
      assert.notEqual(message.kind, 'bad', octets.toString())
      if (message.kind === 'bad') return
      heard.push(message)
      const said = answer?.(message)
      if (said === undefined || message.kind !== 'request') return
      const lines = ['via', 'from', 'to', 'call-id', 'cseq'].map(
        (name) => `${name}: ${message.headers.get(name)}${name === 'to' ? ';tag=p' : ''}\r\n`,
      )
      socket.send(`SIP/2.0 ${said}\r\n${lines.join('')}Content-Length: 0\r\n\r\n`, from.port, from.address)
    })
    return { port: socket.address().port, heard, say: (port, text) => socket.send(text, port, '127.0.0.1') }
  }

  return { later: (close) => void closing.push(close), setUp, phone }
}

export const message = (from: Phone, more: { branch?: string; body?: string; headers?: string; method?: string } = {}): string => {
  const { branch = 'z9hG4bKone', body = 'hello', headers = '', method = 'MESSAGE' } = more
  return (
    `${method} sip:+4915112345678@acme.example SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${from.port};rport;branch=${branch}\r\n` +
    `Max-Forwards: 70\r\nFrom: <sip:alice@acme.example>;tag=a\r\nTo: <sip:+4915112345678@acme.example>\r\nCall-ID: ${branch}@test\r\n` +
    `CSeq: 1 ${method}\r\nContent-Type: text/plain\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  )
}

export const out = (target: Partial<Target>, more: Partial<OutRequest> = {}): OutRequest => ({
  method: 'MESSAGE',
  uri: 'sip:bob@pbx.example',
  via: { transport: 'udp', address: '127.0.0.1', port: 9, name: 'pbx.example', ...target },
  from: '<sip:+4915112345678@acme.example>',
  to: '<sip:bob@pbx.example>',
  headers: ['Content-Type', 'text/plain;charset=UTF-8', 'X-SMS-Message-ID', 'SM1'],
  body: Buffer.from('hello'),
  ...more,
})

export async function until(holds: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 60_000
  while (!holds()) {
    assert.ok(Date.now() < end, `not in time: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export const whyOf = (sent: Sent): string => (sent.kind === 'answered' ? `answered ${sent.status}` : `${sent.kind}: ${sent.why}`)

// The contract of every connector, kept by a SIP trunk towards a peer on a socket of its own, by UDP
// and TCP, plain and challenged.
import { createSocket, type RemoteInfo } from 'node:dgram'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext } from 'node:test'
import { checkText } from '../../src/admin/checked.ts'
import { type Connector, type Gateway, type Host, international, type Message, systemClock } from '../../src/plugin.ts'
import { listeningSip, type ListeningSip, sip, type SipConfig } from '../../plugins/sip/index.ts'
import { connectorContract, type How, type Peer, until } from './connector.ts'

const password = 'hunter22hunter22'

/** What the peer says to a MESSAGE of ours. */
interface Said {
  how: How
  got: Set<string>
  challenges: boolean
}

function header(message: string, name: string): string {
  return new RegExp(`^${name}: *(.*)$`, 'im').exec(message)?.[1]?.trim() ?? ''
}

function response(request: string, status: string, more: string[] = []): string {
  const same = ['Via', 'From', 'Call-ID', 'CSeq'].map((name) => `${name}: ${header(request, name)}`)
  return [`SIP/2.0 ${status}`, ...same, `To: ${header(request, 'To')};tag=peer`, ...more, 'Content-Length: 0', '', ''].join('\r\n')
}

/** Undefined: nothing is said. */
function meet(said: Said, request: string, say: (text: string) => void, vanish: () => void): void {
  if (!request.startsWith('MESSAGE ')) return say(response(request, '200 OK'))
  if (said.challenges && !/^Authorization: Digest username="us"/im.test(request))
    return say(response(request, '401 Unauthorized', ['WWW-Authenticate: Digest realm="them", nonce="n1", algorithm=MD5, qop="auth"']))
  said.got.add(header(request, 'Call-ID') + header(request, 'X-Try'))
  const { how } = said
  if (typeof how === 'object') return say(response(request, `${how.says} Says So`))
  switch (how) {
    case 'take':
      return say(response(request, '202 Accepted'))
    case 'slow':
      setTimeout(() => say(response(request, '202 Accepted')), 150)
      return
    case 'silence':
      return
    case 'vanish':
      return vanish()
    case 'garbage':
      return say('HTTP/1.1 418 I am no carrier\r\n\r\n')
  }
}

/** Whole messages out of a stream of them. */
function framer(take: (message: string) => void): (chunk: Buffer) => void {
  let rest = ''
  return (chunk) => {
    rest += chunk.toString('latin1')
    for (;;) {
      const end = rest.indexOf('\r\n\r\n')
      if (end < 0) return
      const length = Number(header(rest.slice(0, end), 'Content-Length'))
      if (rest.length < end + 4 + length) return
      take(rest.slice(0, end + 4 + length))
      rest = rest.slice(end + 4 + length)
    }
  }
}

/** A socket to the gateway, and what comes back by it. */
interface Line {
  port: number
  /** Resolves with the status of the answer. */
  ask(port: number, headers: readonly string[], body: string): Promise<number>
}

let asked = 0

function theirMessage(transport: string, headers: readonly string[], body: string): { callId: string; text: string } {
  const callId = `theirs-${++asked}`
  const text = [
    'MESSAGE sip:+447700900999@gateway.example SIP/2.0',
    `Via: SIP/2.0/${transport} 127.0.0.1;branch=z9hG4bK-${callId};rport`,
    'From: <sip:+447700900123@carrier.example>;tag=them',
    'To: <sip:+447700900999@gateway.example>',
    `Call-ID: ${callId}`,
    'CSeq: 1 MESSAGE',
    'Max-Forwards: 70',
    ...headers,
    'Content-Type: text/plain',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n')
  return { callId, text }
}

async function udpLine(t: TestContext, said: Said): Promise<Line> {
  const socket = createSocket('udp4')
  const waiting = new Map<string, (status: number) => void>()
  let isOpen = true
  socket.on('message', (octets, from: RemoteInfo) => {
    const text = octets.toString('latin1')
    const status = /^SIP\/2\.0 (\d{3})/.exec(text)?.[1]
    if (status !== undefined) return waiting.get(header(text, 'Call-ID'))?.(Number(status))
    meet(
      said,
      text,
      // What was asked again may be answered late.
      (answer) => void (isOpen && socket.send(answer, from.port, from.address)),
      () => {},
    )
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  t.after(() => {
    isOpen = false
    return new Promise<void>((resolve) => socket.close(() => resolve()))
  })
  return {
    port: socket.address().port,
    ask: (port, headers, body) =>
      new Promise((resolve) => {
        const { callId, text } = theirMessage('UDP', headers, body)
        waiting.set(callId, resolve)
        socket.send(text, port, '127.0.0.1')
      }),
  }
}

async function tcpLine(t: TestContext, said: Said): Promise<Line> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    const take = framer((text) =>
      meet(
        said,
        text,
        (answer) => void socket.write(answer),
        () => void socket.destroy(),
      ),
    )
    socket.on('data', take)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    port: (server.address() as AddressInfo).port,
    ask: (port, headers, body) =>
      new Promise((resolve, reject) => {
        const socket = connect(port, '127.0.0.1', () => void socket.write(theirMessage('TCP', headers, body).text))
        sockets.add(socket)
        socket.on('error', reject)
        socket.on(
          'data',
          framer((text) => {
            resolve(Number(/^SIP\/2\.0 (\d{3})/.exec(text)?.[1]))
            socket.destroy()
          }),
        )
      }),
  }
}

/** A bridge of its own, with one profile on any port. */
async function bridge(
  t: TestContext,
  gateway: Gateway<SipConfig>,
  transport: 'udp' | 'tcp',
): Promise<{ listening: ListeningSip; port: number }> {
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-sip-'))
  mkdirSync(join(directory, 'external'))
  writeFileSync(join(directory, 'external.yaml'), `listen: { ${transport}: '127.0.0.1:0' }\n`)
  const listening = listeningSip({ directory, check: (schema, text) => checkText(schema, text, {}) })
  const account = gateway.account()
  const host = {
    log: gateway.log,
    clock: systemClock,
    accountCalled: () => account.id,
    onChange: () => {},
    onTracing: () => () => {},
    account: () => account,
    claimed: () => [],
    claimants: () => [],
    numbers: () => [],
  } as unknown as Host
  const stop = new AbortController()
  await listening.connector.listen!(host, stop.signal)
  t.after(async () => {
    stop.abort()
    await listening.close()
    rmSync(directory, { recursive: true, force: true })
  })
  const [profile] = listening.bridge()!.profiles().values()
  await until(() => (profile?.listened.length ?? 0) > 0, 'the profile listens')
  return { listening, port: profile!.listened[0]!.port }
}

let messages = 0

function messageOf(text: string): Message {
  return {
    id: (++messages).toString(16).padStart(32, '0'),
    account: 'AC0',
    direction: 'mt',
    arrival: 'AC0/api',
    acceptedAt: Date.now(),
    validUntil: Date.now() + 3_600_000,
    segments: 1,
    from: { value: 'ACME', ton: 'alphanumeric', npi: 'unknown' },
    to: international('+447700900123'),
    body: { kind: 'text', text },
    priority: 1,
    receipt: 'both',
  }
}

function contract(transport: 'udp' | 'tcp', challenges: boolean): void {
  let current: ListeningSip | undefined
  const connector: Connector<SipConfig> = { ...sip, dial: (gateway, signal) => current!.connector.dial!(gateway, signal) }
  connectorContract<SipConfig>({
    connector,
    side: 'supplier',
    secrets: [password],
    ways: [{ name: 'send', go: (session, text, signal) => session.send!({ message: messageOf(text), segments: [], attempt: 0 }, signal) }],
    failures: {
      temporary: { says: '486' },
      throttled: { skip: 'SIP has no word for it: 503 is the hop being unavailable, 480 the user' },
      permanent: { says: '404' },
      unknown: 'silence',
      offline: 'closed',
    },
    async peer(t, recorded): Promise<Peer> {
      const said: Said = { how: 'take', got: new Set(), challenges }
      const line = await (transport === 'udp' ? udpLine : tcpLine)(t, said)
      const { listening, port } = await bridge(t, recorded.gateway, transport)
      current = listening
      const ask = async (headers: readonly string[], body: string): Promise<'acknowledged' | 'refused'> =>
        (await line.ask(port, headers, body)) < 300 ? 'acknowledged' : 'refused'
      return {
        config: {
          nextHops: [`sip:127.0.0.1:${line.port};transport=${transport}`],
          addresses: ['127.0.0.1'],
          attemptMs: recorded.answerMs,
          pingSeconds: 0,
          receipts: 'x-header',
          ...(challenges ? { username: 'us', password } : {}),
        },
        meet: (next) => void (said.how = next),
        got: () => said.got.size,
        submit: (text) => ask([], text),
        receipt: (ref) => ask([`X-SMS-Receipt: delivered;err=000`, `In-Reply-To: ${ref}`], 'confidential-body'),
      }
    },
  })
}

describe('by UDP', () => contract('udp', false))
describe('by TCP', () => contract('tcp', false))
describe('challenged', () => contract('udp', true))

// What every engine keeps: run as it is on our own stack and on a drachtio server. Peers are sockets
// that know nothing of the engine (peer.fixture.ts).
import assert from 'node:assert/strict'
import { afterEach, describe, test } from 'node:test'
import { readNameAddr } from '../codec/index.ts'
import type { End, Incoming, Reply, SipEngine, Take, Target } from './engine.ts'
import { messageTo, type Peer, requestText, responseText, type StreamPeer, tcpPeer, udpPeer } from './peer.fixture.ts'

/** An engine that has started with this `take`, and where SIP peers reach it. */
export interface Made {
  engine: SipEngine
  udp: End
  tcp?: End
  close(): Promise<void>
}

export type Make = (take: Take) => Promise<Made>

/** `skip`: a test's name and why this engine cannot keep it. */
export function engineContract(name: string, make: Make, skip: Readonly<Record<string, string>> = {}): void {
  describe(`${name}: an engine`, () => {
    const closing: (() => Promise<void>)[] = []
    afterEach(async () => {
      for (const close of closing.splice(0).toReversed()) await close()
    })

    async function made(take: Take): Promise<Made> {
      const it = await make(take)
      closing.push(() => it.close())
      return it
    }
    async function peerOf(end: End): Promise<Awaited<ReturnType<typeof udpPeer>>> {
      const peer = await udpPeer(end)
      closing.push(() => peer.close())
      return peer
    }
    async function streamOf(end: End): Promise<StreamPeer> {
      const peer = await tcpPeer(end)
      closing.push(() => peer.close())
      return peer
    }
    const it = (title: string, run: () => Promise<void>): void =>
      void test(title, skip[title] === undefined ? {} : { skip: skip[title] }, run)

    it('answers a request with what is said, and repeats whose it is', async () => {
      const { udp } = await made((_request, answer) => answer({ status: 202, headers: ['X-SMS-Message-ID', 'abc'] }))
      const peer = await peerOf(udp)
      peer.send(requestText(peer.local, { branch: 'z9hG4bKone', callId: 'c1', from: '"A" <sip:a@x>;tag=7', cseq: '41 MESSAGE' }))
      const { status, reason, headers } = await peer.response()
      assert.deepEqual([status, reason], [202, 'Accepted'])
      assert.equal(headers.get('call-id'), 'c1')
      assert.equal(headers.get('cseq'), '41 MESSAGE')
      assert.equal(headers.get('from'), '"A" <sip:a@x>;tag=7')
      assert.equal(headers.get('x-sms-message-id'), 'abc')
      assert.match(headers.get('to')!, /^<sip:\+4915112345678@gateway\.example>;tag=.{4,}$/)
      assert.match(headers.get('via')!, new RegExp(`branch=z9hG4bKone.*rport=${peer.local.port}`))
      assert.equal(headers.get('contact'), undefined)
    })

    it('hands a request on as it came, with the way back', async () => {
      const taken: Incoming[] = []
      const { udp } = await made((request, answer) => {
        taken.push(request)
        answer({ status: 200 })
      })
      const peer = await peerOf(udp)
      peer.send(
        requestText(peer.local, {
          callId: 'c2',
          headers: ['X-SMS-CODING: 2', 'X-SMS-CODING: 0', 'Content-Type: text/plain'],
          body: 'Grüße',
        }),
      )
      await peer.response()
      const [request] = taken
      assert.equal(request!.method, 'MESSAGE')
      assert.equal(request!.uri, 'sip:+4915112345678@gateway.example')
      assert.equal(request!.callId, 'c2')
      assert.equal(request!.body.toString(), 'Grüße')
      assert.deepEqual(request!.headers.all('x-sms-coding'), ['2', '0'])
      assert.equal(request!.flow.transport, 'udp')
      assert.deepEqual({ ...request!.flow.remote }, peer.local)
    })

    it('answers soon or late, each its own', async () => {
      const answers = new Map<string, (reply: Reply) => void>()
      const { udp } = await made((request, answer) => void answers.set(request.callId, answer))
      const peer = await peerOf(udp)
      peer.send(requestText(peer.local, { callId: 'first' }))
      peer.send(requestText(peer.local, { callId: 'second' }))
      await until(() => answers.size === 2)
      answers.get('second')!({ status: 404 })
      assert.equal((await peer.response()).headers.get('call-id'), 'second')
      answers.get('first')!({ status: 200 })
      assert.equal((await peer.response()).headers.get('call-id'), 'first')
    })

    it('hands on what comes again no second time', async () => {
      let taken = 0
      const { udp } = await made((_request, answer) => {
        taken++
        setTimeout(() => answer({ status: 202 }), 100)
      })
      const peer = await peerOf(udp)
      const octets = requestText(peer.local)
      peer.send(octets)
      peer.send(octets)
      const first = await peer.response()
      peer.send(octets)
      const again = await peer.response()
      assert.equal(again.headers.get('to'), first.headers.get('to'))
      assert.equal(taken, 1)
    })

    it('takes messages by TCP, several at once, and answers by the same connection', async () => {
      const { tcp } = await made((request, answer) => answer({ status: request.flow.transport === 'tcp' ? 202 : 500 }))
      const peer = await streamOf(tcp!)
      const texts = ['t1', 't2', 't3'].map((callId) => requestText(peer.local, { transport: 'TCP', callId }))
      peer.send(Buffer.concat(texts))
      for (const callId of ['t1', 't2', 't3']) {
        const response = await peer.response()
        assert.equal(response.status, 202)
        assert.equal(response.headers.get('call-id'), callId)
      }
    })

    it('sends a message to a target and gives its answer', async () => {
      const { engine, udp } = await made(refusing)
      const peer = await peerOf(udp)
      const sent = engine.send(messageTo(targetOf(peer)), new AbortController().signal)
      const request = await peer.request()
      assert.equal(request.method, 'MESSAGE')
      assert.equal(request.uri, 'sip:+4915112345678@carrier.example')
      assert.equal(request.body.toString(), 'Hello')
      assert.equal(request.headers.get('content-type'), 'text/plain')
      assert.equal(request.headers.get('contact'), undefined)
      assert.match(request.headers.get('max-forwards')!, /^\d+$/)
      const from = readNameAddr(request.headers.get('from')!)!
      assert.equal(from.uri, 'sip:+4930123@gateway.example')
      assert.ok((from.params.get('tag')?.length ?? 0) >= 4)
      assert.equal(readNameAddr(request.headers.get('to')!)!.params.get('tag'), undefined)
      peer.send(responseText(request, 486, ['Retry-After: 7']))
      const answer = await sent
      assert.equal(answer.kind, 'answered')
      if (answer.kind !== 'answered') return
      assert.equal(answer.status, 486)
      assert.equal(answer.headers.get('retry-after'), '7')
      assert.equal(answer.wire?.length, 2)
      assert.ok(answer.wire.every((line) => !line.includes('Hello') && line.includes(request.read.callId)))
    })

    it('keeps a Call-ID and a CSeq that are given', async () => {
      const { engine, udp } = await made(refusing)
      const peer = await peerOf(udp)
      const sent = engine.send({ ...messageTo(targetOf(peer)), callId: 'kept-over-attempts', cseq: 4 }, new AbortController().signal)
      const request = await peer.request()
      assert.equal(request.headers.get('call-id'), 'kept-over-attempts')
      assert.equal(request.headers.get('cseq'), '4 MESSAGE')
      peer.send(responseText(request, 200))
      assert.equal((await sent).kind, 'answered')
    })

    it('is not content with a provisional response', async () => {
      const { engine, udp } = await made(refusing)
      const peer = await peerOf(udp)
      const sent = engine.send(messageTo(targetOf(peer)), new AbortController().signal)
      const request = await peer.request()
      peer.send(responseText(request, 100))
      await new Promise((resolve) => setTimeout(resolve, 50))
      peer.send(responseText(request, 202))
      const answer = await sent
      assert.equal(answer.kind === 'answered' && answer.status, 202)
    })

    it('sends back to a flow that a peer came by', async () => {
      const taken: Incoming[] = []
      const { engine, tcp, udp } = await made((request, answer) => {
        taken.push(request)
        answer({ status: 200 })
      })
      const peers: Peer[] = [await peerOf(udp), ...(tcp ? [await streamOf(tcp)] : [])]
      for (const [i, peer] of peers.entries()) {
        peer.send(requestText(peer.local, { transport: i === 0 ? 'UDP' : 'TCP', headers: ['Contact: <sip:alice@192.0.2.99:9>'] }))
        await peer.response()
        const sent = engine.send({ ...messageTo(taken[i]!.flow), uri: 'sip:alice@192.0.2.99:9' }, new AbortController().signal)
        const request = await peer.request()
        assert.equal(request.uri, 'sip:alice@192.0.2.99:9')
        peer.send(responseText(request, 200))
        const answer = await sent
        assert.equal(answer.kind === 'answered' && answer.status, 200)
      }
    })

    it('knows a UDP flow again by its id', async () => {
      let id = ''
      const { engine, udp } = await made((request, answer) => {
        id = request.flow.id
        answer({ status: 200 })
      })
      const peer = await peerOf(udp)
      peer.send(requestText(peer.local))
      await peer.response()
      const flow = engine.revive(id)
      assert.equal(flow?.id, id)
      const sent = engine.send(messageTo(flow), new AbortController().signal)
      peer.send(responseText(await peer.request(), 200))
      assert.equal((await sent).kind, 'answered')
      assert.equal(engine.revive('udp 127.0.0.1:1 192.0.2.1:2'), undefined)
      assert.equal(engine.revive('nonsense'), undefined)
    })

    it('carries any octets in a body, both ways', async () => {
      const body = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
      const bodies: Buffer[] = []
      const { engine, udp } = await made((request, answer) => {
        bodies.push(Buffer.from(request.body))
        answer({ status: 200 })
      })
      assert.equal(engine.capabilities.binaryBody, true)
      const peer = await peerOf(udp)
      peer.send(requestText(peer.local, { body, headers: ['Content-Type: application/vnd.3gpp.sms'] }))
      await peer.response()
      assert.deepEqual(bodies[0], body)
      const sent = engine.send({ ...messageTo(targetOf(peer)), body }, new AbortController().signal)
      const request = await peer.request()
      assert.deepEqual(Buffer.from(request.body), body)
      peer.send(responseText(request, 200))
      assert.equal((await sent).kind, 'answered')
    })

    it('sends nothing that a line end in a value would make something else of', async () => {
      const { engine, udp } = await made(refusing)
      const peer = await peerOf(udp)
      const request = messageTo(targetOf(peer))
      for (const spoiled of [
        { ...request, headers: ['Subject', 'one\r\nX-Injected: two'] },
        { ...request, from: '<sip:a@b>\r\nX-Injected: two' },
        { ...request, uri: 'sip:a@b SIP/2.0\r\nX-Injected: two' },
        { ...request, callId: 'x\ny' },
      ])
        assert.equal((await engine.send(spoiled, new AbortController().signal)).kind, 'unsent')
      assert.equal(peer.waiting(), 0)
    })

    it('says timeout of what is not answered in time', async () => {
      const { engine, udp } = await made(refusing)
      const peer = await peerOf(udp)
      const sent = engine.send({ ...messageTo(targetOf(peer)), limitMs: 150 }, new AbortController().signal)
      await peer.request()
      assert.equal((await sent).kind, 'timeout')
    })

    it('sends nothing that was given up before, and stops waiting for what was given up after', async () => {
      const { engine, udp } = await made(refusing)
      const peer = await peerOf(udp)
      assert.equal((await engine.send(messageTo(targetOf(peer)), AbortSignal.abort())).kind, 'unsent')
      const giving = new AbortController()
      const sent = engine.send(messageTo(targetOf(peer)), giving.signal)
      await peer.request()
      giving.abort()
      assert.equal((await sent).kind, 'timeout')
    })

    it('stops: what is open is answered 503, and nothing leaves any more', async () => {
      const { engine, udp } = await made(() => {})
      const peer = await peerOf(udp)
      peer.send(requestText(peer.local))
      await until(() => engine.counts().requests === 1)
      const stopped = engine.stop()
      assert.equal((await peer.response()).status, 503)
      await stopped
      assert.equal((await engine.send(messageTo(targetOf(peer)), new AbortController().signal)).kind, 'unsent')
    })

    it('counts what it did', async () => {
      const { engine, udp } = await made((_request, answer) => answer({ status: 200 }))
      const peer = await peerOf(udp)
      peer.send(requestText(peer.local))
      await peer.response()
      const sent = engine.send(messageTo(targetOf(peer)), new AbortController().signal)
      peer.send(responseText(await peer.request(), 200))
      await sent
      const { requests, responses } = engine.counts()
      assert.deepEqual([requests, responses], [1, 1])
    })
  })
}

const refusing: Take = (_request, answer) => answer({ status: 500 })

const targetOf = ({ local }: Peer): Target => ({ transport: 'udp', address: local.address, port: local.port, name: local.address })

async function until(holds: () => boolean): Promise<void> {
  const end = Date.now() + 60_000
  while (!holds() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 10))
  assert.ok(holds())
}

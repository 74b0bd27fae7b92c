// The edges of a link: what is asked when it is over already, and answers that lie unread while it is
// we who do not read.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { encodePdu, type Pdu, type PduOf } from './codec/index.ts'
import { samples } from './codec/samples.ts'
import { onEitherSide } from './link.fixture.ts'

const submit = samples.find((pdu): pdu is PduOf<'submit_sm'> => pdu.command === 'submit_sm')!
const submitted = (sequence_number: number): Buffer => encodePdu({ ...submit, sequence_number })
const unbind = (sequence_number: number): Buffer => encodePdu({ command: 'unbind', sequence_number })
const told = ({ command, sequence_number }: Pdu): string => `${command} ${sequence_number}`
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

onEitherSide('a link', (opened) => {
  it('answers what came before an unbind, and takes nothing that came behind it', { timeout: 180_000 }, async (t) => {
    const { link, peer, requests, got, answers } = await opened(t)
    peer.write(Buffer.concat([submitted(1), submitted(2), unbind(3), submitted(4), unbind(5), submitted(6)]))
    assert.equal(await link.closed, 'the peer unbound')
    await answers(3)
    assert.deepEqual(got.map(told), ['submit_sm_resp 1', 'submit_sm_resp 2', 'unbind_resp 3'])
    assert.deepEqual(
      requests.map((pdu) => pdu.sequence_number),
      [1, 2],
      'nobody could be told that they were taken',
    )
  })

  it('still hears responses after an unbind', { timeout: 180_000 }, async (t) => {
    const { link, peer, got, answers } = await opened(t)
    const answer = link.request({ ...submit, command: 'deliver_sm' })
    peer.once('data', () => {
      const response = encodePdu({ command: 'deliver_sm_resp', sequence_number: 1, command_status: 0 })
      peer.write(Buffer.concat([unbind(9), response]))
    })
    assert.equal((await answer).kind, 'pdu')
    await link.closed
    await answers(2)
    assert.deepEqual(got.map(told), ['deliver_sm 1', 'unbind_resp 9'])
  })

  it('answers all that a peer asked before it closed its side', { timeout: 60_000 }, async (t) => {
    const { link, peer, answers } = await opened(t, {
      onRequest({ sequence_number }, own) {
        // Longer than one turn: the end is heard before the last of them is read.
        for (const until = performance.now() + 1; performance.now() < until;);
        setTimeout(() => own.post({ command: 'submit_sm_resp', sequence_number }), 50)
      },
    })
    peer.end(Buffer.concat(Array.from({ length: 40 }, (_, i) => submitted(i + 1))))
    const all = await answers(40)
    assert.deepEqual(
      all.map((pdu) => pdu.sequence_number),
      Array.from({ length: 40 }, (_, i) => i + 1),
    )
    assert.equal(await link.closed, 'the peer closed the connection')
  })

  it('answers what came before octets that are no PDU', { timeout: 60_000 }, async (t) => {
    const { link, peer, got, answers } = await opened(t, {
      onRequest({ sequence_number }, own) {
        setTimeout(() => own.post({ command: 'submit_sm_resp', sequence_number }), 50)
      },
    })
    const asked = link.request({ ...submit, command: 'deliver_sm' })
    peer.write(Buffer.concat([submitted(7), submitted(8), Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), submitted(9)]))
    assert.equal((await asked).kind, 'lost', 'no answer could be read any more')
    assert.match(await link.closed, /broken framing/)
    await answers(3)
    assert.deepEqual(got.map(told), ['deliver_sm 1', 'submit_sm_resp 7', 'submit_sm_resp 8'])
  })

  it('asks nothing more of a peer that closed its side, and what it asked is lost at once', { timeout: 60_000 }, async (t) => {
    const owed: Pdu[] = []
    const { link, peer, got, answers } = await opened(t, { onRequest: (pdu) => void owed.push(pdu) })
    const answer = link.request({ ...submit, command: 'deliver_sm' })
    await answers(1)
    peer.end(submitted(7))
    assert.deepEqual(await answer, { kind: 'lost', written: true, why: 'the peer closed the connection' })
    assert.equal(link.taking, false)
    const later = await link.request({ ...submit, command: 'deliver_sm' })
    assert.deepEqual(later, { kind: 'lost', written: false, why: 'the peer closed the connection' })
    link.post({ command: 'submit_sm_resp', sequence_number: owed[0]!.sequence_number })
    await link.closed
    await answers(2)
    assert.deepEqual(got.map(told), ['deliver_sm 1', 'submit_sm_resp 7'])
  })

  it('confirms an unbind to a peer that closed its side behind it', { timeout: 60_000 }, async (t) => {
    const { link, peer, got, answers } = await opened(t, {
      onRequest: ({ sequence_number }, own) => void setTimeout(() => own.post({ command: 'submit_sm_resp', sequence_number }), 50),
    })
    peer.end(Buffer.concat([submitted(1), unbind(2)]))
    assert.equal(await link.closed, 'the peer unbound')
    await answers(2)
    assert.deepEqual(got.map(told), ['submit_sm_resp 1', 'unbind_resp 2'])
  })

  it('waits two seconds at most for an answer that it owes to a peer that closed its side', { timeout: 60_000 }, async (t) => {
    const { link, peer } = await opened(t, { onRequest() {} })
    peer.end(submitted(1))
    assert.equal(await link.closed, 'the peer closed the connection')
  })

  it('holds no response for late that came while it did not read', { timeout: 180_000 }, async (t) => {
    const { link, peer, answers } = await opened(t, { responseTimeoutMs: 100 })
    const answer = link.request({ ...submit, command: 'deliver_sm' })
    await answers(1)
    link.hold()
    peer.write(encodePdu({ command: 'deliver_sm_resp', sequence_number: 1, command_status: 0 }))
    await sleep(700)
    link.release()
    assert.equal((await answer).kind, 'pdu')
    assert.equal((await link.request({ ...submit, command: 'deliver_sm' })).kind, 'timeout', 'others as ever')
  })
})

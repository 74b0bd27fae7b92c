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

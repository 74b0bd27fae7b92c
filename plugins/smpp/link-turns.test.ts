import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../src/plugin.ts'
import { encodePdu, type Pdu, type PduOf } from './codec/index.ts'
import { samples } from './codec/samples.ts'
import { createLink, type Link } from './link.ts'
import { pair, sides } from './link.fixture.ts'

const submit = samples.find((pdu): pdu is PduOf<'submit_sm'> => pdu.command === 'submit_sm')!
const numbered = (from: number, many: number): Buffer =>
  Buffer.concat(Array.from({ length: many }, (_, n) => encodePdu({ ...submit, sequence_number: from + n })))

for (const side of sides) {
  test(`what was pipelined behind a handover is the next link's, every PDU once and in order (${side})`, async () => {
    for (const atOnce of [true, false]) {
      const next: number[] = []
      const two = await pair(side, {
        onRequest(pdu: Pdu, link) {
          // At once, as an outbind is taken, or once the loop has turned.
          if (pdu.sequence_number !== 40) return
          if (atOnce) hand(link.detach())
          else setImmediate(() => hand(link.detach()))
        },
      })
      let over: Link
      const hand = (socket: ReturnType<typeof two.link.detach>): void => {
        const { log } = two
        over = createLink({
          socket,
          clock: systemClock,
          log: { warn: (_: object, text: string) => log.push(text) } as never,
          enquireLinkMs: 60_000,
          responseTimeoutMs: 10_000,
          onRequest: (pdu) => {
            next.push(pdu.sequence_number)
            if (next.at(-1) === 3000) over.post({ command: 'unbind', sequence_number: 1 })
          },
        })
      }
      two.peer.write(numbered(1, 2000))
      setTimeout(() => two.peer.write(numbered(2001, 1000)), 20)
      await two.answers(1)
      const first = two.requests.map(({ sequence_number }) => sequence_number)
      assert.ok(first.length >= 40)
      if (atOnce) assert.equal(first.length, 40)
      assert.deepEqual(
        [...first, ...next],
        Array.from({ length: 3000 }, (_, n) => n + 1),
      )
      // It owes the peer answers, and would wait for them.
      over!.destroy('over')
      await two.close()
    }
  })

  test(`a flood that takes long to work on leaves others their turns (${side})`, async () => {
    let taken = 0
    const two = await pair(side, {
      onRequest(pdu, link) {
        // A request that costs half a ms.
        for (const until = performance.now() + 0.5; performance.now() < until;);
        taken++
        if (pdu.sequence_number === 400) link.post({ command: 'generic_nack', sequence_number: 400 })
      },
    })
    let longest = 0
    let over = false
    const look = (): void => {
      const before = taken
      setImmediate(() => {
        longest = Math.max(longest, taken - before)
        if (!over) look()
      })
    }
    look()
    two.peer.write(numbered(1, 400))
    await two.answers(1)
    over = true
    assert.equal(taken, 400)
    // 3 ms and the rest of eight; with two pieces between two looks.
    assert.ok(longest <= 32, `${longest} in one turn`)
    await two.close()
  })
}

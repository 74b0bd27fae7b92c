// Whole sessions under mutated PDUs, mapping included: our ESME under a carrier's, our message centre
// under a client's. Every request is answered once, the session lives, and nothing went wrong that
// was not foreseen.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { house } from '../../plugins/smpp/centre/centre.fixture.ts'
import { commandIds, createParser, encodePdu } from '../../plugins/smpp/codec/index.ts'
import { boundRaw } from '../peers/smpp-bound.ts'
import { createMutator } from './mutate.ts'

const cases = 4000
const perBatch = 200
const responseBit = 0x8000_0000
const unanswered: ReadonlySet<number> = new Set([commandIds.outbind, commandIds.alert_notification])

/** Resolves to how many requests were refused. */
async function besiege(t: TestContext, peer: Socket, seed: number): Promise<number> {
  const mutator = createMutator(seed)
  const missing = new Set<number>()
  const faults: string[] = []
  let refused = 0
  let wake = (): void => {}
  const parser = createParser({
    onPdu(pdu) {
      if (commandIds[pdu.command] < responseBit) {
        if (pdu.command === 'enquire_link') peer.write(encodePdu({ command: 'enquire_link_resp', sequence_number: pdu.sequence_number }))
        return
      }
      if (pdu.command_status !== 0) refused++
      if (!missing.delete(pdu.sequence_number)) faults.push(`${pdu.command} ${pdu.sequence_number}: not asked, or answered twice`)
      wake()
    },
    onBad: (bad) => faults.push(bad.reason),
  })
  peer.on('data', (chunk: Buffer) => parser.push(chunk))
  peer.on('close', () => {
    faults.push('closed')
    wake()
  })
  for (let at = 0; at < cases; at += perBatch) {
    const chunks: Buffer[] = []
    for (let n = at; n < at + perBatch; n++) {
      const octets = Buffer.from(mutator.make(n, n + 1000))
      const id = octets.readUInt32BE(4)
      if (id === commandIds.unbind || unanswered.has(id)) continue
      if (id < responseBit) missing.add(n + 1000)
      chunks.push(octets)
    }
    peer.write(Buffer.concat(chunks))
    const cancel = setTimeout(() => {
      const [first = 0] = missing
      faults.push(`no answer to ${mutator.make(first - 1000, first).toString('hex')} and ${missing.size - 1} more`)
      wake()
    }, 10_000)
    while (missing.size > 0 && faults.length === 0) await new Promise<void>((resolve) => (wake = resolve))
    clearTimeout(cancel)
    assert.deepEqual(faults, [])
  }
  t.diagnostic(`${refused} of ${cases} PDUs were refused`)
  return refused
}

/** Errors are what somebody must act upon: a peer must not be able to make one. */
const errorsOf = (log: readonly string[]): string[] => log.filter((line) => (JSON.parse(line) as { level: number }).level >= 50)

for (const seed of [11, 12]) {
  test(`our ESME lives under what a carrier may send it, seed ${seed}`, { timeout: 180_000 }, async (t) => {
    let carrier: Socket | undefined
    const { recorded, session } = await boundRaw(t, (socket) => (carrier = socket))
    let closed: string | undefined
    void session.closed.then((why) => (closed = why))
    await besiege(t, carrier!, seed)
    assert.equal(closed, undefined)
    assert.deepEqual(errorsOf(recorded.log), [])
    const { accepted, parts, receipts } = recorded
    assert.ok(accepted.length + parts.length > 10 && receipts.length > 10, `${accepted.length} ${parts.length} ${receipts.length}`)
  })

  test(`our message centre lives under what a client may send it, seed ${seed}`, { timeout: 180_000 }, async (t) => {
    const centre = await house(t)
    const peer = connect(centre.port, '127.0.0.1')
    t.after(() => peer.destroy())
    peer.on('error', () => {})
    peer.write(
      encodePdu({ command: 'bind_transceiver', sequence_number: 1, system_id: 'shop', password: 'secret', interface_version: 0x50 }),
    )
    await once(peer, 'data')
    assert.equal(centre.clients[0]!.sessions.size, 1)
    await besiege(t, peer, seed)
    assert.equal(centre.clients[0]!.sessions.size, 1)
    assert.deepEqual(errorsOf(centre.log), [])
    assert.ok(centre.clients[0]!.accepted.length + centre.clients[0]!.parts.length > 10)
    assert.doesNotMatch(centre.log.join(''), /secret/)
  })
}

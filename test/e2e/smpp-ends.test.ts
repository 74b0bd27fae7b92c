// What a client by SMPP is told of messages that never leave: parts whose others never come, by the
// setting of its bind, and what waited longer than its validity. Each ends once, with its CDR.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { freePort } from '../bench/processes.ts'
import { type Esme, esmes } from '../peers/smpp-client.ts'
import { bindTo, cdrsOf, eventually, startWorld, type World } from './world.ts'

let world: World
let port: number
const bind = esmes(() => port)

before(async () => {
  port = await freePort()
  const nobody = await freePort()
  world = await startWorld(
    { north: {} },
    { SIGNALBOX_SMPP: `127.0.0.1:${port}` },
    (carriers) => `
    binds:
      - ${bindTo(carriers, 'north')}
      - { id: gone, connector: smpp, config: { host: 127.0.0.1, port: ${nobody}, systemId: gone } }
      - { id: patient, connector: smpp, side: client, policy: { partsTimeoutSeconds: 1 }, config: { systemId: patient, password: secret } }
      - { id: hoarder, connector: smpp, side: client, policy: { partsTimeoutSeconds: 600 }, config: { systemId: hoarder, password: secret } }
      - id: strict
        connector: smpp
        side: client
        policy: { partsTimeoutSeconds: 1, partsIncomplete: drop }
        config: { systemId: strict, password: secret }
    routes:
      - { id: all, prefix: "", to: [north] }
      - { id: lost, prefix: "+49", to: [gone] }
`,
  )
})

after(async () => {
  await world?.close()
})

/** Parts of a message of three; answers their ids. */
async function submitParts(client: Esme, to: string, indices: readonly number[], reference: number): Promise<string[]> {
  const ids: string[] = []
  for (const index of indices) {
    const short_message = Buffer.concat([Buffer.from([5, 0, 3, reference, 3, index]), Buffer.from(`part ${index}, `)])
    const response = await client.submit({ destination_addr: to, registered_delivery: 1, esm_class: 0x40, short_message })
    assert.equal(response.command_status, 0)
    ids.push(response.message_id)
  }
  return ids
}

const told = (client: Esme, count: number): Promise<string[]> =>
  eventually(`${count} receipts`, () =>
    client.receipts().length >= count ? client.receipts().map(({ id, stat }) => `${id} ${stat}`) : undefined,
  )

test('parts whose others never come are sent as far as they came', async () => {
  const client = await bind('patient')
  const ids = await submitParts(client, '447700900301', [3, 1], 0x31)
  const receipts = await told(client, 2)
  assert.deepEqual(receipts.toSorted(), ids.map((id) => `${id} DELIVRD`).toSorted())
  assert.equal(world.carriers.inbox(20).find(({ to }) => to === '+447700900301')?.text, 'part 1, part 3, ')
})

test('or, where the bind wants it, are not sent, and each is receipted as that', async () => {
  const client = await bind('strict')
  const ids = await submitParts(client, '447700900302', [1, 2], 0x32)
  const receipts = await told(client, 2)
  assert.deepEqual(receipts.toSorted(), ids.map((id) => `${id} REJECTD`).toSorted())
  // The parts' ids differ from the message's in their last digits only.
  const lines = (await eventually('its CDR', async () => {
    const all = (await cdrsOf(world.setup, [])).filter(({ message }) => message.startsWith(ids[0]!.slice(0, 28)))
    return all.length > 0 ? all : undefined
  })) as { state: string; failure?: string }[]
  assert.deepEqual(
    lines.map(({ state, failure }) => [state, failure]),
    [['failed', 'invalid-body']],
  )
  assert.equal(
    world.carriers.inbox(20).find(({ to }) => to === '+447700900302'),
    undefined,
  )
})

test('and however many of another client wait for longer', async () => {
  const hoarder = await bind('hoarder')
  for (let round = 0; round < 5; round++)
    await Promise.all(
      Array.from({ length: 50 }, (_, n) => submitParts(hoarder, `44770091${String(round * 50 + n).padStart(4, '0')}`, [1], 1)),
    )
  const client = await bind('patient')
  const [id] = await submitParts(client, '447700900304', [2], 0x34)
  assert.deepEqual(await told(client, 1), [`${id} DELIVRD`])
  assert.equal(hoarder.receipts().length, 0)
})

test('the same reference used again afterwards is another message', async () => {
  const client = await bind('strict')
  const first = await submitParts(client, '447700900303', [1], 0x33)
  assert.deepEqual(await told(client, 1), [`${first[0]} REJECTD`])
  const whole = await submitParts(client, '447700900303', [2, 1, 3], 0x33)
  const receipts = await told(client, 4)
  assert.deepEqual(receipts.slice(1).toSorted(), whole.map((id) => `${id} DELIVRD`).toSorted())
  assert.equal(world.carriers.inbox(20).find(({ to }) => to === '+447700900303')?.text, 'part 1, part 2, part 3, ')
})

test('what waits longer than its validity is told as expired', async () => {
  const client = await bind('patient')
  const response = await client.submit({
    destination_addr: '4915100000301',
    short_message: 'Too late',
    registered_delivery: 1,
    validity_period: '000000000001000R',
  })
  assert.equal(response.command_status, 0)
  assert.deepEqual(await told(client, 1), [`${response.message_id} EXPIRED`])
  const lines = await cdrsOf(world.setup, [response.message_id])
  assert.deepEqual(
    lines.filter(({ message }) => message === response.message_id).map(({ state, failure }) => [state, failure]),
    [['expired', 'expired']],
  )
})

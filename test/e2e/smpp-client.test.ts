// A client by SMPP, end to end: npm `smpp` binds to a gateway process, simulated carriers take what it
// submits, and receipts and replies come back, also after it was away.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { freePort } from '../bench/processes.ts'
import { type Esme, esme } from '../peers/smpp-client.ts'
import { bindTo, configure, eventually, startWorld, type World } from './world.ts'

let world: World
let port: number
const open: Esme[] = []

async function bind(options: Partial<Parameters<typeof esme>[0]> = {}): Promise<Esme> {
  const it = await esme({ port, ...options })
  open.push(it)
  return it
}

before(async () => {
  port = await freePort()
  world = await startWorld({ north: {} }, { SIGNALBOX_SMPP: `127.0.0.1:${port}` })
  await configure(
    world.setup,
    `accounts:
  - id: root
    binds:
      - ${bindTo(world.carriers, 'north')}
      - { id: shop, connector: smpp, side: client, config: { systemId: shop, password: secret } }
    numbers:
      - { number: "+15550003333", bind: shop }
    routes:
      - { id: all, prefix: "", to: [north] }
`,
  )
})

after(async () => {
  for (const it of open) it.session.destroy()
  await world.close()
})

test('what a client submits is answered with an id, sent, and receipted under that id', async () => {
  const client = await bind()
  const response = await client.submit({ destination_addr: '447700900123', short_message: 'Hello', registered_delivery: 1 })
  assert.equal(response.command_status, 0)
  assert.match(response.message_id, /^[0-9a-f]{32}$/)
  const [receipt] = await eventually('the receipt', () => (client.receipts().length > 0 ? client.receipts() : undefined))
  assert.equal(receipt!.id, response.message_id)
  assert.equal(receipt!.stat, 'DELIVRD')
  assert.equal(receipt!.pdu.esm_class, 4)
  assert.equal(receipt!.pdu.source_addr, '447700900123')
  assert.equal(receipt!.pdu.destination_addr, 'Shop')
  assert.equal(receipt!.pdu['receipted_message_id'], response.message_id)
  await client.close()
})

// Debian's libnet-smpp-perl as a customer at our message centre: a script of it binds, submits, asks,
// replaces, takes back and unbinds, and prints what it was told. tshark finds no fault in what was said.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { freePort } from '../bench/processes.ts'
import { bindTo, eventually, startWorld, type World } from '../e2e/world.ts'
import { needs } from './found.ts'
import { startTap, type Tap } from './tap.ts'

interface Said {
  what: string
  status?: number
  message_id?: string
  [field: string]: unknown
}

const number = '+15550003333'
const script = 'test/peers/net-smpp.pl'

describe('Net::SMPP', needs('net-smpp'), () => {
  let world: World
  let tap: Tap

  before(async () => {
    const port = await freePort()
    tap = await startTap(port)
    world = await startWorld(
      { north: {} },
      { SIGNALBOX_SMPP: `127.0.0.1:${port}` },
      (carriers) => `
    binds:
      - ${bindTo(carriers, 'north')}
      - { id: perl, connector: smpp, side: client, config: { systemId: perl, password: secret } }
    numbers: [{ number: "${number}", bind: perl }]
    routes: [{ id: britain, prefix: "+44", to: [north] }]
`,
    )
  })
  after(async () => {
    await world?.close()
    await tap?.close()
  })

  /** Runs the script to its end; `on` hears each line. */
  async function run(password: string, deliveries: number, on: (said: Said) => void = () => {}): Promise<Said[]> {
    const child = spawn('perl', [script, String(tap.port), 'perl', password, String(deliveries)], { stdio: ['ignore', 'pipe', 'pipe'] })
    let errors = ''
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    const all: Said[] = []
    createInterface({ input: child.stdout.setEncoding('latin1') }).on('line', (line) => {
      const said = JSON.parse(line) as Said
      all.push(said)
      on(said)
    })
    const code = await new Promise((resolve) => child.once('close', resolve))
    assert.deepEqual([code, errors], [0, ''], JSON.stringify(all))
    return all
  }

  test('binds, submits, gets receipts and a reply, asks, replaces, takes back and unbinds', { timeout: 180_000 }, async () => {
    let submits = 0
    const all = await run('secret', 3, ({ what }) => {
      if (what !== 'submit_sm' || ++submits !== 4) return
      world.carriers.reply({ from: '+447700900301', to: number, text: 'Yes, perl', carrier: 'north' })
    })
    const of = (what: string): Said[] => all.filter((said) => said.what === what)
    assert.deepEqual(
      all.filter(({ what }) => what !== 'deliver_sm').map(({ what, status }) => [what, status]),
      [
        ['bind_transceiver', 0],
        ['submit_sm', 0],
        ['submit_sm', 0],
        ['submit_sm', 0x0b],
        ['submit_sm', 0],
        ['query_sm', 0],
        ['query_sm', 0x67],
        ['query_sm', 0],
        ['replace_sm', 0],
        ['cancel_sm', 0],
        ['query_sm', 0],
        ['enquire_link', 0],
        ['unbind', 0],
      ],
    )
    const [latin, cyrillic, , later] = of('submit_sm').map(({ message_id }) => message_id)
    // 2 delivered, 1 enroute (3.4 has no state for what is scheduled), 4 deleted (SMPP 3.4 §5.2.28).
    assert.deepEqual(
      of('query_sm').map(({ message_id, message_state, status }) => (status === 0 ? [message_id, message_state] : undefined)),
      [[latin, 2], undefined, [later, 1], [later, 4]],
    )
    const receipts = of('deliver_sm').filter(({ esm_class }) => esm_class === 4)
    assert.deepEqual(receipts.map((said) => String(said['receipted_message_id'])).toSorted(), [String(latin), String(cyrillic)].toSorted())
    for (const said of receipts)
      assert.match(String(said['short_message']), new RegExp(`^id:${String(said['receipted_message_id'])} .* stat:DELIVRD `))
    const reply = of('deliver_sm').find(({ esm_class }) => esm_class === 0)
    assert.deepEqual(
      [reply?.['source_addr'], reply?.['source_addr_ton'], reply?.['destination_addr'], reply?.['short_message']],
      ['447700900301', 1, number.slice(1), 'Yes, perl'],
    )
    await eventually('both texts are shown', () => (world.carriers.inbox().length === 2 ? true : undefined))
    assert.deepEqual(
      new Set(world.carriers.inbox().map(({ from, text }) => `${from}: ${text}`)),
      new Set(['Perl: From perl @ home', 'Perl: Привет']),
    )
  })

  test('is told that its password is wrong', async () => {
    const [bound, ...rest] = await run('wrong', 0)
    assert.deepEqual([bound?.what, bound?.status, rest], ['bind_transceiver', 0x0e, []])
  })

  test('tshark finds no fault in what was said', needs('tshark'), async () => {
    const { commands, faults } = await tap.dissected()
    assert.equal(faults, '')
    for (const command of [
      '0x00000009',
      '0x80000009',
      '0x00000004',
      '0x80000004',
      '0x00000005',
      '0x80000003',
      '0x80000007',
      '0x80000008',
      '0x80000006',
    ])
      assert.ok((commands.get(command) ?? 0) > 0, `${command}, of ${JSON.stringify([...commands])}`)
  })
})

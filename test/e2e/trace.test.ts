// A trace as an operator has it: a client's SMPP session from bind to unbind, followed by the command
// line of a running gateway, with no password and no word of a message in it.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { freePort } from '../bench/processes.ts'
import { esme } from '../peers/smpp-client.ts'
import { ask, basic, bindTo, eventually, root, signalbox, startWorld, type World } from './world.ts'

let world: World
let port: number

before(async () => {
  port = await freePort()
  world = await startWorld(
    { north: {} },
    { SIGNALBOX_SMPP: `127.0.0.1:${port}` },
    (carriers) => `
    binds:
      - ${bindTo(carriers, 'north')}
      - { id: shop, connector: smpp, side: client, config: { systemId: shop, password: secret } }
    routes:
      - { id: all, prefix: "", to: [north] }
`,
  )
})

after(() => world?.close())

const pdus = (...args: string[]): ReturnType<typeof signalbox> => signalbox(['pdus', ...args], world.setup.env)
const path = (suffix = ''): string => `/api/v1/binds/shop/trace${suffix}`
const isRunning = async (): Promise<true | undefined> => {
  const { status, json } = await ask(world.setup, path(), { as: root })
  return status === 200 && (json['trace'] as { running: boolean }).running ? true : undefined
}

/** Somebody else who follows, and does so once this resolves. */
const follow = (): Promise<Response> =>
  fetch(`http://127.0.0.1:${world.setup.httpPort}${path('/lines')}`, { headers: { authorization: basic(root) } })

/** Binds, submits one text, awaits its receipt, unbinds. */
async function visit(text: string): Promise<void> {
  const client = await esme({ port })
  await client.submit({ destination_addr: '447700900123', short_message: text, registered_delivery: 1 })
  await eventually('the receipt', () => (client.receipts().length > 0 ? true : undefined))
  await client.ask('unbind')
  await client.close()
}

test('a session is shown from bind to unbind, without password and words, and saved for Wireshark', { timeout: 180_000 }, async () => {
  const file = join(world.setup.data, 'shop.pcap')
  const following = pdus('--bind', 'shop', '--follow', '--count', '8', '--pcap', file)
  await eventually('the trace', isRunning)
  await visit('meet me at nine')
  const { code, out } = await following
  assert.equal(code, 0, out)
  const commands = [...out.matchAll(/^#\d+ .*  ([←→]) .*  (\w+)$/gm)].map(([, arrow, command]) => `${arrow} ${command}`)
  assert.deepEqual(commands.slice(0, 4), ['← bind_transceiver', '→ bind_transceiver_resp', '← submit_sm', '→ submit_sm_resp'])
  assert.deepEqual(commands.slice(4), ['→ deliver_sm', '← deliver_sm_resp', '← unbind', '→ unbind_resp'])
  assert.match(out, /system_id +"shop"/)
  assert.match(out, /password +hidden/)
  assert.match(out, /short_message +15 octets, hidden/)
  assert.match(out, /stat:DELIVRD/)
  assert.match(out, /8 PDUs; the trace is over: 8 PDUs are recorded\./)
  const saved = (await readFile(file)).toString('latin1')
  for (const all of [out, saved]) assert.doesNotMatch(all, /secret|meet me/)
  assert.match(saved, /447700900123/)

  const later = await pdus('--bind', `${root.sid}/shop`, '--json')
  const lines = later.out.trim().split('\n').slice(0, -1)
  assert.equal(lines.length, 8)
  assert.equal((JSON.parse(lines[2]!) as { title: string }).title, 'submit_sm')
})

test('bodies are shown where they are asked for, and it is in the log who did', { timeout: 180_000 }, async () => {
  const following = pdus('--bind', 'shop', '--bodies', '--for', '60s', '--count', '4')
  await eventually('the trace', isRunning)
  await visit('meet me at nine')
  const { out } = await following
  assert.match(out, /short_message +15 octets, "meet me at nine"/)
  assert.doesNotMatch(out, /secret/)
})

test('what cannot be done is told with what would be right', { timeout: 180_000 }, async () => {
  const say = async (...args: string[]): Promise<string> => {
    const { code, out } = await pdus(...args)
    assert.equal(code, 1, args.join(' '))
    return out
  }
  assert.match(await say('--bind', 'nowhere', '--follow'), /There is no bind .*\/nowhere\./)
  assert.match(await say('--bind', 'north'), /The bind north is not traced.*\nTo trace it now, add --follow\./)
  assert.match(await say('--bind', 'north', '--for', '2d'), /--for: expected a time of 1s to 1h such as 90s or 10m, got '2d'/)
  assert.match(await say('--bind', 'north', '--for', '2h'), /--for: expected/)
  assert.match(await say('--bind', 'north', '--count', 'many'), /--count: expected 1–100000, got 'many'/)
  assert.match(await say('--bind', 'api', '--follow'), /Binds of the connector twilio cannot be traced/)
  assert.equal((await ask(world.setup, path('?forget=true'), { as: root, method: 'DELETE' })).status, 200)
  const first = pdus('--bind', 'shop', '--follow')
  await eventually('the trace', isRunning)
  assert.match(await say('--bind', 'shop', '--for', '10s'), /shop is traced already, by .*\n--follow alone follows it; --stop ends it\./)
  const second = await follow()
  const stopped = await pdus('--bind', 'shop', '--stop')
  assert.match(stopped.out, /shop is traced no more; 0 PDUs heard\./)
  assert.match((await first).out, /0 PDUs; the trace is over: stopped by/)
  assert.match(await second.text(), /"ended":"stopped by/)
})

test('the gateway ends while a trace is followed, at once and with a word', { timeout: 180_000 }, async () => {
  assert.equal((await ask(world.setup, path(), { as: root, json: {} })).status, 200)
  const following = await follow()
  await visit('one more')
  const startedAt = Date.now()
  await world.gateway.stop()
  const took = Date.now() - startedAt
  assert.match(await following.text(), /{"ended":"the gateway stops","pdus":8}\n$/)
  // An answer that does not end would be waited for ten seconds.
  assert.ok(took < 9000, `it took ${took} ms`)
})

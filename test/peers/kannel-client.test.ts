// Debian's Kannel as a customer at our message centre, as a transceiver and as a pair: what it sends
// reaches the handset as it was, each receipt finds its dlr-url, replies from handsets reach its
// service, and what came while it or we were away comes afterwards. tshark finds no fault in any of it.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { configure, eventually, startHooks, startWorld, type World } from '../e2e/world.ts'
import { freePort } from '../bench/processes.ts'
import { needs } from './found.ts'
import { type Kannel, startKannel } from './kannel.ts'
import { startTap, type Tap } from './tap.ts'

type Hooks = Awaited<ReturnType<typeof startHooks>>

const number = '+15550003333'
const receiptsOf = (hooks: Hooks, name: string): string[] =>
  hooks.got.flatMap(({ path }) => (path.startsWith(`/dlr/${name}?`) ? [path.split('?')[1]!] : []))

/** Of octets in a URL. */
function ucs2(escaped: string): string {
  const latin1 = escaped.replaceAll('+', ' ').replaceAll(/%(..)/g, (_all, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  return Buffer.from(latin1, 'latin1').swap16().toString('utf16le')
}

for (const { name, pair, commands } of [
  { name: 'a transceiver', pair: false, commands: ['0x00000009'] },
  { name: 'a transmitter and a receiver', pair: true, commands: ['0x00000001', '0x00000002'] },
]) {
  describe(`Kannel bound as ${name}`, needs('kannel'), () => {
    let world: World
    let hooks: Hooks
    let tap: Tap
    let carrierTap: Tap
    let kannel: Kannel

    const start = (): Promise<Kannel> =>
      startKannel({
        sinkPort: tap.port,
        systemId: 'shop',
        password: 'secret',
        store: 'file',
        workDir: world.setup.data,
        window: 10,
        pair,
        // Ids are text: 32 hex digits fit no integer of Kannel's.
        smsc: '',
        groups: `group = sms-service\nkeyword = default\nmax-messages = 0\nget-url = "${hooks.url}/mo?from=%p&to=%P&words=%a&coding=%c&octets=%b"\n`,
      })
    const send = async (fields: Record<string, string>): Promise<void> => {
      const query = new URLSearchParams({ username: 'bench', password: 'bench', from: number, charset: 'UTF-8', ...fields })
      const answer = await fetch(`${kannel.url}?${query.toString()}`)
      assert.equal(answer.status, 202, await answer.text())
    }
    const asked = (of: string): Record<string, string> => ({ 'dlr-mask': '31', 'dlr-url': `${hooks.url}/dlr/${of}?%d` })
    const shown = (to: string) => eventually(`a message at ${to}`, () => world.carriers.inbox().find((message) => message.to === to))
    const reply = (text: string): void => void world.carriers.reply({ from: '+447700900555', to: number, text, carrier: 'north' })
    const heard = (): (string | null)[][] =>
      hooks.got.flatMap(({ path }) => {
        if (!path.startsWith('/mo?')) return []
        const said = new URLSearchParams(path.slice('/mo?'.length))
        // coding 2: its octets are UCS-2.
        const words = said.get('coding') === '2' ? ucs2(/&octets=(.*)/.exec(path)![1]!) : said.get('words')
        return [[said.get('from'), said.get('to'), words]]
      })

    before(async () => {
      const port = await freePort()
      tap = await startTap(port)
      hooks = await startHooks((_hook, response) => void response.writeHead(200, { 'content-type': 'text/plain' }).end())
      world = await startWorld({ north: { fail: [{ destination: '*666', state: 'UNDELIV' }] } }, { SIGNALBOX_SMPP: `127.0.0.1:${port}` })
      carrierTap = await startTap(world.carriers.port)
      await configure(
        world.setup,
        `accounts:
  - id: root
    binds:
      - { id: north, connector: smpp, config: { host: 127.0.0.1, port: ${carrierTap.port}, systemId: north, password: north } }
      - { id: shop, connector: smpp, side: client, config: { systemId: shop, password: secret } }
    numbers: [{ number: "${number}", bind: shop }]
    routes: [{ id: britain, prefix: "+44", to: [north] }]
`,
      )
      kannel = await start()
    })
    after(async () => {
      await kannel?.stop()
      await world?.close()
      await tap?.close()
      await carrierTap?.close()
      hooks?.close()
    })

    const long = 'Kannel cuts this text in three and numbers the parts in their headers. '.repeat(6)
    const texts = [
      { what: 'a short text', to: '+447700900101', text: 'Curly {braces}, a backslash \\ and £ and @', segments: 1 },
      { what: 'a text in UCS-2', to: '+447700900102', text: 'Привет, мир', coding: '2', segments: 1 },
      { what: 'a long text', to: '+447700900103', text: long, segments: Math.ceil(long.length / 153) },
      { what: 'a long text in UCS-2', to: '+447700900104', text: 'Длинный текст. '.repeat(10), coding: '2', segments: 3 },
    ]
    for (const { what, to, text, coding, segments } of texts) {
      test(`${what} reaches the handset, and Kannel tells its receipt`, async () => {
        await send({ to, text, ...(coding ? { coding } : {}), ...asked(to.slice(1)) })
        const message = await shown(to)
        assert.deepEqual([message.from, message.text, message.segments], [number, text, segments])
        // 8: the message centre took it; 4: it is with the carrier; 1: delivered. Of a text in parts, of one of them.
        const got = await eventually('all reports', () => {
          const all = receiptsOf(hooks, to.slice(1))
          return all.length >= 3 ? all : undefined
        })
        // It calls in parallel, so the calls may overtake each other.
        assert.deepEqual(got.toSorted(), ['1', '4', '8'])
      })
    }

    test('octets with a header reach the handset as they are', async () => {
      const to = '+447700900105'
      const query = new URLSearchParams({ username: 'bench', password: 'bench', from: number, to, coding: '1' })
      const answer = await fetch(`${kannel.url}?${query.toString()}&udh=%06%05%04%3E%81%3E%80&text=%00%01%02%FF%FE`)
      assert.equal(answer.status, 202)
      assert.equal((await shown(to)).text, '000102fffe')
      assert.ok(carrierTap.passed(Buffer.from('0605043e813e80000102fffe', 'hex')))
    })

    test('what is not delivered and what is refused is told as such', async () => {
      await send({ to: '+447700900666', text: 'To nobody', ...asked('failed') })
      // No route leads there, so submit_sm itself is refused.
      await send({ to: '+33612345678', text: 'To nowhere', ...asked('refused') })
      await eventually('the failure', () => (receiptsOf(hooks, 'failed').includes('2') ? true : undefined))
      await eventually('the refusal', () => (receiptsOf(hooks, 'refused').includes('16') ? true : undefined))
      assert.ok(!receiptsOf(hooks, 'failed').includes('1'))
      assert.deepEqual(receiptsOf(hooks, 'refused'), ['16'])
    })

    test('replies from handsets reach its service', async () => {
      reply('Yes please')
      reply('Да, пожалуйста')
      await eventually('both replies', () => (heard().length === 2 ? true : undefined))
      assert.deepEqual(heard(), [
        ['+447700900555', number, 'Yes please'],
        ['+447700900555', number, 'Да, пожалуйста'],
      ])
    })

    test('replies that came while Kannel was away come when it is back', async () => {
      await kannel.stop()
      hooks.got.length = 0
      for (let n = 1; n <= 3; n++) reply(`waited ${n}`)
      kannel = await start()
      await eventually('all three', () => (heard().length === 3 ? true : undefined))
      assert.deepEqual(new Set(heard().map((words) => words[2])), new Set(['waited 1', 'waited 2', 'waited 3']))
    })

    test('a receipt that came while we were restarted finds its dlr-url', { timeout: 180_000 }, async () => {
      world.carriers.change('north', { personality: { receipts: { delay: 1500 } } })
      await send({ to: '+447700900110', text: 'Wait for it', ...asked('restarted') })
      await eventually('it is taken', () => (receiptsOf(hooks, 'restarted').includes('8') ? true : undefined))
      await world.restart()
      await eventually('its receipt', () => (receiptsOf(hooks, 'restarted').includes('1') ? true : undefined))
      await send({ to: '+447700900111', text: 'And after it' })
      assert.equal((await shown('+447700900111')).text, 'And after it')
    })

    test('tshark finds no fault in what was said', needs('tshark'), async () => {
      const { commands: seen, faults } = await tap.dissected()
      assert.equal(faults, '')
      for (const command of [...commands, '0x00000004', '0x80000004', '0x00000005', '0x80000005', '0x00000006', '0x80000006'])
        assert.ok((seen.get(command) ?? 0) > 0, `${command}, of ${JSON.stringify([...seen])}`)
      const carried = await carrierTap.dissected()
      assert.equal(carried.faults, '')
      assert.ok((carried.commands.get('0x00000004') ?? 0) >= 10, JSON.stringify([...carried.commands]))
    })
  })
}

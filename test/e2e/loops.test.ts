// Two gateways that route a number at each other, by SIP, by SMPP and by HTTP, in every mix of two: what is
// sent there goes round a few times, ends as a failure that says so, and its sender is told.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { freePort } from '../bench/processes.ts'
import { ask, configure, create, eventually, messagesPath, root, sleep, startWorld, type World } from './world.ts'

const ourNumber = '+15550002222'
const ways = ['sip', 'smpp', 'http'] as const
type Way = (typeof ways)[number]

interface Side {
  world: World
  smpp: number
  sip: number
  profiles: string
}

let first: Side
let second: Side

async function start(): Promise<Side> {
  const [smpp, sip] = [await freePort(), await freePort()]
  const profiles = await mkdtemp(join(tmpdir(), 'sip-profiles-'))
  await mkdir(join(profiles, 'external'))
  await writeFile(join(profiles, 'external.yaml'), `listen: { udp: '127.0.0.1:${sip}' }\n`)
  const world = await startWorld({}, { SIGNALBOX_SMPP: `127.0.0.1:${smpp}`, SIGNALBOX_SIP: profiles })
  return { world, smpp, sip, profiles }
}

/** Prefix of the numbers that go there by one way and come back by another. */
const prefixOf = (there: Way, back: Way): string => `+4477009${ways.indexOf(there)}${ways.indexOf(back)}`

const inward = `accounts:
  - id: root
    privateWebhooks: true
    binds:
      - { id: sip-in, connector: sip, side: client, config: { profile: external, nextHops: ['sip:127.0.0.1:9'], addresses: [127.0.0.1], pingSeconds: 0 } }
      - { id: smpp-in, connector: smpp, side: client, config: { systemId: other, password: secret, hopsTlv: '0x1502' } }
      - { id: http-in, connector: twilio, side: client }
    numbers:
      - { number: "${ourNumber}", bind: http-in }`

function outward({ smpp, sip, world }: Side, way: (there: Way, back: Way) => Way): string {
  const routes = ways.flatMap((there) =>
    ways.map((back) => `      - { id: ${there}-${back}, prefix: "${prefixOf(there, back)}", to: [${way(there, back)}-out] }`),
  )
  return `accounts:
  - id: root
    binds:
      - { id: sip-out, connector: sip, side: supplier, config: { profile: external, nextHops: ['sip:127.0.0.1:${sip}'], receipts: none } }
      - { id: smpp-out, connector: smpp, side: supplier, config: { host: 127.0.0.1, port: ${smpp}, systemId: other, password: secret, hopsTlv: '0x1502' } }
      - id: http-out
        connector: twilio
        side: supplier
        config: { baseUrl: 'http://127.0.0.1:${world.setup.httpPort}', accountSid: ${root.sid}, authToken: ${root.token}, callbackSecret: th1sB1ndsOwnCallbackSecret }
    routes:
${routes.join('\n')}`
}

before(async () => {
  first = await start()
  second = await start()
  // Who is dialled knows the other already.
  for (const { world } of [first, second]) await configure(world.setup, inward)
  await configure(
    first.world.setup,
    outward(second, (there) => there),
  )
  await configure(
    second.world.setup,
    outward(first, (_, back) => back),
  )
  for (const { world } of [first, second])
    for (const way of ways)
      await eventually(
        `${way}-out is bound`,
        async () => {
          const { json } = await ask(world.setup, `/api/v1/statistics?bind=${encodeURIComponent(`${root.sid}/${way}-out`)}`, { as: root })
          const [found] = json['binds'] as { sessions?: { state: string } }[]
          return found?.sessions?.state === 'bound' || undefined
        },
        30_000,
      )
})

after(async () => {
  await Promise.all([first?.world.close(), second?.world.close()])
  for (const side of [first, second]) if (side) await rm(side.profiles, { recursive: true })
})

async function listed(side: Side, to: string): Promise<{ sid: string; status: string }[]> {
  const { json } = await ask(side.world.setup, `${messagesPath(root.sid)}?To=${encodeURIComponent(to)}&PageSize=100`, { as: root })
  return json['messages'] as { sid: string; status: string }[]
}

const terminal = new Set(['delivered', 'undelivered', 'failed', 'canceled'])

for (const there of ways)
  for (const back of ways)
    test(`there by ${there} and back by ${back} it goes round ten times at most, and fails`, async () => {
      const to = `${prefixOf(there, back)}001`
      const sid = await create(first.world.setup, { From: ourNumber, To: to, Body: 'round and round' })
      const all = await eventually(
        'the end of it',
        async () => {
          const found = [...(await listed(first, to)), ...(await listed(second, to))]
          return found.length >= 10 && found.some(({ status }) => status === 'failed') ? found : undefined
        },
        30_000,
      )
      assert.equal(all.length, 10)
      await sleep(300)
      assert.equal((await listed(first, to)).length + (await listed(second, to)).length, 10)
      const traces = await Promise.all(
        [first, second].map(async (side) => {
          const failed = (await listed(side, to)).find(({ status }) => status === 'failed')
          return failed ? (await ask(side.world.setup, `/api/v1/messages/${failed.sid.slice(2)}`, { as: root })).text : ''
        }),
      )
      const refusal = { sip: /482 [^"]*goes round in a loop/, smpp: /ESME_RINVDSTADR/, http: /HTTP 400, code 21612/ }
      // The last goes out by the second's way back: the first has had it five times then.
      assert.match(traces.join('\n'), refusal[back])
      // By SIP no receipts are asked for here; otherwise whoever sent it hears of it.
      if (there === 'sip' || back === 'sip') return
      await eventually('its sender hears of it', async () => {
        const mine = (await listed(first, to)).find((each) => each.sid === sid)
        return terminal.has(mine?.status ?? '') || undefined
      })
    })

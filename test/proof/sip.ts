// The crash proof of SIP. sipp sends as a PBX, known by its address, and as a phone, known by the flow that it registered by,
// to a carrier by SMPP; their receipts come back as MESSAGE. An SMPP client sends to a carrier by SIP,
// which is sipp, too; handsets write to the PBX and to the user, who registers once, before the first
// kill. All are processes with ledgers of their own, which sip-reconcile.ts holds against each other. In the
// mixed proof an application posts by HTTP at the same time, to the carrier by SMPP (mixed.ts).
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { apply, ourNumber, setUp, startGatewayProcess, tearDown } from '../bench/gateway.ts'
import { freePort, start, type Running } from '../bench/processes.ts'
import { readGot, readSent, type Sipp, startSender, startTaker } from '../bench/sipp.ts'
import { phone } from '../e2e/sip-phone.ts'
import type { CarrierJob } from './carrier.ts'
import type { EsmeJob } from './esme.ts'
import { settle } from './evidence.ts'
import { generator, hush, killRounds, type Proof, type ProofOptions } from './rounds.ts'
import { startPosting } from './mixed.ts'
import { missing, readAll, reconcile, type Ledgers } from './sip-reconcile.ts'
import { textOf } from './traffic.ts'

const password = 'proofpwd'
const domain = 'sms.test'
const numbers = { alice: '15550004001', pbx: '15550004003', esme: '15550001112' } as const
/** What the destinations begin with, by who sends there. */
const prefixes = { alice: '4471', pbx: '4472', esme: '4473' } as const
/** Of all that is sent. */
const shares = { alice: 0.25, pbx: 0.35, esme: 0.3, handsets: 0.1 } as const

export const proveSip = (options: ProofOptions): Promise<Proof> => prove(options)
/** After a start what SIP repeats comes first: in short rounds little else is done. */
export const proveMixed = (options: ProofOptions): Promise<Proof> =>
  prove({ ...options, longestRoundMs: 3 * options.longestRoundMs }, startPosting)

async function prove(options: ProofOptions, startOther?: typeof startPosting): Promise<Proof> {
  const startedAt = Date.now()
  const ports = { smpp: await freePort(), users: await freePort(), trunks: await freePort() }
  const hops = { alice: await freePort(), pbx: await freePort(), carrier: await freePort() }
  const setup = await setUp({ SIGNALBOX_SMPP: `127.0.0.1:${ports.smpp}` })
  const { data: directory } = setup
  setup.env['SIGNALBOX_SIP'] = await writeProfiles(directory, ports)
  const ledgers: Ledgers = {
    submits: join(directory, 'submits.ledger'),
    acked: join(directory, 'acked.ledger'),
    client: join(directory, 'esme.ledger'),
    sent: [],
    got: [],
  }
  const carrier = await start('test/proof/carrier.js', [JSON.stringify(carrierJob(options, ledgers))])
  const world = { setup, gateway: await startGatewayProcess(setup) }
  const running: Running[] = []
  const [takers, senders]: [Sipp[], Sipp[]] = [[], []]
  const posting = await startOther?.(setup, options)
  try {
    await apply(setup, document((JSON.parse(carrier.first) as { port: number }).port, hops))
    await register(ports.users, hops.alice)
    for (const name of ['pbx', 'carrier'] as const) {
      const taker = await startTaker({ directory, name: `${name}-got`, port: hops[name], refuses: name === 'carrier' })
      takers.push(taker)
      ledgers.got.push(taker.ledger)
    }
    const load = (name: 'alice' | 'pbx') => ({
      directory,
      name,
      perSecond: Math.round(options.perSecond * shares[name]),
      domain,
      prefix: prefixes[name],
      texts: texts(prefixes[name]),
    })
    senders.push(await startSender({ ...load('alice'), port: hops.alice, to: ports.users, from: 'alice', takes: true }))
    senders.push(await startSender({ ...load('pbx'), port: await freePort(), to: ports.trunks, from: `+${numbers.pbx}` }))
    ledgers.sent.push(...senders.map(({ ledger }) => ledger))
    ledgers.got.push(senders[0]!.ledger)
    running.push(await start('test/proof/esme.js', [JSON.stringify(esmeJob(options, ports.smpp, ledgers.client))]))
    await killRounds(world, options, generator(options.seed), () => progress(ledgers), posting && (() => posting.load()))
    await Promise.all([...senders.map((each) => each.stop()), ...[carrier, ...running].map(hush)])
    // It ends with what it has sent; more comes for it.
    takers.push(await startTaker({ directory, name: 'alice-got', port: hops.alice }))
    ledgers.got.push(takers.at(-1)!.ledger)
    await settle(async () => {
      const all = await readAll(setup, ledgers)
      return missing(all) + ((await posting?.missing(all)) ?? 0)
    })
    const all = await readAll(setup, ledgers)
    const found = await reconcile(setup, all)
    const posted = await posting?.reconcile(all)
    const seconds = Math.round((Date.now() - startedAt) / 1000)
    const both = 'SIP in, SMPP out; SMPP in, SIP out; receipts and MO back'
    const title = posted ? `All at once: HTTP in, SMPP out, webhooks back; ${both}` : both
    return {
      title,
      rounds: options.rounds,
      seed: options.seed,
      seconds,
      acknowledged: found.acknowledged + (posted?.acknowledged ?? 0),
      figures: [...(posted?.figures ?? []), ...found.figures],
      faults: [...(posted?.faults ?? []), ...found.faults],
    }
  } finally {
    for (const each of [...senders, ...takers]) each.child.kill('SIGKILL')
    await Promise.all(running.map((each) => each.stop()))
    await posting?.close()
    await world.gateway.stop()
    await carrier.stop()
    await tearDown(setup)
  }
}

/** By the last digit of the number. */
function texts(prefix: string): string[] {
  return Array.from({ length: 10 }, (_, digit) => {
    const like = `${prefix}0000000${digit}`
    return textOf(like).replaceAll(like, '%N')
  })
}

/** Once, by hand, with digest. From then on the port is sipp's: it is the user's flow. */
async function register(gateway: number, port: number): Promise<void> {
  const registering = await phone({ gateway, user: 'alice', password, domain, port })
  try {
    const said = await registering.register(3600)
    if (said.status !== 200) throw new Error(`REGISTER was answered ${said.line}`)
  } finally {
    registering.close()
  }
}

async function progress({ sent, got }: Ledgers): Promise<string> {
  const taken = (await Promise.all(sent.map(readSent))).flat().filter(({ what }) => what === 'taken').length
  const came = (await Promise.all(got.map(readGot))).flat().length
  return `${taken} answered 202, ${came} MESSAGEs from the gateway so far`
}

async function writeProfiles(data: string, { users, trunks }: { users: number; trunks: number }): Promise<string> {
  const directory = join(data, 'sip-profiles')
  await mkdir(directory)
  const rates = 'safety: { requestsPerSecondPerAddress: 100000, messagesPerSecondPerAor: 100000 }'
  const messages = 'messages: { receipts: x-header }'
  await writeFile(
    join(directory, 'internal.yaml'),
    `listen: { udp: '127.0.0.1:${users}' }\ndomains: { ${domain}: root }\nauth: { message: flow }\n${rates}\n${messages}\n`,
  )
  await writeFile(join(directory, 'external.yaml'), `listen: { udp: '127.0.0.1:${trunks}' }\n${rates}\n${messages}\n`)
  return directory
}

function carrierJob(options: ProofOptions, { submits, acked }: Ledgers): CarrierJob {
  const receipts = { delay: { minMs: 50, maxMs: 300 }, duplicated: 0.03, early: 0.03 }
  const fail = [{ destination: '*7', state: 'UNDELIV' as const, error: '001' }]
  return {
    carriers: [{ id: 'north', password, personality: { receipts, fail } }],
    seed: options.seed,
    submits,
    acked,
    numbers: [numbers.alice, numbers.pbx].map((each) => `+${each}`),
    moPerSecond: options.perSecond * shares.handsets,
  }
}

function esmeJob(options: ProofOptions, port: number, ledger: string): EsmeJob {
  return {
    port,
    systemId: 'esme',
    password,
    binds: ['transceiver', 'transceiver'],
    source: numbers.esme,
    prefixes: [prefixes.esme],
    firstDestination: 10_000_000,
    perSecond: options.perSecond * shares.esme,
    window: 100,
    leaves: 0,
    seed: options.seed + 1,
    asks: false,
    ledger,
  }
}

function document(smppPort: number, hops: Record<'pbx' | 'carrier', number>): string {
  return `
accounts:
  - id: root
    privateWebhooks: true
    binds:
      - { id: north, connector: smpp, policy: { sessions: 2, window: 20, partsTimeoutSeconds: 5 }, config: { host: 127.0.0.1, port: ${smppPort}, systemId: north, password: ${password}, mode: trx } }
      - { id: carrier, connector: sip, policy: { window: 20 }, config: { nextHops: ['sip:127.0.0.1:${hops.carrier};transport=udp'], pingSeconds: 0, receipts: none } }
      - { id: esme, connector: smpp, side: client, policy: { window: 20, partsTimeoutSeconds: 5 }, config: { systemId: esme, password: ${password} } }
      - { id: alice, connector: sip, side: client, config: { user: alice, password: ${password} } }
      - { id: pbx, connector: sip, side: client, config: { nextHops: ['sip:127.0.0.1:${hops.pbx};transport=udp'], addresses: [127.0.0.1], pingSeconds: 0, receipts: x-header } }
    numbers:
${Object.entries(numbers)
  .map(([bind, number]) => `      - { number: "+${number}", bind: ${bind} }`)
  .join('\n')}
      - { number: "${ourNumber}" }
    routes:
      - { id: by-sip, prefix: "+${prefixes.esme}", to: [carrier] }
      - { id: by-smpp, prefix: "", to: [north] }
`
}

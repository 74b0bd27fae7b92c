// The crash proof of SMPP on both sides: clients bind (two transceivers; transmitter and receiver), two
// carriers are bound to (two transceivers; transmitter and receiver), handsets write. Clients and
// carriers are processes with ledgers of their own; reconcile.ts holds them against each other.
import { join } from 'node:path'
import { apply, setUp, startGatewayProcess, tearDown } from '../bench/gateway.ts'
import { freePort, start, type Running } from '../bench/processes.ts'
import type { CarrierJob } from './carrier.ts'
import type { EsmeJob } from './esme.ts'
import { settle } from './evidence.ts'
import { readLedger } from './ledger.ts'
import { missing, readAll, reconcile, type Ledgers } from './reconcile.ts'
import { generator, hush, killRounds, type Proof, type ProofOptions } from './rounds.ts'
import type { EsmeLine } from './traffic.ts'

const password = 'proofpwd'
const clients = [
  { name: 'duplex', binds: ['transceiver', 'transceiver'], source: '15550001111', firstDestination: 10_000_000 },
  { name: 'pair', binds: ['transmitter', 'receiver'], source: '15550002222', firstDestination: 60_000_000 },
] as const
/** What the destinations begin with, by the carrier that they go to. */
const prefixes = { north: '4471', south: '4472' }
const submitsPerMo = 10
/** One delivery in a thousand is left without an answer by a client that goes away. */
const leaves = 0.001

export async function proveSmpp(options: ProofOptions): Promise<Proof> {
  const startedAt = Date.now()
  const smppPort = await freePort()
  const setup = await setUp({ SIGNALBOX_SMPP: `127.0.0.1:${smppPort}` })
  const ledgers: Ledgers = {
    submits: join(setup.data, 'submits.ledger'),
    acked: join(setup.data, 'acked.ledger'),
    clients: clients.map(({ name }) => join(setup.data, `${name}.ledger`)),
  }
  const carrier = await start('test/proof/carrier.js', [JSON.stringify(carrierJob(options, ledgers))])
  const world = { setup, gateway: await startGatewayProcess(setup) }
  const esmes: Running[] = []
  try {
    await apply(setup, document((JSON.parse(carrier.first) as { port: number }).port))
    for (let n = 0; n < clients.length; n++) {
      esmes.push(await start('test/proof/esme.js', [JSON.stringify(esmeJob(options, n, smppPort, ledgers.clients[n]!))]))
    }
    await killRounds(world, options, generator(options.seed), () => progress(ledgers))
    await Promise.all([carrier, ...esmes].map(hush))
    await settle(async () => missing(await readAll(setup, ledgers)))
    const found = await reconcile(setup, await readAll(setup, ledgers))
    const seconds = Math.round((Date.now() - startedAt) / 1000)
    return { title: 'SMPP in, SMPP out, receipts and MO back', rounds: options.rounds, seed: options.seed, seconds, ...found }
  } finally {
    await Promise.all(esmes.map((esme) => esme.stop()))
    await world.gateway.stop()
    await carrier.stop()
    await tearDown(setup)
  }
}

async function progress({ clients: paths }: Ledgers): Promise<string> {
  const lines = (await Promise.all(paths.map((path) => readLedger<EsmeLine>(path)))).flat()
  const count = (what: EsmeLine['what']): number => lines.filter((line) => line.what === what).length
  return `${count('taken')} acknowledged, ${count('receipt')} receipts and ${count('mo')} MO so far`
}

function carrierJob(options: ProofOptions, { submits, acked }: Ledgers): CarrierJob {
  const receipts = { delay: { minMs: 50, maxMs: 300 }, duplicated: 0.03, early: 0.03 }
  const fail = [{ destination: '*7', state: 'UNDELIV' as const, error: '001' }]
  return {
    carriers: Object.keys(prefixes).map((id) => ({ id, password, personality: { receipts, fail } })),
    seed: options.seed,
    submits,
    acked,
    numbers: clients.map(({ source }) => `+${source}`),
    moPerSecond: options.perSecond / submitsPerMo,
  }
}

function esmeJob(options: ProofOptions, n: number, port: number, ledger: string): EsmeJob {
  const { name, binds, source, firstDestination } = clients[n]!
  return {
    port,
    systemId: name,
    password,
    binds: [...binds],
    source,
    prefixes: Object.values(prefixes),
    firstDestination,
    perSecond: options.perSecond / clients.length,
    window: 100,
    leaves,
    seed: options.seed + n + 1,
    asks: true,
    ledger,
  }
}

function document(carrierPort: number): string {
  const supplier = (id: string, sessions: number, mode: string): string =>
    `      - { id: ${id}, connector: smpp, policy: { sessions: ${sessions}, window: 20 }, config: { host: 127.0.0.1, port: ${carrierPort}, systemId: ${id}, password: ${password}, mode: ${mode} } }`
  const client = ({ name }: { name: string }): string =>
    `      - { id: ${name}, connector: smpp, side: client, policy: { window: 20, partsTimeoutSeconds: 5 }, config: { systemId: ${name}, password: ${password} } }`
  return `
accounts:
  - id: root
    binds:
${supplier('north', 2, 'trx')}
${supplier('south', 1, 'tx+rx')}
${clients.map(client).join('\n')}
    numbers:
${clients.map(({ name, source }) => `      - { number: "+${source}", bind: ${name} }`).join('\n')}
    routes:
${Object.entries(prefixes)
  .map(([id, prefix]) => `      - { id: to-${id}, prefix: "+${prefix}", to: [${id}] }`)
  .join('\n')}
`
}

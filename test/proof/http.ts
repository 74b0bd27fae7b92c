// The crash proof of HTTP in, SMPP out: messages are posted by an account and those below it, a carrier and
// a webhook receiver keep ledgers, and at the end http-reconcile.ts holds them against each other. Meanwhile
// keys and tokens, sub-accounts, opt-outs and scheduled messages come and go (strand.ts), and an account
// meets its cap.
import { join } from 'node:path'
import {
  accountNumber,
  accountSid,
  accountToken,
  apply,
  ourNumber,
  setUp,
  startGatewayProcess,
  startSink,
  tearDown,
} from '../bench/gateway.ts'
import { start } from '../bench/processes.ts'
import { benchDocument } from '../bench/http.ts'
import { createAccounts } from './accounts.ts'
import { createAsking } from './asking.ts'
import { createCapped } from './capped.ts'
import { createCredentials, type Tenant } from './credentials.ts'
import { reconcile } from './http-reconcile.ts'
import { createOptOuts } from './optouts.ts'
import { generator, killRounds, type Proof, type ProofOptions } from './rounds.ts'
import { createScheduled } from './scheduled.ts'
import { setUpService } from './services.ts'
import { run, type Strand } from './strand.ts'
import { createSubmits } from './submits.ts'

const preset = 'normal'
/** They change their keys and tokens. */
const tenantCount = 2
/** Of an account that has a cap. */
const cappedPerRound = 12
/** What recipients that are to get nothing begin with. */
const optedOutPrefix = '+44791'
const laterPrefix = '+44792'

export async function proveHttp(options: ProofOptions): Promise<Proof> {
  const startedAt = Date.now()
  const setup = await setUp()
  const ledgers = { submits: join(setup.data, 'submits.ledger'), callbacks: join(setup.data, 'callbacks.ledger') }
  const receiver = await start('test/proof/receiver.js', [ledgers.callbacks])
  const sink = await startSink(['--preset', preset, '--seed', String(options.seed), '--ledger', ledgers.submits])
  const world = { setup, gateway: await startGatewayProcess(setup) }
  const asking = createAsking(setup.httpPort)
  try {
    const capped = { sid: accountSid(tenantCount), messagesPerMonth: cappedPerRound * options.rounds }
    await apply(setup, benchDocument(sink.port, 20, preset, { accounts: tenantCount + 1 }))
    await apply(
      setup,
      `accounts: [{ id: root, accounts: [{ id: ${capped.sid}, caps: { messagesPerMonth: ${capped.messagesPerMonth} } }] }]`,
    )
    const service = await setUpService(setup)
    const tenants = Array.from({ length: tenantCount }, (_, n): Tenant => {
      const sid = accountSid(n)
      return { sid, number: accountNumber(n), credentials: [{ kind: 'token', user: sid, password: accountToken(n), holds: true }] }
    })
    const random = (n: number): (() => number) => generator(options.seed * 100 + n)
    const callback = `http://127.0.0.1:${(JSON.parse(receiver.first) as { port: number }).port}/status`
    const submits = createSubmits(asking, {
      callback,
      service: service.sid,
      from: ourNumber,
      tenants,
      text: (to) => `crash proof ${to}`,
      random: random(1),
    })
    const scheduled = createScheduled(service.sid, laterPrefix, asking, random(2))
    const strands: Strand[] = [
      ...tenants.map((tenant, n) => createCredentials(tenant, asking, random(10 + n))),
      createAccounts(2 * options.rounds, asking, random(3)),
      createOptOuts(tenants[0]!, optedOutPrefix, asking, random(4)),
      scheduled,
      createCapped(setup, capped, submits, accountNumber(tenantCount)),
    ]
    await killRounds(
      world,
      options,
      generator(options.seed),
      () => `${submits.acknowledged.length} acknowledged so far`,
      () => {
        const running = [submits.load(options.perSecond), run(strands)]
        return {
          async stop() {
            await Promise.all(running.map((each) => each.stop()))
          },
        }
      },
    )
    const accounts = [...tenants.map(({ sid }) => sid), capped.sid]
    const found = await reconcile(setup, ledgers, { service, submits, strands, scheduled, accounts })
    const seconds = Math.round((Date.now() - startedAt) / 1000)
    return { title: 'HTTP in, SMPP out, webhooks back', rounds: options.rounds, seed: options.seed, seconds, ...found }
  } finally {
    await asking.close()
    await world.gateway.stop()
    await Promise.all([receiver.stop(), sink.stop()])
    await tearDown(setup)
  }
}

// The crash proof of HTTP in, SMPP out: messages are posted, a carrier and a webhook receiver keep
// ledgers, and at the end
//   every 201 has exactly one CDR and the terminal state that it names,
//   every 201 is in the carrier's ledger,
//   a message twice in that ledger has an attempt recorded as `unknown`,
//   every 201 had a callback with its terminal state,
//   and what services.ts says of the third of them that a messaging service sends.
import { join } from 'node:path'
import { Pool } from 'undici'
import { apply, ourNumber, setUp, sid, startGatewayProcess, startSink, tearDown, token } from '../bench/gateway.ts'
import { start } from '../bench/processes.ts'
import { benchDocument } from '../bench/http.ts'
import { cdrsOf, hasUnknownAttempt, listed, settle, twilioStatus } from './evidence.ts'
import { readLedger, readLines } from './ledger.ts'
import { serviceFaults, setUpService, type ProofService } from './services.ts'
import { generator, killRounds, sleep, type Proof, type ProofOptions } from './rounds.ts'

interface Acknowledged {
  id: string
  to: string
  isServed: boolean
}

/** One message in so many is sent by a messaging service. */
const servedEvery = 3

const concurrency = 16
const preset = 'normal'

export async function proveHttp(options: ProofOptions): Promise<Proof> {
  const startedAt = Date.now()
  const setup = await setUp()
  const submits = join(setup.data, 'submits.ledger')
  const callbacks = join(setup.data, 'callbacks.ledger')
  const receiver = await start('test/proof/receiver.js', [callbacks])
  const receiverPort = (JSON.parse(receiver.first) as { port: number }).port
  const sink = await startSink(['--preset', preset, '--seed', String(options.seed), '--ledger', submits])
  const world = { setup, gateway: await startGatewayProcess(setup) }
  const acknowledged: Acknowledged[] = []
  let refusedOrCut = 0
  try {
    await apply(setup, benchDocument(sink.port, 20, preset))
    const service = await setUpService(setup)
    const callback = `http://127.0.0.1:${receiverPort}/status`
    await killRounds(
      world,
      options,
      generator(options.seed),
      () => `${acknowledged.length} acknowledged so far`,
      () => {
        const load = submitWhileUp(setup.httpPort, callback, service.sid, options.perSecond, acknowledged)
        return {
          async stop() {
            refusedOrCut += await load.stop()
          },
        }
      },
    )
    return await reconcile(service)
  } finally {
    await world.gateway.stop()
    await Promise.all([receiver.stop(), sink.stop()])
    await tearDown(setup)
  }

  async function reconcile(service: ProofService): Promise<Proof> {
    const faults: string[] = []
    await settle(async () => {
      const [cdrs, reported] = [await cdrsOf(setup), new Set(await readLines(callbacks))]
      return acknowledged.filter(({ id }) => {
        const state = cdrs.get(id)?.[0]?.state
        return state === undefined || !reported.has(`SM${id} ${twilioStatus(state)}`)
      }).length
    })
    const cdrs = await cdrsOf(setup)
    const carrier = new Map<string, number>()
    for (const { to } of await readLedger<{ to: string }>(submits)) {
      const number = to.startsWith('+') ? to : `+${to}`
      carrier.set(number, (carrier.get(number) ?? 0) + 1)
    }
    const reported = new Set(await readLines(callbacks))
    const states = await listed(setup.httpPort)
    let sentTwice = 0
    let recordedUnknown = 0
    for (const { id, to } of acknowledged) {
      const found = cdrs.get(id) ?? []
      if (found.length !== 1) faults.push(`${id} to ${to} has ${found.length} CDRs`)
      const state = found[0] && twilioStatus(found[0].state)
      if (state !== undefined && !reported.has(`SM${id} ${state}`)) faults.push(`${id} ended ${state} and that was never reported`)
      const times = carrier.get(to) ?? 0
      if (times === 0) faults.push(`${id} to ${to} was acknowledged and is not at the carrier`)
      if (times > 1) {
        sentTwice++
        if (await hasUnknownAttempt(setup, id)) recordedUnknown++
        else faults.push(`${id} to ${to} is ${times} times at the carrier and no attempt of it is recorded as unknown`)
      }
      const said = states.get(id)
      if (said === undefined) faults.push(`${id} is not in the list of messages`)
      else if (state !== undefined && said !== state) faults.push(`${id} is listed as ${said}, its CDR says ${state}`)
    }
    const served = acknowledged.filter(({ isServed }) => isServed)
    const ofService = await serviceFaults(setup, service, served, nextRecipient)
    faults.push(...ofService.faults)
    return {
      title: 'HTTP in, SMPP out, webhooks back',
      rounds: options.rounds,
      seed: options.seed,
      acknowledged: acknowledged.length,
      seconds: Math.round((Date.now() - startedAt) / 1000),
      figures: [
        ['acknowledged with 201', acknowledged.length],
        ['of those sent by a messaging service', served.length],
        ['recipients written to again after its pool grew, from the same number', ofService.askedAgain],
        ['requests cut by the kill (no answer, or refused while down)', refusedOrCut],
        ["destinations in the carrier's ledger", carrier.size],
        ['messages that reached the carrier more than once', sentTwice],
        ['of those recorded `unknown` in their trace', recordedUnknown],
      ],
      faults,
    }
  }
}

/** Posts messages until stopped; resolves to the number that got no 201. */
function submitWhileUp(
  port: number,
  callback: string,
  service: string,
  perSecond: number,
  acknowledged: Acknowledged[],
): { stop(): Promise<number> } {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: concurrency })
  const authorization = `Basic ${Buffer.from(`${sid}:${token}`).toString('base64')}`
  let running = true
  let failed = 0
  async function one(worker: number): Promise<void> {
    while (running) {
      const isServed = nextNumber % servedEvery === 0
      const to = nextRecipient()
      const from: Record<string, string> = isServed ? { MessagingServiceSid: service } : { From: ourNumber }
      const form = new URLSearchParams({ To: to, ...from, Body: `crash proof ${to} by ${worker}`, StatusCallback: callback })
      try {
        const answer = await pool.request({
          method: 'POST',
          path: `/2010-04-01/Accounts/${sid}/Messages.json`,
          headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
          body: form.toString(),
        })
        const body = (await answer.body.json()) as { sid: string }
        if (answer.statusCode === 201) acknowledged.push({ id: body.sid.slice(2), to, isServed })
        else failed++
      } catch {
        failed++
        await sleep(5)
      }
      await sleep((1000 * concurrency) / perSecond)
    }
  }
  const workers = Array.from({ length: concurrency }, (_, n) => one(n))
  return {
    async stop() {
      running = false
      await Promise.all(workers)
      await pool.destroy()
      return failed
    },
  }
}

let nextNumber = 10_000_000

function nextRecipient(): string {
  return `+4477${String(nextNumber++).padStart(8, '0')}`
}

// Loss of power of a whole gateway under load: started on what a disk may have kept, it has every message
// and every key that it answered 201 for, and in the end one CDR of each message.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { benchDocument } from '../bench/http.ts'
import { apply, ourNumber, setUp, sid, startGatewayProcess, startSink, tearDown, token, type Setup } from '../bench/gateway.ts'
import { freePort, program } from '../bench/processes.ts'
import { needs } from '../peers/found.ts'
import { createAsking, type Asker } from './asking.ts'
import { cdrsOf, listed, settle } from './evidence.ts'
import { lose, moments, record, saidBefore, until } from './power.ts'
import { generator, sleep } from './rounds.ts'

const messages = 240
const keyEvery = 20
const atOnce = 8
const losses = 6
const created = 'HTTP/1.1 201 Created'
const root: Asker = { user: sid, password: token }
const waiting: ReadonlySet<string> = new Set(['accepted', 'queued', 'sending'])
/** Not those that are sent: the carrier gave their receipts to the gateway that ran on after the loss. */
const final: ReadonlySet<string> = new Set(['delivered', 'undelivered', 'failed'])
const account = `/2010-04-01/Accounts/${sid}`

async function load(setup: Setup, carrierPort: number): Promise<void> {
  const health = (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${setup.httpPort}/health`).then(
      ({ ok }) => ok,
      () => false,
    )
  await until(health)
  await apply(setup, benchDocument(carrierPort, 20, 'normal'))
  const asking = createAsking(setup.httpPort)
  let next = 0
  async function work(): Promise<void> {
    for (let n = next++; n < messages; n = next++) {
      const form = { To: `+4477${String(n).padStart(8, '0')}`, From: ourNumber, Body: `before the loss ${n}` }
      await asking.ask({ path: `${account}/Messages.json`, as: root, form })
      if (n % keyEvery === 0) await asking.ask({ path: `${account}/Keys.json`, as: root, form: { FriendlyName: `key ${n}` } })
    }
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  // So that CDRs are in their file, and marked as written.
  await until(async () => (await cdrsOf(setup)).size >= messages / 2)
  await sleep(500)
  await asking.close()
}

/** What was answered, by what it is. */
function answers(said: readonly string[]): { ids: string[]; keys: Asker[] } {
  const bodies = said
    .filter((text) => text.startsWith(created))
    .map((text) => JSON.parse(text.slice(text.indexOf('\r\n\r\n'))) as { sid: string; secret?: string })
  return {
    ids: bodies.filter(({ sid: id }) => id.startsWith('SM')).map(({ sid: id }) => id.slice(2)),
    keys: bodies.flatMap(({ sid: user, secret }) => (user.startsWith('SK') ? [{ user, password: secret! }] : [])),
  }
}

async function holds(setup: Setup, said: readonly string[]): Promise<string> {
  const { ids, keys } = answers(said)
  const gateway = await startGatewayProcess(setup)
  const asking = createAsking(setup.httpPort)
  try {
    const there = await listed(setup.httpPort)
    for (const id of ids) assert.ok(there.has(id), `${id} was answered 201 and is lost`)
    for (const key of keys) {
      const answer = await asking.ask({ path: `${account}/Messages.json?PageSize=1`, as: key })
      assert.equal(answer?.status, 200, `${key.user} was answered 201 and is refused`)
    }
    let ended: string[] = []
    await settle(async () => {
      const cdrs = await cdrsOf(setup)
      const now = [...(await listed(setup.httpPort))]
      ended = now.filter(([, { status }]) => final.has(status)).map(([id]) => id)
      return now.filter(([, { status }]) => waiting.has(status)).length + ended.filter((id) => !cdrs.has(id)).length
    })
    const cdrs = await cdrsOf(setup)
    for (const id of ended) assert.equal(cdrs.get(id)?.length, 1, `CDRs of ${id}`)
    return `${ids.length} messages and ${keys.length} keys answered 201, ${there.size} messages there, ${ended.length} ended, with CDRs`
  } finally {
    await asking.close()
    await gateway.stop()
  }
}

test(
  'after a loss of power a gateway has the messages and keys that it answered for, and their CDRs',
  {
    ...needs('strace'),
    timeout: 300_000,
  },
  async (t) => {
    const setup = await setUp()
    const carrier = await startSink(['--preset', 'normal', '--seed', '1'])
    try {
      const random = generator(21)
      const recorded = await record(setup.data, [program('src/main.js'), 'start'], setup.env, () => load(setup, carrier.port))
      const at = moments(recorded.events, losses, (said) => said.startsWith(created), random)
      await lose(recorded, at, random, async (moment, left) => {
        const httpPort = await freePort()
        const env = { ...setup.env, SIGNALBOX_DATA: left, SIGNALBOX_HTTP: `127.0.0.1:${httpPort}` }
        t.diagnostic(await holds({ data: left, httpPort, env }, saidBefore(recorded.events, moment)))
      })
    } finally {
      await carrier.stop()
      await tearDown(setup)
    }
  },
)

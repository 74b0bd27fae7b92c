// A full disk, made by a limit on the size of files (RLIMIT_FSIZE) set on the running gateway: what
// cannot be kept is refused, what was acknowledged stays, and room is found again without a restart.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { ourNumber } from '../bench/gateway.ts'
import {
  ask,
  bindTo,
  cdrLines,
  cdrsOf,
  eventually,
  messagesPath,
  reaches,
  root,
  sleep,
  startHooks,
  startWorld,
  type World,
} from './world.ts'

const noLimit = spawnSync('prlimit', ['--version']).error ? 'there is no prlimit here (Debian: util-linux)' : false

let world: World
let hooks: Awaited<ReturnType<typeof startHooks>>

before(async () => {
  if (noLimit) return
  hooks = await startHooks()
  world = await startWorld(
    { northern: { receipts: { delay: 20 } } },
    {},
    (carriers) => `
    privateWebhooks: true
    binds:
      - ${bindTo(carriers, 'northern')}
      - { id: api, connector: twilio, policy: { retryFirstMs: 200, retryCapMs: 500 } }
    numbers: [{ number: '${ourNumber}', settings: { smsUrl: '${hooks.url}/sms' } }]
    routes: [{ id: uk, prefix: '+44', to: [northern] }]
`,
  )
})
after(async () => {
  await world?.close()
  hooks?.close()
})

/** The soft limit alone: node ignores SIGXFSZ, so writes beyond it fail with EFBIG, as they do with ENOSPC. */
function limitFiles(bytes: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', String(world.gateway.pid), `--fsize=${bytes}:unlimited`])
}

async function cdrFile(): Promise<string> {
  const directory = join(world.setup.data, 'cdr')
  const [name] = (await readdir(directory)).toSorted((a, b) => a.localeCompare(b)).slice(-1)
  return join(directory, name!)
}

const acknowledged: string[] = []
/** Messages from handsets, which have their CDRs too. */
let replies = 0
let count = 0

async function send(): Promise<number> {
  const answer = await ask(world.setup, messagesPath(root.sid), {
    as: root,
    form: { To: `+4477009${String(10_000 + count++)}`, From: ourNumber, Body: 'x'.repeat(200), StatusCallback: `${hooks.url}/status` },
  })
  if (answer.status === 201) acknowledged.push(String(answer.json['sid']))
  else {
    assert.equal(answer.status, 503, answer.text)
    assert.equal(answer.json['code'], 20503)
  }
  return answer.status
}

it(
  'refuses with 503 and 20503 while the disk is full, keeps what it acknowledged, and goes on without a restart',
  { skip: noLimit },
  async () => {
    for (let i = 0; i < 20; i++) assert.equal(await send(), 201)
    await reaches(world.setup, acknowledged[0]!, 'delivered')

    // Every file that there is already has some of this, so that the records of a batch end in the middle.
    limitFiles(6000)
    await eventually('an accept is refused', async () => ((await send()) === 503 ? true : undefined))
    const full: number[] = []
    for (let i = 0; i < 20; i++) {
      full.push(await send())
      await sleep(20)
    }
    assert.ok(full.filter((status) => status === 503).length >= 15, full.join())
    const taken = acknowledged.length
    const inXml = await ask(world.setup, messagesPath(root.sid, '.xml'), {
      as: root,
      form: { To: '+447700900123', From: ourNumber, Body: 'x'.repeat(300) },
    })
    if (inXml.status !== 201) assert.match(inXml.text, /<Code>20503<\/Code>.*<Status>503<\/Status>/)
    else acknowledged.push(/<Sid>(SM[0-9a-f]{32})/.exec(inXml.text)![1]!)
    const change = await ask(world.setup, '/api/v1/routes/new', { as: root, method: 'PUT', json: { prefix: '+45', to: ['northern'] } })
    assert.deepEqual([change.status, (change.json['error'] as { code: string }).code], [503, 'unavailable'], 'no change is taken either')
    world.carriers.reply({ from: '+447700900123', to: ourNumber, text: 'in the meantime' })
    replies++
    await eventually('the health says what is wrong', async () => {
      const health = await ask(world.setup, '/health')
      assert.equal(health.status, 200, 'it lives')
      return health.text.includes('the disk cannot be written') ? true : undefined
    })
    for (const sid of [acknowledged[0]!, acknowledged[taken - 1]!]) {
      const { status } = await ask(world.setup, messagesPath(root.sid, `/${sid}.json`), { as: root })
      assert.equal(status, 200, 'what was acknowledged is there to read')
    }

    limitFiles('unlimited')
    await eventually('an accept is taken again', async () => ((await send()) === 201 ? true : undefined))
    for (let i = 0; i < 20; i++) assert.equal(await send(), 201)

    for (const sid of acknowledged) await reaches(world.setup, sid, 'delivered')
    await eventually('the carrier hands in again what was refused', () => hooks.got.find(({ form }) => form['Body'] === 'in the meantime'))
    assert.equal((await ask(world.setup, '/api/v1/routes/new', { as: root })).status, 404)
    await cdrsOf(world.setup, acknowledged)
    const cdrs = await eventually('all CDRs', async () => {
      const lines = await cdrLines(world.setup)
      return lines.length >= acknowledged.length + replies ? lines : undefined
    })
    assert.equal(cdrs.length, acknowledged.length + replies, 'one CDR for each message that was acknowledged, and no other')
    assert.equal(new Set(cdrs.map((line) => line.message)).size, cdrs.length)
    const told = (): Set<string> =>
      new Set(hooks.got.flatMap(({ form }) => (form['MessageStatus'] === 'delivered' ? [form['MessageSid']!] : [])))
    await eventually('every delivery is reported', () => (acknowledged.every((sid) => told().has(sid)) ? true : undefined))
  },
)

it('tears no CDR where the disk takes half of a line', { skip: noLimit }, async () => {
  const file = await cdrFile()
  const whole = acknowledged.length
  // Far more than the journal needs for what follows, and in the middle of the next line of the CDRs.
  while ((await stat(file)).size < 30_000) {
    for (let i = 0; i < 20; i++) assert.equal(await send(), 201)
    await cdrsOf(world.setup, acknowledged)
  }
  await sleep(1500)
  limitFiles((await stat(file)).size + 100)
  for (let i = 0; i < 3; i++) await send()
  assert.ok(acknowledged.length > whole)
  await sleep(1500)
  limitFiles('unlimited')
  const cdrs = await cdrsOf(world.setup, acknowledged)
  assert.equal(cdrs.length, acknowledged.length + replies)
})

it('has all of it after a restart', { skip: noLimit }, async () => {
  await world.restart()
  for (const sid of acknowledged) {
    const { json } = await ask(world.setup, messagesPath(root.sid, `/${sid}.json`), { as: root })
    assert.equal(json['status'], 'delivered')
  }
  assert.equal((await cdrLines(world.setup)).length, acknowledged.length + replies)
})

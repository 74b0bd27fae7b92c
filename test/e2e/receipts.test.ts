// What receipts tell, from the carrier's wire to the API and the command line: ids in every form, receipts
// that come before their response or for nothing we sent, the state of each segment, and carriers that
// make their receipts up.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import type { PersonalityOptions } from '../../plugins/simulator/personality.ts'
import { ourNumber } from '../bench/gateway.ts'
import { ask, bindTo, configure, create, eventually, reaches, root, signalbox, startWorld, type World } from './world.ts'

const soon = { delay: 20 }
const forms: Record<string, { form: string; options: PersonalityOptions }> = {
  plain: { form: 'same', options: { receipts: { ...soon, form: 'text' } } },
  hexdec: { form: 'respHexReceiptDec', options: { ids: { response: 'hex', receipt: 'decimal' }, receipts: soon } },
  dechex: { form: 'respDecReceiptHex', options: { ids: { response: 'decimal', receipt: 'HEX' }, receipts: { ...soon, form: 'text' } } },
  upper: { form: 'case', options: { ids: { response: 'hex', receipt: 'HEX', beyond53Bits: true }, receipts: { ...soon, form: 'tlv' } } },
  padded: {
    form: 'zeros',
    options: { ids: { response: 'padded', receipt: 'decimal' }, receipts: { ...soon, form: 'text', text: 'bare' } },
  },
  beyond: { form: 'respHexReceiptDec', options: { ids: { response: 'HEX', receipt: 'decimal', beyond53Bits: true }, receipts: soon } },
  uuid: { form: 'same', options: { ids: { response: 'uuid', receipt: 'uuid' }, receipts: soon } },
}
const carriers: Record<string, PersonalityOptions> = {
  ...Object.fromEntries(Object.entries(forms).map(([name, { options }]) => [name, options])),
  early: { responseDelay: 50, ids: { response: 'hex', receipt: 'decimal' }, receipts: { early: 1, duplicated: 1, intermediate: true } },
  stranger: { ids: { response: 'uuid', receipt: 'decimal' }, receipts: soon },
  halves: {
    fail: [{ destination: '*', state: 'UNDELIV', error: '027', share: 0.4 }],
    receipts: { ...soon, duplicated: 0.5, intermediate: true },
  },
  liar: { receipts: { delay: { minMs: 2, maxMs: 10 }, done: 'before', seconds: true } },
  honest: {
    fail: [{ destination: '*', state: 'UNDELIV', error: '027', share: 0.05 }],
    receipts: { delay: { medianMs: 1500, spread: 0.6, maxMs: 6000 }, seconds: true },
  },
}
const names = Object.keys(carriers)
const prefixOf = (name: string): string => `+4477009${String(names.indexOf(name)).padStart(2, '0')}`

let world: World
before(async () => {
  world = await startWorld(carriers)
  const routes = names.map((name) => `      - { id: ${name}, prefix: '${prefixOf(name)}', to: [${name}] }`)
  await configure(
    world.setup,
    `accounts:
  - id: root
    binds:
${names.map((name) => `      - ${bindTo(world.carriers, name, '{ window: 100 }')}`).join('\n')}
    numbers: [{ number: '${ourNumber}' }]
    routes:
${routes.join('\n')}
`,
  )
})
after(() => world?.close())

const send = (name: string, n: number, body = 'x'): Promise<string> =>
  create(world.setup, { To: `${prefixOf(name)}${String(n).padStart(3, '0')}`, From: ourNumber, Body: body })
const many = (name: string, n: number): Promise<string[]> => Promise.all(Array.from({ length: n }, (_, i) => send(name, i)))

interface Receipts {
  refForm?: { form: string; seen: number; of: number; sure: boolean }
  parked: number
  truth?: { score?: number; receipts: number; reasons: { what: string }[] }
}
async function receiptsOf(name: string): Promise<Receipts> {
  return (await ask(world.setup, `/api/v1/binds/${name}/receipts`, { as: root })).json as unknown as Receipts
}
interface Segment {
  state: string
  final?: boolean
  ref?: string
  at?: string
  error?: string
}
async function messageOf(sid: string): Promise<{ state: string; segmentStates: Segment[] }> {
  return (await ask(world.setup, `/api/v1/messages/${sid}`, { as: root })).json as unknown as { state: string; segmentStates: Segment[] }
}
async function countsOf(name: string): Promise<Record<string, number>> {
  const { json } = await ask(world.setup, `/api/v1/statistics?bind=${root.sid}/${name}`, { as: root })
  return (json['binds'] as { sums: Record<string, number> }[])[0]!.sums
}
const line = (...args: string[]) => signalbox(args, { SIGNALBOX_DATA: world.setup.data })

it('finds every message by its receipt, whatever the form of ids, and is sure of the form after twenty', async () => {
  for (const [name, { form }] of Object.entries(forms)) {
    const sids = await many(name, 24)
    await Promise.all(sids.map((sid) => reaches(world.setup, sid, 'delivered')))
    const { refForm, parked } = await receiptsOf(name)
    assert.deepEqual([refForm?.form, refForm?.sure, parked], [form, true, 0], name)
    assert.equal((await countsOf(name))['duplicates'] ?? 0, 0, name)
  }
  const { out } = await line('bind', 'hexdec')
  assert.match(out, /id form +respHexReceiptDec, 24 of 24 receipts, sure/)
})

it('matches receipts that come before the response once it is there, ignores their duplicates, and ends on no intermediate one', async () => {
  const sids = await many('early', 20)
  await Promise.all(sids.map((sid) => reaches(world.setup, sid, 'delivered')))
  await eventually('nothing is parked', async () => (await receiptsOf('early')).parked === 0)
  for (const sid of sids) {
    const [segment] = (await messageOf(sid)).segmentStates
    assert.deepEqual([segment?.state, segment?.final], ['delivered', true])
  }
  assert.ok(((await countsOf('early'))['parked'] ?? 0) > 0)
})

it('keeps receipts for ids that nothing was sent under, and shows them as the carrier wrote them', async () => {
  const sids = await many('stranger', 5)
  await eventually('five are parked', async () => (await receiptsOf('stranger')).parked === 5)
  for (const sid of sids) assert.equal((await messageOf(sid)).state, 'sent')
  const { json } = await ask(world.setup, '/api/v1/binds/stranger/receipts/parked?limit=3', { as: root })
  const listed = json['receipts'] as { ref: string; state: string }[]
  assert.equal(listed.length, 3)
  for (const { ref, state } of listed) assert.match(`${ref} ${state}`, /^\d+ delivered$/)
  assert.match((await line('parked', 'stranger')).out, new RegExp(`${listed[0]!.ref} +delivered`))
  const metrics = (await ask(world.setup, '/metrics', { as: root })).text
  assert.match(metrics, /signalbox_parked_receipts\{bind="[^"]+\/stranger"\} 5/)
  await world.restart()
  assert.equal((await receiptsOf('stranger')).parked, 5, 'a restart forgets none')
})

it('tells the state of each segment, of which the message has one of its own', async () => {
  const long = 'Many words make a long message of several segments. '.repeat(12)
  const sids = await Promise.all(Array.from({ length: 12 }, (_, i) => send('halves', i, long)))
  const seen = new Set<string>()
  for (const sid of sids) {
    const message = await eventually(
      `${sid} has ended`,
      async () => {
        const now = await messageOf(sid)
        return now.state === 'delivered' || now.state === 'undelivered' ? now : undefined
      },
      20_000,
    )
    const { segmentStates } = message
    assert.equal(segmentStates.length, 5)
    assert.equal(new Set(segmentStates.map((segment) => segment.ref)).size, 5)
    for (const { state, final, at, error } of segmentStates) {
      assert.ok(final === true && at !== undefined)
      assert.equal(error, state === 'delivered' ? '000' : '027')
    }
    const all = segmentStates.every((segment) => segment.state === 'delivered')
    assert.equal(message.state, all ? 'delivered' : 'undelivered')
    seen.add(message.state)
  }
  assert.ok(seen.has('undelivered'))
  assert.match((await line('trace', sids[0]!)).out, /segment 5 +(delivered|undeliverable), error \d+, on halves, id /)
})

it('scores an honest carrier high and a liar low, says why, and remembers it over a restart', async () => {
  await Promise.all([many('liar', 220), many('honest', 80)])
  const scored = (name: string, n: number): Promise<Receipts> =>
    eventually(`${n} receipts of ${name}`, async () => {
      const now = await receiptsOf(name)
      return (now.truth?.receipts ?? 0) >= n ? now : undefined
    })
  const liar = await scored('liar', 200)
  const honest = await scored('honest', 80)
  // How many were too fast depends on what else the machine does.
  assert.ok(liar.truth!.score! <= 50, JSON.stringify(liar))
  const whats = new Set(liar.truth!.reasons.map((reason) => reason.what))
  for (const what of ['impossible-dates', 'all-delivered']) assert.ok(whats.has(what), what)
  assert.ok(honest.truth!.score! >= 85, JSON.stringify(honest))
  const told = (await line('bind', 'liar')).out
  assert.match(told, /truth +\d+ of 100/)
  assert.match(told, /were done before they were submitted/)
  const { out } = await line('statistics')
  assert.match(out, /truth\n/)
  // The last receipts may still move it.
  await eventually('the metric says the score', async () => {
    const metrics = (await ask(world.setup, '/metrics', { as: root })).text
    const { truth } = await receiptsOf('liar')
    return new RegExp(`signalbox_truth_score\\{bind="[^"]+/liar"\\} ${truth!.score}$`, 'm').test(metrics) || undefined
  })
  await world.restart()
  assert.ok((await receiptsOf('liar')).truth!.score! <= 30)
})

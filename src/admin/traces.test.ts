import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { adminBed, carrier, type AdminBed } from '../../test/admin.ts'
import { encodePdu } from '../../plugins/smpp/codec/index.ts'
import { type Caller, type Followed, Refused, type RefusedWhy } from './admin.ts'

const connection = { local: { address: '127.0.0.1', port: 40_000 }, remote: { address: '127.0.0.1', port: 2775 } }
const never = new AbortController().signal
const submit = (text: string) =>
  encodePdu({
    command: 'submit_sm',
    sequence_number: 1,
    source_addr: 'ACME',
    destination_addr: '447700900123',
    short_message: Buffer.from(text),
  })

interface House extends AdminBed {
  sub: Caller
  beside: Caller
  /** Of the root account, and of the sub-account. */
  above: string
  below: string
}

/** A root account and two beneath it, one with a bind of its own. */
async function house(t: TestContext): Promise<House> {
  const bed = await adminBed(t)
  const { admin, caller, root } = bed
  const make = async (): Promise<Caller> => {
    const { view } = await admin.accounts.create(caller, root.id, { name: 'sub' })
    return { account: view.id, author: view.id, source: '127.0.0.1' }
  }
  const [sub, beside] = [await make(), await make()]
  await admin.binds.put(caller, root.id, 'north', carrier('root'))
  await admin.binds.put(sub, sub.account, 'south', carrier('sub'))
  return { ...bed, sub, beside, above: `${root.id}/north`, below: `${sub.account}/south` }
}

const refuses = (why: RefusedWhy, message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Refused)
  assert.equal(error.why, why)
  assert.match(error.message, message)
  return true
}

test('who sees a bind may trace it: its account and those above, nobody below or beside', async (t) => {
  const { admin, caller, sub, beside, above, below } = await house(t)
  assert.equal(admin.traces.start(caller, above, {}).running, true)
  assert.equal(admin.traces.start(sub, below, { seconds: 10 }).by, sub.author)
  assert.equal(admin.traces.get(caller, below).running, true)
  for (const [who, bind] of [
    [sub, above],
    [beside, above],
    [beside, below],
  ] as const) {
    for (const call of [
      () => admin.traces.start(who, bind, {}),
      () => admin.traces.get(who, bind),
      () => admin.traces.stop(who, bind),
      () => admin.traces.forget(who, bind),
      () => admin.traces.lines(who, bind, 0, 10),
      () => admin.traces.follow(who, bind, 0, never),
      () => admin.traces.capture(who, bind),
    ])
      assert.throws(call, refuses('absent', /^There is no bind/))
  }
})

test('lasts five minutes unless told otherwise, an hour where only a number was told', async (t) => {
  const { admin, caller, clock, above } = await house(t)
  const lasts = (input: object): number => {
    const { startedAt, until } = admin.traces.start(caller, above, input)
    admin.traces.forget(caller, above)
    return (until - startedAt) / 1000
  }
  assert.deepEqual([lasts({}), lasts({ seconds: 7 }), lasts({ pdus: 3 }), lasts({ pdus: 3, seconds: 5 })], [300, 7, 3600, 5])
  admin.traces.start(caller, above, {})
  await clock.advance(300_000)
  assert.match(admin.traces.get(caller, above).ended ?? '', /300 s/)
})

test('a bind that is traced already is told with who and until when', async (t) => {
  const { admin, caller, sub, below } = await house(t)
  admin.traces.start(sub, below, {})
  assert.throws(
    () => admin.traces.start(caller, below, {}),
    refuses('in-use', /south is traced already, by AC.* until 2026-01-01T00:05:00/),
  )
})

test('a bind of a connector that tells nothing of its protocol cannot be traced', async (t) => {
  const { admin, caller, root } = await house(t)
  assert.throws(() => admin.traces.start(caller, `${root.id}/api`, {}), refuses('invalid', /twilio cannot be traced/))
})

test('what was heard is told decoded and concealed, in order, with its notes, and followed to the end', async (t) => {
  const { admin, caller, traces, above } = await house(t)
  admin.traces.start(caller, above, { pdus: 2 })
  const ear = traces.ear(above)
  ear.record('out', submit('meet me'), connection)
  const followed: Followed[] = []
  const following = (async () => {
    for await (const each of admin.traces.follow(caller, above, 0, never)) followed.push(each)
  })()
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(followed.length, 1)
  ear.note('something', connection)
  ear.record('in', encodePdu({ command: 'submit_sm_resp', sequence_number: 1, message_id: 'a1' }), connection)
  await following
  assert.deepEqual(
    followed.map((each) => ('n' in each ? [each.n, each.direction, each.title, each.note] : each)),
    [
      [1, 'out', 'submit_sm', undefined],
      [2, undefined, undefined, 'something'],
      [3, 'in', 'submit_sm_resp', undefined],
      { ended: '2 PDUs are recorded', pdus: 2 },
    ],
  )
  const { lines } = admin.traces.lines(caller, above, 0, 10)
  assert.deepEqual(lines, followed.slice(0, 3))
  assert.doesNotMatch(JSON.stringify(lines), /meet|6d656574/)
  const file = Buffer.concat([...admin.traces.capture(caller, above)]).toString('latin1')
  assert.match(file, /ACME/)
  assert.doesNotMatch(file, /meet/)
})

test('whoever follows and goes away is not waited for', { timeout: 180_000 }, async (t) => {
  const { admin, caller, above } = await house(t)
  admin.traces.start(caller, above, {})
  const gone = new AbortController()
  const following = (async () => {
    for await (const each of admin.traces.follow(caller, above, 0, gone.signal)) assert.fail(JSON.stringify(each))
  })()
  setImmediate(() => gone.abort())
  await following
})

test('bodies are shown to whom all messages of the bind belong, and it is logged who saw them', async (t) => {
  const { admin, caller, lines, traces, sub, below } = await house(t)
  admin.traces.start(sub, below, { bodies: true })
  traces.ear(below).record('out', submit('meet me'), connection)
  assert.match(JSON.stringify(admin.traces.lines(sub, below, 0, 10)), /meet me/)
  assert.match(JSON.stringify(admin.traces.lines(caller, below, 0, 10)), /meet me/, 'and to those above')
  assert.match(lines.join(''), new RegExp(`"bodies":true,"account":"${sub.account}".*trace switched on`))
  assert.doesNotMatch(lines.join(''), /meet/)
})

test('bodies are refused where a route from above leads to the bind, also for what was recorded', async (t) => {
  const { admin, caller, root, sub, above, below } = await house(t)
  await admin.routes.put(caller, root.id, 'down', { prefix: '', to: [below] })
  assert.throws(
    () => admin.traces.start(sub, below, { bodies: true }),
    refuses('forbidden', /Routes of an account above lead to the bind south/),
  )
  assert.equal(admin.traces.start(sub, below, {}).bodies, false)
  admin.traces.forget(sub, below)
  admin.traces.start(caller, below, { bodies: true })
  for (const call of [
    () => admin.traces.get(sub, below),
    () => admin.traces.lines(sub, below, 0, 10),
    () => admin.traces.follow(sub, below, 0, never),
    () => admin.traces.capture(sub, below),
  ])
    assert.throws(call, refuses('forbidden', /bodies are not yours alone/))
  assert.equal(admin.traces.start(caller, above, { bodies: true }).bodies, true)
})

test('a trace with bodies ends when a route from above comes to lead to the bind', async (t) => {
  const { admin, caller, root, sub, below } = await house(t)
  admin.traces.start(sub, below, { bodies: true })
  await admin.routes.put(caller, root.id, 'down', { prefix: '', to: [below] })
  assert.match(admin.traces.get(caller, below).ended ?? '', /a route of another account/)
  admin.traces.start(caller, below, { bodies: true })
  await admin.routes.put(caller, root.id, 'more', { prefix: '+44', to: [below] })
  assert.equal(admin.traces.get(caller, below).running, true, 'one from above goes on')
})

test('a trace goes with its bind', async (t) => {
  const { admin, sub, traces, below } = await house(t)
  admin.traces.start(sub, below, {})
  await admin.binds.delete(sub, sub.account, 'south')
  assert.equal(traces.get(below), undefined)
  assert.throws(() => admin.traces.get(sub, below), refuses('absent', /There is no bind/))
})

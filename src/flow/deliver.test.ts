// What is under way on a lane: so much as its window has room for, whatever the disk does.
import { strict as assert } from 'node:assert'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import pino from 'pino'
import { coreOf } from '../../test/core.ts'
import { account, bind as bindOf, configuration as configurationOf, route } from '../../test/routing.ts'
import { createSupervisor, type Supervisor } from '../binds/supervisor.ts'
import { systemClock } from '../clock.ts'
import { international } from '../model/address.ts'
import { defaultClientPolicy, defaultPolicy } from '../model/policy.ts'
import type { Body } from '../model/body.ts'
import type { Connector, Outcome } from '../plugin.ts'
import { openSqlite } from '../store/sqlite/index.ts'
import type { Settlement, Store } from '../store/store.ts'
import { startFlow, type Flow } from './flow.ts'

const window = 3
const connector: Connector = { name: 'recorded', config: {}, can: { text: 'segments', mms: false, receipts: false } }
const app = bindOf('A/app', { side: 'client', connector: 'recorded', policy: defaultClientPolicy })
const carrier = bindOf('A/carrier', { connector: 'recorded', policy: { ...defaultPolicy, window, adaptiveRate: false } })
const configuration = configurationOf([account('A')], [app, carrier], [route('A', 'all', '', [carrier.id])])

test(
  'a slow disk takes nothing from the window until four windows’ worth of answers wait for it, and then what is written makes room',
  { timeout: 180_000 },
  async () => {
    /** Settlements that the disk has not got yet. */
    const held: (() => void)[] = []
    const slowed = (opened: Store): Store =>
      Object.create(opened, {
        settle: { value: (settlement: Settlement) => new Promise<void>((resolve) => held.push(() => resolve(opened.settle(settlement)))) },
      }) as Store
    const { flow, submit, close } = await house(slowed)
    /** Sent, and not answered by the carrier. */
    const sent: ((outcome: Outcome) => void)[] = []
    let most = 0
    flow.gateway(carrier).attach({
      send: () =>
        new Promise((resolve) => {
          sent.push(resolve)
          most = Math.max(most, sent.length)
        }),
      closed: new Promise(() => {}),
      close: async () => {},
    })
    const answer = (): void => {
      for (const resolve of sent.splice(0)) resolve({ ok: true, refs: [], wire: [] })
    }
    try {
      const total = 40
      for (let n = 0; n < total; n++) {
        await submit(`+4477009001${String(n).padStart(2, '0')}`, 'Hi')
      }
      for (let answered = 0; answered < 4 * window; answered += window) {
        await until(() => sent.length === window)
        answer()
        await until(() => held.length === answered + window)
      }
      await quiet()
      assert.equal(sent.length, 0, 'what is not written has its limit')
      for (const write of held.splice(0)) write()
      await until(() => sent.length === window)
      for (let ended = 4 * window; ended < total;) {
        await until(() => sent.length > 0 || held.length > 0)
        answer()
        ended += held.length
        for (const write of held.splice(0)) write()
      }
      assert.equal(most, window, 'never more than the window awaits an answer')
    } finally {
      const closed = close()
      answer()
      for (const write of held.splice(0)) write()
      await closed
    }
  },
)

const open = { closed: new Promise<string>(() => {}), close: async () => {} }
const texts = ['one', 'two', 'three', 'four', 'five', 'six']
const handset = '+447700900100'
const taken: Outcome = { ok: true, refs: [], wire: [] }

test('what no session can do is not claimed, and goes in its order once one can', { timeout: 60_000 }, async () => {
  let claims = 0
  const { flow, submit, close } = await house(
    (opened) =>
      Object.create(opened, {
        claim: {
          value: (...asked: Parameters<Store['claim']>) => {
            claims++
            return opened.claim(...asked)
          },
        },
      }) as Store,
  )
  const sent: string[] = []
  try {
    let gone = (_why: string): void => {}
    const deaf = { report: () => Promise.resolve(taken), closed: new Promise<string>((resolve) => (gone = resolve)), close: open.close }
    flow.gateway(carrier).attach(deaf)
    for (const text of texts) await submit(handset, text)
    const before = claims
    await quiet()
    assert.ok(claims - before < 5, `${claims - before} claims while nothing could be sent`)
    gone('the peer closed it')
    await quiet()
    flow
      .gateway(carrier)
      .attach({ ...open, send: ({ message: { body } }) => (sent.push(body.kind === 'text' ? body.text : ''), Promise.resolve(taken)) })
    await until(() => sent.length === texts.length)
    assert.deepEqual(sent, texts)
  } finally {
    await close()
  }
})

test('a session that goes in the middle of a run leaves the others to that handset in their order', { timeout: 60_000 }, async () => {
  const { flow, submit, close } = await house((opened) => opened)
  const sent: string[] = []
  try {
    for (const text of texts) await submit(handset, text)
    let gone = (_why: string): void => {}
    let answer = (_outcome: Outcome): void => {}
    const note = (body: Body): void => void sent.push(body.kind === 'text' ? body.text : '')
    flow.gateway(carrier).attach({
      send: ({ message }) => (note(message.body), new Promise((resolve) => (answer = resolve))),
      closed: new Promise<string>((resolve) => (gone = resolve)),
      close: open.close,
    })
    await until(() => sent.length === 1)
    gone('the peer closed it')
    await quiet()
    answer(taken)
    await quiet()
    flow.gateway(carrier).attach({ ...open, send: ({ message }) => (note(message.body), Promise.resolve(taken)) })
    await until(() => sent.length === texts.length)
    assert.deepEqual(sent, texts)
  } finally {
    await close()
  }
})

/** A gateway of one app and one carrier, whose sessions the test attaches. */
async function house(wrap: (store: Store) => Store) {
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-deliver-'))
  const log = pino({ level: 'error' })
  const store = await openSqlite({ directory, log })
  const binds: Supervisor = createSupervisor({
    connectors: new Map([['recorded', connector]]),
    gateway: (bind) => flow.gateway(bind),
    clock: systemClock,
    log,
    onChange: (id) => flow?.wake(id),
  })
  const core = coreOf({ store: wrap(store), binds, configuration, log })
  const flow: Flow = await startFlow(core, { cdr: { directory: join(directory, 'cdr'), keepDays: 1 }, retention: { messageDays: 30 } })
  binds.apply(configuration)
  return {
    flow,
    submit: (to: string, text: string) =>
      flow
        .gateway(app)
        .accept({ from: international('+15005550006'), to: international(to), body: { kind: 'text', text }, priority: 1, receipt: 'none' }),
    async close() {
      await flow.stop(5000)
      await store.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** Long enough for a claim that should not be made. */
function quiet(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 200))
}

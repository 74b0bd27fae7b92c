// Parts of long messages, where two things are done about them at the same time.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pino } from 'pino'
import { testClock } from '../clock.ts'
import { idSource } from '../ids.ts'
import { defaultClientPolicy } from '../model/policy.ts'
import type { InboundPart } from '../plugin.ts'
import { compile } from '../routing/table.ts'
import { openSqlite } from '../store/sqlite/index.ts'
import { account, bind as bindOf, configuration, route } from '../../test/routing.ts'
import type { Core } from './core.ts'
import { createLoad } from './load.ts'
import { addPart, begunAs, cancelUnfinished, tidyParts } from './reassemble.ts'

const esme = bindOf('A/esme', { side: 'client', policy: { ...defaultClientPolicy, partsTimeoutSeconds: 60, partsIncomplete: 'deliver' } })
const snapshot = configuration([account('A')], [esme, bindOf('A/x')], [route('A', 'all', '', ['A/x'])])
const table = compile(snapshot)
const clock = testClock()
const ids = idSource(clock.now)

async function coreIn(directory: string): Promise<Core> {
  const store = await openSqlite({ directory, clock })
  const binds = { get: () => undefined }
  return {
    store,
    clock,
    ids,
    binds,
    log: pino({ level: 'silent' }),
    configuration: () => snapshot,
    table: () => table,
    load: createLoad({ store, binds }),
    limits: { of: () => undefined },
    serviceOf: () => undefined,
  } as unknown as Core
}

const part = (id: string, more: Partial<InboundPart> = {}): InboundPart => ({
  reference: 1,
  total: 2,
  index: 1,
  told: 'told',
  submission: {
    id,
    from: { value: 'ACME', ton: 'alphanumeric', npi: 'unknown' },
    to: { value: '+447700900123', ton: 'international', npi: 'e164' },
    body: { kind: 'text', text: 'half of it' },
    priority: 1,
    receipt: 'none',
  },
  ...more,
})

test('a long message that is just being sent without its last part is not said to be taken back', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'reassemble-'))
  const core = await coreIn(directory)
  const { store } = core
  context.after(async () => {
    await store.close()
    rmSync(directory, { recursive: true })
  })
  const id = ids.next()
  await addPart(core, esme, part(id))
  await clock.advance(61_000)
  const tidied = tidyParts(core)
  await new Promise((resolve) => setImmediate(resolve))
  const canceled = await cancelUnfinished(core, esme, 'told')
  await tidied
  const { state } = (await store.get(id))!.life
  assert.equal(state === 'canceled', canceled, `it is ${state}`)
})

test('parts of a long message that was taken back are refused after a restart, too, as long as others would be waited for', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'reassemble-'))
  const before = await coreIn(directory)
  const id = ids.next()
  await addPart(before, esme, part(id, { total: 3 }))
  assert.equal(await cancelUnfinished(before, esme, 'told'), true)
  assert.equal(await cancelUnfinished(before, esme, 'told'), false)
  await before.store.close()
  const core = await coreIn(directory)
  context.after(async () => {
    await core.store.close()
    rmSync(directory, { recursive: true })
  })
  for (const index of [2, 3]) {
    const late = { total: 3, index, told: `late ${index}` }
    const known = await begunAs(core, esme, part('', late))
    assert.equal(known, id)
    await assert.rejects(addPart(core, esme, part(known, late)), { why: 'invalid' })
  }
  // A part that had come: another message under the same reference.
  const other = ids.next()
  assert.equal(await begunAs(core, esme, part('', { total: 3 })), undefined)
  await addPart(core, esme, part(other, { total: 3, told: 'other' }))
  assert.equal(await begunAs(core, esme, part('', { total: 3, index: 2 })), other)
  await tidyParts(core)
  await clock.advance(61_000)
  await tidyParts(core)
  assert.equal((await core.store.get(id))!.life.state, 'canceled')
  assert.notEqual((await core.store.get(other))!.life.state, 'canceled')
  assert.equal(await begunAs(core, esme, part('', { total: 3, index: 2 })), undefined)
  assert.deepEqual(await core.store.staleParts(Number.MAX_SAFE_INTEGER, 10), [])
})

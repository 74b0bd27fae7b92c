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
import { addPart, cancelUnfinished, tidyParts } from './reassemble.ts'

test('a long message that is just being sent without its last part is not said to be taken back', async (context) => {
  const directory = mkdtempSync(join(tmpdir(), 'reassemble-'))
  const clock = testClock()
  const store = await openSqlite({ directory, clock })
  context.after(async () => {
    await store.close()
    rmSync(directory, { recursive: true })
  })
  const esme = bindOf('A/esme', { side: 'client', policy: { ...defaultClientPolicy, partsTimeoutSeconds: 60, partsIncomplete: 'deliver' } })
  const snapshot = configuration([account('A')], [esme, bindOf('A/x')], [route('A', 'all', '', ['A/x'])])
  const table = compile(snapshot)
  const binds = { get: () => undefined }
  const ids = idSource(clock.now)
  const core = {
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
    canceled: new Set<string>(),
  } as unknown as Core
  const part: InboundPart = {
    reference: 1,
    total: 2,
    index: 1,
    told: 'told',
    submission: {
      id: ids.next(),
      from: { value: 'ACME', ton: 'alphanumeric', npi: 'unknown' },
      to: { value: '+447700900123', ton: 'international', npi: 'e164' },
      body: { kind: 'text', text: 'half of it' },
      priority: 1,
      receipt: 'none',
    },
  }
  await addPart(core, esme, part)
  await clock.advance(61_000)
  const tidied = tidyParts(core)
  await new Promise((resolve) => setImmediate(resolve))
  const canceled = await cancelUnfinished(core, esme, 'told')
  await tidied
  const { state } = (await store.get(part.submission.id!))!.life
  assert.equal(state === 'canceled', canceled, `it is ${state}`)
})

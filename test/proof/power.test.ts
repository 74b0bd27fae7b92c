// Loss of power, made from what strace saw: the store is opened on what a disk may have kept at moments
// of a run, some of them just before an answer, and has all that was acknowledged before. Then it runs on
// one of those, and loses its power again.
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { systemClock } from '../../src/clock.ts'
import { account } from '../contract/fixture.ts'
import { openForTest } from '../contract/sqlite.ts'
import { needs } from '../peers/found.ts'
import { lose, moments, record, saidBefore, until } from './power.ts'
import { generator } from './rounds.ts'

const runs = 2
const losses = 9
/** What a run says until it ends: 1000 lines or so. */
const enoughSaid = 40_000

const victim = new URL('../contract/victim.js', import.meta.url).pathname
const sqlite = new URL('../contract/sqlite.js', import.meta.url).href

/** Of messages, by what was said of them. */
interface Acknowledged {
  accepted: Set<string>
  settled: Set<string>
}

function acknowledged(said: string, before: Acknowledged): Acknowledged {
  const all = { accepted: new Set(before.accepted), settled: new Set(before.settled) }
  for (const [, verb, id] of said.matchAll(/^(accepted|settled) (\w+)$/gm)) all[verb as 'accepted' | 'settled'].add(id!)
  return all
}

async function holds(directory: string, { accepted, settled }: Acknowledged): Promise<number> {
  const store = await openForTest(directory, systemClock)
  try {
    for (const id of accepted) assert.notEqual(await store.get(id), undefined, `${id} was acknowledged and is lost`)
    for (const id of settled) assert.equal((await store.get(id))?.life.state, 'failed', `${id} was settled`)
    let kept = 0
    for (let page = await store.list({ accounts: [account], limit: 500 }); ;) {
      kept += page.records.length
      if (page.next === undefined) break
      page = await store.list({ accounts: [account], limit: 500, cursor: page.next })
    }
    const [used] = await store.usage({ accounts: [account], from: 0, to: 1e14 })
    assert.equal(used?.messages ?? 0, kept, 'what is counted is what is there')
    return kept
  } finally {
    await store.close()
    const db = new Database(join(directory, 'signalbox.db'), { readonly: true })
    assert.deepEqual(db.pragma('integrity_check'), [{ integrity_check: 'ok' }])
    db.close()
  }
}

test(
  'after a loss of power the store has all that was acknowledged, whatever else the disk kept',
  {
    ...needs('strace'),
    timeout: 300_000,
  },
  async (t) => {
    const random = generator(20)
    const home = mkdtempSync(join(tmpdir(), 'power-'))
    t.after(() => rmSync(home, { recursive: true, force: true }))
    let directory = join(home, '0')
    mkdirSync(directory)
    let known: Acknowledged = { accepted: new Set(), settled: new Set() }
    for (let run = 1; run <= runs; run++) {
      const recorded = await record(directory, [victim, sqlite, 'openForTest', directory, 'work'], {}, (said) =>
        until(() => said().length > enoughSaid),
      )
      const before = known
      const at = moments(recorded.events, losses, (said) => /^(accepted|settled) /.test(said), random)
      const goesOn = at[Math.floor(random() * losses)]
      const next = join(home, String(run))
      await lose(recorded, at, random, async (moment, left) => {
        const told = acknowledged(saidBefore(recorded.events, moment).join(''), before)
        if (moment === goesOn) {
          cpSync(left, next, { recursive: true })
          known = told
        }
        const kept = await holds(left, told)
        t.diagnostic(`run ${run}: ${told.accepted.size} acknowledged, ${told.settled.size} settled, ${kept} kept`)
      })
      directory = next
    }
  },
)

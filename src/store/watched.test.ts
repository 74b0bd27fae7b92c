import assert from 'node:assert/strict'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../clock.ts'
import { openSqlite } from './sqlite/index.ts'
import { StoreUnavailable, type Store } from './store.ts'
import { watched, type Watched } from './watched.ts'

const silent = { error() {}, warn() {}, info() {}, debug() {} }
let directory: string
let opened: Store
let kept: Watched
let told: string[]

beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), 'signalbox-watched-')), 'data')
  opened = await openSqlite({ directory, log: silent })
  told = []
  kept = await watched(opened, {
    directory,
    // A second is a hundredth of one here.
    clock: { after: (ms, callback) => systemClock.after(ms / 100, callback) },
    log: { error: (...line: unknown[]) => told.push(String(line.at(-1))), info: (...line: unknown[]) => told.push(String(line.at(-1))) },
  })
})
afterEach(async () => {
  kept.stop()
  await opened.close().catch(() => {})
  await rm(join(directory, '..'), { recursive: true, force: true })
})

const change = (store: Store): Promise<number> => store.change({ expected: 0 } as never)
const refused = (call: Promise<unknown>): Promise<void> => assert.rejects(call, StoreUnavailable)

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !holds(); i++) await sleep(10)
  assert.ok(holds())
}

it('takes nothing more while the directory has gone, and goes on when it is back', async () => {
  const { store } = kept
  assert.equal(store.trouble, undefined)
  assert.equal(store.durability, 'fsync')
  await rename(directory, `${directory}.away`)
  await until(() => store.trouble !== undefined)
  assert.deepEqual(store.trouble, { why: `${directory} was removed or replaced`, forGood: false })
  assert.equal(kept.gone(), directory)
  await refused(store.accept({} as never))
  await refused(store.part({} as never))
  await refused(store.receipt('bind', {} as never))
  await refused(change(store))
  await refused(store.optOuts.put({} as never))
  await refused(store.optOuts.remove({} as never))
  assert.equal(store.optOuts.empty, true, 'what is read is read on')
  assert.deepEqual(await store.depths(), [])
  await rename(`${directory}.away`, directory)
  await until(() => store.trouble === undefined)
  assert.equal(await store.optOuts.put({ account: 'AC', sender: '+1', handset: '+2', at: 1 } as never), true)
  assert.equal(told.length, 2, 'it is told once, and once that it is over')
})

it('knows a file of the same name that is another one', async () => {
  await rm(join(directory, 'signalbox.db'))
  await writeFile(join(directory, 'signalbox.db'), '')
  await until(() => kept.gone() === join(directory, 'signalbox.db'))
  await refused(kept.store.accept({} as never))
})

// What survives when the process does not, when the disk is full, and who may open a store.
import assert from 'node:assert/strict'
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { StoreUnavailable, type DeliverItem } from '../../src/store/store.ts'
import { account, carrier, delivery, retried } from './fixture.ts'
import type { Bench, Case } from './store.ts'
import { acceptAll, drain } from './store-lanes.ts'

interface Victim {
  process: ChildProcess
  lines: string[]
  /** Resolves when the predicate holds of what it said. */
  until(holds: (lines: string[]) => boolean): Promise<void>
  gone: Promise<void>
}

/** `<to> <interrupted>`, by destination. */
const interruptions = (items: DeliverItem[]): string[] => items.map((item) => `${item.message.to.value} ${item.interrupted}`).toSorted()

async function countAll({ store }: Bench): Promise<number> {
  let count = 0
  for (let page = await store.list({ accounts: [account], limit: 500 }); ;) {
    count += page.records.length
    if (page.next === undefined) return count
    page = await store.list({ accounts: [account], limit: 500, cursor: page.next })
  }
}

export function crashCases(victim: { module: string; export: string } | undefined): Case[] {
  function start(bench: Bench, what: string): Victim {
    const program = new URL('./victim.js', import.meta.url).pathname
    const child = spawn(process.execPath, [program, victim!.module, victim!.export, bench.directory, what], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const lines: string[] = []
    let check: () => void = () => {}
    createInterface(child.stdout).on('line', (line) => {
      lines.push(line)
      check()
    })
    return {
      process: child,
      lines,
      gone: new Promise((resolve) => child.once('close', () => resolve())),
      until: (holds) =>
        new Promise((resolve) => {
          check = () => holds(lines) && resolve()
          check()
        }),
    }
  }

  const said = (lines: string[], verb: string): string[] =>
    lines.filter((line) => line.startsWith(`${verb} `)).map((line) => line.slice(verb.length + 1))

  const local: Case[] = [
    [
      'close writes what is gathered, and nothing is taken afterwards',
      async (bench) => {
        const added = [bench.source.message(), bench.source.message()]
        const accepted = Promise.all(added.map((one) => bench.store.accept(one)))
        await bench.store.close()
        assert.deepEqual(await accepted, [{ as: 'new' }, { as: 'new' }])
        await assert.rejects(bench.store.accept(bench.source.message()), /closed/)
        // Nobody waits for an answer that never comes.
        await assert.rejects(bench.store.list({ accounts: [account], limit: 1 }), StoreUnavailable)
        await assert.rejects(bench.store.trace(added[0]!.message.id), StoreUnavailable)
        await bench.reopen()
        assert.equal((await drain(bench.store, 1)).length, 2)
      },
    ],
    [
      'items that were claimed and not settled come back interrupted; released ones do not',
      async (bench) => {
        await acceptAll(bench, [{ to: '+441' }, { to: '+442' }, { to: '+443' }])
        const runs = await bench.store.claim(carrier, 2)
        await bench.store.settle({ token: runs[1]!.token, item: runs[1]!.items[0]!.id, kind: 'release' })
        await bench.reopen()
        const again = await bench.store.claim(carrier, 3)
        const items = again.flatMap((run) => run.items) as DeliverItem[]
        assert.deepEqual(interruptions(items), ['+441 true', '+442 false', '+443 false'])
        const first = again.find((run) => run.items[0]!.message.to.value === '+441')!
        await bench.store.settle(
          delivery(first, first.items[0] as DeliverItem, retried(first.items[0] as DeliverItem, 1, bench.clock.now())),
        )
        await bench.reopen()
        const third = (await bench.store.claim(carrier, 3)).flatMap((run) => run.items) as DeliverItem[]
        assert.deepEqual(interruptions(third), ['+441 false', '+442 true', '+443 true'])
      },
    ],
  ]
  if (!victim) return local
  return [
    ...local,
    [
      'one that comes back interrupted and is released untried stays so, also for the process after this one, until it is settled',
      async (bench) => {
        await acceptAll(bench, [{ to: '+441' }])
        await bench.store.claim(carrier, 1)
        const claimed = async () => {
          const [run] = await bench.store.claim(carrier, 1)
          const item = run!.items[0] as DeliverItem
          return { run: run!, item, release: () => bench.store.settle({ token: run!.token, item: item.id, kind: 'release' }) }
        }
        for (let i = 0; i < 2; i++) {
          await bench.reopen()
          for (let times = 0; times < 2; times++) {
            const { item, release } = await claimed()
            assert.equal(item.interrupted, true)
            await release()
          }
        }
        const { run, item } = await claimed()
        await bench.store.settle(delivery(run, item, retried(item, bench.clock.now(), bench.clock.now())))
        assert.equal((await claimed()).item.interrupted, false)
      },
    ],
    [
      'nothing acknowledged is lost and nothing settled comes back after kill -9, and what was in flight is interrupted',
      async (bench) => {
        await bench.store.close()
        for (let round = 0; round < 3; round++) {
          const { process: child, lines, until, gone } = start(bench, 'work')
          await until((all) => all.length > 600 + 400 * round)
          child.kill('SIGKILL')
          await gone
          await bench.reopen()
          const [used] = await bench.store.usage({ accounts: [account], from: 0, to: 1e14 })
          const kept = await countAll(bench)
          assert.deepEqual([used?.messages, used?.segments], [kept, kept], 'what is counted is what is there')
          const settled = new Set(said(lines, 'settled'))
          const claimed = new Set(said(lines, 'claimed'))
          for (const id of said(lines, 'accepted')) assert.notEqual(await bench.store.get(id), undefined, `${id} is lost`)
          for (const id of settled) assert.equal((await bench.store.get(id))?.life.state, 'failed')
          for (let runs = await bench.store.claim(carrier, 64); runs.length > 0; runs = await bench.store.claim(carrier, 64)) {
            for (const item of runs.flatMap((run) => run.items) as DeliverItem[]) {
              const { id } = item.message
              assert.ok(!settled.has(id), `${id} was settled`)
              if (claimed.has(id)) assert.ok(item.interrupted, `${id} was claimed`)
            }
          }
          await bench.store.close()
        }
        await bench.reopen()
      },
    ],
    [
      'a second process on the same directory is refused, also after the first was killed',
      async (bench) => {
        const refused = start(bench, 'open')
        await refused.gone
        assert.match(refused.lines[0]!, /refused .*in use by another Signalbox process/)
        await bench.store.close()
        const first = start(bench, 'accept')
        await first.until((lines) => lines.includes('opened'))
        await assert.rejects(bench.reopen(), /in use/)
        first.process.kill('SIGKILL')
        await first.gone
        await bench.reopen()
      },
    ],
    [
      'on a full disk accepts are refused, what was acknowledged stays, and it goes on without a restart once there is room',
      async (bench) => {
        await bench.store.close()
        const { process: child, lines, until, gone } = start(bench, 'full')
        await until((all) => said(all, 'accepted').length > 20)
        const limit = (bytes: string): Buffer => execFileSync('prlimit', ['--pid', String(child.pid), `--fsize=${bytes}`])
        limit('1:')
        await until((all) => all.includes('rejected StoreUnavailable'))
        const before = said(lines, 'accepted').length
        limit('unlimited:')
        await until((all) => said(all, 'accepted').length > before + 50)
        child.kill('SIGKILL')
        await gone
        await bench.reopen()
        for (const id of said(lines, 'accepted')) assert.notEqual(await bench.store.get(id), undefined, `${id} is lost`)
      },
    ],
  ]
}

// What every store promises: one suite, run against each. `makeStore` opens the store of a
// directory; opened again after close or a kill, it is the same store.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { testClock, type Clock, type TestClock } from '../../src/clock.ts'
import type { Store } from '../../src/store/store.ts'
import { configurationCases } from './store-configuration.ts'
import { crashCases } from './store-crash.ts'
import { endingCases } from './store-ending.ts'
import { laneCases } from './store-lanes.ts'
import { listCases } from './store-lists.ts'
import { messageSource, type MessageSource } from './fixture.ts'
import { optOutCases } from './store-optouts.ts'
import { stickyCases } from './store-stickies.ts'
import { parkedCases } from './store-parked.ts'
import { receiptCases } from './store-receipts.ts'
import { streamCases } from './store-streams.ts'
import { submittedCases } from './store-submitted.ts'

export type MakeStore = (directory: string, clock: Clock) => Promise<Store>

/** A store of its own, with a clock that stands still. */
export interface Bench {
  store: Store
  clock: TestClock
  source: MessageSource
  directory: string
  /** Closes and opens it again. */
  reopen(): Promise<Store>
}

export type Case = [name: string, run: (bench: Bench) => Promise<void>]

export interface ContractOptions {
  /** Case → why. */
  skip?: Record<string, string>
  /** The module and export that a process of its own opens the store with. */
  victim?: { module: string; export: string }
}

export function storeContract(name: string, makeStore: MakeStore, options: ContractOptions = {}): void {
  const groups: [string, Case[]][] = [
    ['lanes', laneCases],
    ['receipts', receiptCases],
    ['parked receipts', parkedCases],
    ['endings', endingCases],
    ['lists', listCases],
    ['CDRs, statistics, parts', streamCases],
    ['configuration', configurationCases],
    ['opt-outs', optOutCases],
    ['sticky senders', stickyCases],
    ['what was submitted', submittedCases],
    ['crashes', crashCases(options.victim)],
  ]
  describe(name, () => {
    let root = ''
    let count = 0
    before(() => {
      root = mkdtempSync(join(tmpdir(), 'signalbox-store-'))
    })
    after(() => rmSync(root, { recursive: true, force: true }))
    for (const [group, cases] of groups) {
      describe(group, () => {
        for (const [title, run] of cases) {
          test(title, { skip: options.skip?.[title] ?? false, timeout: 180_000 }, async () => {
            const directory = join(root, String(++count))
            const clock = testClock()
            const bench: Bench = {
              store: await makeStore(directory, clock),
              clock,
              source: messageSource(clock.now),
              directory,
              async reopen() {
                await bench.store.close()
                bench.store = await makeStore(directory, clock)
                return bench.store
              },
            }
            try {
              await run(bench)
            } finally {
              await bench.store.close()
            }
          })
        }
      })
    }
  })
}

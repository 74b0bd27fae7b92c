// The configuration room: the snapshot that everyone reads, and the one way to change it. A change
// is worked out on a bench over the newest snapshot, refused with every fault at once or committed
// whole with its author, and only then seen. Changes of one process wait for each other; another
// process's are noticed by the store's revision, and the change is worked out anew.
import type { Clock } from '../clock.ts'
import { newSid } from '../ids.ts'
import type { Account } from '../model/account.ts'
import type { Configuration } from '../model/configuration.ts'
import type { AccountId } from '../model/message.ts'
import type { Connector } from '../plugin.ts'
import { RevisionConflict, type ConfigurationChange, type ConfigurationRow, type RevisionChange, type Store } from '../store/store.ts'
import type { ChangeOptions } from './admin.ts'
import { Refused, type Caller, type Fault } from './caller.ts'
import { build, createBench, differences, type Bench, type Difference, type Thing } from './bench.ts'
import { told } from './faults.ts'
import { accountId } from './inputs.ts'
import { toldChanges } from './planned.ts'
import { putAccount } from './put.ts'
import { createReading, writeRow, type Read } from './rows.ts'
import { checkReferences } from './refer.ts'
import type { Seal } from './seal.ts'
import { shelve, type Shelves } from './shelves.ts'
import { chunks, inSlices } from './slices.ts'

export interface ConfigurationRoom {
  current(): Configuration
  /** The newest snapshot's things, by what they belong to. */
  shelves(): Shelves
  readonly connectors: ReadonlyMap<string, Connector>
  /** The account without a parent: made when there is none, with `id` and `token` where given; a given token replaces the old one. */
  ensureRoot(root: { id?: AccountId; token?: string }): Promise<Account>
  /** Called with each new snapshot, after it is durable; of a large change one listener in a turn of the event loop. */
  onChange(listener: (configuration: Configuration) => void): void
  /** A bench over the newest snapshot, for a plan. */
  bench(caller: Caller): Bench
  /** Works a change out and commits it. Throws Refused. `why` is what faults mean: invalid unless told. */
  change(caller: Caller, work: (bench: Bench) => void, options?: ChangeOptions & { why?: 'invalid' | 'in-use' }): Promise<Committed>
  /** Commits a bench that was worked on before; refused when the configuration moved since. */
  commit(bench: Bench): Promise<Committed>
  /** Other changes wait while it plans one, and commits it itself. */
  alone<T>(work: (commit: (bench: Bench) => Promise<Committed>) => Promise<T>): Promise<T>
  /** Keeps, as a revision that changes nothing, what was done by hand to what is no configuration. */
  note(caller: Caller, change: RevisionChange): Promise<void>
  /** What no longer holds of a stored bind, which is therefore not run. */
  faults(bind: string): Fault[] | undefined
  /** Reads the store again; the listeners hear of it if it moved. */
  reload(): Promise<void>
}

export interface Committed {
  revision: number
  changed: boolean
}

const mostTries = 5
/** Changes made one snapshot at a time: a millisecond of them. */
const buildAtOnce = 200

export async function openConfiguration(parts: {
  store: Pick<Store, 'configuration' | 'change'>
  connectors: ReadonlyMap<string, Connector>
  seal: Seal
  clock: Clock
}): Promise<ConfigurationRoom> {
  const { store, connectors, seal, clock } = parts
  const listeners: ((configuration: Configuration) => void)[] = []
  let { configuration, faults, shelves } = await read()
  /** The store's: notes raise it alone, so that nobody looks at an unchanged configuration anew. */
  let newest = configuration.revision
  let last: Promise<unknown> = Promise.resolve()

  async function read() {
    const { configuration: fresh, faults: found } = await readAll()
    return { configuration: fresh, faults: found, shelves: shelve(fresh) }
  }

  /** Page by page, the next of which is on its way while one is read; anew where it changes meanwhile. */
  async function readAll(): Promise<Read> {
    const reading = createReading(connectors, seal)
    const { revision, ...first } = await store.configuration()
    for (let { rows, more } = first; ;) {
      const next = more ? store.configuration(rows.at(-1)) : undefined
      for (const row of rows) reading.add(row)
      if (!next) return reading.done(revision)
      const page = await next
      if (page.revision !== revision) return readAll()
      ;({ rows, more } = page)
    }
  }

  async function reload(): Promise<void> {
    const fresh = await read()
    newest = fresh.configuration.revision
    if (newest === configuration.revision) return
    ;({ configuration, faults, shelves } = fresh)
    for (const listener of listeners) listener(configuration)
  }

  /** One after another, whether or not the one before succeeded. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work, work)
    last = turn.catch(() => {})
    return turn
  }

  async function write(bench: Bench): Promise<Committed> {
    const changes: Difference[] = []
    await inSlices(differences(bench), (difference) => changes.push(difference))
    if (changes.length === 0) return { revision: configuration.revision, changed: false }
    const puts: ConfigurationRow[] = []
    const deletes: ConfigurationChange['deletes'][number][] = []
    const kept: RevisionChange[] = []
    await inSlices(changes, (difference) => {
      const { kind, key, after } = difference
      if (after) puts.push(writeRow({ kind, value: after } as Thing, connectors, bench.binds, seal))
      else deletes.push({ kind, key })
      kept.push(...toldChanges(bench, difference))
    })
    const { author, source } = bench.caller
    const revision = await store.change({ author, source, puts, deletes, expected: newest, changes: kept })
    newest = revision
    const building = build(bench)
    await inSlices(chunks(changes, buildAtOnce), building.add)
    ;({ configuration, shelves } = building.done(revision))
    for (const { kind, key } of changes) if (kind === 'bind') faults.delete(key)
    await inSlices(listeners, (listener) => listener(configuration))
    return { revision, changed: true }
  }

  /** In turn; refused when the configuration moved since the bench was laid. */
  async function commit(bench: Bench): Promise<Committed> {
    refuseFaults(bench, 'invalid')
    if (bench.base !== configuration) throw moved()
    try {
      return await write(bench)
    } catch (error) {
      if (!(error instanceof RevisionConflict)) throw error
      await reload()
      throw moved()
    }
  }

  function refuseFaults(bench: Bench, why: 'invalid' | 'in-use'): void {
    if (bench.faults.length === 0) return
    const list = told(bench.faults)
    throw new Refused(why, list.map((fault) => (fault.path ? `${fault.path}: ${fault.message}` : fault.message)).join('\n'), list)
  }

  function moved(): Refused {
    return new Refused('conflict', `The configuration is at revision ${configuration.revision} by now: look again, then repeat the change.`)
  }

  const room: ConfigurationRoom = {
    current: () => configuration,
    shelves: () => shelves,
    connectors,
    async ensureRoot({ id, token }) {
      const root = [...configuration.accounts.values()].find((account) => account.parent === undefined)
      if (root && id !== undefined && id !== root.id) throw new Error(`This data belongs to the root account ${root.id}, not to ${id}.`)
      if (id !== undefined && !accountId.safeParse(id).success)
        throw new Error(`The root account's SID: expected AC and 32 lowercase hex digits, got ${id}.`)
      const sid = root?.id ?? id ?? newSid('AC')
      const caller = { account: sid, author: 'gateway', source: 'start' }
      if (!root || (token !== undefined && token !== root.token)) {
        await room.change(caller, (bench) => void putAccount(bench, sid, undefined, token === undefined ? {} : { token }, []))
      }
      return configuration.accounts.get(sid)!
    },
    onChange(listener) {
      listeners.push(listener)
    },
    bench: (caller) => createBench(configuration, shelves, connectors, caller, clock.now()),
    change: (caller, work, { expected, why = 'invalid' } = {}) =>
      inTurn(async () => {
        for (let tries = 1; ; tries++) {
          if (expected !== undefined && expected !== configuration.revision) throw moved()
          const bench = createBench(configuration, shelves, connectors, caller, clock.now())
          work(bench)
          checkReferences(bench)
          refuseFaults(bench, why)
          try {
            return await write(bench)
          } catch (error) {
            if (!(error instanceof RevisionConflict) || tries === mostTries) throw error
            await reload()
          }
        }
      }),
    commit: (bench) => inTurn(() => commit(bench)),
    alone: (work) => inTurn(() => work(commit)),
    note: ({ author, source }, change) =>
      inTurn(async () => {
        for (let tries = 1; ; tries++) {
          try {
            newest = await store.change({ author, source, puts: [], deletes: [], expected: newest, changes: [change] })
            return
          } catch (error) {
            if (!(error instanceof RevisionConflict) || tries === mostTries) throw error
            await reload()
          }
        }
      }),
    faults: (bind) => faults.get(bind),
    reload: () => inTurn(reload),
  }
  return room
}

// Group commit: operations go to the journal together, at most one write at a time. Several of one
// tick are always in the same record, so they hold together or not at all. When a write fails,
// what may be refused is (accepts), and all else is kept and tried again until it is written.
import { StoreUnavailable } from '../store.ts'
import type { Clock } from '../../clock.ts'
import type { LifeEntry } from '../../model/life.ts'
import type { CountName } from '../../model/transition.ts'
import type { RefForm } from '../../model/ref.ts'
import { Fifo } from './fifo.ts'
import { encode, type MessageOp, type Op } from './ops.ts'
import { clear, createSlab, putBytes, type Slab } from './slab.ts'
import type { Journal } from './journal.ts'

export interface Entry {
  op: Op
  /** Its line in the record. */
  from: number
  to: number
  /** Pairs to count once written: bind, name. */
  counts: (number | CountName)[] | null
  form: [bind: number, form: RefForm] | null
  /** Called in order, once written. */
  done: ((entry: Entry) => void) | null
  /** Present: this may be refused. */
  refused: ((error: Error) => void) | null
  /** Told before what else the record holds: it stands by itself, and somebody waits for it. */
  first: boolean
}

export interface Commit {
  /** How many octets it has in the journal. */
  add(op: Op, more?: Partial<Pick<Entry, 'counts' | 'form' | 'done' | 'refused' | 'first'>>): number
  /** Counted with the next record; lost when none is written any more. */
  count(bind: number, name: CountName): void
  /** Entries kept because they could not be written yet. */
  readonly stuck: number
  /** Nothing is being written. */
  readonly idle: boolean
  /** Resolves when nothing waits to be written, and all that waited for it is told. */
  drain(): Promise<void>
}

const gatherMs = 2
/** Where records are this long anyway, a longer wait costs little and saves every other sync: those cost a fifth of all. */
const busyEntries = 48
const busyGatherMs = 5
const retryMs = 100
/** For so long in one turn what is written is told, looked at after so many. */
const tellMs = 3
const fewTold = 4
/** A record is longer only by what one tick adds: more than that is a backlog, which goes in several. */
const mostBytes = 8 << 20

/** A record and what it holds. */
interface Batch {
  slab: Slab
  entries: Entry[]
}

export function groupCommit(
  journal: Journal,
  clock: Clock,
  hooks: { written(op: Op): void; between(): void; failed(error: Error): void; recovered(): void },
): Commit {
  /** Gathered, oldest first; the last is added to. */
  const batches: Batch[] = [{ slab: createSlab(), entries: [] }]
  let spare: Slab | undefined
  let writing = false
  let timer: NodeJS.Timeout | undefined
  let failing = false
  let lastWrite = 0
  let lastEntries = 0
  let loose: (number | CountName)[] = []
  let idle: (() => void)[] = []
  /** Written, their `done` not called yet. */
  const untold = new Fifo<Entry>()
  let telling = false

  function wake(): void {
    if (writing || timer !== undefined || empty()) return
    const gather = lastEntries >= busyEntries ? busyGatherMs : gatherMs
    const wait = failing ? retryMs : performance.now() - lastWrite >= gather ? 0 : gather
    if (wait === 0) {
      timer = undefined
      writing = true
      setImmediate(write)
    } else timer = setTimeout(write, wait)
  }

  function empty(): boolean {
    return batches.length === 1 && batches[0]!.entries.length === 0
  }

  function fresh(): Batch {
    const slab = spare ?? createSlab()
    spare = undefined
    return { slab, entries: [] }
  }

  function write(): void {
    timer = undefined
    writing = true
    const batch = batches.shift()!
    if (batches.length === 0) batches.push(fresh())
    const { slab, entries } = batch
    lastEntries = entries.length
    const counted = summary(entries, loose, Math.floor(clock.now() / 60_000) * 60_000)
    const counts = loose
    loose = []
    const { end } = slab
    if (counted) encode(slab, counted)
    journal.append(slab).then(
      () => {
        clear(slab)
        spare = slab
        finish(entries, counted)
      },
      (error: Error) => {
        loose = [...counts, ...loose]
        // Counted again with the next try.
        slab.end = end
        fail(batch, error)
      },
    )
  }

  function finish(batch: Entry[], counted: Op | undefined): void {
    lastWrite = performance.now()
    if (failing) {
      failing = false
      hooks.recovered()
    }
    for (const entry of batch) {
      hooks.written(entry.op)
      if (entry.first) untold.push(entry)
    }
    for (const entry of batch) if (!entry.first) untold.push(entry)
    if (counted) hooks.written(counted)
    // The disk works on the next record meanwhile.
    next()
    if (!telling) tell()
  }

  /** What follows from a record is a lot of work: of a large one, some in each turn of the event loop. */
  function tell(): void {
    const until = performance.now() + tellMs
    telling = false
    for (let n = 1; untold.size > 0; n++) {
      const entry = untold.shift()!
      entry.done?.(entry)
      if (n % fewTold > 0 || untold.size === 0 || performance.now() < until) continue
      telling = true
      setImmediate(tell)
      return
    }
    whenIdle()
  }

  function fail(batch: Batch, error: Error): void {
    if (!failing) hooks.failed(error)
    failing = true
    const refused: Entry[] = []
    // Those gathered since are not kept waiting for their refusal behind what is tried again.
    const kept = [batch, ...batches].map((one) => withoutRefusable(one, refused)).filter((one) => one.entries.length > 0)
    batches.splice(0, batches.length, ...kept)
    if (batches.length === 0) batches.push(fresh())
    const refusal = new StoreUnavailable(error.message, error)
    for (const entry of refused) entry.refused?.(refusal)
    next()
  }

  function next(): void {
    writing = false
    hooks.between()
    if (!empty()) wake()
    else whenIdle()
  }

  function settled(): boolean {
    return !writing && empty() && untold.size === 0
  }

  function whenIdle(): void {
    if (!settled()) return
    for (const resolve of idle) resolve()
    idle = []
  }

  return {
    add(op, more) {
      let batch = batches.at(-1)!
      if (batch.slab.end > mostBytes) batches.push((batch = fresh()))
      const { slab, entries } = batch
      const from = slab.end
      encode(slab, op)
      if (op.kind === 'message') forget(op)
      entries.push({
        op,
        from,
        to: slab.end,
        counts: more?.counts ?? null,
        form: more?.form ?? null,
        done: more?.done ?? null,
        refused: more?.refused ?? null,
        first: more?.first === true,
      })
      wake()
      return slab.end - from
    },
    count(bind, name) {
      loose.push(bind, name)
    },
    get idle() {
      return !writing
    },
    get stuck() {
      return failing ? batches.reduce((sum, batch) => sum + batch.entries.length, 0) : 0
    },
    drain() {
      if (settled()) return Promise.resolve()
      return new Promise((resolve) => idle.push(resolve))
    },
  }
}

/** The batch itself, or a copy without what may be refused, which is added to `refused`. */
function withoutRefusable(batch: Batch, refused: Entry[]): Batch {
  if (!batch.entries.some((entry) => entry.refused)) return batch
  const kept: Batch = { slab: createSlab(), entries: [] }
  for (const entry of batch.entries) {
    if (entry.refused) {
      refused.push(entry)
      continue
    }
    const bytes = batch.slab.buffer.subarray(entry.from, entry.to)
    entry.from = kept.slab.end
    putBytes(kept.slab, bytes)
    entry.to = kept.slab.end
    kept.entries.push(entry)
  }
  return kept
}

const none: readonly LifeEntry[] = []

/** What is in the record now need not live in memory, too. */
function forget(op: MessageOp): void {
  op.life = null
  op.entries = none
  op.insert = null
  op.cdr = null
}

function summary(batch: Entry[], loose: (number | CountName)[], minute: number): (Op & { kind: 'counts' }) | undefined {
  const counts = new Map<number, Map<CountName, number>>()
  const forms = new Map<string, [number, RefForm, number]>()
  function add(pairs: readonly (number | CountName)[]): void {
    for (let i = 0; i < pairs.length; i += 2) {
      const bind = pairs[i] as number
      let names = counts.get(bind)
      if (!names) counts.set(bind, (names = new Map()))
      const name = pairs[i + 1] as CountName
      names.set(name, (names.get(name) ?? 0) + 1)
    }
  }
  add(loose)
  for (const { counts: pairs, form } of batch) {
    if (pairs) add(pairs)
    if (!form) continue
    const known = forms.get(`${form[0]} ${form[1]}`)
    if (known) known[2]++
    else forms.set(`${form[0]} ${form[1]}`, [form[0], form[1], 1])
  }
  if (counts.size === 0 && forms.size === 0) return undefined
  const list: [number, CountName, number][] = []
  for (const [bind, names] of counts) for (const [name, count] of names) list.push([bind, name, count])
  return { kind: 'counts', minute, counts: list, forms: [...forms.values()] }
}

// Group commit: operations go to the journal together, at most one write at a time. Several of one
// tick are always in the same record, so they hold together or not at all. When a write fails,
// what may be refused is (accepts), and all else is kept and tried again until it is written.
import { StoreUnavailable } from '../store.ts'
import type { Clock } from '../../clock.ts'
import type { CountName } from '../../model/life.ts'
import type { RefForm } from '../../model/ref.ts'
import { encode, type Op } from './ops.ts'
import type { Journal } from './journal.ts'

export interface Entry {
  op: Op
  line: string
  /** Pairs to count once written: bind, name. */
  counts: (number | CountName)[] | null
  form: [bind: number, form: RefForm] | null
  /** Called in order, once written. */
  done: ((entry: Entry) => void) | null
  /** Present: this may be refused. */
  refused: ((error: Error) => void) | null
}

export interface Commit {
  add(op: Op, more?: Partial<Omit<Entry, 'op' | 'line'>>): void
  /** Counted with the next record; lost when none is written any more. */
  count(bind: number, name: CountName): void
  /** Entries kept because they could not be written yet. */
  readonly stuck: number
  /** Nothing is being written. */
  readonly idle: boolean
  /** Resolves when nothing waits to be written. */
  drain(): Promise<void>
}

const gatherMs = 2
const retryMs = 100
/** A record of more lines is cut in two only by the disk; this bounds the string. */
const mostBytes = 8 << 20

export function groupCommit(
  journal: Journal,
  clock: Clock,
  hooks: { written(op: Op): void; between(): void; failed(error: Error): void; recovered(): void },
): Commit {
  let waiting: Entry[] = []
  let writing = false
  let timer: NodeJS.Timeout | undefined
  let failing = false
  let lastWrite = 0
  let loose: (number | CountName)[] = []
  let idle: (() => void)[] = []

  function wake(): void {
    if (writing || timer !== undefined || waiting.length === 0) return
    const wait = failing ? retryMs : performance.now() - lastWrite >= gatherMs ? 0 : gatherMs
    if (wait === 0) {
      timer = undefined
      writing = true
      setImmediate(write)
    } else timer = setTimeout(write, wait)
  }

  function take(): Entry[] {
    let bytes = 0
    let n = 0
    while (n < waiting.length && bytes < mostBytes) bytes += waiting[n++]!.line.length
    // Never cut between entries of one tick while the whole fits; a batch beyond that is an emergency backlog.
    const batch = n === waiting.length ? waiting : waiting.slice(0, n)
    waiting = n === waiting.length ? [] : waiting.slice(n)
    return batch
  }

  function write(): void {
    timer = undefined
    writing = true
    const batch = take()
    const counted = summary(batch, loose, Math.floor(clock.now() / 60_000) * 60_000)
    const counts = loose
    loose = []
    const lines = batch.map((entry) => entry.line)
    if (counted) lines.push(encode(counted))
    journal.append(lines).then(
      () => finish(batch, counted),
      (error: Error) => {
        loose = [...counts, ...loose]
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
    for (const entry of batch) hooks.written(entry.op)
    if (counted) hooks.written(counted)
    for (const entry of batch) entry.done?.(entry)
    next()
  }

  function fail(batch: Entry[], error: Error): void {
    if (!failing) hooks.failed(error)
    failing = true
    const refusal = new StoreUnavailable(error.message, error)
    waiting = [...batch.filter((entry) => !entry.refused), ...waiting]
    for (const entry of batch) entry.refused?.(refusal)
    next()
  }

  function next(): void {
    writing = false
    hooks.between()
    if (waiting.length > 0) return wake()
    for (const resolve of idle) resolve()
    idle = []
  }

  return {
    add(op, more) {
      waiting.push({
        op,
        line: encode(op),
        counts: more?.counts ?? null,
        form: more?.form ?? null,
        done: more?.done ?? null,
        refused: more?.refused ?? null,
      })
      wake()
    },
    count(bind, name) {
      loose.push(bind, name)
    },
    get idle() {
      return !writing
    },
    get stuck() {
      return failing ? waiting.length : 0
    },
    drain() {
      if (!writing && waiting.length === 0) return Promise.resolve()
      return new Promise((resolve) => idle.push(resolve))
    },
  }
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

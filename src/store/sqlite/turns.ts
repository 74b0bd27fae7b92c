// Who is next on a lane. Items of one grain on a line form a *bucket*; a bucket whose grain is held by a
// run is put aside once and not looked at again until the grain is free, so a long backlog to one
// number costs the others nothing. Accounts take turns by virtual time (items served / weight),
// priorities by rank, but a lower one that waits is served after nine items of higher ones. Deliveries
// of a held account take no turns until it is held no more.
import type { Report } from '../../model/receipt.ts'
import type { Fifo } from './fifo.ts'
import { heap, type Heap } from './heap.ts'
import { Named, Numbered } from '../../numbered.ts'
import type { QueueRow } from './ops.ts'

export interface Entry {
  item: number
  message: number
  line: Line
  /** As in the queue's key. */
  keyDue: number
  /** When it may be claimed. */
  due: number
  bucket: Bucket | undefined
  /** Behind it in its bucket. */
  next: Entry | undefined
  /** It is in, or was last. */
  run: PickedRun | undefined
  /** Of reports. */
  attempt: number
  report: Report | undefined
  /** running: in a run. settling: in a run, and what came of it is being written. gone: ended otherwise; passed over when it comes up. */
  state: 'ready' | 'later' | 'running' | 'settling' | 'gone'
}

/** The items of one lane, account, kind and priority; `upTo` is the key before which all are in memory. */
export interface Line {
  key: string
  level: Level
  lane: number
  account: number
  kp: number
  fresh: Fifo<Bucket>
  /** Buckets whose grain was held: they take turns with the fresh ones. */
  returning: Fifo<Bucket>
  turn: boolean
  virtualTime: number
  active: boolean
  /** Items in memory, running ones too. */
  count: number
  upToDue: number
  upToItem: number
  /** When it is read on; Infinity: nothing is planned. */
  readAt: number
  refilling: boolean
  /** Came while a refill was under way: judged when it is done. */
  late: QueueRow[]
  /** Left while a refill was under way: not taken up again. */
  left: Set<number>
}

export interface Bucket {
  line: Line
  grain: Grain
  /** Those that may be claimed, in order. */
  first: Entry | undefined
  last: Entry | undefined
  /** Entries that belong here, in whatever state. */
  members: number
  /** In `fresh` or `returning`, or put aside at the grain. */
  listed: boolean
}

export interface Grain {
  /** A destination; of reports the message. */
  of: string | number
  held: boolean
  /** One for each line that has something for it. */
  buckets: Bucket[]
  /** Of those the ones that wait for the end of the run that holds it. */
  aside: Bucket[] | undefined
}

/** One kind and priority on a lane: its accounts by virtual time. */
export interface Level {
  lane: Lane
  /** Its place among the lane's levels, as a bit. */
  bit: number
  lines: Heap<Line>
  floor: number
  /** Items served at higher levels since this one, while it had something. */
  passedOver: number
}

interface Lane {
  levels: Level[]
  /** Bits of the levels that have lines: thousands of lanes have one report each, and what has nothing is not looked at. */
  occupied: number
  reportsNext: boolean
}

export interface PickedRun {
  token: number
  lane: number
  grain: Grain
  entries: Entry[]
  open: number
  /** Put back when the run ends. */
  back: Entry[] | undefined
}

/** A run has at most so many items. */
const runItems = 4
const mostPassedOver = 9

export interface Turns {
  level(lane: number, kp: number): Level
  /** The bucket of a destination, or of a message whose reports are told one after another; made where needed. */
  bucket(line: Line, of: string | number): Bucket
  /** The entry may be claimed. */
  add(entry: Entry): void
  pick(lane: number, max: number, kinds: 'deliver' | 'report' | undefined): PickedRun[]
  /** Ends a run: its grain is free. */
  release(run: PickedRun): void
  /** One entry less; what is empty is let go. */
  leave(bucket: Bucket): void
  /** Lines whose account is held no more take turns again. */
  resume(): void
}

export function createTurns(given: {
  ready(lane: number): void
  weight(account: number): number
  isHeld(account: number): boolean
}): Turns {
  const lanes = new Map<number, Lane>()
  const destinations = new Named<Grain>()
  const reported = new Numbered<Grain>()
  /** Have something, or had, and are held. */
  const held = new Set<Line>()
  let lastToken = 0

  function laneOf(id: number): Lane {
    const known = lanes.get(id)
    if (known) return known
    const lane: Lane = { levels: [], occupied: 0, reportsNext: false }
    for (let kp = 0; kp < 8; kp++) {
      lane.levels.push({ lane, bit: 1 << kp, lines: heap((a, b) => a.virtualTime < b.virtualTime), floor: 0, passedOver: 0 })
    }
    lanes.set(id, lane)
    return lane
  }

  function enter(line: Line): void {
    const { level } = line
    level.lines.push(line)
    level.lane.occupied |= level.bit
  }

  function grainOf(of: string | number): Grain {
    const known = typeof of === 'number' ? reported.get(of) : destinations.get(of)
    if (known) return known
    const grain: Grain = { of, held: false, buckets: [], aside: undefined }
    if (typeof of === 'number') reported.set(of, grain)
    else destinations.set(of, grain)
    return grain
  }

  function forget({ of }: Grain): void {
    if (typeof of === 'number') reported.delete(of)
    else destinations.delete(of)
  }

  function putAside(bucket: Bucket): void {
    const { grain } = bucket
    if (grain.aside) grain.aside.push(bucket)
    else grain.aside = [bucket]
  }

  function list(bucket: Bucket, where: Fifo<Bucket>): void {
    if (bucket.listed || !bucket.first) return
    bucket.listed = true
    if (bucket.grain.held) return putAside(bucket)
    where.push(bucket)
    activate(bucket.line)
  }

  function activate(line: Line): void {
    if (!line.active) {
      if (isHeld(line)) return
      // An account that comes back starts at the current minimum: it has saved nothing up.
      line.active = true
      line.virtualTime = Math.max(line.virtualTime, line.level.floor)
      enter(line)
    }
    given.ready(line.lane)
  }

  /** Only deliveries are. */
  function isHeld(line: Line): boolean {
    if (line.kp >= 4 || !given.isHeld(line.account)) return false
    held.add(line)
    return true
  }

  /** The next bucket of a line with a free grain; held ones are put aside on the way. */
  function next(line: Line): Bucket | undefined {
    for (;;) {
      line.turn = !line.turn
      const [first, second] = line.turn ? [line.returning, line.fresh] : [line.fresh, line.returning]
      const bucket = first.shift() ?? second.shift()
      if (!bucket) return undefined
      if (bucket.grain.held) putAside(bucket)
      else {
        bucket.listed = false
        while (bucket.first?.state === 'gone') shift(bucket)
        if (bucket.first) return bucket
      }
    }
  }

  function take(lane: number, level: Level, max: number): PickedRun | undefined {
    for (let line = level.lines.peek(); line; line = level.lines.peek()) {
      level.lines.pop()
      if (level.lines.size === 0) level.lane.occupied &= ~level.bit
      const bucket = isHeld(line) ? undefined : next(line)
      if (!bucket) {
        line.active = false
        continue
      }
      const run = runOf(lane, bucket, max)
      run.grain.held = true
      if (bucket.first) {
        bucket.listed = true
        putAside(bucket)
      }
      level.floor = line.virtualTime
      line.virtualTime += run.open / given.weight(line.account)
      if (line.fresh.size + line.returning.size > 0) enter(line)
      else line.active = false
      return run
    }
    return undefined
  }

  /** The first of the bucket is ready. */
  function runOf(lane: number, bucket: Bucket, max: number): PickedRun {
    const entries = [shift(bucket)!]
    const run: PickedRun = { token: ++lastToken, lane, grain: bucket.grain, entries, open: 0, back: undefined }
    while (bucket.first && entries.length < runItems && entries.length < max) {
      const entry = shift(bucket)!
      if (entry.state === 'ready') entries.push(entry)
    }
    for (const entry of entries) {
      entry.state = 'running'
      entry.run = run
    }
    run.open = entries.length
    return run
  }

  function takeKind(id: number, lane: Lane, base: number, max: number): PickedRun | undefined {
    const { levels } = lane
    if (((lane.occupied >> base) & 15) === 0) return undefined
    const has = (rank: number): boolean => (lane.occupied & (1 << (base + rank))) !== 0
    let starved = -1
    let longest = mostPassedOver - 1
    for (let p = 0; p < 3; p++) {
      if (!has(p) || levels[base + p]!.passedOver <= longest) continue
      starved = p
      longest = levels[base + p]!.passedOver
    }
    for (let p = starved >= 0 ? 4 : 3; p >= 0; p--) {
      const rank = p === 4 ? starved : p
      const run = has(rank) ? take(id, levels[base + rank]!, max) : undefined
      if (!run) continue
      levels[base + rank]!.passedOver = 0
      for (let q = 0; q < rank; q++) if (has(q)) levels[base + q]!.passedOver += run.entries.length
      return run
    }
    return undefined
  }

  return {
    level: (lane, kp) => laneOf(lane).levels[kp]!,
    bucket(line, of) {
      const grain = grainOf(of)
      for (const bucket of grain.buckets) if (bucket.line === line) return bucket
      const bucket: Bucket = { line, grain, first: undefined, last: undefined, members: 0, listed: false }
      if (grain.buckets.length === 0) grain.buckets = [bucket]
      else grain.buckets.push(bucket)
      return bucket
    },
    add(entry) {
      const bucket = entry.bucket!
      entry.state = 'ready'
      if (bucket.last) bucket.last.next = entry
      else bucket.first = entry
      bucket.last = entry
      list(bucket, bucket.line.fresh)
    },
    pick(id, max, kinds) {
      const lane = lanes.get(id)
      const runs: PickedRun[] = []
      if (!lane) return runs
      for (let left = max; left > 0;) {
        const reports = kinds === undefined ? lane.reportsNext : kinds === 'report'
        let run = takeKind(id, lane, reports ? 4 : 0, left)
        if (!run && kinds === undefined) run = takeKind(id, lane, reports ? 0 : 4, left)
        if (!run) break
        lane.reportsNext = !lane.reportsNext
        left -= run.entries.length
        runs.push(run)
      }
      return runs
    },
    release({ grain, entries, back }) {
      grain.held = false
      const bucket = entries[0]?.bucket
      if (bucket && back) for (const entry of back.toReversed()) unshift(bucket, entry)
      const { aside } = grain
      grain.aside = undefined
      if (aside) {
        for (const one of aside) {
          one.listed = false
          list(one, one.line.returning)
        }
      }
      if (bucket) list(bucket, bucket.line.returning)
      if (grain.buckets.length === 0) forget(grain)
    },
    resume() {
      for (const line of held) {
        if (given.isHeld(line.account)) continue
        held.delete(line)
        if (line.fresh.size + line.returning.size > 0) activate(line)
      }
    },
    leave(bucket) {
      if (--bucket.members > 0) return
      const { grain } = bucket
      grain.buckets.splice(grain.buckets.indexOf(bucket), 1)
      if (grain.buckets.length === 0 && !grain.held) forget(grain)
    },
  }
}

function shift(bucket: Bucket): Entry | undefined {
  const entry = bucket.first
  if (!entry) return undefined
  bucket.first = entry.next
  if (!entry.next) bucket.last = undefined
  // What has left keeps hold of nothing.
  entry.next = undefined
  return entry
}

function unshift(bucket: Bucket, entry: Entry): void {
  entry.next = bucket.first
  bucket.first = entry
  bucket.last ??= entry
}

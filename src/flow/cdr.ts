// CDRs: one JSON line for every message that ended, in files by day, kept for a set time; and per
// account, where it set a URL, one POST after another, the next only after a 2xx.
// A crash or a loss of power between writing and marking is met by the sequence number in each line: none
// twice, and none left out.
import { constants } from 'node:fs'
import { mkdir, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { backoffMs } from '../binds/backoff.ts'
import { createTrust } from '../clock.ts'
import type { AccountId } from '../model/message.ts'
import { OutboundError } from '../outbound.ts'
import type { CdrRow } from '../store/store.ts'
import { repeat, type Core } from './core.ts'

export interface CdrSettings {
  directory: string
  keepDays: number
  /** A day's file is continued in another above this. */
  maxFileBytes?: number
}

const dayMs = 86_400_000
const batch = 2000
const hookTimeoutMs = 15_000
/** How long the end waits for an answer under way. */
const hookDrainMs = 1000
const hookRetry = { firstMs: 1000, multiplier: 2, capMs: 300_000 }

export async function startCdrs(core: Core, settings: CdrSettings): Promise<{ stop(): Promise<void> }> {
  if (await mkdir(settings.directory, { recursive: true })) await syncDirectory(dirname(settings.directory))
  const [unmarked] = await core.store.cdrs(1)
  const file = await openFile(settings, unmarked?.sequence, core.clock.now())
  const hooks = new Map<AccountId, Promise<void>>()
  let stopping = false
  const giveUp = new AbortController()

  async function write(): Promise<void> {
    for (;;) {
      const rows = await core.store.cdrs(batch)
      if (rows.length === 0) break
      const fresh = rows.filter((row) => row.sequence > file.last)
      if (fresh.length > 0) await file.append(fresh, core.clock.now())
      const accounts = core.configuration().accounts
      const hooked = rows.filter(({ account }) => accounts.get(account)?.cdrUrl !== undefined)
      await core.store.cdrsWritten(rows.at(-1)!.sequence, hooked)
      if (rows.length < batch) break
    }
    if (stopping) return
    for (const account of await core.store.cdrHookAccounts()) {
      if (!hooks.has(account))
        hooks.set(
          account,
          post(account).finally(() => hooks.delete(account)),
        )
    }
  }

  async function post(account: AccountId): Promise<void> {
    for (let failures = 0; !stopping;) {
      const rows = await core.store.cdrHooks(account, 100)
      if (rows.length === 0) return
      for (const cdr of rows) {
        if (stopping) return
        const { sequence } = cdr
        const row = core.configuration().accounts.get(account)
        if (!row?.cdrUrl) {
          await core.store.cdrHookDone(account, rows.at(-1)!.sequence)
          return
        }
        const problem = await postOne(core, row.cdrUrl, row.privateWebhooks, cdr, giveUp.signal)
        if (problem === undefined) {
          failures = 0
          await core.store.cdrHookDone(account, sequence)
          continue
        }
        if (stopping) return
        core.log.warn({ account, sequence, problem }, 'the CDR webhook did not take an event; the same one is tried again')
        await pause(core, backoffMs(hookRetry, failures++, core.random()), () => stopping)
        break
      }
    }
  }

  const isTrusted = createTrust(core.clock)
  const writer = repeat(core, 'CDRs', 250, write)
  const cleaner = repeat(core, 'old CDR files', 3_600_000, async () => (isTrusted() ? deleteOld(settings, core.clock.now()) : undefined))
  await deleteOld(settings, core.clock.now())
  return {
    async stop() {
      stopping = true
      await Promise.all([writer.stop(), cleaner.stop()])
      // An event that nobody has taken by then is posted again after the next start.
      const cancel = core.clock.after(hookDrainMs, () => giveUp.abort())
      try {
        await write()
        await Promise.all(hooks.values())
      } finally {
        cancel()
        await file.close()
      }
    },
  }
}

async function postOne(core: Core, url: string, allowPrivate: boolean, cdr: CdrRow, signal: AbortSignal): Promise<string | undefined> {
  try {
    const answer = await core.outbound.request({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json' },
      body: `${head(cdr)}${cdr.json.toString('utf8', 1)}`,
      connectTimeoutMs: 5000,
      readTimeoutMs: hookTimeoutMs,
      totalTimeoutMs: hookTimeoutMs,
      allowPrivate,
      maxBytes: 65_536,
      // Only its status counts: a long page is no reason to post the event again.
      cut: true,
      redirects: 0,
      signal,
    })
    return answer.status >= 200 && answer.status < 300 ? undefined : `HTTP ${answer.status}`
  } catch (error) {
    if (error instanceof OutboundError) return `${error.kind}: ${error.message}`
    throw error
  }
}

/** A CDR has its sequence number as the first field; the rest of it follows from its second octet on. */
function head({ sequence }: CdrRow): string {
  return `{"sequence":${sequence},`
}
/** Of any head and a line end. */
const longestHead = 40

async function pause(core: Core, ms: number, stopped: () => boolean): Promise<void> {
  const end = core.clock.now() + ms
  while (!stopped() && core.clock.now() < end)
    await new Promise<void>((resolve) => core.clock.after(Math.min(200, end - core.clock.now()), resolve))
}

/** `cdr-2026-11-21.jsonl`, `cdr-2026-11-21.2.jsonl` … : sorts by name within a day's single digits, so the parts are compared. */
const pattern = /^cdr-(\d{4}-\d{2}-\d{2})(?:\.(\d+))?\.jsonl$/

async function files(directory: string): Promise<{ name: string; day: string; part: number }[]> {
  const found = (await readdir(directory)).flatMap((name) => {
    const match = pattern.exec(name)
    return match ? [{ name, day: match[1]!, part: Number(match[2] ?? 1) }] : []
  })
  return found.sort((a, b) => a.day.localeCompare(b.day) || a.part - b.part)
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

async function deleteOld(settings: CdrSettings, now: number): Promise<void> {
  const oldest = dayOf(now - settings.keepDays * dayMs)
  for (const { name, day } of await files(settings.directory)) if (day < oldest) await rm(join(settings.directory, name))
}

/** The newest part of a day, and how long it is; an empty first one where there is none. */
async function endOf(directory: string, day: string): Promise<[part: number, size: number]> {
  const newest = (await files(directory)).findLast((file) => file.day === day)
  return newest === undefined ? [1, 0] : [newest.part, (await stat(join(directory, newest.name))).size]
}

/** Else a loss of power takes a new file with all that was synced in it. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** `unmarked`: the first sequence that is not marked as written; undefined: all are. */
async function openFile(settings: CdrSettings, unmarked: number | undefined, startedAt: number) {
  const { directory } = settings
  const maxBytes = settings.maxFileBytes ?? 100_000_000
  const newest = (await files(directory)).at(-1)
  const path = newest && join(directory, newest.name)
  let handle: FileHandle | undefined
  let day = newest?.day ?? ''
  let part = newest?.part ?? 1
  /** Lines are put together here: a new piece of memory each time would cost as much as all else. */
  let room = Buffer.alloc(0)
  let last = await lastWritten(directory, unmarked ?? Number.POSITIVE_INFINITY, dayOf(startedAt))
  /** Where the next line goes: what a write that failed left behind it is written over. */
  let size = path === undefined ? 0 : (await stat(path)).size

  async function turn(now: number): Promise<FileHandle> {
    const today = dayOf(now)
    const full = size >= maxBytes
    if (today === day && !full && handle) return handle
    const before = handle
    handle = undefined
    await before?.close()
    // A clock that was set back comes to a day that has files already: they go on where they end.
    if (today !== day) [day, part, size] = [today, ...(await endOf(directory, today))]
    if (size >= maxBytes) [part, size] = [part + 1, 0]
    handle = await open(join(directory, `cdr-${day}${part > 1 ? `.${part}` : ''}.jsonl`), constants.O_WRONLY | constants.O_CREAT)
    await syncDirectory(directory)
    return handle
  }

  function linesOf(rows: readonly CdrRow[]): Buffer {
    const most = rows.reduce((sum, { json }) => sum + longestHead + json.length, 0)
    if (room.length < most) room = Buffer.allocUnsafeSlow(2 * most)
    let end = 0
    for (const row of rows) {
      end += room.write(head(row), end, 'latin1')
      end += row.json.copy(room, end, 1)
      room[end++] = 10
    }
    return room.subarray(0, end)
  }

  return {
    /** The sequence of the last whole line of those that are not marked as written; 0: none is there. */
    get last() {
      return last
    },
    async append(rows: readonly CdrRow[], now: number): Promise<void> {
      const into = await turn(now)
      const lines = linesOf(rows)
      try {
        // A disk that fills up takes the beginning and says so only with the next write.
        for (let at = 0; at < lines.length;) at += (await into.write(lines, at, lines.length - at, size + at)).bytesWritten
        await into.datasync()
      } catch (error) {
        await into.truncate(size).catch(() => {})
        throw error
      }
      size += lines.length
      last = rows.at(-1)!.sequence
    },
    async close() {
      await handle?.close()
    },
  }
}

/** More than is written at once, mostly; twice as much is read where it is not. */
const tailBytes = 1 << 20

/**
 * The last sequence in the files of those from `unmarked` on; 0: none. Those of days to come, which a clock that was
 * set back left behind, are not the newest.
 */
async function lastWritten(directory: string, unmarked: number, today: string): Promise<number> {
  let newest = 0
  for (const { name, day } of (await files(directory)).toReversed()) {
    const { marked, end, last } = await repair(join(directory, name), unmarked)
    newest = Math.max(newest, last)
    if ((marked >= 0 || end > 0) && day <= today) break
  }
  return newest
}

/**
 * What is in a file of rows from `unmarked` on was perhaps not synced: the lines up to the first that is not whole
 * stay, and all behind them is cut off, to be written again.
 */
async function repair(path: string, unmarked: number): Promise<ReturnType<typeof unmarkedIn>> {
  const handle = await open(path, 'r+')
  try {
    const { size } = await handle.stat()
    for (let length = tailBytes; ; length *= 2) {
      const from = Math.max(0, size - length)
      const tail = Buffer.alloc(size - from)
      await handle.read(tail, 0, tail.length, from)
      const found = unmarkedIn(tail, unmarked)
      if (found.marked < 0 && from > 0) continue
      if (found.end < tail.length) await handle.truncate(from + found.end)
      return found
    }
  } finally {
    await handle.close()
  }
}

/** Where the last line of those that are marked ends, -1: none is here; where the whole ones behind it end; the last of these. */
function unmarkedIn(tail: Buffer, unmarked: number): { marked: number; end: number; last: number } {
  let [marked, end, last] = [-1, 0, 0]
  let isWhole = true
  for (let at = 0; at < tail.length;) {
    const newline = tail.indexOf(10, at)
    const to = newline < 0 ? tail.length : newline + 1
    const sequence = newline < 0 ? undefined : sequenceOf(tail.toString('utf8', at, newline))
    if (sequence !== undefined && sequence < unmarked) {
      marked = end = to
      last = 0
      isWhole = true
    } else if (sequence === undefined) isWhole = false
    else if (isWhole) [end, last] = [to, sequence]
    at = to
  }
  return { marked, end, last }
}

function sequenceOf(line: string): number | undefined {
  try {
    return (JSON.parse(line) as { sequence?: number } | null)?.sequence
  } catch {
    return undefined
  }
}

// CDRs: one JSON line for every message that ended, in files by day, kept for a set time; and per
// account, where it set a URL, one POST after another, the next only after a 2xx.
// A crash between writing and marking is met by the sequence number in each line: none twice.
import { constants } from 'node:fs'
import { mkdir, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { backoffMs } from '../binds/backoff.ts'
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
  await mkdir(settings.directory, { recursive: true })
  const file = await openFile(settings)
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

  const writer = repeat(core, 'CDRs', 250, write)
  const cleaner = repeat(core, 'old CDR files', 3_600_000, () => deleteOld(settings, core.clock.now()))
  await deleteOld(settings, core.clock.now())
  return {
    async stop() {
      stopping = true
      await Promise.all([writer.stop(), cleaner.stop()])
      await write()
      // An event that nobody has taken by then is posted again after the next start.
      const cancel = core.clock.after(hookDrainMs, () => giveUp.abort())
      await Promise.all(hooks.values())
      cancel()
      await file.close()
    },
  }
}

async function postOne(core: Core, url: string, allowPrivate: boolean, cdr: CdrRow, signal: AbortSignal): Promise<string | undefined> {
  try {
    const answer = await core.outbound.request({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json' },
      body: numbered(cdr),
      connectTimeoutMs: 5000,
      readTimeoutMs: hookTimeoutMs,
      totalTimeoutMs: hookTimeoutMs,
      allowPrivate,
      maxBytes: 65_536,
      redirects: 0,
      signal,
    })
    return answer.status >= 200 && answer.status < 300 ? undefined : `HTTP ${answer.status}`
  } catch (error) {
    if (error instanceof OutboundError) return `${error.kind}: ${error.message}`
    throw error
  }
}

/** The CDR with its sequence number as the first field. */
function numbered({ sequence, json }: CdrRow): string {
  return `{"sequence":${sequence},${json.slice(1)}`
}

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

async function deleteOld(settings: CdrSettings, now: number): Promise<void> {
  const oldest = new Date(now - settings.keepDays * dayMs).toISOString().slice(0, 10)
  for (const { name, day } of await files(settings.directory)) if (day < oldest) await rm(join(settings.directory, name))
}

async function openFile(settings: CdrSettings) {
  const { directory } = settings
  const maxBytes = settings.maxFileBytes ?? 100_000_000
  const newest = (await files(directory)).at(-1)
  let handle: FileHandle | undefined
  let day = newest?.day ?? ''
  let part = newest?.part ?? 1
  let last = await lastSequence(directory)
  /** Where the next line goes: what a write that failed left behind it is written over. */
  let size = newest ? (await stat(join(directory, newest.name))).size : 0

  async function turn(now: number): Promise<FileHandle> {
    const today = new Date(now).toISOString().slice(0, 10)
    const full = size >= maxBytes
    if (today === day && !full && handle) return handle
    if (today !== day) [day, part, size] = [today, 1, 0]
    else if (full) [part, size] = [part + 1, 0]
    const before = handle
    handle = undefined
    await before?.close()
    handle = await open(join(directory, `cdr-${day}${part > 1 ? `.${part}` : ''}.jsonl`), constants.O_WRONLY | constants.O_CREAT)
    return handle
  }

  return {
    /** The sequence of the last whole line. */
    get last() {
      return last
    },
    async append(rows: readonly CdrRow[], now: number): Promise<void> {
      const into = await turn(now)
      const lines = Buffer.from(`${rows.map(numbered).join('\n')}\n`)
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

/** A line is far shorter than this. */
const tailBytes = 65_536

/** Of the last whole line of all files. A torn one behind it (a crash in the middle) is cut off, so that what follows stays readable. */
async function lastSequence(directory: string): Promise<number> {
  for (const { name } of (await files(directory)).toReversed()) {
    const handle = await open(join(directory, name), 'r+')
    try {
      const { size } = await handle.stat()
      const from = Math.max(0, size - tailBytes)
      const tail = Buffer.alloc(size - from)
      await handle.read(tail, 0, tail.length, from)
      const end = tail.lastIndexOf(10) + 1
      if (end < tail.length) await handle.truncate(from + end)
      if (end === 0) continue
      const line = tail.toString('utf8', tail.lastIndexOf(10, end - 2) + 1, end)
      return (JSON.parse(line) as { sequence?: number }).sequence ?? 0
    } finally {
      await handle.close()
    }
  }
  return 0
}

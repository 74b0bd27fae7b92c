// `signalbox cdrs`: a month's charging records summed up, for whoever writes the bills. It reads the files in the
// data directory, so no gateway need run; a message belongs to the month in which it was accepted (UTC).
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Cdr } from '../model/cdr.ts'
import { whyOf } from '../model/failure.ts'
import { countryOf } from '../model/address.ts'
import { csvCell } from '../text/csv.ts'
import { Told } from './client.ts'
import { table } from './print.ts'

export interface CdrOptions {
  month?: string
  by: string
  format?: 'csv' | 'json'
}

/** What they may be summed up by. */
const columns: Record<string, (cdr: Cdr) => string> = {
  account: (cdr) => cdr.account,
  direction: (cdr) => cdr.direction,
  kind: (cdr) => cdr.kind,
  from: (cdr) => cdr.from,
  to: (cdr) => cdr.to,
  country: (cdr) => countryOf(cdr.to) ?? '',
  in: (cdr) => cdr.sourceBind,
  out: (cdr) => cdr.destinationBind ?? '',
  route: (cdr) => cdr.route ?? '',
  state: (cdr) => cdr.state,
  failure: (cdr) => cdr.failure ?? '',
  day: (cdr) => cdr.acceptedAt.slice(0, 10),
}

interface Sum {
  of: string[]
  messages: number
  segments: number
}

export async function cdrs(directory: string, { month, by, format }: CdrOptions, now: number): Promise<string> {
  const wanted = month ?? new Date(now).toISOString().slice(0, 7)
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(wanted)) throw new Told(`--month: expected a month such as 2026-11, got '${wanted}'.`)
  const names = by.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !Object.hasOwn(columns, name))
  if (unknown !== undefined)
    throw new Told(`--by: expected some of ${Object.keys(columns).join(', ')}, separated by commas, got '${unknown}'.`)
  const sums = await sumUp(directory, wanted, names)
  const rows = [...sums.values()].toSorted((a, b) => a.of.join('\0').localeCompare(b.of.join('\0')))
  if (format === 'json')
    return JSON.stringify(
      rows.map(({ of, messages, segments }) => ({ ...Object.fromEntries(names.map((name, i) => [name, of[i]])), messages, segments })),
      undefined,
      2,
    )
  const lines = rows.map(({ of, messages, segments }): (string | number)[] => [...of, messages, segments])
  const headings = [...names, 'messages', 'segments']
  if (format === 'csv') return [headings, ...lines].map((line) => line.map(csvCell).join(',')).join('\n')
  return table(headings, lines, `No message that was accepted in ${wanted} has ended.`)
}

async function sumUp(directory: string, month: string, names: readonly string[]): Promise<Map<string, Sum>> {
  const sums = new Map<string, Sum>()
  for (const file of await filesFrom(directory, month)) {
    for await (const line of createInterface({ input: createReadStream(join(directory, file)), crlfDelay: Infinity })) {
      const cdr = parsed(line)
      if (!cdr?.acceptedAt.startsWith(month)) continue
      const of = names.map((name) => columns[name]!(cdr))
      const key = of.join('\0')
      let sum = sums.get(key)
      if (!sum) sums.set(key, (sum = { of, messages: 0, segments: 0 }))
      sum.messages++
      sum.segments += cdr.segments
    }
  }
  return sums
}

/** A message ends on the day it was accepted or later, so files of earlier months have none of it. */
async function filesFrom(directory: string, month: string): Promise<string[]> {
  const all = await readdir(directory).catch((error: unknown) => {
    throw new Told(`No CDRs can be read: ${whyOf(error)}. Name the data directory by SIGNALBOX_DATA.`)
  })
  return all.filter((name) => /^cdr-\d{4}-\d{2}-\d{2}(\.\d+)?\.jsonl$/.test(name) && name.slice(4, 11) >= month)
}

/** Undefined for a line that is just being written. */
function parsed(line: string): Cdr | undefined {
  try {
    return JSON.parse(line) as Cdr
  } catch {
    return undefined
  }
}

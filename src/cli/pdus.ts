// `signalbox pdus`: what passes on the wire of a bind. Alone it prints what a trace has heard; with
// --follow, --for or --count it switches one on, prints as it comes and is done when that is over.
// Interrupted, it switches off again what it switched on.
import { writeFile } from 'node:fs/promises'
import { StringDecoder } from 'node:string_decoder'
import type { FollowedAnswer, TraceLineAnswer, TraceViewAnswer } from '../http/api/traces.ts'
import { Told, type Client } from './client.ts'
import { pduBlock } from './pdu.ts'
import { counted, shown, stamp } from './print.ts'
import { whyOf } from '../model/failure.ts'

export interface PdusOptions {
  bind: string
  follow?: boolean
  for?: string
  count?: string
  bodies?: boolean
  pcap?: string
  stop?: boolean
  account?: string
  json?: boolean
}

const mostSeconds = 3600
const mostPdus = 100_000

export async function pdus(client: Client, options: PdusOptions): Promise<string> {
  const { path, query } = place(options)
  if (options.stop) {
    const stopped = await client.request<TraceViewAnswer>('DELETE', path + query)
    return `${options.bind} is traced no more; ${counted(stopped.pdus, 'PDU')} heard.`
  }
  const limits = limitsOf(options)
  const starts = limits.seconds !== undefined || limits.pdus !== undefined || options.bodies === true
  const write = options.json ? asJson : asText
  const told = starts || options.follow ? await followed(client, options, starts, limits, write) : await heard(client, path, query, write)
  if (options.pcap === undefined) return told
  return `${told}\n${await capture(client, `${path}.pcap${query}`, options.pcap)}`.trimStart()
}

/** `<account>/<id>` as lanes and decisions say it, or the id in the account. */
function place({ bind, account }: PdusOptions): { path: string; query: string } {
  const slash = bind.indexOf('/')
  const of = slash < 0 ? account : bind.slice(0, slash)
  const query = of === undefined ? '' : `?${new URLSearchParams({ account: of }).toString()}`
  return { path: `/api/v1/binds/${encodeURIComponent(bind.slice(slash + 1))}/trace`, query }
}

interface Limits {
  seconds?: number
  pdus?: number
}

function limitsOf(options: PdusOptions): Limits {
  const limits: Limits = {}
  if (options.for !== undefined) limits.seconds = secondsOf(options.for)
  if (options.count !== undefined) {
    const n = Number(options.count)
    if (!/^\d+$/.test(options.count) || n < 1 || n > mostPdus) throw new Told(`--count: expected 1–${mostPdus}, got '${options.count}'.`)
    limits.pdus = n
  }
  return limits
}

const unitSeconds: Record<string, number> = { '': 1, s: 1, m: 60, h: 3600 }

function secondsOf(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,6})(s|m|h|)$/.exec(text) ?? []
  const seconds = Number(digits) * (unitSeconds[unit] ?? 0)
  if (digits === '' || seconds < 1 || seconds > mostSeconds)
    throw new Told(`--for: expected a time of 1s to 1h such as 90s or 10m, got '${text}'.`)
  return seconds
}

type Write = (each: FollowedAnswer) => void

const asJson: Write = (each) => void process.stdout.write(`${JSON.stringify(each)}\n`)

const asText: Write = (each) => {
  if ('n' in each) process.stdout.write(`${shown(pduBlock(each))}\n\n`)
  else if ('missed' in each) process.stdout.write(`… ${counted(each.missed, 'PDU')} came faster than they were read\n\n`)
}

/** What there is now. */
async function heard(client: Client, path: string, query: string, write: Write): Promise<string> {
  const page = (after: number): string => `${path}${query}${query ? '&' : '?'}after=${after}`
  let last: TraceViewAnswer | undefined
  for (let after = 0; ;) {
    const answer = await client
      .request<{ trace: TraceViewAnswer; lines: TraceLineAnswer[]; missed: number; next: number }>('GET', page(after))
      .catch((error: unknown) => {
        const isUntraced = error instanceof Told && error.message.includes('is not traced')
        throw isUntraced ? new Told(`${error.message}\nTo trace it now, add --follow.`) : error
      })
    last = answer.trace
    if (answer.missed > 0) write({ missed: answer.missed })
    for (const line of answer.lines) write(line)
    if (answer.lines.length === 0) break
    after = answer.next
  }
  return last.running
    ? `${counted(last.pdus, 'PDU')} so far; the trace runs until ${stamp(Date.parse(last.until))} UTC.`
    : `${counted(last.pdus, 'PDU')}; the trace is over: ${last.ended}.`
}

async function followed(client: Client, options: PdusOptions, starts: boolean, limits: Limits, write: Write): Promise<string> {
  const { path, query } = place(options)
  const interrupted = new AbortController()
  const onInterrupt = (): void => interrupted.abort()
  process.once('SIGINT', onInterrupt)
  process.once('SIGTERM', onInterrupt)
  try {
    const isOurs = await started(client, path, query, { ...limits, ...(options.bodies ? { bodies: true } : {}) }, starts)
    let end: { ended: string; pdus: number } | undefined
    for await (const each of lines(client.read(`${path}/lines${query}`, interrupted.signal))) {
      if ('ended' in each) end = each
      else write(each)
    }
    if (interrupted.signal.aborted && isOurs) await client.request('DELETE', path + query)
    if (end) return `${counted(end.pdus, 'PDU')}; the trace is over: ${end.ended}.`
    return interrupted.signal.aborted ? 'Interrupted.' : 'The gateway ended the connection.'
  } finally {
    process.off('SIGINT', onInterrupt)
    process.off('SIGTERM', onInterrupt)
  }
}

/** True when the trace is ours; one that runs already is followed, where nothing else was asked for. */
async function started(client: Client, path: string, query: string, json: object, starts: boolean): Promise<boolean> {
  try {
    await client.request('POST', path + query, { json })
    return true
  } catch (error) {
    if (!(error instanceof Told) || error.code !== 'in-use') throw error
    if (!starts) return false
    throw new Told(`${error.message}\n--follow alone follows it; --stop ends it.`)
  }
}

/** JSON objects, one a line. */
async function* lines(octets: AsyncIterable<Uint8Array>): AsyncGenerator<FollowedAnswer> {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  for await (const chunk of octets) {
    const parts = (rest + decoder.write(Buffer.from(chunk))).split('\n')
    rest = parts.pop() ?? ''
    for (const part of parts) if (part !== '') yield JSON.parse(part) as FollowedAnswer
  }
}

async function capture(client: Client, path: string, file: string): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of client.read(path)) chunks.push(chunk)
  const octets = Buffer.concat(chunks)
  await writeFile(file, octets, { mode: 0o600 }).catch((error: unknown) => {
    throw new Told(`--pcap: ${file} cannot be written: ${whyOf(error)}`)
  })
  return `${file}: ${octets.length} octets for Wireshark.`
}

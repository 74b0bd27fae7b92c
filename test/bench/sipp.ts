// sipp as an app, a PBX or a carrier that keeps a ledger: what benchmarks and proofs of SIP put at both
// ends of the gateway. A sender, whom the gateway knows by its address or flow, notes what it is about to send and each answer; a taker notes each
// request before it answers, with its branch: the same branch is the same request, repeated.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { peer } from '../peers/found.ts'

/** What a sender noted. `at`: ms since 1970. */
export interface SentLine {
  what: 'sent' | 'taken' | 'refused' | 'challenged'
  at: number
  number: string
  /** X-SMS-Message-ID of a 202. */
  id: string
}

/** What a taker noted of a request. */
export interface GotLine {
  at: number
  callId: string
  branch: string
  /** User parts, without a +. */
  from: string
  to: string
  /** X-SMS-Message-ID */
  id: string
  /** The state in X-SMS-Receipt; empty: it is no receipt. */
  receipt: string
  /** Octets of the body. */
  length: number
}

export interface SippOptions {
  /** For scenarios and logs. */
  directory: string
  /** Of its files there. */
  name: string
  port: number
  tcp?: boolean
  /** Of what comes to it, whatever is for a number that ends with a 7 is answered 404. */
  refuses?: boolean
}

export interface SenderOptions extends SippOptions {
  to: number
  perSecond: number
  /** As many, and then it ends; absent: until it is stopped. */
  messages?: number
  /** User part of From. */
  from: string
  domain: string
  /** What comes to it is taken, too. */
  takes?: boolean
  /** Destinations: these digits, and eight more that count from `first`. */
  prefix: string
  first?: number
  /** Ten, in turn, by the last digit of the destination, which stands for %N. */
  texts: readonly string[]
}

export interface Sipp {
  child: ChildProcess
  /** Path of its ledger. */
  ledger: string
  exited: Promise<unknown>
  /** Begins nothing new and ends with what is open. */
  stop(): Promise<void>
}

export function isSippHere(): boolean {
  return peer('sipp') !== undefined
}

const mostOpen = 2000
/** Of a request, within about 32 s as Timer F has it (RFC 3261 §17.1.2.2). */
const mostRepeats = 11
const stopWithinMs = 40_000
const logged = (line: string): string => `<nop><action><log message="${line}"/></action></nop>`

/** About as an app sends it: 500 octets and the text. */
function request({ from, domain }: SenderOptions): string {
  return `<send retrans="500"><![CDATA[
MESSAGE sip:+[field0]@${domain} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];rport;branch=[branch]-[cseq]
Max-Forwards: 70
From: <sip:${from}@${domain}>;tag=[call_number]
To: <sip:+[field0]@${domain}>
Call-ID: [call_id]
CSeq: [cseq] MESSAGE
User-Agent: An app of somebody
Supported: path, outbound
X-REG-DELIVERY: 1
Content-Type: text/plain;charset=UTF-8
Content-Length: [len]

[field1]]]></send>`
}

function sends(options: SenderOptions): string {
  return `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="sends">
${logged('sent|[timestamp]|[field0]|')}
${request(options)}
<recv response="100" optional="true"/>
<recv response="503" optional="true" next="2"/>
<recv response="407" optional="true" next="4"/>
<recv response="202"/>
${logged('taken|[timestamp]|[field0]|[last_X-SMS-Message-ID:]')}
<nop next="3"/>
<label id="2"/>
${logged('refused|[timestamp]|[field0]|')}
<nop next="3"/>
<label id="4"/>
${logged('challenged|[timestamp]|[field0]|')}
<label id="3"/>
</scenario>
`
}

const answered = (line: string): string => `<send><![CDATA[
SIP/2.0 ${line}
[last_Via:]
[last_From:]
[last_To:];tag=sipp
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>`

const fields = ['Call-ID', 'Via', 'From', 'To', 'X-SMS-Message-ID', 'X-SMS-Receipt', 'Content-Length']

function takes({ refuses }: SippOptions): string {
  const wanted = refuses ? '7@' : 'sip:@'
  return `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="takes">
<recv request="MESSAGE"><action><ereg regexp="${wanted}" search_in="hdr" header="To:" assign_to="nobody"/></action></recv>
${logged(['got', '[timestamp]', ...fields.map((each) => `[last_${each}:]`)].join('|'))}
<nop next="1" test="nobody"/>
${answered('200 OK')}
<nop next="2"/>
<label id="1"/>
${answered('404 Not Found')}
<label id="2"/>
</scenario>
`
}

/** Answers each MESSAGE 200, or 404. */
export async function startTaker(options: SippOptions): Promise<Sipp> {
  return await run(options, takes(options), [])
}

export async function startSender(options: SenderOptions): Promise<Sipp> {
  const { directory, name, prefix, texts, perSecond, messages, first = 0 } = options
  const file = join(directory, `${name}.csv`)
  const lines = texts.map((text) => `${prefix}%08d;${text.replaceAll('%N', `${prefix}%08d`)}`)
  await writeFile(file, [`SEQUENTIAL,PRINTF=90000000,PRINTFOFFSET=${first}`, ...lines, ''].join('\n'))
  const args = [`127.0.0.1:${options.to}`, '-inf', file, '-r', String(perSecond), '-l', String(mostOpen)]
  if (messages !== undefined) args.push('-m', String(messages))
  if (options.takes) {
    const beside = join(directory, `${name}-takes.xml`)
    await writeFile(beside, takes(options))
    args.push('-oocsf', beside)
  }
  return await run(options, sends(options), args)
}

async function run({ directory, name, port, tcp }: SippOptions, scenario: string, more: readonly string[]): Promise<Sipp> {
  const program = peer('sipp')
  if (program === undefined) throw new Error('sipp is not installed: apt-get install sip-tester')
  const file = join(directory, `${name}.xml`)
  const ledger = join(directory, `${name}.ledger`)
  await writeFile(file, scenario)
  const args = ['-sf', file, '-i', '127.0.0.1', '-p', String(port), '-t', tcp ? 't1' : 'u1', '-nd', '-nostdin', ...more]
  // What is sent again after a crash has its old Call-ID.
  args.push('-deadcall_wait', '0', '-max_non_invite_retrans', String(mostRepeats))
  args.push('-trace_logs', '-log_file', ledger, '-trace_err', '-error_file', join(directory, `${name}.errors`))
  args.push('-trace_stat', '-stf', join(directory, `${name}.stats`), '-fd', '1', '-buff_size', String(4 << 20))
  const child = spawn(program, args, { stdio: 'ignore', cwd: directory, env: { ...process.env, TERM: 'dumb' } })
  const exited = once(child, 'exit')
  return {
    child,
    ledger,
    exited,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGUSR1')
      const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
      await exited
      clearTimeout(timer)
    },
  }
}

/** `2026-11-21 12:26:43.415414 1795264003.415414` */
const atOf = (timestamp: string): number => Number(timestamp.slice(timestamp.lastIndexOf('\t') + 1)) * 1000
const valueOf = (line: string): string => line.slice(line.indexOf(':') + 1).trim()
const userOf = (line: string): string => /sips?:\+?([^@>]*)@/.exec(line)?.[1] ?? ''

async function linesOf(path: string): Promise<string[][]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  // The last line is empty, or not yet whole.
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('|'))
}

export async function readSent(path: string): Promise<SentLine[]> {
  const all = (await linesOf(path)).filter(([what]) => what !== 'got')
  return all.map(([what, at = '', number = '', id = '']) => ({ what: what as SentLine['what'], at: atOf(at), number, id: valueOf(id) }))
}

export async function readGot(path: string): Promise<GotLine[]> {
  const all = (await linesOf(path)).filter(([what]) => what === 'got')
  return all.map(([, at = '', callId = '', via = '', from = '', to = '', id = '', receipt = '', length = '']) => ({
    at: atOf(at),
    callId: valueOf(callId),
    branch: /branch=([^;,\s]+)/.exec(via)?.[1] ?? '',
    from: userOf(from),
    to: userOf(to),
    id: valueOf(id),
    receipt: valueOf(receipt).split(';')[0]!,
    length: Number(valueOf(length)),
  }))
}

/** Requests that a sender repeated, of its last line of statistics. */
export async function retransmissionsOf(sipp: Sipp): Promise<number> {
  const text = await readFile(sipp.ledger.replace(/ledger$/, 'stats'), 'utf8').catch(() => '')
  const rows = text.trim().split('\n')
  const at = rows[0]!.split(';').indexOf('Retransmissions(C)')
  return Number(rows.at(-1)!.split(';')[at] ?? 0)
}

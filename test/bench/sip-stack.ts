// `npm run bench -- sip --stack [--messages N] [--rate R] [--rounds N]`: what a MESSAGE costs that is answered 202 at
// once, by our stack and by Kamailio (t_newtran and t_reply, which keeps transactions as we do; and
// stateless), by UDP and TCP, driven by sipp in turns, round after round, so that whatever else the
// machine does meets all of them. CPU is that of all processes of the one that answers, after a warm-up:
// the median of the rounds; only what sipp counts as successful counts.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { peer } from '../peers/found.ts'
import { cpuMicrosOf, freePort, percentile, rounded, start } from './processes.ts'

export interface StackOptions {
  messages: number
  /** Offered, a second. */
  rate: number
  rounds: number
  transports: readonly ('udp' | 'tcp')[]
  say(line: string): void
}

export interface StackRun {
  who: string
  transport: 'udp' | 'tcp'
  messages: number
  failed: number
  messagesPerSecond: number
  /** A message, the median of the rounds; and of the best. */
  cpuMicros: number
  leastCpuMicros: number
  retransmissions: number
}

interface Answering {
  who: string
  ports: { udp: number; tcp: number }
  cpuMicros(): number
  stop(): Promise<void>
}

/** A MESSAGE of about 680 octets, as apps send it. */
const scenario = `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="message">
  <send retrans="500"><![CDATA[
MESSAGE sip:+4915112345678@[remote_ip]:[remote_port] SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport
Max-Forwards: 70
From: "Alice" <sip:alice@gateway.example>;tag=[pid]SIPp[call_number]
To: <sip:+4915112345678@gateway.example>
Call-ID: [call_id]
CSeq: 1 MESSAGE
User-Agent: An app of somebody
Allow: INVITE, ACK, CANCEL, BYE, MESSAGE, OPTIONS, NOTIFY
Supported: path, outbound
Date: Sat, 21 Nov 2026 12:00:00 GMT
X-SMS-CODING: 0
X-REG-DELIVERY: 1
Content-Type: text/plain;charset=UTF-8
Content-Length: [len]

Your parcel 4711 has arrived at the station and waits for you until Tuesday, 18:00. Show this message.
]]></send>
  <recv response="100" optional="true"/>
  <recv response="202" rtd="true"/>
</scenario>
`

const kamailioConfig = (port: number, answer: string): string => `#!KAMAILIO
debug=-1
log_stderror=yes
fork=yes
children=1
tcp_children=1
auto_aliases=no
listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
tcp_connection_lifetime=300
loadmodule "sl.so"
loadmodule "tm.so"
modparam("tm", "wt_timer", 32000)
request_route {
  ${answer}
  exit;
}
`

export async function benchStack(options: StackOptions): Promise<{ runs: StackRun[]; skipped: string[] }> {
  const { messages, rate, rounds, transports, say } = options
  const sipp = peer('sipp')
  if (sipp === undefined) return { runs: [], skipped: ['sipp is not installed: apt-get install sip-tester'] }
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-sip-'))
  const skipped: string[] = []
  const answering: Answering[] = []
  try {
    writeFileSync(join(directory, 'message.xml'), scenario)
    answering.push(await ours())
    const kamailio = peer('kamailio')
    if (kamailio === undefined) skipped.push('kamailio is not installed: apt-get install kamailio')
    else {
      answering.push(await kamailioAt(kamailio, directory, 'kamailio t_newtran', 't_newtran();\n  t_reply("202", "Accepted");'))
      answering.push(await kamailioAt(kamailio, directory, 'kamailio stateless', 'sl_send_reply("202", "Accepted");'))
    }
    const each = answering.flatMap((who) => transports.map((transport) => ({ who, transport, seen: [] as Seen[] })))
    for (let round = 0; round <= rounds; round++) {
      for (const { who, transport, seen } of each) {
        const before = who.cpuMicros()
        const load = { sipp, directory, transport, port: who.ports[transport], rate }
        // The first is the warm-up, and as long as all the others.
        const counted = await sippRun({ ...load, messages: round === 0 ? messages : Math.ceil(messages / rounds) })
        if (round > 0) seen.push({ ...counted, cpuMicros: (who.cpuMicros() - before) / Math.max(1, counted.succeeded) })
      }
      say(
        `round ${round} of ${rounds}: ${each.map((it) => `${it.who.who} ${it.transport} ${rounded(it.seen.at(-1)?.cpuMicros ?? 0)}`).join(', ')}`,
      )
    }
    const runs = each.map(({ who, transport, seen }): StackRun => {
      const sum = (of: (it: Seen) => number): number => seen.reduce((total, it) => total + of(it), 0)
      const cpu = seen.map(({ cpuMicros }) => cpuMicros).sort((a, b) => a - b)
      return {
        who: who.who,
        transport,
        messages: sum(({ succeeded }) => succeeded),
        failed: sum(({ failed }) => failed),
        messagesPerSecond: Math.round(sum(({ succeeded }) => succeeded) / sum(({ seconds }) => seconds)),
        cpuMicros: rounded(percentile(cpu, 0.5)),
        leastCpuMicros: rounded(cpu[0] ?? 0),
        retransmissions: sum(({ retransmissions }) => retransmissions),
      }
    })
    return { runs, skipped }
  } finally {
    for (const each of answering) await each.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

interface Seen {
  succeeded: number
  failed: number
  retransmissions: number
  seconds: number
  cpuMicros: number
}

async function ours(): Promise<Answering> {
  const running = await start('test/bench/sip-answerer.js', [])
  const ports = Object.fromEntries(running.first.split(' ').map((each) => each.split('='))) as Record<string, string>
  return {
    who: 'signalbox',
    ports: { udp: Number(ports['udp']), tcp: Number(ports['tcp']) },
    cpuMicros: running.cpuMicros,
    stop: () => running.stop(),
  }
}

async function kamailioAt(program: string, directory: string, who: string, answer: string): Promise<Answering> {
  const port = await freePort()
  const config = join(directory, `kamailio-${port}.cfg`)
  // Its control sockets: two of them run.
  const own = join(directory, String(port))
  mkdirSync(own)
  writeFileSync(config, kamailioConfig(port, answer))
  const child = spawn(program, ['-f', config, '-DD', '-E', '-m', '1024', '-M', '32', '-Y', own, '-w', own], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  await new Promise((resolve) => setTimeout(resolve, 1500))
  if (child.exitCode !== null) throw new Error(`kamailio ended with ${child.exitCode}`)
  const pid = child.pid!
  return {
    who,
    ports: { udp: port, tcp: port },
    cpuMicros: () => family(pid).reduce((sum, each) => sum + cpuMicrosOf(each), 0),
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** A process and all below it. */
function family(pid: number): number[] {
  const parents = new Map<number, number>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const text = readFileSync(`/proc/${entry}/stat`, 'utf8')
      parents.set(Number(entry), Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {
      // Gone meanwhile.
    }
  }
  const all = [pid]
  for (let i = 0; i < all.length; i++) for (const [child, parent] of parents) if (parent === all[i]) all.push(child)
  return all
}

interface Load {
  sipp: string
  directory: string
  transport: 'udp' | 'tcp'
  port: number
  rate: number
  messages: number
}

async function sippRun({ sipp, directory, transport, port, rate, messages }: Load) {
  const stats = join(directory, 'stats.csv')
  rmSync(stats, { force: true })
  const own = await freePort()
  const args = [`127.0.0.1:${port}`, '-sf', join(directory, 'message.xml'), '-t', transport === 'udp' ? 'u1' : 't1']
  args.push('-i', '127.0.0.1', '-p', String(own), '-r', String(rate), '-m', String(messages), '-l', '2000', '-nostdin', '-nd')
  args.push('-trace_stat', '-stf', stats, '-fd', '1', '-buff_size', String(4 << 20))
  const began = performance.now()
  const child = spawn(sipp, args, { stdio: 'ignore', env: { ...process.env, TERM: 'dumb' } })
  await once(child, 'exit')
  const seconds = (performance.now() - began) / 1000
  const lines = readFileSync(stats, 'utf8').trim().split('\n')
  const names = lines[0]!.split(';')
  const last = lines.at(-1)!.split(';')
  const value = (name: string): number => Number(last[names.indexOf(name)])
  return {
    succeeded: value('SuccessfulCall(C)'),
    failed: value('FailedCall(C)'),
    retransmissions: value('Retransmissions(C)'),
    seconds,
  }
}

// `npm run bench -- sip --stack [--messages N] [--rate R]`: what a MESSAGE costs that is answered 202 at
// once, by our stack and by Kamailio (t_newtran and t_reply, which keeps transactions as we do; and
// stateless), by UDP and TCP, driven by sipp one after the other in the same run. CPU is that of all
// processes of the one that answers, after a warm-up; only what sipp counts as successful counts.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { peer } from '../peers/found.ts'
import { cpuMicrosOf, freePort, rounded, start } from './processes.ts'

export interface StackOptions {
  messages: number
  /** Offered, a second. */
  rate: number
  say(line: string): void
}

export interface StackRun {
  who: string
  transport: 'udp' | 'tcp'
  messages: number
  failed: number
  messagesPerSecond: number
  cpuMicros: number
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

export async function benchStack({ messages, rate, say }: StackOptions): Promise<{ runs: StackRun[]; skipped: string[] }> {
  const sipp = peer('sipp')
  if (sipp === undefined) return { runs: [], skipped: ['sipp is not installed: apt-get install sip-tester'] }
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-sip-'))
  const skipped: string[] = []
  const runs: StackRun[] = []
  try {
    writeFileSync(join(directory, 'message.xml'), scenario)
    const answerers: (() => Promise<Answering>)[] = [ours]
    const kamailio = peer('kamailio')
    if (kamailio === undefined) skipped.push('kamailio is not installed: apt-get install kamailio')
    else {
      answerers.push(() => kamailioAt(kamailio, directory, 'kamailio t_newtran', 't_newtran();\n  t_reply("202", "Accepted");'))
      answerers.push(() => kamailioAt(kamailio, directory, 'kamailio stateless', 'sl_send_reply("202", "Accepted");'))
    }
    for (const begin of answerers) {
      for (const transport of ['udp', 'tcp'] as const) {
        const answering = await begin()
        try {
          const load = { sipp, directory, transport, port: answering.ports[transport], rate }
          await sippRun({ ...load, messages: Math.ceil(messages / 4) })
          const before = answering.cpuMicros()
          const { succeeded, failed, retransmissions, seconds } = await sippRun({ ...load, messages })
          const cpu = answering.cpuMicros() - before
          const run: StackRun = {
            who: answering.who,
            transport,
            messages: succeeded,
            failed,
            messagesPerSecond: Math.round(succeeded / seconds),
            cpuMicros: rounded(cpu / Math.max(1, succeeded)),
            retransmissions,
          }
          runs.push(run)
          say(`${run.who} ${transport}: ${run.cpuMicros} CPU µs a message at ${run.messagesPerSecond}/s, ${run.retransmissions} sent again`)
        } finally {
          await answering.stop()
        }
      }
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  return { runs, skipped }
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
  const config = join(directory, 'kamailio.cfg')
  writeFileSync(config, kamailioConfig(port, answer))
  const child = spawn(program, ['-f', config, '-DD', '-E', '-m', '1024', '-M', '32', '-Y', directory, '-w', directory], { stdio: 'ignore' })
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

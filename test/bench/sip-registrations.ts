// `npm run bench -- sip --registrations N [--rate R] [--seconds S] [--json]`: so many phones register with digest by UDP,
// stay, and register again at a rate. What they cost in memory, and each REGISTER in CPU, in a process
// that does nothing else. What holding them costs is looked at in a process that has just read them from
// the file; in the one that took them, after a collection and when the transactions have ended (Timer J).
import { createSocket } from 'node:dgram'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDigestClient } from '../../plugins/sip/access/index.ts'
import { readMessage } from '../../plugins/sip/codec/index.ts'
import type { OutRequest, Sent } from '../../plugins/sip/engine/engine.ts'
import { percentile, rounded, start } from './processes.ts'

export interface RegistrationsOptions {
  registrations: number
  /** Re-registrations a second. */
  rate: number
  seconds: number
  say(line: string): void
}

interface Seen {
  rss: number
  heapUsed: number
  rssBefore: number
  heapBefore: number
  bindings: number
  sessions: number
  /** Of its event loop, since it was asked last. */
  lateP99Ms: number
  lateMaxMs: number
}

interface Phone {
  n: number
  cseq: number
  digest: ReturnType<typeof createDigestClient>
}

/** Timer J, and a little. */
const transactionsEndMs = 34_000
const mostUnderWay = 200
/** Timer F of a phone, and its Timer E: what is lost on the way is sent again (RFC 3261 §17.1.2.2). */
const answerMs = 32_000
const firstRepeatMs = 500
const longestRepeatMs = 4000
/** A generator that is late lets answers in between. */
const atOnce = 20
const never = new AbortController().signal
const nothing = Buffer.alloc(0)

export async function benchRegistrations({ registrations, rate, seconds, say }: RegistrationsOptions) {
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-bench-'))
  let child = await start('test/bench/sip-registrar.js', [String(registrations), '0', directory])
  const port = Number(child.first)
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20, sendBufferSize: 4 << 20 })
  const waiting = new Map<string, (sent: Sent) => void>()
  socket.on('message', (octets) => {
    const read = readMessage(octets)
    if (read.kind === 'response') waiting.get(`${read.headers.get('call-id')} ${read.read.cseq}`)?.({ ...read, kind: 'answered' })
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  const own = socket.address().port
  let repeats = 0

  function exchange({ headers, callId, cseq }: OutRequest, n: number): Promise<Sent> {
    const key = `${callId} ${cseq}`
    const lines = [
      'REGISTER sip:bench.example SIP/2.0',
      `Via: SIP/2.0/UDP 127.0.0.1:${own};branch=z9hG4bK${callId}.${cseq};rport`,
      `From: <sip:user${n}@bench.example>;tag=${n}`,
      `To: <sip:user${n}@bench.example>`,
      `Call-ID: ${callId}`,
      `CSeq: ${cseq} REGISTER`,
      'Max-Forwards: 70',
      `Contact: <sip:user${n}@10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}:5060;transport=udp>;+sip.instance="<urn:uuid:00000000-0000-4000-8000-${String(n).padStart(12, '0')}>"`,
      'Expires: 3600',
      'Supported: replaces, outbound, gruu',
      'User-Agent: Linphone/5.2.1 (belle-sip/5.3.0)',
    ]
    for (let i = 0; i < headers.length; i += 2) lines.push(`${headers[i]}: ${headers[i + 1]}`)
    lines.push('Content-Length: 0', '', '')
    const octets = Buffer.from(lines.join('\r\n'))
    return new Promise((resolve) => {
      let waitMs = firstRepeatMs
      let timer: NodeJS.Timeout
      const until = performance.now() + answerMs
      const settle = (sent: Sent): void => {
        clearTimeout(timer)
        waiting.delete(key)
        resolve(sent)
      }
      const ask = (): void => {
        if (performance.now() > until) return settle({ kind: 'timeout', why: 'no answer' })
        socket.send(octets, port, '127.0.0.1')
        timer = setTimeout(() => {
          repeats++
          ask()
        }, waitMs)
        waitMs = Math.min(waitMs * 2, longestRepeatMs)
      }
      waiting.set(key, settle)
      ask()
    })
  }

  async function register(phone: Phone): Promise<boolean> {
    const engine = {
      send: (request: OutRequest) => {
        phone.cseq = request.cseq ?? 1
        return exchange(request, phone.n)
      },
    }
    const request = { method: 'REGISTER', uri: 'sip:bench.example', via: undefined, from: '', to: '', headers: [], body: nothing }
    const given = { ...request, callId: `call-${phone.n}`, cseq: phone.cseq + 1 } as unknown as OutRequest
    const sent = await phone.digest.send(engine, given, never)
    return sent.kind === 'answered' && sent.status === 200
  }

  async function seen(): Promise<Seen> {
    const before = child.lines.length
    child.child.stdin!.write('\n')
    while (child.lines.length === before) await new Promise((resolve) => setTimeout(resolve, 10))
    return JSON.parse(child.lines.at(-1)!) as Seen
  }

  const phones = Array.from({ length: registrations }, (_, n): Phone => {
    const digest = createDigestClient({ username: `user${n}`, password: `user${n}` })
    return { n, cseq: 0, digest }
  })
  const mb = (octets: number): number => Math.round(octets / 1e6)
  try {
    const empty = await seen()
    let lost = 0
    let startedAt = performance.now()
    let cpu = child.cpuMicros()
    let next = 0
    const worker = async (): Promise<void> => {
      while (next < phones.length) if (!(await register(phones[next++]!))) lost++
    }
    await Promise.all(Array.from({ length: mostUnderWay }, worker))
    const firstSeconds = (performance.now() - startedAt) / 1000
    const firstMicros = (child.cpuMicros() - cpu) / registrations
    say(
      `${registrations} registered in ${firstSeconds.toFixed(1)} s, ${firstMicros.toFixed(0)} CPU µs each (challenge and all), ${lost} lost`,
    )
    await new Promise((resolve) => setTimeout(resolve, transactionsEndMs))
    const held = await seen()
    say(`${held.bindings} bindings, ${held.sessions} sessions: ${mb(held.rss)} MB, of which ${mb(empty.rss)} before, with as many binds`)

    cpu = child.cpuMicros()
    startedAt = performance.now()
    let lostAgain = 0
    const all: Promise<void>[] = []
    const times: number[] = []
    for (let n = 0; n < rate * seconds; n++) {
      const due = startedAt + (n * 1000) / rate
      if (n % atOnce === 0) await new Promise((resolve) => setImmediate(resolve))
      while (performance.now() < due) await new Promise((resolve) => setTimeout(resolve, 1))
      const at = performance.now()
      const again = register(phones[n % phones.length]!).then((isDone) => {
        if (isDone) times.push(performance.now() - at)
        else lostAgain++
      })
      all.push(again)
    }
    await Promise.all(all)
    const againSeconds = (performance.now() - startedAt) / 1000
    const againMicros = (child.cpuMicros() - cpu) / (rate * seconds)
    const during = await seen()
    say(
      `its event loop: late by ${rounded(during.lateP99Ms)} ms at p99, ${rounded(during.lateMaxMs)} ms at most; ${repeats} REGISTERs sent again`,
    )
    times.sort((a, b) => a - b)
    await child.stop()
    child = await start('test/bench/sip-registrar.js', [String(registrations), String(port), directory])
    const restored = await seen()
    const perMb = mb(restored.rss - restored.rssBefore)
    say(`restarted: ${restored.bindings} bindings and ${restored.sessions} sessions from the file take ${perMb} MB`)
    return {
      registrations: held.bindings,
      sessions: held.sessions,
      lost: lost + lostAgain,
      firstPerSecond: Math.round(registrations / firstSeconds),
      firstCpuMicros: Math.round(firstMicros),
      emptyMb: mb(empty.rss),
      heldMb: mb(held.rss),
      againPerSecond: Math.round((rate * seconds) / againSeconds),
      againCpuMicros: Math.round(againMicros),
      againP50Ms: rounded(percentile(times, 0.5)),
      againP99Ms: rounded(percentile(times, 0.99)),
      restored: restored.bindings,
      restoredMb: perMb,
      heapBytesEach: Math.round((restored.heapUsed - restored.heapBefore) / registrations),
      duringMb: mb(during.rss),
      repeats,
      lateP99Ms: rounded(during.lateP99Ms),
      lateMaxMs: rounded(during.lateMaxMs),
    }
  } finally {
    await child.stop()
    socket.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

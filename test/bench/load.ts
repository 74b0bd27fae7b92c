// A load generator as a process: plain HTTP/1.1 over keep-alive sockets, as little work a request as
// can be, so that the machine's cores are left to what is measured. Reads one JSON job from argv,
// prints one JSON result.
import { connect, type Socket } from 'node:net'
import { accountNumber, accountSid, accountToken } from './gateway.ts'
import { percentile, rounded } from './processes.ts'

interface Job {
  kind: 'signalbox' | 'kannel'
  port: number
  messages: number
  concurrency: number
  /** 0 = as fast as answers come. */
  perSecond: number
  /** Empty: none. */
  callback: string
  sid: string
  /** Sub-accounts that send in turn. */
  accounts?: number
  token: string
  firstDestination: number
}

const job = JSON.parse(process.argv[2] ?? '{}') as Job
const senders = job.accounts
  ? Array.from({ length: job.accounts }, (_, n) => ({ sid: accountSid(n), token: accountToken(n), from: accountNumber(n) }))
  : [{ sid: job.sid, token: job.token, from: '+15550001111' }]
const tenants = senders.map(({ sid, token, from }) => ({
  sid,
  authorization: Buffer.from(`${sid}:${token}`).toString('base64'),
  from: encodeURIComponent(from),
}))
const text = 'Your parcel arrives today between 14:00 and 16:00. Track it at example.test/p/8841'
const encodedText = encodeURIComponent(text)
let started = 0
let answered = 0
let refused = 0
let firstRefusal = ''
const latencies: number[] = []
const begin = performance.now()

function request(n: number): string {
  const to = `+4479${String((job.firstDestination + n) % 100_000_000).padStart(8, '0')}`
  const callback = `${job.callback}?t=${Date.now()}&n=${n}`
  if (job.kind === 'kannel') {
    const dlr = encodeURIComponent(`${job.callback}?d=%d&t=${Date.now()}&n=${n}`)
    const query = `username=bench&password=bench&from=%2B15550001111&to=${encodeURIComponent(to)}&text=${encodedText}&dlr-mask=9&dlr-url=${dlr}`
    return `GET /cgi-bin/sendsms?${query} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`
  }
  const { sid, authorization, from } = tenants[n % tenants.length]!
  const body = `To=${encodeURIComponent(to)}&From=${from}&Body=${encodedText}${job.callback === '' ? '' : `&StatusCallback=${encodeURIComponent(callback)}`}`
  return (
    `POST /2010-04-01/Accounts/${sid}/Messages.json HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic ${authorization}\r\n` +
    `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  )
}

/** Connections that wait for the rate to allow their next request. */
const waiting: (() => void)[] = []

function isDue(): boolean {
  return job.perSecond <= 0 || started < ((performance.now() - begin) / 1000) * job.perSecond
}

/** One timer for all: fifty that look every ms would take a quarter of a core. */
if (job.perSecond > 0) {
  setInterval(() => {
    while (waiting.length > 0 && started < job.messages && isDue()) waiting.shift()!()
  }, 1)
}

function run(socket: Socket): void {
  let pending = ''
  let sentAt = 0
  const next = (): void => {
    if (started >= job.messages) return
    if (!isDue()) {
      waiting.push(next)
      return
    }
    sentAt = performance.now()
    socket.write(request(started++))
  }
  socket.setEncoding('latin1')
  socket.on('data', (chunk: string) => {
    pending += chunk
    const head = pending.indexOf('\r\n\r\n')
    if (head < 0) return
    const length = Number(/content-length: *(\d+)/i.exec(pending.slice(0, head))?.[1] ?? 0)
    if (pending.length < head + 4 + length) return
    latencies.push(performance.now() - sentAt)
    const status = pending.slice(9, 12)
    if (status !== '201' && status !== '202' && status !== '200') {
      refused++
      firstRefusal ||= pending.slice(0, 400)
    }
    pending = pending.slice(head + 4 + length)
    answered++
    if (answered === job.messages) finish()
    else next()
  })
  socket.on('error', (error) => {
    console.error(error.message)
    process.exit(1)
  })
  next()
}

function finish(): void {
  const seconds = (performance.now() - begin) / 1000
  const sorted = latencies.sort((a, b) => a - b)
  const { user, system } = process.cpuUsage()
  console.log(
    JSON.stringify({
      answered,
      refused,
      firstRefusal,
      seconds: rounded(seconds),
      p50: rounded(percentile(sorted, 0.5)),
      p99: rounded(percentile(sorted, 0.99)),
      startedAt: Date.now() - seconds * 1000,
      cpuMicros: user + system,
    }),
  )
  process.exit(0)
}

console.log('ready')
for (let i = 0; i < Math.min(job.concurrency, job.messages); i++) {
  const socket = connect({ port: job.port, host: '127.0.0.1', noDelay: true }, () => run(socket))
}

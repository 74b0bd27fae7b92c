// Debian's Kannel as a peer of tests and of the benchmark: bearerbox and smsbox with one SMPP carrier, set up as
// quick as it gets without giving up what its store promises.
// HTTP sendsms → store → SMPP → receipt → dlr-url; sendsms is answered once bearerbox has the message.
// Measured: the file store with a window of 100 does best; `spool` costs a third more CPU, and a
// larger window gains little. Its receipts wait in a list searched from the start, so it is quickest
// with receipts that come soon (the simulator's preset `sink`) and with dlr-mask=1, one report a message.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cpuMicrosOf, freePort } from '../bench/processes.ts'
import { peer } from './found.ts'
import { whyOf } from '../../src/model/failure.ts'

export interface KannelOptions {
  /** Port of the SMPP carrier on loopback. */
  sinkPort: number
  /** Default `normal` and `secret`: the simulator's ordinary preset. */
  systemId?: string
  password?: string
  /** A free one where left out. */
  sendsmsPort?: number
  store: 'file' | 'spool' | 'none'
  /** An existing directory; Kannel writes into `kannel/` below it. */
  workDir: string
  /** submit_sm awaiting their response. */
  window: number
  /** A transmitter and a receiver in place of a transceiver. */
  pair?: boolean
  /** interface-version, 34 unless told otherwise. */
  version?: 33 | 34 | 50
  /** More lines of the smsc group; by default, that ids are decimal. */
  smsc?: string
  /** More groups, parted by empty lines. */
  groups?: string
}

export interface Kannel {
  /** Takes `?username=bench&password=bench&from=…&to=…&text=…&dlr-mask=…&dlr-url=…`. */
  url: string
  /** bearerbox and smsbox. */
  pids: number[]
  /** User and system CPU of both so far, in µs. */
  cpuMicros(): number
  stop(): Promise<void>
}

const startWithinMs = 60_000
const stopWithinMs = 60_000

/** A port that was free may be taken by the time a box opens it; then others are tried. */
export async function startKannel(options: KannelOptions): Promise<Kannel> {
  for (let tries = 3; ; tries--) {
    try {
      return await startBoxes(options)
    } catch (error) {
      if (tries === 1 || options.sendsmsPort !== undefined) throw error
    }
  }
}

async function startBoxes(options: KannelOptions): Promise<Kannel> {
  const bearerbox = peer('kannel')
  if (bearerbox === undefined) throw new Error('Kannel is not here: apt-get install -y kannel')
  const directory = join(options.workDir, 'kannel')
  await mkdir(join(directory, 'spool'), { recursive: true })
  const [adminPort, smsboxPort, sendsmsPort] = [await freePort(), await freePort(), options.sendsmsPort ?? (await freePort())]
  const file = join(directory, 'kannel.conf')
  await writeFile(file, configuration(options, { directory, adminPort, smsboxPort, sendsmsPort }))
  const children: ChildProcess[] = []
  // Level 4: only what would end it; neither box keeps a log file.
  const run = (program: string): ChildProcess => {
    const child = spawn(program, ['-v', '4', file], { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] })
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()))
    children.push(child)
    return child
  }
  const said: string[] = []
  const until = async (holds: () => Promise<unknown>, what: string): Promise<void> => {
    const deadline = Date.now() + startWithinMs
    while (!(await holds())) {
      if (children.some((child) => child.exitCode !== null || child.signalCode !== null))
        throw new Error(`Kannel ended, waiting for ${what}`)
      if (Date.now() > deadline) throw new Error(`waited ${startWithinMs / 1000} s for ${what}`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  const stop = async (): Promise<void> => {
    // smsbox first, so that it does not complain of a lost bearerbox.
    for (const child of children.toReversed()) await ended(child)
  }
  try {
    run(bearerbox)
    await until(() => statusPage(adminPort), 'bearerbox to answer')
    run(join(bearerbox, '..', 'smsbox'))
    const ready = (page = ''): boolean => page.split('(online').length > (options.pair ? 2 : 1) && /smsbox.*\(on-line/.test(page)
    await until(async () => ready(await statusPage(adminPort)), 'Kannel to be bound to the carrier')
    await until(() => answers(`http://127.0.0.1:${sendsmsPort}/`), 'smsbox to listen')
  } catch (error) {
    await stop()
    throw new Error(`${whyOf(error)}\n${said.join('')}`, { cause: error })
  }
  const pids = children.map((child) => child.pid!)
  return {
    url: `http://127.0.0.1:${sendsmsPort}/cgi-bin/sendsms`,
    pids,
    cpuMicros: () => pids.reduce((sum, pid) => sum + cpuMicrosOf(pid), 0),
    stop,
  }
}

interface Places {
  directory: string
  adminPort: number
  smsboxPort: number
  sendsmsPort: number
}

/** msg-id-type: in the response and in the receipt. */
const decimalIds = 'msg-id-type = 0x03'

/** Kannel user guide 1.4.5: groups core, smsc (SMPP), smsbox and sendsms-user. Groups are parted by empty lines. */
function configuration(options: KannelOptions, { directory, adminPort, smsboxPort, sendsmsPort }: Places): string {
  const {
    sinkPort,
    systemId = 'normal',
    password = 'secret',
    store,
    window,
    pair = false,
    version = 34,
    smsc = decimalIds,
    groups = '',
  } = options
  const stores = {
    none: '',
    file: `store-type = file\nstore-location = ${join(directory, 'kannel.store')}\n`,
    spool: `store-type = spool\nstore-location = ${join(directory, 'spool')}\n`,
  }
  // A pair is two groups: one of them may not have both ports.
  const modes = pair
    ? [`port = ${sinkPort}\ntransceiver-mode = false`, `receive-port = ${sinkPort}\ntransceiver-mode = false`]
    : [`port = ${sinkPort}\ntransceiver-mode = true`]
  const smscGroup = (mode: string): string => `group = smsc
smsc = smpp
smsc-id = sink
host = 127.0.0.1
${mode}
smsc-username = ${systemId}
smsc-password = ${password}
system-type = ""
interface-version = ${version}
source-addr-autodetect = true
dest-addr-ton = 1
dest-addr-npi = 1
max-pending-submits = ${window}
wait-ack = 60
wait-ack-expire = 2
enquire-link-interval = 30
reconnect-delay = 1
${smsc}

`
  return `group = core
admin-port = ${adminPort}
admin-interface = 127.0.0.1
admin-password = bench
status-password = bench
smsbox-port = ${smsboxPort}
smsbox-interface = 127.0.0.1
smsbox-max-pending = ${Math.max(100, window)}
box-allow-ip = 127.0.0.1
dlr-storage = internal
${stores[store]}
${modes.map(smscGroup).join('')}group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = ${smsboxPort}
sendsms-port = ${sendsmsPort}
sendsms-interface = 127.0.0.1
sendsms-chars = "0123456789 +-"
http-request-retry = 3
http-queue-delay = 1
max-pending-requests = 1024

group = sendsms-user
username = bench
password = bench
concatenation = true
max-messages = 10

${groups}
`
}

/** Undefined while nobody answers. */
async function statusPage(adminPort: number): Promise<string | undefined> {
  return await fetch(`http://127.0.0.1:${adminPort}/status.txt?password=bench`).then(
    (answer) => answer.text(),
    () => undefined,
  )
}

async function answers(url: string): Promise<boolean> {
  return await fetch(url).then(
    () => true,
    () => false,
  )
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
  await exited
  clearTimeout(timer)
}

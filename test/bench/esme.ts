// ESMEs as a process: `clients` of them bind, keep `window` submits each under way, and wait for a
// receipt of every message. Reads one JSON job from argv, prints `ready`, starts at a line on stdin
// and prints one JSON result. With `echo` it is the other end instead, as bare as can be: it answers
// at once and sends the receipt, so that codec and link alone can be measured.
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { pino } from 'pino'
import { systemClock } from '../../src/clock.ts'
import { integer8, cString, type Pdu, type PduOf, tags, tlvString } from '../../plugins/smpp/codec/index.ts'
import { createLink, type Link } from '../../plugins/smpp/link.ts'
import { percentile, rounded } from './processes.ts'

export interface EsmeJob {
  port: number
  /** system_ids are this with 0, 1, 2 … behind it. */
  systemId: string
  password: string
  clients: number
  window: number
  messages: number
  /** All clients together; 0 = as fast as it goes. */
  perSecond: number
  firstDestination: number
}

export interface EsmeResult {
  answered: number
  refused: number
  /** From the first submit to the last receipt. */
  seconds: number
  receipts: number
  duplicates: number
  p50: number
  p99: number
  endToEndP50: number
  endToEndP99: number
}

const log = pino({ level: 'warn' }, process.stderr)
const text = Buffer.from('Your parcel arrives today between 14:00 and 16:00. Track it at example.test/p/8841')
const quietMs = 15_000

function link(socket: Socket, onRequest: (pdu: Pdu) => void): Link {
  socket.setNoDelay(true)
  return createLink({ socket, clock: systemClock, log, enquireLinkMs: 60_000, responseTimeoutMs: 60_000, onRequest })
}

function submit(destination: number): PduOf<'submit_sm'> {
  return {
    command: 'submit_sm',
    command_status: 0,
    sequence_number: 0,
    service_type: '',
    source_addr_ton: 1,
    source_addr_npi: 1,
    source_addr: '15550001111',
    dest_addr_ton: 1,
    dest_addr_npi: 1,
    destination_addr: `4479${String(destination % 100_000_000).padStart(8, '0')}`,
    esm_class: 0,
    protocol_id: 0,
    priority_flag: 0,
    schedule_delivery_time: '',
    validity_period: '',
    registered_delivery: 1,
    replace_if_present_flag: 0,
    data_coding: 0,
    sm_default_msg_id: 0,
    short_message: text,
    tlvs: [],
  }
}

async function load(job: EsmeJob): Promise<void> {
  const sentAt = new Map<string, number>()
  /** Receipts that came before their submit_sm_resp. */
  const early = new Map<string, number>()
  const responses: number[] = []
  const ends: number[] = []
  let started = 0
  let refused = 0
  let duplicates = 0
  let begin = 0
  let lastAt = 0

  function receipt(pdu: PduOf<'deliver_sm'>): void {
    const id = tlvString(pdu.tlvs, tags.receipted_message_id) ?? ''
    const at = performance.now()
    const since = sentAt.get(id)
    if (since === undefined) {
      if (early.has(id)) duplicates++
      else early.set(id, at)
      return
    }
    if (since < 0) duplicates++
    else ended(id, at - since, at)
  }
  function ended(id: string, took: number, at: number): void {
    sentAt.set(id, -1)
    ends.push(took)
    lastAt = at
  }

  const links: Link[] = []
  for (let n = 0; n < job.clients; n++) {
    const socket = connect({ port: job.port, host: '127.0.0.1' })
    const made = link(socket, (pdu) => {
      if (pdu.command !== 'deliver_sm') return
      made.post({ command: 'deliver_sm_resp', sequence_number: pdu.sequence_number, command_status: 0 })
      receipt(pdu)
    })
    const answer = await made.request({
      command: 'bind_transceiver',
      sequence_number: 0,
      system_id: `${job.systemId}${n}`,
      password: job.password,
      system_type: '',
      interface_version: 0x34,
      addr_ton: 0,
      addr_npi: 0,
      address_range: '',
    })
    if (answer.kind !== 'pdu' || answer.pdu.command_status !== 0) throw new Error(`not bound: ${JSON.stringify(answer)}`)
    links.push(made)
  }
  console.log('ready')
  await new Promise<void>((resolve) => createInterface({ input: process.stdin }).once('line', () => resolve()))
  begin = performance.now()
  lastAt = begin

  function mayStart(): boolean {
    if (started >= job.messages) return false
    return job.perSecond <= 0 || started < ((performance.now() - begin) / 1000) * job.perSecond
  }
  function one(over: Link): void {
    const at = performance.now()
    over.ask(submit(job.firstDestination + started++), (answer) => {
      const now = performance.now()
      responses.push(now - at)
      if (answer.kind === 'pdu' && answer.pdu.command === 'submit_sm_resp' && answer.pdu.command_status === 0) {
        const id = answer.pdu.message_id
        sentAt.set(id, at)
        const came = early.get(id)
        if (came !== undefined) ended(id, came - at, came)
      } else refused++
      next(over)
    })
  }
  /** Submits of one link that are under way, and wait for the rate. */
  function next(over: Link): void {
    if (mayStart()) one(over)
    else if (started < job.messages) setTimeout(() => next(over), 1)
  }
  for (const over of links) for (let n = 0; n < job.window; n++) next(over)
  while ((responses.length < job.messages || ends.length < job.messages - refused) && performance.now() - lastAt < quietMs)
    await new Promise((resolve) => setTimeout(resolve, 20))

  responses.sort((a, b) => a - b)
  ends.sort((a, b) => a - b)
  const result: EsmeResult = {
    answered: responses.length - refused,
    refused,
    seconds: (lastAt - begin) / 1000,
    receipts: ends.length,
    duplicates,
    p50: rounded(percentile(responses, 0.5)),
    p99: rounded(percentile(responses, 0.99)),
    endToEndP50: rounded(percentile(ends, 0.5)),
    endToEndP99: rounded(percentile(ends, 0.99)),
  }
  console.log(JSON.stringify(result))
  for (const over of links) over.end('done')
  process.exit(0)
}

function echo(): void {
  let last = 0
  const server = createServer((socket) => {
    const made = link(socket, (pdu) => {
      const { sequence_number } = pdu
      if (pdu.command === 'bind_transceiver')
        made.post({ command: 'bind_transceiver_resp', sequence_number, command_status: 0, system_id: 'echo', tlvs: [] })
      if (pdu.command !== 'submit_sm') return
      const message_id = String(++last)
      made.post({ command: 'submit_sm_resp', sequence_number, command_status: 0, message_id, tlvs: [] })
      const receipt: PduOf<'deliver_sm'> = {
        ...submit(0),
        command: 'deliver_sm',
        esm_class: 4,
        source_addr: pdu.destination_addr,
        destination_addr: pdu.source_addr,
        short_message: Buffer.from(
          `id:${message_id} sub:001 dlvrd:001 submit date:2611210900 done date:2611210900 stat:DELIVRD err:000 text:`,
        ),
        tlvs: [cString(tags.receipted_message_id, message_id), integer8(tags.message_state, 2)],
      }
      made.ask(receipt, () => {})
    })
  })
  server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })))
  process.on('SIGTERM', () => process.exit(0))
}

if (process.argv[2] === 'echo') echo()
else await load(JSON.parse(process.argv[2] ?? '{}') as EsmeJob)

// A client as a process of a proof: it binds as it is told to, and again with backoff whenever the
// gateway is gone; submits until a line comes on stdin; and notes in its ledger what it was told and
// sent before it does anything else. Now and then it leaves instead of answering. Reads one JSON job
// from argv.
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { pino } from 'pino'
import { type Pdu, type PduOf, tags, tlvString } from '../../plugins/smpp/codec/index.ts'
import { plainSubmit } from '../../plugins/smpp/codec/samples.ts'
import { createLink, type Link } from '../../plugins/smpp/link.ts'
import { systemClock } from '../../src/clock.ts'
import { createStored, scheduledTime } from './esme-stored.ts'
import { openProofLedger } from './ledger.ts'
import { generator, sleep } from './rounds.ts'
import { cutNumber, cutParts, type EsmeLine, isLong, partText, partsOf, placeOf, textOf } from './traffic.ts'

export interface EsmeJob {
  port: number
  systemId: string
  password: string
  /** One connection each. */
  binds: ('transceiver' | 'transmitter' | 'receiver')[]
  source: string
  /** Destinations begin with one of these in turn; a running number follows. */
  prefixes: string[]
  firstDestination: number
  perSecond: number
  window: number
  /** Of what comes, so much is left without an answer: the client cuts the connection. */
  leaves: number
  seed: number
  /** Whether some messages are for later, some of those taken back, and what became of messages is asked. */
  asks: boolean
  ledger: string
}

const firstBackoffMs = 20
const mostBackoffMs = 320
const tickMs = 10
/** One message in so many is cut into parts here. */
const cutEvery = 21
/** One message in so many is scheduled. */
const laterEvery = 17
/** More than registered_delivery 1: some want failures only, some nothing (SMPP 5.0 §4.7.21). */
const registeredInTurn = [1, 1, 1, 1, 1, 1, 1, 2, 0]

const job = JSON.parse(process.argv[2] ?? '{}') as EsmeJob
const note: (line: EsmeLine) => void = openProofLedger(job.ledger)
const random = generator(job.seed)
const log = pino({ level: 'silent' })
/** Bound and able to submit. */
const submitting: Link[] = []
let next = job.firstDestination
/** Parts that are not known to be taken. */
let open = 0
const stored = job.asks ? createStored({ source: job.source, over: () => submitting[0], note, random }) : undefined

async function stayBound(kind: EsmeJob['binds'][number]): Promise<never> {
  let backoffMs = firstBackoffMs
  for (;;) {
    if (await once(kind)) backoffMs = firstBackoffMs
    await sleep(backoffMs * (0.5 + random()))
    backoffMs = Math.min(mostBackoffMs, backoffMs * 2)
  }
}

/** One connection from its beginning to its end; whether it was ever bound. */
async function once(kind: EsmeJob['binds'][number]): Promise<boolean> {
  const socket = connect({ port: job.port, host: '127.0.0.1' })
  socket.setNoDelay(true)
  const link = createLink({
    socket,
    clock: systemClock,
    log,
    enquireLinkMs: 60_000,
    responseTimeoutMs: 60_000,
    onRequest: (pdu) => came(link, pdu),
  })
  const bound = await link.request({
    command: `bind_${kind}`,
    sequence_number: 0,
    system_id: job.systemId,
    password: job.password,
    interface_version: 0x34,
  })
  const isBound = bound.kind === 'pdu' && bound.pdu.command_status === 0
  if (!isBound) link.destroy('not bound')
  else if (kind !== 'receiver') {
    submitting.push(link)
    stored?.bound(link)
  }
  await link.closed
  const at = submitting.indexOf(link)
  if (at >= 0) submitting.splice(at, 1)
  return isBound
}

function came(link: Link, pdu: Pdu): void {
  if (pdu.command !== 'deliver_sm') return
  const isReceipt = (pdu.esm_class & 0x3c) === 0x04
  const { part, parts, text } = placeOf(pdu)
  const key = isReceipt ? (tlvString(pdu.tlvs, tags.receipted_message_id) ?? '') : `${pdu.source_addr} ${part}`
  const says = isReceipt ? (/stat:(\w+)/.exec(text)?.[1] ?? '') : text
  const answered = random() >= job.leaves
  note({ what: isReceipt ? 'receipt' : 'mo', key, says, parts, at: Date.now() })
  if (answered) link.post({ command: 'deliver_sm_resp', sequence_number: pdu.sequence_number, command_status: 0 })
  else link.destroy('left')
}

function submit(over: Link): void {
  const n = next++
  const prefix = job.prefixes[n % job.prefixes.length]!
  if (n % cutEvery === 0) {
    const to = cutNumber(prefix, n / cutEvery)
    for (let part = 1; part <= cutParts; part++) void submitPart(over, to, part, n & 0xff)
  } else submitWhole(over, `${prefix}${String(n).padStart(8, '0')}`, registeredInTurn[n % registeredInTurn.length]!)
}

function draftTo(to: string, registered: number): PduOf<'submit_sm'> {
  return {
    ...plainSubmit,
    source_addr_ton: 1,
    source_addr_npi: 1,
    source_addr: job.source,
    destination_addr: to,
    registered_delivery: registered,
  }
}

/** Again and again, until it is known to be taken. */
async function submitPart(first: Link, to: string, part: number, reference: number): Promise<void> {
  open++
  for (let over: Link | undefined = first; ; over = submitting[0]) {
    if (over) {
      const draft = draftTo(to, 1)
      // The user data begins with a header: concatenation, 8-bit reference (TS 23.040 §9.2.3.24.1).
      draft.esm_class = 0x40
      draft.short_message = Buffer.concat([Buffer.of(5, 0, 3, reference, cutParts, part), Buffer.from(partText(to, part))])
      const answer = await over.request(draft)
      if (answer.kind === 'pdu' && answer.pdu.command === 'submit_sm_resp' && answer.pdu.command_status === 0) {
        note({ what: 'part', id: answer.pdu.message_id, to, part })
        stored?.takenPart(answer.pdu.message_id, to, cutParts)
        break
      }
    }
    await sleep(tickMs)
  }
  open--
}

function submitWhole(over: Link, to: string, registered: number): void {
  const draft = draftTo(to, registered)
  const text = Buffer.from(textOf(to))
  if (isLong(to)) draft.tlvs = [[tags.message_payload, text]]
  else draft.short_message = text
  const later = stored !== undefined && Number(to.slice(-8)) % laterEvery === 0
  if (later) draft.schedule_delivery_time = scheduledTime
  over.ask(draft, (answer) => {
    if (answer.kind !== 'pdu' || answer.pdu.command !== 'submit_sm_resp') return note({ what: 'cut', to })
    const { command_status: status, message_id: id } = answer.pdu
    if (status !== 0) return note({ what: 'refused', to, status })
    note({ what: 'taken', id, to, registered, parts: partsOf(to), later })
    if (later) stored?.scheduled(id, to)
    else stored?.taken(id, to)
  })
}

async function hush(): Promise<void> {
  clearInterval(submits)
  stored?.stop()
  while (open > 0 || submitting.some((link) => link.pending > 0)) await sleep(tickMs)
  console.log('hushed')
}

const submits = setInterval(() => {
  let due = (job.perSecond * tickMs) / 1000
  due = Math.floor(due) + (random() < due % 1 ? 1 : 0)
  for (let n = 0; n < due; n++) {
    const over = submitting[n % Math.max(1, submitting.length)]
    if (over && over.taking && over.pending < job.window) submit(over)
  }
}, tickMs)
createInterface({ input: process.stdin }).once('line', () => void hush())
process.on('SIGTERM', () => process.exit(0))
console.log('ready')
await Promise.all(job.binds.map((kind) => stayBound(kind)))

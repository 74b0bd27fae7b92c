// Simulated carriers as a process of a proof: what they took is in one ledger, in another each part of
// an MO that the gateway answered with ESME_ROK. Handsets write, each number once, until a line comes
// on stdin. Reads one JSON job from argv; its first line has the port.
import { createInterface } from 'node:readline'
import type { CarrierOptions } from '../../plugins/simulator/carrier.ts'
import { startCarriers } from '../../plugins/simulator/carriers.ts'
import type { PduOf } from '../../plugins/smpp/codec/index.ts'
import { openProofLedger } from './ledger.ts'
import { generator } from './rounds.ts'
import { type AckedLine, placeOf, textOf } from './traffic.ts'

export interface CarrierJob {
  carriers: CarrierOptions[]
  seed: number
  /** Path of the ledger of submits. */
  submits: string
  /** Path of the ledger of MO that were answered. */
  acked: string
  /** Whom the handsets write to. */
  numbers: string[]
  moPerSecond: number
}

const tickMs = 20

const job = JSON.parse(process.argv[2] ?? '{}') as CarrierJob
const note: (line: AckedLine) => void = openProofLedger(job.acked)
const random = generator(job.seed)
const carriers = await startCarriers({
  port: 0,
  seed: job.seed,
  carriers: job.carriers,
  ledger: job.submits,
  onMoAcked(draft) {
    const pdu = draft as PduOf<'deliver_sm'>
    note({ from: pdu.source_addr, to: pdu.destination_addr, part: placeOf({ ...pdu, tlvs: [] }).part })
  },
})
let written = 0
const writing = setInterval(() => {
  if (random() >= (job.moPerSecond * tickMs) / 1000) return
  const from = `+4478${String(written++).padStart(8, '0')}`
  const carrier = job.carriers[written % job.carriers.length]!.id
  carriers.reply({ from, to: job.numbers[Math.floor(random() * job.numbers.length)]!, text: textOf(from), carrier })
}, tickMs)
createInterface({ input: process.stdin }).once('line', () => {
  clearInterval(writing)
  console.log(JSON.stringify({ written }))
})
process.on('SIGTERM', () => process.exit(0))
console.log(JSON.stringify({ port: carriers.port }))

// Run by hand: node dist/plugins/smpp/codec/codec.bench.js. Prints nanoseconds an operation; best of ten rounds.
import { createParser, createSlab, type Draft, encodePdu, tags, writePdu } from './index.ts'

const submit: Draft = {
  command: 'submit_sm',
  command_status: 0,
  sequence_number: 12,
  service_type: '',
  source_addr_ton: 5,
  source_addr_npi: 0,
  source_addr: 'ACME',
  dest_addr_ton: 1,
  dest_addr_npi: 1,
  destination_addr: '447700900123',
  esm_class: 0,
  protocol_id: 0,
  priority_flag: 0,
  schedule_delivery_time: '',
  validity_period: '',
  registered_delivery: 1,
  replace_if_present_flag: 0,
  data_coding: 0,
  sm_default_msg_id: 0,
  short_message: Buffer.alloc(81, 0x41),
  tlvs: [],
}
const samples: [string, Draft][] = [
  ['submit_sm, 81 octets', submit],
  ['submit_sm_resp', { command: 'submit_sm_resp', sequence_number: 12, message_id: '261BD3E2' }],
  [
    'deliver_sm with a receipt and three TLVs',
    {
      ...submit,
      command: 'deliver_sm',
      esm_class: 4,
      tlvs: [
        [tags.receipted_message_id, Buffer.from('261BD3E2\0')],
        [tags.message_state, Uint8Array.of(2)],
        [tags.network_error_code, Uint8Array.of(3, 0, 0)],
      ],
    },
  ],
]
const perRound = 100_000
const perChunk = 400

function best(operation: () => void): number {
  let least = Infinity
  for (let round = 0; round < 10; round++) {
    const start = process.hrtime.bigint()
    operation()
    least = Math.min(least, Number(process.hrtime.bigint() - start) / perRound)
  }
  return least
}

for (const [name, pdu] of samples) {
  const slab = createSlab(1 << 20)
  const encodeNs = best(() => {
    for (let i = 0; i < perRound; i++) {
      if (slab.end > 900_000) slab.end = 0
      writePdu(slab, pdu)
    }
  })
  const chunk = Buffer.concat(Array.from({ length: perChunk }, () => encodePdu(pdu)))
  let seen = 0
  const parser = createParser({
    onPdu: () => seen++,
    onBad: (bad) => {
      throw new Error(bad.reason)
    },
  })
  const decodeNs = best(() => {
    for (let i = 0; i < perRound / perChunk; i++) parser.push(chunk)
  })
  process.stdout.write(`${name}: encode ${encodeNs.toFixed(0)} ns, decode ${decodeNs.toFixed(0)} ns (${seen} decoded)\n`)
}

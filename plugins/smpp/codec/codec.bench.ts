// Run by hand: node dist/plugins/smpp/codec/codec.bench.js. Prints nanoseconds an operation; best of ten rounds.
import { createParser, createSlab, type Draft, encodePdu, tags, writePdu } from './index.ts'
import { plainSubmit } from './samples.ts'

const submit: Draft = { ...plainSubmit, sequence_number: 12, registered_delivery: 1, short_message: Buffer.alloc(81, 0x41) }
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

// Valid PDUs of every command made wrong, one number after another, the same for the same seed: so
// that what goes wrong can be played again from its number alone.
import { type Draft, commandIds, encodePdu, tags } from '../../plugins/smpp/codec/index.ts'
import { samples } from '../../plugins/smpp/codec/samples.ts'

export interface Random {
  /** 0 ≤ n < `limit`, whole. */
  below(limit: number): number
}

/** mulberry32: small, fast, and good enough to choose with. */
function createRandom(seed: number): Random {
  let state = seed >>> 0
  return {
    below(limit) {
      state = (state + 0x6d2b_79f5) >>> 0
      let t = Math.imul(state ^ (state >>> 15), 1 | state)
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
      return Math.floor((((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000) * limit)
    },
  }
}

/** The stream of one case is its own: the same whatever came before. */
export function caseRandom(seed: number, n: number): Random {
  return createRandom(Math.imul(seed ^ 0x9e37_79b9, 0x85eb_ca6b) ^ Math.imul(n + 1, 0xc2b2_ae35))
}

const long: Draft[] = [
  {
    command: 'submit_multi',
    sequence_number: 1,
    dest_address: Array.from({ length: 60 }, (_, i) => ({
      dest_flag: 1 as const,
      dest_addr_ton: 1,
      dest_addr_npi: 1,
      destination_addr: `44770090${i}`,
    })),
  },
  {
    command: 'submit_sm',
    sequence_number: 1,
    source_addr: 'A',
    destination_addr: '447',
    tlvs: [[tags.message_payload, new Uint8Array(600).fill(0x41)]],
  },
  {
    command: 'deliver_sm',
    sequence_number: 1,
    esm_class: 4,
    short_message: Buffer.from(
      'id:1795248731000005 sub:001 dlvrd:001 submit date:2611210812 done date:2611210812 stat:DELIVRD err:000 text:words',
    ),
    tlvs: [
      [tags.receipted_message_id, Buffer.from('1795248731000005\0')],
      [tags.message_state, Uint8Array.of(2)],
    ],
  },
  { command: 'submit_sm', sequence_number: 1, short_message: new Uint8Array(255).fill(0x42) },
]
const corpus: readonly Buffer[] = [...samples, ...long].map(encodePdu)
const ids: readonly number[] = Object.values(commandIds)
const interesting = [0, 1, 2, 4, 0x20, 0x40, 0x7f, 0x80, 0xfe, 0xff]
const tagNumbers: readonly number[] = Object.values(tags)
const headerBytes = 16
const mostBytes = 4096

export interface Mutator {
  /** The case of this number, framed well; its sequence number is `sequence`. Valid until the next call. */
  make(n: number, sequence: number): Buffer
}

export function createMutator(seed: number): Mutator {
  const scratch = Buffer.alloc(mostBytes)
  let end = 0
  let random: Random

  function start(): void {
    const from = corpus[random.below(corpus.length)]!
    end = from.copy(scratch)
  }

  /** Anywhere after the header, where there is anything. */
  function place(): number {
    return end > headerBytes ? headerBytes + random.below(end - headerBytes) : headerBytes
  }

  const changes: (() => void)[] = [
    function flipBit() {
      if (end > headerBytes) scratch[place()]! ^= 1 << random.below(8)
    },
    function setOctet() {
      if (end > headerBytes) scratch[place()] = interesting[random.below(interesting.length)]!
    },
    function setWord() {
      if (end >= headerBytes + 2)
        scratch.writeUInt16BE(
          random.below(4) === 0 ? random.below(0x1_0000) : random.below(300),
          headerBytes + random.below(end - headerBytes - 1),
        )
    },
    function cut() {
      end = headerBytes + random.below(end - headerBytes + 1)
    },
    function insert() {
      const [at, length] = [place(), 1 + random.below(20)]
      if (end + length > mostBytes) return
      scratch.copyWithin(at + length, at, end)
      scratch.fill(random.below(256), at, at + length)
      end += length
    },
    function remove() {
      const at = place()
      const length = Math.min(end - at, 1 + random.below(10))
      scratch.copyWithin(at, at + length, end)
      end -= length
    },
    function repeat() {
      const at = place()
      const length = Math.min(end - at, 1 + random.below(200), mostBytes - end)
      scratch.copyWithin(end, at, at + length)
      end += length
    },
    function splice() {
      const other = corpus[random.below(corpus.length)]!
      const from = headerBytes + random.below(other.length - headerBytes + 1)
      const at = place()
      end = at + other.copy(scratch, at, from, Math.min(other.length, from + mostBytes - at))
    },
    function addTlv() {
      const length = random.below(40)
      if (end + 4 + length > mostBytes) return
      scratch.writeUInt16BE(random.below(3) === 0 ? random.below(0x1_0000) : tagNumbers[random.below(tagNumbers.length)]!, end)
      scratch.writeUInt16BE(random.below(8) === 0 ? random.below(0x1_0000) : length, end + 2)
      scratch.fill(random.below(256), end + 4, end + 4 + length)
      end += 4 + length
    },
    function otherCommand() {
      scratch.writeUInt32BE(random.below(4) === 0 ? random.below(0x1_0000_0000) : ids[random.below(ids.length)]!, 4)
    },
    function otherStatus() {
      scratch.writeUInt32BE(random.below(0x1_0000_0000), 8)
    },
  ]

  return {
    make(n, sequence) {
      random = caseRandom(seed, n)
      start()
      for (let left = random.below(2) === 0 ? 1 : 1 + random.below(4); left > 0; left--) changes[random.below(changes.length)]!()
      scratch.writeUInt32BE(end, 0)
      scratch.writeUInt32BE(sequence, 12)
      return scratch.subarray(0, end)
    },
  }
}

// SIP messages as softphones sent them, and those made to torture, made wrong in one to six ways: one
// number after another, the same for the same seed.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { caseRandom, type Random } from './mutate.ts'

export interface SipMutator {
  make(n: number): Buffer
}

const folders = ['test/fixtures/sip/captures', 'test/fixtures/sip/torture']
const marks = Buffer.from('\r\n\0\t :;,"<>\\%@[]=?/()09aZ\x7f\x80\xc3\xff', 'latin1')
const words = [
  '\r\n',
  '\r\n ',
  '\r\n\r\n',
  '\n',
  'Content-Length: 5\r\n',
  'l: 0\r\n',
  'Via: SIP/2.0/UDP [::1]:5060;branch=z9hG4bK1;rport\r\n',
  'Call-ID: another\r\n',
  'constructor: a\r\n__proto__: b\r\n',
  'SIP/2.0',
  ';tag=',
  ';rport;received=',
  '%00',
  '%zz',
  '<sip:a@b>',
  '"\\',
  ', ',
  '4294967296 ',
  'Ä\ufeff😀',
  'MESSAGE sip:a@b SIP/2.0\r\n',
].map((word) => Buffer.from(word, 'utf8'))

export function createSipMutator(seed: number): SipMutator {
  const good = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => !name.startsWith('.'))
      .toSorted()
      .map((name) => readFileSync(join(folder, name))),
  )
  return {
    make(n) {
      const random = caseRandom(seed, n)
      let octets: Buffer = Buffer.from(good[random.below(good.length)]!)
      // One in eight as it is: the reader must not be afraid of everything.
      for (let times = random.below(8); times > 1; times--) octets = changed(octets, random, good)
      return random.below(4) === 0 ? withLength(octets) : octets
    },
  }
}

function changed(octets: Buffer, random: Random, good: readonly Buffer[]): Buffer {
  const at = random.below(octets.length + 1)
  const to = Math.min(octets.length, at + 1 + random.below(random.below(4) === 0 ? 400 : 12))
  const put = (middle: Buffer, end = at): Buffer => Buffer.concat([octets.subarray(0, at), middle, octets.subarray(end)])
  switch (random.below(9)) {
    case 0:
      if (at < octets.length) octets[at] = octets[at]! ^ (1 << random.below(8))
      return octets
    case 1:
      return put(Buffer.of(marks[random.below(marks.length)]!), Math.min(octets.length, at + 1))
    case 2:
      return put(words[random.below(words.length)]!)
    case 3:
      return put(Buffer.alloc(0), to)
    case 4:
      return put(Buffer.concat(Array.from({ length: 1 + random.below(20) }, () => octets.subarray(at, to))))
    case 5:
      return put(Buffer.alloc(random.below(random.below(8) === 0 ? 20_000 : 60), marks[random.below(marks.length)]))
    case 6: {
      const other = good[random.below(good.length)]!
      return put(other.subarray(random.below(other.length)))
    }
    case 7:
      return octets.subarray(0, at)
    default:
      return exchanged(octets, random)
  }
}

/** Two lines change places. */
function exchanged(octets: Buffer, random: Random): Buffer {
  const lines = octets.toString('latin1').split('\r\n')
  const [a, b] = [random.below(lines.length), random.below(lines.length)]
  const line = lines[a]!
  lines[a] = lines[b]!
  lines[b] = line
  return Buffer.from(lines.join('\r\n'), 'latin1')
}

/** Its Content-Length true again, where it has one: so that streams go on behind it. */
function withLength(octets: Buffer): Buffer {
  const blank = octets.indexOf('\r\n\r\n')
  if (blank === -1) return octets
  const head = octets.toString('latin1', 0, blank).replace(/^(Content-Length|l)[ \t]*:.*$/im, `$1: ${octets.length - blank - 4}`)
  return Buffer.concat([Buffer.from(head, 'latin1'), octets.subarray(blank)])
}

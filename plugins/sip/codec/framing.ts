// Messages out of a stream (TCP, TLS; RFC 3261 §18.3): any split of the octets gives the same ones.
// Content-Length is mandatory; double CRLFs between messages are pings (RFC 5626 §3.5.1). What is held
// is bounded by the limits, each octet is looked at once or twice however it drips in, and once the
// framing is lost nothing more is read.
import { CR, LF } from './chars.ts'
import { bad, readHead, type ReadLimits, type ReadMessage, tooLong } from './read.ts'
import type { Bad } from './types.ts'

export interface FramingEnds {
  /** One whole message. Its body is a view of what was pushed: who keeps it for long copies it. */
  message(message: ReadMessage): void
  /** One that is malformed. `closes`: nothing more comes out; answer it if it is answerable, then close. */
  bad(bad: Bad): void
  /** So many double CRLFs stood in what was pushed: each is owed one CRLF; one for all of them does. */
  pings(times: number): void
}

export interface Framer {
  /** False once the framing is lost. */
  push(chunk: Buffer): boolean
  /** Octets held of a message that has begun and is not whole; at least 1 where one has. */
  held(): number
}

const blankLine = Buffer.from('\r\n\r\n')

/** What readHead() answers: a message without its body, or a bad one whose body is passed over. */
type Head = ReturnType<typeof readHead>

const nothing = Buffer.alloc(0)
const firstBytes = 1024

export const createFramer = (limits: ReadLimits, ends: FramingEnds): Framer => new StreamFramer(limits, ends)

class StreamFramer implements Framer {
  readonly #limits: ReadLimits
  readonly #ends: FramingEnds
  /** What came of a head, or of a body, that is not whole. */
  #kept = nothing
  #size = 0
  #head: Head | undefined
  /** How far into CRLF CRLF we are between two messages. */
  #lineEnds = 0
  #pings = 0
  #lost = false

  constructor(limits: ReadLimits, ends: FramingEnds) {
    this.#limits = limits
    this.#ends = ends
  }

  held(): number {
    return this.#head === undefined ? this.#size : Math.max(1, this.#size)
  }

  push(chunk: Buffer): boolean {
    let at = 0
    while (at < chunk.length && !this.#lost) {
      if (this.#head !== undefined) at = this.#body(chunk, at, this.#head)
      else if (this.#size > 0) at = this.#headGoesOn(chunk, at)
      else at = this.#headBegins(chunk, at)
    }
    if (this.#pings > 0) {
      const times = this.#pings
      this.#pings = 0
      this.#ends.pings(times)
    }
    return !this.#lost
  }

  /** Between two messages: line ends, then a head, which is mostly whole. */
  #headBegins(chunk: Buffer, from: number): number {
    let at = from
    for (; at < chunk.length; at++) {
      const code = chunk[at]
      if (code !== (this.#lineEnds % 2 === 0 ? CR : LF)) break
      this.#lineEnds++
      if (this.#lineEnds < 4) continue
      this.#lineEnds = 0
      this.#pings++
    }
    if (at === chunk.length) return at
    if (this.#lineEnds % 2 === 1) return this.#lose(bad(400, 'a line end that is not CRLF', '', true), at)
    this.#lineEnds = 0
    const blank = chunk.indexOf(blankLine, at)
    const end = blank === -1 ? chunk.length : blank + 2
    if (end - at > this.#limits.headerBytes) return this.#lose(tooLong(chunk, at, this.#limits), at)
    if (blank === -1) {
      this.#keep(chunk, at, end)
      return end
    }
    this.#headIs(readHead(chunk, at, end, this.#limits))
    return blank + 4
  }

  #headGoesOn(chunk: Buffer, at: number): number {
    const before = this.#size
    // One octet more than may be: so that too much is seen, and no more is copied.
    const most = this.#limits.headerBytes + blankLine.length + 1
    const to = Math.min(chunk.length, at + most - before)
    this.#keep(chunk, at, to)
    const octets = this.#kept.subarray(0, this.#size)
    const blank = octets.indexOf(blankLine, Math.max(0, before - 3))
    if ((blank === -1 ? this.#size - 1 : blank + 2) > this.#limits.headerBytes) return this.#lose(tooLong(octets, 0, this.#limits), at)
    if (blank === -1) return to
    const head = readHead(octets, 0, blank + 2, this.#limits)
    this.#release()
    this.#headIs(head)
    return at + blank + 4 - before
  }

  #headIs(head: Head): void {
    if (head.kind === 'bad' && (head.closes || head.bodyBytes === -1)) this.#lose(head, 0)
    // §18.3, §20.14: by a stream nothing else says where it ends.
    else if (head.bodyBytes === -1) this.#lose(withoutLength(head as ReadMessage), 0)
    else if (head.bodyBytes === 0) this.#whole(head)
    else this.#head = head
  }

  #body(chunk: Buffer, at: number, head: Head): number {
    const length = head.bodyBytes
    const to = Math.min(chunk.length, at + length - this.#size)
    if (this.#size === 0 && to - at === length) {
      if (head.kind !== 'bad') head.body = chunk.subarray(at, to)
    } else {
      // The body of a malformed message is passed over, not kept.
      if (head.kind === 'bad') this.#size += to - at
      else this.#keep(chunk, at, to)
      if (this.#size < length) return to
      if (head.kind !== 'bad') head.body = this.#kept.subarray(0, length)
    }
    this.#head = undefined
    this.#release()
    this.#whole(head)
    return to
  }

  #whole(message: ReadMessage | Bad): void {
    if (message.kind === 'bad') this.#ends.bad(message)
    else this.#ends.message(message)
  }

  #lose(what: Bad, at: number): number {
    this.#lost = true
    this.#head = undefined
    this.#release()
    this.#ends.bad({ ...what, closes: true })
    return at
  }

  /** Grows by doubling: what is announced is not believed, what drips in is copied twice at most. */
  #keep(chunk: Buffer, from: number, to: number): void {
    const size = this.#size + to - from
    if (size > this.#kept.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(firstBytes, size, this.#kept.length * 2))
      this.#kept.copy(larger, 0, 0, this.#size)
      this.#kept = larger
    }
    chunk.copy(this.#kept, this.#size, from, to)
    this.#size = size
  }

  /** Given away with a body, or no longer needed: never written to again. */
  #release(): void {
    this.#kept = nothing
    this.#size = 0
  }
}

function withoutLength(message: ReadMessage): Bad {
  const why = 'Content-Length: missing, by a stream it must be there'
  if (message.kind === 'response' || message.method === 'ACK') return { kind: 'bad', status: 400, why, answerable: undefined, closes: true }
  const { headers, method } = message
  const [from, to, callId, cseq] = [headers.get('from')!, headers.get('to')!, headers.get('call-id')!, headers.get('cseq')!]
  return { kind: 'bad', status: 400, why, answerable: { method, vias: headers.all('via'), from, to, callId, cseq }, closes: true }
}

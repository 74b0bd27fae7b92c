// Bytes of a connection → one response at a time. Knows no socket; reads chunks however they are cut;
// copies what it keeps, so the caller may use its buffer again. Everything is capped: the head (interim
// ones included), chunk extensions and trailers at 16 kB each, the body at what the caller says. Bytes
// after the end are never read as another answer: they are only told of (`extra`).
import { OutboundError } from './contract.ts'
import { broken, isFieldLine, parseHead, type Head } from './head.ts'

export const maxHeadBytes = 16_384
const maxFramingBytes = 16_384
const maxLineBytes = 1024

const inHead = 0
const inLength = 1
const inChunkSize = 2
const inChunk = 3
const inChunkEnd = 4
const inTrailers = 5
const untilClose = 6
const whole = 7

/** The newest head and what it means: within a second a server's heads are alike, date included. */
export interface HeadMemo {
  text: string
  head: Head | undefined
  /** With the line that ends it. */
  bytes?: Buffer
}

const empty = Buffer.alloc(0)
const protocolStart = 'HTTP/1.'
const chunkSize = /^([\da-f]{1,8})[\t ]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/i

/** Whether these bytes begin so. */
function isSame(known: Buffer, bytes: Buffer, at: number, length: number): boolean {
  const size = known.length
  if (length - at < size) return false
  for (let i = 0; i < size; i++) if (known[i] !== bytes[at + i]) return false
  return true
}

export class ResponseReader {
  /** Set once the head is read. */
  head: Head | undefined
  body: Buffer = empty
  /** No byte has come since `begin`. */
  untouched = true
  /** More came than the response. */
  extra = false
  private readonly memo: HeadMemo
  private state = whole
  private maxBytes = 0
  private cut = false
  /** Of the head or a line, as far as it came. */
  private text = ''
  /** The last three characters of `text`: looking there keeps it a rope. */
  private tail = ''
  private headBytes = 0
  private framingBytes = 0
  /** Of the body or a chunk, still to come. */
  private rest = 0
  private size = 0
  private chunks: Buffer[] | undefined

  constructor(memo: HeadMemo) {
    this.memo = memo
  }

  /** Before each response. With `cut` a longer one ends where it is too long; else it is an error. */
  begin(maxBytes: number, cut = false): void {
    this.head = undefined
    this.body = empty
    this.untouched = true
    this.extra = false
    this.state = inHead
    this.maxBytes = maxBytes
    this.cut = cut
    this.text = this.tail = ''
    this.headBytes = this.framingBytes = this.rest = this.size = 0
    this.chunks = undefined
  }

  /** True once the response is whole. Throws OutboundError `protocol` or `too-large`. */
  push(bytes: Buffer, length: number): boolean {
    if (length > 0) this.untouched = false
    let at = 0
    while (at < length && this.state !== whole) at = this.step(bytes, at, length)
    if (at < length) this.extra = true
    return this.state === whole
  }

  /** The peer closed: true when that is how the body ends. */
  finish(): boolean {
    if (this.state === untilClose) this.end()
    return this.state === whole
  }

  private step(bytes: Buffer, at: number, length: number): number {
    switch (this.state) {
      case inHead:
        return this.readHead(bytes, at, length)
      case inLength:
      case inChunk:
        return this.readRest(bytes, at, length)
      case untilClose:
        this.keep(bytes, at, length)
        return length
      default:
        return this.readLine(bytes, at, length)
    }
  }

  private readHead(bytes: Buffer, at: number, length: number): number {
    const known = this.memo.bytes
    if (known && this.headBytes === 0 && this.memo.head && isSame(known, bytes, at, length)) {
      this.headBytes = known.length
      this.begun(this.memo.head)
      return at + known.length
    }
    const limit = Math.min(length, at + maxHeadBytes - this.headBytes)
    const came = bytes.toString('latin1', at, limit)
    const joint = this.tail + came
    const found = joint.indexOf('\r\n\r\n')
    if (found === -1) {
      this.text += came
      this.tail = joint.slice(-3)
      this.headBytes += limit - at
      if (this.headBytes >= maxHeadBytes) throw broken(`a head longer than ${maxHeadBytes} bytes`)
      const before = this.text.length - came.length
      if (before < protocolStart.length && !this.text.startsWith(protocolStart.slice(0, this.text.length)))
        throw broken('no HTTP/1.x status line')
      return limit
    }
    const end = found + 4 - this.tail.length
    const text = this.text === '' ? came.slice(0, end - 2) : (this.text + came.slice(0, end)).slice(0, -2)
    this.headBytes += end
    this.text = this.tail = ''
    this.begun(this.memo.text === text && this.memo.head ? this.memo.head : this.learn(text))
    return at + end
  }

  private learn(text: string): Head {
    const head = parseHead(text)
    this.memo.text = text
    this.memo.head = head
    this.memo.bytes = Buffer.from(`${text}\r\n`, 'latin1')
    return head
  }

  private begun(head: Head): void {
    const { status, contentLength } = head
    // Interim responses (RFC 9110 §15.2) are skipped; an upgrade was never asked for.
    if (status === 101) throw broken('101 without an Upgrade')
    if (status < 200) return
    this.head = head
    if (status === 204 || status === 304 || contentLength === 0) this.state = whole
    else if (head.chunked) this.state = inChunkSize
    else if (contentLength === -1) this.state = untilClose
    else if (contentLength > this.maxBytes) this.over()
    else {
      this.rest = contentLength
      this.state = inLength
    }
  }

  private readRest(bytes: Buffer, at: number, length: number): number {
    const end = Math.min(length, at + this.rest)
    this.keep(bytes, at, end)
    this.rest -= end - at
    if (this.rest > 0) return end
    if (this.state === inLength) this.end()
    else this.state = inChunkEnd
    return end
  }

  private readLine(bytes: Buffer, at: number, length: number): number {
    let end = at
    while (end < length && bytes[end] !== 0x0a) end++
    this.text += bytes.toString('latin1', at, end)
    if (this.text.length > maxLineBytes) throw broken(`a line longer than ${maxLineBytes} bytes between chunks`)
    if (end === length) return end
    const text = this.text
    this.text = ''
    if (!text.endsWith('\r')) throw broken('a line without CR')
    this.line(text.slice(0, -1))
    return end + 1
  }

  private line(text: string): void {
    if (this.state === inChunkEnd) {
      if (text !== '') throw broken('a chunk longer than its size')
      this.state = inChunkSize
      return
    }
    this.framingBytes += text.length
    if (this.state === inTrailers) {
      if (text === '') return this.end()
      if (!isFieldLine(text)) throw broken('malformed trailers')
    } else {
      const digits = chunkSize.exec(text)?.[1]
      if (digits === undefined) throw broken('a malformed chunk size')
      this.framingBytes -= digits.length
      this.rest = Number.parseInt(digits, 16)
      if (this.size + this.rest > this.maxBytes) return this.over()
      this.state = this.rest === 0 ? inTrailers : inChunk
    }
    if (this.framingBytes > maxFramingBytes) throw broken(`more than ${maxFramingBytes} bytes of extensions and trailers`)
  }

  private keep(bytes: Buffer, at: number, end: number): void {
    this.size += end - at
    if (this.size > this.maxBytes) return this.over()
    const copy = Buffer.from(bytes.subarray(at, end))
    if (this.chunks) this.chunks.push(copy)
    else this.chunks = [copy]
  }

  private end(): void {
    const { chunks } = this
    if (chunks) this.body = chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
    this.chunks = undefined
    this.state = whole
  }

  private over(): void {
    if (!this.cut) throw new OutboundError('too-large', `the answer is longer than ${this.maxBytes} bytes`)
    this.extra = true
    this.end()
  }
}

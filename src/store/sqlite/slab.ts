// A record of the journal while it is gathered: what it says goes straight into bytes, so that nothing
// of it is ever a string, nor lives until it is written.
import { endianness } from 'node:os'

/** Magic, length, checksum, running number: 4 + 4 + 4 + 8 bytes, filled in when it is written. */
export const headBytes = 20
const firstBytes = 1 << 16
/** A slab that an emergency made larger is not kept. */
const mostKeptBytes = 4 << 20

export interface Slab {
  buffer: Buffer
  /** Of the buffer, for four octets at a time. */
  view: DataView
  /** Where the next byte goes. */
  end: number
  /** How long the buffer is: asking it costs more. */
  size: number
}

export function createSlab(): Slab {
  const buffer = Buffer.allocUnsafeSlow(firstBytes)
  return { buffer, view: viewOf(buffer), end: headBytes, size: firstBytes }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
}

/** So many bytes more have room. */
export function room(slab: Slab, bytes: number): void {
  if (slab.end + bytes > slab.size) grow(slab, slab.end + bytes)
}

/** Appends text as UTF-8. */
export function put(slab: Slab, text: string): void {
  room(slab, 3 * text.length)
  slab.end += slab.buffer.write(text, slab.end)
}

/** A text to be appended often: its octets by four, and how many they are. */
export interface Piece {
  fours: Int32Array
  length: number
}

export function pieceOf(text: string): Piece {
  const bytes = Buffer.from(text)
  const fours = new Int32Array(Math.ceil(bytes.length / 4))
  bytes.copy(new Uint8Array(fours.buffer))
  return { fours, length: bytes.length }
}

/** In half the time that TypedArray.set takes for as few as they are. What the last four are too many is written over next. */
export function putPiece(slab: Slab, { fours, length }: Piece): void {
  room(slab, length + 3)
  const { view, end } = slab
  for (let i = 0; i < fours.length; i++) view.setInt32(end + 4 * i, fours[i]!, isLittleEndian)
  slab.end = end + length
}

const isLittleEndian = endianness() === 'LE'

/** A call into C++ costs as much as so many characters, written one by one. */
const fewCharacters = 24

/** Appends text that is ASCII. */
export function ascii(slab: Slab, text: string): void {
  const { length } = text
  room(slab, length)
  const { buffer, end } = slab
  if (length > fewCharacters) buffer.write(text, end, 'latin1')
  else for (let i = 0; i < length; i++) buffer[end + i] = text.charCodeAt(i)
  slab.end = end + length
}

/** Appends one ASCII character. */
export function octet(slab: Slab, code: number): void {
  room(slab, 1)
  slab.buffer[slab.end++] = code
}

const billion = 1_000_000_000

/** Appends a number as decimal digits, as a template would. */
export function digits(slab: Slab, value: number): void {
  if (value >= 0 && value < billion && Number.isInteger(value)) {
    let length = 1
    for (let rest = value; rest >= 10; rest = (rest / 10) | 0) length++
    lastDigits(slab, value, length)
  } else if (value >= billion && Number.isSafeInteger(value)) {
    const high = Math.floor(value / billion)
    digits(slab, high)
    lastDigits(slab, value - high * billion, 9)
  } else ascii(slab, String(value))
}

/** Of a number below a billion, with zeros before it where it is shorter. */
function lastDigits(slab: Slab, value: number, length: number): void {
  room(slab, length)
  const { buffer, end } = slab
  let rest = value | 0
  for (let i = end + length - 1; i >= end; i--) {
    const tenth = (rest / 10) | 0
    buffer[i] = 48 + rest - tenth * 10
    rest = tenth
  }
  slab.end = end + length
}

/** Appends bytes of another. */
export function putBytes(slab: Slab, bytes: Uint8Array): void {
  room(slab, bytes.length)
  slab.buffer.set(bytes, slab.end)
  slab.end += bytes.length
}

/** A copy of what was appended since the slab ended there. */
export function octetsFrom(slab: Slab, from: number): Buffer {
  const octets = Buffer.allocUnsafe(slab.end - from)
  slab.buffer.copy(octets, 0, from, slab.end)
  return octets
}

/** Empties it. */
export function clear(slab: Slab): void {
  if (slab.size > mostKeptBytes) {
    slab.buffer = Buffer.allocUnsafeSlow(firstBytes)
    slab.view = viewOf(slab.buffer)
    slab.size = firstBytes
  }
  slab.end = headBytes
}

function grow(slab: Slab, atLeast: number): void {
  const buffer = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(atLeast)))
  buffer.set(slab.buffer.subarray(0, slab.end))
  slab.buffer = buffer
  slab.view = viewOf(buffer)
  slab.size = buffer.length
}

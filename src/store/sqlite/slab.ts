// A record of the journal while it is gathered: text goes straight into bytes, so that nothing of it
// lives as strings until it is written.

/** Magic, length, checksum, running number: 4 + 4 + 4 + 8 bytes, filled in when it is written. */
export const headBytes = 20
const firstBytes = 1 << 16
/** A slab that an emergency made larger is not kept. */
const mostKeptBytes = 4 << 20

export interface Slab {
  buffer: Buffer
  /** Where the next byte goes. */
  end: number
}

export function createSlab(): Slab {
  return { buffer: Buffer.allocUnsafeSlow(firstBytes), end: headBytes }
}

/** Appends text as UTF-8. */
export function put(slab: Slab, text: string): void {
  const most = slab.end + 3 * text.length
  if (most > slab.buffer.length) grow(slab, most)
  slab.end += slab.buffer.write(text, slab.end)
}

/** Appends bytes of another. */
export function putBytes(slab: Slab, bytes: Uint8Array): void {
  if (slab.end + bytes.length > slab.buffer.length) grow(slab, slab.end + bytes.length)
  slab.buffer.set(bytes, slab.end)
  slab.end += bytes.length
}

/** Empties it. */
export function clear(slab: Slab): void {
  if (slab.buffer.length > mostKeptBytes) slab.buffer = Buffer.allocUnsafeSlow(firstBytes)
  slab.end = headBytes
}

function grow(slab: Slab, atLeast: number): void {
  const buffer = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(atLeast)))
  buffer.set(slab.buffer.subarray(0, slab.end))
  slab.buffer = buffer
}

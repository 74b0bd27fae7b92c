// Octets as text, one character each: flat strings, since what is built from pieces is taken apart
// again at great cost when it becomes a key or leaves for a disk.

/** `end` is one past the last octet. Up to twelve characters are made here, the runtime makes the rest: each where it is cheaper. */
export function latin1(octets: Uint8Array, start: number, end: number): string {
  if (end - start > 12) return bufferOf(octets).toString('latin1', start, end)
  let at = start
  let text = ''
  if (at + 8 <= end) {
    text = String.fromCharCode(
      octets[at]!,
      octets[at + 1]!,
      octets[at + 2]!,
      octets[at + 3]!,
      octets[at + 4]!,
      octets[at + 5]!,
      octets[at + 6]!,
      octets[at + 7]!,
    )
    at += 8
  }
  if (at + 4 <= end) {
    text += String.fromCharCode(octets[at]!, octets[at + 1]!, octets[at + 2]!, octets[at + 3]!)
    at += 4
  }
  for (; at < end; at++) text += String.fromCharCode(octets[at]!)
  return text
}

function bufferOf(octets: Uint8Array): Buffer {
  return Buffer.isBuffer(octets) ? octets : Buffer.from(octets.buffer, octets.byteOffset, octets.length)
}

/** One line stays one line, whatever a peer put into a field. */
export function printable(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x21 || code > 0x7e) return text.replace(/[^\x21-\x7e\xa1-\xff]/g, '?')
  }
  return text
}

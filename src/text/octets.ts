// Octets of a segment, taken from Node's buffer pool: a fresh Uint8Array above 64 octets costs several
// times what is then written into it. Handed on as plain Uint8Arrays.

/** Octets that the caller is going to write, every one. */
export function newOctets(length: number): Uint8Array {
  return octetsOf(Buffer.allocUnsafe(length))
}

export function octetsOf(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
}

// Seven bits in eight (TS 23.038 §6.1.2.1): septets packed into octets and out of them, with the fill
// bits that align them after a user data header (TS 23.040 §9.2.3.24). Lengths count septets, so the
// seven spare bits that other uses pad with a carriage return need nothing here.

/** Fill bits after a header of so many octets, its length octet included, so that text begins on a septet. */
export function fillBits(headerOctets: number): number {
  return (7 - ((headerOctets * 8) % 7)) % 7
}

/** Septets that such a header takes of the 160, fill bits included. */
export function headerSeptets(headerOctets: number): number {
  return Math.ceil((headerOctets * 8) / 7)
}

/** Packs septets, one an octet, behind `fill` zero bits (0–6). */
export function packSeptets(septets: Uint8Array, fill = 0): Uint8Array {
  const out = new Uint8Array(Math.ceil((septets.length * 7 + fill) / 8))
  let held = 0
  let bits = fill
  let at = 0
  for (const septet of septets) {
    held |= (septet & 0x7f) << bits
    bits += 7
    if (bits >= 8) {
      out[at++] = held & 0xff
      held >>>= 8
      bits -= 8
    }
  }
  if (bits > 0 && at < out.length) out[at] = held & 0xff
  return out
}

/** Takes up to `count` septets from behind `fill` bits; fewer when the octets end first. */
export function unpackSeptets(octets: Uint8Array, count: number, fill = 0): Uint8Array {
  const available = Math.max(0, Math.floor((octets.length * 8 - fill) / 7))
  const out = new Uint8Array(Math.min(count, available))
  for (let i = 0; i < out.length; i++) {
    const bit = fill + i * 7
    const at = bit >> 3
    out[i] = (((octets[at] ?? 0) | ((octets[at + 1] ?? 0) << 8)) >> (bit & 7)) & 0x7f
  }
  return out
}

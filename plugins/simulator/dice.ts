// Choices that a seed fixes: the same seed and key always throw the same numbers, in the same order.
// Not for secrets.

/** One generator, set anew for each message, so that nothing is allocated per message. */
export interface Dice {
  /** Starts the sequence that belongs to this key. */
  set(a: number, b?: number, c?: number): Dice
  /** 0 ≤ n < 1 */
  next(): number
  /** True for this share of throws; a share of 0 or 1 is certain. One number is drawn in any case. */
  share(share: number): boolean
  /** 31 bits. */
  bits(): number
}

// Everything between draws is kept as a signed 32-bit integer: those are never allocated.

/** A hash that spreads every input bit over the result (MurmurHash3's finalizer). */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35)
  return h ^ (h >>> 16)
}

/** FNV-1a over UTF-16 units, then spread: 32 bits, signed. */
export function hash(text: string): number {
  let h = 0x811c_9dc5 | 0
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x0100_0193)
  return mix(h)
}

/** splitmix32: a counter and a finalizer, good enough for odds and quick enough for every message. */
export function createDice(seed: number): Dice {
  const root = mix(seed | 0)
  let state = seed | 0
  function step(): number {
    state = (state + 0x9e37_79b9) | 0
    return mix(state)
  }
  const dice: Dice = {
    set(a, b = 0, c = 0) {
      state = mix((mix((mix(root ^ a) + b) | 0) ^ c) | 0)
      return dice
    },
    bits: () => step() & 0x7fff_ffff,
    next: () => (step() >>> 0) / 0x1_0000_0000,
    share: (share) => (step() >>> 0) / 0x1_0000_0000 < share,
  }
  return dice
}

// TLVs in and out by type. An accessor answers undefined when the tag is absent or of another size.
import { latin1 } from './latin1.ts'
import type { Tlv } from './pdu.ts'

/** The first value of a tag. */
export function tlv(tlvs: readonly Tlv[], tag: number): Uint8Array | undefined {
  for (let i = 0; i < tlvs.length; i++) if (tlvs[i]![0] === tag) return tlvs[i]![1]
  return undefined
}

/** A one-, two- or four-octet integer, as the value's own length says: peers pad them. */
export function tlvInteger(tlvs: readonly Tlv[], tag: number): number | undefined {
  const value = tlv(tlvs, tag)
  return value && integerOf(value)
}

/** Undefined for a value of no octets, or of more than four. */
export function integerOf(value: Uint8Array): number | undefined {
  if (value.length === 0 || value.length > 4) return undefined
  let n = 0
  for (let i = 0; i < value.length; i++) n = n * 256 + value[i]!
  return n
}

/** A string with or without its closing NUL. */
export function tlvString(tlvs: readonly Tlv[], tag: number): string | undefined {
  const value = tlv(tlvs, tag)
  return value && stringOf(value)
}

export function stringOf(value: Uint8Array): string {
  let end = 0
  while (end < value.length && value[end] !== 0) end++
  return latin1(value, 0, end)
}

export function integer8(tag: number, n: number): Tlv {
  return [tag, Uint8Array.of(n & 0xff)]
}

export function integer16(tag: number, n: number): Tlv {
  return [tag, Uint8Array.of((n >> 8) & 0xff, n & 0xff)]
}

export function integer32(tag: number, n: number): Tlv {
  return [tag, Uint8Array.of((n >>> 24) & 0xff, (n >>> 16) & 0xff, (n >>> 8) & 0xff, n & 0xff)]
}

/** With its closing NUL. */
export function cString(tag: number, text: string): Tlv {
  return [tag, Buffer.from(`${text}\0`, 'latin1')]
}

export function octets(tag: number, value: Uint8Array): Tlv {
  return [tag, value]
}

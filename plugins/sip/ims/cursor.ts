// Octets read one field after another. Nothing throws: the first field that does not fit is remembered
// with where it stood, everything after it reads as zero, and whoever reads asks for `why` at the end.

export interface Cursor {
  readonly octets: Uint8Array
  at: number
  why: string | undefined
}

export function cursorOf(octets: Uint8Array): Cursor {
  return { octets, at: 0, why: undefined }
}

/** The first reason counts. */
export function fail(cursor: Cursor, why: string): void {
  cursor.why ??= why
}

export function left(cursor: Cursor): number {
  return cursor.why === undefined ? cursor.octets.length - cursor.at : 0
}

export function takeOctet(cursor: Cursor, field: string): number {
  if (cursor.why !== undefined) return 0
  const octet = cursor.octets[cursor.at]
  if (octet === undefined) {
    fail(cursor, `${field}: expected at octet ${cursor.at}, where the octets end`)
    return 0
  }
  cursor.at++
  return octet
}

const none = new Uint8Array(0)

/** A view on the octets, no copy. */
export function takeOctets(cursor: Cursor, count: number, field: string): Uint8Array {
  if (cursor.why !== undefined) return none
  const { octets, at } = cursor
  if (at + count > octets.length) {
    fail(cursor, `${field}: expected ${count} octets from octet ${at} on, ${octets.length - at} are left`)
    return none
  }
  cursor.at = at + count
  return octets.subarray(at, at + count)
}

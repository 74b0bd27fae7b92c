// The user data header (TS 23.040 §9.2.3.24): elements read and written. A header here is its elements
// without the length octet. What comes from a wire may be malformed: that is a result with a reason,
// never a throw. Elements that mean nothing here are kept and written as they were.
import { newOctets } from './octets.ts'

/** Information element identifiers (TS 23.040 §9.2.3.24). */
export const iei = {
  concatenation8: 0x00,
  ports8: 0x04,
  ports16: 0x05,
  concatenation16: 0x08,
  singleShift: 0x24,
  lockingShift: 0x25,
} as const

export interface UdhElement {
  id: number
  data: Uint8Array
}

export type ParsedUdh = { ok: true; elements: UdhElement[] } | { ok: false; why: string }

export function parseUdh(udh: Uint8Array): ParsedUdh {
  const elements: UdhElement[] = []
  for (let at = 0; at < udh.length;) {
    const [id = 0, length] = [udh[at], udh[at + 1]]
    if (length === undefined) return { ok: false, why: `element 0x${hex(id)} at octet ${at} has no length` }
    const end = at + 2 + length
    if (end > udh.length) {
      return { ok: false, why: `element 0x${hex(id)} at octet ${at} says ${length} octets, ${udh.length - at - 2} are left` }
    }
    elements.push({ id, data: udh.subarray(at + 2, end) })
    at = end
  }
  return { ok: true, elements }
}

/** Elements of at most 255 octets each, one after another. */
export function buildUdh(elements: readonly UdhElement[]): Uint8Array {
  const out = new Uint8Array(elements.reduce((sum, e) => sum + 2 + e.data.length, 0))
  let at = 0
  for (const { id, data } of elements) {
    if (data.length > 0xff) throw new RangeError(`element 0x${hex(id)}: expected up to 255 octets, got ${data.length}`)
    out[at] = id
    out[at + 1] = data.length
    out.set(data, at + 2)
    at += 2 + data.length
  }
  return out
}

export type UserData = { ok: true; udh: Uint8Array; data: Uint8Array } | { ok: false; why: string }

/** Takes user data that begins with a header, length octet first, apart. */
export function splitUserData(userData: Uint8Array): UserData {
  const length = userData[0]
  if (length === undefined) return { ok: false, why: 'the user data is empty where a header was announced' }
  if (1 + length > userData.length) {
    return { ok: false, why: `the header says ${length} octets, ${userData.length - 1} are left` }
  }
  return { ok: true, udh: userData.subarray(1, 1 + length), data: userData.subarray(1 + length) }
}

/** The length octet, the header and the data; the data alone without a header. */
export function joinUserData(udh: Uint8Array | undefined, data: Uint8Array): Uint8Array {
  if (!udh) return data
  const out = newOctets(1 + udh.length + data.length)
  out[0] = udh.length
  out.set(udh, 1)
  out.set(data, 1 + udh.length)
  return out
}

/** `index` counts from 1, as on the wire. `width`: bits of the reference. */
export interface ConcatenationElement {
  reference: number
  total: number
  index: number
  width: 8 | 16
}

/** TS 23.040 §9.2.3.24.1 and §9.2.3.24.8. */
export function concatenationElement({ reference, total, index, width }: ConcatenationElement): UdhElement {
  return width === 8
    ? { id: iei.concatenation8, data: Uint8Array.of(reference & 0xff, total, index) }
    : { id: iei.concatenation16, data: Uint8Array.of((reference >> 8) & 0xff, reference & 0xff, total, index) }
}

function readConcatenation({ id, data }: UdhElement): ConcatenationElement | undefined {
  const width = id === iei.concatenation8 ? 8 : 16
  if (data.length !== (width === 8 ? 3 : 4)) return undefined
  const at = width === 8 ? 1 : 2
  const [total, index] = [data[at]!, data[at + 1]!]
  if (total === 0 || index === 0 || index > total) return undefined
  return { reference: width === 8 ? data[0]! : (data[0]! << 8) | data[1]!, total, index, width }
}

/**
 * The concatenation of a header, and the header without it (undefined when nothing else is left).
 * The last of several counts; one with impossible numbers is ignored, as §9.2.3.24.1 asks. A
 * malformed header has none and is returned as it is.
 */
export function takeConcatenation(udh: Uint8Array): { concatenation?: ConcatenationElement; rest?: Uint8Array } {
  const parsed = parseUdh(udh)
  if (!parsed.ok) return { rest: udh }
  const taken: { concatenation?: ConcatenationElement; rest?: Uint8Array } = {}
  const others: UdhElement[] = []
  for (const element of parsed.elements) {
    if (element.id === iei.concatenation8 || element.id === iei.concatenation16) {
      const read = readConcatenation(element)
      if (read) taken.concatenation = read
    } else {
      others.push(element)
    }
  }
  if (others.length > 0) taken.rest = buildUdh(others)
  return taken
}

export interface Ports {
  destination: number
  origin: number
  width: 8 | 16
}

/** TS 23.040 §9.2.3.24.3 and §9.2.3.24.4. */
export function portsElement({ destination, origin, width }: Ports): UdhElement {
  return width === 8
    ? { id: iei.ports8, data: Uint8Array.of(destination, origin) }
    : { id: iei.ports16, data: Uint8Array.of(destination >> 8, destination & 0xff, origin >> 8, origin & 0xff) }
}

/** The application ports of a header, the last where there are several; undefined when there are none or it is malformed. */
export function portsOf(udh: Uint8Array): Ports | undefined {
  const parsed = parseUdh(udh)
  if (!parsed.ok) return undefined
  const found = parsed.elements.findLast(
    ({ id, data }) => (id === iei.ports8 && data.length === 2) || (id === iei.ports16 && data.length === 4),
  )
  if (!found) return undefined
  const [a = 0, b = 0, c = 0, d = 0] = found.data
  return found.id === iei.ports8 ? { destination: a, origin: b, width: 8 } : { destination: (a << 8) | b, origin: (c << 8) | d, width: 16 }
}

/** National language tables of a header, 0 = default (TS 23.040 §9.2.3.24.15 and .16). */
export function shiftTablesOf(udh: Uint8Array): { locking: number; single: number } {
  const parsed = parseUdh(udh)
  const elements = parsed.ok ? parsed.elements : []
  const table = (id: number): number => elements.findLast((e) => e.id === id && e.data.length === 1)?.data[0] ?? 0
  return { locking: table(iei.lockingShift), single: table(iei.singleShift) }
}

/** The elements that name these tables; none for the default ones. */
export function shiftElements(locking: number, single: number): UdhElement[] {
  return [
    ...(single === 0 ? [] : [{ id: iei.singleShift, data: Uint8Array.of(single) }]),
    ...(locking === 0 ? [] : [{ id: iei.lockingShift, data: Uint8Array.of(locking) }]),
  ]
}

function hex(octet: number): string {
  return octet.toString(16).padStart(2, '0')
}

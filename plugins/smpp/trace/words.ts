// The numbers of SMPP fields with their names, as a trace shows them.

const tons = ['unknown', 'international', 'national', 'network specific', 'subscriber number', 'alphanumeric', 'abbreviated']
const npis: Record<number, string> = {
  0: 'unknown',
  1: 'ISDN E.163/E.164',
  3: 'data X.121',
  4: 'telex F.69',
  6: 'land mobile E.212',
  8: 'national',
  9: 'private',
  10: 'ERMES',
  14: 'internet',
  18: 'WAP client id',
}
const states = ['SCHEDULED', 'ENROUTE', 'DELIVERED', 'EXPIRED', 'DELETED', 'UNDELIVERABLE', 'ACCEPTED', 'UNKNOWN', 'REJECTED', 'SKIPPED']
const modes = ['default mode', 'datagram', 'transaction', 'store and forward']
const types: Record<number, string> = {
  0x04: 'delivery receipt',
  0x08: 'delivery acknowledgement',
  0x10: 'user acknowledgement',
  0x18: 'conversation abort',
  0x20: 'intermediate notification',
}
const receipts = ['no receipt', 'receipt of success and failure', 'receipt of failure', 'receipt of success']
const codings: Record<number, string> = {
  0: 'default alphabet',
  1: 'IA5/ASCII',
  2: 'octets',
  3: 'Latin-1',
  4: 'octets',
  5: 'JIS',
  6: 'Cyrillic',
  7: 'Latin/Hebrew',
  8: 'UCS-2',
  9: 'pictograms',
  10: 'ISO-2022-JP',
  13: 'extended Kanji JIS',
  14: 'KS C 5601',
}

export const hex = (n: number, digits = 2): string => `0x${n.toString(16).padStart(digits, '0')}`
const named = (n: number, name: string | undefined): string => (name === undefined ? String(n) : `${n} ${name}`)

/** SMPP 5.0 §4.7.12 */
function esmClass(n: number): string {
  const parts = [modes[n & 3]!]
  if (n & 0x3c) parts.push(types[n & 0x3c] ?? `type ${hex(n & 0x3c)}`)
  if (n & 0x40) parts.push('UDH')
  if (n & 0x80) parts.push('reply path')
  return `${hex(n)} ${parts.join(', ')}`
}

/** SMPP 5.0 §4.7.21 */
function registeredDelivery(n: number): string {
  const parts = [receipts[n & 3]!]
  if (n & 0x04) parts.push('delivery acknowledgement')
  if (n & 0x08) parts.push('user acknowledgement')
  if (n & 0x10) parts.push('intermediate')
  return `${hex(n)} ${parts.join(', ')}`
}

/** TS 23.038 §4: groups of the data coding scheme that SMPP hands through. */
function dataCoding(n: number): string {
  const name = codings[n]
  if (name !== undefined) return `${hex(n)} ${name}`
  if ((n & 0xf0) === 0xf0) return `${hex(n)} ${n & 4 ? '8-bit' : 'GSM 7-bit'}, class ${n & 3}`
  if ((n & 0xf0) === 0x10) return `${hex(n)} ${n & 4 ? '8-bit' : n & 8 ? 'UCS-2' : 'GSM 7-bit'}, class ${n & 3}`
  return hex(n)
}

const words: Record<string, (n: number) => string> = {
  ton: (n) => named(n, tons[n]),
  npi: (n) => named(n, npis[n]),
  esm_class: esmClass,
  registered_delivery: registeredDelivery,
  data_coding: dataCoding,
  message_state: (n) => named(n, states[n]),
  interface_version: (n) => `${hex(n)} SMPP ${n >> 4}.${n & 15}`,
  sc_interface_version: (n) => `${hex(n)} SMPP ${n >> 4}.${n & 15}`,
  protocol_id: (n) => hex(n),
  congestion_state: (n) => `${n} %`,
}

/** A number as its field means it. */
export function numberText(field: string, n: number): string {
  return (words[field] ?? words[/_(ton|npi)$/.exec(field)?.[1] ?? ''] ?? String)(n)
}

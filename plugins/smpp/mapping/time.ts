// Times of SMPP (5.0 §4.7.23): absolute `YYMMDDhhmmsstnnp` and relative `YYMMDDhhmmss000R`.

const two = (n: number): string => String(n).padStart(2, '0')

/** UTC, offset 0. */
export function absoluteTime(ms: number): string {
  const d = new Date(ms)
  const date = [d.getUTCFullYear() % 100, d.getUTCMonth() + 1, d.getUTCDate(), d.getUTCHours(), d.getUTCMinutes(), d.getUTCSeconds()]
  return `${date.map(two).join('')}000+`
}

/** Rounded up to a second, at least one. Days only as far as two digits hold: 99. */
export function relativeTime(ms: number): string {
  const seconds = Math.min(Math.max(1, Math.ceil(ms / 1000)), 99 * 86_400)
  const parts = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60]
  return `0000${parts.map(two).join('')}000R`
}

/**
 * A date of a receipt, in the many forms that carriers use, as epoch ms; without a zone it is taken
 * as UTC. 10 digits YYMMDDhhmm; 12 YYMMDDhhmmss or, where that is no date, YYYYMMDDhhmm; 14
 * YYYYMMDDhhmmss; 16 the absolute form. Undefined: zeros, or none of these.
 */
export function receiptDate(text: string): number | undefined {
  if (/^0+$/.test(text)) return undefined
  const absolute = /^(\d{12})(\d)(\d\d)([+-])$/.exec(text)
  if (absolute) {
    const [, date = '', tenths = '0', quarters = '0', sign] = absolute
    const at = dateOf(`20${date}`)
    return at === undefined ? undefined : at + Number(tenths) * 100 - Number(quarters) * 900_000 * (sign === '+' ? 1 : -1)
  }
  if (!/^\d+$/.test(text)) return undefined
  if (text.length === 14) return dateOf(text)
  const century = Number(text.slice(0, 2)) >= 70 ? '19' : '20'
  if (text.length === 10) return dateOf(`${century}${text}00`)
  if (text.length === 12) return dateOf(century + text) ?? dateOf(`${text}00`)
  return undefined
}

/** YYYYMMDDhhmmss, UTC. */
function dateOf(digits: string): number | undefined {
  const [, y = '', mo = '', d = '', h = '', mi = '', s = ''] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(digits) ?? []
  const at = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`)
  // Date.parse lets 30 February pass as 2 March.
  return Number.isNaN(at) || new Date(at).getUTCDate() !== Number(d) ? undefined : at
}

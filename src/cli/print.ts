// Text for a terminal: columns, times, names without what is clear from where they stand, and nothing that
// a terminal would obey; and the queries that are behind it.

/**
 * What peers and tenants wrote (senders, ids, reasons, texts) with its control characters told instead of done:
 * an escape sequence would move the cursor, colour or forge what an operator reads. Line ends stay.
 */
export function shown(text: string): string {
  // Without one, which is nearly always, the text itself.
  return text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, told)
}

function told(character: string): string {
  if (character === '\n') return character
  // As JSON writes it: what is JSON stays so.
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Rows under headings, in columns as wide as they need to be; `empty` where there are none. */
export function table(headings: readonly string[], rows: readonly (readonly (string | number)[])[], empty: string): string {
  if (rows.length === 0) return empty
  // One row is one line, whatever stands in it.
  const lines = [headings, ...rows].map((row) => row.map((cell) => shown(String(cell)).replaceAll('\n', '\\n')))
  const widths = headings.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)))
  const numeric = headings.map((_, i) => rows.every((row) => typeof row[i] === 'number'))
  return lines
    .map((line) =>
      line
        .map((cell, i) => (numeric[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** The query of a URL, without what is undefined; empty when nothing is left. */
export function query(values: Record<string, string | undefined>): string {
  const given = Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
}

/** `2026-11-21 05:13:47.123`, UTC. */
export function stamp(ms: number): string {
  return new Date(ms).toISOString().replace('T', ' ').replace('Z', '')
}

/** `+12 ms`, `+1.4 s`, `+3 min 5 s`, `+2 h 10 min`, `+4 d 3 h`. */
export function since(ms: number): string {
  const sign = ms < 0 ? '-' : '+'
  const of = Math.abs(ms)
  if (of < 1000) return `${sign}${Math.round(of)} ms`
  if (of < 60_000) return `${sign}${(of / 1000).toFixed(1)} s`
  const s = Math.round(of / 1000)
  if (s < 3600) return `${sign}${Math.floor(s / 60)} min ${s % 60} s`
  if (s < 86_400) return `${sign}${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`
  return `${sign}${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`
}

/** A bind of `account` by its own id, one of another account in full. */
export function bindName(bind: string, account: string): string {
  return bind.startsWith(`${account}/`) ? bind.slice(account.length + 1) : bind
}

/** A message as the Twilio API names it: its id behind `SM`, or `MM`. */
export const sidOf = ({ kind, id }: { kind: string; id: string }): string => `${kind === 'mms' ? 'MM' : 'SM'}${id}`

/** `1 change`, `2 changes`. */
export const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`

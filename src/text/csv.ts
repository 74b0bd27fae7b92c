// A cell of a table in CSV (RFC 4180), for programs and for spreadsheets alike. A spreadsheet takes what begins with
// one of = + - @ for a formula and runs it, quoted or not, also after blanks and quotes of its own; what a handset or
// a tenant wrote must run nothing on an operator's desk. So an apostrophe goes before it (OWASP, CSV Injection), which
// spreadsheets take for "this is text". A plus or minus before digits alone is a number and stays, as programs
// look phone numbers up. A reader takes one apostrophe away from a cell of apostrophes and one of those signs.

/** The signs, their full-width twins, which Excel takes too, and what a spreadsheet may skip before them. */
const runs = /^'*[\s\0]*(?:[=@\uFF1D\uFF20]|[+\-\uFF0B\uFF0D](?!\d+(?:\.\d+)?$))|^'*[\t\r\n\0]/

/** What `csvCell` put an apostrophe before. */
const isGuarded = /^''*[\s\0]*[=@+\-\uFF1D\uFF20\uFF0B\uFF0D]|^''*[\t\r\n\0]/

export function csvCell(value: string | number | boolean): string {
  const text = typeof value === 'string' && runs.test(value) ? `'${value}` : String(value)
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

/** The rows of a table, each with the line it begins in, from 1; blank lines left out. Undefined where a quote is never closed. */
export function csvRows(text: string): { line: number; cells: string[] }[] | undefined {
  const rows: { line: number; cells: string[] }[] = []
  const piece = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/y
  let [line, begun] = [1, 1]
  let cells: string[] = []
  // A byte order mark, as spreadsheets write it.
  piece.lastIndex = text.startsWith('\uFEFF') ? 1 : 0
  while (piece.lastIndex < text.length) {
    const found = piece.exec(text)
    if (!found) return undefined
    const [whole, quoted, plain = '', end] = found
    const cell = quoted === undefined ? plain : quoted.replaceAll('""', '"')
    cells.push(isGuarded.test(cell) ? cell.slice(1) : cell)
    line += whole.match(/\r\n|\n|\r/g)?.length ?? 0
    if (end === ',' && piece.lastIndex < text.length) continue
    if (end === ',') cells.push('')
    if (cells.length > 1 || cells[0] !== '') rows.push({ line: begun, cells })
    cells = []
    begun = line
  }
  return rows
}

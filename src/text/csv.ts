// A cell of a table in CSV (RFC 4180), for programs and for spreadsheets alike. A spreadsheet takes what begins with
// one of = + - @ for a formula and runs it, quoted or not, also after blanks and quotes of its own; what a handset or
// a tenant wrote must run nothing on an operator's desk. So an apostrophe goes before it (OWASP, CSV Injection), which
// spreadsheets take for "this is text". A plus or minus before digits alone is a number and stays, as programs
// look phone numbers up. A reader takes one apostrophe away from a cell of apostrophes and one of those signs.

/** The signs, their full-width twins, which Excel takes too, and what a spreadsheet may skip before them. */
const runs = /^'*[\s\0]*(?:[=@\uFF1D\uFF20]|[+\-\uFF0B\uFF0D](?!\d+(?:\.\d+)?$))|^'*[\t\r\n\0]/

export function csvCell(value: string | number | boolean): string {
  const text = typeof value === 'string' && runs.test(value) ? `'${value}` : String(value)
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

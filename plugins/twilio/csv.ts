// What a GET with the suffix .csv answers: the JSON of the same, as a table (RFC 4180) with a header row of the
// names that the XML has. A list is a row an item; where its next page is, a Link header says (RFC 8288).
import { csvCell } from '../../src/plugin.ts'
import { pascal, type Value } from './show.ts'
import type { Answer } from './resource.ts'

type Row = { readonly [name: string]: Value }

const isRow = (value: Value | undefined): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value)

export function asCsv(said: Answer): Answer {
  if (said.status !== 200) return said
  const body = JSON.parse(said.body) as Row
  // One thing has a SID; what has none and holds a list is that list's page.
  const list = 'sid' in body ? undefined : Object.values(body).find((value) => Array.isArray(value))
  const rows = list === undefined ? [body] : (list as readonly Value[]).filter(isRow)
  const next = list === undefined ? undefined : body['next_page_uri']
  const headers = [...(said.headers ?? []), ...(typeof next === 'string' ? ['Link', `<${next}>; rel="next"`] : [])]
  return { ...said, body: tableOf(rows), headers, type: 'text/csv; charset=utf-8' }
}

function tableOf(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  const lines = [columns.map((name) => cell(pascal(name))), ...rows.map((row) => columns.map((name) => cell(row[name])))]
  return columns.length === 0 ? '' : lines.map((line) => `${line.join(',')}\r\n`).join('')
}

/** Null is empty; what is no plain value stands as JSON. */
function cell(value: Value | undefined): string {
  return value === null || value === undefined ? '' : csvCell(typeof value === 'object' ? JSON.stringify(value) : value)
}

// One PDU for people: a line that says what, when and which way, then a line a field. Pure.
import type { TraceLineAnswer } from '../http/api/traces.ts'
import { stamp } from './print.ts'

const arrows = { in: '←', out: '→' }

/**
 * `#12  2026-11-21 05:13:47.123  → 10.0.0.1:2775  submit_sm`, then `    command_length   97` …;
 * of a connection `#13  …  · 10.0.0.1:2775  closed: the peer unbound`.
 */
export function pduBlock({ n, at, local, remote, direction, title, fields = [], note }: TraceLineAnswer): string {
  const when = `#${n}  ${stamp(Date.parse(at))}`
  if (direction === undefined) return `${when}  · ${remote} (here ${local})  ${note ?? ''}`
  const width = Math.max(0, ...fields.map(({ name }) => name.length))
  const lines = fields.map(({ name, value }) => `    ${name.padEnd(width)}  ${value}`)
  if (note !== undefined) lines.push(`    ${'cannot be read'.padEnd(width)}  ${note}`)
  return [`${when}  ${arrows[direction]} ${remote} (here ${local})  ${title ?? ''}`, ...lines].join('\n')
}

// `signalbox audit`: who changed what, a revision with its changes at a time.
import type { AuditAnswer } from '../http/api/audit.ts'
import type { Client } from './client.ts'
import { query, stamp } from './print.ts'

export interface AuditOptions {
  account?: string
  kind?: string
  id?: string
  author?: string
  after?: string
  before?: string
  limit: string
  cursor?: string
  json?: boolean
}

export async function audit(client: Client, { json, ...options }: AuditOptions): Promise<string> {
  const answer = await client.request<{ entries: AuditAnswer[]; next?: number }>('GET', `/api/v1/audit${query({ ...options })}`)
  if (json) return JSON.stringify(answer, undefined, 2)
  const lines = answer.entries.flatMap(entryLines)
  if (answer.next !== undefined) lines.push(`… and more: --cursor ${answer.next} goes on from there.`)
  return lines.length === 0 ? 'Nothing was changed.' : lines.join('\n')
}

function entryLines({ revision, at, author, source, changes }: AuditAnswer): string[] {
  const from = source === undefined ? '' : ` from ${source}`
  const lines = [`${stamp(Date.parse(at))}  revision ${revision} by ${author}${from}`]
  for (const { change, what, fields } of changes) {
    lines.push(`  ${change} ${what}`)
    for (const { field, before, after } of fields) lines.push(`    ${field}: ${told(before)} → ${told(after)}`)
  }
  return lines
}

const told = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value))

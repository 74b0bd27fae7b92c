// `signalbox plan`, `signalbox apply` and `signalbox export`: YAML documents of the running gateway.
import { Told, faultLine, type Client } from './client.ts'
import { counted } from './print.ts'
import { called, readText } from './typed.ts'

interface Change {
  change: 'create' | 'update' | 'delete'
  what: string
  fields: { field: string; before?: unknown; after?: unknown }[]
}
interface Plan {
  revision: number
  changes: Change[]
  faults: { path: string; message: string; line?: number }[]
}

export interface DocumentOptions {
  file: string
  prune?: boolean
  json?: boolean
}

export async function plan(client: Client, options: DocumentOptions): Promise<string> {
  const planned = await client.request<Plan>('POST', '/api/v1/plan', { json: content(options) })
  if (options.json) {
    // What would not be applied ends with 1, as without --json.
    if (planned.faults.length > 0) process.exitCode = 1
    return JSON.stringify(planned, undefined, 2)
  }
  if (planned.faults.length > 0) throw new Told(faultsText(options.file, planned.faults))
  if (planned.changes.length === 0) return 'Nothing to change: everything already is so.'
  return `${changesText(planned.changes)}\n\n${counted(planned.changes.length, 'change')} to make. Make them: npx signalbox apply -f ${options.file}`
}

export async function apply(client: Client, options: DocumentOptions): Promise<string> {
  // Once: standard input is read and gone.
  const json = content(options)
  const planned = await client.request<Plan>('POST', '/api/v1/plan', { json })
  if (planned.faults.length > 0) throw new Told(faultsText(options.file, planned.faults))
  const path = `/api/v1/apply?expected=${planned.revision}`
  const done = await client.request<{ revision: number; changes: Change[] }>('POST', path, { json })
  if (options.json) return JSON.stringify(done, undefined, 2)
  if (done.changes.length === 0) return 'Nothing to change: everything already is so.'
  return `${changesText(done.changes)}\n\n${counted(done.changes.length, 'change')} made: revision ${done.revision}.`
}

export interface ExportedOptions {
  account?: string
  secrets: 'masked' | 'variables'
  json?: boolean
}

export async function exportDocument(client: Client, { account, secrets, json }: ExportedOptions): Promise<string> {
  const path = `/api/v1/accounts/${encodeURIComponent(account ?? client.accountSid)}/document?secrets=${secrets}`
  const exported = await client.request<{ document: string }>('GET', path)
  return json ? JSON.stringify(exported, undefined, 2) : exported.document.trimEnd()
}

/** Only the variables that the document names leave this machine. */
function content({ file, prune }: DocumentOptions): { document: string; variables: Record<string, string>; prune: boolean } {
  const document = readText(file)
  const variables: Record<string, string> = {}
  for (const [, name = ''] of document.matchAll(/\$\{([A-Za-z_][A-Za-z0-9_]*)/g)) {
    const value = process.env[name]
    if (value !== undefined) variables[name] = value
  }
  return { document, variables, prune: prune ?? false }
}

function faultsText(file: string, faults: Plan['faults']): string {
  return [
    `${called(file)} has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}; nothing was changed.`,
    ...faults.map((fault) => `  ${faultLine(fault)}`),
  ].join('\n')
}

const signs = { create: '+', update: '~', delete: '-' } as const

function changesText(changes: readonly Change[]): string {
  return changes
    .flatMap(({ change, what, fields }) => [
      `${signs[change]} ${change} ${what}`,
      ...(change === 'delete' ? [] : fields.map((field) => `    ${fieldText(field)}`)),
    ])
    .join('\n')
}

function fieldText({ field, before, after }: Change['fields'][number]): string {
  const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))
  if (before === undefined) return `${field}: ${shown(after)}`
  return `${field}: ${shown(before)} → ${after === undefined ? 'nothing' : shown(after)}`
}

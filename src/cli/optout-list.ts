// `signalbox optouts export` and `import`: the list of a gateway as JSON lines or as a table, and such a list, or one
// of another provider's, into a gateway. What is read is looked at whole before the first of it is sent.
import type { OptOutAnswer } from '../http/api/optouts.ts'
import { whyOf } from '../model/failure.ts'
import { csvCell, csvRows } from '../text/csv.ts'
import { Told, type Client } from './client.ts'
import { counted, query } from './print.ts'
import { called, readText } from './typed.ts'

const columns = ['handset', 'sender', 'account', 'at', 'word'] as const
const atOnce = 1000
const mostTold = 20

/** Page by page; of the own account without its SID, which is another on another gateway. */
export async function* exportOptOuts(
  client: Client,
  { account, format }: { account?: string; format: 'jsonl' | 'csv' },
): AsyncGenerator<string, undefined> {
  if (format === 'csv') yield `${columns.join(',')}\r\n`
  let cursor: string | undefined
  do {
    const path = `/api/v1/optouts${query({ account, limit: String(atOnce), cursor })}`
    const page = await client.request<{ optOuts: OptOutAnswer[]; next?: string }>('GET', path)
    const rows = page.optOuts.map(({ handset, sender, account: of, at, word }) => ({
      handset,
      sender,
      ...(of === client.accountSid ? {} : { account: of }),
      at,
      ...(word === undefined ? {} : { word }),
    }))
    yield rows.map((row) => (format === 'csv' ? tableLine(row) : `${JSON.stringify(row)}\n`)).join('')
    cursor = page.next
  } while (cursor !== undefined)
  return undefined
}

function tableLine(row: Partial<Record<(typeof columns)[number], string>>): string {
  return `${columns.map((column) => csvCell(row[column] ?? '')).join(',')}\r\n`
}

interface Entry {
  line: number
  optOut: Record<string, string>
}

export async function importOptOuts(client: Client, options: { file: string; sender?: string; account?: string }): Promise<string> {
  const entries = read(options)
  let [created, known] = [0, 0]
  for (let from = 0; from < entries.length; from += atOnce) {
    const some = entries.slice(from, from + atOnce)
    try {
      const done = await client.request<{ created: number; known: number }>('POST', '/api/v1/optouts', {
        json: { optOuts: some.map(({ optOut }) => optOut) },
      })
      created += done.created
      known += done.known
    } catch (error) {
      if (!(error instanceof Told)) throw error
      const why = error.message.replaceAll(/optOuts\[(\d+)\]\.?/g, (_whole, i: string) => `line ${some[Number(i)]?.line ?? '?'}: `)
      const before = from === 0 ? 'Nothing of it was taken.' : `What is above line ${some[0]!.line} was taken; the rest was not.`
      throw new Told(`${why}\n${before} Once it is right, import it whole: what is there stays as it is.`, error.code)
    }
  }
  return `${counted(created, 'opt-out')} taken${known > 0 ? `, ${known} ${known === 1 ? 'was' : 'were'} there already` : ''}.`
}

function read({ file, sender, account }: { file: string; sender?: string; account?: string }): Entry[] {
  const text = readText(file)
  const faults: string[] = []
  const entries = text.trimStart().startsWith('{') ? jsonLines(text, faults) : tableOf(file, text)
  for (const { line, optOut } of entries) {
    if (sender !== undefined) optOut['sender'] ??= sender
    if (account !== undefined) optOut['account'] ??= account
    if (optOut['handset'] === undefined) faults.push(`line ${line}: handset: is missing`)
    if (optOut['sender'] === undefined) faults.push(`line ${line}: sender: is missing; --sender says it for all of a list`)
  }
  if (faults.length > 0)
    throw new Told(
      [`${file} cannot be imported; nothing of it was taken.`, ...faults.slice(0, mostTold).map((fault) => `  ${fault}`)].join('\n') +
        (faults.length > mostTold ? `\n  … and ${faults.length - mostTold} more` : ''),
    )
  return entries
}

function jsonLines(text: string, faults: string[]): Entry[] {
  return text.split('\n').flatMap((each, i): Entry[] => {
    if (each.trim() === '') return []
    try {
      const row = JSON.parse(each) as Record<string, unknown>
      const given = columns.flatMap((name) => (typeof row[name] === 'string' ? [[name, row[name]] as const] : []))
      return [{ line: i + 1, optOut: Object.fromEntries(given) }]
    } catch (error) {
      faults.push(`line ${i + 1}: expected JSON: ${whyOf(error)}`)
      return []
    }
  })
}

/** Empty cells say nothing, other columns are left alone. */
function tableOf(file: string, text: string): Entry[] {
  const rows = csvRows(text)
  const [head, ...rest] = rows ?? []
  const names = head?.cells.map((cell) => cell.trim().toLowerCase()) ?? []
  if (!names.includes('handset'))
    throw new Told(
      `${called(file)} is no list of opt-outs: expected JSON lines, or a table whose first row names its columns ` +
        `(${columns.join(', ')}; handset at least)${rows ? '' : '; a quote in it is not closed, or stands in the middle of a cell'}.`,
    )
  return rest.map(({ line, cells }) => ({
    line,
    optOut: Object.fromEntries(
      columns.flatMap((name) => {
        const cell = cells[names.indexOf(name)]?.trim()
        return cell === undefined || cell === '' ? [] : [[name, cell] as const]
      }),
    ),
  }))
}

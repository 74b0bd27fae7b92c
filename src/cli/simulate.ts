// `signalbox simulate`: the handsets and carriers of demo mode.
import type { Client } from './client.ts'
import { stamp, table } from './print.ts'

interface Shown {
  carrier: string
  from: string
  to: string
  text: string
  segments: number
  /** ISO 8601 */
  at: string
  state: string
}

export async function inbox(client: Client, options: { json?: boolean }): Promise<string> {
  const { messages } = await client.request<{ messages: Shown[] }>('GET', '/simulator/inbox')
  if (options.json) return JSON.stringify(messages, undefined, 2)
  if (messages.length === 0) return 'No handset got anything yet.'
  const parts = (n: number): string => (n === 1 ? '' : `, ${n} segments`)
  return messages
    .map(
      (shown) =>
        `${stamp(Date.parse(shown.at))}  ${shown.from} → ${shown.to}  (${shown.carrier}${parts(shown.segments)}, ${shown.state})\n    ${shown.text.replaceAll('\n', '\n    ')}`,
    )
    .join('\n')
}

export async function reply(client: Client, text: string, options: { from: string; to: string }): Promise<string> {
  await client.request('POST', '/simulator/replies', { json: { from: options.from, to: options.to, text } })
  return `${options.from} wrote to ${options.to}.`
}

interface Carrier {
  id: string
  sessions: unknown[]
  counts: Record<string, number>
  waiting: number
}

export async function carriers(client: Client, options: { json?: boolean }): Promise<string> {
  const answer = await client.request<{ listening: string; carriers: Carrier[] }>('GET', '/simulator/carriers')
  if (options.json) return JSON.stringify(answer, undefined, 2)
  const counted = Object.keys(answer.carriers[0]?.counts ?? {})
  const rows = answer.carriers.map(({ id, sessions, counts, waiting }) => [
    id,
    sessions.length,
    ...counted.map((name) => counts[name] ?? 0),
    waiting,
  ])
  return `Listening on ${answer.listening}\n${table(['carrier', 'sessions', ...counted, 'waiting'], rows, 'No simulated carriers.')}`
}

// `signalbox simulate`: the handsets and carriers of demo mode.
import type { MessageAnswer } from '../http/api/traffic.ts'
import type { Client } from './client.ts'
import { query, sidOf, stamp, table } from './print.ts'

const pollMs = 100
/** What the carrier brings is a message at once, where it is one at all. */
const arrivesMs = 2000

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
  const { from, to } = options
  const before = await newest(client, options)
  await client.request('POST', '/simulator/replies', { json: { from, to, text } })
  for (const end = Date.now() + arrivesMs; Date.now() < end;) {
    const message = await newest(client, options)
    if (message && message.id !== before?.id)
      return `${from} wrote to ${to}${ofFailure(message)}.\nIts life: npx signalbox trace ${sidOf(message)}`
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  return `${from} wrote to ${to}, and no message has come of it by now.`
}

/** Of those that came from this handset to this number. */
async function newest(client: Client, { from, to }: { from: string; to: string }): Promise<MessageAnswer | undefined> {
  const asked = query({ from, to, direction: 'mo', limit: '1' })
  return (await client.request<{ messages: MessageAnswer[] }>('GET', `/api/v1/messages${asked}`)).messages[0]
}

function ofFailure({ failure }: MessageAnswer): string {
  if (failure === undefined) return ''
  return `, and nobody gets it: ${(failure.peer ?? failure.code).replace(/\.$/, '')}`
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

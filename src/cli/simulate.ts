// `signalbox simulate`: the handsets and carriers of demo mode.
import type { Client } from './client.ts'
import { stamp, table } from './print.ts'

interface Shown {
  carrier: string
  from: string
  to: string
  text: string
  segments: number
  at: number
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
        `${stamp(shown.at)}  ${shown.from} → ${shown.to}  (${shown.carrier}${parts(shown.segments)}, ${shown.state})\n    ${shown.text.replaceAll('\n', '\n    ')}`,
    )
    .join('\n')
}

export async function reply(client: Client, text: string, options: { from: string; to: string }): Promise<string> {
  await client.request('POST', '/simulator/replies', { json: { from: options.from, to: options.to, text } })
  return `${options.from} wrote to ${options.to}.`
}

export async function carriers(client: Client, options: { json?: boolean }): Promise<string> {
  const answer = await client.request<{ carriers: Record<string, unknown>[] }>('GET', '/simulator/carriers')
  if (options.json) return JSON.stringify(answer.carriers, undefined, 2)
  const plain = (value: unknown): value is string | number | boolean => ['string', 'number', 'boolean'].includes(typeof value)
  const headings = Object.entries(answer.carriers[0] ?? {}).flatMap(([name, value]) => (plain(value) ? [name] : []))
  const cell = (value: unknown): string | number => (typeof value === 'number' ? value : String(value))
  return table(
    headings,
    answer.carriers.map((carrier) => headings.map((name) => cell(carrier[name]))),
    'No simulated carriers.',
  )
}

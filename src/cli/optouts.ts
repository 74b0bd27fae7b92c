// `signalbox optouts`: the handsets that take no more from a sender.
import type { OptOutAnswer } from '../http/api/optouts.ts'
import type { Client } from './client.ts'
import { query, stamp, table } from './print.ts'

interface Of {
  account?: string
  json?: boolean
}

export async function optOuts(client: Client, options: Of & { sender?: string; handset?: string; limit: string }): Promise<string> {
  const { account, sender, handset, limit, json } = options
  const path = `/api/v1/optouts${query({ account, sender, handset, limit })}`
  const answer = await client.request<{ optOuts: OptOutAnswer[]; next?: string }>('GET', path)
  if (json) return JSON.stringify(answer, undefined, 2)
  const rows = answer.optOuts.map((one) => [
    one.handset,
    one.sender,
    one.account === client.accountSid ? '' : one.account,
    stamp(Date.parse(one.at)),
    one.word ?? 'by an operator',
    one.message === undefined ? '' : `SM${one.message}`,
  ])
  const shown = table(['handset', 'takes no more from', 'of', 'since (UTC)', 'word', 'message'], rows, 'Nobody has opted out.')
  return answer.next === undefined ? shown : `${shown}\n… and more: --limit shows up to 1000, --sender and --handset look for some.`
}

export async function addOrRemove(
  client: Client,
  verb: 'add' | 'remove',
  sender: string,
  handset: string,
  { account }: Of,
): Promise<string> {
  const path = `/api/v1/optouts/${encodeURIComponent(sender)}/${encodeURIComponent(handset)}${query({ account })}`
  if (verb === 'remove') {
    await client.request('DELETE', path)
    return `${handset} takes messages from ${sender} again.`
  }
  const { created } = await client.request<{ created: boolean }>('PUT', path)
  return `${handset} ${created ? 'takes no more from' : 'had already opted out of'} ${sender}.`
}

// `signalbox messages`: which messages there are, newest first, a line each. What people wrote is not shown.
import type { MessageAnswer } from '../http/api/traffic.ts'
import type { Client } from './client.ts'
import { bindName, query, sidOf, stamp, table } from './print.ts'

export interface SearchOptions {
  account?: string
  to?: string
  from?: string
  state?: string
  direction?: string
  bind?: string
  code?: string
  carrierId?: string
  after?: string
  before?: string
  limit: string
  cursor?: string
  json?: boolean
}

export async function messages(client: Client, { json, bind, ...options }: SearchOptions): Promise<string> {
  const account = options.account ?? client.accountSid
  const named = bind === undefined || bind.includes('/') ? bind : `${account}/${bind}`
  const answer = await client.request<{ messages: MessageAnswer[]; next?: string }>(
    'GET',
    `/api/v1/messages${query({ ...options, bind: named })}`,
  )
  if (json) return JSON.stringify(answer, undefined, 2)
  const rows = answer.messages.map((one) => [
    stamp(Date.parse(one.acceptedAt)),
    sidOf(one),
    one.state,
    one.from,
    one.to,
    bindName(one.arrival, account),
    one.bind === undefined ? '' : bindName(one.bind, account),
    one.segments,
    one.failure === undefined ? '' : failed(one.failure),
  ])
  const lines = [table(['accepted (UTC)', 'message', 'state', 'from', 'to', 'in on', 'out on', 'segments', 'failure'], rows, 'None found.')]
  if (answer.next !== undefined) lines.push(`… older ones: --cursor ${answer.next} goes on from there.`)
  return lines.join('\n')
}

const failed = ({ code, peer }: NonNullable<MessageAnswer['failure']>): string => (peer === undefined ? code : `${code}: ${peer}`)

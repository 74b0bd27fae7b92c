// `signalbox messages`: which messages there are, newest first, a line each. What people wrote is not shown.
import type { MessageAnswer } from '../http/api/traffic.ts'
import { Told, type Client } from './client.ts'
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
  // Of one that was deleted there may be messages still; of one that never was there are none.
  if (
    named !== undefined &&
    bind !== undefined &&
    answer.messages.length === 0 &&
    answer.next === undefined &&
    !(await isThere(client, named))
  )
    return `None found, and there is no bind ${bind} now: npx signalbox binds lists them.`
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

async function isThere(client: Client, bind: string): Promise<boolean> {
  const [account = '', id = ''] = bind.split('/')
  try {
    await client.request('GET', `/api/v1/binds/${encodeURIComponent(id)}${query({ account })}`)
    return true
  } catch (error) {
    // A key that may read messages and no binds, say, has no answer to this.
    return !(error instanceof Told && error.code === 'absent')
  }
}

const failed = ({ code, peer }: NonNullable<MessageAnswer['failure']>): string => (peer === undefined ? code : `${code}: ${peer}`)

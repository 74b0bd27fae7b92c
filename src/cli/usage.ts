// `signalbox usage`: what an account has used of its caps.
import { accountMeant } from './account.ts'
import type { Client } from './client.ts'
import { table } from './print.ts'

interface Used {
  messages: number
  segments: number
}
interface Usage {
  today: Used
  thisMonth: Used
  queued: number
  sessions: number
  caps: Record<string, number>
}

export async function usage(client: Client, account: string | undefined, { json }: { json?: boolean }): Promise<string> {
  const id = account === undefined ? client.accountSid : await accountMeant(client, account)
  const { today, thisMonth, queued, sessions, caps, ...rest } = await client.request<Usage>(
    'GET',
    `/api/v1/accounts/${encodeURIComponent(id)}/usage`,
  )
  if (json) return JSON.stringify({ ...rest, today, thisMonth, queued, sessions, caps }, undefined, 2)
  const row = (what: string, used: number | string, cap: string): (string | number)[] => [what, used, caps[cap] ?? 'no limit']
  return table(
    ['', 'used', 'cap'],
    [
      row('messages today', today.messages, 'messagesPerDay'),
      row('segments today', today.segments, 'segmentsPerDay'),
      row('messages this month', thisMonth.messages, 'messagesPerMonth'),
      row('segments this month', thisMonth.segments, 'segmentsPerMonth'),
      row('messages that wait', queued, 'queued'),
      row('sessions', sessions, 'sessions'),
      row('messages a second', '', 'messagesPerSecond'),
      row('segments a second', '', 'segmentsPerSecond'),
    ],
    '',
  )
}

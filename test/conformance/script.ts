// One script for every official library: what an application does with each resource, as data. Names
// are those of the wire in snake_case; each driver writes them its own way.

export type Value = string | number | boolean | null | Value[]

export interface Step {
  /** From the client on: `messages`, then `$message` for the one of that name, then `media`. */
  on: readonly string[]
  do: 'create' | 'fetch' | 'list' | 'update' | 'remove'
  with?: Record<string, Value>
  /** Remembers members of the answer: `{ message: 'sid' }` makes `$message`. */
  keep?: Record<string, string>
  /** What members of the answer must be. */
  is?: Record<string, Value>
  /** Fetched until `is` holds, which it does within seconds. */
  until?: true
  /** A SID that must be in the list; with a `!`, must not. */
  among?: string
  /** The error's code, where it must fail. */
  refused?: number
}

/** What both drivers start with; `script` names them as `$name`. */
export interface Given {
  account: string
  /** A number of the account's. */
  number: string
  /** A handset that a carrier reaches. */
  handset: string
  /** ISO 8601, in an hour. */
  soon: string
}

const account = ['api', 'v2010', 'accounts', '$account'] as const
const messages = [...account, 'messages'] as const
const good = { to: '$handset', from: '$number', body: 'Grüße' }

const sending: Step[] = [
  { on: messages, do: 'create', with: good, keep: { message: 'sid' }, is: { status: 'queued', num_segments: '1', body: 'Grüße' } },
  { on: [...messages, '$message'], do: 'fetch', is: { status: 'delivered', direction: 'outbound-api', error_code: null }, until: true },
  { on: messages, do: 'list', with: { to: '$handset', limit: 20, page_size: 2 }, among: '$message' },
  { on: [...messages, '$message', 'media'], do: 'list', with: { limit: 5 } },
  { on: [...messages, '$message'], do: 'update', with: { body: '' }, is: { body: '' } },
  { on: [...messages, '$message'], do: 'update', with: { status: 'canceled' }, refused: 30409 },
  { on: [...messages, '$message'], do: 'remove' },
  { on: [...messages, '$message'], do: 'fetch', refused: 20404 },
  { on: messages, do: 'create', with: { ...good, to: 'my neighbour' }, refused: 21211 },
  { on: messages, do: 'create', with: good, keep: { second: 'sid' } },
  { on: messages, do: 'create', with: good, keep: { third: 'sid' } },
  { on: messages, do: 'list', with: { page_size: 1, limit: 3 }, among: '$second' },
]

const accounts = ['api', 'v2010', 'accounts'] as const
const sharing: Step[] = [
  { on: accounts, do: 'create', with: { friendly_name: 'Reseller' }, keep: { below: 'sid' }, is: { status: 'active', type: 'Full' } },
  { on: [...accounts, '$below'], do: 'fetch', is: { friendly_name: 'Reseller', owner_account_sid: '$account' } },
  { on: accounts, do: 'list', with: { friendly_name: 'Reseller', limit: 20, page_size: 2 }, among: '$below' },
  { on: [...accounts, '$below'], do: 'update', with: { status: 'suspended' }, is: { status: 'suspended' } },
  { on: [...accounts, '$below'], do: 'update', with: { status: 'asleep' }, refused: 21475 },
  { on: [...accounts, '$account'], do: 'update', with: { status: 'closed' }, refused: 21477 },
]

export const script: readonly Step[] = [...sharing, ...sending]

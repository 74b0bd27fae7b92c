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
  /** The SID of a short code of the account's. */
  short_code: string
  /** ISO 3166. */
  country: string
}

const account = ['api', 'v2010', 'accounts', '$account'] as const
const messages = [...account, 'messages'] as const
const good = { to: '$handset', from: '$number', body: 'Grüße' }

const sending: Step[] = [
  { on: messages, do: 'create', with: good, keep: { message: 'sid' }, is: { status: 'queued', num_segments: '1', body: 'Grüße' } },
  { on: [...messages, '$message'], do: 'fetch', is: { status: 'delivered', direction: 'outbound-api', error_code: null }, until: true },
  { on: messages, do: 'list', with: { to: '$handset', limit: 20, page_size: 2 }, among: '$message' },
  { on: [...messages, '$message', 'media'], do: 'list', with: { limit: 5 } },
  {
    on: [...messages, '$message', 'feedback'],
    do: 'create',
    with: { outcome: 'confirmed' },
    is: { outcome: 'confirmed', message_sid: '$message' },
  },
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
  { on: [...accounts, '$account', 'balance'], do: 'fetch', is: { balance: '0.00', currency: 'USD' } },
]

const applications = [...account, 'applications'] as const
const incoming = [...account, 'incoming_phone_numbers'] as const
const app = { friendly_name: 'Front desk', sms_url: 'https://app.example/sms', message_status_callback: 'https://app.example/status' }

const holding: Step[] = [
  { on: applications, do: 'create', with: app, keep: { app: 'sid' }, is: { ...app, sms_method: 'POST', voice_url: null } },
  { on: [...applications, '$app'], do: 'fetch', is: { sid: '$app' } },
  { on: [...applications, '$app'], do: 'update', with: { sms_method: 'GET' }, is: { sms_method: 'GET', friendly_name: 'Front desk' } },
  { on: applications, do: 'list', with: { friendly_name: 'Front desk', limit: 5 }, among: '$app' },
  { on: incoming, do: 'create', with: { phone_number: '+14155550101' }, keep: { any: 'sid' }, is: { phone_number: '+14155550101' } },
  { on: [...incoming, 'local'], do: 'create', with: { phone_number: '+14155550102' }, keep: { local: 'sid' } },
  { on: [...incoming, 'mobile'], do: 'create', with: { phone_number: '+447400123456' }, keep: { mobile: 'sid' } },
  { on: [...incoming, 'toll_free'], do: 'create', with: { phone_number: '+18005550103' }, keep: { free: 'sid' } },
  { on: incoming, do: 'create', with: { phone_number: 'my neighbour' }, refused: 21421 },
  { on: incoming, do: 'list', with: { page_size: 2, limit: 20 }, among: '$local' },
  { on: incoming, do: 'list', with: { phone_number: '+1415', beta: false, limit: 20 }, among: '!$free' },
  { on: [...incoming, 'local'], do: 'list', with: { limit: 20 }, among: '$any' },
  { on: [...incoming, 'mobile'], do: 'list', with: { limit: 20 }, among: '$mobile' },
  { on: [...incoming, 'toll_free'], do: 'list', with: { limit: 20 }, among: '$free' },
  { on: [...incoming, '$local'], do: 'fetch', is: { sid: '$local', sms_url: '', status: 'in-use' } },
  {
    on: [...incoming, '$local'],
    do: 'update',
    with: { friendly_name: 'Desk', sms_url: 'https://app.example/own', sms_application_sid: '$app' },
    is: { friendly_name: 'Desk', sms_url: 'https://app.example/own', sms_application_sid: '$app' },
  },
  ...['$any', '$local', '$mobile', '$free'].map((sid): Step => ({ on: [...incoming, sid], do: 'remove' })),
  { on: [...incoming, '$local'], do: 'fetch', refused: 20404 },
  { on: [...applications, '$app'], do: 'remove' },
  { on: [...account, 'short_codes'], do: 'list', with: { short_code: '62442', limit: 5 }, among: '$short_code' },
  { on: [...account, 'short_codes', '$short_code'], do: 'fetch', is: { short_code: '62442' } },
  { on: [...account, 'short_codes', '$short_code'], do: 'update', with: { friendly_name: 'Vote' }, is: { friendly_name: 'Vote' } },
]

const available = [...account, 'available_phone_numbers'] as const
/** Nobody is above the root account, so it is offered nothing. */
const looking: Step[] = [
  { on: available, do: 'list', with: { limit: 5 } },
  { on: [...available, '$country'], do: 'fetch', is: { country: 'United States' } },
  ...['local', 'mobile', 'toll_free', 'national', 'voip', 'shared_cost', 'machine_to_machine'].map((type): Step => ({
    on: [...available, '$country', type],
    do: 'list',
    with: { area_code: 415, sms_enabled: true, limit: 5 },
  })),
]

const own = [...accounts, '$account'] as const
const keys: Step[] = ['keys', 'signing_keys'].flatMap((name): Step[] => [
  { on: [...own, `new_${name}`], do: 'create', with: { friendly_name: 'app' }, keep: { key: 'sid' }, is: { friendly_name: 'app' } },
  { on: [...own, name, '$key'], do: 'fetch', is: { friendly_name: 'app' } },
  { on: [...own, name], do: 'list', with: { limit: 20, page_size: 2 }, among: '$key' },
  { on: [...own, name, '$key'], do: 'update', with: { friendly_name: 'apps' }, is: { friendly_name: 'apps' } },
  { on: [...own, name, '$key'], do: 'remove' },
  { on: [...own, name, '$key'], do: 'fetch', refused: 20404 },
])

const services = ['messaging', 'v1', 'services'] as const
const service = [...services, '$service'] as const

const pooling: Step[] = [
  { on: incoming, do: 'create', with: { phone_number: '+14155550104' }, keep: { pooled: 'sid' } },
  {
    on: services,
    do: 'create',
    with: { friendly_name: 'Shop', sticky_sender: false },
    keep: { service: 'sid' },
    is: { sticky_sender: false },
  },
  { on: service, do: 'update', with: { validity_period: 600, usecase: 'marketing' }, is: { validity_period: 600, sticky_sender: false } },
  { on: service, do: 'fetch', is: { friendly_name: 'Shop', usecase: 'marketing', account_sid: '$account' } },
  { on: services, do: 'list', with: { page_size: 1, limit: 5 }, among: '$service' },
  { on: ['messaging', 'v1', 'usecases'], do: 'fetch' },
  {
    on: [...service, 'phone_numbers'],
    do: 'create',
    with: { phone_number_sid: '$pooled' },
    is: { sid: '$pooled', phone_number: '+14155550104' },
  },
  { on: [...service, 'phone_numbers'], do: 'create', with: { phone_number_sid: '$pooled' }, refused: 21710 },
  { on: [...service, 'phone_numbers', '$pooled'], do: 'fetch', is: { service_sid: '$service' } },
  { on: [...service, 'phone_numbers'], do: 'list', among: '$pooled' },
  {
    on: messages,
    do: 'create',
    with: { to: '$handset', messaging_service_sid: '$service', body: 'Hello' },
    keep: { served: 'sid' },
    is: { status: 'accepted', num_segments: '0', messaging_service_sid: '$service' },
  },
  { on: [...messages, '$served'], do: 'fetch', is: { status: 'delivered', messaging_service_sid: '$service' }, until: true },
  { on: [...service, 'short_codes'], do: 'create', with: { short_code_sid: '$short_code' }, is: { sid: '$short_code' } },
  { on: [...service, 'short_codes', '$short_code'], do: 'fetch', is: { service_sid: '$service' } },
  { on: [...service, 'short_codes'], do: 'list', among: '$short_code' },
  { on: [...service, 'short_codes', '$short_code'], do: 'remove' },
  { on: [...service, 'alpha_senders'], do: 'create', with: { alpha_sender: 'Acme' }, keep: { alpha: 'sid' }, is: { alpha_sender: 'Acme' } },
  { on: [...service, 'alpha_senders', '$alpha'], do: 'fetch', is: { alpha_sender: 'Acme' } },
  { on: [...service, 'alpha_senders'], do: 'list', among: '$alpha' },
  { on: [...service, 'alpha_senders', '$alpha'], do: 'remove' },
  { on: [...service, 'alpha_senders', '$alpha'], do: 'fetch', refused: 20404 },
  { on: [...service, 'phone_numbers', '$pooled'], do: 'remove' },
  { on: service, do: 'remove' },
  { on: service, do: 'fetch', refused: 20404 },
  { on: [...incoming, '$pooled'], do: 'remove' },
]

const records = [...account, 'usage', 'records'] as const
const using: Step[] = [
  { on: records, do: 'list', with: { category: 'sms', include_subaccounts: false, limit: 5 } },
  ...['all_time', 'daily', 'monthly', 'yearly', 'today', 'yesterday', 'this_month', 'last_month'].map((range): Step => ({
    on: [...records, range],
    do: 'list',
    with: { page_size: 3, limit: 20 },
  })),
]

export const script: readonly Step[] = [...keys, ...sharing, ...holding, ...looking, ...sending, ...pooling, ...using]

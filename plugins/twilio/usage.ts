// Usage records: what an account (and all below it, unless it asks for itself alone) had accepted, by
// category and span of days, UTC. Messages are counted and segments used; there are no prices here.
import type { UsageRow } from '../../src/plugin.ts'
import { dateSpan } from './dates.ts'
import { Refused } from './errors.ts'
import { one, parseForm, type Form } from './form.ts'
import { apiVersion } from './render.ts'
import { under, verbs, type Answer, type Call, type Route } from './resource.ts'
import { newestFirst, showList, type Fields } from './show.ts'

const element = 'UsageRecord'
const names = { plural: 'usage_records', list: 'UsageRecords', element }
const dayMs = 86_400_000
/** Of one question. */
const mostDays = 3660

interface Category {
  name: string
  description: string
  counts(row: UsageRow): boolean
  money?: true
}

/** In the order shown. */
const categories: readonly Category[] = [
  { name: 'mms', description: 'MMS', counts: ({ kind }) => kind === 'mms' },
  { name: 'mms-inbound', description: 'Inbound MMS', counts: ({ kind, direction }) => kind === 'mms' && direction === 'mo' },
  { name: 'mms-outbound', description: 'Outbound MMS', counts: ({ kind, direction }) => kind === 'mms' && direction === 'mt' },
  { name: 'sms', description: 'SMS', counts: ({ kind }) => kind === 'sms' },
  { name: 'sms-inbound', description: 'Inbound SMS', counts: ({ kind, direction }) => kind === 'sms' && direction === 'mo' },
  { name: 'sms-outbound', description: 'Outbound SMS', counts: ({ kind, direction }) => kind === 'sms' && direction === 'mt' },
  { name: 'totalprice', description: 'Total Price', counts: () => false, money: true },
]

/** Days, by the start of each: both inclusive. */
interface Span {
  from: number
  to: number
}

const month = (ms: number, more = 0): number => Date.UTC(new Date(ms).getUTCFullYear(), new Date(ms).getUTCMonth() + more, 1)
const year = (ms: number, more = 0): number => Date.UTC(new Date(ms).getUTCFullYear() + more, 0, 1)

/** By a record's span: what it is cut into, newest first; or days that have nothing to do with what was asked. */
const periods = {
  Daily: (asked: Span) => cut(asked, (at) => at + dayMs),
  Monthly: (asked: Span) => cut(asked, (at) => month(at, 1)),
  Yearly: (asked: Span) => cut(asked, (at) => year(at, 1)),
  Today: (_: Span, today: number) => [{ from: today, to: today }],
  Yesterday: (_: Span, today: number) => [{ from: today - dayMs, to: today - dayMs }],
  ThisMonth: (_: Span, today: number) => [{ from: month(today), to: today }],
  LastMonth: (_: Span, today: number) => [{ from: month(today, -1), to: month(today) - dayMs }],
} satisfies Record<string, (asked: Span, today: number) => Span[]>

function cut({ from, to }: Span, next: (at: number) => number): Span[] {
  const spans: Span[] = []
  for (let at = from; at <= to; at = next(at)) spans.push({ from: at, to: Math.min(to, next(at) - dayMs) })
  return spans.toReversed()
}

const today = ({ host }: Call): number => Math.floor(host.clock.now() / dayMs) * dayMs

/** `2026-01-31`, or days from today: `-30days`. */
function dayOf(call: Call, query: Form, name: string, otherwise: number): number {
  const text = one(query, name)?.trim()
  if (!text) return otherwise
  const days = /^([+-]?\d{1,5})days?$/i.exec(text)?.[1]
  if (days !== undefined) return today(call) + Number(days) * dayMs
  const first = dateSpan(text)?.first
  if (first === undefined) throw new Refused(20422, `${name}: a date such as 2026-01-31, or -30days, expected, got ${text}`)
  return Math.floor(first / dayMs) * dayMs
}

/** Twilio's others of texts, which are counted under those above alone here. */
const finer = new Set(
  ['sms', 'mms'].flatMap((kind) => [
    `${kind}-messages-carrierfees`,
    ...['inbound', 'outbound'].flatMap((way) => ['longcode', 'shortcode', 'tollfree'].map((of) => `${kind}-${way}-${of}`)),
  ]),
)
finer.add('sms-messages-features').add('sms-messages-features-senderid').add('sms-outbound-content-inspection')

/**
 * None, where it names what Twilio counts and nobody uses here (calls). What cannot be meant is refused: a bill
 * that is made of the answer to a slip of the pen would be for nothing.
 */
function wanted(query: Form): readonly Category[] {
  const name = one(query, 'Category')?.trim()
  if (!name) return categories
  const found = categories.filter((category) => category.name === name)
  const isTwilios = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) && (!/^[sm]ms(-|$)/.test(name) || finer.has(name))
  if (found.length === 0 && !isTwilios)
    throw new Refused(20422, `Category: one of ${categories.map((each) => each.name).join(', ')} expected, got ${name}`)
  return found
}

/** Whether accounts below are counted too: they are, unless the caller says no. */
function withBelow(query: Form): boolean {
  const text = one(query, 'IncludeSubaccounts')?.trim().toLowerCase()
  if (text && text !== 'true' && text !== 'false') throw new Refused(20422, `IncludeSubaccounts: true or false expected, got ${text}`)
  return text !== 'false'
}

interface UsageRecord extends Span {
  category: Category
  place: number
  messages: number
  segments: number
}

async function list(call: Call): Promise<Answer> {
  const { host, account } = call
  const query = parseForm(call.search)
  const now = today(call)
  const named = call.caught[0]
  const period = named === undefined || named === 'AllTime' ? undefined : periods[named as keyof typeof periods]
  const from = dayOf(call, query, 'StartDate', Math.floor(account.createdAt / dayMs) * dayMs)
  const asked = named === 'AllTime' ? { from: 0, to: now } : { from, to: dayOf(call, query, 'EndDate', Math.max(now, from)) }
  if (asked.to < asked.from) throw new Refused(20422, 'EndDate: a day not before StartDate expected')
  if (period && (asked.to - asked.from) / dayMs >= mostDays) throw new Refused(20422, `EndDate: at most ${mostDays} days expected`)
  const spans = period ? period(asked, now) : [asked]
  const oldest = spans.at(-1)!.from
  const rows = await host.usage(account.id, { from: oldest, to: spans[0]!.to, below: withBelow(query) })
  const wishes = wanted(query)
  const records = spans.flatMap((span) => {
    const within = rows.filter(({ day }) => day >= span.from && day <= span.to)
    return wishes.map((category, place): UsageRecord => {
      const counted = within.filter((row) => category.counts(row))
      const messages = counted.reduce((sum, row) => sum + row.messages, 0)
      const segments = counted.reduce((sum, row) => sum + row.segments, 0)
      return { ...span, category, place, messages, segments }
    })
  })
  // Of all time is what there is: it begins with the account.
  const first = named === 'AllTime' ? Math.floor(account.createdAt / dayMs) * dayMs : undefined
  return showList(call, names, {
    items: records,
    order: ({ from: at, place }) => newestFirst(at, String(place)),
    fields: (record) => fieldsOf(call, named, first === undefined ? record : { ...record, from: first }),
  })
}

const date = (ms: number): string => new Date(ms).toISOString().slice(0, 10)

const links = {
  all_time: 'AllTime',
  daily: 'Daily',
  last_month: 'LastMonth',
  monthly: 'Monthly',
  this_month: 'ThisMonth',
  today: 'Today',
  yearly: 'Yearly',
  yesterday: 'Yesterday',
} as const

function fieldsOf(call: Call, period: string | undefined, { category, from, to, messages, segments }: UsageRecord): Fields {
  const { account, base, host } = call
  const { name, description, money } = category
  const uri = `${base}/Accounts/${account.id}/Usage/Records`
  const asOf = new Date(host.clock.now()).toISOString()
  return {
    account_sid: account.id,
    api_version: apiVersion,
    as_of: `${asOf.slice(0, 19)}+00:00`,
    category: name,
    count: money ? null : String(messages),
    count_unit: money ? '' : 'messages',
    description,
    end_date: date(to),
    price: 0,
    price_unit: 'usd',
    start_date: date(from),
    subresource_uris: Object.fromEntries(Object.entries(links).map(([key, path]) => [key, `${uri}/${path}.json?Category=${name}`])),
    uri: `${uri}${period === undefined ? '' : `/${period}`}.json?Category=${name}&StartDate=${date(from)}&EndDate=${date(to)}`,
    usage: money ? '0' : String(segments),
    usage_unit: money ? 'usd' : 'segments',
  }
}

export const usageRoutes: readonly Route[] = [
  {
    path: under('/Usage/Records(?:/(Daily|Monthly|Yearly|AllTime|Today|Yesterday|ThisMonth|LastMonth))?'),
    needs: '/twilio/billing/usage/read',
    answer: verbs({ GET: list }),
  },
]

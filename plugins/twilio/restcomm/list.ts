// RestComm's list of messages: it counts, sorts and looks into texts, so the newest that are in question are read
// through. Beyond so many there is no end to wait for: what is older is found by To, From and times.
import type { AccountId } from '../../../src/plugin.ts'
import { dateSpan } from '../dates.ts'
import { Refused } from '../errors.ts'
import { one, parseForm, yesOrNo, type Form } from '../form.ts'
import { fieldsOf, type Fields } from '../mapping.ts'
import { phoneNumber } from '../numbers.ts'
import { authorOf, type Answer, type Call } from '../resource.ts'
import { lastPage, listed, type Format } from './render.ts'
import { sortable, statusOf } from './words.ts'

export const mostRead = 10_000
const readAtOnce = 1000
const usualPageSize = 50
const maxPageSize = 1000
const paging = /^(?:Page|PageSize|AfterSid)=/

export async function list(call: Call, format: Format): Promise<Answer> {
  const query = parseForm(call.search)
  const page = whole(query, 'Page', 0, 0, 1_000_000)
  const pageSize = whole(query, 'PageSize', usualPageSize, 1, maxPageSize)
  const sort = sortOf(one(query, 'SortBy'))
  const found = await read(call, query)
  const total = found.length
  if (page > lastPage({ total, pageSize })) throw new Refused(20422, `Page: there are ${total} messages, ${pageSize} on a page`)
  if (sort) found.sort(sort)
  const fields = found.slice(page * pageSize, (page + 1) * pageSize)
  const filters = call.search.split('&').filter((pair) => pair !== '' && !paging.test(pair))
  return listed({ fields, total, page, pageSize, path: call.path, filters }, format)
}

/** The newest first. Of all accounts together no more is read than of one. */
async function read(call: Call, query: Form): Promise<Fields[]> {
  const found: Fields[] = []
  const accounts = yesOrNo(query, 'SubAccounts') ? below(call, call.account.id) : [call.account.id]
  let left = mostRead
  for (const account of accounts) {
    if (left > 0) left -= await readOf(call, account, query, left, found)
  }
  return accounts.length === 1 ? found : found.sort((a, b) => b.createdAt - a.createdAt)
}

/** Each is asked for those below it, which looks at every account there is. */
const mostAccounts = 200

/** The account and those below it, as far as the caller may act on them. */
function below(call: Call, account: AccountId): AccountId[] {
  const { host, identity } = call
  const found = [account]
  for (const id of found) {
    if (found.length >= mostAccounts) break
    for (const child of host.tenancy.accounts(authorOf(call), id)) if (child.id !== id && identity.may(child.id)) found.push(child.id)
  }
  return found.slice(0, mostAccounts)
}

/** Answers how many were read. */
async function readOf({ host, base }: Call, account: AccountId, query: Form, most: number, found: Fields[]): Promise<number> {
  const asked = filterOf(query)
  const body = one(query, 'Body') ?? ''
  const status = one(query, 'Status') ?? ''
  let seen = 0
  for (let cursor: string | undefined; ;) {
    const limit = Math.min(readAtOnce, most - seen)
    const { messages, next } = await host.messages.list({
      account,
      ...asked,
      limit,
      ...(cursor === undefined ? {} : { cursor }),
    })
    for (const view of messages) {
      const fields = fieldsOf(view, base)
      if (fields.body.includes(body) && (status === '' || statusOf(fields.status) === status.toLowerCase())) found.push(fields)
    }
    seen += messages.length
    if (next === undefined || seen >= most) return seen
    cursor = next
  }
}

function filterOf(query: Form): { to?: string; from?: string; after?: number; before?: number } {
  const filter: { to?: string; from?: string; after?: number; before?: number } = {}
  const [to, from] = [one(query, 'To')?.trim(), one(query, 'From')?.trim()]
  if (to) filter.to = phoneNumber(to)?.value ?? to
  if (from) filter.from = phoneNumber(from)?.value ?? from
  const after = dayOf(query, 'StartTime')?.first
  const before = dayOf(query, 'EndTime')?.last
  if (after !== undefined) filter.after = after
  if (before !== undefined) filter.before = before
  return filter
}

function dayOf(query: Form, name: string): ReturnType<typeof dateSpan> {
  const text = one(query, name)
  if (!text) return undefined
  const span = dateSpan(text)
  if (!span) throw new Refused(20422, `${name}: a date such as 2026-01-31 expected, got ${text}`)
  return span
}

function whole(query: Form, name: string, otherwise: number, least: number, most: number): number {
  const text = one(query, name)
  if (!text) return otherwise
  const value = /^\d{1,9}$/.test(text) ? Number(text) : -1
  if (value < least || value > most) throw new Refused(20422, `${name}: ${least} to ${most} expected, got ${text}`)
  return value
}

/** `DateCreated:asc`; what is alike stays as it is. */
function sortOf(text: string | undefined): ((a: Fields, b: Fields) => number) | undefined {
  if (!text) return undefined
  const [, name = '', direction = 'asc'] = /^(\w+)(?::(asc|desc))?$/i.exec(text) ?? []
  const of = Object.hasOwn(sortable, name) ? sortable[name] : undefined
  if (!of) throw new Refused(20422, `SortBy: one of ${Object.keys(sortable).join(', ')} expected, with :asc or :desc, got ${text}`)
  const sign = direction.toLowerCase() === 'desc' ? -1 : 1
  return (a, b) => {
    const [x, y] = [of(a), of(b)]
    return x === y ? 0 : x < y ? -sign : sign
  }
}

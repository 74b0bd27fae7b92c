// Lists: filters and page tokens in, page URIs out. URIs are relative to the host, carry the filters
// along, and are all a client needs to page.
import { dateSpan, dayOrSecond } from './dates.ts'
import { Refused } from './errors.ts'
import { one, type Form } from './form.ts'
import type { Fields } from './mapping.ts'
import { phoneNumber } from './numbers.ts'
import type { Page } from './render.ts'

const defaultPageSize = 50
const maxPageSize = 1000
const maxTokenLength = 500

export interface ListQuery {
  to?: string
  from?: string
  /** Epoch ms, both inclusive, of acceptance: a message not sent yet has no other date. */
  after?: number
  before?: number
  cursor?: string
  page: number
  pageSize: number
}

export type Paging = Pick<ListQuery, 'cursor' | 'page' | 'pageSize'>

export function readPaging(query: Form): Paging {
  const token = one(query, 'PageToken')
  if (token && (!token.startsWith('PA') || token.length > maxTokenLength)) throw new Refused(20422, 'PageToken: not one of ours')
  const pageSize = whole(query, 'PageSize', defaultPageSize)
  if (pageSize > maxPageSize) throw new Refused(20007)
  if (pageSize === 0) throw new Refused(20422, `PageSize: 1 to ${maxPageSize} expected`)
  return { ...(token ? { cursor: token.slice(2) } : {}), page: whole(query, 'Page', 0), pageSize }
}

export function readListQuery(query: Form): ListQuery {
  const to = number(one(query, 'To'))
  const from = number(one(query, 'From'))
  const paging = readPaging(query)
  return { ...(to ? { to } : {}), ...(from ? { from } : {}), ...dates(query), ...paging }
}

/** A plus that was not encoded arrives as a space. */
function number(text: string | undefined): string | undefined {
  const trimmed = text?.trim()
  return trimmed ? (phoneNumber(trimmed)?.value ?? trimmed) : undefined
}

function whole(query: Form, name: string, otherwise: number): number {
  const text = one(query, name)
  if (!text) return otherwise
  if (!/^\d{1,9}$/.test(text)) throw new Refused(20422, `${name}: a whole number expected, got ${text}`)
  return Number(text)
}

/** `DateSent>=2008-01-02` is the key `DateSent>` with the value `2008-01-02`: both operators are inclusive. */
function dates(query: Form): { after?: number; before?: number } {
  let after: number | undefined
  let before: number | undefined
  for (const name of ['DateSent', 'DateSent>', 'DateSent<']) {
    const text = one(query, name)
    if (!text) continue
    const operator = name.slice('DateSent'.length) || (/^[<>]/.exec(text)?.[0] ?? '')
    const span = (operator === '' ? dayOrSecond : dateSpan)(text.replace(/^[<>]?=?/, ''))
    if (!span) throw new Refused(20422, `${name}: a date such as 2026-01-31 or 2026-01-31T12:00:00Z expected, got ${text}`)
    if (operator !== '<') after = Math.max(after ?? span.first, span.first)
    if (operator !== '>') before = Math.min(before ?? span.last, span.last)
  }
  return { ...(after === undefined ? {} : { after }), ...(before === undefined ? {} : { before }) }
}

export interface Listed {
  legacy: boolean
  path: string
  /** The query as it came, without its question mark. */
  search: string
  page: number
  pageSize: number
  fields: Fields[]
  next: string | undefined
}

/** A query as it came, without what says which page. */
export function restOf(search: string): string[] {
  return search.split('&').filter((pair) => pair !== '' && !/^(?:PageSize|Page|PageToken)=/.test(pair))
}

/** The store pages forward only, so the page before is known for the second page alone. */
export function pageOf({ legacy, path, search, page, pageSize, fields, next }: Listed): Page {
  const filters = restOf(search)
  const uri = (more: string): string => `${path}?${[...filters, `PageSize=${pageSize}`, more].join('&')}`
  const first = uri('Page=0')
  return {
    legacy,
    fields,
    page,
    pageSize,
    uri: search === '' ? path : `${path}?${search}`,
    firstPageUri: first,
    nextPageUri: next === undefined ? undefined : uri(`Page=${page + 1}&PageToken=PA${encodeURIComponent(next)}`),
    previousPageUri: page === 1 ? first : undefined,
  }
}

// Resources on the wire, for all but Messages: plain fields as JSON or as Twilio's XML, lists in pages.
// A page's token says after which item the next one begins, by the list's own order: what is deleted
// between two pages costs nothing.
import { document, Refused, xmlText } from './errors.ts'
import { parseForm } from './form.ts'
import { readPaging, restOf } from './paging.ts'
import { originOf, type Answer, type Call } from './resource.ts'

export type Value = string | number | boolean | null | readonly Value[] | { readonly [name: string]: Value }
/** By the names of the JSON: `friendly_name`. */
export type Fields = { readonly [name: string]: Value }

/** One resource; `element` is its name in XML: `Account`. */
export function show({ format }: Call, status: number, element: string, fields: Fields): Answer {
  const body = format === 'json' ? JSON.stringify(fields) : document(elementOf(element, fields))
  return { status, body }
}

export const deleted: Answer = { status: 204, body: '' }

export interface Listing<T> {
  /** In the order shown, by which `order` rises. */
  items: readonly T[]
  /** Letters, digits, `+` and `-` only, unique: see `oldestFirst` and `newestFirst`. */
  order(item: T): string
  fields(item: T): Fields
}

const digits = 16
export const oldestFirst = (createdAt: number, id: string): string => String(createdAt).padStart(digits, '0') + id
export const newestFirst = (createdAt: number, id: string): string => oldestFirst(Number.MAX_SAFE_INTEGER - createdAt, id)

interface Cut<T> {
  shown: readonly T[]
  page: number
  pageSize: number
  /** The token of the page after this one. */
  next: string | undefined
}

const token = /^[A-Za-z0-9+-]{1,120}$/

function cut<T>({ search }: Call, { items, order }: Listing<T>): Cut<T> {
  const { page, pageSize, cursor } = readPaging(parseForm(search))
  if (cursor !== undefined && !token.test(cursor)) throw new Refused(20422, 'PageToken: not one of ours')
  const after = cursor === undefined ? page * pageSize : items.findIndex((item) => order(item) > cursor)
  const start = after < 0 ? items.length : after
  const shown = items.slice(start, start + pageSize)
  const last = shown.at(-1)
  return { shown, page, pageSize, next: last !== undefined && start + pageSize < items.length ? `PA${order(last)}` : undefined }
}

/** A list of the 2010 API. `plural` is its key in JSON, `list` and `element` its names in XML. */
export function showList<T>(call: Call, names: { plural: string; list: string; element: string }, listing: Listing<T>): Answer {
  const { format, path, search } = call
  const { shown, page, pageSize, next } = cut(call, listing)
  const rest = restOf(search)
  const uri = (more: string): string => `${path}?${[...rest, `PageSize=${pageSize}`, more].join('&')}`
  const start = page * pageSize
  const uris = {
    uri: search === '' ? path : `${path}?${search}`,
    first_page_uri: uri('Page=0'),
    next_page_uri: next === undefined ? null : uri(`Page=${page + 1}&PageToken=${encodeURIComponent(next)}`),
    previous_page_uri: page > 0 ? uri(`Page=${page - 1}`) : null,
  }
  const end = start + Math.max(0, shown.length - 1)
  const fields = shown.map((item) => listing.fields(item))
  if (format === 'json')
    return { status: 200, body: JSON.stringify({ [names.plural]: fields, page, page_size: pageSize, start, end, ...uris }) }
  const attributes = Object.entries({ page, pagesize: pageSize, start, end, ...uris })
    .map(([name, value]) => ` ${name.replaceAll('_', '')}="${xmlText(String(value ?? ''))}"`)
    .join('')
  const elements = fields.map((each) => elementOf(names.element, each)).join('')
  return { status: 200, body: document(`<${names.list}${attributes}>${elements}</${names.list}>`) }
}

/** A list of the APIs from `/v1/` on: URLs are absolute, and every member of `meta` is there. */
export function showMeta<T>(call: Call, key: string, listing: Listing<T>): Answer {
  const { path, search } = call
  const origin = originOf(call)
  const { shown, page, pageSize, next } = cut(call, listing)
  const rest = restOf(search)
  const url = (more: string): string => `${origin}${path}?${[...rest, `PageSize=${pageSize}`, more].join('&')}`
  const meta = {
    page,
    page_size: pageSize,
    first_page_url: url('Page=0'),
    previous_page_url: page > 0 ? url(`Page=${page - 1}`) : null,
    url: url(`Page=${page}`),
    next_page_url: next === undefined ? null : url(`Page=${page + 1}&PageToken=${encodeURIComponent(next)}`),
    key,
  }
  return { status: 200, body: JSON.stringify({ meta, [key]: shown.map((item) => listing.fields(item)) }) }
}

export const pascal = (name: string): string => name.replaceAll(/(?:^|_)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

/** Null is an empty element; URIs have no suffix in XML. */
export function elementOf(name: string, value: Value): string {
  if (value === null || value === '') return `<${name}/>`
  if (Array.isArray(value)) return (value as readonly Value[]).map((each) => elementOf(name, each)).join('')
  if (typeof value === 'object') {
    const inner = Object.entries(value).map(([key, child]) => elementOf(pascal(key), bareUri(name, key, child)))
    return `<${name}>${inner.join('')}</${name}>`
  }
  return `<${name}>${xmlText(String(value))}</${name}>`
}

function bareUri(name: string, key: string, value: Value): Value {
  return typeof value === 'string' && (key === 'uri' || name === 'SubresourceUris') ? value.replace(/\.json(?=$|\?)/, '') : value
}

// Messages, lists and refusals as RestComm writes them: pretty-printed JSON, or XML below RestcommResponse.
import { xmlText, type Refused } from '../errors.ts'
import type { Fields } from '../mapping.ts'
import type { Answer } from '../resource.ts'
import { apiVersion, dateOf, errorOf, statusOf } from './words.ts'

export type Format = 'json' | 'xml'

/** RestComm leaves out where it is mounted. */
const uriOf = ({ accountSid, sid }: Fields): string => `/${apiVersion}/Accounts/${accountSid}/SMS/Messages/${sid}`

function jsonOf(fields: Fields): object {
  const error = errorOf(fields.failure)
  return {
    sid: fields.sid,
    date_created: dateOf(fields.createdAt),
    date_updated: dateOf(fields.updatedAt),
    date_sent: fields.sentAt === undefined ? null : new Date(fields.sentAt).toISOString(),
    account_sid: fields.accountSid,
    from: fields.from,
    to: fields.to,
    body: fields.body,
    status: statusOf(fields.status),
    direction: fields.direction,
    error_code: error?.code ?? null,
    error_message: error?.message ?? null,
    price: '0',
    price_unit: 'USD',
    api_version: apiVersion,
    uri: `${uriOf(fields)}.json`,
  }
}

function elementOf(fields: Fields): string {
  const error = errorOf(fields.failure)
  const said = error ? `<Error><ErrorCode>${error.code}</ErrorCode><ErrorMessage>${error.message}</ErrorMessage></Error>` : ''
  const sent = fields.sentAt === undefined ? '' : new Date(fields.sentAt).toISOString()
  return `<SMSMessage><Sid>${fields.sid}</Sid><DateCreated>${dateOf(fields.createdAt)}</DateCreated><DateUpdated>${dateOf(fields.updatedAt)}</DateUpdated><DateSent>${sent}</DateSent><AccountSid>${fields.accountSid}</AccountSid><From>${xmlText(fields.from)}</From><To>${xmlText(fields.to)}</To><Body>${xmlText(fields.body)}</Body><Status>${statusOf(fields.status)}</Status><Direction>${fields.direction}</Direction>${said}<Price>0</Price><PriceUnit>USD</PriceUnit><ApiVersion>${apiVersion}</ApiVersion><Uri>${uriOf(fields)}</Uri></SMSMessage>`
}

function answer(status: number, format: Format, json: () => object, xml: () => string): Answer {
  return format === 'json'
    ? { status, body: `${JSON.stringify(json(), undefined, 2)}\n`, type: 'application/json' }
    : { status, body: `<RestcommResponse>${xml()}</RestcommResponse>`, type: 'application/xml' }
}

export function shown(fields: Fields, format: Format): Answer {
  return answer(
    200,
    format,
    () => jsonOf(fields),
    () => elementOf(fields),
  )
}

export interface Page {
  /** Those on it. */
  fields: readonly Fields[]
  total: number
  page: number
  pageSize: number
  /** As requested, without the query. */
  path: string
  /** Filters, written as they came. */
  filters: readonly string[]
}

export function lastPage({ total, pageSize }: Pick<Page, 'total' | 'pageSize'>): number {
  return Math.floor(total / pageSize)
}

export function listed(page: Page, format: Format): Answer {
  const { fields, total, page: at, pageSize, path, filters } = page
  const last = lastPage(page)
  const uri = (n: number, more: readonly string[] = []): string =>
    `${path}?${[`Page=${n}`, `PageSize=${pageSize}`, ...more, ...filters].join('&')}`
  const after = fields.at(-1)
  const start = at * pageSize
  return answer(
    200,
    format,
    () => ({
      page: at,
      num_pages: last,
      page_size: pageSize,
      total,
      start: String(start),
      end: String(Math.min(start + pageSize, total)),
      uri: path,
      first_page_uri: uri(0),
      previous_page_uri: at > 0 ? uri(at - 1) : 'null',
      next_page_uri: start + fields.length < total && after ? uri(at + 1, [`AfterSid=${after.sid}`]) : 'null',
      last_page_uri: uri(last),
      messages: fields.map(jsonOf),
    }),
    () => `<SMSMessages>${fields.map(elementOf).join('')}</SMSMessages>`,
  )
}

/** What is missing is said in plain text. */
export function missing(name: string): Answer {
  return { status: 400, body: `${name} can not be null.`, type: 'text/plain' }
}

export function refused({ code, status, message }: Refused, format: Format): Answer {
  const limit = code === 20429
  const said = answer(
    limit ? 403 : status,
    format,
    () => (limit ? { message, error: 'SMS_LIMIT_EXCEEDED' } : { message }),
    () => `<Message>${xmlText(message)}</Message>${limit ? '<Error>SMS_LIMIT_EXCEEDED</Error>' : ''}`,
  )
  if (status === 401) said.headers = ['WWW-Authenticate', 'Basic realm="Restcomm"']
  if (status === 405) said.headers = ['Allow', 'GET, POST']
  return said
}

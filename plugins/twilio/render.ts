// Message resources on the wire, JSON and XML, by hand: the create path is too hot for more.
// Types are Twilio's: counts and prices are strings, only error_code is a number.
import { rfc2822 } from './dates.ts'
import { document, xmlText } from './errors.ts'
import type { Fields } from './mapping.ts'

export const apiVersion = '2010-04-01'

export interface Page {
  legacy: boolean
  fields: Fields[]
  page: number
  pageSize: number
  uri: string
  firstPageUri: string
  nextPageUri: string | undefined
  previousPageUri: string | undefined
}

const uriOf = (fields: Fields): string => `${fields.base}/Accounts/${fields.accountSid}/Messages/${fields.sid}`

export function messageJson(fields: Fields): string {
  const uri = uriOf(fields)
  const failed = fields.failure
  return `{"sid":"${fields.sid}","account_sid":"${fields.accountSid}","messaging_service_sid":${fields.service === undefined ? 'null' : `"${fields.service}"`},"to":${JSON.stringify(fields.to)},"from":${fields.from === '' ? 'null' : JSON.stringify(fields.from)},"body":${JSON.stringify(fields.body)},"status":"${fields.status}","num_segments":"${fields.segments}","num_media":"${fields.media}","direction":"${fields.direction}","api_version":"${apiVersion}","price":null,"price_unit":"USD","error_code":${failed ? failed.code : null},"error_message":${failed ? JSON.stringify(failed.message) : null},"date_created":"${rfc2822(fields.createdAt)}","date_updated":"${rfc2822(fields.updatedAt)}","date_sent":${fields.sentAt === undefined ? 'null' : `"${rfc2822(fields.sentAt)}"`},"uri":"${uri}.json","subresource_uris":{"media":"${uri}/Media.json"}}`
}

/** Element order as in captured answers; null is an empty element; the URI has no suffix. */
function messageElement(fields: Fields, legacy: boolean): string {
  const uri = uriOf(fields)
  const failed = fields.failure
  const name = legacy ? 'SMSMessage' : 'Message'
  return `<${name}><Sid>${fields.sid}</Sid><DateCreated>${rfc2822(fields.createdAt)}</DateCreated><DateUpdated>${rfc2822(fields.updatedAt)}</DateUpdated><DateSent>${fields.sentAt === undefined ? '' : rfc2822(fields.sentAt)}</DateSent><AccountSid>${fields.accountSid}</AccountSid><To>${xmlText(fields.to)}</To>${fields.from === '' ? '<From/>' : `<From>${xmlText(fields.from)}</From>`}${fields.service === undefined ? '<MessagingServiceSid/>' : `<MessagingServiceSid>${fields.service}</MessagingServiceSid>`}<Body>${xmlText(fields.body)}</Body><Status>${fields.status}</Status><NumSegments>${fields.segments}</NumSegments><NumMedia>${fields.media}</NumMedia><Direction>${fields.direction}</Direction><ApiVersion>${apiVersion}</ApiVersion><Price/><PriceUnit>USD</PriceUnit><ErrorCode>${failed ? failed.code : ''}</ErrorCode><ErrorMessage>${failed ? xmlText(failed.message) : ''}</ErrorMessage><Uri>${uri}</Uri><SubresourceUris><Media>${uri}/Media</Media></SubresourceUris></${name}>`
}

export function messageXml(fields: Fields, legacy: boolean): string {
  return document(messageElement(fields, legacy))
}

const lastIndex = (page: Page): number => page.page * page.pageSize + Math.max(0, page.fields.length - 1)

/** No key beyond these: the Python library takes exactly one that it does not know. */
export function listJson(page: Page): string {
  const quoted = (uri: string | undefined): string => (uri === undefined ? 'null' : JSON.stringify(uri))
  return `{"${page.legacy ? 'sms_messages' : 'messages'}":[${page.fields.map(messageJson).join(',')}],"page":${page.page},"page_size":${page.pageSize},"start":${page.page * page.pageSize},"end":${lastIndex(page)},"uri":${quoted(page.uri)},"first_page_uri":${quoted(page.firstPageUri)},"next_page_uri":${quoted(page.nextPageUri)},"previous_page_uri":${quoted(page.previousPageUri)}}`
}

export function listXml(page: Page): string {
  const name = page.legacy ? 'SMSMessages' : 'Messages'
  const quoted = (uri: string | undefined): string => (uri === undefined ? '""' : `"${xmlText(uri)}"`)
  return document(
    `<${name} page="${page.page}" pagesize="${page.pageSize}" start="${page.page * page.pageSize}" end="${lastIndex(page)}" uri=${quoted(page.uri)} firstpageuri=${quoted(page.firstPageUri)} previouspageuri=${quoted(page.previousPageUri)} nextpageuri=${quoted(page.nextPageUri)}>${page.fields.map((fields) => messageElement(fields, page.legacy)).join('')}</${name}>`,
  )
}

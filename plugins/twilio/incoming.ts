// IncomingPhoneNumbers (and Local, Mobile, TollFree): an account's numbers. Creating claims one that an
// account above offers or that nobody has; deleting gives it back; AccountSid hands it to another
// account of the caller's. Short codes are a resource of their own.
import { e164, type OwnNumber } from '../../src/plugin.ts'
import { applicationSid, findApplication } from './applications.ts'
import { rfc2822 } from './dates.ts'
import { Refused } from './errors.ts'
import { one, parseForm, type Form } from './form.ts'
import { described, listTypes, numberPattern, type ListType } from './number-types.ts'
import { apiVersion } from './render.ts'
import { authorOf, gone, under, verbs, type Answer, type Call, type Route } from './resource.ts'
import { deleted, newestFirst, show, showList, type Fields } from './show.ts'
import { readFriendlyName, readWebhooks, showSms, smsParams } from './webhook-params.ts'

const element = 'IncomingPhoneNumber'
const names = { plural: 'incoming_phone_numbers', list: 'IncomingPhoneNumbers', element }
const params = { ...smsParams, statusCallback: 'StatusCallback' } as const

/** Short codes are not listed here. */
export const isLong = ({ value }: OwnNumber): boolean => value.startsWith('+')

function fieldsOf(call: Call, number: OwnNumber): Fields {
  const { host, account, base } = call
  const { settings } = number
  return {
    account_sid: account.id,
    address_sid: null,
    address_requirements: 'none',
    api_version: apiVersion,
    beta: false,
    capabilities: { voice: false, sms: true, mms: false, fax: false },
    date_created: rfc2822(number.createdAt),
    date_updated: rfc2822(number.updatedAt),
    emergency_status: 'Inactive',
    emergency_address_sid: null,
    emergency_address_status: 'unregistered',
    friendly_name: number.name,
    identity_sid: null,
    origin: 'twilio',
    phone_number: number.value,
    sid: number.id,
    sms_application_sid: findApplication(host.resources(account.id), settings['smsApplicationSid'])?.id ?? null,
    ...showSms(settings, ''),
    status_callback: settings['statusCallback'] ?? '',
    status_callback_method: 'POST',
    trunk_sid: null,
    uri: `${base}/Accounts/${account.id}/IncomingPhoneNumbers/${number.id}.json`,
    voice_application_sid: null,
    voice_caller_id_lookup: false,
    voice_fallback_method: 'POST',
    voice_fallback_url: null,
    voice_method: 'POST',
    voice_receive_mode: 'voice',
    voice_url: null,
    bundle_sid: null,
    status: 'in-use',
    type: listTypes[described(number.value).type],
  }
}

/** Where a list is of one type, its numbers have none of their own to show. */
function listed(call: Call, number: OwnNumber, type: ListType | undefined): Fields {
  const { type: known, ...rest } = fieldsOf(call, number)
  return type === undefined ? { ...rest, type: known ?? null } : rest
}

const typeOf = ({ caught }: Call): ListType | undefined => caught[0] as ListType | undefined

function list(call: Call): Answer {
  const query = parseForm(call.search)
  const type = typeOf(call)
  const name = one(query, 'FriendlyName')
  const text = one(query, 'PhoneNumber')?.trim()
  const fits = text ? numberPattern(text) : undefined
  if (text && !fits) throw new Refused(21401, text)
  // Every number is in general use, and came with the account.
  const none = one(query, 'Beta')?.toLowerCase() === 'true' || (one(query, 'Origin') || 'twilio') !== 'twilio'
  const found = call.host
    .numbers(call.account.id)
    .filter((number) => !none && isLong(number) && (!name || number.name === name))
    .filter((number) => (!fits || fits(number.value)) && (type === undefined || described(number.value).type === type))
  return showList(call, names, {
    items: sorted(found),
    order: ({ createdAt, id }) => newestFirst(createdAt, id),
    fields: (number) => listed(call, number, type),
  })
}

export function sorted<T extends Pick<OwnNumber, 'createdAt' | 'id'>>(things: readonly T[]): T[] {
  return things.toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1))
}

function settingsOf(call: Call, { form }: Pick<Call, 'form'>): Record<string, string> {
  const settings = readWebhooks(form, params)
  const application = applicationSid(call, form)
  if (application !== undefined) settings['smsApplicationSid'] = application
  return settings
}

async function create(call: Call): Promise<Answer> {
  const { host, account, form } = call
  const value = wanted(call, form)
  const name = readFriendlyName(form) || described(value).national
  const number = await host.tenancy.claim(authorOf(call), account.id, value, { name, settings: settingsOf(call, call) })
  return show(call, 201, element, listed(call, number, typeOf(call)))
}

function wanted(call: Call, form: Form): string {
  const text = one(form, 'PhoneNumber')?.trim()
  const type = typeOf(call)
  if (!text) return byAreaCode(call, one(form, 'AreaCode')?.trim(), type)
  const value = e164(text)?.value
  if (value === undefined) throw new Refused(21421, text)
  const is = described(value).type
  if (type !== undefined && is !== type) throw new Refused(21458, value, listTypes[is])
  return value
}

/** Any that is offered there. Only North America has area codes. */
function byAreaCode(call: Call, code: string | undefined, type: ListType | undefined): string {
  if (!code) throw new Refused(21421, 'PhoneNumber or AreaCode is expected')
  if (!/^\d{3}$/.test(code)) throw new Refused(21451, code)
  const offered = call.host.tenancy.offered(authorOf(call), call.account.id)
  const found = offered.find(({ value }) => value.startsWith(`+1${code}`) && (type === undefined || described(value).type === type))
  if (!found) throw new Refused(21452, code)
  return found.value
}

/** Of this account, and no short code. */
function own(call: Call): OwnNumber {
  const sid = call.caught[0]
  const number = call.host.numbers(call.account.id).find(({ id }) => id === sid)
  if (!number || !isLong(number)) throw gone(call)
  return number
}

const fetchOne = (call: Call): Answer => show(call, 200, element, fieldsOf(call, own(call)))

async function update(call: Call): Promise<Answer> {
  const { host, account, form } = call
  const { value } = own(call)
  const to = recipient(call, one(form, 'AccountSid')?.trim())
  const name = readFriendlyName(form)
  const settings = settingsOf(call, call)
  // An application stays with its account.
  if (to !== undefined) settings['smsApplicationSid'] = ''
  const change = { ...(name === undefined ? {} : { name }), settings, ...(to === undefined ? {} : { to }) }
  const number = await host.tenancy.changeNumber(authorOf(call), account.id, value, change)
  return show(call, 200, element, fieldsOf(to === undefined ? call : { ...call, account: host.account(to) ?? account }, number))
}

/** Undefined where it stays; what the caller may not see is not there. */
function recipient({ host, identity, account }: Call, sid: string | undefined): string | undefined {
  if (!sid || sid === account.id) return undefined
  if (!/^AC[0-9a-f]{32}$/.test(sid)) throw new Refused(21470, sid)
  const to = identity.may(sid) ? host.account(sid) : undefined
  if (!to) throw new Refused(21471, sid)
  if (to.status !== 'active') throw new Refused(21472, sid)
  return to.id
}

async function remove(call: Call): Promise<Answer> {
  const { value } = own(call)
  await call.host.tenancy.release(authorOf(call), call.account.id, value)
  return deleted
}

const needs = '/twilio/phone-numbers/active-numbers'

export const incomingRoutes: readonly Route[] = [
  { path: under('/IncomingPhoneNumbers(?:/(Local|Mobile|TollFree))?'), needs, answer: verbs({ GET: list, POST: create }) },
  { path: under('/IncomingPhoneNumbers/([^/.]+)'), needs, answer: verbs({ GET: fetchOne, POST: update, DELETE: remove }) },
]

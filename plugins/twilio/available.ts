// AvailablePhoneNumbers: what the accounts above offer to this one, by country and type. Lists are not
// paged, and empty where nothing is offered.
import type { OwnNumber } from '../../src/plugin.ts'
import { document, Refused } from './errors.ts'
import { one, parseForm, type Form } from './form.ts'
import { isLong } from './incoming.ts'
import { countryName, described, isCountry, listTypes, numberPattern, type ListType } from './number-types.ts'
import { readPaging } from './paging.ts'
import { authorOf, gone, under, verbs, type Answer, type Call, type Route } from './resource.ts'
import { elementOf, show, type Fields } from './show.ts'

type Country = Parameters<typeof countryName>[0]

const offeredTo = (call: Call): OwnNumber[] => call.host.tenancy.offered(authorOf(call), call.account.id).filter(isLong)

/** In links a list's type is in snake case: `toll_free`. */
const snake = (type: ListType): string => listTypes[type].replaceAll('-', '_')

function countryFields({ base, account }: Call, code: Country, offered: readonly OwnNumber[]): Fields {
  const uri = `${base}/Accounts/${account.id}/AvailablePhoneNumbers/${code}`
  const types = (Object.keys(listTypes) as ListType[]).filter((type) =>
    offered.some(({ value }) => described(value).country === code && described(value).type === type),
  )
  return {
    country_code: code,
    country: countryName(code),
    uri: `${uri}.json`,
    beta: false,
    subresource_uris: Object.fromEntries(types.map((type) => [snake(type), `${uri}/${type}.json`])),
  }
}

function countries(call: Call): Answer {
  const offered = offeredTo(call)
  const codes = [...new Set(offered.flatMap(({ value }) => described(value).country ?? []))].toSorted()
  return showAll(
    call,
    'countries',
    'Country',
    codes.map((code) => countryFields(call, code, offered)),
  )
}

function countryOf(call: Call): Country {
  const code = call.caught[0]?.toUpperCase() ?? ''
  if (!isCountry(code)) throw gone(call)
  return code
}

function country(call: Call): Answer {
  return show(call, 200, 'Country', countryFields(call, countryOf(call), offeredTo(call)))
}

function numbers(call: Call): Answer {
  const code = countryOf(call)
  const type = call.caught[1] as ListType
  const query = parseForm(call.search)
  const fits = filterOf(query)
  const { page, pageSize } = readPaging(query)
  const found = offeredTo(call).filter(({ value }) => {
    const is = described(value)
    return is.country === code && is.type === type && fits(value)
  })
  const shown = found.slice(page * pageSize, (page + 1) * pageSize)
  return showAll(
    call,
    'available_phone_numbers',
    'AvailablePhoneNumber',
    shown.map(({ value }) => numberFields(value)),
  )
}

function numberFields(value: string): Fields {
  const { national, country: code } = described(value)
  return {
    friendly_name: national,
    phone_number: value,
    lata: null,
    locality: null,
    rate_center: null,
    latitude: null,
    longitude: null,
    region: null,
    postal_code: null,
    iso_country: code ?? null,
    address_requirements: 'none',
    beta: false,
    capabilities: { voice: false, sms: true, mms: false, fax: false },
  }
}

/** Nothing is known of where a number is: who asks for a place is shown none. */
const places = ['NearNumber', 'NearLatLong', 'InPostalCode', 'InRegion', 'InRateCenter', 'InLata', 'InLocality']
const wish = (query: Form, name: string): boolean | undefined => {
  const text = one(query, name)?.toLowerCase()
  return text === 'true' ? true : text === 'false' ? false : undefined
}

function filterOf(query: Form): (value: string) => boolean {
  const area = one(query, 'AreaCode')?.trim()
  if (area && !/^\d{3}$/.test(area)) throw new Refused(21451, area)
  const text = one(query, 'Contains')?.trim()
  const contains = text ? numberPattern(text) : undefined
  if (text && !contains) throw new Refused(21401, text)
  const cannot =
    places.some((name) => one(query, name)) ||
    ['MmsEnabled', 'VoiceEnabled', 'FaxEnabled'].some((name) => wish(query, name) === true) ||
    wish(query, 'SmsEnabled') === false
  return (value) => !cannot && (!area || value.startsWith(`+1${area}`)) && (!contains || contains(value))
}

/** A list without the members for paging, as Twilio has it for these. */
function showAll(call: Call, plural: string, element: string, fields: readonly Fields[]): Answer {
  const { format, path, search } = call
  const uri = search === '' ? path : `${path}?${search}`
  if (format === 'json') return { status: 200, body: JSON.stringify({ uri, [plural]: fields }) }
  const list = plural === 'countries' ? 'Countries' : 'AvailablePhoneNumbers'
  return { status: 200, body: document(elementOf(list, { [element]: fields, uri })) }
}

const needs = '/twilio/phone-numbers/available-phone-numbers'

export const availableRoutes: readonly Route[] = [
  { path: under('/AvailablePhoneNumbers'), needs, answer: verbs({ GET: countries }) },
  { path: under('/AvailablePhoneNumbers/([^/.]+)'), needs, answer: verbs({ GET: country }) },
  {
    path: under('/AvailablePhoneNumbers/([^/.]+)/(Local|Mobile|TollFree|National|Voip|SharedCost|MachineToMachine)'),
    needs,
    answer: verbs({ GET: numbers }),
  },
]

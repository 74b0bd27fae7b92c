// ShortCodes: an account's short codes, which its operator gave it: they are read and told their URLs
// here, but neither made nor released. The SID is that of the number with letters of its own.
import type { OwnNumber } from '../../src/plugin.ts'
import { rfc2822 } from './dates.ts'
import { one, parseForm } from './form.ts'
import { isLong, sorted } from './incoming.ts'
import { apiVersion } from './render.ts'
import { authorOf, gone, under, verbs, type Answer, type Call, type Route } from './resource.ts'
import { newestFirst, show, showList, type Fields } from './show.ts'
import { readFriendlyName, readWebhooks, showSms, smsParams } from './webhook-params.ts'

const element = 'ShortCode'
const names = { plural: 'short_codes', list: 'ShortCodes', element }

const shortCodeSid = ({ id }: Pick<OwnNumber, 'id'>): string => `SC${id.slice(2)}`

function fieldsOf({ account, base }: Call, code: OwnNumber): Fields {
  const sid = shortCodeSid(code)
  return {
    account_sid: account.id,
    api_version: apiVersion,
    date_created: rfc2822(code.createdAt),
    date_updated: rfc2822(code.updatedAt),
    friendly_name: code.name,
    short_code: code.value,
    sid,
    ...showSms(code.settings, null),
    uri: `${base}/Accounts/${account.id}/SMS/ShortCodes/${sid}.json`,
  }
}

const codesOf = ({ host, account }: Call): OwnNumber[] => host.numbers(account.id).filter((number) => !isLong(number))

function list(call: Call): Answer {
  const query = parseForm(call.search)
  const name = one(query, 'FriendlyName')
  const code = one(query, 'ShortCode')?.trim()
  const found = codesOf(call).filter((each) => (!name || each.name === name) && (!code || each.value === code))
  return showList(call, names, {
    items: sorted(found),
    order: ({ createdAt, id }) => newestFirst(createdAt, id),
    fields: (each) => fieldsOf(call, each),
  })
}

function own(call: Call): OwnNumber {
  const sid = call.caught[0]
  const code = codesOf(call).find((each) => shortCodeSid(each) === sid)
  if (!code) throw gone(call)
  return code
}

async function update(call: Call): Promise<Answer> {
  const { value } = own(call)
  const name = readFriendlyName(call.form)
  const change = { ...(name === undefined ? {} : { name }), settings: readWebhooks(call.form, smsParams) }
  return show(call, 200, element, fieldsOf(call, await call.host.tenancy.changeNumber(authorOf(call), call.account.id, value, change)))
}

const fetchOne = (call: Call): Answer => show(call, 200, element, fieldsOf(call, own(call)))

const needs = '/twilio/messaging/short-codes'

export const shortCodeRoutes: readonly Route[] = [
  { path: under('/SMS/ShortCodes'), needs, answer: verbs({ GET: list }) },
  { path: under('/SMS/ShortCodes/([^/.]+)'), needs, answer: verbs({ GET: fetchOne, POST: update }) },
]

// Applications: URLs under one SID, which a number's SmsApplicationSid and a message's ApplicationSid
// name instead of giving their own. They belong to an account and are found in no other.
import { z } from 'zod'
import { newSid, type Declared, type Gateway, type OwnNumber, type Resource, type Resources } from '../../src/plugin.ts'
import { rfc2822 } from './dates.ts'
import { Refused } from './errors.ts'
import { isWebhookUrl } from './endpoint.ts'
import { one, parseForm, type Form } from './form.ts'
import { apiVersion } from './render.ts'
import { authorOf, gone, under, verbs, type Answer, type Call, type Route } from './resource.ts'
import { deleted, newestFirst, show, showList, type Fields } from './show.ts'
import { readFriendlyName, readWebhooks, showSms, smsParams } from './webhook-params.ts'

const kind = 'application'
const element = 'Application'
const names = { plural: 'applications', list: 'Applications', element }
const params = { ...smsParams, smsStatusCallback: 'SmsStatusCallback', messageStatusCallback: 'MessageStatusCallback' } as const

export function findApplication(resources: Resources, sid: string | undefined): Resource | undefined {
  const found = sid ? resources.get(sid) : undefined
  return found?.kind === kind ? found : undefined
}

/** What a number is told of its application: its SID, nothing to take it away, undefined where the form says nothing. */
export function applicationSid({ host, account }: Call, form: Form): string | undefined {
  const sid = one(form, 'SmsApplicationSid')?.trim()
  if (sid && !findApplication(host.resources(account.id), sid))
    throw new Refused(20422, `SmsApplicationSid: there is no application ${sid}`)
  return sid
}

/** The settings by which what arrives for a number is delivered: those of its application, where it has one. */
export function inboundSettings(gateway: Gateway, number: OwnNumber | undefined): Readonly<Record<string, string>> {
  if (!number) return {}
  const application = findApplication(gateway.resources(), number.settings['smsApplicationSid'])
  if (!application) return number.settings
  const settings = application.settings as Readonly<Record<string, string>>
  const callback = callbackOf(application)
  return callback === undefined ? settings : { ...settings, statusCallback: callback }
}

/** Where an application hears of the status of its messages. */
export function callbackOf({ settings }: Resource): string | undefined {
  const url = settings['messageStatusCallback'] ?? settings['smsStatusCallback']
  return typeof url === 'string' ? url : undefined
}

function textOf({ settings }: Resource, name: string): string | null {
  const value = settings[name]
  return typeof value === 'string' ? value : null
}

function fieldsOf({ account, base }: Call, known: Resource): Fields {
  return {
    account_sid: account.id,
    api_version: apiVersion,
    date_created: rfc2822(known.createdAt),
    date_updated: rfc2822(known.updatedAt),
    friendly_name: textOf(known, 'friendlyName'),
    message_status_callback: textOf(known, 'messageStatusCallback'),
    sid: known.id,
    ...showSms(known.settings, null),
    sms_status_callback: textOf(known, 'smsStatusCallback'),
    status_callback: null,
    status_callback_method: 'POST',
    uri: `${base}/Accounts/${account.id}/Applications/${known.id}.json`,
    voice_caller_id_lookup: false,
    voice_fallback_method: 'POST',
    voice_fallback_url: null,
    voice_method: 'POST',
    voice_url: null,
    public_application_connect_enabled: false,
  }
}

function list(call: Call): Answer {
  const name = one(parseForm(call.search), 'FriendlyName')
  const all = [...call.host.resources(call.account.id).values()]
  const found = all.filter((each) => each.kind === kind && (!name || each.settings['friendlyName'] === name))
  return showList(call, names, {
    items: found.toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? -1 : 1)),
    order: ({ createdAt, id }) => newestFirst(createdAt, id),
    fields: (each) => fieldsOf(call, each),
  })
}

/** Laid over what is there; an empty one is removed. */
function laid(form: Form, known: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const name = readFriendlyName(form)
  const given = { ...(name === undefined ? {} : { friendlyName: name }), ...readWebhooks(form, params) }
  return Object.fromEntries(Object.entries({ ...known, ...given }).filter(([, value]) => value !== ''))
}

async function create(call: Call): Promise<Answer> {
  const { host, account, form } = call
  const settings = laid(form, {})
  const made = await host.changeResource(authorOf(call), account.id, newSid('AP'), () => ({ kind, settings }))
  if (!made) throw gone(call)
  return show(call, 201, element, fieldsOf(call, made))
}

const sidOf = ({ caught }: Call): string => caught[0] ?? ''

function fetchOne(call: Call): Answer {
  const found = findApplication(call.host.resources(call.account.id), sidOf(call))
  if (!found) throw gone(call)
  return show(call, 200, element, fieldsOf(call, found))
}

/** The application as the step finds it, which nobody changes meanwhile. */
async function change(call: Call, step: (known: Resource) => Record<string, unknown> | undefined): Promise<Resource | undefined> {
  return call.host.changeResource(authorOf(call), call.account.id, sidOf(call), (now) => {
    if (now?.kind !== kind) throw gone(call)
    const settings = step(now)
    return settings && { kind, settings }
  })
}

async function update(call: Call): Promise<Answer> {
  const changed = await change(call, (known) => laid(call.form, known.settings))
  if (!changed) throw gone(call)
  return show(call, 200, element, fieldsOf(call, changed))
}

async function remove(call: Call): Promise<Answer> {
  await change(call, () => undefined)
  return deleted
}

const needs = '/twilio/applications'

export const applicationRoutes: readonly Route[] = [
  { path: under('/Applications'), needs, answer: verbs({ GET: list, POST: create }) },
  { path: under('/Applications/([^/.]+)'), needs, answer: verbs({ GET: fetchOne, POST: update, DELETE: remove }) },
]

const url = z.string().refine(isWebhookUrl, 'expected an http or https URL such as https://example.com/sms').optional()
const method = z.enum(['GET', 'POST']).optional()

/** As a document has them. */
export const declaredApplications: Declared = {
  kind,
  prefix: 'AP',
  // Nobody has to give one a name.
  nameless: true,
  item: z.object({
    smsUrl: url,
    smsMethod: method,
    smsFallbackUrl: url,
    smsFallbackMethod: method,
    smsStatusCallback: url,
    messageStatusCallback: url,
  }),
  nameOf: ({ friendlyName }) => (typeof friendlyName === 'string' ? friendlyName : ''),
  settings({ name, item }) {
    const given = Object.entries(item as object).filter(([, value]) => value !== undefined)
    return { ...(name === '' ? {} : { friendlyName: name }), ...Object.fromEntries(given) }
  },
  written: ({ friendlyName: _friendlyName, ...settings }) => settings,
}

// Services of the messaging API: create, fetch, list, update and delete, each of exactly the account that
// asks. What goes wrong is thrown as Refused.
import { newSid, type Resource } from '../../../src/plugin.ts'
import { iso8601 } from '../dates.ts'
import { Refused } from '../errors.ts'
import { authorOf, originOf, verbs, type Answer, type Call, type Route } from '../resource.ts'
import { deleted, newestFirst, show, showMeta, type Fields } from '../show.ts'
import { settingsFrom } from './params.ts'
import { senderRoutes } from './senders.ts'
import { allServices, serviceFrom, serviceKind, serviceOf, usecases, type Service, type ServiceSettings } from './service.ts'

const needs = '/twilio/messaging/services'

const purposes: Record<ServiceSettings['usecase'], [purpose: string, description: string]> = {
  notifications: ['Notify my users', 'What users wait for: deliveries, appointments, account activity, alerts.'],
  marketing: ['Market my services', 'Offers, news and calls to action.'],
  verification: ['Verify users', 'One-time codes and other proofs that a number is somebody’s.'],
  discussion: ['Engage in a discussion', 'Conversations: customer service, couriers, chat.'],
  poll: ['Poll my audience', 'Surveys and votes.'],
  undeclared: ['Something else', 'None of these, or several.'],
}

export const serviceRoutes: readonly Route[] = [
  { path: /^\/v1\/Services$/, needs, answer: verbs({ GET: list, POST: create }) },
  { path: /^\/v1\/Services\/Usecases$/, needs, answer: verbs({ GET: listUsecases }) },
  { path: /^\/v1\/Services\/([^/]+)$/, needs, answer: verbs({ GET: fetchOne, POST: update, DELETE: remove }) },
  ...senderRoutes,
]

function fieldsOf(call: Call, { sid, account, settings, createdAt, updatedAt }: Service): Fields {
  const url = `${originOf(call)}/v1/Services/${sid}`
  return {
    sid,
    account_sid: account,
    friendly_name: settings.friendlyName,
    date_created: iso8601(createdAt),
    date_updated: iso8601(updatedAt),
    inbound_request_url: settings.inboundRequestUrl ?? null,
    inbound_method: settings.inboundMethod,
    fallback_url: settings.fallbackUrl ?? null,
    fallback_method: settings.fallbackMethod,
    status_callback: settings.statusCallback ?? null,
    sticky_sender: settings.stickySender,
    mms_converter: settings.mmsConverter,
    smart_encoding: settings.smartEncoding,
    scan_message_content: settings.scanMessageContent,
    fallback_to_long_code: settings.fallbackToLongCode,
    area_code_geomatch: settings.areaCodeGeomatch,
    synchronous_validation: settings.synchronousValidation,
    validity_period: settings.validityPeriod,
    url,
    links: { phone_numbers: `${url}/PhoneNumbers`, short_codes: `${url}/ShortCodes`, alpha_senders: `${url}/AlphaSenders` },
    usecase: settings.usecase,
    us_app_to_person_registered: false,
    use_inbound_webhook_on_number: settings.useInboundWebhookOnNumber,
  }
}

const shown = (call: Call, status: number, service: Service): Answer => show(call, status, 'Service', fieldsOf(call, service))

function list(call: Call): Answer {
  const items = allServices(call.host.resources(call.account.id)).toSorted((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1))
  return showMeta(call, 'services', { items, order: orderOf, fields: (service) => fieldsOf(call, service) })
}

const orderOf = ({ createdAt, sid }: Service): string => newestFirst(createdAt, sid)

async function create(call: Call): Promise<Answer> {
  const settings = settingsFrom(call.form, undefined)
  const sid = newSid('MG')
  return shown(call, 201, mustBe(call, await call.host.changeResource(authorOf(call), call.account.id, sid, () => kept(settings))))
}

function fetchOne(call: Call): Answer {
  const service = serviceOf(call.host.resources(call.account.id), call.caught[0] ?? '')
  if (!service) throw new Refused(20404, call.path)
  return shown(call, 200, service)
}

async function update(call: Call): Promise<Answer> {
  const changed = await call.host.changeResource(authorOf(call), call.account.id, call.caught[0] ?? '', (now) =>
    kept(settingsFrom(call.form, mustBe(call, now).settings)),
  )
  return shown(call, 200, mustBe(call, changed))
}

async function remove(call: Call): Promise<Answer> {
  await call.host.changeResource(authorOf(call), call.account.id, call.caught[0] ?? '', (now) => void mustBe(call, now))
  return deleted
}

function listUsecases(call: Call): Answer {
  const told = usecases.map((usecase) => ({ usecase, purpose: purposes[usecase][0], description: purposes[usecase][1] }))
  return show(call, 200, 'Usecases', { usecases: told })
}

const kept = (settings: ServiceSettings): Pick<Resource, 'kind' | 'settings'> => ({ kind: serviceKind, settings })

/** The service that the path names, as a change finds it or leaves it. */
function mustBe(call: Call, resource: Resource | undefined): Service {
  const service = resource && serviceFrom(resource)
  if (!service) throw new Refused(20404, call.path)
  return service
}

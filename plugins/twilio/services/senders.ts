// The pool of a service: PhoneNumbers, ShortCodes and AlphaSenders. A number is in one service at most; one
// that its account gave up since is in none.
import { alphanumericSender, newSid, type OwnNumber, type Resource } from '../../../src/plugin.ts'
import { countryReached } from '../countries.ts'
import { iso8601 } from '../dates.ts'
import { Refused } from '../errors.ts'
import { one } from '../form.ts'
import { authorOf, originOf, verbs, type Answer, type Call, type Route } from '../resource.ts'
import { deleted, oldestFirst, show, showMeta, type Fields } from '../show.ts'
import { allServices, mostSenders, sameNumber, serviceFrom, serviceKind, serviceOf, type Sender, type Service } from './service.ts'

/** One of the three lists of a service. */
interface Shelf {
  kind: Sender['kind']
  /** In the path. */
  name: string
  /** In lists. */
  key: string
  element: string
  /** The parameter that says what to add. */
  adds: string
  find(call: Call, text: string): Pick<Sender, 'sid' | 'value'>
  fields(sender: Sender, number: OwnNumber | undefined): Fields
}

const shelves: readonly Shelf[] = [
  {
    kind: 'phone',
    name: 'PhoneNumbers',
    key: 'phone_numbers',
    element: 'PhoneNumber',
    adds: 'PhoneNumberSid',
    find: (call, sid) => numberCalled(call, sid, 'PN', '/PhoneNumbers'),
    fields: ({ value }) => ({ phone_number: value, country_code: countryReached(value) ?? null, capabilities: ['SMS'] }),
  },
  {
    kind: 'short',
    name: 'ShortCodes',
    key: 'short_codes',
    element: 'ShortCode',
    adds: 'ShortCodeSid',
    find: (call, sid) => numberCalled(call, sid, 'SC', '/ShortCodes'),
    fields: ({ value }, number) => ({ short_code: value, country_code: number?.settings['country'] ?? null, capabilities: ['SMS'] }),
  },
  {
    kind: 'alpha',
    name: 'AlphaSenders',
    key: 'alpha_senders',
    element: 'AlphaSender',
    adds: 'AlphaSender',
    find(_call, text) {
      const address = alphanumericSender(text.trim())
      if (!address) throw new Refused(21709, text)
      return { sid: newSid('AI'), value: address.value }
    },
    fields: ({ value }) => ({ alpha_sender: value, capabilities: ['SMS'] }),
  },
]

/** Who may make services need not be one who may fill their pools. */
function needsOf({ name }: Shelf): string {
  return `/twilio/messaging/services.${name.toLowerCase()}`
}

export const senderRoutes: readonly Route[] = shelves.flatMap((shelf) => [
  {
    path: new RegExp(`^/v1/Services/([^/]+)/${shelf.name}$`),
    needs: needsOf(shelf),
    answer: verbs({ GET: (call) => list(call, shelf), POST: (call) => add(call, shelf) }),
  },
  {
    path: new RegExp(`^/v1/Services/([^/]+)/${shelf.name}/([^/]+)$`),
    needs: needsOf(shelf),
    answer: verbs({ GET: (call) => fetchOne(call, shelf), DELETE: (call) => remove(call, shelf) }),
  },
])

/** A number of the account by its SID; short codes have SC before the same digits. */
function numberCalled({ host, account }: Call, sid: string, prefix: 'PN' | 'SC', where: string): Pick<Sender, 'sid' | 'value'> {
  const isShort = prefix === 'SC'
  const found = sid.startsWith(prefix)
    ? host.numbers(account.id).find(({ id, value }) => sameNumber(id, sid) && value.startsWith('+') !== isShort)
    : undefined
  if (!found) throw new Refused(20404, `${where}/${sid}`)
  return { sid, value: found.value }
}

type Numbers = ReadonlyMap<string, OwnNumber>

const numbersOf = ({ host, account }: Call): Numbers => new Map(host.numbers(account.id).map((number) => [number.value, number]))

/** Whether a sender is still the account's. */
function isOwn(numbers: Numbers, { kind, sid, value }: Sender): boolean {
  const number = numbers.get(value)
  return kind === 'alpha' || (number !== undefined && sameNumber(number.id, sid))
}

function serviceAsked(call: Call): Service {
  const service = serviceOf(call.host.resources(call.account.id), call.caught[0] ?? '')
  if (!service) throw new Refused(20404, call.path)
  return service
}

function fieldsOf(call: Call, shelf: Shelf, service: Service, sender: Sender, numbers: Numbers): Fields {
  const { sid, at, value } = sender
  return {
    sid,
    account_sid: service.account,
    service_sid: service.sid,
    date_created: iso8601(at),
    date_updated: iso8601(at),
    ...shelf.fields(sender, numbers.get(value)),
    url: `${originOf(call)}/v1/Services/${service.sid}/${shelf.name}/${sid}`,
  }
}

function list(call: Call, shelf: Shelf): Answer {
  const service = serviceAsked(call)
  const numbers = numbersOf(call)
  const order = ({ at, sid }: Sender): string => oldestFirst(at, sid)
  const items = service.settings.senders
    .filter((sender) => sender.kind === shelf.kind && isOwn(numbers, sender))
    .toSorted((a, b) => (order(a) < order(b) ? -1 : 1))
  return showMeta(call, shelf.key, { items, order, fields: (sender) => fieldsOf(call, shelf, service, sender, numbers) })
}

function fetchOne(call: Call, shelf: Shelf): Answer {
  const service = serviceAsked(call)
  const numbers = numbersOf(call)
  const sender = service.settings.senders.find(({ kind, sid }) => kind === shelf.kind && sid === call.caught[1])
  if (!sender || !isOwn(numbers, sender)) throw new Refused(20404, call.path)
  return show(call, 200, shelf.element, fieldsOf(call, shelf, service, sender, numbers))
}

async function add(call: Call, shelf: Shelf): Promise<Answer> {
  const { host, account } = call
  const service = serviceAsked(call)
  const text = one(call.form, shelf.adds)
  if (!text) throw shelf.kind === 'alpha' ? new Refused(21708) : new Refused(20422, `${shelf.adds}: required`)
  const sender: Sender = { kind: shelf.kind, ...shelf.find(call, text), at: host.clock.now() }
  const numbers = numbersOf(call)
  await change(call, service.sid, (now) => {
    const others = now.settings.senders.filter((known) => isOwn(numbers, known))
    if (others.some(({ kind, value }) => kind === shelf.kind && value === sender.value)) throw new Refused(21710, sender.value)
    if (shelf.kind !== 'alpha' && isElsewhere(call, now.sid, sender)) throw new Refused(21712, sender.value)
    if (others.length >= mostSenders) throw new Refused(21714, String(mostSenders))
    return [...others, sender]
  })
  const changed = serviceOf(host.resources(account.id), service.sid) ?? service
  return show(call, 201, shelf.element, fieldsOf(call, shelf, changed, sender, numbers))
}

/** In the pool of another service of the account. */
function isElsewhere({ host, account }: Call, service: string, sender: Sender): boolean {
  return allServices(host.resources(account.id)).some(
    ({ sid, settings }) => sid !== service && settings.senders.some((other) => other.kind === sender.kind && other.sid === sender.sid),
  )
}

async function remove(call: Call, shelf: Shelf): Promise<Answer> {
  const service = serviceAsked(call)
  const numbers = numbersOf(call)
  await change(call, service.sid, ({ settings: { senders } }) => {
    const left = senders.filter((sender) => sender.kind !== shelf.kind || sender.sid !== call.caught[1] || !isOwn(numbers, sender))
    if (left.length === senders.length) throw new Refused(20404, call.path)
    return left
  })
  return deleted
}

async function change(call: Call, sid: string, step: (now: Service) => readonly Sender[]): Promise<Resource | undefined> {
  const { host, account } = call
  return await host.changeResource(authorOf(call), account.id, sid, (resource) => {
    const service = resource && serviceFrom(resource)
    if (!service) throw new Refused(20404, call.path)
    return { kind: serviceKind, settings: { ...service.settings, senders: step(service) } }
  })
}

// The Accounts resource: an account with its token, those right below it, a new one, its name and its
// status. Whoever may act on an account sees its token, since Twilio's clients go on with it; a key does
// not learn that of its own account, or it could not be revoked.
import type { Account, AccountStatus } from '../../src/plugin.ts'
import { rfc2822 } from './dates.ts'
import { Refused } from './errors.ts'
import { one, parseForm } from './form.ts'
import { authorOf, under, verbs, type Answer, type Call, type Route } from './resource.ts'
import { oldestFirst, show, showList, type Fields } from './show.ts'

export const accountRoutes: readonly Route[] = [
  { path: /^\/Accounts$/, needs: 'main', answer: verbs({ GET: list, POST: create }) },
  { path: under(''), needs: 'main', answer: verbs({ GET: fetch, POST: update }) },
]

/** Characters, as Twilio has it. */
const longestName = 64
const statuses: ReadonlySet<string> = new Set<AccountStatus>(['active', 'suspended', 'closed'])

const subresources = {
  available_phone_numbers: 'AvailablePhoneNumbers',
  incoming_phone_numbers: 'IncomingPhoneNumbers',
  messages: 'Messages',
  short_codes: 'SMS/ShortCodes',
  applications: 'Applications',
  keys: 'Keys',
  signing_keys: 'SigningKeys',
  usage: 'Usage/Records',
  balance: 'Balance',
}

function fieldsOf({ base }: Call, account: Account, token: string | null): Fields {
  const uri = `${base}/Accounts/${account.id}`
  return {
    sid: account.id,
    friendly_name: account.name,
    type: 'Full',
    status: account.status,
    date_created: rfc2822(account.createdAt),
    date_updated: rfc2822(account.updatedAt),
    auth_token: token,
    owner_account_sid: account.parent ?? account.id,
    uri: `${uri}.json`,
    subresource_uris: Object.fromEntries(Object.entries(subresources).map(([name, path]) => [name, `${uri}/${path}.json`])),
  }
}

function shown(call: Call, account: Account): Fields {
  const { key, account: own } = call.identity
  return fieldsOf(call, account, key && account.id === own.id ? null : account.token)
}

function fetch(call: Call): Answer {
  return show(call, 200, 'Account', shown(call, call.account))
}

/** The account first, then those right below it by age. */
function list(call: Call): Answer {
  const query = parseForm(call.search)
  const name = one(query, 'FriendlyName')
  const status = one(query, 'Status')
  if (status && !statuses.has(status)) throw new Refused(20422, `Status: active, suspended or closed expected, got ${status}`)
  const own = call.account.id
  const items = call.host.tenancy
    .accounts(authorOf(call), own)
    .filter((each) => (!name || each.name === name) && (!status || each.status === status))
    .map((account) => ({ account, order: (account.id === own ? '0' : '1') + oldestFirst(account.createdAt, account.id) }))
    .toSorted((a, b) => (a.order < b.order ? -1 : 1))
  return showList(
    call,
    { plural: 'accounts', list: 'Accounts', element: 'Account' },
    { items, order: ({ order }) => order, fields: ({ account }) => shown(call, account) },
  )
}

function nameIn({ form }: Call): string | undefined {
  const name = one(form, 'FriendlyName')
  if (name !== undefined && [...name].length > longestName) throw new Refused(20002, `at most ${longestName} characters are taken`)
  return name
}

async function create(call: Call): Promise<Answer> {
  const given = nameIn(call)
  // `2010-06-09 07:28`, as Twilio names what has no name.
  const now = new Date(call.host.clock.now()).toISOString().slice(0, 16).replace('T', ' ')
  const made = await call.host.tenancy.createAccount(authorOf(call), call.account.id, given ? given : `SubAccount Created at ${now}`)
  return show(call, 201, 'Account', fieldsOf(call, made, made.token))
}

async function update(call: Call): Promise<Answer> {
  const { account, form } = call
  const name = nameIn(call)
  if (name === '') throw new Refused(20002, 'it is empty')
  const status = one(form, 'Status')
  if (status) mayBecome(call, status)
  if (name === undefined && !status) return fetch(call)
  const changed = await call.host.tenancy.changeAccount(authorOf(call), account.id, {
    ...(name === undefined ? {} : { name }),
    ...(status ? { status: status as AccountStatus } : {}),
  })
  return show(call, 200, 'Account', shown(call, changed))
}

/** Only who is above an account opens and closes it, and only below one that is active itself; closed is for good. */
function mayBecome({ account, host, identity }: Call, status: string): void {
  if (!statuses.has(status)) throw new Refused(21475, status)
  if (account.parent === undefined || account.id === identity.account.id) throw new Refused(21477)
  if (host.account(account.parent)?.status !== 'active') throw new Refused(21476)
  if (account.status === 'closed' && status !== 'closed') throw new Refused(21475, `${status} after closed`)
}

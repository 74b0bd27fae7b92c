// Keys and SigningKeys, which are the same keys under two names, and Keys of `/v1/`, where a restricted
// one is made and its permissions are shown. The secret is in the answer that made it and in none after it.
import { isPermission, type Account, type AccountId, type KeyChange, type KeyKind, type KeyView } from '../../src/plugin.ts'
import { rfc2822 } from './dates.ts'
import { Refused } from './errors.ts'
import { one, parseForm } from './form.ts'
import { authorOf, under, verbs, type Answer, type Call, type Route } from './resource.ts'
import { deleted, oldestFirst, show, showList, showMeta, type Fields } from './show.ts'

export const keyRoutes: readonly Route[] = [
  ...ofKind('Keys', 'keys', 'Key'),
  ...ofKind('SigningKeys', 'signing_keys', 'SigningKey'),
  { path: /^\/v1\/Keys$/, needs: 'main', answer: verbs({ GET: listNewer, POST: createNewer }) },
  { path: /^\/v1\/Keys\/([^/]+)$/, needs: 'main', answer: verbs({ GET: fetchNewer, POST: updateNewer, DELETE: removeNewer }) },
]

/** Characters, as Twilio has it. */
const longestName = 64

function ofKind(list: string, plural: string, element: string): Route[] {
  const shown = (call: Call, status: number, key: KeyView, more: Fields = {}): Answer =>
    show(call, status, element, { ...fieldsOf(key), ...more })
  return [
    {
      path: under(`/${list}`),
      needs: 'main',
      answer: verbs({
        GET: (call) => showList(call, { plural, list, element }, { items: keysOf(call), order, fields: fieldsOf }),
        // Twilio passes over a KeyType here without a word.
        POST: async (call) => {
          const { key, secret } = await make(call, call.account.id, 'standard', named(call))
          return shown(call, 201, key, { secret })
        },
      }),
    },
    {
      path: under(`/${list}/([^/.]+)`),
      needs: 'main',
      answer: verbs({
        GET: (call) => shown(call, 200, keyOf(call)),
        POST: async (call) => shown(call, 200, await change(call, call.account.id, named(call))),
        DELETE: (call) => remove(call, call.account.id),
      }),
    },
  ]
}

function fieldsOf({ id, name, createdAt, updatedAt }: KeyView): Fields {
  return {
    sid: id,
    friendly_name: name === '' ? null : name,
    date_created: rfc2822(createdAt),
    date_updated: rfc2822(updatedAt),
  }
}

function newerFields(key: KeyView): Fields {
  return { ...fieldsOf(key), policy: key.kind === 'restricted' ? { allow: key.allow } : null }
}

const order = ({ id, createdAt }: KeyView): string => oldestFirst(createdAt, id)

/** In the order of `order`. */
function keysOf(call: Call, account: AccountId = call.account.id): KeyView[] {
  return call.host.tenancy.credentials.keys(authorOf(call), account).toSorted((a, b) => (order(a) < order(b) ? -1 : 1))
}

function keyOf(call: Call, account?: AccountId): KeyView {
  const sid = caughtSid(call)
  const key = keysOf(call, account).find(({ id }) => id === sid)
  if (!key) throw new Refused(20404, call.path)
  return key
}

function caughtSid({ caught, path }: Call): string {
  const sid = caught[0] ?? ''
  if (!/^SK[0-9a-f]{32}$/.test(sid)) throw new Refused(20404, path)
  return sid
}

function named({ form }: Call): KeyChange {
  const name = one(form, 'FriendlyName')
  if (name === undefined) return {}
  if ([...name].length > longestName) throw new Refused(70001, `FriendlyName has more than ${longestName} characters`)
  return { name }
}

function make(call: Call, account: AccountId, kind: KeyKind, input: KeyChange): Promise<{ key: KeyView; secret: string }> {
  return call.host.tenancy.credentials.createKey(authorOf(call), account, kind, input)
}

function change(call: Call, account: AccountId, input: KeyChange): Promise<KeyView> {
  return call.host.tenancy.credentials.changeKey(authorOf(call), account, caughtSid(call), input)
}

async function remove(call: Call, account: AccountId): Promise<Answer> {
  await call.host.tenancy.credentials.revokeKey(authorOf(call), account, caughtSid(call))
  return deleted
}

/** Of the parameter AccountSid; the caller's own without it. */
function meant(call: Call): Account {
  const sid = one(call.form, 'AccountSid') ?? one(parseForm(call.search), 'AccountSid')
  if (!sid) return call.account
  const account = call.identity.may(sid) ? call.host.account(sid) : undefined
  if (!account) throw new Refused(20003)
  return account
}

function listNewer(call: Call): Answer {
  const fields = (key: KeyView): Fields => ({ ...newerFields(key), flags: ['rest_api', 'signing'] })
  return showMeta(call, 'keys', { items: keysOf(call, meant(call).id), order, fields })
}

async function createNewer(call: Call): Promise<Answer> {
  const type = one(call.form, 'KeyType') ?? ''
  if (type !== '' && type !== 'restricted') throw new Refused(70001, `KeyType: only restricted is possible, got ${type}`)
  const allow = policyIn(call)
  if (type === 'restricted' && !allow) throw new Refused(70001, 'Policy is missing')
  const kind: KeyKind = type === 'restricted' ? 'restricted' : 'standard'
  const { key, secret } = await make(call, meant(call).id, kind, { ...named(call), ...(kind === 'restricted' && allow ? { allow } : {}) })
  return show(call, 201, 'Key', { ...newerFields(key), secret })
}

function fetchNewer(call: Call): Answer {
  return show(call, 200, 'Key', newerFields(keyOf(call, meant(call).id)))
}

async function updateNewer(call: Call): Promise<Answer> {
  const account = meant(call).id
  const allow = policyIn(call)
  if (allow && keyOf(call, account).kind !== 'restricted') throw new Refused(70001, 'Policy is for restricted keys')
  return show(call, 200, 'Key', newerFields(await change(call, account, { ...named(call), ...(allow ? { allow } : {}) })))
}

function removeNewer(call: Call): Promise<Answer> {
  return remove(call, meant(call).id)
}

/** `{"allow":["/twilio/messaging/messages/create"]}` */
function policyIn({ form }: Call): string[] | undefined {
  const text = one(form, 'Policy')
  if (!text) return undefined
  let policy: unknown
  try {
    policy = JSON.parse(text)
  } catch {
    throw new Refused(70001, 'Policy is no JSON')
  }
  const allow: unknown = typeof policy === 'object' && policy !== null && 'allow' in policy ? policy.allow : undefined
  if (!Array.isArray(allow) || allow.length === 0) throw new Refused(70001, 'Policy: {"allow":[…]} expected, with at least one permission')
  const bad: unknown = allow.find((name) => typeof name !== 'string' || !isPermission(name))
  if (bad !== undefined) throw new Refused(70002, typeof bad === 'string' ? bad : JSON.stringify(bad))
  return allow as string[]
}

// `signalbox sip`: who is registered, and what passes on the wire of a SIP bind.
import type { RegistrationAnswer } from '../http/api/registrations.ts'
import { Told, type Client } from './client.ts'
import { pdus, type PdusOptions } from './pdus.ts'
import { bindName, query, table } from './print.ts'

interface RegistrationOptions {
  account?: string
  user?: string
  json?: boolean
}

type Page = { registrations: RegistrationAnswer[]; next?: string }

export async function registrations(client: Client, { account, user, json }: RegistrationOptions): Promise<string> {
  const all: RegistrationAnswer[] = []
  for (let cursor: string | undefined; ;) {
    const page = await client.request<Page>('GET', `/api/v1/sip/registrations${query({ account, user, cursor, limit: '1000' })}`)
    all.push(...page.registrations)
    if (page.next === undefined) break
    cursor = page.next
  }
  if (json) return JSON.stringify(all, undefined, 2)
  const now = Date.now()
  return table(
    ['user', 'bind', 'profile', 'by', 'from', 'contact', 'for s', 'phone'],
    all.map((each) => [
      each.user,
      bindName(each.bind, account ?? client.accountSid),
      each.profile,
      each.transport,
      each.remote,
      each.contact,
      Math.max(0, Math.round((Date.parse(each.expiresAt) - now) / 1000)),
      each.agent ?? '',
    ]),
    'Nobody is registered.',
  )
}

type TraceOptions = Omit<PdusOptions, 'bind' | 'follow'>

/** `which`: the id of a bind, or a user. Absent: the only SIP bind there is. */
export async function sipTrace(client: Client, which: string | undefined, options: TraceOptions): Promise<string> {
  const bind = await bindMeant(client, which, options.account)
  return await pdus(client, { ...options, bind, follow: true })
}

interface Bind {
  bind: string
  connector: string
  config?: { user?: string; domain?: string }
}

async function bindMeant(client: Client, which: string | undefined, account: string | undefined): Promise<string> {
  if (which?.includes('/')) return which
  const { binds } = await client.request<{ binds: Bind[] }>('GET', `/api/v1/binds${query({ account })}`)
  const ours = binds.filter(({ connector }) => connector === 'sip')
  const [user = '', domain] = (which ?? '').toLowerCase().split('@')
  const found = ours.filter(
    ({ bind, config }) =>
      which === undefined ||
      bind.endsWith(`/${which}`) ||
      (config?.user?.toLowerCase() === user && (domain === undefined || (config.domain?.toLowerCase() ?? domain) === domain)),
  )
  if (found.length === 1) return found[0]!.bind
  const names = ours.map(({ bind }) => bindName(bind, account ?? client.accountSid)).join(', ')
  if (ours.length === 0) throw new Told('There is no SIP bind in this account.')
  throw new Told(which === undefined ? `Say which of ${names}.` : `There is no SIP bind ${which}; there are ${names}.`)
}

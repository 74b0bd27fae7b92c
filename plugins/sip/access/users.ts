// Users of a profile: who an address of record is, and whether a request really is from that user.
// A domain belongs to one account, and only that account's client binds are users in it. No domain,
// no user and a wrong password look alike: the same work, the same challenge.
import { plainAddress, type Gateway, type Host, type Logger } from '../../../src/plugin.ts'
import { readNameAddr, readUri } from '../codec/index.ts'
import type { Incoming, Reply } from '../engine/engine.ts'
import type { MessageSettings, Profile, RegistrarSettings } from '../profile/types.ts'
import { readAuth } from './auth-header.ts'
import type { Digest } from './digest.ts'
import type { Guard } from './guard.ts'
import type { Known, Peer } from './peer.ts'
import { refused, refusedStranger, suspended } from './refusals.ts'

/** What is read of the settings of a client bind that is a user. */
export interface UserSettings extends Partial<MessageSettings> {
  user: string
  /** Absent: every domain of the bind's account; then it claims `user@`. */
  domain?: string
  password: string
  contacts?: RegistrarSettings['contacts']
}

/** An address of record. Everything in lower case. */
export interface Aor {
  user: string
  domain: string
  /** `alice@acme.example` */
  name: string
}

export interface Users {
  find(aor: Aor): Peer | undefined
  /** A user of that AOR, or who `credentials` name in the same domain where nobody has it; or what is answered. */
  authenticate(request: Incoming, aor: Aor): Known
}

const connector = 'sip'

export function createUsers(parts: { host: Host; profile: Profile; digest: Digest; guard: Guard; log: Logger }): Users {
  const { host, profile, digest, guard, log } = parts
  /** Of binds that say something otherwise, by their settings. */
  const termsOtherwise = new WeakMap<UserSettings, MessageSettings>()

  function termsFor(settings: UserSettings): MessageSettings {
    if (!saysOtherwise(settings)) return profile.messages
    let terms = termsOtherwise.get(settings)
    if (!terms) termsOtherwise.set(settings, (terms = termsOf(profile.messages, settings)))
    return terms
  }

  function find({ user, domain, name }: Aor): Peer | undefined {
    if (!Object.hasOwn(profile.domains, domain)) return undefined
    const account = profile.domains[domain]!
    const gateway = ownOf(host.claimed(connector, name), account) ?? ownOf(host.claimed(connector, `${user}@`), account)
    if (!gateway) return undefined
    return { kind: 'aor', name, gateway, terms: termsFor(settingsOf(gateway)), profile }
  }

  function wrong(request: Incoming, aor: Aor, address: string): void {
    const isBanned = guard.failed(address)
    log.info({ aor: aor.name, address, method: request.method }, 'a password is wrong, or there is no such user')
    if (isBanned) log.warn({ address, seconds: profile.safety.ban.forSeconds }, 'banned: too many wrong passwords')
  }

  return {
    find,
    authenticate(request, aor) {
      const { method, headers, body, flow } = request
      const isRegister = method === 'REGISTER'
      const found = find(aor)
      if (isRegister && profile.auth.register === 'trust') {
        if (!found) return { reply: refusedStranger(404, 'there is no such user') }
        return admitted(host, found)
      }
      const meant = found || isRegister ? { user: found, aor } : namedByCredentials(request, aor, find)
      const address = plainAddress(flow.remote.address)
      const verdict = digest.check({
        method,
        headers,
        body,
        address,
        realm: aor.domain,
        names: [meant.aor.user, meant.aor.name],
        password: meant.user && settingsOf(meant.user.gateway).password,
      })
      if (verdict.kind === 'bad') return { reply: refusedStranger(400, verdict.why) }
      if (verdict.kind === 'right' && meant.user) {
        if (!isSameUser(verdict.uri, request.uri)) return { reply: refused(400, 'the uri of the credentials is not the Request-URI') }
        return admitted(host, meant.user)
      }
      if (verdict.kind === 'wrong') wrong(request, meant.aor, address)
      const by = isRegister ? 'registrar' : 'proxy'
      const reply: Reply = {
        status: isRegister ? 401 : 407,
        headers: digest.challenge(by, aor.domain, address, verdict.kind === 'stale'),
        // Whoever guesses is heard once: a repeat is no second guess.
        fleeting: verdict.kind !== 'wrong',
      }
      return { reply }
    },
  }
}

/** Of those that go by a name, the one of this account. */
function ownOf(claimed: readonly Gateway[], account: string): Gateway | undefined {
  for (const gateway of claimed) if (gateway.bind.account === account) return gateway
}

/** Of a client bind that is a user. */
export const settingsOf = (gateway: Gateway): UserSettings => gateway.bind.config as UserSettings

function saysOtherwise(settings: UserSettings): boolean {
  for (const key of otherwise) if (settings[key] !== undefined) return true
  return false
}

const otherwise = [
  'dialect',
  'defaultCoding',
  'accept',
  'answer',
  'receipts',
  'repeatsWithinSeconds',
  'passHeaders',
  'ims',
] as const satisfies readonly (keyof MessageSettings)[]

/** The profile's, where the bind says nothing. */
export function termsOf(profile: MessageSettings, bind: Partial<MessageSettings>): MessageSettings {
  const passHeaders = bind.passHeaders ?? profile.passHeaders
  const ims = bind.ims ?? profile.ims
  return {
    dialect: bind.dialect ?? profile.dialect,
    defaultCoding: bind.defaultCoding ?? profile.defaultCoding,
    accept: bind.accept ?? profile.accept,
    answer: bind.answer ?? profile.answer,
    receipts: bind.receipts ?? profile.receipts,
    repeatsWithinSeconds: bind.repeatsWithinSeconds ?? profile.repeatsWithinSeconds,
    ...(passHeaders === undefined ? {} : { passHeaders }),
    ...(ims === undefined ? {} : { ims }),
  }
}

export function admitted(host: Host, peer: Peer): Known {
  return host.account(peer.gateway.bind.account)?.status === 'active' ? { peer } : { reply: suspended }
}

/** Who sends as one of the account's numbers has a From that is no user; the credentials say who it is. */
function namedByCredentials(request: Incoming, aor: Aor, find: Users['find']): { user: Peer | undefined; aor: Aor } {
  for (const header of ['proxy-authorization', 'authorization']) {
    for (const value of request.headers.all(header)) {
      const read = readAuth(value)
      if (read === 'bad' || read === 'other' || read.get('realm')?.toLowerCase() !== aor.domain) continue
      const user = read.get('username')?.toLowerCase().replace(`@${aor.domain}`, '')
      if (user === undefined || user === '') continue
      const named = { user, domain: aor.domain, name: `${user}@${aor.domain}` }
      return { user: find(named), aor: named }
    }
  }
  return { user: undefined, aor }
}

/** Credentials are for one Request-URI; a proxy on the way may have changed its host and parameters, not its user. */
function isSameUser(a: string, b: string): boolean {
  if (a === b) return true
  const [one, other] = [readUri(a), readUri(b)]
  return one !== undefined && other !== undefined && one.user === other.user
}

/** Of From or To. Undefined: no URI with a host (a `tel:`), or malformed. */
export function readAor(field: string | undefined): Aor | undefined {
  const uri = field === undefined ? undefined : readNameAddr(field)?.uri
  const read = uri === undefined ? undefined : readUri(uri)
  if (!read || read.host === '') return undefined
  const user = (read.user ?? '').toLowerCase()
  return { user, domain: read.host, name: `${user}@${read.host}` }
}

/** Of a name as an Aor has it. */
export function aorOf(name: string): Aor {
  const at = name.lastIndexOf('@')
  return { user: name.slice(0, at), domain: name.slice(at + 1), name }
}

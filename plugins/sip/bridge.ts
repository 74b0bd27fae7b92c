// The bridge while the gateway runs: profiles as their files say, trunks as binds want them. A file
// that changes restarts its own profile and no other; a trunk that changes is dialled anew, and no
// listener notices.
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import {
  type AccountId,
  type BindId,
  Failure,
  type Gateway,
  type Host,
  isPrivateAddress,
  type Registration,
  type Session,
} from '../../src/plugin.ts'
import { createDigestClient, type Peer, termsOf } from './access/index.ts'
import { createDomains } from './domains.ts'
import { createResolve, type Resolve } from './engine/resolve.ts'
import { createHops, type Hops } from './hops.ts'
import { createBack, createIms } from './ims/index.ts'
import { createDirectory, createInbound, createOpenSession, type Ims } from './message/index.ts'
import type { Check } from './profile/read.ts'
import { imsOf, inlineTrunk } from './profile/trunk-schema.ts'
import type { MessageSettings, Trunk } from './profile/types.ts'
import { watchProfiles, type Change, type InForce, type Watched } from './profile/watch.ts'
import { registered } from './registered.ts'
import { runProfile, type Running } from './running.ts'
import type { SipConfig } from './settings.ts'
import { createTrunkAnswers, type TrunkAnswers } from './trunk-answers.ts'
import { openTrunkSession, type TrunkSession } from './trunk-session.ts'
import { createTrunks } from './trunks.ts'

export interface BridgeOptions {
  /** sip-profiles/ */
  directory: string
  check: Check
  /** Where registrations are kept over a restart; undefined: nowhere. */
  data?: string
}

/** A trunk that a bind is, as it stands. */
export interface LiveTrunk {
  bind: BindId
  hops: Hops
  answers: TrunkAnswers
}

export interface Bridge {
  /** Undefined: there is no directory of profiles. By name. */
  profiles(): ReadonlyMap<string, Running>
  trunks(): Iterable<LiveTrunk>
  registrations(): Iterable<Registration>
  /** Every domain that this account has in a profile. */
  domains(account: AccountId): readonly string[]
  dial(gateway: Gateway, signal: AbortSignal): Promise<Session>
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean
  /** Nobody new comes in; sessions go on. */
  refuse(): void
  /** When the sessions are gone. */
  close(): Promise<void>
}

const none: InForce = { profiles: new Map(), trunks: new Map() }

/** Resolves when every profile listens, or is known not to. */
export async function openBridge(host: Host, options: BridgeOptions): Promise<Bridge> {
  const { clock } = host
  const log = host.log.child({ listener: 'sip' })
  const running = new Map<string, Running>()
  const trunks = createTrunks()
  const resolve: Resolve = createResolve({ clock })
  const domains = createDomains({ host, running })
  const directory = createDirectory(host, domains.of)
  const engineOf = (profile: string) => {
    const it = running.get(profile)
    return it?.why === undefined ? it?.engine : undefined
  }
  const back = createBack({ engine: engineOf, contacts: (profile, aor) => running.get(profile)?.registrar.contacts(aor) ?? [] })
  const carriesOctets = (profile: string): boolean => engineOf(profile)?.capabilities.binaryBody ?? true
  const ims: Ims = createIms({ clock, directory, back, carriesOctets })
  const inbound = createInbound({ clock, directory, ims })
  const openSession = createOpenSession({ clock, engineOf, ims, elsewhere: domains.elsewhere })
  const live = new Map<TrunkSession, { of: Dialled; hops: Hops }>()
  const answersOf = new Map<BindId, TrunkAnswers>()
  let isClosing = false
  // Binds are dialled once there is a bridge. What a trunk sends before it is known by that would be challenged.
  let begin: () => void = () => {}
  let beginning: Promise<void> | undefined = new Promise((done) => (begin = done))

  async function startProfile(name: string): Promise<void> {
    const named = watched?.profiles.get(name)
    if (!named || isClosing) return
    fillDomains(named.profile.domains, named.owners, host)
    const file = options.data === undefined ? undefined : join(options.data, `registrations-${name}`)
    running.set(
      name,
      await runProfile({ host, named, openSession, inbound, trunksAt: trunks.at, file, changed: () => {}, held: () => beginning }),
    )
    domains.changed()
  }

  async function changed({ profiles, changedProfiles, changedTrunks }: Change): Promise<void> {
    for (const name of changedProfiles) {
      for (const [session, { of }] of live) if (of.trunk.profile === name) session.end('its profile was changed')
      await running.get(name)?.stop()
      running.delete(name)
      domains.changed()
    }
    for (const name of changedProfiles) if (profiles.has(name)) await startProfile(name)
    for (const [session, { of }] of live) if (of.name !== undefined && changedTrunks.has(of.name)) session.end('its trunk was changed')
    log.info({ profiles: [...changedProfiles], trunks: [...changedTrunks] }, 'changed profiles are in force')
  }

  const watched: Watched | undefined = await watchProfiles({
    source: { directory: options.directory, check: options.check },
    log,
    changed,
  })
  if (!watched) log.info({ directory: options.directory }, 'there is no such directory: nothing is listened to by SIP')
  // One whose server is slow to answer (drachtio) holds up no other.
  await Promise.all([...(watched?.profiles.keys() ?? [])].map(startProfile))
  host.onChange(() => {
    for (const { named } of running.values()) fillDomains(named.profile.domains, named.owners, host)
    domains.changed()
  })

  /** Rejects with a Failure that says what is missing. */
  function dialledBy(gateway: Gateway): Dialled {
    const config = gateway.bind.config as SipConfig
    const isRoot = gateway.account().parent === undefined
    const { trunks: files } = watched ?? none
    if (config.trunk !== undefined) {
      const file = files.get(config.trunk)
      const mayUse = file?.owners.some((owner) => host.accountCalled(owner) === gateway.bind.account)
      if (!file || !mayUse) throw down(`config.trunk: there is no trunk ${config.trunk} for this account in sip-profiles/`)
      return { name: config.trunk, trunk: file.trunk, terms: termsOver(config) }
    }
    // Whoever lists an address there is taken for everything that comes from it.
    if (!isRoot && (config.addresses?.length ?? 0) > 0)
      throw new Failure('permanent', 'not-permitted', 'config.addresses: only of the root account; name a trunk of sip-profiles/ instead')
    return { name: undefined, trunk: inlineTrunk(config.profile ?? 'external', config), terms: {} }
  }

  setImmediate(() => {
    beginning = undefined
    begin()
  })
  return {
    profiles: () => running,
    *trunks() {
      for (const [bind, answers] of answersOf) {
        for (const { of, hops } of live.values()) if (of.bind === bind) yield { bind, hops, answers }
      }
    },
    *registrations() {
      for (const [listener, { named, registrar }] of running) yield* registered(host, listener, named.profile, registrar)
    },
    domains: domains.of,
    async dial(gateway, signal) {
      if (signal.aborted) throw new Failure('offline', 'bind-down', 'stopped')
      const of = dialledBy(gateway)
      const { trunk } = of
      const it = running.get(trunk.profile)
      if (!it) throw down(`there is no profile ${trunk.profile} in sip-profiles/`)
      const { profile } = it.named
      const { id } = gateway.bind
      of.bind = id
      const terms = termsOf(termsOf(profile.messages, trunk), of.terms)
      const peer: Peer = { kind: 'trunk', name: of.name ?? id, gateway, terms, profile }
      trunks.know(peer, trunk)
      signal.addEventListener('abort', () => trunks.forget(id), { once: true })
      if (it.why !== undefined) throw down(it.why)
      let answers = answersOf.get(id)
      if (!answers) answersOf.set(id, (answers = createTrunkAnswers()))
      const hops = createHops({ trunk, resolve, clock, refuses: refusal(gateway) })
      const { username, password } = trunk
      const digest = username === undefined ? undefined : createDigestClient({ username, password: password ?? '' })
      const parts = { peer, trunk, hops, engine: it.engine, clock, log: gateway.log, answers, ims }
      const session = await openTrunkSession(digest ? { ...parts, digest } : parts, signal)
      live.set(session, { of, hops })
      void session.closed.then(() => live.delete(session))
      return session
    },
    upgrade(request, socket, head) {
      for (const { engine, why } of running.values()) if (why === undefined && engine.upgrade?.(request, socket, head)) return true
      return false
    },
    refuse() {
      isClosing = true
      watched?.close()
      for (const each of running.values()) each.refuse()
    },
    async close() {
      isClosing = true
      watched?.close()
      ims.close()
      for (const session of live.keys()) session.end('the gateway stops')
      await Promise.all([...running.values()].map((each) => each.stop()))
    },
  }

  /** A tenant's trunk is not sent where its webhooks may not go either. */
  function refusal(gateway: Gateway): NonNullable<Parameters<typeof createHops>[0]['refuses']> {
    const { parent, privateWebhooks } = gateway.account()
    const config = gateway.bind.config as SipConfig
    if (parent === undefined || privateWebhooks || config.trunk !== undefined) return () => undefined
    return ({ address }) =>
      isPrivateAddress(address) ? `${address} is a private address, which trunks of this account may not be sent to` : undefined
  }
}

interface Dialled {
  /** `external/pbx`; undefined: described by the bind. */
  name: string | undefined
  trunk: Trunk
  /** What the bind says otherwise. */
  terms: Partial<MessageSettings>
  bind?: BindId
}

function termsOver({ dialect, defaultCoding, receipts, answer, passHeaders, ims }: SipConfig): Partial<MessageSettings> {
  return {
    ...(dialect === undefined ? {} : { dialect }),
    ...(defaultCoding === undefined ? {} : { defaultCoding }),
    ...(receipts === undefined ? {} : { receipts }),
    ...(answer === undefined ? {} : { answer }),
    ...(passHeaders === undefined ? {} : { passHeaders }),
    ...(ims === undefined ? {} : { ims: imsOf(ims) }),
  }
}

function down(why: string): Failure {
  return new Failure('temporary', 'bind-down', why)
}

/** What the files call accounts is looked up again with every change of the configuration. */
function fillDomains(domains: Readonly<Record<string, AccountId>>, owners: Readonly<Record<string, string>>, host: Host): void {
  const filled = domains as Record<string, AccountId>
  for (const [domain, owner] of Object.entries(owners)) {
    const account = host.accountCalled(owner)
    if (account === undefined) delete filled[domain]
    else filled[domain] = account
  }
}

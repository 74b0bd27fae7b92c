// The registrar (RFC 3261 §10.3, RFC 3327, RFC 5626): which ways lead to a user just now. A binding
// leads back by the flow that its REGISTER came by and nowhere else; it ends with its time, its
// connection, or an OPTIONS that nobody answers. While an address of record has a binding it has a
// session on its bind, so that what waits is sent. One user costs a few small objects, and all of
// them one timer.
import { plainAddress, type Clock, type Host, type Logger } from '../../../src/plugin.ts'
import { detached } from '../codec/index.ts'
import type { Flow, Incoming, Reply, SipEngine } from '../engine/engine.ts'
import type { Profile, RegistrarSettings } from '../profile/types.ts'
import { type Binding, endBinding, isByFlow, isLive, newBinding, planBindings, refreshBinding, sortBindings } from './bindings.ts'
import { createFlows } from './flows.ts'
import type { Guard } from './guard.ts'
import type { OpenSession, Peer, Registrar, UserSession } from './peer.ts'
import { createPings } from './pings.ts'
import { refusedStranger, tooManyFrom } from './refusals.ts'
import { readRegister, type Registration, type Wanted } from './register.ts'
import { openRegistrations } from './registrations-file.ts'
import { isOfSame, revivedOf, storedOf, type StoredAor } from './stored.ts'
import { registered } from './registered.ts'
import { aorOf, readAor, settingsOf, type Users } from './users.ts'
import { createWheel } from './wheel.ts'

export interface RegistrarParts {
  host: Pick<Host, 'clock' | 'log'>
  profile: Profile
  users: Users
  guard: Pick<Guard, 'request'>
  engine: Pick<SipEngine, 'send' | 'revive'>
  openSession: OpenSession
  /** Where registrations are kept over a restart; undefined: nowhere. */
  file: string | undefined
  random?: () => number
}

/** An address of record that has bindings. */
interface Entry {
  readonly aor: string
  peer: Peer
  /** That it registered with: when it is changed, the registrations go. */
  password: string
  bindings: Binding[]
  session: UserSession | undefined
}

const none: readonly Binding[] = []
/** RFC 3261 §21.5.4: while its bind takes no session. */
const busy: Reply = { status: 503, headers: ['Retry-After', '30'] }
const restoredAtOnce = 500
/** Words for the same kind of phone are kept once. */
const mostAgents = 10_000

export function createRegistrar(parts: RegistrarParts): Registrar {
  const { profile, users, guard, engine, openSession } = parts
  const settings = profile.registrar
  const toAll: RegistrarSettings = { ...settings, contacts: 'all' }
  const toFirst: RegistrarSettings = { ...settings, contacts: 'first' }
  const clock: Clock = parts.host.clock
  const log: Logger = parts.host.log
  const entries = new Map<string, Entry>()
  const agents = new Map<string, string>()
  /** Changed before what the file has is there again. */
  let early: Set<string> | undefined = new Set()
  let bindings = 0
  let isClosed = false

  const file =
    parts.file === undefined
      ? undefined
      : openRegistrations({
          path: parts.file,
          clock,
          log,
          state: (aor) => storedOf(aor, entries.get(aor)?.bindings ?? none),
          aors: () => entries.keys(),
          count: () => entries.size,
        })
  const wheel = createWheel<Binding>(clock, fallDue)
  const flows = createFlows((ended) => {
    for (const binding of ended) drop(binding, 'its connection is gone')
  })
  const pings = createPings({
    engine,
    settings,
    clock,
    ...(parts.random ? { random: parts.random } : {}),
    dead: (binding, why) => drop(binding, why),
  })

  function changed(aor: string): void {
    if (early) early.add(aor)
    else file?.changed(aor)
  }

  function fallDue(binding: Binding): void {
    const now = clock.now()
    if (binding.expiresAt <= now) {
      if (binding.expiresAt > 0) drop(binding, 'expired')
      return
    }
    if (binding.pingAt > 0 && binding.pingAt <= now) pings.ping(binding)
    wait(binding)
  }

  /** For the next of what may happen to it. */
  function wait(binding: Binding): void {
    wheel.set(binding, binding.pingAt > 0 ? Math.min(binding.pingAt, binding.expiresAt) : binding.expiresAt)
  }

  /** It ends, and with the last one the session. */
  function drop(binding: Binding, why: string): void {
    const entry = entries.get(binding.aor)
    if (binding.expiresAt === 0 || isClosed) return
    unlink(binding)
    if (!entry) return
    entry.bindings = entry.bindings.filter((each) => each !== binding)
    settle(entry, why)
    changed(entry.aor)
  }

  function unlink(binding: Binding): void {
    endBinding(binding)
    wheel.remove(binding)
    flows.remove(binding)
    bindings--
  }

  function settle(entry: Entry, why: string): void {
    if (entry.bindings.length > 0) return
    entries.delete(entry.aor)
    const { session } = entry
    entry.session = undefined
    session?.end(why)
    log.debug({ aor: entry.aor, why }, 'registered no more')
  }

  /** False: its bind takes no session now. */
  function attach(entry: Entry, peer: Peer): boolean {
    const { contacts, password } = settingsOf(peer.gateway)
    // One string for both.
    peer.name = entry.aor
    entry.peer = peer
    entry.password = password
    const session = openSession(peer, contactsOf, contacts === 'all' ? toAll : contacts === 'first' ? toFirst : settings, sessionClosed)
    if (!peer.gateway.attach(session)) {
      session.end('its bind takes no session')
      return false
    }
    entry.session = session
    return true
  }

  /** By the core, where it is not by us: the bind was changed, disabled or removed. */
  function sessionClosed(session: UserSession): void {
    const entry = entries.get(session.peer.name)
    if (isClosed || entry?.session !== session) return
    entry.session = undefined
    const peer = users.find(aorOf(entry.aor))
    if (peer && settingsOf(peer.gateway).password === entry.password) {
      // Refused where the gateway is about to stop: the next REGISTER tries again.
      attach(entry, peer)
      return
    }
    for (const binding of entry.bindings) unlink(binding)
    entry.bindings = []
    settle(entry, 'its bind was changed')
    changed(entry.aor)
  }

  function contactsOf(aor: string): readonly Binding[] {
    const entry = entries.get(aor)
    return entry ? live(entry) : none
  }

  function live(entry: Entry): readonly Binding[] {
    const now = clock.now()
    for (const binding of entry.bindings) if (!isLive(binding, now)) return entry.bindings.filter((each) => isLive(each, now))
    return entry.bindings
  }

  function register(name: string, peer: Peer, request: Incoming, registration: Registration): Reply {
    const now = clock.now()
    const known = entries.get(name)
    for (const binding of known?.bindings ?? none) if (binding.expiresAt <= now) drop(binding, 'expired')
    const entry = entries.get(name) ?? entryOf(detached(name), peer)
    const plan = planBindings(entry.bindings, registration, settings)
    if ('status' in plan) return plan
    if (plan.put.length > 0 && !entry.session && !attach(entry, peer)) return busy
    if (plan.put.length > 0) entries.set(entry.aor, entry)
    entry.password = settingsOf(peer.gateway).password
    for (const binding of plan.remove) unlink(binding)
    const kept = plan.remove.length === 0 ? entry.bindings : entry.bindings.filter((each) => !plan.remove.includes(each))
    const made: Binding[] = []
    for (const { wanted, target } of plan.put) {
      const binding = target ?? newBinding(entry.aor, wanted, request.flow)
      if (!target) made.push(binding)
      refresh(binding, wanted, registration, request.flow, now)
    }
    bindings += made.length
    // A new array: whoever walks the old one is not disturbed.
    entry.bindings = [...kept, ...made]
    sortBindings(entry.bindings)
    if (plan.remove.length > 0 || plan.put.length > 0) {
      if (entries.get(entry.aor) === entry) settle(entry, 'unregistered')
      changed(entry.aor)
    }
    return registered(entry.bindings, registration, profile, request.flow, now)
  }

  function refresh(binding: Binding, wanted: Wanted, registration: Registration, flow: Flow, now: number): void {
    refreshBinding(binding, wanted, registration, now)
    if (registration.userAgent !== '') binding.userAgent = agentOf(registration.userAgent)
    if (!isByFlow(binding, flow)) {
      flows.remove(binding)
      binding.flow = flow
    }
    keep(binding)
  }

  /** Is told when its flow, its time or its answer is gone. */
  function keep(binding: Binding): void {
    flows.add(binding)
    if (binding.pingAt === 0) binding.pingAt = pings.next()
    // Later than it stands: looked at again when that falls due.
    if (binding.slot === 0 || binding.expiresAt < binding.slot * 1000) wait(binding)
  }

  function agentOf(agent: string): string {
    let kept = agents.get(agent)
    if (kept === undefined) {
      kept = detached(agent)
      if (agents.size < mostAgents) agents.set(kept, kept)
    }
    return kept
  }

  /** Of before the restart: what still has time, a flow that lives on and a user, and did not register since. */
  function revive({ aor, contacts }: StoredAor, now: number): void {
    const peer = users.find(aorOf(aor))
    const entry = entries.get(aor) ?? (peer && entryOf(aor, peer))
    // Settings changed while we were away: maybe the password.
    const since = peer?.gateway.bind.updatedAt ?? Number.POSITIVE_INFINITY
    const revived: Binding[] = []
    for (const contact of contacts) {
      const isOver = !entry || contact.expiresAt <= now || contact.registeredAt < since
      const flow = isOver || entry.bindings.some((each) => isOfSame(each, contact)) ? undefined : engine.revive(contact.flow)
      if (entry && flow && entry.bindings.length + revived.length < settings.contactsPerAor) revived.push(revivedOf(aor, contact, flow))
    }
    if (entry && peer && revived.length > 0 && (entry.session || attach(entry, peer))) {
      entries.set(aor, entry)
      entry.bindings = [...entry.bindings, ...revived]
      sortBindings(entry.bindings)
      bindings += revived.length
      for (const binding of revived) {
        if (binding.userAgent !== undefined) binding.userAgent = agentOf(binding.userAgent)
        keep(binding)
      }
    }
    if (entry?.bindings.length !== contacts.length) changed(aor)
  }

  return {
    async restore() {
      const stored = (await file?.read()) ?? new Map<string, StoredAor>()
      const now = clock.now()
      let count = 0
      for (const each of stored.values()) {
        if (isClosed) return
        revive(each, now)
        if (++count % restoredAtOnce === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      const changes = early
      early = undefined
      for (const aor of changes ?? []) file?.changed(aor)
      if (count > 0) log.info({ profile: profile.name, stored: count, registered: entries.size }, 'registrations of before the restart')
    },
    take(request, answer) {
      if (!guard.request(plainAddress(request.flow.remote.address))) return answer(tooManyFrom)
      const to = readAor(request.headers.get('to'))
      if (!to || to.user === '') return answer(refusedStranger(400, 'To: expected an address of record, sip:user@domain'))
      const known = users.authenticate(request, to)
      if ('reply' in known) return answer(known.reply)
      if (isClosed || !request.flow.open) return answer(busy)
      const registration = readRegister(request, settings)
      answer('status' in registration ? registration : register(to.name, known.peer, request, registration))
    },
    contacts: contactsOf,
    isRegisteredBy(aor, flow) {
      const now = clock.now()
      // Through a proxy others come by the same flow.
      for (const each of entries.get(aor)?.bindings ?? none)
        if (each.expiresAt > now && each.path.length === 0 && isByFlow(each, flow)) return true
      return false
    },
    *all() {
      for (const entry of entries.values()) yield [entry.aor, live(entry)] as const
    },
    size: () => bindings,
    async close() {
      if (isClosed) return
      isClosed = true
      wheel.stop()
      flows.stop()
      pings.stop()
      for (const { session } of entries.values()) session?.end('the gateway stops')
      await file?.close()
    },
  }
}

function entryOf(aor: string, peer: Peer): Entry {
  return { aor, peer, password: settingsOf(peer.gateway).password, bindings: [], session: undefined }
}

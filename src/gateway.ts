// Composition: opens the store, reads the configuration, loads the connectors, starts the flow and
// the listeners, and stops them in the opposite order. The only file that knows every room.
import { rename, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { createAdmin } from './admin/create.ts'
import { checkText } from './admin/checked.ts'
import { openConfiguration, type ConfigurationRoom } from './admin/configuration.ts'
import { accountsCalled, gateways, named, serviceOf } from './admin/named.ts'
import { createResources } from './admin/resources.ts'
import { createUsage } from './admin/usage.ts'
import { openSeal } from './admin/seal.ts'
import { sessionsOf } from './binds/sessions.ts'
import { createSupervisor, type Supervisor } from './binds/supervisor.ts'
import { createTraces } from './binds/trace.ts'
import { systemClock, tellSetBack } from './clock.ts'
import { demoApp, demoCarriers, demoOf, demoPhone, setUpDemo, wantsDemo, type Demo, type DemoPhone } from './demo.ts'
import { isLoopback, type Settings } from './env.ts'
import type { Core } from './flow/core.ts'
import { recall, rework } from './flow/recall.ts'
import { startFlow } from './flow/flow.ts'
import { createAccountLimits } from './flow/limits.ts'
import { createLoad } from './flow/load.ts'
import { createStanding } from './flow/standing.ts'
import { openTruth } from './flow/truth-file.ts'
import { createEnter } from './http/concurrency.ts'
import { createIdentify } from './http/auth.ts'
import { createCounted, type Counted } from './http/counted.ts'
import { createMetrics } from './http/metrics.ts'
import { createProxies } from './http/proxies.ts'
import { createHttpServer } from './http/server.ts'
import { idSource } from './ids.ts'
import type { Account } from './model/account.ts'
import { accountAsItStands, type Configuration } from './model/configuration.ts'
import type { BindId } from './model/message.ts'
import { defaultClientPolicy } from './model/policy.ts'
import { createOutboundThread } from './outbound.ts'
import type { Connector, Host, Logger } from './plugin.ts'
import type { Addressee } from './routing/direct.ts'
import { createTables } from './routing/table.ts'
import { openSqlite } from './store/sqlite/index.ts'
import type { Store } from './store/store.ts'
import { watched, type Watched } from './store/watched.ts'
import { simulator } from '../plugins/simulator/index.ts'
import { listenedText, listeningSip, type ListeningSip, measured, sip as silentSip } from '../plugins/sip/index.ts'
import { type Listening, listeningSmpp } from '../plugins/smpp/index.ts'
import { twilio } from '../plugins/twilio/index.ts'
import { hostPortText } from './model/network.ts'

export interface RunningGateway {
  url: string
  accountSid: string
  authToken: string
  /** Where clients bind by SMPP. */
  smpp: readonly string[]
  /** Where SIP is taken, a line a profile. */
  sip: readonly string[]
  /** Where the data is. */
  data: string
  demo?: Demo
  close(): Promise<void>
}

const drainMs = 10_000
/** As many as a client bind has reports under way (model/policy.ts). */
const webhooksPerOrigin = defaultClientPolicy.window

/** Rejects with an error whose message is fit for the person who started it. */
export async function startGateway(settings: Settings, log: Logger): Promise<RunningGateway> {
  const data = resolve(settings.data)
  const opened = await openSqlite({ directory: data, log })
  const undo: (() => Promise<void>)[] = [() => opened.close()]
  try {
    const kept = await watched(opened, { directory: data, clock: systemClock, log })
    undo.push(async () => kept.stop())
    return await compose(settings, data, kept, log, undo)
  } catch (error) {
    await rollBack(undo)
    throw error
  }
}

async function rollBack(undo: (() => Promise<void>)[]): Promise<void> {
  for (const step of undo.toReversed()) await step()
}

async function compose(
  settings: Settings,
  data: string,
  { store, gone, stop: stopWatching }: Watched,
  log: Logger,
  undo: (() => Promise<void>)[],
): Promise<RunningGateway> {
  const clock = systemClock
  const stopTelling = tellSetBack(clock, (aheadMs) =>
    log.warn({ aheadMs }, 'the clock of this machine was set back: the time here goes on, slower, until the clock has caught up with it'),
  )
  undo.push(async () => stopTelling())
  const demoWanted = await wantsDemo(settings, data, store)
  const simulated = simulator({
    ...settings.simulator,
    carriers: demoWanted ? demoCarriers.map(({ id, password, preset }) => ({ id, password, preset })) : [],
    seed: 1,
  })
  const smpp = listeningSmpp(smppListens(settings))
  const sip = settings.sip === undefined ? undefined : sipAt(settings.sip, data)
  const connectors = new Map<string, Connector>(
    [smpp, sip?.connector ?? silentSip, twilio, simulated].map((connector) => [connector.name, connector as Connector]),
  )
  const room = await openConfiguration({
    store,
    connectors,
    seal: openSeal(data, settings.key, (await store.configuration()).revision > 0),
    clock,
  })
  const root = await room.ensureRoot({
    ...(settings.accountSid === undefined ? {} : { id: settings.accountSid }),
    ...(settings.authToken === undefined ? {} : { token: settings.authToken }),
  })
  const outbound = createOutboundThread({ connectionsPerOrigin: webhooksPerOrigin }, log)
  undo.push(() => outbound.close())

  const traces = createTraces({ clock, log })
  // Before the server goes, which waits for answers that follow a trace.
  undo.push(async () => traces.close())
  const { truth, save: saveTruth } = await openTruth(join(data, 'truth.json'), log)
  const addressee: Addressee = (account, address) => {
    let isOwn = false
    for (const { name, addressed } of connectors.values()) {
      const claims = addressed?.(account, address)
      if (!claims) continue
      isOwn = true
      for (const claim of claims) {
        const gateway = claimed(name, claim).find(({ bind }) => bind.account === account)
        if (gateway) return { bind: gateway.bind.id }
      }
    }
    return isOwn ? {} : undefined
  }
  const { table, follow: followRoutes } = createTables(addressee)
  followRoutes(room.current())
  const binds: Supervisor = createSupervisor({
    connectors,
    gateway: (bind) => flow.gateway(bind),
    clock,
    log,
    onChange: (id) => flow.wake(id),
  })
  const core: Core = {
    store,
    clock,
    log,
    ids: idSource(clock.now, store.newest),
    outbound,
    publicUrl: settings.publicUrl,
    configuration: () => room.current(),
    table,
    serviceOf: serviceOf(room, [...connectors.values()]),
    binds,
    traces,
    truth,
    load: createLoad({ store, binds }),
    limits: createAccountLimits({ configuration: () => room.current(), submitted: store.submitted, clock }),
    random: Math.random,
  }
  const enter = createEnter(() => room.current())
  const counted = createCounted(store, clock)
  const metrics = createMetrics(async () => ({
    ...(await measure(core, counted)),
    usages: admin.usages.capped(),
    ...sipMeasures(sip, clock.now()),
  }))
  const flow = await startFlow(core, {
    cdr: { directory: join(data, 'cdr'), keepDays: settings.cdrDays },
    retention: { messageDays: settings.retentionDays },
    onAccepted: metrics.accepted,
    saveTruth,
  })
  undo.push(() => flow.stop(drainMs))

  const sessions = (id: BindId) => sessionsOf(binds, id)
  const admin = createAdmin({
    store,
    configuration: room,
    table,
    clock,
    sessions,
    traces,
    truth: truth.score,
    recall: (record) => recall(binds, record),
    rework: (record, message) => rework(binds, record, message),
  })
  const resources = createResources(room)
  const identify = createIdentify({ configuration: () => room.current(), clock })
  const claimed = named(room, flow.gateway, ({ side, connector, config }) =>
    side === 'client' ? connectors.get(connector)?.claim?.(config) : undefined,
  )
  const claimants = named(room, flow.gateway, ({ side, connector, config }) =>
    side === 'client' && connectors.get(connector)?.claim?.(config) !== undefined ? '' : undefined,
  )
  const host: Host = {
    log,
    clock,
    publicUrl: settings.publicUrl,
    accountCalled: accountsCalled(room, root.id),
    onChange: (call) => room.onChange(call),
    onTracing: traces.onAny,
    identify,
    account: (id) => accountAsItStands(room.current(), id),
    gateway: gateways(room, flow.gateway),
    claimed,
    claimants: (connector) => claimants(connector, ''),
    calling: named(room, flow.gateway, ({ side, connector, config }) =>
      side === 'supplier' ? connectors.get(connector)?.caller?.(config) : undefined,
    ),
    numbers: (account) => [...(room.shelves().numbers.get(account)?.values() ?? [])],
    resources: resources.of,
    changeResource: resources.change,
    usage: createUsage(store, () => room.current()),
    enter,
    messages: admin.hostMessages,
    tenancy: admin.tenancy,
    outbound,
  }
  const stopListening = new AbortController()
  undo.push(async () => stopListening.abort())
  const stopServing = new AbortController()
  undo.push(async () => stopServing.abort())
  for (const connector of connectors.values()) if (!connector.claim) await connector.listen?.(host, stopListening.signal)

  let serving = false
  const sides = [...connectors.values()].flatMap((connector) => connector.http?.(host) ?? [])
  const server = createHttpServer({
    sides: demoWanted ? [...sides, { router: demoApp() }] : sides,
    admin,
    configuration: () => room.current(),
    identify,
    proxies: createProxies(settings.trustedProxies),
    enter,
    metrics,
    health: () => healthOf(serving, store.trouble, gone()),
    log,
  })
  if (!isLoopback(settings.http.host)) log.info({ host: settings.http.host }, 'the API is open beyond this machine; put TLS in front')
  if (settings.smpp && !isLoopback(settings.smpp.host))
    log.info({ host: settings.smpp.host }, 'SMPP is open beyond this machine, passwords and all: SIGNALBOX_SMPP_TLS is the same over TLS')
  await server.listen(settings.http.host, settings.http.port)
  undo.push(() => server.close(drainMs))

  const stand = createStanding(store, (id) => room.shelves().below.get(id)?.keys() ?? [])
  const followers: ((configuration: Configuration) => void)[] = [followRoutes, stand, core.limits.follow, binds.apply]
  for (const follow of followers) room.onChange(follow)
  if (demoWanted) await setUpDemo(settings, data, admin, root)
  for (const follow of followers) follow(room.current())
  undo.push(() => binds.close())
  // Of binds that start when they are asked for, what waits from before does that.
  for (const { lane } of await store.depths()) flow.wake(lane)
  // Peers that open the sessions themselves come in when their binds are there.
  for (const connector of connectors.values()) if (connector.claim) await connector.listen?.(host, stopServing.signal)
  serving = true
  const keep = keepCredentials(data, { url: settings.publicUrl, accountSid: root.id }, log)
  room.onChange(({ accounts }) => void keep(accounts.get(root.id)!.token))
  await keep(root.token)

  return {
    url: settings.publicUrl,
    accountSid: root.id,
    authToken: root.token,
    smpp: smppListens(settings).map(smppText),
    sip: sipTexts(sip),
    data,
    ...(demoWanted ? { demo: demoOf(root, phoneOf(room, root, sip)) } : {}),
    async close() {
      serving = false
      stopTelling()
      stopWatching()
      traces.close()
      // Nobody new comes in, then what is under way ends, then the sessions, then the store.
      stopServing.abort()
      await server.close(drainMs)
      await flow.stop(drainMs)
      await binds.close()
      await sip?.close()
      stopListening.abort()
      await outbound.close()
      await store.close()
    },
  }
}

function sipAt({ directory, variables }: NonNullable<Settings['sip']>, data: string): ListeningSip {
  return listeningSip({ directory, data, check: (schema, text) => checkText(schema, text, variables) })
}

function sipMeasures(sip: ListeningSip | undefined, now: number) {
  const bridge = sip?.bridge()
  return bridge ? { sip: measured(bridge, now) } : {}
}

/** A line a profile: where it listens, or why it does not. */
function sipTexts(sip: ListeningSip | undefined): string[] {
  const profiles = [...(sip?.bridge()?.profiles() ?? [])]
  return profiles.map(([name, { listened, why }]) => `${name}: ${why ?? listened.map(listenedText).join(', ')}`)
}

function smppListens({ smpp, smppTls }: Settings): Listening[] {
  const listen: Listening[] = smpp ? [smpp] : []
  if (smppTls) listen.push({ host: smppTls.host, port: smppTls.port, tls: { certificate: smppTls.certificate, key: smppTls.key } })
  return listen
}

function smppText({ host, port, tls }: Listening): string {
  return `${tls ? 'tls:' : ''}${hostPortText(host, port)}`
}

async function measure({ store, binds, truth, clock }: Core, counted: () => Promise<Counted[]>) {
  const now = clock.now()
  const [counts, depths, parked] = await Promise.all([counted(), store.depths(), store.parkedDepths()])
  return {
    writable: store.trouble === undefined,
    counts,
    depths: depths.map(({ lane, deliver, report }) => ({ bind: lane, deliver, report })),
    sessions: binds.all().map(({ bind: { id: bind, side, connector }, sessions, inFlight }) => ({
      bind,
      side,
      connector,
      sessions: sessions.size,
      inFlight,
    })),
    parked: parked.map((each) => ({ bind: each.bind, parked: each.parked, oldestSeconds: Math.max(0, now - each.oldestAt) / 1000 })),
    truth: truth.scores().flatMap(({ bind, truth: { score } }) => (score === undefined ? [] : [{ bind, score }])),
  }
}

/** A full disk is no reason to start anew: it lives, and says what is wrong. Nor are files that are gone: they are in use here alone. */
function healthOf(serving: boolean, trouble: Store['trouble'], gone: string | undefined): { ok: boolean; status: string } {
  if (!serving) return { ok: false, status: 'starting or stopping' }
  if (!trouble) return { ok: true, status: 'ok' }
  if (trouble.forGood) return { ok: false, status: 'the store has failed: start it anew' }
  if (gone !== undefined) return { ok: true, status: 'the data directory was removed or replaced: nothing is accepted until it is back' }
  return { ok: true, status: 'the disk cannot be written: nothing is accepted until it can' }
}

/** As it is now: the operator may have changed or removed it. */
function phoneOf(room: ConfigurationRoom, root: Account, sip: ListeningSip | undefined): DemoPhone | undefined {
  const { id, domain, number } = demoPhone
  const bind = room.current().binds.get(`${root.id}/${id}`)
  const { user, password } = (bind?.config ?? {}) as { user?: string; password?: string }
  const listens = [...(sip?.bridge()?.profiles().values() ?? [])].some(
    ({ why, named: { profile } }) => why === undefined && profile.domains[domain] === root.id,
  )
  return user === undefined || password === undefined || !listens ? undefined : { user, password, domain, number }
}

/** What the command line on this machine signs in with, as it is now: one token after another, and never half a file. */
function keepCredentials(data: string, who: { url: string; accountSid: string }, log: Logger): (token: string) => Promise<void> {
  const path = join(data, 'credentials.json')
  let kept: string | undefined
  let written = Promise.resolve()
  return (authToken) => {
    if (authToken === kept) return written
    const isFirst = kept === undefined
    kept = authToken
    written = written.then(async () => {
      await writeFile(`${path}.new`, `${JSON.stringify({ ...who, authToken }, undefined, 2)}\n`, { mode: 0o600 })
      await rename(`${path}.new`, path)
    })
    if (isFirst) return written
    written = written.catch((error: unknown) => log.warn({ err: error }, 'the token for the command line could not be written'))
    return written
  }
}

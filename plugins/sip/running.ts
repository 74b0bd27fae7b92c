// One profile while it runs: its engine, who may speak there and who is registered. Where it cannot
// listen it tries again, ever so often, and harms no other profile.
import { type Host, whyOf, hostPortText } from '../../src/plugin.ts'
import { createFront, createGuard, type OpenSession, type Registrar, type TrunksAt } from './access/index.ts'
import { createDrachtio } from './engine/drachtio/index.ts'
import { createEmbedded } from './engine/embedded/embedded.ts'
import type { Listened, SipEngine } from './engine/engine.ts'
import type { Inbound } from './message/index.ts'
import { isLoopback, type NamedProfile } from './profile/read.ts'
import type { Profile } from './profile/types.ts'
import { createTap } from './trace/index.ts'
import { createUa } from './ua.ts'

export interface Running {
  readonly named: NamedProfile
  readonly engine: SipEngine
  readonly registrar: Registrar
  /** Empty until it listens. */
  readonly listened: readonly Listened[]
  /** Why it does not listen; undefined while it does. */
  readonly why: string | undefined
  /** Takes nothing new from outside; what is registered stays, and can be sent to. */
  refuse(): void
  stop(): Promise<void>
}

export interface RunningParts {
  host: Host
  named: NamedProfile
  openSession: OpenSession
  inbound: Inbound
  trunksAt: TrunksAt
  /** Where its registrations are kept; undefined: nowhere. */
  file: string | undefined
  /** It listens, or does so no more. */
  changed(): void
  /** Requests wait for this; undefined: they do not. */
  held(): Promise<void> | undefined
}

const againMs = 10_000

/** Resolves once it listens, or is known not to. */
export async function runProfile(parts: RunningParts): Promise<Running> {
  const { host, named, openSession, inbound, trunksAt, file } = parts
  const { profile } = named
  const { clock } = host
  const log = host.log.child({ profile: profile.name })
  const guard = createGuard({ safety: profile.safety, clock })
  const refuses = (address: string): boolean => guard.refuses(address)
  const make = profile.engine === 'embedded' ? createEmbedded : createDrachtio
  let engine = make({ profile, log, clock, refuses })
  // An engine that could not start is not started again: the registrar talks to whichever there is.
  const through: Pick<SipEngine, 'send' | 'revive'> = {
    send: (request, signal) => engine.send(request, signal),
    revive: (flowId) => engine.revive(flowId),
  }
  const front = createFront({ host, profile, guard, engine: through, openSession, trunksAt, file })
  const take = createUa({
    profile,
    access: front.access,
    registrar: front.registrar,
    guard,
    inbound,
    failed: (error, { method }) => log.error({ err: error, method }, 'a request was not understood'),
  })
  const tap = createTap({ host, profile, trunksAt })
  let isTapped = false
  const stopTracing = host.onTracing((any) => {
    isTapped = any
    engine.onMessage = any ? tap : undefined
  })
  let listened: readonly Listened[] = []
  let why: string | undefined
  let isRefusing = false
  let isStopped = false
  let isRestored = false
  let cancelRetry = (): void => {}

  async function start(): Promise<void> {
    try {
      listened = await engine.start((request, answer) => {
        if (isRefusing) return answer(closing)
        const held = parts.held()
        if (held) void held.then(() => take(request, answer))
        else take(request, answer)
      })
      why = undefined
      log.info({ listened: listened.map(listenedText) }, 'SIP is taken')
      tellOpen(profile, log)
      if (!isRestored) await front.registrar.restore()
      isRestored = true
    } catch (error) {
      await engine.stop()
      // The engine's own words are fit for whoever reads them.
      const told = whyOf(error)
      if (told !== why) log.error({ why: told }, 'the profile does not listen; it is tried again every 10 s')
      why = told
      if (isStopped) return
      engine = make({ profile, log, clock, refuses })
      engine.onMessage = isTapped ? tap : undefined
      cancelRetry = clock.after(againMs, () => void start().then(parts.changed))
    }
  }

  await start()
  return {
    named,
    get engine() {
      return engine
    },
    registrar: front.registrar,
    get listened() {
      return listened
    },
    get why() {
      return why
    },
    refuse() {
      isRefusing = true
    },
    async stop() {
      isStopped = true
      isRefusing = true
      cancelRetry()
      stopTracing()
      await front.registrar.close()
      await engine.stop()
      listened = []
      why = 'it is stopped'
    },
  }
}

const closing = { status: 503, headers: ['Retry-After', '10'] }

/** `udp 127.0.0.1:5060` */
export function listenedText({ transport, address, port }: Listened): string {
  return `${transport} ${hostPortText(address, port)}`
}

function tellOpen({ listen }: Profile, log: Host['log']): void {
  for (const each of ['udp', 'tcp', 'ws'] as const) {
    const end = listen[each]
    if (end && !isLoopback(end.address)) log.info({ transport: each, ...end }, 'SIP is open beyond this machine, messages in the clear')
  }
}

// The engine over a drachtio server: the server has the listeners, transactions and connections, this
// has the link to it. Where the link is away nothing is sent, and it is opened again by itself, ever
// less often. What a drachtio server cannot carry is said in docs/drachtio.md and refused here with a reason.
import { type Clock, type Logger, whyOf } from '../../../../src/plugin.ts'
import type { ReadLimits } from '../../codec/index.ts'
import type { Profile } from '../../profile/types.ts'
import type { EngineCounts, Flow, Listened, SipEngine, Take } from '../engine.ts'
import { createFlows, isTransport, readEnd } from './flows.ts'
import { type Link, openLink } from './link.ts'
import { createSender } from './send.ts'
import { createTaker } from './take.ts'

export interface DrachtioParts {
  profile: Pick<Profile, 'name' | 'engine' | 'safety' | 'timers'>
  clock: Clock
  log: Logger
  /** Addresses that get no answer: banned, or not on the list. */
  refuses?(address: string): boolean
  /** Option tags that a request may require. */
  supported?: readonly string[]
  /** PEM of the authority of the server's certificate; the system's when absent. */
  ca?: string
  /** 0 ≤ r < 1; for the jitter of reconnecting. */
  random?: () => number
}

/** The first try again, and the longest wait. */
const firstRetryMs = 500
const longestRetryMs = 30_000
/** What is open when it stops has so long. */
const drainMs = 3_000

export function createDrachtio(parts: DrachtioParts): SipEngine {
  const { profile, clock, log } = parts
  const { engine, safety, timers } = profile
  if (engine === 'embedded') throw new Error(`profile ${profile.name}: its engine is not a drachtio server`)
  const { drachtio: server, secret, tls } = engine
  const counts: EngineCounts = {
    requests: 0,
    responses: 0,
    retransmissionsIn: 0,
    retransmissionsOut: 0,
    refused: 0,
    transactions: 0,
    connections: 0,
  }
  const timerFMs = timers.f ?? 64 * timers.t1
  const flows = createFlows()
  const limits: ReadLimits = { headerBytes: safety.headerBytes, headerCount: safety.headerCount, bodyBytes: safety.bodyBytes }
  const most = safety.transactions
  const seen = (direction: 'in' | 'out', text: string, flow: Flow): void => self.onMessage?.(direction, Buffer.from(text, 'utf8'), flow)
  const sender = createSender({ clock, timerFMs, most, counts, flows, seen })
  const taker = createTaker({
    profile: profile.name,
    clock,
    log,
    flows,
    limits,
    // Before the sender gives up.
    timerFMs: Math.floor(timerFMs * 0.9),
    most,
    counts,
    supported: new Set((parts.supported ?? ['path', 'outbound']).map((tag) => tag.toLowerCase())),
    refuses: parts.refuses ?? (() => false),
    seen,
  })
  let link: Link | undefined
  let listeners: readonly Listened[] = []
  let stopped = false
  let cancelRetry = (): void => undefined

  const open = async (): Promise<Link> => {
    const where = { address: server.address, port: server.port, secret, tls, clock, log }
    const opened = await openLink(parts.ca === undefined ? where : { ...where, ca: parts.ca }, {
      request: (request, reply) => taker.take(request, reply),
      gone(why) {
        link = undefined
        counts.connections = 0
        sender.lost(why)
        taker.lost()
        if (stopped) return
        log.warn({ profile: profile.name, why }, 'the link to the drachtio server is gone')
        retry(0)
      },
    })
    if (stopped) {
      opened.drop('the engine has stopped')
      throw new Error('the engine has stopped')
    }
    link = opened
    listeners = listenersOf(`${opened.hostports},${opened.localHostports}`)
    counts.connections = 1
    return opened
  }

  const retry = (n: number): void => {
    const random = (parts.random ?? Math.random)()
    const delayMs = Math.round(Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(n, 10)) * (0.8 + 0.4 * random))
    cancelRetry = clock.after(delayMs, () => {
      open().then(
        () => log.info({ profile: profile.name, tries: n + 1 }, 'linked to the drachtio server again'),
        (error: unknown) => {
          if (stopped) return
          log.debug({ profile: profile.name, why: whyOf(error) }, 'no link to the drachtio server')
          retry(n + 1)
        },
      )
    })
  }

  const self: SipEngine = {
    onMessage: undefined,
    capabilities: { binaryBody: false, flows: true, transports: ['udp', 'tcp', 'tls', 'ws', 'wss'] },
    async start(take: Take) {
      taker.start(take)
      return listenersOf((await open()).hostports)
    },
    send: (request, signal) => sender.send(request, signal, stopped ? undefined : link),
    revive: (id) => flows.revive(id, listeners),
    async stop() {
      if (stopped) return
      stopped = true
      cancelRetry()
      taker.stop()
      const until = clock.now() + drainMs
      while (link !== undefined && taker.open() + sender.open() > 0 && clock.now() < until)
        await new Promise<void>((resolve) => clock.after(50, resolve))
      taker.giveUp()
      // What was answered last is written before the link ends.
      await new Promise<void>((resolve) => setImmediate(resolve))
      link?.drop('the engine has stopped')
      flows.close()
    },
    counts: () => {
      counts.transactions = sender.open() + taker.open()
      return { ...counts }
    },
  }
  return self
}

/** `udp/192.0.2.1:5060,tcp/192.0.2.1:5060`: what cannot be read is left out. */
export function listenersOf(hostports: string): Listened[] {
  const listened: Listened[] = []
  for (const each of hostports.split(',')) {
    const [transport, place] = each.trim().split('/')
    const end = readEnd(place ?? '')
    if (transport !== undefined && isTransport(transport) && end !== undefined) listened.push({ ...end, transport })
  }
  return listened
}

// One session over several addresses of a carrier: bound to the first that takes it. While that is
// a later one, the earlier ones are tried again and again; the first that binds takes over and the
// old session is drained, so nothing is lost and nothing waits.
import { type Clock, Failure, failureFacts, type Logger, type Session } from '../../src/plugin.ts'
import { type CarrierHost, hostText } from './hosts.ts'

export async function dialStandby(parts: {
  hosts: readonly CarrierHost[]
  returnAfterMs: number
  clock: Clock
  log: Logger
  signal: AbortSignal
  open(host: CarrierHost): Promise<Session>
}): Promise<Session> {
  const { hosts, returnAfterMs, clock, log, signal, open } = parts
  let { session: current, place } = await firstOf(hosts)
  if (hosts.length === 1) return current
  let ended = false
  let cancelTimer: (() => void) | undefined
  const draining = new Set<Promise<unknown>>()
  let resolveClosed: (why: string) => void
  const closed = new Promise<string>((resolve) => (resolveClosed = resolve))

  async function firstOf(among: readonly CarrierHost[]): Promise<{ session: Session; place: number }> {
    const errors: unknown[] = []
    for (const [at, host] of among.entries()) {
      try {
        return { session: await open(host), place: at }
      } catch (error) {
        errors.push(error)
        if (signal.aborted) break
      }
    }
    throw errors.length === 1 ? errors[0] : together(errors, among)
  }

  function follow(): void {
    const followed = current
    void followed.closed.then(async (why) => {
      if (followed !== current) return
      ended = true
      cancelTimer?.()
      await Promise.allSettled(draining)
      resolveClosed(why)
    })
    if (place > 0 && !ended) cancelTimer = clock.after(returnAfterMs, () => void goBack())
  }

  async function goBack(): Promise<void> {
    let found: { session: Session; place: number }
    try {
      found = await firstOf(hosts.slice(0, place))
    } catch (error) {
      log.debug({ why: failureFacts(error).peer }, 'the earlier addresses of the carrier do not bind yet')
      if (!ended) cancelTimer = clock.after(returnAfterMs, () => void goBack())
      return
    }
    if (ended || signal.aborted) {
      await found.session.close()
      return
    }
    const old = current
    log.info({ peer: hostText(hosts[found.place]!), before: hostText(hosts[place]!) }, 'back at an earlier address of the carrier')
    ;({ session: current, place } = found)
    follow()
    const drained = old.close().finally(() => draining.delete(drained))
    draining.add(drained)
  }

  if (place > 0) log.warn({ peer: hostText(hosts[place]!) }, 'bound to a standby address of the carrier')
  follow()
  const session: Session = {
    closed,
    free: () => current.free?.() ?? 0,
    async close() {
      ended = true
      cancelTimer?.()
      await current.close()
      await Promise.allSettled(draining)
    },
  }
  // The same at every address, since all have the same settings.
  if (current.send) session.send = (out, abort) => current.send!(out, abort)
  if (current.report) session.report = (message, report, abort) => current.report!(message, report, abort)
  if (current.query) session.query = (message, refs, abort) => current.query!(message, refs, abort)
  if (current.cancel) session.cancel = (message, ref) => current.cancel!(message, ref)
  if (current.replace) session.replace = (message, ref, segment) => current.replace!(message, ref, segment)
  return session
}

/** For good only where every address says so. */
function together(errors: readonly unknown[], hosts: readonly CarrierHost[]): Failure {
  const facts = errors.map(failureFacts)
  const why = facts.map(({ peer, code }, i) => `${hostText(hosts[i]!)}: ${peer ?? code}`).join('; ')
  const worst = facts.find(({ kind }) => kind !== 'permanent') ?? facts[0]!
  return new Failure(worst.kind, worst.code, why, { cause: errors[0] })
}

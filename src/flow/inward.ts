// What a bind's connector calls when its peer says something: a submission, a part of a long
// message, a receipt. Each resolves only when durable.
import { localBindId } from '../model/configuration.ts'
import type { Bind } from '../model/bind.ts'
import type { BindId } from '../model/message.ts'
import { noResources } from '../model/resource.ts'
import type { Gateway } from '../plugin.ts'
import type { Absences } from './absent.ts'
import { accept, refuseUnroutable } from './accept.ts'
import type { Core } from './core.ts'
import type { Ends } from './ends.ts'
import { refuseAddresses } from './filter.ts'
import type { Intake } from './intake.ts'
import { countSegments } from '../text/index.ts'
import { addPart, begunAs, cancelUnfinished, unfinished } from './reassemble.ts'
import { tryAgain } from './again.ts'

export function gatewayOf(
  core: Core,
  { ends, intake, absences }: { ends: Ends; intake: Intake; absences: Absences },
  bind: Bind,
  onAccepted: (tookMs: number) => void,
): Gateway {
  const { id, account } = bind
  const log = core.log.child({ bind: id })
  let newestLane: BindId | undefined
  const noting = { onLane: (lane: BindId) => void (newestLane = lane) }
  return {
    get bind() {
      return core.configuration().binds.get(id) ?? bind
    },
    log,
    clock: core.clock,
    outbound: core.outbound,
    publicUrl: core.publicUrl,
    trace: core.traces.ear(id),
    async accept(submission) {
      const startedAt = performance.now()
      const now = this.bind
      intake.admit(now, submission.body, true, core.clock.now())
      const message = await accept(core, now, submission, noting)
      onAccepted(performance.now() - startedAt)
      if (now.side === 'client') absences.accepted(now, submission.to.value, message)
      return message
    },
    newId: core.ids.next,
    waiting: () => core.load.waiting(id),
    congested: () => (newestLane === undefined ? 0 : core.load.fullness(newestLane)),
    async part(part) {
      const now = this.bind
      refuseAddresses(now, part.submission)
      refuseUnroutable(core, now, part.submission)
      intake.admit(now, part.submission.body, part.index === 1, core.clock.now())
      if (now.side === 'client') core.limits.part(account, countSegments(part.submission.body), part.index === 1)
      await addPart(core, now, part)
      // Of the part that made the message whole there is one; of the others none yet.
      if (now.side === 'client') absences.accepted(now, part.submission.to.value, part.submission.id)
    },
    begunAs(part) {
      return begunAs(core, this.bind, part)
    },
    unfinished(told) {
      return unfinished(core, this.bind, told)
    },
    cancelUnfinished(told) {
      return cancelUnfinished(core, this.bind, told)
    },
    async receipt(receipt) {
      const result = await core.store.receipt(id, receipt)
      if (result.as === 'matched') core.truth.of(id).add(receipt, result.sentAt, core.clock.now())
      else if (result.as === 'parked') log.debug({ ref: receipt.ref }, 'receipt parked: no attempt has this id yet')
      return result.as
    },
    number(value) {
      const number = core.configuration().numbers.get(value)
      return number?.account === account ? number : undefined
    },
    resources: () => core.configuration().resources.get(account) ?? noResources,
    sticky: (service, handset) => core.store.stickies.of(account, service, handset),
    outcome(message) {
      return ends.of(message, this.bind.policy.modeLimitMs)
    },
    congestion: (percent) => core.binds.get(id)?.rate.congestion(percent),
    reachable(handset, said) {
      absences.reachable(this.bind, handset.value, said)
    },
    tryAgain: (ids) => void tryAgain(core, id, ids),
    awaitReachable(of) {
      absences.wait(this.bind, of)
    },
    attach(session) {
      const taken = core.binds.attach(id, session)
      // Later, when the peer has heard that it is bound.
      if (taken && session.alert) setImmediate(absences.came, id)
      return taken
    },
    account() {
      const row = core.configuration().accounts.get(account)
      if (!row) throw new Error(`bind ${localBindId(id)}: its account is gone`)
      return row
    },
  }
}

// A store that stores nothing, to know what the load itself costs: it hands items on and runs the
// model's receipt step, for that is the flow's share whoever stores.
import type { afterReceipt } from '../../src/model/transition.ts'
import type { Life } from '../../src/model/life.ts'
import type { NewMessage, Run, Store } from '../../src/store/store.ts'

export function nullStore(step: typeof afterReceipt): Store {
  const lanes = new Map<string, Run[]>()
  const refs = new Map<string, { added: NewMessage; life: Life }>()
  let listener: (lane: string) => void = () => {}
  let token = 0
  function put(lane: string, item: Run['items'][number]): void {
    const runs = lanes.get(lane) ?? []
    lanes.set(lane, runs)
    runs.push({ token: ++token, grain: '', items: [item] })
    if (runs.length === 1) setImmediate(() => listener(lane))
  }
  const known = new Map<string, NewMessage>()
  const calls: Partial<Store> = {
    accept(added) {
      const { message, decision, life, queue } = added
      known.set(message.id, added)
      const lane = queue!.lane
      put(lane, {
        id: ++token,
        lane,
        account: message.account,
        priority: 1,
        attempt: 0,
        message,
        kind: 'deliver',
        candidate: 0,
        decision,
        life,
        interrupted: false,
      })
      return Promise.resolve({ as: 'new' })
    },
    claim(lane, max) {
      return Promise.resolve(lanes.get(lane)?.splice(0, max) ?? [])
    },
    settle(settlement) {
      if (settlement.kind !== 'deliver') return Promise.resolve()
      const { transition } = settlement
      const added = known.get(transition.message)!
      known.delete(transition.message)
      for (const { ref } of transition.refs ?? []) refs.set(ref, { added, life: transition.life })
      if (transition.report) report(added, transition.report)
      return Promise.resolve()
    },
    receipt(bind, receipt) {
      const found = refs.get(receipt.ref)!
      refs.delete(receipt.ref)
      const { message, decision } = found.added
      const ended = step(message, decision, found.life, Date.now(), { bind, segment: 0, form: 'same', receipt })
      if (ended?.report) report(found.added, ended.report)
      return Promise.resolve({ as: 'parked' })
    },
    onEnded() {},
    stickies: { of: () => undefined },
    optOuts: {
      empty: true,
      has: () => false,
      put: () => Promise.resolve(true),
      remove: () => Promise.resolve(false),
      list: () => Promise.resolve({ optOuts: [] }),
    },
    submitted: {
      today: () => ({ messages: 0, segments: 0 }),
      thisMonth: () => ({ messages: 0, segments: 0 }),
      waiting: () => 0,
    },
    onReady(next) {
      listener = next
    },
    cdrs: () => Promise.resolve([]),
  }
  function report({ message }: NewMessage, what: NonNullable<NonNullable<NewMessage['ended']>['report']>): void {
    put(message.arrival, {
      id: ++token,
      lane: message.arrival,
      account: message.account,
      priority: 1,
      attempt: 0,
      message,
      kind: 'report',
      report: what,
    })
  }
  return calls as Store
}

// What a bind's receipts tell: how they name messages, how many wait for theirs, how far they can be
// believed. Only for those whose bind it is: the bind's account and the ones above it.
import { isWithin, type Configuration } from '../model/configuration.ts'
import type { BindId } from '../model/message.ts'
import { learnedForm } from '../model/ref.ts'
import type { ParkedDepth, Store } from '../store/store.ts'
import type { BindReceipts, Receipts, TruthOf } from './admin.ts'
import { Refused, type Caller } from './caller.ts'

export interface ReceiptParts {
  store: Store
  configuration(): Configuration
  truth: TruthOf
}

/** For the room itself: no caller is asked for. */
export interface BindReceiptsOf {
  inside(bind: BindId, parked: readonly ParkedDepth[]): Promise<BindReceipts>
}

const mostListed = 1000

export function createReceipts({ store, configuration, truth }: ReceiptParts): Receipts & BindReceiptsOf {
  function check(caller: Caller, id: BindId): void {
    const now = configuration()
    const bind = now.binds.get(id)
    if (!bind || !isWithin(now, bind.account, caller.account)) throw new Refused('absent', `There is no bind ${id}.`)
  }

  async function inside(bind: BindId, parked: readonly ParkedDepth[]): Promise<BindReceipts> {
    const refForms = await store.refForms(bind)
    const learned = learnedForm(refForms)
    const depth = parked.find((each) => each.bind === bind)
    const score = truth(bind)
    return {
      refForms,
      ...(learned ? { refForm: learned } : {}),
      parked: depth?.parked ?? 0,
      ...(depth ? { oldestParkedAt: depth.oldestAt } : {}),
      ...(score ? { truth: score } : {}),
    }
  }

  return {
    inside,
    async of(caller, bind) {
      check(caller, bind)
      return await inside(bind, await store.parkedDepths())
    },
    async parked(caller, bind, limit, cursor) {
      check(caller, bind)
      return await store.parked(bind, Math.min(limit, mostListed), cursor)
    },
  }
}

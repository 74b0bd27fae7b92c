// What an account may know of the road that its message took: everything of its own, and of the
// accounts above only that they carried it. Their rules, carriers and PDUs are their own affair.
import type { Life, LifeEntry } from '../model/life.ts'
import type { AccountId, BindId } from '../model/message.ts'
import type { Decision } from '../model/route.ts'
import type { MessageTrace } from '../store/store.ts'

/** Stands for a route or a bind of an account above. */
const inherited = 'inherited'

export type Sees = (account: AccountId) => boolean

function ofBind(sees: Sees, bind: BindId): BindId {
  return sees(bind.slice(0, bind.indexOf('/'))) ? bind : inherited
}

export function concealDecision(decision: Decision, sees: Sees): Decision {
  const deciding = decision.candidates.length > 0 ? decision.tried.findLast((rule) => rule.matched) : undefined
  const tried = decision.tried.flatMap((rule) => {
    if (sees(rule.account)) return [rule]
    return rule === deciding ? [{ ...rule, route: inherited, account: '', why: 'A route of an account above takes it.' }] : []
  })
  return {
    ...decision,
    ...(decision.route !== undefined && deciding && !sees(deciding.account) ? { route: inherited } : {}),
    candidates: decision.candidates.map(({ bind, why }) =>
      ofBind(sees, bind) === inherited || (deciding && !sees(deciding.account))
        ? { bind: ofBind(sees, bind), why: 'By a route or bind of an account above.' }
        : { bind, why },
    ),
    tried,
  }
}

function concealLife(life: Life, sees: Sees): Life {
  return {
    ...life,
    segments: life.segments.map((segment) => (segment.bind === undefined ? segment : { ...segment, bind: ofBind(sees, segment.bind) })),
    ...(life.bind === undefined ? {} : { bind: ofBind(sees, life.bind) }),
  }
}

function concealEntry(entry: LifeEntry, sees: Sees): LifeEntry {
  switch (entry.what) {
    case 'accepted':
      return { ...entry, via: ofBind(sees, entry.via) }
    case 'attempt':
    case 'receipt': {
      const bind = ofBind(sees, entry.bind)
      if (bind !== inherited) return entry
      const { wire: _wire, ...rest } = entry
      return { ...rest, bind }
    }
    case 'retry':
      return { ...entry, bind: ofBind(sees, entry.bind) }
    case 'failover':
      return { ...entry, from: ofBind(sees, entry.from), to: ofBind(sees, entry.to) }
    case 'decided':
      return { ...entry, before: concealDecision(entry.before, sees) }
    case 'held':
    case 'report':
    case 'final':
    case 'redacted':
    case 'note':
      return entry
  }
}

export function concealTrace(trace: MessageTrace, sees: Sees): MessageTrace {
  return {
    ...trace,
    message: { ...trace.message, arrival: ofBind(sees, trace.message.arrival) },
    decision: concealDecision(trace.decision, sees),
    life: concealLife(trace.life, sees),
    entries: trace.entries.map((entry) => concealEntry(entry, sees)),
  }
}

// The routes of one account as each account below sees them. What is the same for everybody is compiled
// once. What depends on who sends, since the route or a bind of it is not for all, is laid over that,
// once for all accounts that may use the same of it: who may not use a route never meets it, and is told
// nothing of it, nor by how long the decision takes.
import { isWithin } from '../model/configuration.ts'
import type { Bind } from '../model/bind.ts'
import { lineage, maySendBy } from '../model/grant.ts'
import type { AccountId, BindId } from '../model/message.ts'
import type { Route, RuleTried } from '../model/route.ts'
import { prefixTree, type PrefixNode } from './prefixes.ts'
import type { Question } from './question.ts'
import { compileRule, conditionsOf, matchSentence, membersOf, type Ground, type Rule } from './rule.ts'

export interface Layer {
  common: PrefixNode<Rule>
  /** What depends on the sender. Among those of one prefix the lower rank goes first, here or there. */
  particular?: PrefixNode<Rule>
}

export interface Owned {
  /** As the owner, or an account that inherits from it, sees them. */
  for(account: AccountId): Layer
  /** Routes that would take this, were they or a bind of them granted to the sender. */
  ungranted(question: Question): RuleTried[]
}

export function ownedBy(ground: Ground, owner: AccountId, routes: readonly Route[]): Owned {
  const common: Rule[] = []
  const particular: Route[] = []
  const grantees = new Set<AccountId>()
  const chosen = new Map<BindId, Bind>()
  const ranks = new Map(routes.toSorted(better).map((route, rank) => [route, rank]))
  for (const [route, rank] of ranks) {
    const some = bindsOf(ground, route).filter((bind) => isForSome(ground, bind, owner))
    if (route.grant === undefined && some.length === 0) common.push(compileRule(ground, route, rank)!)
    else particular.push(route)
    for (const bind of some) chosen.set(bind.id, bind)
    for (const grantee of route.grant ?? []) grantees.add(grantee)
  }
  const all: Layer = { common: treeOf(common) }
  if (particular.length === 0) return { for: () => all, ungranted: () => [] }

  const laid = new Map<string, Layer>()

  /** Accounts of one standing see the same. */
  function standing(account: AccountId): { named: ReadonlySet<AccountId>; binds: ReadonlySet<BindId>; isOwner: boolean } {
    const { configuration } = ground
    const line = lineage(configuration, account)
    const below = line.slice(0, line.indexOf(owner))
    return {
      named: new Set(below.filter((one) => grantees.has(one))),
      binds: new Set([...chosen.values()].filter((bind) => maySendBy(configuration, bind, account)).map((bind) => bind.id)),
      isOwner: account === owner,
    }
  }

  function seen(route: Route, { named, binds, isOwner }: ReturnType<typeof standing>): Rule | 'route' | 'binds' {
    if (!isOwner && route.grant !== undefined && !route.grant.some((one) => named.has(one))) return 'route'
    return compileRule(ground, route, ranks.get(route)!, (bind) => !chosen.has(bind) || binds.has(bind)) ?? 'binds'
  }

  return {
    for(account) {
      const of = standing(account)
      const key = of.isOwner ? 'owner' : `${[...of.named].join()} ${[...of.binds].join()}`
      const known = laid.get(key)
      if (known) return known
      const rules = particular.map((route) => seen(route, of)).filter((rule) => typeof rule === 'object')
      const layer: Layer = rules.length > 0 ? { common: all.common, particular: treeOf(rules) } : all
      laid.set(key, layer)
      return layer
    },
    ungranted(question) {
      const of = standing(question.account)
      return particular.flatMap((route) => {
        if (!question.to.value.startsWith(route.when.prefix)) return []
        if (!conditionsOf(route, ground.zones).every((condition) => condition.holds(question))) return []
        const rule = seen(route, of)
        if (typeof rule === 'object') return []
        const what = rule === 'route' ? 'it is not' : 'no bind of it is'
        return [{ route: route.id, account: owner, matched: false, why: `${matchSentence(route)}; ${what} granted to the sender.` }]
      })
    },
  }
}

function treeOf(rules: readonly Rule[]): PrefixNode<Rule> {
  return prefixTree(rules.map((rule) => [rule.route.when.prefix, rule]))
}

function bindsOf(ground: Ground, route: Route): Bind[] {
  return route.to.flatMap((target) => membersOf(ground, target).flatMap(({ bind }) => ground.configuration.binds.get(bind) ?? []))
}

/** Whether not every account that inherits the owner's routes may use it: one above lends it to all of them, or to none. */
function isForSome({ configuration }: Ground, bind: Bind, owner: AccountId): boolean {
  // To one’s own customer nobody below sends.
  if (bind.account === owner) return bind.side === 'client' || bind.grant !== undefined
  return isWithin(configuration, bind.account, owner)
}

/** Order of the routes of one account with the same prefix: the more particular one first. */
function better(a: Route, b: Route): number {
  return (
    (b.when.sender?.length ?? 0) - (a.when.sender?.length ?? 0) ||
    Number(b.when.arrival !== undefined) - Number(a.when.arrival !== undefined) ||
    conditionCount(b) - conditionCount(a) ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)
  )
}

function conditionCount(route: Route): number {
  const { sender, account, arrival, kind, time } = route.when
  return [sender, account, arrival, kind, time].filter((condition) => condition !== undefined).length
}

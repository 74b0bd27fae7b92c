// Which binds a message may go to, in which order, and why: a pure function of the table and the
// question. The routes of the account itself come first, then those it inherits; within an account
// the longest destination prefix, then the longest sender, then a named arrival, then more
// conditions, then the id. The first route that holds and has a usable bind decides.
import { isWithin, localBindId, type Configuration } from '../model/configuration.ts'
import type { Address } from '../model/address.ts'
import type { OwnNumber } from '../model/account.ts'
import type { Bind } from '../model/bind.ts'
import type { Candidate, Decision, RuleTried } from '../model/route.ts'
import { longest } from './prefixes.ts'
import type { Question } from './question.ts'
import { matchSentence, ordersOf, type Rule, type RoutingTable } from './table.ts'

/** More rules than this are looked at, but not told. */
const triedLimit = 20

export function decide(table: RoutingTable, question: Question): Decision {
  const tried: RuleTried[] = []
  for (const tree of table.routesOf.get(question.account) ?? []) {
    for (let node = longest(tree, question.to.value); node; node = node.shorter) {
      for (const rule of node.items ?? []) {
        const failed = rule.conditions.find((condition) => !condition.holds(question))
        if (failed) {
          if (tried.length < triedLimit - 1) tried.push(failed.otherwise)
          continue
        }
        const { candidates, told } = order(rule, question)
        if (candidates) {
          tried.push(told)
          return { revision: table.revision, route: rule.route.id, candidates, failoverOnReceipt: rule.route.failoverOnReceipt, tried }
        }
        if (tried.length < triedLimit - 1) tried.push(told)
      }
    }
  }
  return { revision: table.revision, candidates: [], failoverOnReceipt: false, tried }
}

function order(rule: Rule, question: Question): { candidates?: Candidate[]; told: RuleTried } {
  // Never back to where it came from: rare, so only then is the order worked out anew.
  const back = rule.targets.find((target) => target.bind === question.arrival)
  if (!back) {
    const found = rule.orders.find((one) => question.dice < one.below)
    return found ? { candidates: found.candidates, told: rule.matched } : { told: rule.matched }
  }
  const targets = rule.targets.filter((target) => target !== back)
  const found = ordersOf(rule.route, targets).find((one) => question.dice < one.below)
  const why = `${matchSentence(rule.route)}; ${localBindId(back.bind)} is left out: the message arrived on it.`
  const told = { ...rule.matched, why: found ? why : `${why} It cannot be used.` }
  return found ? { candidates: found.candidates, told } : { told }
}

/**
 * The number of ours that an inbound message is for. Only numbers of the carrier's own account, of
 * one below or of one above it: nobody hears what another tenant's carrier brings.
 */
export function inboundNumber(configuration: Configuration, supplierBind: Bind, to: Address): OwnNumber | undefined {
  const { numbers } = configuration
  const number = numbers.get(to.value) ?? (/^\d{7,15}$/.test(to.value) ? numbers.get(`+${to.value}`) : undefined)
  if (!number) return undefined
  const related =
    isWithin(configuration, number.account, supplierBind.account) || isWithin(configuration, supplierBind.account, number.account)
  return related ? number : undefined
}

/** An inbound message goes to the bind of our number. No candidates: `tried[0].why` says why. */
export function decideInbound(configuration: Configuration, supplierBind: Bind, to: Address): Decision {
  const number = inboundNumber(configuration, supplierBind, to)
  const { revision } = configuration
  const none = (why: string): Decision => ({
    revision,
    candidates: [],
    failoverOnReceipt: false,
    tried: [{ route: to.value, account: number?.account ?? supplierBind.account, matched: false, why }],
  })
  if (!number) return none(`${to.value} is no number of ours.`)
  const bind = configuration.binds.get(number.bind)
  const local = localBindId(number.bind)
  if (!bind || bind.side !== 'client') return none(`${number.value} goes to ${local}, which is no client bind.`)
  if (!bind.enabled) return none(`${number.value} goes to ${local}, which is disabled.`)
  if (bind.id === supplierBind.id) return none(`${number.value} goes to ${local}, where the message came from.`)
  const why = `${number.value} is a number of ours that goes to ${local}.`
  return {
    revision,
    candidates: [{ bind: bind.id, why }],
    failoverOnReceipt: false,
    tried: [{ route: number.value, account: number.account, matched: true, why }],
  }
}

/** A decision told to people, a line a step. */
export function explain(decision: Decision, configuration: Configuration): string[] {
  const of = (account: string): string => configuration.accounts.get(account)?.name ?? account
  const lines = decision.tried.map((rule) => `${rule.matched ? '✓' : '·'} ${rule.why} (${of(rule.account)})`)
  if (decision.candidates.length === 0) {
    lines.push(decision.tried.length === 0 ? 'No route takes this destination.' : 'No route is left: the message would be refused.')
  }
  decision.candidates.forEach((candidate, i) => lines.push(`${i + 1}. ${candidate.why} (${named(configuration, candidate.bind)})`))
  if (decision.failoverOnReceipt) lines.push('A receipt that says failed sends it to the next bind.')
  lines.push(`Configuration revision ${decision.revision}.`)
  return lines
}

function named(configuration: Configuration, id: string): string {
  const bind = configuration.binds.get(id)
  return bind ? `${bind.name}, ${bind.connector}` : 'gone by now'
}

// Which binds a message may go to, in which order, and why: a pure function of the table and the
// question. The routes of the account itself come first, then those it inherits; within an account
// the longest destination prefix, then the longest sender, then a named arrival, then more
// conditions, then the id. The first route that holds and has a usable bind decides.
import { isWithin, localBindId, type Configuration } from '../model/configuration.ts'
import type { Address } from '../model/address.ts'
import type { OwnNumber } from '../model/account.ts'
import type { Bind } from '../model/bind.ts'
import type { BindId } from '../model/message.ts'
import type { Candidate, Decision, RuleTried } from '../model/route.ts'
import { lineage } from '../model/grant.ts'
import { decideAddressee, decideVia } from './direct.ts'
import { longest } from './prefixes.ts'
import type { Question } from './question.ts'
import { matchSentence, ordersOf, trunkedCandidates, type Order, type Rule } from './rule.ts'
import type { RoutingTable } from './table.ts'
import type { Place } from './trunk.ts'

/** More rules than this are looked at, but not told. */
const triedLimit = 20
const noRules: readonly Rule[] = []

export function decide(table: RoutingTable, question: Question): Decision {
  const { account, via, to } = question
  if (via !== undefined) return decideVia(table.revision, account, via, table.supplierNamed(account, via), question.arrival)
  if (to.npi === 'internet') {
    // A user without a domain is one of the account's own, and no carrier's.
    const found = table.addressee(account, to.value) ?? (isBareUser(to.value) ? nobody : undefined)
    if (found !== undefined) return decideAddressee(table.revision, account, to.value, found)
  }
  const tried: RuleTried[] = []
  for (const { common, particular } of table.layersOf(account)) {
    let node = longest(common, to.value)
    let other = particular && longest(particular, to.value)
    while (node || other) {
      const ahead = (other?.length ?? -1) - (node?.length ?? -1)
      const rules = node && ahead <= 0 ? node.items! : noRules
      const others = other && ahead >= 0 ? other.items! : noRules
      for (let i = 0, j = 0; i < rules.length || j < others.length;) {
        const rule = j >= others.length || (i < rules.length && rules[i]!.rank < others[j]!.rank) ? rules[i++]! : others[j++]!
        const failed = rule.conditions.find((condition) => !condition.holds(question))
        if (failed) {
          if (tried.length < triedLimit - 1) tried.push(failed.otherwise)
          continue
        }
        const { candidates, told, plain } = order(table, rule, question)
        if (candidates) {
          if (plain && tried.length === 0) {
            if (plain.decision?.revision !== table.revision) plain.decision = decisionOf(table, rule, candidates, [told])
            return plain.decision
          }
          tried.push(told)
          return decisionOf(table, rule, candidates, tried)
        }
        if (tried.length < triedLimit - 1) tried.push(told)
      }
      if (ahead <= 0) node = node?.shorter
      if (ahead >= 0) other = other?.shorter
    }
  }
  return { revision: table.revision, candidates: [], failoverOnReceipt: false, tried }
}

const nobody = {}
const isBareUser = (address: string): boolean => !address.includes('@') && !address.includes(':')

function decisionOf({ revision }: RoutingTable, { route }: Rule, candidates: Candidate[], tried: RuleTried[]): Decision {
  return { revision, route: route.id, candidates, failoverOnReceipt: route.failoverOnReceipt, tried }
}

/** `plain`: the order taken, where the answer is the same for every message that takes it. */
function order(table: RoutingTable, rule: Rule, question: Question): { candidates?: Candidate[]; told: RuleTried; plain?: Order } {
  let { orders } = rule
  let told = rule.matched
  // Never back to where it came from: rare, so only then is the order worked out anew.
  const peer = table.peers.size === 0 ? undefined : table.peers.get(question.arrival)
  const back = backOf(table, rule.places, question.arrival, peer)
  if (back.length > 0) {
    const places: Place[] = []
    for (const place of rule.places) {
      const members = place.members.filter(({ bind }) => !back.includes(bind))
      if (members.length > 0) places.push({ ...place, members })
    }
    orders = ordersOf(rule.route, places)
    const left = back.map((bind) => {
      const from = bind === question.arrival ? 'the message arrived on it' : `the message came from ${peer}, and so would go back`
      return `${localBindId(bind)} is left out: ${from}`
    })
    told = { ...told, why: `${matchSentence(rule.route)}; ${left.join('; ')}.${places.length > 0 ? '' : ' It cannot be used.'}` }
  }
  for (const one of orders) {
    if (question.dice >= one.below) continue
    if (one.candidates)
      return told === rule.matched ? { candidates: one.candidates, told, plain: one } : { candidates: one.candidates, told }
    const { candidates, passed } = trunkedCandidates(rule.route, one, question)
    if (passed.length === 0) return { candidates, told }
    const over = passed.map(({ bind }) => localBindId(bind)).join(', ')
    return { candidates, told: { ...told, why: `${told.why} Passed over, as resting or without a session: ${over}.` } }
  }
  return { told }
}

function backOf(table: RoutingTable, places: readonly Place[], arrival: BindId, peer: string | undefined): BindId[] {
  const back: BindId[] = []
  for (const { members } of places)
    for (const { bind } of members) if (bind === arrival || (peer !== undefined && table.peers.get(bind) === peer)) back.push(bind)
  return back
}

/**
 * The number of ours that an inbound message is for: of the carrier's own account or one below it. What a
 * carrier brings for an account above is heard only where that account itself sends by it, since a route
 * that it may use leads there. Nobody else hears what a tenant's carrier brings, or by whom it was granted.
 */
export function inboundNumber(
  configuration: Configuration,
  { leads }: Pick<RoutingTable, 'leads'>,
  carrier: Bind,
  to: Address,
): OwnNumber | undefined {
  const { numbers } = configuration
  const number = numbers.get(to.value) ?? (/^\d{7,15}$/.test(to.value) ? numbers.get(`+${to.value}`) : undefined)
  if (!number || isWithin(configuration, number.account, carrier.account)) return number
  const { account } = number
  const isHeard =
    isWithin(configuration, carrier.account, account) && lineage(configuration, account).some((owner) => leads(owner, account, carrier))
  return isHeard ? number : undefined
}

/** An inbound message goes to the bind of our number, or of the user it names. No candidates: `tried[0].why` says why. */
export function decideInbound(
  configuration: Configuration,
  table: Pick<RoutingTable, 'leads' | 'addressee'>,
  carrier: Bind,
  to: Address,
): Decision {
  if (to.npi === 'internet') {
    const found = table.addressee(carrier.account, to.value)
    if (found !== undefined) return decideAddressee(configuration.revision, carrier.account, to.value, found)
  }
  const number = inboundNumber(configuration, table, carrier, to)
  const { revision } = configuration
  const none = (why: string): Decision => ({
    revision,
    candidates: [],
    failoverOnReceipt: false,
    tried: [{ route: to.value, account: number?.account ?? carrier.account, matched: false, why }],
  })
  if (!number) return none(`${to.value} is no number of ours.`)
  const bind = configuration.binds.get(number.bind)
  const local = localBindId(number.bind)
  if (!bind || bind.side !== 'client' || !isWithin(configuration, bind.account, number.account))
    return none(`${number.value} goes to ${local}, which is no client bind.`)
  if (!bind.enabled) return none(`${number.value} goes to ${local}, which is disabled.`)
  if (bind.id === carrier.id) return none(`${number.value} goes to ${local}, where the message came from.`)
  const why = `${number.value} is a number of ours that goes to ${local}.`
  return {
    revision,
    candidates: [{ bind: bind.id, why }],
    failoverOnReceipt: false,
    tried: [{ route: number.value, account: number.account, matched: true, why }],
  }
}

/** A decision told to people, a line a step. Of whom an account may not know (admin/conceal.ts) nothing is named. */
export function explain(decision: Decision, configuration: Configuration): string[] {
  const of = (account: string): string => configuration.accounts.get(account)?.name ?? account
  const lines = decision.tried.map(
    (rule) => `${rule.matched ? '✓' : '·'} ${rule.why}${rule.account === '' ? '' : ` (${of(rule.account)})`}`,
  )
  if (decision.candidates.length === 0) {
    lines.push(decision.tried.length === 0 ? 'No route takes this destination.' : 'No route is left: the message would be refused.')
  }
  decision.candidates.forEach((candidate, i) =>
    lines.push(`${i + 1}. ${candidate.why}${candidate.bind.includes('/') ? ` (${named(configuration, candidate.bind)})` : ''}`),
  )
  if (decision.failoverOnReceipt) lines.push('A receipt that says failed sends it to the next bind.')
  lines.push(`Configuration revision ${decision.revision}.`)
  return lines
}

function named(configuration: Configuration, id: string): string {
  const bind = configuration.binds.get(id)
  return bind ? `${bind.name}, ${bind.connector}` : 'gone by now'
}

// The termination logic, made ready to be asked: everything that does not depend on the message is
// worked out here, once per configuration, sentences included. A table never changes.
import type { Bind } from '../model/bind.ts'
import { isWithin, localBindId, statusAsItStands, type Configuration } from '../model/configuration.ts'
import type { AccountId, BindId } from '../model/message.ts'
import { targetMeans, type Candidate, type Decision, type Route, type RouteTarget, type RuleTried } from '../model/route.ts'
import { prefixTree, type PrefixNode } from './prefixes.ts'
import type { Question } from './question.ts'
import { supplierNamed, type Addressee } from './direct.ts'
import { memberOrder, type Member, type Place } from './trunk.ts'
import { openTimes, type Zones } from './window.ts'

export interface RoutingTable {
  readonly revision: number
  /** For each account whose routes apply to it, its own first, then its parent's as far as inherited. */
  readonly routesOf: ReadonlyMap<AccountId, readonly PrefixNode<Rule>[]>
  /** Who is at the other end of a bind, of those that say. */
  readonly peers: ReadonlyMap<BindId, string>
  readonly addressee: Addressee
  /** The supplier bind that an account means by a name, or why there is none. */
  supplierNamed(account: AccountId, name: string): Bind | string
}

export interface Condition {
  holds(question: Question): boolean
  otherwise: RuleTried
}

export interface Rule {
  readonly route: Route
  readonly conditions: readonly Condition[]
  /** Usable targets, in the route's order. */
  readonly places: readonly Place[]
  /** Every order that the split can come to, with the share of dice below which it is taken. */
  readonly orders: readonly Order[]
  readonly matched: RuleTried
}

/** `candidates` where they are the same for every message: no target is a trunk. */
export interface Order {
  below: number
  places: readonly Place[]
  candidates?: Candidate[]
  /** Made once: every message that takes this order, and no other rule before, is decided so. */
  decision?: Decision
}

export function compile(configuration: Configuration, addressee: Addressee = () => undefined): RoutingTable {
  const zones: Zones = new Map()
  const trees = new Map<AccountId, PrefixNode<Rule>>()
  for (const [owner, routes] of configuration.routes) {
    const best = routes.toSorted(better)
    trees.set(owner, prefixTree(best.map((route) => [route.when.prefix, compileRule(configuration, route, zones)])))
  }
  const routesOf = new Map<AccountId, PrefixNode<Rule>[]>()
  for (const account of configuration.accounts.keys()) {
    routesOf.set(
      account,
      lineage(configuration, account).flatMap((owner) => trees.get(owner) ?? []),
    )
  }
  const peers = new Map<BindId, string>()
  for (const { id, policy } of configuration.binds.values()) if (policy.peer !== '') peers.set(id, policy.peer)
  return {
    revision: configuration.revision,
    routesOf,
    peers,
    addressee,
    supplierNamed: (account, name) => supplierNamed(configuration, account, lineage(configuration, account), name),
  }
}

/** The account, then its parent if it inherits, and so on. */
export function lineage(configuration: Pick<Configuration, 'accounts'>, account: AccountId): AccountId[] {
  const line: AccountId[] = []
  let at: AccountId | undefined = account
  while (at !== undefined && line.length < 64) {
    line.push(at)
    const row = configuration.accounts.get(at)
    at = row?.inheritRoutes ? row.parent : undefined
  }
  return line
}

/** Order of the routes of one account with the same prefix: the more particular one first. */
export function better(a: Route, b: Route): number {
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

/** Why this target cannot be used by this route, whoever sends; undefined when it can. */
export function blocked(configuration: Configuration, route: Route, id: BindId): string | undefined {
  const bind: Bind | undefined = configuration.binds.get(id)
  if (!bind) return 'it does not exist'
  const own = isWithin(configuration, bind.account, route.account)
  // A stranger's bind is as good as absent: nothing may be inferred of it.
  if (!own && !lineage(configuration, route.account).includes(bind.account)) {
    return isWithin(configuration, route.account, bind.account) ? 'its account does not share it' : 'it does not exist'
  }
  if (bind.side !== 'supplier') return 'it is a client bind'
  if (!bind.enabled) return 'it is disabled'
  if (statusAsItStands(configuration, bind.account) !== 'active') return 'its account is not active'
  return undefined
}

function compileRule(configuration: Configuration, route: Route, zones: Zones): Rule {
  const places: Place[] = []
  const left: string[] = []
  for (const target of route.to) {
    const members: Member[] = []
    for (const { bind, weight } of target.trunk ? membersOf(configuration, target) : [{ bind: target.bind, weight: 1 }]) {
      const why = blocked(configuration, route, bind)
      if (why === undefined) members.push({ bind, weight })
      else left.push(`${localBindId(bind)} is left out: ${why}`)
    }
    if (members.length === 0) {
      if (target.trunk) left.push(`the trunk ${localBindId(target.bind)} is left out: it has no member`)
      continue
    }
    const place: Place = { members }
    if (target.weight !== undefined) place.weight = target.weight
    if (target.trunk) place.trunk = target.bind
    places.push(place)
  }
  const matched = [matchSentence(route), ...left].join('; ')
  return {
    route,
    conditions: conditionsOf(route, zones),
    places,
    orders: ordersOf(route, places),
    matched: tried(
      route,
      true,
      places.length > 0 ? `${matched}.` : `${matched}${left.length > 0 ? '' : '; it names no bind'}. It cannot be used.`,
    ),
  }
}

export function matchSentence(route: Route): string {
  return route.when.prefix === ''
    ? `Route ${route.id} takes every destination`
    : `Route ${route.id} takes destinations that start with ${route.when.prefix}`
}

function membersOf(configuration: Configuration, target: RouteTarget): Member[] {
  const members: Member[] = []
  for (const bind of configuration.binds.values())
    if (bind.side === 'supplier' && targetMeans(target, bind)) members.push({ bind: bind.id, weight: bind.policy.trunkWeight })
  return members.sort((a, b) => (a.bind < b.bind ? -1 : 1))
}

/** Every first choice with its share; the others follow in the route's order. */
export function ordersOf(route: Route, usable: readonly Place[]): Order[] {
  const weighted = usable.filter((place) => (place.weight ?? 0) > 0)
  const total = weighted.reduce((sum, place) => sum + (place.weight ?? 0), 0)
  const firsts = weighted.length > 0 ? weighted : usable.slice(0, 1)
  let sum = 0
  return firsts.map((first, n) => {
    sum += first.weight ?? 0
    const places = [first, ...usable.filter((place) => place !== first)]
    const order: Order = { below: n === firsts.length - 1 ? 1 : sum / total, places }
    if (places.every((place) => place.trunk === undefined)) {
      order.candidates = places.map((place, i) => candidate(route, place.members[0]!.bind, i, shareOf(first, weighted.length, total)))
      Object.freeze(order.candidates)
    }
    return order
  })
}

function shareOf(first: Place, weighted: number, total: number): string {
  return weighted > 1 ? `chosen: its share of the split is ${first.weight} of ${total}` : 'the first choice'
}

function candidate(route: Route, bind: BindId, i: number, first: string): Candidate {
  const local = localBindId(bind)
  const why =
    i === 0 ? `${local} is ${first} in route ${route.id}.` : `${local} is number ${i + 1} of route ${route.id}, if those before fail.`
  return Object.freeze({ bind, why })
}

/** The candidates of an order with trunks in it, and the members that were passed over. */
export function trunkedCandidates(route: Route, order: Order, question: Question): { candidates: Candidate[]; passed: Member[] } {
  const candidates: Candidate[] = []
  const passed: Member[] = []
  for (const place of order.places) {
    const members = memberOrder(place, question)
    passed.push(...members.passed)
    for (const { bind } of members.order) {
      if (candidates.some((known) => known.bind === bind)) continue
      if (place.trunk === undefined) candidates.push(candidate(route, bind, candidates.length, 'the first choice'))
      else {
        const told = candidates.length === 0 ? 'is next in turn' : `is number ${candidates.length + 1} of route ${route.id}`
        candidates.push({ bind, trunk: place.trunk, why: `${localBindId(bind)} ${told}, of the trunk ${localBindId(place.trunk)}.` })
      }
    }
  }
  return { candidates, passed }
}

function tried(route: Route, matched: boolean, why: string): RuleTried {
  return Object.freeze({ route: route.id, account: route.account, matched, why })
}

function conditionsOf(route: Route, zones: Zones): Condition[] {
  const { sender, account, arrival, kind, time } = route.when
  const list: Condition[] = []
  const only = (why: string, holds: Condition['holds']): void => {
    list.push({ holds, otherwise: tried(route, false, `Route ${route.id} is ${why}.`) })
  }
  if (!route.enabled) only('disabled', () => false)
  if (sender !== undefined) {
    if (isName(sender)) only(`only for the sender ${sender}`, (question) => question.from.value === sender)
    else only(`only for senders that start with ${sender}`, (question) => question.from.value.startsWith(sender))
  }
  if (account !== undefined) only(`only for account ${account}`, (question) => question.account === account)
  if (arrival !== undefined) only(`only for what arrives on ${localBindId(arrival)}`, (question) => question.arrival === arrival)
  if (kind !== undefined) only(`only for ${kind} messages`, (question) => question.kind === kind)
  if (time !== undefined) {
    const open = openTimes(time, zones)
    only(`only open ${open.text}`, (question) => open.isOpen(question.at))
  }
  return list
}

/** An alphanumeric sender is compared whole; digits and URIs are prefixes. */
function isName(sender: string): boolean {
  return /[A-Za-z]/.test(sender) && !/^[a-z]+:/.test(sender)
}

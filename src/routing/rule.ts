// One route made ready to be asked: its conditions, the orders in which its binds are tried, and every
// sentence that can be said of it beforehand.
import type { Bind } from '../model/bind.ts'
import { isWithin, localBindId, statusAsItStands, type Configuration } from '../model/configuration.ts'
import { maySendBy } from '../model/grant.ts'
import type { BindId } from '../model/message.ts'
import type { Candidate, Decision, Route, RouteTarget, RuleTried } from '../model/route.ts'
import type { Question } from './question.ts'
import { memberOrder, type Member, type Place } from './trunk.ts'
import { openTimes, type Zones } from './window.ts'

export interface Condition {
  holds(question: Question): boolean
  otherwise: RuleTried
}

export interface Rule {
  readonly route: Route
  /** Among the routes of its account with the same prefix: the lowest goes first. */
  readonly rank: number
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

/** What rules are made of, once for a whole table. */
export interface Ground {
  /** The newest that does not differ in what rules are made of. */
  configuration: Configuration
  zones: Zones
  /** Supplier binds by `<account>/<trunk>`. */
  trunks: ReadonlyMap<string, readonly Member[]>
  /** Who is at the other end of a bind, of those that say. */
  peers: ReadonlyMap<BindId, string>
  /** Binds that routes made of this lead to by their ids. */
  named: Set<BindId>
}

export function groundOf(configuration: Configuration): Ground {
  const trunks = new Map<string, Member[]>()
  const peers = new Map<BindId, string>()
  for (const { id, account, side, policy } of configuration.binds.values()) {
    if (policy.peer !== '') peers.set(id, policy.peer)
    if (side !== 'supplier' || policy.trunk === '') continue
    const key = `${account}/${policy.trunk}`
    const members = trunks.get(key)
    if (members) members.push({ bind: id, weight: policy.trunkWeight })
    else trunks.set(key, [{ bind: id, weight: policy.trunkWeight }])
  }
  for (const members of trunks.values()) members.sort((a, b) => (a.bind < b.bind ? -1 : 1))
  return { configuration, zones: new Map(), trunks, peers, named: new Set() }
}

export function membersOf({ trunks, named }: Ground, target: RouteTarget): readonly Member[] {
  if (!target.trunk) named.add(target.bind)
  return target.trunk ? (trunks.get(target.bind) ?? []) : [{ bind: target.bind, weight: 1 }]
}

const absent = 'it does not exist'

/** Why this target cannot be used by this route, whoever sends; undefined when it can. */
function blocked(configuration: Configuration, route: Route, id: BindId): string | undefined {
  const bind: Bind | undefined = configuration.binds.get(id)
  if (!bind) return absent
  if (!maySendBy(configuration, bind, route.account)) {
    // A stranger's bind is as good as absent: nothing may be inferred of it.
    return isWithin(configuration, route.account, bind.account) ? 'it is not granted to the account' : absent
  }
  if (!bind.enabled) return 'it is disabled'
  if (statusAsItStands(configuration, bind.account) !== 'active') return 'its account is not active'
  return undefined
}

/** `mayUse`: which of its binds the sender may use. Undefined when what it may not use leaves it none: for the sender there is no such rule. */
export function compileRule(ground: Ground, route: Route, rank: number, mayUse: (bind: BindId) => boolean = () => true): Rule | undefined {
  const places: Place[] = []
  const left: string[] = []
  let withheld = false
  for (const target of route.to) {
    const members: Member[] = []
    let isEmpty = true
    for (const member of membersOf(ground, target)) {
      const granted = mayUse(member.bind)
      withheld ||= !granted
      const why = granted ? blocked(ground.configuration, route, member.bind) : 'it is not granted to the sender'
      if (target.trunk && why === absent) continue
      isEmpty = false
      if (why === undefined) members.push(member)
      else left.push(`${localBindId(member.bind)} is left out: ${why}`)
    }
    if (members.length === 0) {
      if (isEmpty) left.push(`the trunk ${localBindId(target.bind)} is left out: it has no member`)
      continue
    }
    const place: Place = { members }
    if (target.weight !== undefined) place.weight = target.weight
    if (target.trunk) place.trunk = target.bind
    places.push(place)
  }
  if (withheld && places.length === 0) return undefined
  const matched = [matchSentence(route), ...left].join('; ')
  return {
    route,
    rank,
    conditions: conditionsOf(route, ground.zones),
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

export function conditionsOf(route: Route, zones: Zones): Condition[] {
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

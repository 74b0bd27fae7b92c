// One rule of the termination logic, and the decision it leads to.
import type { Bind, Grant } from './bind.ts'
import type { BodyKind } from './body.ts'
import type { AccountId, BindId } from './message.ts'

/** Minutes of the day in a zone. `to` before `from` spans midnight. */
export interface TimeWindow {
  /** 0 Sunday … 6 Saturday; empty = every day. */
  days: number[]
  /** `HH:MM` */
  from: string
  to: string
  /** IANA name. */
  zone: string
}

/** All conditions must hold; an absent one always does. */
export interface RouteConditions {
  /** Destination prefix, `+44…`; `` is the default. */
  prefix: string
  /** Sender prefix, or a whole alphanumeric sender. */
  sender?: string
  /** The sending account (a descendant of the route's owner, or the owner itself). */
  account?: AccountId
  /** The bind that the message arrived on. */
  arrival?: BindId
  kind?: BodyKind
  time?: TimeWindow
}

export interface RouteTarget {
  bind: BindId
  /** `bind` names no bind but a trunk of its account, `<account>/<trunk>`: every supplier bind there whose policy has it. */
  trunk?: true
  /** Share among the weighted targets of a route; absent = failover only, in order. */
  weight?: number
}

export interface Route {
  /** Unique in its account. */
  id: string
  account: AccountId
  name: string
  enabled: boolean
  when: RouteConditions
  /** First choice by weight among the weighted (or the first), then the others in order. */
  to: RouteTarget[]
  /** A receipt that says failed sends the message to the next candidate. */
  failoverOnReceipt: boolean
  /** Whose messages it takes, besides its owner's; absent: those of every account that inherits it. */
  grant?: Grant
}

/** One rule looked at on the way to a decision, best first. `why` is a sentence fit for people. */
export interface RuleTried {
  route: string
  account: AccountId
  matched: boolean
  why: string
}

export interface Candidate {
  bind: BindId
  /** Chosen as a member of this trunk: another member may stand in for it. */
  trunk?: string
  why: string
}

/** Whether a route's target is, or has among its members, this bind. */
export function targetMeans(target: RouteTarget, bind: Pick<Bind, 'id' | 'account' | 'policy'>): boolean {
  if (!target.trunk) return target.bind === bind.id
  return bind.policy.trunk !== '' && target.bind === `${bind.account}/${bind.policy.trunk}`
}

/** Stored with the message. No candidates: no route. */
export interface Decision {
  /** Configuration revision it was made on. */
  revision: number
  route?: string
  candidates: Candidate[]
  failoverOnReceipt: boolean
  tried: RuleTried[]
}

// What things are where nobody says: what a new one has, what is not worth a line when one is made, and
// what a document may leave out.
import { defaultClientPolicy, defaultPolicy } from '../model/policy.ts'
import type { Bind, BindPolicy, Side } from '../model/bind.ts'
import { isDeepStrictEqual } from 'node:util'

export const usualAccount = { status: 'active', inheritRoutes: true, weight: 1, concurrency: 0, privateWebhooks: false } as const
export const usualBind = { enabled: true, paused: false } as const
export const usualRoute = { enabled: true, failoverOnReceipt: false } as const
export const usualNumber = { offered: false } as const

export function usualPolicy(side: Side): BindPolicy {
  return side === 'client' ? defaultClientPolicy : defaultPolicy
}

/** Policy fields that differ from the defaults of the bind's side: what a document needs to say. */
export function ownPolicy(bind: Pick<Bind, 'side' | 'policy'>): Partial<BindPolicy> {
  return unusual(bind.policy, usualPolicy(bind.side))
}

/** The fields that are there and not as usual. */
export function unusual<T extends object>(thing: T, usual: object): Partial<T> {
  const of = usual as Record<string, unknown>
  return Object.fromEntries(
    Object.entries(thing).filter(([field, value]) => value !== undefined && !isDeepStrictEqual(value, of[field])),
  ) as Partial<T>
}

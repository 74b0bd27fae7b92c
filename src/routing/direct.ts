// Messages that say themselves where they go: by a bind that the sender names, or to a user whose
// client bind is reached under an internet address. No rule is asked, and no other tenant is reached.
import { localBindId, type Configuration } from '../model/configuration.ts'
import { isLent, lineage, maySendBy } from '../model/grant.ts'
import type { Bind } from '../model/bind.ts'
import type { AccountId, BindId } from '../model/message.ts'
import type { Candidate, Decision, Route, RouteTarget, RuleTried } from '../model/route.ts'

/**
 * The client bind of exactly this account that its connector reaches under this address; none: the
 * address is the account's own, but no bind goes by it. Undefined: it is somewhere else.
 */
export type Addressee = (account: AccountId, address: string) => { bind?: BindId } | undefined

/** Whether a route of `owner` that `account` may use leads to this bind. */
export type Leading = (owner: AccountId, account: AccountId, bind: Bind) => boolean

export function leading(configuration: Configuration): Leading {
  /** Enabled routes of each owner, by the bind or trunk that they lead to. */
  const routes = new Map<AccountId, ReadonlyMap<string, readonly Route[]>>()
  function of(owner: AccountId): ReadonlyMap<string, readonly Route[]> {
    const known = routes.get(owner)
    if (known) return known
    const made = new Map<string, Route[]>()
    for (const route of configuration.routes.get(owner) ?? []) {
      if (!route.enabled) continue
      for (const target of route.to) {
        const list = made.get(targetKey(target))
        if (list) list.push(route)
        else made.set(targetKey(target), [route])
      }
    }
    routes.set(owner, made)
    return made
  }
  return (owner, account, bind) => {
    const leadingTo = of(owner)
    const keys = bind.policy.trunk === '' ? [bind.id] : [bind.id, `trunk ${bind.account}/${bind.policy.trunk}`]
    return keys.some((key) => leadingTo.get(key)?.some((route) => isLent(configuration, route, account)))
  }
}

const targetKey = ({ bind, trunk }: RouteTarget): string => (trunk ? `trunk ${bind}` : bind)

/**
 * The supplier bind that an account means by a name: its own, or one above it that it was granted, or to
 * which a route leads that it may use. Otherwise why not: what it may not use is as good as absent.
 */
export function supplierNamed(configuration: Configuration, leads: Leading, account: AccountId, name: string): Bind | string {
  const line = lineage(configuration, account)
  for (const [i, owner] of line.entries()) {
    const bind = configuration.binds.get(`${owner}/${name}`)
    if (!bind || !maySendBy(configuration, bind, account) || bind.side !== 'supplier') continue
    const isLed = (): boolean => line.slice(0, i + 1).some((below) => leads(below, account, bind))
    if (owner !== account && bind.grant === undefined && !isLed()) continue
    return bind.enabled ? bind : `The bind ${name}, which the sender names, is disabled.`
  }
  return `The sender names the bind ${name}, and there is no such supplier bind.`
}

/** The binds of that name above the sender, which it would mean, were they granted to it. */
export function ungrantedNamed(configuration: Configuration, account: AccountId, name: string): RuleTried[] {
  return lineage(configuration, account).flatMap((owner) => {
    const bind = configuration.binds.get(`${owner}/${name}`)
    if (bind?.side !== 'supplier' || isLent(configuration, bind, account)) return []
    return [{ route: name, account: owner, matched: false, why: `The bind ${name} is not granted to the sender.` }]
  })
}

export function decideVia(revision: number, account: AccountId, name: string, found: Bind | string, arrival: BindId): Decision {
  if (typeof found === 'string') return told(revision, account, name, found)
  if (found.id === arrival) return told(revision, account, name, `The sender names the bind ${name}, where the message came from.`)
  const why = `${localBindId(found.id)} is the bind that the sender names.`
  return told(revision, account, name, why, { bind: found.id, why })
}

export function decideAddressee(revision: number, account: AccountId, address: string, { bind }: { bind?: BindId }): Decision {
  if (bind === undefined) return told(revision, account, address, `${address} is an address of this account that no bind goes by.`)
  const why = `${address} is reached by the bind ${localBindId(bind)}.`
  return told(revision, account, address, why, { bind, why })
}

function told(revision: number, account: AccountId, route: string, why: string, candidate?: Candidate): Decision {
  return {
    revision,
    candidates: candidate ? [candidate] : [],
    failoverOnReceipt: false,
    tried: [{ route, account, matched: candidate !== undefined, why }],
  }
}

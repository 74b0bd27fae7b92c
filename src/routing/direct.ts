// Messages that say themselves where they go: by a bind that the sender names, or to a user whose
// client bind is reached under an internet address. No rule is asked, and no other tenant is reached.
import { isWithin, localBindId, type Configuration } from '../model/configuration.ts'
import type { Bind } from '../model/bind.ts'
import type { AccountId, BindId } from '../model/message.ts'
import { targetMeans, type Candidate, type Decision } from '../model/route.ts'

/**
 * The client bind of exactly this account that its connector reaches under this address; none: the
 * address is the account's own, but no bind goes by it. Undefined: it is somewhere else.
 */
export type Addressee = (account: AccountId, address: string) => { bind?: BindId } | undefined

/**
 * The supplier bind that an account means by a name: its own, or one above it to which a route leads
 * that the account inherits. Otherwise why not: a stranger's bind is as good as absent.
 */
export function supplierNamed(
  configuration: Configuration,
  account: AccountId,
  lineage: readonly AccountId[],
  name: string,
): Bind | string {
  for (const owner of lineage) {
    const bind = configuration.binds.get(`${owner}/${name}`)
    if (!bind || bind.side !== 'supplier') continue
    if (owner !== account && !isLent(configuration, lineage, bind)) continue
    return bind.enabled ? bind : `The bind ${name}, which the sender names, is disabled.`
  }
  return `The sender names the bind ${name}, and there is no such supplier bind.`
}

/** A rule that the account inherits leads to it. */
function isLent(configuration: Configuration, lineage: readonly AccountId[], bind: Bind): boolean {
  return lineage.some(
    (owner) =>
      isWithin(configuration, owner, bind.account) &&
      configuration.routes.get(owner)?.some((route) => route.enabled && route.to.some((target) => targetMeans(target, bind))),
  )
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

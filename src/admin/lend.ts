// Numbers on their way between accounts. Who gives a number to an account below keeps the claim to
// it: released there, it comes back, so no account can lose its parent's numbers.
import { claimRights, type Claims, type OwnNumber } from '../model/account.ts'
import { isWithin, type Configuration } from '../model/configuration.ts'
import type { AccountId } from '../model/message.ts'
import { newSid } from '../ids.ts'
import { after, lay, take, type Bench } from './bench.ts'
import { apiBind } from './put.ts'
import type { Path } from './schema.ts'

type Scope = Pick<Configuration, 'accounts'>

const isBelow = (scope: Scope, account: AccountId, above: AccountId): boolean => account !== above && isWithin(scope, account, above)

/** Whether `account` may claim a number that is another's. */
export function isOffered(scope: Scope, number: OwnNumber, account: AccountId): boolean {
  return number.offered === true && isBelow(scope, account, number.account)
}

/**
 * Which numbers whoever acts as this account may take: no more than any account above may. The root account, to
 * which all that nobody has belongs, takes what it likes.
 */
export function claimRight({ accounts }: Scope, account: AccountId): Claims {
  let right: Claims = 'any'
  for (let at = accounts.get(account), depth = 0; at?.parent !== undefined && depth < 64; at = accounts.get(at.parent), depth++) {
    const own = at.claims ?? (accounts.get(at.parent)?.parent === undefined ? 'inventory' : 'any')
    if (claimRights.indexOf(own) < claimRights.indexOf(right)) right = own
  }
  return right
}

/** The number becomes another account's. Its settings and its id stay where `as` is same; it leads to the account's API. */
export function handOver(bench: Bench, number: OwnNumber, to: AccountId, as: 'same' | 'new', path: Path): void {
  const { account, offered = false, lent = [], ...rest } = number
  const owners = [...lent, { by: account, offered }].filter(({ by }) => isBelow(bench, to, by))
  const bind = `${to}/${apiBind}`
  const alike = bench.binds.get(number.bind)?.connector === bench.binds.get(bind)?.connector
  const { value, createdAt, updatedAt } = number
  const fresh = { value, id: newSid('PN'), name: value, settings: {}, createdAt, updatedAt }
  const carried = alike ? rest : { ...rest, settings: {} }
  const laid: OwnNumber = { ...(as === 'same' ? carried : fresh), account: to, bind, ...(owners.length > 0 ? { lent: owners } : {}) }
  lay(bench, { kind: 'number', value: laid }, path)
}

/** The number goes back to whoever gave it out, as it was offered there; where nobody did, it is gone. */
export function giveUp(bench: Bench, value: string, path: Path): void {
  const number = after(bench, 'number', value)
  const lender = number?.lent?.at(-1)
  if (!number || !lender || !bench.accounts.has(lender.by)) {
    take(bench, 'number', value, path)
    return
  }
  handOver(bench, number, lender.by, 'new', path)
  const back = after(bench, 'number', value)!
  if (lender.offered) lay(bench, { kind: 'number', value: { ...back, offered: true } }, path)
}

// Alphanumeric senders (3GPP TS 23.040 §9.1.2.5): the names that an account may send under, and where
// each is good. Countries are told by the prefixes of their numbers: `+44`, or `+1787` within +1.
import type { Address } from './address.ts'
import type { Configuration } from './configuration.ts'
import type { AccountId } from './message.ts'

/** Why an account may not use a name for a recipient, as the end of a sentence; undefined where it may. The nearest account above that says something decides; where none does, any name will do. */
export function alphaSenderFault(
  { accounts }: Pick<Configuration, 'accounts'>,
  account: AccountId,
  from: Address,
  to: Address,
): string | undefined {
  if (from.ton !== 'alphanumeric') return undefined
  let at = accounts.get(account)
  for (let depth = 0; at !== undefined && at.alphaSenders === undefined && depth < 64; depth++)
    at = at.parent === undefined ? undefined : accounts.get(at.parent)
  const senders = at?.alphaSenders
  if (senders === undefined || senders === 'any') return undefined
  const prefixes = Object.hasOwn(senders, from.value) ? senders[from.value]! : undefined
  if (!prefixes) return 'is not among the names of the account'
  for (const prefix of prefixes) if (to.value.startsWith(prefix)) return undefined
  return `may not be used for ${to.value}`
}

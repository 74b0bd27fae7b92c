// Who is a user of an account, and which number of its stands for a bind towards the phone network.
import type { AccountId, Gateway, Host } from '../../../src/plugin.ts'

export interface Directory {
  /** Whether this address of record, in lower case, is a user of the account. */
  isUser(aor: string, account: AccountId): boolean
  /** The oldest number whose messages go to this bind. */
  numberOf(gateway: Gateway): string | undefined
}

/** A new number is known after so long. */
const keptMs = 2000

/** `domainsOf`: those that profiles give to an account; nobody is a user anywhere else. */
export function createDirectory(host: Host, domainsOf: (account: AccountId) => readonly string[]): Directory {
  /** Gateways are made anew with each configuration. */
  const numbers = new WeakMap<Gateway, { until: number; value: string | undefined }>()
  return {
    isUser(aor, account) {
      const ofAccount = ({ bind }: Gateway): boolean => bind.account === account
      const at = aor.lastIndexOf('@')
      if (!host.claimed('sip', aor).some(ofAccount) && !host.claimed('sip', aor.slice(0, at + 1)).some(ofAccount)) return false
      return domainsOf(account).includes(aor.slice(at + 1))
    },
    numberOf(gateway) {
      const now = host.clock.now()
      const known = numbers.get(gateway)
      if (known && known.until > now) return known.value
      const { id, account } = gateway.bind
      let oldest: { value: string; createdAt: number } | undefined
      for (const number of host.numbers(account)) {
        if (number.bind === id && (!oldest || number.createdAt < oldest.createdAt)) oldest = number
      }
      numbers.set(gateway, { until: now + keptMs, value: oldest?.value })
      return oldest?.value
    },
  }
}

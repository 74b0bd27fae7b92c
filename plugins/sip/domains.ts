// The domains that an account has in the profiles that run, and where else a user of several of them is
// registered: one bind, whatever name its phones go by.
import type { AccountId, Host } from '../../src/plugin.ts'
import { type Contact, type Peer, type Registrar, settingsOf } from './access/index.ts'
import type { Profile } from './profile/types.ts'

export interface DomainsParts {
  host: Pick<Host, 'claimed'>
  running: ReadonlyMap<string, { named: { profile: Pick<Profile, 'domains'> }; registrar: Pick<Registrar, 'contacts'> }>
}

export interface Domains {
  /** Every domain that this account has in a profile. */
  of(account: AccountId): readonly string[]
  /** The phones of this user that are registered at its other domains, or by other profiles. */
  elsewhere(peer: Peer): readonly Elsewhere[]
  /** A profile came or went, or an account has another name. */
  changed(): void
}

export interface Elsewhere {
  profile: string
  domain: string
  contacts: readonly Contact[]
}

const none: readonly Elsewhere[] = []

export function createDomains({ host, running }: DomainsParts): Domains {
  // There may be one for each of very many accounts.
  const places = new Map<AccountId, readonly { profile: string; domain: string }[]>()

  function placesOf(account: AccountId): readonly { profile: string; domain: string }[] {
    let found = places.get(account)
    if (!found) {
      found = [...running].flatMap(([profile, { named }]) =>
        Object.entries(named.profile.domains).flatMap(([domain, owner]) => (owner === account ? [{ profile, domain }] : [])),
      )
      places.set(account, found)
    }
    return found
  }

  return {
    of: (account) => [...new Set(placesOf(account).map(({ domain }) => domain))],
    elsewhere({ name, gateway, profile: own }) {
      const { account } = gateway.bind
      const all = placesOf(account)
      if (all.length < 2 || settingsOf(gateway).domain !== undefined) return none
      const user = name.slice(0, name.lastIndexOf('@') + 1)
      let found: Elsewhere[] | undefined
      for (const { profile, domain } of all) {
        const aor = user + domain
        if (profile === own.name && aor === name) continue
        const contacts = running.get(profile)?.registrar.contacts(aor) ?? []
        // Who has the very name goes before who has it in any domain.
        if (contacts.length === 0 || host.claimed('sip', aor).some(({ bind }) => bind.account === account)) continue
        ;(found ??= []).push({ profile, domain, contacts })
      }
      return found ?? none
    },
    changed: () => places.clear(),
  }
}

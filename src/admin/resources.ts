// What connectors keep of an account, changed the way everything configured is: one change after
// another, each a revision with its author, and only within the subtree of whoever asks.
import { noResources, type Resource, type Resources } from '../model/resource.ts'
import type { AccountId } from '../model/message.ts'
import type { Author } from '../plugin.ts'
import { Refused, mustSee } from './caller.ts'
import { lay, take } from './bench.ts'
import type { ConfigurationRoom } from './configuration.ts'
import { told } from './tenancy.ts'

/** So many of one account: each change copies their index. */
export const mostResources = 10_000

export interface ResourceRoom {
  of(account: AccountId): Resources
  change(by: Author, account: AccountId, id: string, step: ResourceStep): Promise<Resource | undefined>
}

/** From what is there to what shall be; undefined for none. Called again where another process was faster. What it throws refuses the change. */
export type ResourceStep = (now: Resource | undefined) => Pick<Resource, 'kind' | 'settings'> | undefined

export function createResources(room: Pick<ConfigurationRoom, 'current' | 'change'>): ResourceRoom {
  const of = (account: AccountId): Resources => room.current().resources.get(account) ?? noResources
  return {
    of,
    change: (by, account, id, step) =>
      told(async () => {
        await room.change(by, (bench) => {
          mustSee(bench.accounts, by, account)
          const all = bench.resources.get(account) ?? noResources
          const known = all.get(id)
          const next = step(known)
          if (!known && next && all.size >= mostResources)
            throw new Refused('invalid', `An account has at most ${mostResources} things of this kind.`)
          const value = next && { id, account, kind: next.kind, settings: next.settings, createdAt: 0, updatedAt: 0 }
          if (value) lay(bench, { kind: 'resource', value: known?.optOut === undefined ? value : { ...value, optOut: known.optOut } }, [])
          else if (known) take(bench, 'resource', `${account}/${id}`, [])
        })
        return of(account).get(id)
      }),
  }
}

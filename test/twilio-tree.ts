// The facade over a tree of accounts, for the tests of what accounts have: root › reseller › customer,
// and a stranger beside them, each with the official client.
import type { TestContext } from 'node:test'
import type { Caller, Gateway } from '../src/plugin.ts'
import { facadeBed } from './facade.ts'

export interface Member extends Caller {
  token: string
  client: ReturnType<Awaited<ReturnType<typeof facadeBed>>['client']>
}

export async function tree(context: TestContext) {
  const bed = await facadeBed(context)
  const { admin, room } = bed

  function member(id: string): Member {
    const { token } = room.current().accounts.get(id)!
    return { account: id, author: id, source: '127.0.0.1', token, client: bed.client({ user: id, secret: token }) }
  }
  const below = async (parent: Caller, name: string): Promise<Member> => {
    const { id } = await admin.tenancy.createAccount(parent, parent.account, name)
    await bed.clock.advance(1000)
    return member(id)
  }
  const root = member(bed.root.id)
  const reseller = await below(root, 'Reseller')
  // It has numbers of its own carriers.
  await admin.accounts.update(root, reseller.account, { claims: 'any' })
  const customer = await below(reseller, 'Customer')
  const stranger = await below(root, 'Stranger')
  await admin.accounts.update(root, stranger.account, { claims: 'any' })

  return {
    ...bed,
    root,
    reseller,
    customer,
    stranger,
    gateway: (account: string): Gateway => bed.host.gateway('twilio', account)!,
    /** `path` from the account on, or a whole one. */
    call: (method: string, path: string, { as, form }: { as: Member; form?: Record<string, string> }) =>
      bed.call(`${method} ${path.startsWith('/2010') ? path : `/2010-04-01/Accounts/${as.account}${path}`}`, {
        as: { user: as.account, secret: as.token },
        ...(form ? { form } : {}),
      }),
  }
}

export type Tree = Awaited<ReturnType<typeof tree>>

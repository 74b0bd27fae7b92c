// An administration with messages: a root with a carrier, an account below it and one beside, and texts that wait.
import type { Caller } from '../src/admin/admin.ts'
import { idSource } from '../src/ids.ts'
import { international } from '../src/model/address.ts'
import type { Life } from '../src/model/life.ts'
import type { Message, MessageId } from '../src/model/message.ts'
import { decide } from '../src/routing/decide.ts'
import { compile } from '../src/routing/table.ts'
import { adminBed, carrier, type AdminBed } from './admin.ts'

export interface Street extends AdminBed {
  below: string
  asBelow: Caller
  asOther: Caller
  send(more?: Partial<Omit<Message, 'from' | 'to'>> & { from?: string; to?: string }): Promise<MessageId>
}

/** Root with a carrier, a sub-account that inherits it, and another that is a stranger to it. */
export async function street(context: Parameters<typeof adminBed>[0]): Promise<Street> {
  const bed = await adminBed(context)
  const { admin, caller, root, room, store, clock } = bed
  await admin.binds.put(caller, root.id, 'carrier', { ...carrier(), policy: { unknown: 'hold' } })
  await admin.routes.put(caller, root.id, 'default', { prefix: '', to: ['carrier'] })
  const below = (await admin.accounts.create(caller, root.id, { name: 'Below' })).view.id
  const other = (await admin.accounts.create(caller, root.id, { name: 'Other' })).view.id
  const ids = idSource(clock.now)
  return {
    ...bed,
    below,
    asBelow: { ...caller, account: below, author: 'below' },
    asOther: { ...caller, account: other, author: 'other' },
    async send({ from = '+15550001111', to = '+447700900123', account = root.id, ...more } = {}) {
      const id = ids.next()
      const now = clock.now()
      const arrival = `${account}/api`
      const message: Message = {
        id,
        account,
        direction: 'mt',
        arrival,
        from: international(from),
        to: international(to),
        body: { kind: 'text', text: 'hello' },
        priority: 1,
        receipt: 'both',
        acceptedAt: now,
        validUntil: now + 3_600_000,
        segments: 1,
        ...more,
      }
      const question = { account, arrival, from: message.from, to: message.to, kind: 'text' as const, at: now, dice: 0 }
      const decision = decide(compile(room.current()), question)
      const life: Life = { state: 'queued', segments: [], attempts: 0, updatedAt: now }
      await store.accept({
        message,
        decision,
        life,
        entries: [{ at: now, what: 'accepted', via: arrival }],
        queue: { lane: decision.candidates[0]!.bind, due: now + 60_000, candidate: 0 },
      })
      return id
    },
  }
}

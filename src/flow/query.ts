// Asks the peer what it knows of a message whose receipts did not come, where its bind says so: what it
// tells is taken as receipts are. Without an id from the peer there is nothing to ask about.
import type { MessageId } from '../model/message.ts'
import { afterReceiptTimeout } from '../model/transition.ts'
import type { Session } from '../plugin.ts'
import type { Core } from './core.ts'

/** Carriers rarely answer many at a time. */
const atOnce = 10

/** Messages past their receipt limit end as unconfirmed, unless their peer knows better. */
export async function endUnconfirmed(core: Core, ids: readonly MessageId[], now: number): Promise<void> {
  for (let from = 0; from < ids.length; from += atOnce) {
    await Promise.all(
      ids.slice(from, from + atOnce).map(async (id) => {
        await ask(core, id)
        await core.store.end(id, ({ message, decision, life }) => afterReceiptTimeout(message, decision, life, now))
      }),
    )
  }
}

async function ask(core: Core, id: MessageId): Promise<void> {
  const record = await core.store.get(id)
  const bind = record?.life.bind
  const live = bind === undefined ? undefined : core.binds.get(bind)
  if (!record || !live?.bind.policy.query) return
  const session = able(live.sessions)
  const refs: string[] = []
  for (const segment of record.life.segments)
    if (segment.ref !== undefined && !segment.final && segment.bind === bind) refs.push(segment.ref)
  if (!session || refs.length === 0) return
  const known = await session.query!(record.message, refs, live.signal)
  for (const receipt of known) if (receipt) await core.store.receipt(live.bind.id, receipt)
}

function able(sessions: Iterable<Session>): Session | undefined {
  for (const session of sessions) if (session.query) return session
  return undefined
}

// Takes back a message that a carrier has: asks for each of its segments, where the bind's peer is
// known to do that. Changes nothing here; whoever asked ends the message when all were taken back.
import type { Supervisor } from '../binds/supervisor.ts'
import type { Session } from '../plugin.ts'
import type { MessageRecord } from '../store/store.ts'

export type Recall = (record: MessageRecord) => Promise<boolean>

/** True when the carrier has taken back every segment. One that was delivered in the meantime is told by its receipt. */
export async function recall(binds: Pick<Supervisor, 'get'>, { message, life }: MessageRecord): Promise<boolean> {
  if (life.state !== 'sent' || life.bind === undefined) return false
  const session = able(binds, life.bind)
  if (!session) return false
  const refs: string[] = []
  for (const { ref, bind, final } of life.segments) {
    if (ref === undefined || bind !== life.bind || final === true) return false
    refs.push(ref)
  }
  const outcomes = await Promise.all(refs.map((ref) => session.cancel!(message, ref)))
  return outcomes.length > 0 && outcomes.every((outcome) => outcome.ok)
}

function able(binds: Pick<Supervisor, 'get'>, id: string): Session | undefined {
  for (const session of binds.get(id)?.sessions ?? []) if (session.cancel) return session
  return undefined
}

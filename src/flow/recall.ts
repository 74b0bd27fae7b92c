// Takes back a message that a carrier has, or gives it another text: asks for each of its segments,
// where the bind's peer is known to do that. Changes nothing here; whoever asked ends the message when
// all were taken back, or keeps the new text when it was taken.
import type { LiveBind, Supervisor } from '../binds/supervisor.ts'
import type { Message } from '../model/message.ts'
import type { Session } from '../plugin.ts'
import type { MessageRecord } from '../store/store.ts'
import { split } from '../text/index.ts'
import { splitOptions } from './deliver.ts'

/** `message` as it shall be. */
export type Rework = (record: MessageRecord, message: Message) => Promise<boolean>
export type Recall = (record: MessageRecord) => Promise<boolean>

/** True when the carrier has taken back every segment. One that was delivered in the meantime is told by its receipt. */
export async function recall(binds: Pick<Supervisor, 'get'>, { message, life }: MessageRecord): Promise<boolean> {
  if (life.state !== 'sent' || life.bind === undefined) return false
  const session = able(binds.get(life.bind), 'cancel')
  if (!session) return false
  const refs: string[] = []
  for (const { ref, bind, final } of life.segments) {
    if (ref === undefined || bind !== life.bind || final === true) return false
    refs.push(ref)
  }
  const outcomes = await Promise.all(refs.map((ref) => session.cancel!(message, ref)))
  return outcomes.length > 0 && outcomes.every((outcome) => outcome.ok)
}

/** True when the carrier has the other text in place of the one that it took. Of one segment, before and after: it knows no others. */
export async function rework(binds: Pick<Supervisor, 'get'>, { life }: MessageRecord, message: Message): Promise<boolean> {
  const [only, more] = life.segments
  if (life.state !== 'sent' || only?.ref === undefined || more || only.final === true || message.body.kind === 'mms') return false
  const live = only.bind === life.bind && life.bind !== undefined ? binds.get(life.bind) : undefined
  const session = able(live, 'replace')
  if (!live || !session) return false
  const segments = split(message.body, splitOptions(live, message.id))
  return segments.length === 1 && (await session.replace!(message, only.ref, segments[0]!)).ok
}

function able(live: LiveBind | undefined, can: 'cancel' | 'replace'): Session | undefined {
  for (const session of live?.sessions ?? []) if (session[can]) return session
  return undefined
}

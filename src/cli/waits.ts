// What a message that has not left yet waits for: its time, its bind, or those before it on the lane. Asked of the
// gateway as it is now; what the caller may not see is left out.
import type { TraceAnswer } from '../http/api/traffic.ts'
import { Told, type Client } from './client.ts'
import { bindName, query, since, stamp } from './print.ts'

interface Session {
  bind: string
  state: 'off' | 'down' | 'bound'
  since: string
  lastError?: string
}
interface Lane {
  bind: string
  paused: boolean
  deliver: number
}

/** A line for the end of a trace; undefined where the message waits on no lane of one's own. */
export async function waits(client: Client, answer: TraceAnswer, now: number): Promise<string | undefined> {
  const { state, deliverAfter, account } = answer.message
  if (state === 'held') return `Waits for a decision: npx signalbox release ${answer.message.id} resend, or fail.`
  if (state !== 'queued' && state !== 'scheduled') return undefined
  if (deliverAfter !== undefined && Date.parse(deliverAfter) > now) return `Waits for its time, ${stamp(Date.parse(deliverAfter))} UTC.`
  const bind = laneOf(answer)
  if (!bind?.includes('/')) return undefined
  try {
    const [{ sessions }, { lanes }] = await Promise.all([
      client.request<{ sessions: Session[] }>('GET', `/api/v1/sessions${query({ account: bind.slice(0, bind.indexOf('/')) })}`),
      client.request<{ lanes: Lane[] }>('GET', '/api/v1/lanes'),
    ])
    const session = sessions.find((one) => one.bind === bind)
    const lane = lanes.find((one) => one.bind === bind)
    return `Waits for ${bindName(bind, account)}, ${why(session, lane, now)}${retried(answer, now)}.`
  } catch (error) {
    if (error instanceof Told) return undefined
    throw error
  }
}

function why(session: Session | undefined, lane: Lane | undefined, now: number): string {
  if (lane?.paused) return 'which is paused (npx signalbox lanes resume)'
  if (!session || session.state === 'off') return 'which is switched off'
  if (session.state === 'down') {
    const reason = session.lastError === undefined ? '' : `: ${session.lastError}`
    return `which has been down for ${since(now - Date.parse(session.since)).slice(1)}${reason}`
  }
  return lane === undefined ? 'which is bound' : `which is bound; ${lane.deliver} wait there`
}

function retried({ entries }: TraceAnswer, now: number): string {
  const last = entries.at(-1)
  if (last?.what !== 'retry' || last.due === undefined || Date.parse(last.due) <= now) return ''
  return `; it is tried again in ${since(Date.parse(last.due) - now).slice(1)}`
}

/** The newest word about it. */
function laneOf({ message, entries }: TraceAnswer): string | undefined {
  for (const entry of entries.toReversed()) {
    if (entry.what === 'decided') break
    const bind = entry.what === 'failover' ? entry['to'] : entry.what === 'retry' || entry.what === 'attempt' ? entry['bind'] : undefined
    if (typeof bind === 'string') return bind
  }
  return message.decision.candidates[0]?.bind
}

// Scheduled messages in the crash proof: one that was acknowledged waits, and one whose cancellation was
// answered is canceled, with its CDR, and never at a carrier.
import type { Cdr } from '../../src/model/cdr.ts'
import { sid, token } from '../bench/gateway.ts'
import type { Asker, Asking } from './asking.ts'
import { sample, type Fact, type Strand } from './strand.ts'

/** `holds`: it waits. */
interface Scheduled extends Fact {
  /** With its SM. */
  id: string
  to: string
}

const root: Asker = { user: sid, password: token }
const aheadMs = 3_600_000
const lookedAt = 6
const messages = `/2010-04-01/Accounts/${sid}/Messages`

export interface ScheduledStrand extends Strand {
  /** Once everything has been looked at. */
  settled(cdrs: ReadonlyMap<string, readonly Cdr[]>, carrier: ReadonlyMap<string, number>): string[]
}

export function createScheduled(service: string, prefix: string, asking: Asking, random: () => number): ScheduledStrand {
  const faults: string[] = []
  const all: Scheduled[] = []
  let written = 0
  const count = { scheduled: 0, canceled: 0, cut: 0 }

  async function schedule(): Promise<void> {
    const to = prefix + String(written++).padStart(7, '0')
    const SendAt = new Date(Date.now() + aheadMs).toISOString()
    const form = { To: to, MessagingServiceSid: service, ScheduleType: 'fixed', SendAt, Body: 'later' }
    const answer = await asking.ask({ path: `${messages}.json`, as: root, form })
    if (!answer) return void count.cut++
    if (answer.status !== 201) return void faults.push(`a message for later was refused with ${answer.status}`)
    all.push({ id: String(answer.json['sid']), to, holds: true })
    count.scheduled++
  }

  async function cancel(message: Scheduled): Promise<void> {
    message.holds = undefined
    const answer = await asking.ask({ path: `${messages}/${message.id}.json`, as: root, form: { Status: 'canceled' } })
    if (!answer) return void count.cut++
    if (answer.status !== 200 || answer.json['status'] !== 'canceled')
      return void faults.push(`${message.id} waits, and its cancellation was answered ${answer.status} ${String(answer.json['status'])}`)
    message.holds = false
    count.canceled++
  }

  async function check(message: Scheduled): Promise<void> {
    const answer = await asking.ask({ path: `${messages}/${message.id}.json`, as: root })
    if (!answer) return
    const status = (answer.json['status'] as string | undefined) ?? `answered with ${answer.status}`
    if (message.holds === undefined && (status === 'scheduled' || status === 'canceled')) message.holds = status === 'scheduled'
    else if (status !== (message.holds ? 'scheduled' : 'canceled'))
      faults.push(`${message.id} was ${message.holds ? 'scheduled' : 'canceled'}, and is ${status}`)
  }

  return {
    faults,
    async act() {
      const waiting = all.filter(({ holds }) => holds === true)
      const some = waiting[Math.floor(random() * waiting.length)]
      if (some && random() < 0.4) await cancel(some)
      else await schedule()
    },
    async look(everything) {
      for (const each of all) if (each.holds === undefined) await check(each)
      for (const each of everything ? all : sample(all, lookedAt, random)) await check(each)
    },
    settled(cdrs, carrier) {
      const found: string[] = []
      for (const { id, to, holds } of all) {
        const of = cdrs.get(id.slice(2)) ?? []
        if (carrier.has(to)) found.push(`${id} to ${to} was ${holds ? 'for later' : 'canceled'}, and is at the carrier`)
        if (holds ? of.length > 0 : of.length !== 1 || of[0]!.state !== 'canceled')
          found.push(
            `${id} is ${holds ? 'scheduled' : 'canceled'} and its CDRs say ${of.map(({ state }) => state).join(', ') || 'nothing'}`,
          )
      }
      return found
    },
    get figures(): [string, number][] {
      return [
        ['messages scheduled for later', count.scheduled],
        ['of those canceled', count.canceled],
        ['of those requests cut by the kill', count.cut],
      ]
    },
  }
}

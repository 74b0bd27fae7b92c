// What a client of a proof asks about messages that it was told are taken: query_sm of the newest after
// each bind, and of others now and then; cancel_sm of some that it scheduled, before they are due or just then.
import type { Link } from '../../plugins/smpp/link.ts'
import type { EsmeLine } from './traffic.ts'

export interface Stored {
  taken(id: string, to: string): void
  /** A part of a message that the client cut: its id is asked for once all parts of it are taken. */
  takenPart(id: string, to: string, parts: number): void
  scheduled(id: string, to: string): void
  bound(link: Link): void
  /** What is not being asked yet is not asked any more. */
  stop(): void
  /** Without an answer. */
  readonly open: number
}

const newest = 5
const older = 3
const queryEveryMs = 200
const canceledShare = 0.5
/** After the submission; what is scheduled is due after `dueMs`. */
const cancelBetweenMs = [200, 4200] as const
const dueMs = 4000
const againMs = 50

/** Relative: four seconds (SMPP 5.0 §4.7.23.5). */
export const scheduledTime = `0000000000${String(dueMs / 1000).padStart(2, '0')}000R`

export function createStored(parts: {
  source: string
  /** Any that is bound. */
  over(): Link | undefined
  note(line: EsmeLine): void
  random(): number
}): Stored {
  const { source, note, random } = parts
  const ends = { source_addr_ton: 1, source_addr_npi: 1, source_addr: source }
  const known: { id: string; to: string }[] = []
  const cut = new Map<string, { id: string; to: string }[]>()
  const timers = new Set<NodeJS.Timeout>()
  let open = 0

  function query(link: Link, message: { id: string; to: string } | undefined): void {
    if (!message || !link.taking) return
    const { id, to } = message
    const at = Date.now()
    open++
    link.ask({ command: 'query_sm', sequence_number: 0, message_id: id, ...ends }, (answer) => {
      open--
      if (answer.kind !== 'pdu') return
      const { pdu } = answer
      note({ what: 'asked', id, to, status: pdu.command_status, state: pdu.command === 'query_sm_resp' ? pdu.message_state : 0, at })
    })
  }

  const any = (): { id: string; to: string } | undefined => known[Math.floor(random() * known.length)]
  const querying = setInterval(() => {
    const link = parts.over()
    if (link) query(link, any())
  }, queryEveryMs)

  function later(ms: number, work: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer)
      work()
    }, ms)
    timers.add(timer)
  }

  /** Again where there was no answer: the first may have been taken. */
  function cancel(id: string, to: string): void {
    const link = parts.over()
    if (!link?.taking) return later(againMs, () => cancel(id, to))
    open++
    link.ask({ command: 'cancel_sm', sequence_number: 0, message_id: id, ...ends, destination_addr: to }, (answer) => {
      open--
      if (answer.kind === 'pdu') note({ what: 'canceled', id, to, status: answer.pdu.command_status })
      else note({ what: 'canceled', id, to })
      if (answer.kind !== 'pdu') later(againMs, () => cancel(id, to))
    })
  }

  return {
    taken: (id, to) => void known.push({ id, to }),
    takenPart(id, to, count) {
      const others = cut.get(to) ?? []
      cut.set(to, others)
      others.push({ id, to })
      if (others.length < count) return
      known.push(...others)
      cut.delete(to)
    },
    scheduled(id, to) {
      known.push({ id, to })
      const [soonest, latest] = cancelBetweenMs
      if (random() < canceledShare) later(soonest + random() * (latest - soonest), () => cancel(id, to))
    },
    bound(link) {
      for (const message of known.slice(-newest)) query(link, message)
      for (let n = 0; n < older; n++) query(link, any())
    },
    stop() {
      clearInterval(querying)
      for (const timer of timers) clearTimeout(timer)
    },
    get open() {
      return open
    },
  }
}

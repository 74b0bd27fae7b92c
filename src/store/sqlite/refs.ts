// Which message and segment a supplier's id stands for. What memory does not know the tables do;
// receipts that come before their ref is known are parked here, oldest let go beyond a limit.
import type { Receipt } from '../../model/receipt.ts'
import { foldRef, refForm, refKeys, type RefForm } from '../../model/ref.ts'
import type { Hot } from './records.ts'

export interface Known {
  order: number
  segment: number
  raw: string
}

export interface Match extends Known {
  form: RefForm
}

export interface Early {
  id: number
  bind: number
  receipt: Receipt
  at: number
}

export interface Refs {
  add(bind: number, known: Known, hot: Hot): void
  evicted(hot: Hot): void
  /** The segment that a receipt is about, from memory and `more`; `sure`: nothing on disk can be better. */
  match(bind: number, raw: string, more: Known[]): { match: Match | undefined; sure: boolean }
  seen(bind: number, form: RefForm, times?: number): void
  forms(bind: number): Partial<Record<RefForm, number>>
  park(early: Early): Early | undefined
  /** Parked receipts for a response's id, taken out. */
  take(bind: number, raw: string): { early: Early; form: RefForm }[]
  sweep(before: number): void
  readonly parked: number
}

/** Parked receipts kept in memory (and on disk); a carrier that sends more receipts for nothing we know loses the oldest. */
export const mostParked = 100_000
/** Sightings after which a bind's usual form is trusted without a look at the disk. */
const enough = 3

export function createRefs(): Refs {
  const known = new Map<string, Known[]>()
  const forms = new Map<number, Map<RefForm, number>>()
  const early = new Map<number, Early>()
  const earlyKeys = new Map<string, Set<number>>()

  function usual(bind: number): RefForm | undefined {
    let best: RefForm | undefined
    let most = enough - 1
    for (const [form, times] of forms.get(bind) ?? []) if (times > most) [best, most] = [form, times]
    return best
  }

  function unpark(one: Early): void {
    early.delete(one.id)
    for (const key of refKeys(one.receipt.ref)) {
      const ids = earlyKeys.get(`${one.bind} ${key}`)
      ids?.delete(one.id)
      if (ids?.size === 0) earlyKeys.delete(`${one.bind} ${key}`)
    }
  }

  return {
    add(bind, one, hot) {
      const key = `${bind} ${foldRef(one.raw)}`
      const list = known.get(key)
      if (list) list.push(one)
      else known.set(key, [one])
      if (hot.refs) hot.refs.push(key)
      else hot.refs = [key]
    },
    evicted(hot) {
      for (const key of hot.refs ?? []) {
        const list = known.get(key)?.filter((one) => one.order !== hot.order)
        if (list && list.length > 0) known.set(key, list)
        else known.delete(key)
      }
      hot.refs = undefined
    },
    match(bind, raw, more) {
      const fold = foldRef(raw)
      const exact = known.get(`${bind} ${fold}`)
      // Nearly always: one message, and the very same id.
      if (exact?.length === 1 && exact[0]!.raw === raw)
        return { match: { order: exact[0]!.order, segment: exact[0]!.segment, raw, form: 'same' }, sure: true }
      const habit = usual(bind)
      let best: Match | undefined
      let rank = -1
      const others = refKeys(raw).flatMap((key) => known.get(`${bind} ${key}`) ?? [])
      for (const one of [...others, ...more]) {
        const form = refForm(one.raw, raw)
        if (!form) continue
        // The very same id first, then the bind's usual form, then any; of equals the newest message.
        const merit = form === 'same' ? 2 : form === habit ? 1 : 0
        if (merit > rank || (merit === rank && best !== undefined && one.order > best.order)) [best, rank] = [{ ...one, form }, merit]
      }
      return { match: best, sure: rank === 2 || (rank === 1 && habit !== 'same') }
    },
    seen(bind, form, times = 1) {
      let counts = forms.get(bind)
      if (!counts) forms.set(bind, (counts = new Map()))
      counts.set(form, (counts.get(form) ?? 0) + times)
    },
    forms: (bind) => Object.fromEntries(forms.get(bind) ?? []),
    park(one) {
      early.set(one.id, one)
      for (const key of refKeys(one.receipt.ref)) {
        const ids = earlyKeys.get(`${one.bind} ${key}`)
        if (ids) ids.add(one.id)
        else earlyKeys.set(`${one.bind} ${key}`, new Set([one.id]))
      }
      if (early.size <= mostParked) return undefined
      const oldest = early.values().next().value
      if (oldest) unpark(oldest)
      return oldest
    },
    take(bind, raw) {
      if (early.size === 0) return []
      const found: { early: Early; form: RefForm }[] = []
      for (const id of earlyKeys.get(`${bind} ${foldRef(raw)}`) ?? []) {
        const one = early.get(id)
        const form = one && refForm(raw, one.receipt.ref)
        if (one && form) found.push({ early: one, form })
      }
      for (const one of found) unpark(one.early)
      return found.sort((a, b) => a.early.id - b.early.id)
    },
    sweep(before) {
      for (const one of early.values()) {
        if (one.at >= before) break
        unpark(one)
      }
    },
    get parked() {
      return early.size
    },
  }
}

// Which message and segment a supplier's id stands for. What memory does not know the tables do;
// receipts that come before their ref is known are parked here, and of the bind with the most the oldest is let go
// beyond a limit.
import type { Receipt } from '../../model/receipt.ts'
import { foldRef, isCoincidence, isHabit, refForm, refKeys, type RefForm } from '../../model/ref.ts'
import { Named } from '../../numbered.ts'
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
  evicted(gone: Pick<Hot, 'order' | 'refs'>): void
  /** The segment that a receipt is about, from memory and `more`; `sure`: nothing on disk can be better. */
  match(bind: number, raw: string, more: Known[]): { match: Match | undefined; sure: boolean }
  seen(bind: number, form: RefForm, times?: number): void
  forms(bind: number): Partial<Record<RefForm, number>>
  park(early: Early): Early | undefined
  /** Parked receipts for a response's id, taken out. */
  take(bind: number, raw: string): { early: Early; form: RefForm }[]
  /** Parked receipts from before then are gone; those that were. */
  sweep(before: number): Early[]
  readonly parked: number
  /** All that are parked, oldest first. */
  early(): Iterable<Early>
}

/** Parked receipts kept in memory (and on disk); beyond, whoever has sent most of them loses the oldest. */
const mostParked = 100_000
/** Sightings after which a bind's usual form decides between ids, and is trusted without a look at the disk. */
const enough = 3

interface Forms {
  counts: Map<RefForm, number>
  /** Likewise, halved now and then: carriers change their ways. */
  recent: Map<RefForm, number>
  /** Sum of the recent ones. */
  of: number
  /** The form seen most, when it was seen often enough. */
  usual: RefForm | undefined
  /** The usual one, when it is nearly always that. */
  habit: RefForm | undefined
}

/** Recent sightings beyond this are halved. */
const mostRecent = 2000

export function createRefs(): Refs {
  const known = new Named<Known[]>()
  const forms = new Map<number, Forms>()
  const early = new Map<number, Early>()
  const earlyKeys = new Map<string, Set<number>>()
  /** Of each bind that has some, oldest first. */
  const earlyOf = new Map<number, Set<number>>()

  function learn(one: Forms): void {
    while (one.of > mostRecent) {
      one.of = 0
      for (const [form, times] of one.recent) {
        const half = Math.floor(times / 2)
        one.recent.set(form, half)
        one.of += half
      }
    }
    let most = enough - 1
    one.usual = undefined
    for (const [form, times] of one.recent) if (times > most) [one.usual, most] = [form, times]
    one.habit = isHabit(most, one.of) ? one.usual : undefined
  }

  function addTo<K>(sets: Map<K, Set<number>>, key: K, id: number): void {
    const ids = sets.get(key)
    if (ids) ids.add(id)
    else sets.set(key, new Set([id]))
  }

  function takeFrom<K>(sets: Map<K, Set<number>>, key: K, id: number): void {
    const ids = sets.get(key)
    ids?.delete(id)
    if (ids?.size === 0) sets.delete(key)
  }

  /** One peer that makes receipts up takes nobody else's place. */
  function oldestOfMost(): Early | undefined {
    let most: Set<number> | undefined
    for (const ids of earlyOf.values()) if (!most || ids.size > most.size) most = ids
    const [id] = most ?? []
    return id === undefined ? undefined : early.get(id)
  }

  function unpark(one: Early): void {
    early.delete(one.id)
    takeFrom(earlyOf, one.bind, one.id)
    for (const key of refKeys(one.receipt.ref)) takeFrom(earlyKeys, `${one.bind} ${key}`, one.id)
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
    evicted(gone) {
      for (const key of gone.refs ?? []) {
        const list = known.get(key)?.filter((one) => one.order !== gone.order)
        if (list && list.length > 0) known.set(key, list)
        else known.delete(key)
      }
      gone.refs = undefined
    },
    match(bind, raw, more) {
      const fold = foldRef(raw)
      const exact = known.get(`${bind} ${fold}`)
      const learned = forms.get(bind)
      const habit = learned?.habit
      // Nearly always: one message, and the very same id.
      if (exact?.length === 1 && exact[0]!.raw === raw && !isCoincidence('same', habit))
        return { match: { order: exact[0]!.order, segment: exact[0]!.segment, raw, form: 'same' }, sure: true }
      const usual = learned?.usual
      let best: Match | undefined
      let rank = -1
      const others = refKeys(raw).flatMap((key) => known.get(`${bind} ${key}`) ?? [])
      for (const one of [...others, ...more]) {
        const form = refForm(one.raw, raw)
        if (!form) continue
        // A habit of hex for decimal first, then the very same id, then the bind's usual form, then any; of equals the newest message.
        const merit = isCoincidence('same', habit) && form === habit ? 3 : form === 'same' ? 2 : form === usual ? 1 : 0
        if (merit > rank || (merit === rank && best !== undefined && one.order > best.order)) [best, rank] = [{ ...one, form }, merit]
      }
      const sure = rank === 3 || (rank === 2 && !isCoincidence('same', habit)) || (rank === 1 && usual !== 'same')
      return { match: best, sure }
    },
    seen(bind, form, times = 1) {
      let one = forms.get(bind)
      if (!one) forms.set(bind, (one = { counts: new Map(), recent: new Map(), of: 0, usual: undefined, habit: undefined }))
      one.counts.set(form, (one.counts.get(form) ?? 0) + times)
      one.recent.set(form, (one.recent.get(form) ?? 0) + times)
      one.of += times
      // A habit once more stays one.
      if (form !== one.habit || one.of > mostRecent) learn(one)
    },
    forms: (bind) => Object.fromEntries(forms.get(bind)?.counts ?? []),
    park(one) {
      early.set(one.id, one)
      addTo(earlyOf, one.bind, one.id)
      for (const key of refKeys(one.receipt.ref)) addTo(earlyKeys, `${one.bind} ${key}`, one.id)
      if (early.size <= mostParked) return undefined
      const oldest = oldestOfMost()
      if (oldest) unpark(oldest)
      return oldest
    },
    take(bind, raw) {
      if (early.size === 0) return []
      const found: { early: Early; form: RefForm }[] = []
      const habit = forms.get(bind)?.habit
      for (const id of earlyKeys.get(`${bind} ${foldRef(raw)}`) ?? []) {
        const one = early.get(id)
        const form = one && refForm(raw, one.receipt.ref)
        if (one && form && !isCoincidence(form, habit)) found.push({ early: one, form })
      }
      for (const one of found) unpark(one.early)
      return found.sort((a, b) => a.early.id - b.early.id)
    },
    sweep(before) {
      const gone: Early[] = []
      for (const one of early.values()) {
        if (one.at >= before) break
        unpark(one)
        gone.push(one)
      }
      return gone
    },
    early: () => early.values(),
    get parked() {
      return early.size
    },
  }
}

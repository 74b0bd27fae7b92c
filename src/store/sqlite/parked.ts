// What is parked, for people: all of it is in memory (refs.ts), so a look costs no disk.
import type { ParkedDepth, Store } from '../store.ts'
import type { Names } from './names.ts'
import type { Refs } from './refs.ts'

export function createParked(refs: Refs, names: Names): Pick<Store, 'parkedDepths' | 'parked'> {
  return {
    parkedDepths() {
      const depths = new Map<number, ParkedDepth>()
      for (const { bind, at } of refs.early()) {
        const depth = depths.get(bind)
        if (depth) depth.parked++
        else depths.set(bind, { bind: names.text(bind), parked: 1, oldestAt: at })
      }
      return Promise.resolve([...depths.values()])
    },
    parked(bind, max, cursor) {
      const number = names.find(bind)
      const after = cursor === undefined ? -1 : Number(cursor)
      const page: Awaited<ReturnType<Store['parked']>> = { receipts: [] }
      let last = after
      for (const { id, bind: of, at, receipt } of refs.early()) {
        if (of !== number || id <= after) continue
        if (page.receipts.length === max) {
          page.next = String(last)
          break
        }
        page.receipts.push({ at, receipt })
        last = id
      }
      return Promise.resolve(page)
    },
  }
}

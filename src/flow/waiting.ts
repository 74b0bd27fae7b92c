// What waits on a lane, looked at in pages: each message of it as it stands when its turn comes.
import type { BindId } from '../model/message.ts'
import type { WaitingRecord } from '../store/store.ts'
import type { Core } from './core.ts'

/** Looked at together. */
const batch = 500

export async function eachWaiting({ store }: Core, lane: BindId, look: (record: WaitingRecord) => Promise<void>): Promise<void> {
  let cursor: string | undefined
  do {
    const page = await store.waiting({ lane }, batch, cursor)
    await Promise.all(
      page.ids.map(async (id) => {
        const record = await store.get(id)
        if (record) await look(record)
      }),
    )
    cursor = page.next
  } while (cursor !== undefined)
}

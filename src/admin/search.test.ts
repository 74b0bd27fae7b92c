import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MessageId } from '../model/message.ts'
import type { DeliverItem } from '../store/store.ts'
import type { Caller, SearchQuery } from './admin.ts'
import { street } from '../../test/street.ts'

async function bed(context: Parameters<typeof street>[0]) {
  const all = await street(context)
  const { admin, store, clock, root } = all
  const bind = `${root.id}/carrier`
  return {
    ...all,
    bind,
    async found(who: Caller, query: Partial<SearchQuery>): Promise<MessageId[]> {
      return (await admin.messages.search(who, { limit: 50, ...query })).messages.map((view) => view.message.id)
    },
    /** Everything that waits on the carrier's lane is sent there, under r0, r1 … */
    async sendAll(): Promise<void> {
      await clock.advance(120_000)
      let n = 0
      for (;;) {
        const runs = await store.claim(bind, 10)
        if (runs.length === 0) return
        for (const { token, items } of runs)
          for (const item of items as DeliverItem[]) {
            const ref = `r${n++}`
            await store.settle({
              kind: 'deliver',
              token,
              item: item.id,
              transition: {
                message: item.message.id,
                life: { ...item.life, state: 'sent', bind, attempts: 1, segments: [{ state: 'sent', ref, bind }] },
                entries: [],
                refs: [{ bind, ref, segment: 0 }],
                receiptBy: clock.now() + 1000,
                counts: [],
              },
            })
          }
      }
    },
  }
}

test('messages are found by what a carrier called them, by the bind that they took, and by how they failed', async (context) => {
  const { send, found, sendAll, caller, bind, admin } = await bed(context)
  const sent = await send()
  await sendAll()
  const waits = await send()
  assert.deepEqual(await found(caller, { carrierId: 'r0' }), [sent])
  assert.deepEqual(await found(caller, { carrierId: 'R0' }), [sent], 'as receipts may write it')
  assert.deepEqual(await found(caller, { carrierId: 'r0', state: 'delivered' }), [])
  assert.deepEqual(await found(caller, { carrierId: 'r9' }), [])
  assert.deepEqual(await found(caller, { bind }), [sent])
  assert.deepEqual(await found(caller, { bind: `${caller.account}/api` }), [waits, sent], 'or came in on')
  await admin.messages.cancel(caller, waits)
  assert.deepEqual(await found(caller, { code: 'canceled' }), [waits])
  assert.deepEqual(await found(caller, { code: 'expired' }), [])
})

test('a filter that has no index goes on over pages, and says where it left off', async (context) => {
  const { send, found, sendAll, caller, bind, admin } = await bed(context)
  const first = await send()
  await sendAll()
  for (let i = 0; i < 6; i++) await send()
  assert.deepEqual(await found(caller, { bind, limit: 1 }), [first], 'six pages on')
  const page = await admin.messages.search(caller, { bind: `${caller.account}/api`, limit: 4 })
  assert.equal(page.messages.length, 4)
  const rest = await admin.messages.search(caller, { bind: `${caller.account}/api`, limit: 4, cursor: page.next! })
  assert.deepEqual([rest.messages.length, rest.messages.at(-1)?.message.id], [3, first])
})

test('an address is found as it was typed', async (context) => {
  const { send, found, caller } = await bed(context)
  const id = await send()
  for (const to of ['+447700900123', ' 447700900123', '447700900123']) assert.deepEqual(await found(caller, { to }), [id], to)
})

test('an account finds nothing by the carriers of those above it', async (context) => {
  const { send, found, sendAll, caller, asBelow, below, bind } = await bed(context)
  const own = await send({ account: below })
  await sendAll()
  assert.deepEqual(await found(caller, { carrierId: 'r0' }), [own])
  assert.deepEqual(await found(asBelow, { carrierId: 'r0' }), [])
  assert.deepEqual(await found(asBelow, { bind }), [])
  assert.deepEqual(await found(asBelow, {}), [own])
})

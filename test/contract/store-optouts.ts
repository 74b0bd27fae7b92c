// Opt-outs: noted and lifted durably, with a message or alone; asked at once; listed.
import assert from 'node:assert/strict'
import type { OptOut } from '../../src/model/optout.ts'
import type { OptOuts } from '../../src/store/store.ts'
import { account } from './fixture.ts'
import type { Case } from './store.ts'

const other = 'AC00000000000000000000000000000002'
const sender = '+15005550006'
const handset = '+447700900123'

const optOut = (more: Partial<OptOut> = {}): OptOut => ({ account, sender, handset, at: 5, word: 'STOP', ...more })
const pairs = async (optOuts: OptOuts, more: { sender?: string; handset?: string } = {}): Promise<string[]> =>
  (await optOuts.list({ accounts: [account], limit: 10, ...more })).optOuts.map((one) => `${one.sender} ${one.handset}`)

export const optOutCases: Case[] = [
  [
    'what is opted out is so for this account and pair only, and still is after a restart',
    async (bench) => {
      assert.equal(bench.store.optOuts.empty, true)
      assert.equal(await bench.store.optOuts.put(optOut()), true)
      assert.equal(await bench.store.optOuts.put(optOut({ sender: '12345', handset: 'sip:bob@example' })), true)
      assert.equal(await bench.store.optOuts.put(optOut({ at: 6, word: 'END' })), false)
      const check = ({ empty, has }: OptOuts): void => {
        assert.equal(empty, false)
        assert.equal(has(account, sender, handset), true)
        assert.equal(has(account, '12345', 'sip:bob@example'), true)
        assert.equal(has(other, sender, handset), false)
        assert.equal(has(account, '+15005550007', handset), false)
        assert.equal(has(account, handset, sender), false)
      }
      check(bench.store.optOuts)
      check((await bench.reopen()).optOuts)
      const { optOuts } = await bench.store.optOuts.list({ accounts: [account], handset, limit: 10 })
      assert.deepEqual(optOuts, [optOut({ at: 6, word: 'END' })])
    },
  ],
  [
    'lifted, it is gone at once and for good',
    async (bench) => {
      await bench.store.optOuts.put(optOut())
      await bench.reopen()
      assert.equal(await bench.store.optOuts.remove(optOut()), true)
      assert.equal(await bench.store.optOuts.remove(optOut()), false)
      assert.equal(bench.store.optOuts.has(account, sender, handset), false)
      assert.equal((await bench.reopen()).optOuts.empty, true)
      await bench.store.optOuts.put(optOut())
      await bench.store.optOuts.remove(optOut())
      await bench.store.optOuts.put(optOut({ at: 9 }))
      assert.deepEqual((await bench.store.optOuts.list({ accounts: [account], limit: 10 })).optOuts, [optOut({ at: 9 })])
    },
  ],
  [
    'a message notes and lifts it with its own acceptance, a duplicate does neither',
    async (bench) => {
      const out = bench.source.message({ direction: 'mo' })
      await bench.store.accept({ ...out, optOut: optOut({ message: out.message.id }), idempotencyKey: 'once' })
      assert.equal(bench.store.optOuts.has(account, sender, handset), true)
      const { optOuts } = await bench.store.optOuts.list({ accounts: [account], limit: 10 })
      assert.deepEqual(optOuts, [optOut({ message: out.message.id })])
      const back = { ...bench.source.message({ direction: 'mo' }), optIn: [{ account, sender, handset }] }
      assert.equal((await bench.store.accept({ ...back, idempotencyKey: 'once' })).as, 'duplicate')
      assert.equal(bench.store.optOuts.has(account, sender, handset), true)
      await bench.store.accept(back)
      assert.equal(bench.store.optOuts.has(account, sender, handset), false)
      assert.equal((await bench.reopen()).optOuts.empty, true)
    },
  ],
  [
    'they are listed by account, sender and handset, in pages',
    async (bench) => {
      for (const to of ['+3', '+1', '+2']) await bench.store.optOuts.put(optOut({ handset: to }))
      await bench.store.optOuts.put(optOut({ sender: '777', handset: '+1' }))
      await bench.store.optOuts.put(optOut({ account: other }))
      assert.deepEqual(await pairs(bench.store.optOuts), [`${sender} +1`, `${sender} +2`, `${sender} +3`, '777 +1'])
      assert.deepEqual(await pairs(bench.store.optOuts, { handset: '+1' }), [`${sender} +1`, '777 +1'])
      assert.deepEqual(await pairs(bench.store.optOuts, { sender: '777' }), ['777 +1'])
      const query = { accounts: [account, other], limit: 2 }
      const first = await bench.store.optOuts.list(query)
      const second = await bench.store.optOuts.list({ ...query, cursor: first.next! })
      const third = await bench.store.optOuts.list({ ...query, cursor: second.next! })
      const sizes = [first, second, third].map((page) => page.optOuts.length)
      assert.deepEqual([...sizes, third.next], [2, 2, 1, undefined])
      for (const cursor of ['', 'x', 'WzFd', 'WzEsMiwzXQ', 'bnVsbA'])
        assert.deepEqual(await bench.store.optOuts.list({ ...query, cursor }), { optOuts: [] })
    },
  ],
]

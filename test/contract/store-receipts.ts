// Receipts: found whatever form their id has, parked when early, counted once.
import assert from 'node:assert/strict'
import type { Life } from '../../src/model/life.ts'
import type { DeliverItem, Run } from '../../src/store/store.ts'
import { backup, carrier, delivery, failed, origin, receipt, retried, sent, type MessageOptions } from './fixture.ts'
import type { Bench, Case } from './store.ts'
import { acceptAll } from './store-lanes.ts'

async function claimed(bench: Bench, options: MessageOptions = {}, lane = carrier): Promise<{ id: string; run: Run; item: DeliverItem }> {
  const [id] = await acceptAll(bench, [{ ...options, lane }])
  const [run] = await bench.store.claim(lane, 1)
  return { id: id!, run: run!, item: run!.items[0] as DeliverItem }
}

async function submitted(bench: Bench, refs: (string | undefined)[], options: MessageOptions = {}): Promise<string> {
  const { id, run, item } = await claimed(bench, options)
  await bench.store.settle(delivery(run, item, sent(item, refs, bench.clock.now())))
  return id
}

async function life(bench: Bench, id: string): Promise<Life> {
  return (await bench.store.get(id))!.life
}

export const receiptCases: Case[] = [
  [
    'a receipt ends its message, with CDR and report, and a second one is a duplicate',
    async (bench) => {
      const id = await submitted(bench, ['r1'])
      assert.deepEqual(await bench.store.receipt(carrier, receipt('r1')), { as: 'matched', message: id, form: 'same', state: 'delivered' })
      assert.deepEqual(await bench.store.receipt(carrier, receipt('r1')), { as: 'duplicate' })
      assert.deepEqual(await (await bench.reopen()).receipt(carrier, receipt('r1')), { as: 'duplicate' })
      assert.equal((await bench.store.cdrs(10)).length, 1)
      assert.equal((await bench.store.claim(origin, 10)).length, 1)
    },
  ],
  [
    'a receipt of another bind is not about this message',
    async (bench) => {
      await submitted(bench, ['r1'])
      assert.deepEqual(await bench.store.receipt(backup, receipt('r1')), { as: 'parked' })
    },
  ],
  [
    'every form of an id is found, in memory and after a restart, and learned per bind',
    async (bench) => {
      const forms = [
        ['a1b2', 'A1B2', 'case'],
        ['000024', '24', 'zeros'],
        ['1f4', '500', 'respHexReceiptDec'],
        ['501', '1f5', 'respDecReceiptHex'],
        ['0e99', '0e99', 'same'],
      ] as const
      for (const again of [false, true]) {
        for (const [response, inReceipt, form] of forms) {
          const lane = again ? backup : carrier
          const { run, item } = await claimed(bench, {}, lane)
          await bench.store.settle(delivery(run, item, sent(item, [response], bench.clock.now())))
          if (again) await bench.reopen()
          const result = await bench.store.receipt(lane, receipt(inReceipt))
          assert.equal(result.as === 'matched' && result.form, form, `${response} as ${inReceipt}`)
        }
      }
      await bench.reopen()
      assert.deepEqual(await bench.store.refForms(carrier), { case: 1, zeros: 1, respHexReceiptDec: 1, respDecReceiptHex: 1, same: 1 })
    },
  ],
  [
    'of two candidates the very same id wins, then the form the bind usually has',
    async (bench) => {
      const same = await submitted(bench, ['100'])
      await submitted(bench, ['256'])
      const hex = await bench.store.receipt(carrier, receipt('100'))
      assert.equal(hex.as === 'matched' && hex.message, same)
      for (let i = 0; i < 5; i++) {
        await submitted(bench, [`70${i}`])
        await bench.store.receipt(carrier, receipt(BigInt(`0x70${i}`).toString(10)))
      }
      const usual = await submitted(bench, ['99'])
      await submitted(bench, ['000153'])
      const found = await bench.store.receipt(carrier, receipt('153'))
      assert.equal(found.as === 'matched' && found.message, usual)
    },
  ],
  [
    'an early receipt is parked and found when its attempt is settled, also after a restart',
    async (bench) => {
      for (const again of [false, true]) {
        const { id, run, item } = await claimed(bench)
        assert.deepEqual(await bench.store.receipt(carrier, receipt(`0A${again}`)), { as: 'parked' })
        let [token, claimedItem] = [run, item]
        if (again) {
          await bench.reopen()
          token = (await bench.store.claim(carrier, 1))[0]!
          claimedItem = token.items[0] as DeliverItem
        }
        await bench.store.settle(delivery(token, claimedItem, sent(claimedItem, [`0a${again}`], bench.clock.now())))
        assert.equal((await life(bench, id)).state, 'delivered')
        await bench.reopen()
        const trace = (await bench.store.trace(id))!
        assert.deepEqual(
          trace.entries.map((entry) => entry.what),
          ['accepted', 'attempt', 'receipt', 'final'],
        )
        assert.equal(trace.life.state, 'delivered')
        assert.deepEqual(await bench.store.receipt(carrier, receipt(`0A${again}`)), { as: 'duplicate' })
      }
    },
  ],
  [
    'a message of several segments ends with the last of them; one that failed fails it',
    async (bench) => {
      const good = await submitted(bench, ['s1', 's2', 's3'], { segments: 3 })
      for (const ref of ['s3', 's1', 's1']) await bench.store.receipt(carrier, receipt(ref))
      assert.equal((await life(bench, good)).state, 'sent')
      await bench.store.receipt(carrier, receipt('s2'))
      assert.equal((await life(bench, good)).state, 'delivered')
      const bad = await submitted(bench, ['t1', 't2'], { segments: 2 })
      await bench.store.receipt(carrier, receipt('t1', 'undeliverable'))
      await bench.store.receipt(carrier, receipt('t2'))
      assert.equal((await life(bench, bad)).state, 'undelivered')
      assert.equal((await life(bench, bad)).failure?.code, 'absent-subscriber')
      assert.equal((await bench.store.cdrs(10)).length, 2)
    },
  ],
  [
    'an intermediate receipt is recorded, does not end the message, and none comes after a final one',
    async (bench) => {
      const id = await submitted(bench, ['i1'])
      assert.equal((await bench.store.receipt(carrier, receipt('i1', 'enroute'))).as, 'matched')
      assert.equal((await life(bench, id)).state, 'sent')
      await bench.store.receipt(carrier, receipt('i1'))
      assert.equal((await bench.store.receipt(carrier, receipt('i1', 'enroute'))).as, 'duplicate')
    },
  ],
  [
    'a receipt that comes while the rest of its message is being sent is kept, and the settlement ends the message',
    async (bench) => {
      const { id, run, item } = await claimed(bench, { segments: 2 })
      await bench.store.settle(delivery(run, item, sent(item, ['p1', undefined], bench.clock.now())))
      const [again] = await bench.store.claim(carrier, 1)
      const rest = again!.items[0] as DeliverItem
      assert.equal((await bench.store.receipt(carrier, receipt('p1'))).as, 'matched')
      await bench.store.receipt(carrier, receipt('p2'))
      await bench.store.settle(delivery(again!, rest, sent(rest, ['p1', 'p2'], bench.clock.now())))
      assert.deepEqual(
        (await life(bench, id)).segments.map((segment) => segment.state),
        ['delivered', 'delivered'],
      )
      assert.equal((await life(bench, id)).state, 'delivered')
      const trace = (await (await bench.reopen()).trace(id))!
      assert.equal(trace.life.state, 'delivered')
      assert.equal((await bench.store.cdrs(10)).length, 1)
    },
  ],
  [
    'a failed receipt during an attempt fails over once the attempt is settled',
    async (bench) => {
      const { id, run, item } = await claimed(bench, { segments: 2, failover: true })
      await bench.store.settle(delivery(run, item, sent(item, ['q1', undefined], bench.clock.now())))
      const [again] = await bench.store.claim(carrier, 1)
      const rest = again!.items[0] as DeliverItem
      await bench.store.receipt(carrier, receipt('q1', 'undeliverable'))
      const settled = bench.store.settle(delivery(again!, rest, sent(rest, ['q1', 'q2'], bench.clock.now())))
      const received = bench.store.receipt(carrier, receipt('q2'))
      await Promise.all([settled, received])
      assert.equal((await life(bench, id)).state, 'queued')
      assert.deepEqual((await life(bench, id)).segments, [])
      const [moved] = await bench.store.claim(backup, 1)
      assert.equal((moved!.items[0] as DeliverItem).candidate, 1)
      await bench.store.settle(
        delivery(moved!, moved!.items[0] as DeliverItem, sent(moved!.items[0] as DeliverItem, ['z1', 'z2'], bench.clock.now())),
      )
      assert.equal((await bench.store.receipt(carrier, receipt('q2'))).as, 'duplicate', 'the old bind has no say any more')
    },
  ],
  [
    'receipts racing the settlement of the attempt they are about are never lost',
    async (bench) => {
      for (let i = 0; i < 50; i++) {
        const { id, run, item } = await claimed(bench, { segments: 2 })
        const refs = [`x${i}a`, `x${i}b`]
        await Promise.all([
          bench.store.receipt(carrier, receipt(refs[0]!)),
          bench.store.settle(delivery(run, item, sent(item, refs, bench.clock.now()))),
          bench.store.receipt(carrier, receipt(refs[1]!)),
        ])
        assert.equal((await life(bench, id)).state, 'delivered')
      }
      assert.equal((await bench.store.cdrs(100)).length, 50)
    },
  ],
  [
    'a receipt for a message that has ended or was retried elsewhere changes nothing',
    async (bench) => {
      const { id, run, item } = await claimed(bench)
      await bench.store.settle(
        delivery(run, item, { ...retried(item, 1, bench.clock.now()), refs: [{ bind: carrier, ref: 'gone', segment: 0 }] }),
      )
      assert.equal((await bench.store.receipt(carrier, receipt('gone'))).as, 'duplicate')
      const [again] = await bench.store.claim(carrier, 1)
      await bench.store.settle(delivery(again!, again!.items[0] as DeliverItem, failed(again!.items[0] as DeliverItem, 2)))
      assert.equal((await bench.store.receipt(carrier, receipt('gone'))).as, 'duplicate')
      assert.equal((await life(bench, id)).state, 'failed')
    },
  ],
]

// Receipts: found whatever form their id has, counted once.
import assert from 'node:assert/strict'
import type { Life } from '../../src/model/life.ts'
import { afterReceiptTimeout } from '../../src/model/transition.ts'
import type { DeliverItem, Run } from '../../src/store/store.ts'
import { backup, carrier, delivery, failed, origin, receipt, retried, sent, type MessageOptions } from './fixture.ts'
import type { Bench, Case } from './store.ts'
import { acceptAll } from './store-lanes.ts'

export async function claimed(
  bench: Bench,
  options: MessageOptions = {},
  lane = carrier,
): Promise<{ id: string; run: Run; item: DeliverItem }> {
  const [id] = await acceptAll(bench, [{ ...options, lane }])
  const [run] = await bench.store.claim(lane, 1)
  return { id: id!, run: run!, item: run!.items[0] as DeliverItem }
}

export async function submitted(bench: Bench, refs: (string | undefined)[], options: MessageOptions = {}): Promise<string> {
  const { id, run, item } = await claimed(bench, options)
  await bench.store.settle(delivery(run, item, sent(item, refs, bench.clock.now())))
  return id
}

export async function life(bench: Bench, id: string): Promise<Life> {
  return (await bench.store.get(id))!.life
}

export const receiptCases: Case[] = [
  [
    'a receipt ends its message, with CDR and report, and a second one is a duplicate',
    async (bench) => {
      const id = await submitted(bench, ['r1'])
      const sentAt = bench.clock.now()
      await bench.clock.advance(1000)
      const matched = await bench.store.receipt(carrier, receipt('r1'))
      assert.deepEqual(matched, { as: 'matched', message: id, form: 'same', state: 'delivered', sentAt })
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
    'ids of every make are found, and those of other messages are not taken for them',
    async (bench) => {
      const uuid = '0e999f21-81ef-4974-a414-3de98174e3c7'
      const made: [response: string, inReceipt: string, form: string][] = [
        ['1152921504606846977', '1152921504606846977', 'same'],
        ['1152921504606846978', '1000000000000002', 'respDecReceiptHex'],
        ['1000000000000003', '1152921504606846979', 'respHexReceiptDec'],
        ['FFFFFFFFFFFFFFFE', '18446744073709551614', 'respHexReceiptDec'],
        ['18446744073709551613', '00fffffffffffffffd', 'respDecReceiptHex'],
        ['340282366920938463463374607431768211455', '340282366920938463463374607431768211455', 'same'],
        ['0000000000000000000000000000000000000007', '7', 'zeros'],
        [uuid, uuid.toUpperCase(), 'case'],
        ['SMSC-1/77-A', 'SMSC-1/77-A', 'same'],
        ['SMSC-1/77-B', 'smsc-1/77-b', 'case'],
        ['msg:88:1', 'msg:88:1', 'same'],
        ['msg:88:2', 'msg:88:2', 'same'],
        ['été', 'été', 'same'],
      ]
      const strangers = [
        '1152921504606846976', '1000000000000004', '18446744073709551612', uuid.replaceAll('-', ''), `${uuid}-1`,
        'SMSC-1/77', 'SMSC-1/77-C', 'msg:88', '88', 'ete', '0', '340282366920938463463374607431768211454',
      ] // prettier-ignore
      const messages: string[] = []
      for (const [response] of made) messages.push(await submitted(bench, [response]))
      for (const stranger of strangers) assert.equal((await bench.store.receipt(carrier, receipt(stranger))).as, 'parked', stranger)
      for (const [i, [response, inReceipt, form]] of made.entries()) {
        const result = await bench.store.receipt(carrier, receipt(inReceipt))
        assert.equal(result.as, 'matched', `${response} as ${inReceipt}`)
        assert.ok(result.as === 'matched')
        assert.deepEqual([result.message, result.form], [messages[i], form], `${response} as ${inReceipt}`)
      }
    },
  ],
  [
    'once a bind surely writes hex for decimal, equal digits are a coincidence',
    async (bench) => {
      for (let i = 0; i < 20; i++) {
        await submitted(bench, [`7a${i}`])
        assert.equal((await bench.store.receipt(carrier, receipt(String(Number.parseInt(`7a${i}`, 16))))).as, 'matched')
      }
      for (const again of [false, true]) {
        // In hex 1234 is 4660, and 4660 is 18016.
        const [first, second] = again ? (['2345', '9029'] as const) : (['1234', '4660'] as const)
        const right = await submitted(bench, [first])
        const other = await submitted(bench, [second])
        if (again) await bench.reopen()
        const found = await bench.store.receipt(carrier, receipt(String(Number.parseInt(first, 16))))
        assert.deepEqual([found.as === 'matched' && found.message, found.as === 'matched' && found.form], [right, 'respHexReceiptDec'])
        const next = await bench.store.receipt(carrier, receipt(String(Number.parseInt(second, 16))))
        assert.equal(next.as === 'matched' && next.message, other)
      }
      // Early: parked for hex 3039, not for the message whose response says 12345.
      assert.equal((await bench.store.receipt(carrier, receipt('12345'))).as, 'parked')
      const stranger = await submitted(bench, ['12345'])
      assert.equal((await life(bench, stranger)).state, 'sent')
      const meant = await submitted(bench, ['3039'])
      assert.equal((await life(bench, meant)).state, 'delivered')
      const same = await submitted(bench, ['100200'])
      const yet = await bench.store.receipt(carrier, receipt('100200'))
      assert.equal(yet.as === 'matched' && yet.message, same, 'where there is no other message, the very same id is taken')
    },
  ],
  [
    'messages are found by the id that a supplier gave a segment, in the form of its responses or of its receipts',
    async (bench) => {
      const hex = await submitted(bench, ['00BC614E'])
      const plain = await submitted(bench, ['q7'])
      for (const again of [false, true]) {
        if (again) await bench.reopen()
        const found = async (bind: string, ref: string): Promise<string[]> =>
          (await bench.store.sentAs(bind, ref)).map(({ message }) => message.id)
        assert.deepEqual(await found(carrier, '00BC614E'), [hex])
        assert.deepEqual(await found(carrier, 'bc614e'), [hex])
        assert.deepEqual(await found(carrier, '12345678'), [hex], 'its decimal form')
        assert.deepEqual(await found(carrier, 'q7'), [plain])
        assert.deepEqual(await found(carrier, 'q8'), [])
        assert.deepEqual(await found(backup, 'q7'), [], 'another supplier knows nothing of it')
        assert.deepEqual(await found('AC0/nobody', 'q7'), [])
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
      await bench.store.receipt(carrier, receipt('t1', 'undeliverable', { error: '027' }))
      await bench.store.receipt(carrier, receipt('t2'))
      assert.equal((await life(bench, bad)).state, 'undelivered')
      assert.equal((await life(bench, bad)).failure?.code, 'absent-subscriber')
      const each = (await (await bench.reopen()).get(bad))!.life.segments
      assert.deepEqual(
        each.map(({ ref, state, error, at }) => [ref, state, error, at]),
        [
          ['t1', 'undeliverable', '027', bench.clock.now()],
          ['t2', 'delivered', undefined, bench.clock.now()],
        ],
      )
      assert.equal((await bench.store.cdrs(10)).length, 2)
    },
  ],
  [
    'a receipt that contradicts the end, or comes after it, changes nothing and leaves one note',
    async (bench) => {
      const id = await submitted(bench, ['n1', 'n2'], { segments: 2 })
      for (const ref of ['n1', 'n2', 'n2']) await bench.store.receipt(carrier, receipt(ref))
      const notes = async (of: string): Promise<string[]> =>
        (await bench.store.trace(of))!.entries.flatMap((entry) => (entry.what === 'note' ? [entry.text] : []))
      assert.deepEqual(await notes(id), [], 'a duplicate that says the same is not worth a word')
      for (let i = 0; i < 20; i++) {
        const late = await bench.store.receipt(carrier, receipt('n2', 'undeliverable', { error: '027' }))
        assert.deepEqual(late, { as: 'duplicate' })
      }
      await bench.store.receipt(carrier, receipt('n1', 'enroute'))
      const one = ['a receipt came after the end and changed nothing: segment 2 undeliverable, error 027']
      assert.deepEqual(await notes(id), one)
      const given = await submitted(bench, ['n3'])
      await bench.clock.advance(30 * 86_400_000)
      const at = bench.clock.now()
      const ended = await bench.store.end(given, ({ message, decision, life: now }) => afterReceiptTimeout(message, decision, now, at))
      assert.equal(ended, 'ended')
      await bench.store.receipt(carrier, receipt('n3'))
      await bench.reopen()
      assert.deepEqual(await notes(id), one)
      assert.deepEqual(await notes(given), ['a receipt came after the end and changed nothing: segment 1 delivered'])
      assert.deepEqual([(await life(bench, id)).state, (await life(bench, given)).state], ['delivered', 'unconfirmed'])
      assert.equal((await bench.store.cdrs(10)).length, 2)
      const rows = await bench.store.statistics({ binds: [carrier], from: 0, to: bench.clock.now() })
      const duplicates = rows.filter((row) => row.name === 'duplicates')
      assert.equal(
        duplicates.reduce((sum, row) => sum + row.count, 0),
        23,
      )
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

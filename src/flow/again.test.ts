import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { idSource } from '../ids.ts'
import type { FailureCode } from '../model/failure.ts'
import { defaultPolicy } from '../model/policy.ts'
import type { Bind } from '../model/bind.ts'
import { tryAgain } from './again.ts'
import type { Core } from './core.ts'
import { afterAttempt } from './outcome.ts'
import { freshStore } from '../../test/fresh-store.ts'

const lane = 'A/phone'

test('what a full handset could not take is due at once, with its tries anew; what failed for another reason waits', async (context) => {
  const { clock, store } = await freshStore(context)
  const ids = idSource(clock.now)
  const bind = { id: lane, policy: { ...defaultPolicy, attempts: 5, busyFirstMs: 600_000, retryFirstMs: 600_000 } } as Bind

  /** Accepted, tried once and failed. */
  async function failed(code: FailureCode): Promise<string> {
    const id = ids.next()
    const now = clock.now()
    await store.accept({
      message: {
        id,
        account: 'A',
        direction: 'mo',
        arrival: 'A/carrier',
        acceptedAt: now,
        validUntil: now + 3_600_000,
        segments: 1,
        from: { value: 'ACME', ton: 'alphanumeric', npi: 'unknown' },
        to: { value: `+4477009${id.slice(8, 14)}`, ton: 'international', npi: 'e164' },
        body: { kind: 'text', text: 'hello' },
        priority: 1,
        receipt: 'both',
      },
      decision: { revision: 1, candidates: [{ bind: lane, why: '' }], failoverOnReceipt: false, tried: [] },
      life: { state: 'queued', segments: [], attempts: 0, updatedAt: now },
      entries: [{ at: now, what: 'accepted', via: 'A/carrier' }],
      queue: { lane, due: now, candidate: 0 },
    })
    const [run] = await store.claim(lane, 1)
    const item = run?.items[0]
    assert.ok(run && item?.kind === 'deliver' && item.message.id === id)
    const outcome = { ok: false, failure: { kind: 'temporary', code } } as const
    const transition = afterAttempt({
      item,
      bind,
      receipts: true,
      sent: [0],
      total: 1,
      outcome,
      startedAt: now,
      now,
      restMs: 0,
      random: 0.5,
    })
    await store.settle({ token: run.token, item: item.id, kind: 'deliver', transition })
    return id
  }

  const full = await failed('queue-full')
  const other = await failed('peer-error')
  const core = { store, clock, log: pino({ level: 'silent' }) } as unknown as Core
  assert.deepEqual(await store.claim(lane, 10), [])
  await tryAgain(core, 'A/another', [full])
  await tryAgain(core, lane, [other, 'f'.repeat(32)])
  assert.deepEqual(await store.claim(lane, 10), [])
  await tryAgain(core, lane, [full])
  const claimed = (await store.claim(lane, 10)).flatMap(({ items }) => items)
  assert.deepEqual(
    claimed.map(({ message, attempt }) => [message.id, attempt]),
    [[full, 0]],
  )
})

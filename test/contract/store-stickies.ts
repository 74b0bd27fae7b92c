// Sticky senders: noted durably with a message, asked at once, of many handsets, gone with their service.
import assert from 'node:assert/strict'
import { account } from './fixture.ts'
import type { NewMessage, Store } from '../../src/store/store.ts'
import type { Bench, Case } from './store.ts'

const other = 'AC00000000000000000000000000000002'
const service = 'MG00000000000000000000000000000001'
const sender = (n: number): string => `+1500555${String(n).padStart(4, '0')}`

async function serviceThere(store: Store, id = service): Promise<void> {
  await store.change({ author: 'a', source: 'test', puts: [{ kind: 'resource', key: `${account}/${id}`, body: '{}' }], deletes: [] })
}

function sticky(bench: Bench, from: string, to: string, more: { service?: string; account?: string } = {}): NewMessage {
  const added = bench.source.message({ from, to, ...(more.account === undefined ? {} : { account: more.account }) })
  return { ...added, message: { ...added.message, service: more.service ?? service }, sticky: true }
}

export const stickyCases: Case[] = [
  [
    'a service writes on to a handset from the sender of its newest sticky message, also after a restart',
    async (bench) => {
      await serviceThere(bench.store)
      await bench.store.accept(sticky(bench, sender(1), '+447700900001'))
      await bench.store.accept(sticky(bench, sender(2), '+447700900002'))
      await bench.store.accept(sticky(bench, sender(3), 'bob@acme.example'))
      await bench.store.accept(sticky(bench, sender(4), '+447700900002'))
      const check = ({ stickies }: Store): void => {
        assert.equal(stickies.of(account, service, '+447700900001'), sender(1))
        assert.equal(stickies.of(account, service, '+447700900002'), sender(4))
        assert.equal(stickies.of(account, service, 'bob@acme.example'), sender(3))
        assert.equal(stickies.of(account, service, '+447700900003'), undefined)
        assert.equal(stickies.of(other, service, '+447700900001'), undefined)
        assert.equal(stickies.of(account, 'MG00000000000000000000000000000002', '+447700900001'), undefined)
      }
      check(bench.store)
      check(await bench.reopen())
      check(await bench.reopen())
    },
  ],
  [
    'a message that is not sticky, one of no service and a duplicate leave everything as it was',
    async (bench) => {
      await serviceThere(bench.store)
      const first = sticky(bench, sender(1), '+447700900001')
      await bench.store.accept({ ...first, idempotencyKey: 'once' })
      await bench.store.accept({ ...sticky(bench, sender(2), '+447700900001'), idempotencyKey: 'once' })
      await bench.store.accept({ ...sticky(bench, sender(3), '+447700900001'), sticky: false })
      await bench.store.accept({ ...bench.source.message({ from: sender(4), to: '+447700900001' }), sticky: true })
      assert.equal(bench.store.stickies.of(account, service, '+447700900001'), sender(1))
      assert.equal((await bench.reopen()).stickies.of(account, service, '+447700900001'), sender(1))
    },
  ],
  [
    'thousands of handsets keep each its own',
    async (bench) => {
      await serviceThere(bench.store)
      const handset = (n: number): string => `+4477${String(n * 7919).padStart(8, '0')}`
      const many = 3000
      await Promise.all(Array.from({ length: many }, (_, n) => bench.store.accept(sticky(bench, sender(n % 7), handset(n)))))
      const check = ({ stickies }: Store): void => {
        for (let n = 0; n < many; n++) assert.equal(stickies.of(account, service, handset(n)), sender(n % 7))
        assert.equal(stickies.of(account, service, handset(many)), undefined)
      }
      check(bench.store)
      check(await bench.reopen())
    },
  ],
  [
    'those of a service that is no more are gone after two starts',
    async (bench) => {
      const gone = 'MG00000000000000000000000000000009'
      await serviceThere(bench.store)
      await serviceThere(bench.store, gone)
      await bench.store.accept(sticky(bench, sender(1), '+447700900001'))
      await bench.store.accept(sticky(bench, sender(1), '+447700900001', { service: gone }))
      await bench.store.change({ author: 'a', source: 'test', puts: [], deletes: [{ kind: 'resource', key: `${account}/${gone}` }] })
      await bench.reopen()
      const store = await bench.reopen()
      assert.equal(store.stickies.of(account, gone, '+447700900001'), undefined)
      assert.equal(store.stickies.of(account, service, '+447700900001'), sender(1))
    },
  ],
]

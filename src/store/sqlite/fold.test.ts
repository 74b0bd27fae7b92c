// The tables after a journal was folded into them are what its lines say, read one after another.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import Database from 'better-sqlite3'
import * as fc from 'fast-check'
import { messageSource } from '../../../test/contract/fixture.ts'
import { linesOf } from '../../../test/journal.ts'
import type { Cdr } from '../../model/cdr.ts'
import { readJournal, record } from './journal.ts'
import { cdrOp, encode, type MessageOp, type Op, type QueueKey, type QueueRow, type Rare } from './ops.ts'
import { migrate } from './schema.ts'
import { createSlab, put } from './slab.ts'
import { openTables } from './tables.ts'

const perFile = 2 ** 21
const anyCdr: Cdr = {
  message: 'm', account: 'a', direction: 'mt', kind: 'text', from: '1', to: '2', sourceBind: 'a/1', carrierRefs: [], segments: 1, priority: 1,
  attempts: 1, state: 'delivered', acceptedAt: '2026-01-01T00:00:00.000Z', finalAt: '2026-01-01T00:00:01.000Z',
} // prettier-ignore
const read = {
  message: 'SELECT * FROM message ORDER BY id',
  queue: 'SELECT * FROM queue ORDER BY item',
  ref: 'SELECT * FROM ref ORDER BY bind, key, message, segment',
  cdr: 'SELECT * FROM cdr ORDER BY sequence',
  early: 'SELECT id FROM early ORDER BY id',
  idempotency: 'SELECT message, account, key, tail FROM idempotency ORDER BY message',
  usage: 'SELECT * FROM usage ORDER BY tenant, day, kind',
  depth: 'SELECT * FROM depth WHERE deliver <> 0 OR report <> 0 ORDER BY lane, account',
}
type Held = Record<keyof typeof read, unknown[][]>

/** Folds files, each of so many texts as it has records. */
function folded(t: TestContext, files: string[][]): { held: Held; lines: string[] } {
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-fold-'))
  const db = new Database(':memory:')
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  try {
    migrate(db)
    const tables = openTables(db, directory)
    const lines: string[] = []
    for (const [n, texts] of files.entries()) {
      const file = n + 1
      const records = texts.map((text, i) => {
        const slab = createSlab()
        put(slab, text)
        return Buffer.from(record(file * perFile + i + 1, slab))
      })
      writeFileSync(join(directory, `journal-${file}`), Buffer.concat(records))
      const held = linesOf(readJournal(directory, file), file)
      lines.push(...held)
      assert.equal(tables.apply(file, false), held.length)
    }
    const rows = Object.entries(read).map(([table, text]) => [table, db.prepare(text).raw(true).all()])
    return { held: Object.fromEntries(rows) as Held, lines }
  } finally {
    db.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

const numberOr = (text: string): number | null => (text === '' ? null : Number(text))
const jsonOr = (text: string): unknown => (text === '' ? null : JSON.parse(text))
const listOf = (text: string): string[] => (text === '' ? [] : text.split('\x1e'))

/** What lines say, taken one by one. */
function plainly(lines: string[]): Held {
  const [messages, queue, refs] = [new Map<number, unknown[]>(), new Map<string, unknown[]>(), new Map<string, unknown[]>()]
  const [cdrs, early, keys] = [new Map<number, unknown[]>(), new Set<number>(), [] as unknown[][]]
  const [usage, depth] = [new Map<string, [...unknown[], number, number]>(), new Map<string, [number, number, number, number]>()]
  for (const line of lines) {
    if (line.startsWith('{')) {
      const op = JSON.parse(line) as { kind: string; id: number; upTo: number }
      if (op.kind === 'early') early.add(op.id)
      else for (const sequence of cdrs.keys()) if (sequence <= op.upTo) cdrs.delete(sequence)
      continue
    }
    const fields = line.split('\x1f')
    const [id, life, state, giveUpAt, wait, entries, named, puts, deletes, sequence, cdr, rare, tail] = fields as [string, ...string[]]
    const order = Number(id)
    const row = messages.get(order) ?? Array.from({ length: 14 }, (): unknown => null)
    messages.set(order, row)
    if (tail !== undefined) {
      const [tenant, receiver, sender, message, decision, used] = fields.slice(13) as [string, string, string, string, string, string?]
      row.splice(0, 5, order, tail, Number(tenant), JSON.parse(receiver), JSON.parse(sender))
      row.splice(10, 4, message, decision, '', '')
      const [kind, segments, day] = used?.split(',') ?? []
      const key = [tenant, day, kind].join()
      const known = usage.get(key) ?? [Number(tenant), Number(day), kind, 0, 0]
      if (used !== undefined)
        usage.set(key, [...known.slice(0, 3), (known[3] as number) + 1, (known[4] as number) + Number(segments)] as never)
    }
    if (life !== '') row.splice(5, 3, Number(state), numberOr(giveUpAt!), wait === '' ? null : wait)
    if (life !== '') row[9] = life
    if (entries !== '') row[12] = [row[12], entries].filter((text) => text !== '').join()
    for (const ref of listOf(named!)) {
      const [name = '', segment, raw] = ref.split('\x1d')
      const [bind, key] = JSON.parse(`[${name}]`) as [number, string]
      const same = JSON.stringify([bind, key, order, segment])
      if (!refs.has(same)) refs.set(same, [bind, key, order, Number(segment), jsonOr(raw!)])
      row[13] = `${String(row[13])}[${name}],`
    }
    const deepen = ([lane = 0, account = 0, kp = 0]: number[], by: number): void => {
      const known = depth.get(`${lane},${account}`) ?? [lane, account, 0, 0]
      known[kp < 4 ? 2 : 3] += by
      depth.set(`${lane},${account}`, known)
    }
    for (const item of listOf(puts!)) {
      const [key = '', message, grain, data] = item.split('\x1d')
      queue.set(key, [...key.split(',').map(Number), Number(message), jsonOr(grain!), data === '' ? null : data])
      deepen(key.split(',').map(Number), 1)
    }
    for (const key of listOf(deletes!)) {
      queue.delete(key)
      deepen(key.split(',').map(Number), -1)
    }
    if (sequence !== '') cdrs.set(Number(sequence), [Number(sequence), cdr])
    if (rare === '') continue
    const { early: found, idempotency, replace, decision, hidden } = JSON.parse(rare!) as Rare
    for (const one of found ?? []) early.delete(one)
    if (idempotency) keys.push([order, ...idempotency, tail])
    if (replace) [row[10], row[8]] = replace
    if (decision) row[11] = decision
    if (hidden) row[2] = -Math.abs(row[2] as number)
  }
  const sorted = <T>(rows: Iterable<T[]>, ...by: number[]): T[][] =>
    [...rows].sort((a, b) => by.reduce((found, n) => found || (a[n]! < b[n]! ? -1 : Number(a[n]! > b[n]!)), 0))
  return {
    message: sorted(messages.values(), 0),
    queue: sorted(queue.values(), 4),
    ref: sorted(refs.values(), 0, 1, 2, 3),
    cdr: sorted(cdrs.values(), 0),
    early: sorted([...early].map((id) => [id]), 0),
    idempotency: sorted(keys, 0),
    usage: sorted(usage.values(), 0, 1, 2),
    depth: sorted([...depth.values()].filter(([, , deliver, report]) => deliver !== 0 || report !== 0), 0, 1),
  } // prettier-ignore
}

const anyText = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', '7', '"', '\\', ' ', '→', 'é', '\n', '\x1f', '😀'), maxLength: 12 }),
  fc.constant('+447700900123'),
)
const anyStep = fc.record({
  of: fc.nat(5), life: fc.boolean(), text: anyText, raw: fc.option(anyText), entries: fc.nat(2), refs: fc.nat(2), puts: fc.nat(3), take: fc.array(fc.nat(9), { maxLength: 3 }),
  cdr: fc.boolean(), rare: fc.constantFrom('', '', '', 'early', 'replace', 'decision', 'hidden', 'key', 'mms'),
  other: fc.constantFrom('', '', '', 'written', 'early'), giveUpAt: fc.option(fc.constantFrom(0, 1_795_319_658_745, 1_795_319_658_745.5, -3)), cut: fc.constantFrom('', '', 'record', 'file'),
}) // prettier-ignore
type Step = typeof anyStep extends fc.Arbitrary<infer T> ? T : never

/** Files of records: lives of a few messages, in turns. */
function journalOf(steps: Step[]): string[][] {
  const source = messageSource(() => 1_795_319_658_745)
  const messages = new Map<number, MessageOp['insert'] & object>()
  const items: QueueKey[] = []
  const files: string[][] = [['']]
  let [item, sequence, parked] = [0, 0, 0]
  const write = (op: Op): void => {
    const slab = createSlab()
    encode(slab, op)
    const file = files.at(-1)!
    file.push(file.pop()! + slab.buffer.toString('utf8', 20, slab.end))
  }
  for (const { of, text, ...step } of steps) {
    const known = messages.get(of)
    const fresh = source.message({ to: text, ...(step.raw === null ? {} : { text: step.raw }) }).message
    if (step.rare === 'mms') fresh.body = { kind: 'mms', parts: [] }
    const insert = known ?? {
      tenant: 2 * (1 + (of % 2)),
      message: fresh,
      decision: step.raw === null ? '12' : `{"why":${JSON.stringify(text)}}`,
    }
    messages.set(of, insert)
    const order = 7_353_629_321_900_033 + of
    const puts = Array.from({ length: step.puts }, (_, n): QueueRow => {
      const report = { attempt: n, report: { state: 'sent' as const, at: 5, error: text } }
      const key: QueueKey = [n, of % 2, n === 0 ? 1 : 5, 1_795_319_658_745 + item, ++item]
      return [...key, order, n === 0 ? text : null, n === 0 ? null : report]
    })
    const deletes = step.take.flatMap((n) => (n < items.length ? items.splice(n, 1) : []))
    items.push(...puts.map(([lane, account, kp, due, number]): QueueKey => [lane, account, kp, due, number]))
    write({
      kind: 'message', order, state: of, giveUpAt: step.giveUpAt, wait: step.puts > 0 ? [item, 1, 2, 3, 4] : null, puts, deletes,
      life: step.life || !known ? { state: 'sent', segments: [{ ref: text, state: 'sent' }], attempts: of, updatedAt: 5 } : null,
      entries: Array.from({ length: known ? step.entries : 1 }, () => ({ at: 5, what: 'note' as const, text })),
      refs: Array.from({ length: step.refs }, (_, segment) => [3, text, order, segment, step.raw]),
      cdr: step.cdr ? cdrOp(++sequence, { ...anyCdr, to: text }) : null,
      early: step.rare === 'early' && parked > 0 ? [parked] : null,
      insert: known ? null : insert,
      idempotency: step.rare === 'key' && !known ? [1, `${of}${text}`] : null,
      joins: null,
      replace: step.rare === 'replace' ? [JSON.stringify({ text }), 9] : null,
      decision: step.rare === 'decision' ? text || '1' : null,
      hidden: step.rare === 'hidden',
    }) // prettier-ignore
    if (step.other === 'written') write({ kind: 'written', upTo: sequence - 1, hooked: [] })
    if (step.other === 'early') write({ kind: 'early', id: ++parked, bind: 3, receipt: '{}', at: 5 })
    if (step.cut === 'record') files.at(-1)!.push('')
    if (step.cut === 'file') files.push([''])
  }
  return files
}

test('the tables are what the lines of the journal say, wherever a file or a record ends', { timeout: 300_000 }, (t) => {
  fc.assert(
    fc.property(fc.array(anyStep, { minLength: 1, maxLength: 40 }), (steps) => {
      const { held, lines } = folded(t, journalOf(steps))
      assert.deepEqual(held, plainly(lines))
    }),
    { numRuns: 200 },
  )
})

test('what an older program wrote is read: no usage, and no decision among the rare', (t) => {
  const fields = ['9', '{"state":"queued"}', '1', '', '[1,2,3,0,0]', '{"at":1}', '', '2,1,1,3,1\x1d9\x1d"+44"\x1d', '', '', '']
  const rare = '{"early":null,"idempotency":[1,"k"],"joins":null,"replace":null,"hidden":false}'
  const insert = ['abc', '2', '"+44"', '"a\\"b"', '{"id":"m"}', '{"rule":"é"}']
  const { held } = folded(t, [[`${[...fields, rare, ...insert].join('\x1f')}\n`]])
  assert.deepEqual(held.message, [
    [9, 'abc', 2, '+44', 'a"b', 1, null, '[1,2,3,0,0]', null, '{"state":"queued"}', '{"id":"m"}', '{"rule":"é"}', '{"at":1}', ''],
  ])
  assert.deepEqual(held.queue, [[2, 1, 1, 3, 1, 9, '+44', null]])
  assert.deepEqual([held.idempotency, held.usage, held.depth], [[[9, 1, 'k', 'abc']], [], [[2, 1, 1, 0]]])
})

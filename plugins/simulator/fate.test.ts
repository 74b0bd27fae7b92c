import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { statuses } from '../smpp/codec/index.ts'
import { createBucket } from './bucket.ts'
import { createFates, type Fate } from './fate.ts'
import { idMint, writeId } from './ids.ts'
import { presets, resolvePersonality, type PresetName } from './personalities.ts'
import { matchesDestination } from './personality.ts'

const hostile = resolvePersonality({ preset: 'hostile' })
const destinations = Array.from({ length: 300 }, (_, n) => `44770090${String(n % 40).padStart(4, '0')}`)

function run(seed: number, order: readonly string[] = destinations): Map<string, Fate[]> {
  const fates = createFates(seed, 'carrier')
  const met = new Map<string, Fate[]>()
  for (const to of order) met.set(to, [...(met.get(to) ?? []), fates.next(hostile, to)])
  return met
}

test('a run replays by its seed, however destinations are interleaved', () => {
  assert.deepEqual(run(1), run(1))
  const sorted = run(1, destinations.toSorted())
  for (const [to, fates] of run(1)) assert.deepEqual(sorted.get(to), fates)
})

test('another seed and another carrier meet other fates', () => {
  assert.notDeepEqual(run(1), run(2))
  const [a, b] = [createFates(1, 'a').next(hostile, '447700900001'), createFates(1, 'b').next(hostile, '447700900001')]
  assert.notEqual(a.salt, b.salt)
})

test('the same destination meets a new fate at each turn', () => {
  const fates = createFates(1, 'carrier')
  assert.notEqual(fates.next(hostile, '447700900001').salt, fates.next(hostile, '447700900001').salt)
})

test('shares come out as asked', () => {
  const personality = resolvePersonality({ personality: { receipts: { missing: 0.3, duplicated: 0.2 } } })
  const fates = createFates(3, 'carrier')
  const counts = Array.from({ length: 5000 }, (_, n) => fates.next(personality, `44${n}`).receipts.length)
  const share = (n: number) => counts.filter((count) => count === n).length / counts.length
  assert.ok(Math.abs(share(0) - 0.3) < 0.03, `${share(0)} missing`)
  assert.ok(Math.abs(share(2) - 0.7 * 0.2) < 0.03, `${share(2)} doubled`)
})

test('early receipts go before the response and late ones after the others', () => {
  const early = createFates(1, 'c').next(resolvePersonality({ preset: 'early' }), '447700900001')
  assert.ok(early.receipts[0]!.afterMs < early.responseAfterMs)
  const late = resolvePersonality({ personality: { receipts: { delay: 10, late: 1, lateMs: 700 } } })
  assert.equal(createFates(1, 'c').next(late, '447700900001').receipts[0]!.afterMs, 710)
})

test('intermediate states come before the final one', () => {
  const personality = resolvePersonality({ personality: { receipts: { delay: 100, intermediate: true } } })
  const { receipts } = createFates(1, 'c').next(personality, '447700900001')
  assert.deepEqual(
    receipts.map(({ state, final }) => [state, final]),
    [
      ['ACCEPTD', false],
      ['ENROUTE', false],
      ['DELIVRD', true],
    ],
  )
  assert.ok(receipts[1]!.afterMs < receipts[2]!.afterMs)
})

test('delays keep within their bounds and the median of a log-normal one is its median', () => {
  const personality = resolvePersonality({ personality: { responseDelay: { medianMs: 200, spread: 0.8, maxMs: 5000 } } })
  const fates = createFates(5, 'c')
  const delays = Array.from({ length: 2001 }, (_, n) => fates.next(personality, `44${n}`).responseAfterMs).toSorted((a, b) => a - b)
  assert.ok(delays[0]! > 0 && delays.at(-1)! <= 5000)
  assert.ok(delays[1000]! > 180 && delays[1000]! < 220, `${delays[1000]}`)
})

test('destinations are refused and failed by the table of the preset', () => {
  const personality = resolvePersonality({ preset: 'byDestination' })
  const fates = createFates(1, 'c')
  assert.equal(fates.next(personality, '447700900011').status, statuses.ESME_RINVDSTADR)
  assert.equal(fates.next(personality, '+447700900012').status, statuses.ESME_RMSGQFUL)
  assert.deepEqual(
    fates.next(personality, '447700900022').receipts.map(({ state, error }) => [state, error]),
    [['EXPIRED', '027']],
  )
  assert.equal(fates.next(personality, '447700900030').receipts[0]!.state, 'DELIVRD')
})

test('a destination pattern is a number, a prefix, an ending or everybody', () => {
  const cases: [string, string, boolean][] = [
    ['447700900011', '447700900011', true],
    ['+447700900011', '447700900011', true],
    ['447700900011', '4477009000111', false],
    ['+4477*', '+447700900011', true],
    ['4477*', '447800900011', false],
    ['*0011', '447700900011', true],
    ['*0011', '00110', false],
    ['*', 'anything', true],
  ]
  for (const [pattern, to, holds] of cases) assert.equal(matchesDestination(pattern, to), holds, `${pattern} ${to}`)
})

test('the throttled rate moves within its bounds, by the seed', () => {
  const personality = resolvePersonality({ preset: 'throttling' })
  const rates = (seed: number) => Array.from({ length: 40 }, (_, spell) => createFates(seed, 'c').rateAt(personality, spell * 3000))
  assert.deepEqual(rates(1), rates(1))
  assert.notDeepEqual(rates(1), rates(2))
  assert.ok(new Set(rates(1)).size > 30)
  for (const rate of rates(1)) assert.ok(rate >= 5 && rate <= 50)
  assert.ok(Math.max(...rates(1)) - Math.min(...rates(1)) > 20)
})

test('a bucket lets through what its rate allows, and follows when the rate moves', () => {
  const bucket = createBucket()
  const through = (perSecond: number, from: number) => {
    let taken = 0
    for (let ms = 0; ms < 1000; ms++) if (bucket.take(perSecond, from + ms)) taken++
    return taken
  }
  assert.ok(Math.abs(through(100, 1_000_000) - 100) <= 11)
  assert.ok(Math.abs(through(10, 1_001_000) - 10) <= 2)
  assert.equal(bucket.take(Number.POSITIVE_INFINITY, 1_002_000), true)
})

test('every preset is whole, and stands in the README with what it does', () => {
  // However wide the table is laid out.
  const readme = readFileSync('plugins/simulator/README.md', 'utf8').replaceAll(/ +\|/g, ' |')
  for (const preset of Object.keys(presets) as PresetName[]) {
    assert.ok(resolvePersonality({ preset }).window > 0)
    assert.ok(readme.includes(`| \`${preset}\` | ${presets[preset].what} |`), preset)
  }
})

test('options are laid over a preset section by section', () => {
  const laid = resolvePersonality({ preset: 'slow', personality: { responseDelay: 5, receipts: { form: 'tlv' } } })
  assert.equal(laid.responseDelay, 5)
  assert.deepEqual(laid.receipts.delay, { minMs: 2000, maxMs: 10_000 })
  assert.equal(laid.receipts.form, 'tlv')
})

test('a wrong option is named with its place, and an unknown preset with what there is', () => {
  assert.throws(() => resolvePersonality({ personality: { receipts: { missing: 2 } } }), /personality\.receipts\.missing: /)
  assert.throws(() => resolvePersonality({ preset: 'calm' }), /preset: expected one of normal, .*, got "calm"/)
})

test('ids rise, and each form writes the same number', () => {
  const mint = idMint(Date.UTC(2026, 0, 1))
  const [a, b] = [mint.next(), mint.next()]
  assert.ok(b > a && Number.isSafeInteger(b))
  assert.equal(Number(writeId('decimal', a, false, 0)), a)
  assert.equal(Number.parseInt(writeId('hex', a, false, 0), 16), a)
  assert.equal(writeId('HEX', a, false, 0), writeId('hex', a, false, 0).toUpperCase())
  assert.match(writeId('padded', a, false, 0), /^0+\d{16}$/)
  assert.equal(BigInt(writeId('decimal', a, true, 0)), BigInt(`0x${writeId('HEX', a, true, 0)}`))
  assert.ok(BigInt(writeId('decimal', a, true, 0)) > 2n ** 53n)
  assert.match(writeId('uuid', a, false, 0x1234_5678), /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/)
  assert.notEqual(writeId('uuid', a, false, 1), writeId('uuid', b, false, 1))
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { newSid, type OwnNumber } from '../../../src/plugin.ts'
import { areaCodeOf, countryReached } from '../countries.ts'
import { countryOf } from '../numbers.ts'
import { selectSender, senderNamed } from './select.ts'
import { newSettings, type Sender, type Service, type ServiceSettings } from './service.ts'

const british = '+447700900123'
const french = '+33612345678'
const californian = '+14155552671'
const texan = '+12145550100'

/** A service of these senders, and what its account owns: all of them but those given up. */
function pool(values: readonly string[], settings: Partial<ServiceSettings> = {}, countries: Record<string, string> = {}) {
  const owned = new Map<string, OwnNumber>()
  const stickies = new Map<string, string>()
  const senders = values.map((value): Sender => {
    const kind = value.startsWith('+') ? 'phone' : /^\d+$/.test(value) ? 'short' : 'alpha'
    const sid = newSid(kind === 'alpha' ? 'AI' : kind === 'short' ? 'SC' : 'PN')
    const country = countries[value]
    const number = { value, id: `PN${sid.slice(2)}`, account: 'AC1', name: '', bind: 'AC1/api', createdAt: 0, updatedAt: 0 }
    if (kind !== 'alpha') owned.set(value, { ...number, settings: country === undefined ? {} : { country } })
    return { kind, sid, value, at: 0 }
  })
  const service: Service = {
    sid: newSid('MG'),
    account: 'AC1',
    settings: { ...newSettings('a pool'), ...settings, senders },
    createdAt: 0,
    updatedAt: 0,
  }
  const pooled = { number: (value: string) => owned.get(value), sticky: (_service: string, to: string) => stickies.get(to) }
  return {
    service,
    pooled,
    giveUp: (value: string) => void owned.delete(value),
    comeBack: (value: string) => void owned.set(value, { ...[...owned.values()][0]!, value, id: newSid('PN') }),
    /** Sends, and keeps what is to be kept. */
    to(handset: string): string {
      const { from, isNew } = selectSender(service, pooled, handset)
      if (isNew) stickies.set(handset, from.value)
      return from.value
    },
  }
}

test('a number of the recipient’s country is taken, else one of the United States, else any', () => {
  const { to } = pool(['+33700000001', '+14155550100', '+447700900001'])
  assert.deepEqual([to(british), to(french), to(texan)], ['+447700900001', '+33700000001', '+14155550100'])
  assert.equal(to('+4915112345678'), '+14155550100')
  assert.equal(pool(['+33700000001']).to(british), '+33700000001')
})

test('in North America a number of the same area is taken first, unless that is switched off', () => {
  const numbers = ['+12125550100', '+14155550100', '+12145550199']
  const { to } = pool(numbers)
  assert.deepEqual([to(californian), to(texan)], ['+14155550100', '+12145550199'])
  const off = pool(numbers, { areaCodeGeomatch: false, stickySender: false })
  assert.deepEqual(new Set([off.to(californian), off.to(californian), off.to(californian)]), new Set(numbers))
})

test('a short code of the recipient’s country comes before everything, others after everything', () => {
  const { to } = pool(['12345', '+14155550100', 'Acme'], {}, { '12345': 'US' })
  assert.deepEqual([to(californian), to(british)], ['12345', 'Acme'])
  assert.equal(pool(['12345', '+14155550100']).to(californian), '+14155550100')
  assert.equal(pool(['12345']).to(californian), '12345')
})

test('a name is taken where names are taken, and nowhere else', () => {
  const { to, service, pooled } = pool(['Acme', '+447700900001'])
  assert.equal(to(british), 'Acme')
  assert.equal(to(californian), '+447700900001')
  assert.equal(selectSender(service, pooled, french).from.ton, 'alphanumeric')
  assert.throws(() => pool(['Acme']).to(californian), { code: 21703 })
})

test('equals take turns where the service is not sticky', () => {
  const { to } = pool(['+447700900001', '+447700900002', '+447700900003'], { stickySender: false })
  const chosen = Array.from({ length: 9 }, () => to(british))
  for (const value of new Set(chosen)) assert.equal(chosen.filter((each) => each === value).length, 3)
})

test('a sticky service spreads recipients evenly, and writes to each from one number', () => {
  const numbers = Array.from({ length: 4 }, (_, n) => `+44770090000${n}`)
  const first = pool(numbers)
  const counts = new Map<string, number>()
  for (let n = 0; n < 4000; n++) {
    const handset = `+4477${String(10_000_000 + n)}`
    const from = first.to(handset)
    counts.set(from, (counts.get(from) ?? 0) + 1)
    assert.equal(first.to(handset), from)
    assert.equal(selectSender(first.service, { ...first.pooled, sticky: () => undefined }, handset).from.value, from, 'also at once')
  }
  for (const number of numbers) assert.ok((counts.get(number) ?? 0) > 800, `${number}: ${counts.get(number)}`)
})

test('who is removed from the pool, or given up, is replaced for good; others stay', () => {
  const { to, giveUp, comeBack } = pool(['+447700900001', '+447700900002'])
  const before = to(british)
  giveUp(before)
  const after = to(british)
  assert.notEqual(after, before)
  comeBack(before)
  assert.equal(to(british), after, 'under another SID it is another number')
  giveUp(after)
  assert.throws(() => to(british), { code: 21703 })
})

test('a number from abroad gives way to one of the recipient’s country, and a name does not', () => {
  const stickies = new Map([[british, '+33700000001']])
  const withSticky = (values: string[], countries: Record<string, string> = {}) => {
    const made = pool(values, {}, countries)
    return selectSender(made.service, { ...made.pooled, sticky: (_service, to) => stickies.get(to) }, british)
  }
  assert.deepEqual([withSticky(['+33700000001', '+14155550100']).from.value, withSticky(['+33700000001']).isNew], ['+33700000001', false])
  const local = withSticky(['+33700000001', '+447700900001'])
  assert.deepEqual([local.from.value, local.isNew], ['+447700900001', true])
  assert.equal(withSticky(['+33700000001', '65432'], { '65432': 'GB' }).from.value, '65432')
  stickies.set(british, 'Acme')
  assert.equal(withSticky(['Acme', '+447700900001']).from.value, 'Acme')
})

test('an empty pool says so', () => {
  assert.throws(() => pool([]).to(british), { code: 21704 })
})

test('a sender that is named must be in the pool', () => {
  const { service, pooled, giveUp } = pool(['+447700900001', 'Acme'])
  const named = (value: string, ton: 'international' | 'alphanumeric') => senderNamed(service, pooled, { value, ton, npi: 'e164' }).value
  assert.equal(named('+447700900001', 'international'), '+447700900001')
  assert.equal(named('Acme', 'alphanumeric'), 'Acme')
  assert.throws(() => named('+447700900002', 'international'), { code: 21711 })
  assert.throws(() => named('Other', 'alphanumeric'), { code: 21709 })
  giveUp('+447700900001')
  assert.throws(() => named('+447700900001', 'international'), { code: 21711 })
})

test('a number’s country is what the numbering plans say, told faster; of no plan’s number its calling code’s', () => {
  const known = fc.constantFrom(
    '+4420',
    '+447',
    '+4414',
    '+33',
    '+49',
    '+1',
    '+1416',
    '+1415',
    '+7',
    '+77',
    '+39',
    '+47',
    '+61',
    '+212',
    '+358',
    '+599',
  )
  fc.assert(
    fc.property(known, fc.nat(9_999_999_999), (start, rest) => {
      const value = (start + String(rest)).slice(0, 15)
      const said = countryOf(value)
      const told = countryReached(value)
      if (said !== undefined) assert.equal(told, said, value)
      else assert.match(told ?? '', /^[A-Z]{2}$/)
    }),
    { numRuns: 2000 },
  )
  assert.deepEqual(['+447700900123', '+15551234567', '12345', 'bob', '+', '+0'].map(countryReached), [
    'GB',
    'US',
    undefined,
    undefined,
    undefined,
    undefined,
  ])
  assert.deepEqual(['+14155552671', '+1415', '+447700900123'].map(areaCodeOf), ['415', undefined, undefined])
})

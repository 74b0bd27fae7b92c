import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { type Address, Failure, international } from '../../../src/plugin.ts'
import { smppConfig } from '../config.ts'
import { destinationToWire, fromWire, sourceToWire } from './address.ts'
import { acme, configOf } from './mapping.fixture.ts'

const shortCode: Address = { value: '84433', ton: 'abbreviated', npi: 'unknown' }
const number = international('+447700900123')
const withRules = (sourceRules: object[]) => smppConfig.parse({ host: 'h', systemId: 's', sourceRules, destinationRules: sourceRules })
const code = (write: () => unknown): string => {
  try {
    write()
  } catch (error) {
    return error instanceof Failure ? `${error.facts.kind} ${error.facts.code}` : 'other'
  }
  return 'none'
}

describe('addresses', () => {
  it('go out with the TON and NPI that they are, a short code as network specific', () => {
    assert.deepEqual(sourceToWire(acme, configOf()), { ton: 5, npi: 0, addr: 'ACME' })
    assert.deepEqual(destinationToWire(number, configOf()), { ton: 1, npi: 1, addr: '447700900123' })
    assert.deepEqual(sourceToWire(shortCode, configOf()), { ton: 3, npi: 0, addr: '84433' })
  })
  it('go out with the TON and NPI that the operator set, but a name stays a name', () => {
    const config = configOf({ sourceTon: 'network', sourceNpi: 'private', destinationTon: 'unknown', destinationNpi: 'unknown' })
    assert.deepEqual(sourceToWire(shortCode, config), { ton: 3, npi: 9, addr: '84433' })
    assert.deepEqual(sourceToWire(acme, config), { ton: 5, npi: 9, addr: 'ACME' })
    assert.deepEqual(destinationToWire(number, config), { ton: 0, npi: 0, addr: '447700900123' })
    assert.deepEqual(destinationToWire(number, configOf({ plus: true })), { ton: 1, npi: 1, addr: '+447700900123' })
  })
  it('go out by the first rule that matches: a kind, a prefix, any', () => {
    const config = withRules([
      { match: '+4477', ton: 'unknown', npi: 'e164', plus: true },
      { match: '+44', ton: 'national', npi: 'national', replace: '0' },
      { match: '+1', replace: '+001' },
      { match: '07', ton: 'national', npi: 'e164', replace: '+447' },
      { match: 'abbreviated', ton: 'abbreviated', npi: 'private' },
      { match: 'alphanumeric', ton: 'unknown' },
      { match: '*', ton: 'subscriber', npi: 'telex' },
    ])
    for (const [address, expected] of [
      [number, { ton: 0, npi: 1, addr: '+447700900123' }],
      [international('+441632960123'), { ton: 2, npi: 8, addr: '01632960123' }],
      [international('+15550100123'), { ton: 1, npi: 1, addr: '0015550100123' }],
      [
        { value: '0700', ton: 'national', npi: 'unknown' },
        { ton: 2, npi: 1, addr: '44700' },
      ],
      [shortCode, { ton: 6, npi: 9, addr: '84433' }],
      [
        { value: '84433', ton: 'unknown', npi: 'unknown' },
        { ton: 6, npi: 9, addr: '84433' },
      ],
      [acme, { ton: 0, npi: 0, addr: 'ACME' }],
      [
        { value: '+44 Shop', ton: 'alphanumeric', npi: 'unknown' },
        { ton: 0, npi: 0, addr: '+44 Shop' },
      ],
      [international('+4930123456'), { ton: 4, npi: 4, addr: '4930123456' }],
    ] as const) {
      assert.deepEqual(sourceToWire(address, config), expected, address.value)
      assert.deepEqual(destinationToWire(address, config), expected, address.value)
    }
  })
  it('of rules that nothing could match are refused, and say what is expected', () => {
    for (const rule of [
      { match: 'shortcode' },
      { match: '' },
      { match: '+44x' },
      { match: '*', replace: '0' },
      { match: '+44', replace: 'x' },
    ])
      assert.throws(() => withRules([rule]), /expected|Invalid/, JSON.stringify(rule))
  })
  it('of senders follow the template: the sender as it is, a number, digits, a name', () => {
    const send = (sender: string, more: object = {}) => sourceToWire(number, configOf({ sender, ...more }))
    assert.deepEqual(send('*'), { ton: 1, npi: 1, addr: '447700900123' })
    assert.deepEqual(send('+15550100123'), { ton: 1, npi: 1, addr: '15550100123' })
    assert.deepEqual(send('5550100'), { ton: 3, npi: 0, addr: '5550100' })
    assert.deepEqual(send('0123456789'), { ton: 0, npi: 0, addr: '0123456789' })
    assert.deepEqual(send('0123456789', { sourceTon: 'national', sourceNpi: 'e164' }), { ton: 2, npi: 1, addr: '0123456789' })
    assert.deepEqual(send('My Shop', { sourceTon: 'national' }), { ton: 5, npi: 0, addr: 'My Shop' })
    assert.deepEqual(destinationToWire(number, configOf({ sender: 'My Shop' })).addr, '447700900123')
  })
  it('of templates that are no sender are refused', () => {
    for (const sender of ['', 'Twelve chars', '+44 x'.repeat(5), 'Жук', 'a\nb'])
      assert.equal(smppConfig.safeParse({ host: 'h', systemId: 's', sender }).success, false, sender)
    for (const sender of ['*', '+447700900123', '84433', 'Café 24', 'info@acme'])
      assert.equal(smppConfig.safeParse({ host: 'h', systemId: 's', sender }).success, true, sender)
  })
  it("of names are Latin-1, or GSM 7-bit where '@' has no octet", () => {
    const name = (value: string): Address => ({ value, ton: 'alphanumeric', npi: 'unknown' })
    const gsm = configOf({ addressAlphabet: 'gsm7' })
    assert.equal(sourceToWire(name('info@acme'), configOf()).addr, 'info@acme')
    assert.equal(sourceToWire(name('Café_24$'), gsm).addr, 'Caf\x05\x1124\x02')
    assert.equal(sourceToWire(name('[x]'), gsm).addr, '\x1b<x\x1b>')
    assert.equal(
      code(() => sourceToWire(name('info@acme'), gsm)),
      'permanent invalid-source',
    )
    assert.equal(
      code(() => sourceToWire(name('Łódź'), gsm)),
      'permanent invalid-source',
    )
    assert.equal(
      code(() => destinationToWire({ value: '1'.repeat(21), ton: 'unknown', npi: 'unknown' }, gsm)),
      'permanent invalid-destination',
    )
    assert.equal(fromWire(5, 0, 'Caf\x05\x1124\x02', undefined, gsm).value, 'Café_24$')
    // A number is digits in every alphabet.
    assert.equal(sourceToWire(number, gsm).addr, '447700900123')
  })
  it('come in as the carrier says, full digits without a TON as international', () => {
    const cases: [number, number, string, Address][] = [
      [1, 1, '447700900123', number],
      [1, 1, '+447700900123', number],
      [1, 1, '00447700900123', number],
      [0, 1, '447700900123', number],
      [0, 0, '12345678', international('+12345678')],
      [0, 0, '84433', { value: '84433', ton: 'unknown', npi: 'unknown' }],
      [3, 0, '84433', shortCode],
      [3, 1, '84433', { value: '84433', ton: 'network', npi: 'e164' }],
      [6, 0, '84433', shortCode],
      [5, 0, 'ACME', acme],
      [2, 8, '07700900123', { value: '07700900123', ton: 'national', npi: 'national' }],
      [1, 1, 'odd', { value: 'odd', ton: 'unknown', npi: 'e164' }],
      [99, 99, 'x', { value: 'x', ton: 'unknown', npi: 'unknown' }],
    ]
    for (const [ton, npi, addr, expected] of cases)
      assert.deepEqual(
        fromWire(ton, npi, addr, (n) => n === '+12345678'),
        expected,
        addr,
      )
  })
  it('come in as the bind says where the carrier does not', () => {
    const read = (ton: number, addr: string, more: object) => fromWire(ton, 1, addr, undefined, configOf(more))
    assert.deepEqual(read(2, '07700 900123'.replace(' ', ''), { country: 'GB' }), number)
    assert.deepEqual(read(0, '07700900123', { country: 'GB' }), number)
    assert.deepEqual(read(0, '84433', { country: 'GB' }), { value: '84433', ton: 'unknown', npi: 'e164' })
    assert.deepEqual(read(2, '1', { country: 'GB' }), { value: '1', ton: 'national', npi: 'e164' })
    assert.deepEqual(read(0, '12345', { unknownTon: 'international' }), international('+12345'))
    assert.deepEqual(read(0, '447700900123', { unknownTon: 'unknown' }), { value: '447700900123', ton: 'unknown', npi: 'e164' })
    assert.deepEqual(read(0, '7700900123', { unknownTon: 'national', country: 'GB' }), number)
    assert.deepEqual(read(0, 'ACME', { unknownTon: 'international' }), { value: 'ACME', ton: 'unknown', npi: 'e164' })
  })
  it('of every TON and NPI survive the way out and in, a TON of 6 where a rule says so', () => {
    const config = withRules([{ match: 'abbreviated', ton: 'abbreviated' }])
    for (let ton = 2; ton <= 6; ton++)
      for (const npi of [0, 1, 3, 4, 6, 8, 9, 10, 14, 18]) {
        const wire = { ton, npi, addr: '1234567890' }
        assert.deepEqual(sourceToWire(fromWire(ton, npi, '1234567890'), config), wire)
      }
    assert.deepEqual(sourceToWire(fromWire(3, 0, '84433'), configOf()), { ton: 3, npi: 0, addr: '84433' })
  })
  it('of any kind read back from what was written', () => {
    const address = fc.oneof(
      fc.constantFrom('+447700900123', '+15550100123', '+4915112345678').map((value) => international(value)),
      fc.constantFrom('123', '84433', '12345678').map((value): Address => ({ value, ton: 'abbreviated', npi: 'unknown' })),
      fc
        .string({ unit: fc.constantFrom('A', 'z', '7', '_', '$', 'é', '&', '[', '-'), minLength: 1, maxLength: 10 })
        .map((value): Address => ({ value, ton: 'alphanumeric', npi: 'unknown' })),
    )
    fc.assert(
      fc.property(address, fc.constantFrom('latin1', 'gsm7' as const), fc.boolean(), (said, addressAlphabet, plus) => {
        const config = configOf({ addressAlphabet, plus })
        const { ton, npi, addr } = sourceToWire(said, config)
        assert.deepEqual(fromWire(ton, npi, addr, undefined, config), said)
      }),
    )
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { smppConfig } from './config.ts'
import { hostsOf, hostText, readHost } from './hosts.ts'
import { credentialsOf, modeOf, peersOf } from './supplier-settings.ts'

const base = { systemId: 'me' }
const faults = (given: object): string[] => {
  const parsed = smppConfig.safeParse({ ...base, ...given })
  return parsed.success ? [] : parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
}
const texts = (given: object): string[] => hostsOf(smppConfig.parse({ ...base, ...given })).map(hostText)

describe("a carrier's address", () => {
  for (const [given, expected] of [
    ['smsc.example', 'smsc.example:2775'],
    ['smsc.example:3000', 'smsc.example:3000'],
    ['tls:smsc.example', 'tls:smsc.example:3550'],
    ['tls:smsc.example:3550', 'tls:smsc.example:3550'],
    ['TLS:192.0.2.1:1', 'tls:192.0.2.1:1'],
    ['[2001:db8::1]', '[2001:db8::1]:2775'],
    ['tls:[2001:db8::1]:3551', 'tls:[2001:db8::1]:3551'],
    [' smsc.example ', 'smsc.example:2775'],
  ] as const)
    it(`${given} is ${expected}`, () => assert.equal(hostText(readHost(given)!), expected))

  for (const given of [
    '',
    'tls:',
    'smsc.example:',
    'smsc.example:0',
    'smsc.example:65536',
    'a b',
    '2001:db8::1',
    'ssl:smsc.example',
    'id@host',
  ])
    it(`${JSON.stringify(given)} is refused`, () => assert.equal(readHost(given), undefined))

  it('is read back as it is shown', () => {
    const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6())
    fc.assert(
      fc.property(host, fc.integer({ min: 1, max: 65_535 }), fc.boolean(), (name, port, tls) => {
        assert.deepEqual(readHost(hostText({ host: name, port, tls })), { host: name, port, tls })
      }),
    )
  })

  it('may be given in three ways, with TLS for all of them', () => {
    assert.deepEqual(texts({ host: 'a.example' }), ['a.example:2775'])
    assert.deepEqual(texts({ host: 'a.example', port: 9000 }), ['a.example:9000'])
    assert.deepEqual(texts({ host: '2001:db8::1', tls: true }), ['tls:[2001:db8::1]:3550'])
    assert.deepEqual(texts({ address: 'tls:a.example' }), ['tls:a.example:3550'])
    assert.deepEqual(texts({ addresses: ['a.example', 'tls:b.example:1'], tls: true }), ['tls:a.example:3550', 'tls:b.example:1'])
  })

  it('must be given, once, and where it can be used', () => {
    assert.match(faults({})[0]!, /^address: expected where the carrier listens/)
    assert.match(faults({ host: 'a', address: 'b' })[0]!, /^host: address says already/)
    assert.match(faults({ address: 'a', port: 1 })[0]!, /^port: is for `host`/)
    assert.match(faults({ address: 'a:b:c' })[0]!, /^address: expected host:port/)
    assert.match(faults({ host: 'a b' })[0]!, /^host: /)
    assert.deepEqual(faults({ mode: 'off' }), [])
    assert.deepEqual(faults({ outbind: { systemId: 'c', password: 'p' } }), [])
    assert.match(faults({ address: 'a', outbind: { systemId: 'c', password: 'p' } })[0]!, /^outbind: the carrier connects to us/)
  })
})

describe('the words of a bind', () => {
  it('may hold the system_type after an @, unless that is given by itself', () => {
    assert.deepEqual(credentialsOf({ systemId: 'me@VMA', systemType: '' }), { systemId: 'me', systemType: 'VMA' })
    assert.deepEqual(credentialsOf({ systemId: 'me@x@VMA', systemType: '' }), { systemId: 'me@x', systemType: 'VMA' })
    assert.deepEqual(credentialsOf({ systemId: 'me@x', systemType: 'VMA' }), { systemId: 'me@x', systemType: 'VMA' })
    assert.deepEqual(credentialsOf({ systemId: '@x', systemType: '' }), { systemId: '@x', systemType: '' })
    assert.match(faults({ address: 'a', systemId: 'me@thirteenchars' })[0]!, /^systemId: system_type, after the @/)
    assert.match(faults({ address: 'a', systemId: '' })[0]!, /^systemId: /)
  })

  for (const [word, mode] of [
    ['both', 'trx'],
    ['transceiver', 'trx'],
    ['send-only', 'tx'],
    ['transmitter', 'tx'],
    ['receive-only', 'rx'],
    ['tx+rx', 'tx+rx'],
    ['off', 'off'],
  ] as const)
    it(`${word} is ${mode}`, () => assert.equal(modeOf({ mode: word, interfaceVersion: '3.4' }), mode))

  it('mean a pair where 3.3 has no transceiver', () => assert.equal(modeOf({ mode: 'both', interfaceVersion: '3.3' }), 'tx+rx'))

  it('say to how many addresses there are sessions at once', () => {
    const peers = (given: object): number => peersOf(smppConfig.parse({ ...base, ...given }))
    assert.equal(peers({ address: 'a' }), 1)
    assert.equal(peers({ addresses: ['a', 'b', 'c'] }), 1)
    assert.equal(peers({ addresses: ['a', 'b', 'c'], addressUse: 'parallel' }), 3)
    assert.equal(peers({ address: 'a', mode: 'off' }), 0)
    assert.equal(peers({ outbind: { systemId: 'c', password: 'p' } }), 0)
  })

  it('of TLS are PEM, and a certificate has its key', () => {
    assert.match(faults({ address: 'a', tlsCa: '/etc/ca.pem' })[0]!, /^tlsCa: expected PEM/)
    assert.match(
      faults({ address: 'a', tlsCertificate: '-----BEGIN CERTIFICATE-----' })[0]!,
      /^tlsKey: a certificate and its key go together/,
    )
  })

  it('of TLVs are tags, ranges or names', () => {
    assert.deepEqual(faults({ address: 'a', tlvs: { out: ['0x1400', '0x1401-0x14ff', 'billing_identification'], in: '*' } }), [])
    for (const rule of ['1400', '0x14ff-0x1400', '0x10000', 'nonsense', '0x1-0x2-0x3'])
      assert.match(faults({ address: 'a', tlvs: { out: [rule] } }).join(), /^tlvs\.out/, rule)
    assert.deepEqual(faults({ address: 'a', tlvsAlways: { '0x1400': '1101', '0x1401': '{dlt}', '0x1402': 'hex:00ff' } }), [])
    assert.match(faults({ address: 'a', tlvsAlways: { '0x1400': 'hex:0' } })[0]!, /^tlvsAlways: hex: is followed/)
    assert.match(faults({ address: 'a', tlvsAlways: { message_payload: 'x' } })[0]!, /^tlvsAlways: one of them is written by the gateway/)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { networkOf, plainAddress, rangesOf, readRange } from './network.ts'

describe('ranges', () => {
  it('hold IPv4, IPv6 and IPv4 written as IPv6', () => {
    const ranges = rangesOf(['192.0.2.0/24', '2001:db8::/32', '198.51.100.7', '::ffff:203.0.113.0/120'])
    for (const address of ['192.0.2.0', '192.0.2.255', '2001:db8:1::1', '198.51.100.7', '203.0.113.9'])
      assert.ok(ranges.has(address), address)
    for (const address of ['192.0.3.0', '2001:db9::1', '198.51.100.8', '203.0.114.1', '', 'localhost'])
      assert.ok(!ranges.has(address), address)
  })

  it('are refused when they are none', () => {
    for (const text of [
      '192.0.2.0/33',
      '192.0.2',
      'acme.example',
      '2001:db8::/129',
      '1.2.3.4/a',
      '1.2.3.4/8/9',
      'fe80::1%eth0',
      '',
      '::ffff:1.2.3.4/90',
    ])
      assert.equal(readRange(text), undefined, text)
  })

  it('know an address in each of its forms', () => {
    assert.equal(plainAddress('::ffff:192.0.2.1'), '192.0.2.1')
    assert.equal(plainAddress('::FFFF:192.0.2.1'), '192.0.2.1')
    assert.equal(plainAddress('fe80::1%eth0'), 'fe80::1')
    assert.equal(networkOf('2001:db8::1'), networkOf('2001:db8:0:0:ffff::2'))
    assert.notEqual(networkOf('2001:db8::1'), networkOf('2001:db8:0:1::1'))
    assert.equal(networkOf('::ffff:192.0.2.1'), '192.0.2.1')
    assert.equal(networkOf('192.0.2.1'), '192.0.2.1')
  })

  it('name the network of an IPv6 address, and an IPv4 address as it is', () => {
    assert.equal(networkOf('192.0.2.1'), '192.0.2.1')
    assert.equal(networkOf('2001:db8::1'), '2001:db8:0:0::/64')
    assert.equal(networkOf('2001:0DB8:0:0:ffff::9'), '2001:db8:0:0::/64')
    assert.equal(networkOf('2001:db8:0:1::'), '2001:db8:0:1::/64')
    assert.equal(networkOf('::1'), '0:0:0:0::/64')
  })
})

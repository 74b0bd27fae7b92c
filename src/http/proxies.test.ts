import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { createProxies } from './proxies.ts'

const client = (headers: Record<string, string>, peer = '10.0.0.1', trusted = ['10.0.0.0/8', '2001:db8:f::/48']): string =>
  createProxies(trusted).client(peer, (name) => headers[name])

test('the last address that is no proxy’s is who asks, whatever was written before it', () => {
  assert.equal(client({ 'x-forwarded-for': '192.0.2.7' }), '192.0.2.7')
  assert.equal(client({ 'x-forwarded-for': '198.51.100.1, 192.0.2.7, 10.1.2.3' }), '192.0.2.7')
  assert.equal(client({ 'x-forwarded-for': '192.0.2.7' }, '::ffff:10.0.0.1'), '192.0.2.7')
  assert.equal(client({ 'x-forwarded-for': '192.0.2.7' }, '2001:db8:f::1'), '192.0.2.7')
  assert.equal(client({ 'x-forwarded-for': '10.2.0.1,10.3.0.1' }), '10.2.0.1')
})

test('nobody else’s headers are read', () => {
  const headers = { 'x-forwarded-for': '127.0.0.1', forwarded: 'for=127.0.0.1' }
  assert.equal(client(headers, '192.0.2.9'), '192.0.2.9')
  assert.equal(client(headers, '10.0.0.1', []), '10.0.0.1')
  assert.equal(
    createProxies(['10.0.0.1']).client(undefined, (name) => headers[name as 'forwarded']),
    '',
  )
})

test('Forwarded says the same, in its own writing', () => {
  for (const [text, address] of [
    ['for=192.0.2.7', '192.0.2.7'],
    ['For="192.0.2.7:4711";proto=https;by=10.0.0.1', '192.0.2.7'],
    ['for=198.51.100.1, proto=http;for="[2001:db8::7]:4711", for=10.0.0.4', '2001:db8::7'],
    ['for="[2001:DB8::7]"', '2001:db8::7'],
    ['host="a,b;for=1.2.3.4";for=192.0.2.7', '192.0.2.7'],
    ['for=192.0.2.7, proto=https', '10.0.0.1'],
  ] as const)
    assert.equal(client({ forwarded: text }), address, text)
})

test('a port is left away; what is no address, or hidden, leaves it at the proxy that wrote it', () => {
  assert.equal(client({ 'x-forwarded-for': '192.0.2.7:4711' }), '192.0.2.7')
  assert.equal(client({ 'x-forwarded-for': '[2001:db8::7]:4711' }), '2001:db8::7')
  for (const hidden of ['unknown', '_hidden', '', 'localhost', '192.0.2.7, ', '192.0.2.256', "192.0.2.7'; drop"])
    assert.equal(client({ 'x-forwarded-for': hidden }), '10.0.0.1', hidden)
  assert.equal(client({ 'x-forwarded-for': 'evil, 10.0.0.9' }), '10.0.0.9')
  assert.equal(client({ forwarded: 'for=unknown' }), '10.0.0.1')
})

test('one of the two headers that came through from outside names nobody else', () => {
  assert.equal(client({ 'x-forwarded-for': '192.0.2.7', forwarded: 'for=192.0.2.7' }), '192.0.2.7')
  assert.equal(client({ 'x-forwarded-for': '192.0.2.7', forwarded: 'for=198.51.100.1' }), '10.0.0.1')
})

test('a long chain of proxies is not followed for ever', () => {
  assert.equal(client({ 'x-forwarded-for': `192.0.2.7${', 10.0.0.2'.repeat(2000)}` }), '10.0.0.2')
})

test('whatever is written, the answer is an address', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200 }), fc.string({ maxLength: 200 }), (loose, strict) => {
      assert.match(client({ 'x-forwarded-for': loose, forwarded: strict }), /^[0-9a-f:.]+$/)
    }),
  )
})

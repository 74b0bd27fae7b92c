import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TracedConnection } from '../model/trace.ts'
import { createCapture, captureHead } from './capture.ts'
import type { TraceEntry } from './trace.ts'

const v4: TracedConnection = { local: { address: '::ffff:10.0.0.1', port: 40_000 }, remote: { address: '10.0.0.2', port: 9000 } }
const v6: TracedConnection = { local: { address: '2001:db8::1', port: 40_001 }, remote: { address: 'fe80::1:2%eth0', port: 9000 } }

interface Packet {
  at: number
  from: string
  to: string
  ports: [number, number]
  sequence: number
  acknowledged: number
  flags: number
  payload: Buffer
}

/** Takes packets apart again, checking lengths and checksums. */
function packets(octets: Uint8Array): Packet[] {
  const bytes = Buffer.from(octets)
  const list: Packet[] = []
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32LE(at + 8)
    assert.equal(bytes.readUInt32LE(at + 12), length)
    const frame = bytes.subarray(at + 16, at + 16 + length)
    const isV6 = frame.readUInt16BE(12) === 0x86dd
    const ip = frame.subarray(14)
    const ipBytes = isV6 ? 40 : 20
    if (isV6) assert.equal(ip.readUInt16BE(4), ip.length - 40)
    else {
      assert.equal(ip.readUInt16BE(2), ip.length)
      assert.equal(ones(ip.subarray(0, 20)), 0xffff, 'the checksum of IP')
    }
    const addresses = isV6 ? ip.subarray(8, 40) : ip.subarray(12, 20)
    const tcp = ip.subarray(ipBytes)
    const pseudo = Buffer.concat([addresses, Buffer.of(0, 6, tcp.length >> 8, tcp.length & 0xff)])
    assert.equal(ones(Buffer.concat([pseudo, tcp])), 0xffff, 'the checksum of TCP')
    const half = addresses.length / 2
    list.push({
      at: bytes.readUInt32LE(at) * 1000 + bytes.readUInt32LE(at + 4) / 1000,
      from: addresses.toString('hex', 0, half),
      to: addresses.toString('hex', half),
      ports: [tcp.readUInt16BE(0), tcp.readUInt16BE(2)],
      sequence: tcp.readUInt32BE(4),
      acknowledged: tcp.readUInt32BE(8),
      flags: tcp[13]!,
      payload: tcp.subarray(20),
    })
    at += 16 + length
  }
  return list
}

/** RFC 1071: over octets that include their checksum it is all ones. */
function ones(octets: Buffer): number {
  let total = 0
  for (let i = 0; i < octets.length; i += 2) total += octets[i]! * 256 + (octets[i + 1] ?? 0)
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16)
  return total
}

const pdu = (direction: 'in' | 'out', length: number, connection = v4, at = 1_700_000_000_123): TraceEntry => ({
  n: 1,
  at,
  connection,
  direction,
  octets: new Uint8Array(length).map((_, i) => i),
})

test('the file begins as pcap of Ethernet, in microseconds', () => {
  assert.equal(Buffer.from(captureHead()).toString('hex'), 'd4c3b2a1020004000000000000000000'.concat('00000400', '01000000'))
})

test('a conversation opens from the side that dialled, with the port of the protocol on the other', () => {
  for (const dialled of [true, false]) {
    const [syn, synAck, ack, data] = packets(createCapture({ port: 2775, dialled })(pdu('out', 16)))
    assert.deepEqual([syn!.flags, synAck!.flags, ack!.flags, data!.flags], [0x02, 0x12, 0x10, 0x18])
    assert.deepEqual(syn!.ports, dialled ? [40_000, 2775] : [9000, 2775])
    assert.equal(syn!.from, dialled ? '0a000001' : '0a000002')
    assert.deepEqual(data!.ports, dialled ? [40_000, 2775] : [2775, 9000])
    assert.equal(data!.from, '0a000001')
    assert.equal(data!.at, 1_700_000_000_123)
  }
})

test('sequence numbers leave no gap, and large PDUs are split', () => {
  const next = createCapture({ port: 2775, dialled: true })
  const all = [pdu('out', 100), pdu('in', 20), pdu('out', 65_600), pdu('in', 5000), pdu('out', 16)].flatMap((entry) => packets(next(entry)))
  const expected = new Map<string, number>()
  const payloads = new Map<string, Buffer[]>()
  for (const { from, sequence, flags, payload } of all) {
    if (expected.has(from)) assert.equal(sequence, expected.get(from))
    expected.set(from, sequence + payload.length + (flags & 0x02 ? 1 : 0))
    payloads.set(from, [...(payloads.get(from) ?? []), payload])
    assert.ok(payload.length <= 1440)
  }
  assert.deepEqual(
    [...payloads.values()].map((parts) => Buffer.concat(parts).length),
    [100 + 65_600 + 16, 20 + 5000],
  )
  const last = all.at(-1)!
  assert.equal(last.acknowledged, expected.get('0a000002'))
})

test('connections are conversations of their own, over IPv6 too', () => {
  const next = createCapture({ port: 2775, dialled: true })
  next(pdu('out', 16))
  const [syn, , , data] = packets(next(pdu('in', 16, v6)))
  assert.equal(syn!.from, '20010db8000000000000000000000001')
  assert.equal(syn!.to, 'fe800000000000000000000000010002')
  assert.equal(data!.payload.length, 16)
})

test('a note makes no packet, and an address that is none is zeros', () => {
  const nowhere = { local: { address: '', port: 0 }, remote: { address: '', port: 0 } }
  const next = createCapture({ port: 2775, dialled: true })
  assert.equal(next({ n: 1, at: 1, connection: nowhere, note: 'closed' }).length, 0)
  assert.equal(packets(next(pdu('in', 16, nowhere))).at(-1)!.from, '00000000')
})

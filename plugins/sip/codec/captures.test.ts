// What real softphones sent is read, octet for octet.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createFramer, defaultReadLimits, readMessage, readNameAddr, readUri, writeRequest, writeResponse } from './index.ts'

const folder = 'test/fixtures/sip/captures'
const names = readdirSync(folder)
assert.ok(names.length >= 20)

for (const name of names) {
  test(`${name} is read, and written again as it was`, () => {
    const octets = readFileSync(join(folder, name))
    const read = readMessage(octets)
    assert.notEqual(read.kind, 'bad', JSON.stringify(read))
    if (read.kind === 'bad') return
    for (const field of ['from', 'to']) {
      const addr = readNameAddr(read.headers.get(field)!)
      assert.ok(addr && readUri(addr.uri), field)
    }
    for (const contact of read.headers.all('contact')) assert.ok(contact === '*' || readNameAddr(contact), contact)
    assert.match(read.read.via.branch!, /^z9hG4bK./)
    assert.ok(octets.subarray(octets.length - read.body.length).equals(read.body))
    const lines = [...read.headers.entries()].filter(([field]) => field !== 'Content-Length').flat()
    const written =
      read.kind === 'request'
        ? writeRequest(read.method, read.uri, lines, read.body)
        : writeResponse(read.status, read.reason, lines, read.body)
    const again = readMessage(written)
    assert.notEqual(again.kind, 'bad')
    if (again.kind === 'bad') return
    assert.deepEqual(again.read, read.read)
    assert.ok(again.body.equals(read.body))
    const known = (lineOf: string): string => lineOf.replace(/: +/, ': ')
    const fields = (message: Buffer): string[] => message.toString('latin1').split('\r\n\r\n')[0]!.split('\r\n').map(known).toSorted()
    const before = fields(octets)
    assert.deepEqual(
      fields(written).filter((line) => before.includes(line) || !line.startsWith('Content-Length')),
      before,
    )
  })
}

test('all of them that say their length come one behind the other by a stream, too', () => {
  const all = names.map((name) => readFileSync(join(folder, name))).filter((octets) => octets.includes('Content-Length'))
  let messages = 0
  const framer = createFramer(defaultReadLimits, {
    message: () => void messages++,
    bad: ({ why }) => assert.fail(why),
    pings: () => assert.fail('no pings'),
  })
  assert.ok(framer.push(Buffer.concat(all)))
  assert.equal(messages, all.length)
  assert.ok(all.length > 10)
})

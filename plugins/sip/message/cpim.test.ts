// The samples of message/cpim and message/imdn+xml, from the RFCs, from public clients and captured
// ones, each with what it says; and whatever we write is read back.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { inflateSync } from 'node:zlib'
import * as fc from 'fast-check'
import { type Cpim, readCpim, writeCpim } from './cpim.ts'
import { type Notification, readNotifications, writeImdn } from './imdn.ts'
import { mediaTypeOf } from './media-type.ts'

interface Sample {
  name: string
  contentType: string
  contentEncoding?: string
  expect: 'ok' | 'ok-lenient' | 'ok-but-require' | 'reject'
  bodyBase64: string
  parsed: Record<string, unknown> | null
}

const { samples } = JSON.parse(readFileSync('test/fixtures/sip/cpim-imdn.json', 'utf8')) as { samples: Sample[] }
const isNotification = (type: string): boolean => type === 'message/imdn+xml' || type === 'multipart/mixed'

/** Everything that the sample says, in the words of the sample. */
function told(cpim: Cpim): Record<string, unknown> {
  const headers = new Map(cpim.contentHeaders)
  for (const name of ['content-type', 'content-length', 'content-disposition']) headers.delete(name)
  return {
    from: cpim.from,
    to: cpim.to,
    cc: cpim.cc,
    dateTime: cpim.dateTime,
    subjects: cpim.subjects,
    ns: Object.fromEntries(cpim.ns),
    require: cpim.require,
    imdn: cpim.imdn && { messageId: cpim.imdn.messageId ?? null, dispositionNotification: cpim.imdn.dispositionNotification },
    contentType: cpim.contentType.replaceAll(/;\s+/g, '; '),
    contentDisposition: cpim.contentHeaders.get('content-disposition'),
    contentHeaders: Object.fromEntries(headers),
    body: cpim.body.toString('utf8'),
  }
}

function notices(notifications: readonly Notification[]): Record<string, unknown>[] {
  return notifications.map((each) => ({ type: null, status: null, ...each }))
}

describe('each sample is read as it says', () => {
  for (const sample of samples.filter((each) => mediaTypeOf(each.contentType) === 'message/cpim')) {
    test(sample.name, () => {
      const read = readCpim(Buffer.from(sample.bodyBase64, 'base64'))
      assert.equal(read.ok, sample.expect !== 'reject', read.ok ? 'read' : read.why)
      if (!read.ok) return
      const all = told(read.cpim)
      for (const [key, expected] of Object.entries(sample.parsed!)) {
        if (key === 'notifications') continue
        assert.deepEqual(JSON.parse(JSON.stringify(all[key] ?? null)), expected, key)
      }
      assert.equal(read.cpim.require.length > 0, sample.expect === 'ok-but-require')
      if (!isNotification(mediaTypeOf(read.cpim.contentType))) return
      const inner = readNotifications(read.cpim.contentType, read.cpim.body)
      assert.ok(inner.ok)
      assert.deepEqual(notices(inner.notifications), sample.parsed!['notifications'])
    })
  }
  for (const sample of samples.filter((each) => isNotification(mediaTypeOf(each.contentType)))) {
    test(sample.name, () => {
      const octets = Buffer.from(sample.bodyBase64, 'base64')
      const read = readNotifications(sample.contentType, sample.contentEncoding === 'deflate' ? inflateSync(octets) : octets)
      assert.equal(read.ok, sample.expect === 'ok', read.ok ? 'read' : read.why)
      if (read.ok) assert.deepEqual(notices(read.notifications), sample.parsed!['notifications'])
    })
  }
})

test('whatever is written is read back, with no line of its own', () => {
  const words = fc.string({ unit: 'grapheme', maxLength: 40 })
  fc.assert(
    fc.property(words, fc.webUrl(), words, fc.uint8Array({ maxLength: 50 }), (name, uri, messageId, octets) => {
      const cpim = writeCpim({
        from: { name, uri },
        to: { uri: 'sip:a@example.com' },
        at: 1_700_000_000_000,
        messageId,
        dispositionNotification: ['positive-delivery', 'display'],
        contentType: 'application/octet-stream',
        body: Buffer.from(octets),
      })
      const read = readCpim(cpim)
      assert.ok(read.ok)
      assert.equal(read.cpim.from.name ?? '', name)
      assert.equal(read.cpim.from.uri, uri)
      assert.equal(read.cpim.dateTime, '2023-11-14T22:13:20Z')
      assert.equal(read.cpim.imdn?.messageId, messageId.trim())
      assert.deepEqual(read.cpim.imdn?.dispositionNotification, ['positive-delivery', 'display'])
      assert.deepEqual(new Uint8Array(read.cpim.body), octets)
    }),
  )
})

test('a notification that is written says the same when read', () => {
  for (const [type, status] of [
    ['delivery', 'delivered'],
    ['delivery', 'failed'],
    ['processing', 'stored'],
  ] as const) {
    const xml = writeImdn({ messageId: '<a&b>\u0000]]>', dateTime: 0, type, status, recipientUri: 'tel:+491511' })
    const read = readNotifications('message/imdn+xml', xml)
    assert.ok(read.ok, read.ok ? '' : read.why)
    assert.deepEqual(read.notifications, [
      { messageId: '<a&b>]]>', dateTime: '1970-01-01T00:00:00Z', recipientUri: 'tel:+491511', type, status },
    ])
  }
})

test('no octets at all are a reason to throw', () => {
  const bodies = samples.map((each) => Buffer.from(each.bodyBase64, 'base64'))
  fc.assert(
    fc.property(fc.constantFrom(...bodies), fc.nat(), fc.uint8Array({ maxLength: 8 }), fc.nat({ max: 20 }), (body, at, put, cut) => {
      const where = at % (body.length + 1)
      const changed = Buffer.concat([body.subarray(0, where), put, body.subarray(Math.min(body.length, where + cut))])
      readCpim(changed)
      readNotifications('message/imdn+xml', changed)
      readNotifications('multipart/mixed; boundary="imdn-boundary"', changed)
    }),
    { numRuns: 2000 },
  )
})

test('documents that are too large, too deep or full of entities are refused', () => {
  const deep = '<imdn xmlns="urn:ietf:params:xml:ns:imdn">'.repeat(2000)
  for (const xml of [
    `<imdn>${' '.repeat(70_000)}</imdn>`,
    deep,
    '<!DOCTYPE imdn><imdn/>',
    '<imdn xmlns="urn:ietf:params:xml:ns:imdn">&lol;</imdn>',
    '',
  ]) {
    assert.equal(readNotifications('message/imdn+xml', Buffer.from(xml)).ok, false)
  }
  assert.equal(readCpim(Buffer.from(`From: <sip:a@b>\r\n${'X: y\r\n'.repeat(100)}\r\nContent-Type: text/plain\r\n\r\nx`)).ok, false)
  assert.equal(
    readCpim(Buffer.from(`From: <sip:${'a'.repeat(9000)}@b>\r\nTo: <sip:a@b>\r\n\r\nContent-Type: text/plain\r\n\r\nx`)).ok,
    false,
  )
})

// What the body of a MESSAGE means, by its Content-Type; and what is refused with what would be right.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { mediaTypeOf } from './media-type.ts'
import { header, worldOf } from './message.fixture.ts'
import { transferDecoded } from './multipart.ts'

describe('the body', () => {
  const text = async (type: string, body: Buffer | string, headers: string[] = [], terms = {}) => {
    const taken = await worldOf({ terms }).taken({ type, body, headers })
    assert.equal(taken.body.kind, 'text')
    return (taken.body as { text: string }).text
  }

  test('is a text in any charset', async () => {
    assert.equal(await text('text/plain', 'Grüße 😀'), 'Grüße 😀')
    assert.equal(await text('text/plain;charset=UTF-8', '\ufeffHi'), 'Hi')
    assert.equal(await text('text / plain', 'Hi'), 'Hi')
    assert.equal(await text('text/plain;charset=us-ascii', 'Hi'), 'Hi')
    assert.equal(await text('Text/Plain; Charset="ISO-8859-1"', Buffer.from('Grüße', 'latin1')), 'Grüße')
    assert.equal(await text('text/plain;charset=UTF-16', Buffer.from([0x04, 0x16, 0x04, 0x17])), 'ЖЗ')
    assert.equal(await text('text/plain;charset=utf-16le', Buffer.from('Ж', 'utf16le')), 'Ж')
    assert.equal(await text('text/plain;charset=koi8-r', Buffer.from([0xf0])), 'П')
    assert.equal(await text('text/plain;charset=UTF-16', '04160417', [], { dialect: 'opensips-hex' }), 'ЖЗ')
  })

  test('is markup as it stands, and known as such', async () => {
    for (const type of ['text/html', 'text/vnd.wap.wml']) {
      const { body, extras } = await worldOf().taken({ type, body: '<p>Hi</p>' })
      assert.deepEqual(body, { kind: 'text', text: '<p>Hi</p>' })
      assert.deepEqual(extras, { 'sip.content-type': type })
    }
  })

  const multipart = (...parts: [headers: string, body: string][]): string =>
    `preamble\r\n${parts.map(([headers, body]) => `--b 1\r\n${headers && `${headers}\r\n`}\r\n${body}\r\n`).join('')}--b 1--\r\nepilogue`
  const plain = 'Content-Type: text/plain;charset=UTF-8'

  test('of several parts is the one that is a message: a plain text before markup', async () => {
    const alternative = 'multipart/alternative; boundary="b 1"'
    const mixed = 'multipart/mixed;boundary="b 1"'
    const html: [string, string] = ['Content-Type: text/html', '<b>Hi</b>']
    assert.equal(await text(alternative, multipart([plain, 'Grüße'], html)), 'Grüße')
    assert.equal(await text(alternative, multipart(html, [plain, 'Grüße'])), 'Grüße')
    assert.equal(await text(alternative, multipart(html, ['Content-Type: image/png', '…'])), '<b>Hi</b>')
    assert.equal(await text(mixed, multipart(['', 'of no type'])), 'of no type')
    const optional = 'Content-Type: image/png\r\nContent-Disposition: icon;\r\n handling=optional'
    assert.equal(await text(mixed, multipart([optional, '…'], [plain, 'Hi'])), 'Hi')
    const coded = `${plain}\r\ncontent-transfer-encoding: Base64`
    assert.equal(await text(mixed, multipart([coded, Buffer.from('Grüße').toString('base64')])), 'Grüße')
    const cpim = `From: <im:a@x>\r\nTo: <im:b@x>\r\n\r\nContent-Type: ${alternative}\r\n\r\n${multipart([plain, 'Hi'], html)}`
    assert.equal(await text('message/cpim', cpim), 'Hi')
    const world = worldOf()
    const unknown = multipart([plain, 'Hi'], ['Content-Type: image/png', '…'])
    assert.match(await world.refused(415, { type: mixed, body: unknown }), /image\/png/)
    assert.equal(await text(mixed, multipart([plain, 'Hi'], [plain, 'Ho'])), 'Hi\nHo')
    const latin = Buffer.from(multipart([plain, 'Hi'], ['Content-Type: text/plain;charset=iso-8859-1', 'Gr\u00fc\u00dfe']), 'latin1')
    assert.equal(await text(mixed, latin), 'Hi\nGrüße')
    assert.match(await world.refused(415, { type: mixed, body: multipart([plain, 'Hi'], html) }), /several/)
    const related = mixed.replace('mixed', 'related')
    assert.match(await world.refused(415, { type: related, body: multipart([plain, 'Hi'], [plain, 'Ho']) }), /several/)
    const nested = multipart(['Content-Type: multipart/related; boundary=c', '--c--'])
    assert.match(await world.refused(415, { type: mixed, body: nested }), /related/)
    const broken = `${plain}\r\nContent-Transfer-Encoding: base64`
    assert.match(await world.refused(400, { type: mixed, body: multipart([broken, 'ä!']) }), /base64/)
  })

  test('in CPIM is without its transfer encoding', async () => {
    const cpim = (encoding: string, body: string): string =>
      `From: <im:a@x>\r\nTo: <im:b@x>\r\n\r\n${plain}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n${body}`
    assert.equal(await text('message/cpim', cpim('base64', 'R3LDvMOf\r\nZQ==')), 'Grüße')
    assert.equal(await text('message/cpim', cpim('Quoted-Printable', 'Gr=C3=BC=C3=9Fe =3D  =\r\nHi ')), 'Grüße =  Hi')
    assert.equal(await text('message/cpim', cpim('8bit', 'Grüße')), 'Grüße')
    const world = worldOf()
    assert.match(await world.refused(400, { type: 'message/cpim', body: cpim('base64', '*') }), /base64/)
    assert.match(await world.refused(400, { type: 'message/cpim', body: cpim('x-uuencode', 'Hi') }), /x-uuencode/)
  })

  test('is octets, all of them', async () => {
    const octets = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    const { body } = await worldOf().taken({ type: 'application/octet-stream', body: octets })
    assert.deepEqual(body, { kind: 'binary', data: new Uint8Array(octets) })
  })

  test('is inflated, up to a cap', async () => {
    const headers = ['Content-Encoding', 'deflate']
    assert.equal(await text('text/plain', deflateSync('Hello'), headers), 'Hello')
    assert.equal(await text('text/plain', deflateRawSync('Hello'), headers), 'Hello')
    for (const coding of ['gzip', 'GZip', 'x-gzip', 'identity, gzip'])
      assert.equal(await text('text/plain', gzipSync('Hello'), ['Content-Encoding', coding]), 'Hello')
    const world = worldOf()
    const bomb = gzipSync(Buffer.alloc(100_000))
    assert.match(await world.refused(400, { headers: ['Content-Encoding', 'gzip'], body: bomb }), /more than 65536 octets/)
    assert.match(await world.refused(400, { headers: ['Content-Encoding', 'gzip'], body: deflateSync('Hello') }), /gzip body is broken/)
    assert.match(await world.refused(400, { headers, body: deflateSync(Buffer.alloc(100_000)) }), /more than 65536 octets/)
    assert.match(await world.refused(400, { headers, body: 'no zlib' }), /broken/)
    for (const odd of [['br'], ['constructor'], ['gzip, deflate'], ['gzip', 'gzip']]) {
      const refused = await world.say({ headers: odd.flatMap((each) => ['Content-Encoding', each]) })
      assert.deepEqual([refused.status, header(refused.headers, 'Accept-Encoding')], [415, 'gzip, deflate, identity'])
      assert.match(header(refused.headers, 'Warning') ?? '', /expected gzip, deflate or identity/)
    }
  })

  test('that cannot be meant is refused with what would be right', async () => {
    const world = worldOf({ terms: { accept: ['text/plain', 'message/cpim'] } })
    const other = await world.say({ type: 'text/html' })
    assert.equal(other.status, 415)
    assert.equal(header(other.headers, 'Accept'), 'text/plain, message/cpim')
    const charset = await world.say({ type: 'text/plain;charset=klingon' })
    assert.deepEqual([charset.status, header(charset.headers, 'Accept-Charset')], [415, 'utf-8'])
    assert.match(await world.refused(400, { body: Buffer.from([0xc3, 0x28]) }), /not valid utf-8/)
    assert.match(await world.refused(400, { type: 'text/plain;charset=UTF-16', body: 'odd' }), /not valid utf-16/)
    assert.match(await world.refused(400, { type: undefined, body: '' }), /no body/)
    assert.match(await world.refused(400, { type: undefined }), /Content-Type/)
    assert.match(await world.refused(400, { type: 'message/cpim', body: 'Hello' }), /message\/cpim/)
    assert.match(await world.refused(400, { type: 'multipart/mixed; boundary=x', body: '--x--' }), /no part/)
    assert.match(await world.refused(400, { type: 'multipart/mixed', body: '--x--' }), /no boundary/)
    assert.match(await world.refused(400, { type: 'text/plain;charset=us-ascii', body: 'Grüße' }), /not valid us-ascii/)
    const hex = worldOf({ terms: { dialect: 'opensips-hex' } })
    assert.match(await hex.refused(400, { type: 'text/plain;charset=UTF-16', body: '041' }), /hexadecimal/)
  })
})

describe('message/cpim', () => {
  const cpim = (head: string, body = 'Hello', type = 'text/plain'): string =>
    `From: <sip:anonymous@anonymous.invalid>\r\nTo: <sip:x@y>\r\n${head}\r\nContent-Type: ${type}\r\n\r\n${body}`
  const asking = (wishes: string, id = 'imdn.Message-ID: 34jk\r\n'): string =>
    cpim(`NS: imdn <urn:ietf:params:imdn>\r\n${id}DateTime: 2026-11-21T14:00:00Z\r\nimdn.Disposition-Notification: ${wishes}\r\n`)
  const type = 'message/cpim'

  for (const [wishes, receipt, progress] of [
    ['positive-delivery, negative-delivery', 'both', undefined],
    ['positive-delivery', 'success', undefined],
    ['negative-delivery, processing', 'failure', true],
    ['display', 'none', undefined],
    ['', 'none', undefined],
  ] as const) {
    test(`that asks for "${wishes}" wants ${receipt}`, async () => {
      const taken = await worldOf().taken({ type, body: asking(wishes) })
      assert.deepEqual([taken.receipt, taken.progress], [receipt, progress])
      assert.deepEqual(taken.body, { kind: 'text', text: 'Hello' })
      if (wishes !== '') assert.equal(taken.report?.['sip.imdn'], '34jk')
    })
  }

  test('that asks without a Message-ID is delivered, and nothing is told', async () => {
    assert.equal((await worldOf().taken({ type, body: asking('positive-delivery', '') })).receipt, 'none')
  })

  test('that requires what is not known here is refused', async () => {
    assert.match(await worldOf().refused(488, { type, body: cpim('NS: x <urn:x>\r\nRequire: x.y\r\n') }), /x\.y/)
  })

  test('within itself, or around what is not taken, is refused', async () => {
    const world = worldOf()
    await world.refused(415, { type, body: cpim('', cpim(''), type) })
    await world.refused(415, { type, body: cpim('', 'x', 'image/png') })
    await world.refused(415, { type, body: cpim('', 'x', 'application/vnd.3gpp.sms') })
  })
})

test('blanks at the end of a quoted-printable line fall away, however many there are', () => {
  const undone = (text: string) => transferDecoded('quoted-printable', Buffer.from(text))?.toString()
  assert.equal(undone('a=20 \t\r\nb \r\nc=\r\nd'), 'a \r\nb\r\ncd')
  const began = performance.now()
  assert.equal(undone(`${' '.repeat(60_000)}x`)?.length, 60_001)
  assert.ok(performance.now() - began < 500)
})

test('blanks around the slash of a media type are none of it, however many there are', () => {
  assert.equal(mediaTypeOf(' Text \t/ plain ; charset=utf-8'), 'text/plain')
  const began = performance.now()
  mediaTypeOf(`a${' '.repeat(60_000)}b`)
  assert.ok(performance.now() - began < 500)
})

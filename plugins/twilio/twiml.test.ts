import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readAnswer, type Twiml } from './twiml.ts'

function said(body: Buffer | string, type = 'text/xml'): Twiml {
  return readAnswer({ url: 'http://app.example/', status: 200, headers: { 'content-type': type }, body: Buffer.from(body) })
}

function text(body: Buffer | string, type?: string): string {
  const read = said(body, type)
  assert.ok(read.ok, JSON.stringify(read))
  const [verb] = read.verbs
  assert.equal(verb?.verb, 'message')
  return verb.text
}

const latin1 = (encoding = ''): Buffer =>
  Buffer.from(`<?xml version="1.0"${encoding}?><Response><Message>caf\xe9</Message></Response>`, 'latin1')
const utf16 = Buffer.from('\ufeff<?xml version="1.0" encoding="UTF-16"?><Response><Message>é 👍</Message></Response>', 'utf16le')

test('a document is read in the charset of its byte order mark, of its Content-Type, or of its declaration, in this order', () => {
  assert.equal(text(latin1(), 'text/xml; charset=iso-8859-1'), 'café')
  assert.equal(text(latin1(), 'application/xml;charset="ISO-8859-1"'), 'café')
  assert.equal(text(latin1(' encoding="ISO-8859-1"')), 'café')
  assert.equal(
    text(Buffer.from("<?xml version='1.0' encoding='windows-1251'?><Response><Message>\xcf</Message></Response>", 'latin1')),
    'П',
  )
  assert.equal(text(utf16), 'é 👍')
  assert.equal(text(Buffer.from(utf16).swap16()), 'é 👍')
  assert.equal(text(utf16, 'text/xml; charset=utf-16'), 'é 👍')
  const withMark = '\ufeff<?xml version="1.0" encoding="ISO-8859-1"?><Response><Message>é</Message></Response>'
  assert.equal(text(withMark, 'text/xml; charset=iso-8859-1'), 'é')
  assert.equal(text('<?xml version="1.0" encoding="ISO-8859-1"?><Response><Message>é</Message></Response>', 'text/xml; charset=utf-8'), 'é')
  assert.equal(text(Buffer.from('caf\xe9', 'latin1'), 'text/plain; charset=latin1'), 'café')
})

test('a declaration of UTF-16 on what is none is passed over', () => {
  assert.equal(text('<?xml version="1.0" encoding="utf-16"?><Response><Message>é</Message></Response>'), 'é')
})

test('what is not in its charset, or in one that nobody knows, is no document: nobody is sent a mangled text', () => {
  for (const [body, type, why] of [
    [latin1(), 'text/xml', /not UTF-8/],
    [latin1(), 'text/xml; charset=utf-8', /not UTF-8/],
    [Buffer.from('caf\xe9', 'latin1'), 'text/plain', /not UTF-8/],
    [latin1(), 'text/xml; charset=klingon', /not klingon/],
    [latin1(' encoding="shift_jis"'), 'text/xml', /not shift_jis/],
  ] as const) {
    const read = said(body, type)
    assert.ok(!read.ok)
    assert.equal(read.code, 12100)
    assert.match(read.why, why)
  }
})

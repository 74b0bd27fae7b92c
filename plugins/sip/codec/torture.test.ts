// Every torture message reads as the table says; what the RFC says about single ones holds.
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { type ReadRequest, readMessage, readNameAddr, readUri, readVia, splitList, stampedVia } from './index.ts'
import { torture, tortureOctets, type TortureCase } from './torture.fixture.ts'

const named = (name: string): TortureCase => torture.find((each) => each.name === name)!

function request(name: string): ReadRequest {
  const read = readMessage(tortureOctets(named(name)))
  assert.equal(read.kind, 'request', name)
  return read
}

const uriOf = (value: string | undefined) => readUri(readNameAddr(value!)!.uri)

for (const each of torture) {
  test(`${each.name} (${each.section}): ${each.why}`, () => {
    const read = readMessage(tortureOctets(each))
    assert.equal(read.kind === 'bad' ? read.status : read.kind, each.reads, JSON.stringify(read))
    if (read.kind === 'request') assert.equal(read.method, each.method)
    if (read.kind !== 'bad') return
    if (each.answer !== undefined) assert.ok(read.answerable)
    assert.ok(read.why.length > 10 && read.why.length < 120)
    if (read.answerable) assert.ok(read.answerable.vias.every((via) => via.startsWith('SIP')))
  })
}

test('the table has every file of the folder once', () => {
  const files = readdirSync('test/fixtures/sip/torture').toSorted()
  assert.deepEqual(torture.map(({ name }) => `${name}.dat`).toSorted(), files)
  assert.equal(files.length, 62)
})

test('wsinv: names in any case, folds and blanks are read, three Vias are there', () => {
  const { headers, read } = request('wsinv')
  assert.equal(headers.get('to'), 'sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n')
  assert.equal(read.toTag, '1918181833n')
  assert.equal(read.fromTag, '98asjd8')
  assert.equal(read.cseq, 9)
  assert.equal(headers.get('subject'), '')
  assert.equal(headers.get('NewFangledHeader'), 'newfangled value continued newfangled value')
  assert.equal(splitList(headers.all('via')).length, 3)
  assert.equal(read.via.branch, '390skdjuw')
  assert.equal(readNameAddr(headers.get('from')!)?.display, 'J Rosenberg \\"')
  assert.equal(readNameAddr(headers.get('contact')!)?.display, 'Quoted string ""')
})

test('esc01, esc02: what is escaped is undone once, and never in methods, names and display names', () => {
  const one = request('esc01')
  assert.equal(readUri(one.uri)?.user, 'sips:user@example.com')
  assert.equal(uriOf(one.headers.get('to'))?.user, 'user')
  assert.equal(uriOf(one.headers.get('from'))?.user, 'I have spaces')
  const contact = uriOf(one.headers.get('contact'))
  assert.equal(contact?.user, 'caller')
  assert.deepEqual(
    [...contact.params],
    [
      ['lr', ''],
      ['name', 'value%41'],
    ],
  )
  const two = request('esc02')
  assert.equal(two.headers.all('contact').length, 2)
  assert.equal(readNameAddr(two.headers.get('to')!)?.display, '%Z%45')
})

test('escnull: a user part is not cut at a NUL', () => {
  const { headers } = request('escnull')
  assert.deepEqual(
    headers.all('contact').map((contact) => uriOf(contact)?.user),
    ['\0', '\0\0'],
  )
  assert.equal(uriOf(headers.get('to'))?.user, 'null-\0-null')
})

test('intmeth: whatever the grammar allows is read', () => {
  const { method, uri, headers, read } = request('intmeth')
  assert.equal(method, "!interesting-Method0123456789_*+`.%indeed'~")
  assert.equal(readUri(uri)?.user, "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*")
  assert.equal(readUri(uri)?.password, "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)")
  assert.equal(read.cseqMethod, method)
  assert.equal(readNameAddr(headers.get('to')!)?.display, 'BEL:\x07 NUL:\0 DEL:\x7f')
  const from = readNameAddr(headers.get('from')!)
  assert.equal(from?.params.get("fromparam''~+*_!.-%"), 'работающий')
  assert.equal(read.fromTag, "_token~1'+`*%!-.")
  assert.equal(headers.get("EXTENSIONHEADER-!.%*+_`'~"), '\ufeff大停電')
})

test('longreq: 34 Vias, and the body by its compact Content-Length', () => {
  const { headers, body } = request('longreq')
  assert.equal(splitList(headers.all('via')).length, 34)
  assert.equal(body.length, Number(headers.get('content-length')))
})

test('mpart01: the body is all its octets', () => {
  const { headers, body } = request('mpart01')
  assert.equal(body.length, Number(headers.get('content-length')))
  assert.ok(body.includes(0))
})

test('dblreq: one request by a datagram, its body is empty', () => {
  const { read, body } = request('dblreq')
  assert.equal(read.callId, 'dblreq.0ha0isndaksdj99sdfafnl3lk233412')
  assert.equal(body.length, 0)
})

test('cparam01, cparam02, regescrt: parameters and headers belong to what they stand in', () => {
  const one = readNameAddr(request('cparam01').headers.get('contact')!)
  assert.deepEqual([...one!.params], [['unknownparam', '']])
  const two = readNameAddr(request('cparam02').headers.get('contact')!)
  assert.deepEqual([...two!.params], [])
  assert.equal(readUri(two!.uri)?.params.has('unknownparam'), true)
  assert.equal(uriOf(request('regescrt').headers.get('contact'))?.headers, 'Route=%3Csip:sip.example.com%3E')
  assert.equal(readNameAddr(request('regbadct').headers.get('contact')!), undefined)
})

test('semiuri: the last @ ends the user part', () => {
  assert.equal(readUri(request('semiuri').uri)?.user, 'user;par=u@example.net')
})

test('badbranch: the cookie alone is no branch of RFC 3261', () => {
  assert.equal(request('badbranch').read.via.branch, 'z9hG4bK')
})

test('RFC 5118: addresses in brackets, ports behind them, received either way', () => {
  assert.deepEqual(
    [readUri(request('port-ambiguous').uri)?.host, readUri(request('port-ambiguous').uri)?.port],
    ['2001:db8::10:5070', undefined],
  )
  assert.deepEqual([readUri(request('port-unambiguous').uri)?.host, readUri(request('port-unambiguous').uri)?.port], ['2001:db8::10', 5070])
  assert.equal(readUri(request('ipv6-bug-abnf-3-colons').uri)?.host, '2001:db8::192.0.2.1')
  const mapped = request('ipv4-mapped-ipv6')
  assert.deepEqual([mapped.read.via.host, mapped.read.via.port], ['::ffff:192.0.2.10', 19823])
  for (const name of ['via-received-param-no-delim', 'via-received-param-with-delim']) {
    const { read } = request(name)
    assert.equal(read.via.received, '2001:db8::9:255', name)
    assert.match(stampedVia(read.via, '2001:db8::1', 5060), /;received=2001:db8::1$/)
  }
  assert.equal(splitList(request('mult-ip-in-header').headers.all('via')).length, 3)
  assert.equal(readVia(request('mult-ip-in-header').headers.get('via')!)?.host, '2001:db8::9:1')
})

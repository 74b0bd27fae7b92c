import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import smpp from 'smpp'
import type { FailureCode, Message, MessageState, ReceiptState, Report } from '../../../src/plugin.ts'
import { createParser, encodePdu, type Pdu, type PduOf, tags, tlv, tlvInteger, tlvString } from '../codec/index.ts'
import { messageOf, now, text } from './mapping.fixture.ts'
import { readReceipt } from './receipt.ts'
import { readMessageId, receiptPdu, writeMessageId } from './receipt-out.ts'
import { idForms, receiptForm, receiptSettings, type ReceiptSettings } from './receipt-settings.ts'
import { errorNumbers, smppState } from './receipt-states.ts'
import { parseReceiptText } from './receipt-text.ts'
import { receiptDate } from './time.ts'

const id = '00abcdef0123456789abcdef01234567'
const message = (more: Partial<Message> = {}): Message => ({
  ...messageOf(text('Your code is 482-913, valid today')),
  id,
  segments: 3,
  ...more,
})
const settings = (more: Partial<ReceiptSettings> = {}): ReceiptSettings => receiptSettings.parse(more)
const delivered: Report = { state: 'delivered', at: now + 4000 }
const failed = (code: FailureCode, more: Partial<Report> = {}): Report => {
  return { state: 'undelivered', at: now + 4000, failure: { kind: 'permanent', code }, ...more }
}

/** Over the wire and back. */
function sent(of: Message, report: Report, more: Partial<ReceiptSettings> = {}, version = 0x34): PduOf<'deliver_sm'> {
  const pdus: Pdu[] = []
  const parser = createParser({ onPdu: (pdu) => pdus.push(pdu), onBad: (bad) => assert.fail(bad.reason) })
  parser.push(encodePdu({ command: 'deliver_sm', sequence_number: 1, ...receiptPdu(of, report, receiptForm(settings(more), version)) }))
  const [pdu] = pdus
  assert.ok(pdu?.command === 'deliver_sm')
  return pdu
}
const textOf = (pdu: PduOf<'deliver_sm'>): string => Buffer.from(pdu.short_message).toString('latin1')

/** As Kannel takes a receipt apart (smsc_smpp.c), and as clients in Perl and PHP do. */
const kannel = /^id:(\S{1,64}) sub:(\d+) dlvrd:(\d+) submit date:(\d{1,12}) done date:(\d{1,12}) stat:([^te]{1,10}) err:([^t]{1,12})text:/
const appendixB =
  /^id:(\S+)\ssub:(\d{3})\sdlvrd:(\d{3})\ssubmit date:(\d{10,12})\sdone date:(\d{10,12})\sstat:([A-Z]{7})\serr:(\S{3})\stext:(.{0,20})$/i

describe('a receipt to a client', () => {
  it('is the text of appendix B, and the TLVs beside it', () => {
    const pdu = sent(message(), delivered)
    assert.equal(
      textOf(pdu),
      `id:${id} sub:003 dlvrd:003 submit date:2611210516 done date:2611210516 stat:DELIVRD err:000 text:Your code is 482-913`,
    )
    assert.equal(pdu.esm_class, 0x04)
    assert.equal(pdu.data_coding, 0)
    assert.equal(tlvString(pdu.tlvs, tags.receipted_message_id), id)
    assert.equal(tlvInteger(pdu.tlvs, tags.message_state), 2)
    assert.equal(tlv(pdu.tlvs, tags.network_error_code), undefined, 'nothing failed')
  })

  it('has no TLVs for a 3.3 client, whatever the setting says', () => {
    for (const form of ['both', 'text', 'tlv'] as const) {
      const pdu = sent(message(), delivered, { form }, 0x33)
      assert.deepEqual(pdu.tlvs, [])
      assert.match(textOf(pdu), appendixB)
    }
  })

  it('is text alone, or TLVs alone, where the client wants it so', () => {
    assert.deepEqual(sent(message(), delivered, { form: 'text' }).tlvs, [])
    const bare = sent(message(), delivered, { form: 'tlv' })
    assert.equal(bare.short_message.length, 0)
    assert.equal(tlvInteger(bare.tlvs, tags.message_state), 2)
  })

  it('tells every state and failure by the number and the word that go together', () => {
    const table: [MessageState, FailureCode | undefined, number, string][] = [
      ['scheduled', undefined, 0, 'SCHEDLD'],
      ['queued', undefined, 1, 'ENROUTE'],
      ['sent', undefined, 1, 'ENROUTE'],
      ['held', undefined, 1, 'ENROUTE'],
      ['delivered', undefined, 2, 'DELIVRD'],
      ['undelivered', 'absent-subscriber', 5, 'UNDELIV'],
      ['undelivered', 'expired', 3, 'EXPIRED'],
      ['undelivered', 'canceled', 4, 'DELETED'],
      ['undelivered', 'rejected', 8, 'REJECTD'],
      ['undelivered', 'outcome-unknown', 7, 'UNKNOWN'],
      ['failed', 'no-route', 8, 'REJECTD'],
      ['failed', 'attempts-exhausted', 5, 'UNDELIV'],
      ['failed', 'invalid-destination', 8, 'REJECTD'],
      ['expired', 'expired', 3, 'EXPIRED'],
      ['canceled', 'canceled', 4, 'DELETED'],
      ['canceled', 'purged', 4, 'DELETED'],
      ['unconfirmed', 'no-receipt', 7, 'UNKNOWN'],
    ]
    for (const [state, code, number, word] of table) {
      const report: Report = { state, at: now, ...(code ? { failure: { kind: 'permanent' as const, code } } : {}) }
      const pdu = sent(message(), report)
      assert.equal(tlvInteger(pdu.tlvs, tags.message_state), number, `${state} ${code}`)
      assert.equal(parseReceiptText(textOf(pdu)).stat, word, `${state} ${code}`)
      assert.equal(parseReceiptText(textOf(pdu)).dlvrd, state === 'delivered' ? '003' : '000')
    }
  })

  it('is a notification while nothing is final, and a 3.3 client sees that from the text', () => {
    assert.equal(sent(message(), { state: 'sent', at: now }).esm_class, 0x20)
    assert.equal(sent(message(), { state: 'sent', at: now }, {}, 0x33).esm_class, 0x04)
  })

  it('writes the id as the response did, and another form in the text where the client expects it', () => {
    const shapes = { hex: id, HEX: id.toUpperCase(), decimal: BigInt(`0x${id}`).toString(), uuid: '00abcdef-0123-4567-89ab-cdef01234567' }
    for (const form of idForms) {
      const pdu = sent(message(), delivered, { ids: form })
      assert.equal(parseReceiptText(textOf(pdu)).id, shapes[form])
      assert.equal(tlvString(pdu.tlvs, tags.receipted_message_id), shapes[form])
      assert.equal(readMessageId(shapes[form], form), id)
    }
    const mixed = sent(message(), delivered, { ids: 'hex', textIds: 'decimal' })
    assert.equal(parseReceiptText(textOf(mixed)).id, shapes.decimal)
    assert.equal(tlvString(mixed.tlvs, tags.receipted_message_id), id)
  })

  it('names the message as the client side noted, where that is not its own id', () => {
    const pdu = sent(message({ report: { message_id: 'M-17' } }), delivered, { ids: 'decimal' })
    assert.equal(parseReceiptText(textOf(pdu)).id, 'M-17')
    assert.equal(tlvString(pdu.tlvs, tags.receipted_message_id), 'M-17')
  })

  it('is of one segment where it is about one part that the client has an id of', () => {
    const form = receiptForm(settings({ ids: 'uuid' }), 0x34)
    const part = '00abcdef012345678900000000000002'
    const { short_message, tlvs } = receiptPdu(message(), delivered, form, part)
    assert.match(Buffer.from(short_message).toString('latin1'), /^id:00abcdef-0123-4567-8900-000000000002 sub:001 dlvrd:001 /)
    assert.equal(tlvString(tlvs, tags.receipted_message_id), '00abcdef-0123-4567-8900-000000000002')
  })

  it('passes back user_message_reference and other TLVs noted by the client side, whatever the form', () => {
    const report = { 'tlv.0x0204': '1234', 'tlv.0x1400': 'c0ffee', url: 'no TLV' }
    for (const form of ['both', 'text', 'tlv'] as const) {
      const pdu = sent(message({ report }), delivered, { form })
      assert.equal(tlvInteger(pdu.tlvs, tags.user_message_reference), 0x1234)
      assert.deepEqual([...(tlv(pdu.tlvs, 0x1400) ?? [])], [0xc0, 0xff, 0xee])
    }
  })

  it('has its dates in the zone of the client, with seconds where it wants them, and the carrier’s done date', () => {
    const dates = (more: Partial<ReceiptSettings>, report: Report = delivered, acceptedAt = now) => {
      const { submitDate, doneDate } = parseReceiptText(textOf(sent(message({ acceptedAt }), report, more)))
      return [submitDate, doneDate]
    }
    assert.deepEqual(dates({ zone: '+05:30' }), ['2611211046', '2611211046'])
    assert.deepEqual(dates({ zone: '-09:00', seconds: true }), ['261120201600', '261120201604'])
    assert.deepEqual(dates({ zone: 'Asia/Kathmandu' }), ['2611211101', '2611211101'])
    assert.deepEqual(dates({}, { ...delivered, doneAt: now + 3_600_000 }), ['2611210516', '2611210616'])
    const night = Date.UTC(2026, 9, 25, 0, 59, 59)
    const ends = dates({ zone: 'Europe/Berlin', seconds: true }, { ...delivered, at: night + 2000 }, night)
    assert.deepEqual(ends, ['261025025959', '261025020001'], 'summer time ends between the two')
  })

  it('writes err as decimal, hex or raw, in three digits, with a code of our own where the carrier gave none', () => {
    const err = (report: Report, form: ReceiptSettings['err']) => parseReceiptText(textOf(sent(message(), report, { err: form }))).err
    assert.equal(err(delivered, 'decimal'), '000')
    assert.equal(err(failed('undeliverable', { error: '27' }), 'decimal'), '027')
    assert.equal(err(failed('undeliverable', { error: '027' }), 'hex'), '01B')
    assert.equal(err(failed('undeliverable', { error: '0x1b' }), 'decimal'), '027')
    assert.equal(err(failed('undeliverable', { error: 'E:x y' }), 'raw'), '921', 'what would break the text is not passed on')
    assert.equal(err(failed('undeliverable', { error: 'EC_17' }), 'raw'), 'EC_17')
    assert.equal(err(failed('undeliverable', { error: 'EC_17' }), 'decimal'), '921')
    assert.equal(err(failed('absent-subscriber'), 'decimal'), '027')
    assert.equal(err({ state: 'failed', at: now, failure: { kind: 'permanent', code: 'no-route' } }, 'decimal'), '901')
  })

  it('says in network_error_code whose code it is', () => {
    const code = (report: Report, version: number) => [...(tlv(sent(message(), report, {}, version).tlvs, tags.network_error_code) ?? [])]
    assert.deepEqual(code(failed('absent-subscriber'), 0x50), [3, 0, 27], 'a MAP error of ours')
    assert.deepEqual(code(failed('undeliverable', { error: '300' }), 0x50), [8, 1, 44], "the carrier's own")
    assert.deepEqual(code(failed('undeliverable', { error: '300' }), 0x34), [3, 1, 44], 'before 5.0 there is no other')
  })

  it('quotes what every alphabet writes alike, or nothing', () => {
    const quoted = (words: string, more: Partial<ReceiptSettings> = {}) =>
      textOf(sent(message({ body: text(words) }), delivered, more)).split('text:')[1]
    assert.equal(quoted('a@b_c €5 😀!\nend and more words'), 'a?b?c ?5 ?! end and ')
    assert.equal(quoted('Hello', { text: 'empty' }), '')
    assert.equal(quoted(''), '')
    assert.equal(textOf(sent(message({ body: { kind: 'binary', data: Uint8Array.of(1, 2) } }), delivered)).split('text:')[1], '')
  })

  it('counts segments, or one of one', () => {
    assert.match(textOf(sent(message(), delivered, { counts: 'one' })), / sub:001 dlvrd:001 /)
    assert.match(textOf(sent(message(), failed('undeliverable'))), / sub:003 dlvrd:000 /)
  })

  const anyReport = fc.record({
    state: fc.constantFrom<MessageState>('scheduled', 'sent', 'delivered', 'undelivered', 'failed', 'expired', 'canceled', 'unconfirmed'),
    code: fc.constantFrom<FailureCode>('undeliverable', 'absent-subscriber', 'no-route', 'expired', 'outcome-unknown', 'rejected'),
    error: fc.option(fc.oneof(fc.nat(999).map(String), fc.string({ maxLength: 20 })), { nil: undefined }),
    doneAt: fc.option(
      fc.integer({ min: 0, max: 500_000 }).map((s) => now + s * 1000),
      { nil: undefined },
    ),
  })
  const anySettings = fc.record({
    form: fc.constantFrom('both' as const, 'text' as const, 'tlv' as const),
    ids: fc.constantFrom(...idForms),
    textIds: fc.constantFrom('same' as const, ...idForms),
    seconds: fc.boolean(),
    err: fc.constantFrom('decimal' as const, 'hex' as const, 'raw' as const),
    text: fc.constantFrom('first20' as const, 'empty' as const),
    counts: fc.constantFrom('segments' as const, 'one' as const),
  })

  it('is read back by our own reader, by npm smpp and by the patterns of clients in the field', () => {
    const states: Partial<Record<MessageState, ReceiptState[]>> = {
      scheduled: ['scheduled'],
      sent: ['enroute'],
      delivered: ['delivered'],
      expired: ['expired'],
      canceled: ['deleted'],
      unconfirmed: ['unknown'],
    }
    fc.assert(
      fc.property(
        anyReport,
        anySettings,
        fc.string({ unit: 'binary', maxLength: 40 }),
        fc.constantFrom(0x33, 0x34, 0x50),
        (said, more, words, version) => {
          const { state, code, error, doneAt } = said
          const report: Report = { state, at: now + 4000 }
          const waits = state === 'sent' || state === 'scheduled'
          if (state !== 'delivered' && !waits) report.failure = { kind: 'permanent', code }
          if (error !== undefined) report.error = error
          if (doneAt !== undefined) report.doneAt = doneAt
          const of = message({ body: text(words) })
          const pdu = sent(of, report, more, version)
          const read = readReceipt(pdu, pdu.short_message, (pdu.esm_class & 0x20) !== 0)
          assert.ok(read)
          const inText = version === 0x33 || more.form === 'text'
          const form = inText && more.textIds !== 'same' ? more.textIds : more.ids
          assert.equal(readMessageId(read.ref, form), id)
          const expected = states[state]
          if (expected) assert.ok(expected.includes(read.state), `${state} ${read.state}`)
          assert.equal(read.final, !waits)
          if (pdu.short_message.length === 0) return
          const at = doneAt ?? report.at
          assert.equal(read.doneAt, more.seconds ? at - (at % 1000) : at - (at % 60_000))
          const raw = textOf(pdu)
          // A raw code may be anything.
          if (more.err !== 'raw') for (const pattern of [kannel, appendixB]) assert.match(raw, pattern)
          const submitted = receiptDate(parseReceiptText(raw).submitDate ?? '')
          assert.equal(submitted, more.seconds ? now : now - (now % 60_000))
          const theirs = new smpp.PDU(encodePdu(pdu))
          assert.match(String(theirs.short_message.message), /^id:/)
          if (tlv(pdu.tlvs, tags.message_state)) assert.equal(theirs['message_state'], tlvInteger(pdu.tlvs, tags.message_state))
        },
      ),
      { numRuns: 400 },
    )
  })

  it('a code that takes more than three characters is in the TLV, and ours in the text', () => {
    for (const [error, err, own] of [
      ['A00', 'decimal', '921'],
      ['1000', 'decimal', '921'],
      ['FFF', 'hex', 'FFF'],
      ['4096', 'hex', '399'],
    ] as const) {
      const pdu = sent(message(), failed('undeliverable', { error }), { err })
      assert.match(textOf(pdu), new RegExp(` err:${own} text:`))
      assert.ok(tlv(pdu.tlvs, tags.network_error_code))
    }
  })

  it('every id is found again from every form, and what is no id is none', () => {
    const own = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((octets) => Buffer.from(octets).toString('hex'))
    fc.assert(
      fc.property(own, fc.constantFrom(...idForms), (given, form) => {
        assert.equal(readMessageId(writeMessageId(given, form), form), given)
      }),
    )
    for (const form of idForms)
      for (const wrong of ['', 'x', '-1', '9'.repeat(40), 'g'.repeat(32), id + '0']) {
        assert.equal(readMessageId(wrong, form), undefined, `${form} ${wrong}`)
      }
  })

  it('docs/receipts.md tells every word and every code', () => {
    const told = readFileSync('docs/receipts.md', 'utf8')
    for (const [code, number] of Object.entries(errorNumbers)) {
      const words = `${String(number).padStart(3, '0')} ${code.replaceAll('-', ' ')}`
      assert.ok(told.includes(words), words)
    }
    const states: MessageState[] = ['scheduled', 'sent', 'delivered', 'undelivered', 'failed', 'expired', 'canceled', 'unconfirmed']
    for (const { number, word } of states.map((state) => smppState(state))) assert.match(told, new RegExp(`\\| ${number} +\\| ${word} \\|`))
  })

  it('settings that do not hold are told in words', () => {
    for (const zone of ['UTC', '+02:00', '-11:45', 'Europe/Berlin', 'America/St_Johns']) assert.equal(settings({ zone }).zone, zone)
    for (const zone of ['Mars/Olympus', '+25:00', '+02', '+01:13', '']) {
      assert.match(receiptSettings.safeParse({ zone }).error?.message ?? '', /Europe\/Berlin/, zone)
    }
  })
})

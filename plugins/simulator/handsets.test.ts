import assert from 'node:assert/strict'
import { test } from 'node:test'
import { joinUserData, split, type BindPolicy } from '../../src/plugin.ts'
import { createParser, encodePdu, integer16, integer8, tags, type Draft, type PduOf, type Tlv } from '../smpp/codec/index.ts'
import { arrived, createHandsets, type Handsets } from './handsets.ts'

/** Through the codec, as it would arrive. */
function submit(fields: Partial<PduOf<'submit_sm'>>): PduOf<'submit_sm'> {
  const draft: Draft = { command: 'submit_sm', sequence_number: 1, ...fields }
  let read: PduOf<'submit_sm'> | undefined
  createParser({ onPdu: (pdu) => (read = pdu as PduOf<'submit_sm'>), onBad: (bad) => assert.fail(bad.reason) }).push(encodePdu(draft))
  return read!
}

function parts(text: string, concatenation: BindPolicy['concatenation'], reference = 7): PduOf<'submit_sm'>[] {
  return split({ kind: 'text', text }, { concatenation, reference, nationalTables: [1] }).map(({ alphabet, data, udh, index, total }) => {
    const sar: Tlv[] = [
      integer16(tags.sar_msg_ref_num, reference),
      integer8(tags.sar_total_segments, total),
      integer8(tags.sar_segment_seqnum, index + 1),
    ]
    return submit({
      source_addr: 'ACME',
      source_addr_ton: 5,
      destination_addr: '447700900123',
      dest_addr_ton: 1,
      esm_class: udh ? 0x40 : 0,
      data_coding: alphabet === 'ucs2' ? 8 : 0,
      ...(concatenation === 'payload'
        ? { tlvs: [[tags.message_payload, data] as const] }
        : { short_message: joinUserData(udh, data), tlvs: concatenation === 'sar' && total > 1 ? sar : [] }),
    })
  })
}

const take = (handsets: Handsets, pdus: readonly PduOf<'submit_sm'>[], at = 1000) => {
  for (const pdu of pdus) handsets.take(arrived(pdu, 'northern', at, 'DELIVRD'))
}

const texts = {
  'a short text with characters of the extension table': 'Price: {10} € @ [door]',
  'a long text': 'Lorem ipsum dolor sit amet, consetetur sadipscing elitr. '.repeat(8),
  'a long text in UCS-2 whose pairs sit on the seams': '🚂'.repeat(90),
  'a long text with a national table': 'İstanbul’da ğ ş ı ç '.replaceAll('’', "'").repeat(12),
}

for (const [what, text] of Object.entries(texts)) {
  for (const concatenation of ['udh8', 'udh16', 'sar', 'payload'] as const) {
    test(`${what} by ${concatenation} is shown as it was written, whatever order its parts come in`, () => {
      const handsets = createHandsets()
      const pdus = parts(text, concatenation)
      take(handsets, pdus.toReversed())
      assert.deepEqual(handsets.inbox(), [
        { carrier: 'northern', from: 'ACME', to: '+447700900123', text, segments: pdus.length, at: 1000, state: 'DELIVRD' },
      ])
    })
  }
}

test('a long message that lacks a part is not shown, and a repeated part is not counted twice', () => {
  const handsets = createHandsets()
  const pdus = parts('x'.repeat(400), 'udh8')
  assert.equal(pdus.length, 3)
  take(handsets, [pdus[0]!, pdus[0]!, pdus[2]!])
  assert.deepEqual(handsets.inbox(), [])
  take(handsets, [pdus[1]!])
  assert.equal(handsets.inbox()[0]!.segments, 3)
})

test('two long messages with the same reference to two handsets do not mix', () => {
  const handsets = createHandsets()
  const one = parts('a'.repeat(300), 'udh8')
  const other = parts('b'.repeat(300), 'udh8').map((pdu) => ({ ...pdu, destination_addr: '447700900124' }))
  take(handsets, [one[0]!, other[0]!, one[1]!, other[1]!])
  assert.deepEqual(
    handsets.inbox().map(({ text }) => text),
    ['b'.repeat(300), 'a'.repeat(300)],
  )
})

test('codings other than the default are read: Latin-1, UCS-2 by class, binary', () => {
  const handsets = createHandsets()
  take(handsets, [
    submit({ data_coding: 3, short_message: Buffer.from('é', 'latin1') }),
    submit({ data_coding: 0x18, short_message: Buffer.from([0x04, 0x16]) }),
    submit({ data_coding: 0x10, short_message: Buffer.from([0x00]) }),
    submit({ data_coding: 4, short_message: Buffer.from([1, 0xff]) }),
  ])
  assert.deepEqual(
    handsets.inbox().map(({ text }) => text),
    ['01ff', '@', 'Ж', 'é'],
  )
})

test('the inbox keeps the newest thousand, newest first', () => {
  const handsets = createHandsets()
  take(
    handsets,
    Array.from({ length: 1500 }, (_, n) => submit({ short_message: Buffer.from(`n${n}`) })),
  )
  const inbox = handsets.inbox()
  assert.equal(inbox.length, 1000)
  assert.deepEqual([inbox[0]!.text, inbox.at(-1)!.text], ['n1499', 'n500'])
  assert.equal(handsets.inbox(3).length, 3)
})

test('a malformed header is shown as what it is, not joined', () => {
  const handsets = createHandsets()
  take(handsets, [submit({ esm_class: 0x40, short_message: Buffer.from([200, 1, 2]) }), submit({ esm_class: 0x40 })])
  assert.equal(handsets.inbox().length, 2)
})

// What an app says by SIP is what a carrier reads by SMPP, and the other way round: the table of
// docs/sip-headers.md, through the mapping of the other connector.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { type Message, split, type Submission } from '../../../src/plugin.ts'
import type { PduOf } from '../../smpp/codec/index.ts'
import { plainSubmit } from '../../smpp/codec/samples.ts'
import { smppConfig } from '../../smpp/config.ts'
import { readDelivery } from '../../smpp/mapping/deliver.ts'
import { submitSm } from '../../smpp/mapping/submit.ts'
import { tlvRules } from '../../smpp/mapping/tlvs.ts'
import { draftOf } from './draft.ts'
import { names } from './headers.ts'
import { type Asking, header, messageOf, now, worldOf } from './message.fixture.ts'

const config = smppConfig.parse({ host: 'h', systemId: 's', validity: 'absolute' })
const tlvs = tlvRules(config)

/** What the carrier of an SMPP bind is sent for a MESSAGE. */
async function submitted(asking: Asking): Promise<PduOf<'submit_sm'>[]> {
  const { id: _, ...submission }: Submission = await worldOf({ numbers: [{ value: '+15550009999' }] }).taken(asking)
  const message: Message = { ...messageOf(), direction: 'mt', ...submission, validUntil: submission.validUntil ?? now }
  return split(message.body, { concatenation: 'udh8', reference: 7 }).map((segment) =>
    submitSm(message, segment, { config, concatenation: 'udh8', now, tlvs }),
  )
}

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')

describe('a MESSAGE as submit_sm', () => {
  const octetStream = 'application/octet-stream'
  for (const [name, asking, data_coding, esm_class, short_message] of [
    ['X-SMS-CODING: 0', { headers: [names.coding, '0'] }, 0x00, 0, hex(Buffer.from('Hello'))],
    ['no X-SMS-CODING', {}, 0x00, 0, hex(Buffer.from('Hello'))],
    ['X-SMS-CODING: 1', { headers: [names.coding, '1'] }, 0x04, 0, hex(Buffer.from('Hello'))],
    ['X-SMS-CODING: 2', { headers: [names.coding, '2'], body: 'Hi' }, 0x08, 0, '00480069'],
    ['a text beyond GSM', { body: 'Ж' }, 0x08, 0, '0416'],
    ['octets', { type: octetStream, body: Buffer.from([0, 255]) }, 0x04, 0, '00ff'],
    ['X-M-CLASS: 0', { headers: [names.messageClass, '0'] }, 0x10, 0, hex(Buffer.from('Hello'))],
    ['X-M-CLASS: 2 of octets', { headers: [names.messageClass, '2'], type: octetStream, body: Buffer.from([1]) }, 0xf6, 0, '01'],
    [
      'X-SMS-UDH',
      { headers: [names.udh, '06050413011301'], type: octetStream, body: Buffer.from([1, 2]) },
      0x04,
      0x40,
      '060504130113010102',
    ],
  ] as const) {
    test(name, async () => {
      const [pdu, more] = await submitted(asking)
      assert.equal(more, undefined)
      assert.deepEqual([pdu!.data_coding, pdu!.esm_class, hex(pdu!.short_message)], [data_coding, esm_class, short_message])
      assert.deepEqual([pdu!.source_addr, pdu!.destination_addr], ['15550009999', '15550001111'])
    })
  }

  test('X-SMS-VALIDITY, Priority', async () => {
    const [pdu] = await submitted({ headers: [names.validity, '2026-11-22 10:00:00', 'Priority', 'urgent'] })
    assert.deepEqual([pdu!.validity_period, pdu!.priority_flag], ['261122100000000+', 2])
  })

  test('a long text in parts', async () => {
    assert.equal((await submitted({ body: 'a'.repeat(161) })).length, 2)
  })
})

/** What a user is sent for a deliver_sm. */
function delivered(pdu: Partial<PduOf<'deliver_sm'>>): (name: string) => string | undefined {
  const read = readDelivery(
    {
      ...plainSubmit,
      command: 'deliver_sm',
      source_addr_ton: 1,
      source_addr_npi: 1,
      source_addr: '15550002222',
      destination_addr: '15550009999',
      short_message: Buffer.from('Hello'),
      ...pdu,
    },
    { config, owned: () => true, tlvs },
  )
  assert.ok(read.kind === 'message', read.kind)
  const { peer } = worldOf()
  const draft = draftOf(messageOf({ ...read.submission, validUntil: now + 1000 }), {
    peer,
    asksReceipts: false,
    fromUri: ({ value }) => `sip:${value}@acme.example`,
    toUri: () => 'sip:alice@acme.example',
    ask: () => Promise.resolve({ kind: 'unsent', why: 'nowhere' }),
    final: () => undefined,
  })
  return (name) => (name === 'From' ? draft.from : name === 'body' ? hex(draft.body) : header(draft.headers, name))
}

describe('a deliver_sm as MESSAGE', () => {
  for (const [name, pdu, coding, type, body, more] of [
    ['GSM 7-bit', {}, '0', 'text/plain;charset=UTF-8', hex(Buffer.from('Hello')), []],
    ['UCS-2', { data_coding: 8, short_message: Buffer.from('0416', 'hex') }, '2', 'text/plain;charset=UTF-8', hex(Buffer.from('Ж')), []],
    ['8-bit', { data_coding: 4, short_message: Buffer.from([0, 255]) }, '1', 'application/octet-stream', '00ff', []],
    ['class 0', { data_coding: 0x10 }, '0', 'text/plain;charset=UTF-8', hex(Buffer.from('Hello')), [names.messageClass, '0']],
    [
      'a header with ports',
      { data_coding: 4, esm_class: 0x40, short_message: Buffer.from('06050413011301aa', 'hex') },
      '1',
      'application/octet-stream',
      'aa',
      [names.udh, '06050413011301'],
    ],
  ] as const) {
    test(name, () => {
      const of = delivered(pdu)
      assert.deepEqual([of(names.coding), of('Content-Type'), of('body')], [coding, type, body])
      if (more.length === 2) assert.equal(of(more[0]), more[1])
      assert.equal(of('From'), '<sip:+15550002222@acme.example>')
      assert.equal(of(names.smsc), 'carrier')
    })
  }
})

test('docs/sip-headers.md has a row for every header that is read or written', () => {
  const page = readFileSync('docs/sip-headers.md', 'utf8')
  for (const name of Object.values(names)) assert.match(page, new RegExp(`^\\| \`${name}\``, 'm'), name)
  for (const name of ['Content-Type', 'Content-Encoding', 'Expires', 'Priority', 'Date', 'In-Reply-To', 'Retry-After', 'Warning'])
    assert.match(page, new RegExp(`^\\| \`${name}\``, 'm'), name)
})

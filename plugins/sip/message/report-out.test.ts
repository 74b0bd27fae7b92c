// Reports to whoever sent a message: notifications, marked MESSAGEs, SMPP text; and what one gateway
// says of a message is read by another as it was meant.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Message, Report } from '../../../src/plugin.ts'
import type { OutRequest } from '../engine/engine.ts'
import type { MessageSettings } from '../profile/types.ts'
import { readCpim } from './cpim.ts'
import { readNotifications } from './imdn.ts'
import { header, messageOf, now, phone, user, worldOf } from './message.fixture.ts'

const signal = new AbortController().signal

describe('a report', () => {
  const notes = { 'sip.callId': 'Xo7Vd2~k9Q', 'sip.from': 'sip:alice@acme.example', 'sip.to': 'sip:+15550001111@acme.example' }
  const sent = (more: Partial<Message> = {}) => messageOf({ direction: 'mt', receipt: 'both', report: notes, ...more })
  const delivered: Report = { state: 'delivered', at: now + 5000, doneAt: now + 4000, error: '000' }

  async function told(message: Message, report: Report, terms: Partial<MessageSettings>): Promise<OutRequest | undefined> {
    const { engine, session } = user([phone], 'all', terms)
    const outcome = await session.report!(message, report, signal)
    assert.ok(outcome.ok)
    assert.deepEqual(outcome.refs, [])
    return engine.sent[0]
  }

  test('is a notification in CPIM, from whom the message was for', async () => {
    const report = {
      ...notes,
      'sip.imdn': '34jk',
      'sip.dateTime': '2026-11-21T14:00:00+01:00',
      'sip.route': '<sip:a>\n<sip:b>',
      'sip.originalTo': 'tel:+1',
    }
    const request = await told(sent({ report }), delivered, { receipts: 'imdn' })
    assert.ok(request)
    assert.deepEqual([request.uri, request.from, request.to], [phone.uri, '<sip:+15550001111@acme.example>', '<sip:alice@acme.example>'])
    assert.equal(header(request.headers, 'Content-Type'), 'message/cpim')
    assert.equal(header(request.headers, 'In-Reply-To'), 'Xo7Vd2~k9Q')
    assert.equal(header(request.headers, 'X-SMS-Receipt'), 'delivered;err=000;done=2026-11-21T14:05:13Z')
    assert.equal(header(request.headers, 'X-SMS-Message-ID'), messageOf().id)
    const read = readCpim(request.body)
    assert.ok(read.ok)
    const { cpim } = read
    assert.deepEqual([cpim.contentType, cpim.contentHeaders.get('content-disposition')], ['message/imdn+xml', 'notification'])
    assert.equal(cpim.imdn?.dispositionNotification, undefined, 'never a notification for a notification')
    assert.match(request.body.toString(), /imdn\.IMDN-Route: <sip:a>\r\nimdn\.IMDN-Route: <sip:b>\r\n/)
    const notified = readNotifications(cpim.contentType, cpim.body)
    assert.ok(notified.ok)
    assert.deepEqual(notified.notifications, [
      {
        messageId: '34jk',
        dateTime: '2026-11-21T14:00:00+01:00',
        recipientUri: 'sip:+15550001111@acme.example',
        originalRecipientUri: 'tel:+1',
        type: 'delivery',
        status: 'delivered',
      },
    ])
  })

  for (const [name, report, status, toLinphone = status] of [
    ['undelivered', { failure: { kind: 'permanent', code: 'absent-subscriber' } }, 'failed'],
    ['failed', { failure: { kind: 'permanent', code: 'blocked' } }, 'forbidden', 'failed'],
    ['failed', { failure: { kind: 'permanent', code: 'not-permitted' } }, 'forbidden', 'failed'],
    ['expired', {}, 'failed'],
    ['canceled', {}, 'failed'],
    ['unconfirmed', {}, 'error'],
    ['sent', {}, 'processed'],
  ] as const) {
    test(`of ${name} ${JSON.stringify(report)} is ${status}, to Linphone ${toLinphone}`, async () => {
      const said: Report = { state: name, at: now, ...report }
      const wrapped = await told(sent(), said, { receipts: 'imdn' })
      assert.match(wrapped!.body.toString(), new RegExp(`<status><${status}/></status>`))
      assert.match(wrapped!.body.toString(), /<message-id>Xo7Vd2~k9Q<\/message-id>/)
      const bare = await told(sent({ report: { ...notes, 'sip.bare': '1' } }), said, { receipts: 'imdn' })
      assert.equal(header(bare!.headers, 'Content-Type'), 'message/imdn+xml')
      assert.match(bare!.body.toString(), new RegExp(`^<\\?xml.*<status><${toLinphone}/></status>`, 's'))
    })
  }

  test('is a marked MESSAGE, or SMPP text without a mark', async () => {
    const failed: Report = {
      state: 'undelivered',
      at: now + 61_000,
      error: '027',
      failure: { kind: 'permanent', code: 'absent-subscriber' },
    }
    const marked = await told(sent(), failed, { receipts: 'x-header' })
    assert.equal(header(marked!.headers, 'X-SMS-Receipt'), 'undeliverable;err=027;done=2026-11-21T14:06:10Z')
    const text = await told(sent(), failed, { receipts: 'text' })
    assert.equal(header(text!.headers, 'X-SMS-Receipt'), undefined)
    assert.equal(
      text!.body.toString(),
      `id:${messageOf().id} sub:001 dlvrd:000 submit date:2611211405 done date:2611211406 stat:UNDELIV err:027 text:Hello`,
    )
    assert.equal(await told(sent(), failed, { receipts: 'none' }), undefined)
  })

  test('keeps its Call-ID over its attempts, and that is no name of a message', async () => {
    const [one, two] = [await told(sent(), delivered, { receipts: 'text' }), await told(sent(), delivered, { receipts: 'text' })]
    assert.equal(one!.callId, two!.callId)
    assert.doesNotMatch(one!.callId!, /^[0-9a-f]{32}$/)
  })

  test('of one gateway is read by another as it was meant', async () => {
    for (const [receipts, expected] of [
      ['imdn', 'delivered'],
      ['x-header', 'delivered'],
      ['text', 'delivered'],
    ] as const) {
      const ours = 'cd'.repeat(16)
      const request = await told(sent({ report: { ...notes, 'sip.callId': ours, 'sip.imdn': ours } }), delivered, { receipts })
      const world = worldOf({ kind: 'trunk', side: 'supplier', name: 'external/them', terms: { receipts } })
      const type = header(request!.headers, 'Content-Type')
      const headers = request!.headers.slice(2)
      assert.equal((await world.say({ type, headers, body: request!.body })).status < 300, true)
      assert.deepEqual(
        world.receipts.map(({ ref, state, final }) => [ref, state, final]),
        [[ours, expected, true]],
      )
    }
  })
})

// What phones are told of what they submitted: SMS-STATUS-REPORT in RP-DATA.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { MessageState, Report, Submission } from '../../../src/plugin.ts'
import { messageOf, now } from '../message/message.fixture.ts'
import { ack, type Core, coreOf, error, failureOf, later, own, saying, submitted } from './ims.fixture.ts'
import { type StatusReport, timeAt } from './tpdu/index.ts'

describe('an SMS-STATUS-REPORT', () => {
  const at = now + 60_000

  async function reported(core: Core, submission: Submission, report: Partial<Report> & { state: MessageState }): Promise<StatusReport[]> {
    const before = core.told.length
    saying(core, ack)
    const { idempotencyKey: _key, ...rest } = submission
    const message = messageOf(rest)
    assert.ok(core.ims.knows(message))
    const way = { ...core.byTrunk, peer: core.peer }
    const outcome = await core.ims.report(message, { at, ...report }, way, new AbortController().signal)
    assert.equal(outcome.ok, true)
    return core.told.slice(before).map(({ tpdu }) => {
      assert.ok(tpdu?.type === 'status-report')
      return tpdu
    })
  }

  test('names the SMS-SUBMIT as its phone did: TP-MR, the number as dialled, the TP-SCTS that it was told', async () => {
    const core = coreOf()
    const destination = { ton: 0, npi: 1, value: '0600000000' }
    await core.hears(submitted({ mr: 200, statusReportRequest: true, destination }))
    await later()
    const [told] = core.told
    assert.ok(told?.tpdu?.type === 'submit-report')
    const [submission] = core.accepted
    assert.equal(submission?.receipt, 'both')
    await core.clock.advance(5000)
    const [report, ...others] = await reported(core, submission, { state: 'delivered', doneAt: now + 30_000 })
    assert.equal(others.length, 0)
    assert.deepEqual(report, {
      type: 'status-report',
      moreMessages: false,
      loopPrevention: false,
      qualifier: 'submit',
      mr: 200,
      recipient: destination,
      scts: told.tpdu.scts,
      discharge: timeAt(now + 30_000),
      status: 0,
    })
    assert.equal(core.told[1]?.request.uri, 'sip:alice@acme.example')
  })

  test('comes for each part that asked for one', async () => {
    const core = coreOf()
    for (const [index, mr] of [
      [1, 30],
      [2, 31],
      [3, 32],
    ] as const)
      await core.hears(
        submitted({ mr, statusReportRequest: index !== 2, userData: { udh: Uint8Array.of(0, 3, 9, 3, index), data: Uint8Array.of(0x48) } }),
      )
    const submissions = core.parts.map(({ submission }) => submission)
    const notes = Object.assign({}, ...submissions.map(({ report }) => report)) as Record<string, string>
    const reports = await reported(
      core,
      { ...submissions[0]!, report: notes },
      { state: 'failed', failure: { kind: 'permanent', code: 'unknown-subscriber' } },
    )
    assert.deepEqual(
      reports.map(({ mr, status, moreMessages }) => [mr, status, moreMessages]),
      [
        [30, 0x43, true],
        [32, 0x43, false],
      ],
    )
  })

  const states: [report: Partial<Report> & { state: MessageState }, status: number][] = [
    [{ state: 'delivered' }, 0x00],
    [{ state: 'unconfirmed' }, 0x01],
    [{ state: 'sent' }, 0x22],
    [{ state: 'expired' }, 0x46],
    [{ state: 'canceled' }, 0x47],
    [{ state: 'undelivered', failure: { kind: 'permanent', code: 'absent-subscriber' } }, 0x62],
    [{ state: 'undelivered' }, 0x40],
    [{ state: 'failed', failure: { kind: 'permanent', code: 'blocked' } }, 0x42],
    [{ state: 'failed', failure: { kind: 'permanent', code: 'invalid-destination' } }, 0x41],
  ]
  for (const [report, status] of states) {
    test(`says ${report.state}${report.failure ? ` (${report.failure.code})` : ''} by TP-ST 0x${status.toString(16)}`, async () => {
      const core = coreOf()
      await core.hears(submitted({ statusReportRequest: true }))
      assert.equal((await reported(core, core.accepted[0]!, report))[0]?.status, status)
    })
  }

  test('that the phone refuses is a failure of the report', async () => {
    const core = coreOf()
    await core.hears(submitted({ statusReportRequest: true }))
    await later()
    saying(core, error(22))
    const message = messageOf({ report: core.accepted[0]!.report!, from: own })
    const outcome = await core.ims.report(
      message,
      { state: 'delivered', at },
      { ...core.byTrunk, peer: core.peer },
      new AbortController().signal,
    )
    assert.equal(failureOf(outcome).code, 'queue-full')
  })

  test('is not for a message that came as text', () => {
    assert.equal(coreOf().ims.knows(messageOf({ report: { 'sip.callId': 'x' } })), false)
  })
})

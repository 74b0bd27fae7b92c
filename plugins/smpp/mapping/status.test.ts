import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { statuses } from '../codec/index.ts'
import { bindFailure, submitFailure } from './status.ts'

describe('a status', () => {
  it('says what to do', () => {
    const of = (name: keyof typeof statuses) => {
      const { kind, code } = submitFailure(statuses[name])
      return `${kind} ${code}`
    }
    assert.equal(of('ESME_RTHROTTLED'), 'throttled throttled')
    assert.equal(of('ESME_RMSGQFUL'), 'throttled queue-full')
    assert.equal(of('ESME_RINVDSTADR'), 'permanent invalid-destination')
    assert.equal(of('ESME_RSYSERR'), 'temporary peer-error')
    assert.equal(of('ESME_RX_T_APPN'), 'temporary peer-error')
    assert.equal(submitFailure(0x0b).peer, 'ESME_RINVDSTADR 0x0000000b')
  })
  it('with a name is known to the actions of a bind by that name', () => {
    for (const [name, status] of Object.entries(statuses)) if (status !== 0) assert.equal(submitFailure(status).peerCode, name)
  })
  it('without a name is known by its eight hexadecimal digits, and temporary', () => {
    assert.deepEqual(submitFailure(0x403), {
      kind: 'temporary',
      code: 'peer-error',
      peer: "0x00000403, a status of the vendor's own",
      peerCode: '0x00000403',
    })
    assert.match(submitFailure(0x1234_5678).peer!, /^0x12345678, a status that no version of SMPP names$/)
  })
  it('of any number is a failure of a known kind', () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), (status) => {
        const { kind, peerCode } = submitFailure(status)
        assert.ok(['temporary', 'throttled', 'permanent'].includes(kind))
        assert.match(peerCode!, /^(?:ESME_R[A-Z_]+|0x[0-9a-f]{8})$/)
      }),
    )
  })
  it('of a bind is for good only where an operator must put something right', () => {
    const forGood = Object.entries(statuses).flatMap(([name, status]) => (bindFailure(status).kind === 'permanent' ? [name] : []))
    assert.deepEqual(forGood, [
      'ESME_RINVPASWD',
      'ESME_RINVSYSID',
      'ESME_RINVSYSTYP',
      'ESME_RSERTYPUNAUTH',
      'ESME_RPROHIBITED',
      'ESME_RSERTYPDENIED',
    ])
  })
  it('of a bind is told in words', () => {
    assert.equal(bindFailure(statuses.ESME_RINVPASWD).kind, 'permanent')
    assert.match(bindFailure(statuses.ESME_RINVPASWD).peer!, /password/)
    assert.equal(bindFailure(statuses.ESME_RBINDFAIL).kind, 'temporary')
    assert.equal(bindFailure(0x4ff).kind, 'temporary')
  })
})

// A phone that does SMS over IMS, as seen from its gateway: it submits by RP-DATA, hears what MESSAGEs we
// send it, and says its verdict on each. Everything between is the real thing.
import assert from 'node:assert/strict'
import type { Address, FailureFacts, MessageId, Outcome, Outgoing } from '../../../src/plugin.ts'
import type { Contact, Peer } from '../access/peer.ts'
import { headersOf } from '../codec/index.ts'
import type { Incoming, OutRequest, Reply, Sent } from '../engine/engine.ts'
import { contactOf, type Given, messageOf, messageRequest, type World, worldOf } from '../message/message.fixture.ts'
import { createOpenSession } from '../message/user-session.ts'
import type { Draft, Ims, Way } from '../message/way.ts'
import { createBack } from './back.ts'
import { createIms } from './ip-sm-gw.ts'
import { readRp, type RpMessage, writeRp } from './rp.ts'
import { readToPhone, type Submit, type ToPhone, writeTpdu } from './tpdu/index.ts'

/** A MESSAGE that we sent, and what it says. */
export interface Told {
  request: OutRequest
  rp: RpMessage
  tpdu?: ToPhone
}

export interface Core extends World {
  ims: Ims
  told: Told[]
  reachable: Address[]
  triedAgain: MessageId[]
  /** What the engine is said to do. */
  carriesOctets: boolean
  contacts: Contact[]
  /** Called for each MESSAGE of ours; what it answers is its final response. */
  phone: (told: Told) => number | Sent
  /** The phone says this in a MESSAGE of its own. */
  hears(rp: RpMessage | Buffer, asking?: Asking): Promise<Reply>
  send(message?: Parameters<typeof messageOf>[0], more?: Partial<Outgoing>, signal?: AbortSignal): Promise<Outcome>
  /** By a trunk, behind which several phones are. */
  byTrunk: Way
}

export interface Asking {
  callId?: string
  from?: string
  inReplyTo?: string
  identity?: string
  peer?: Peer
}

export const phoneUri = 'sip:alice@192.0.2.1:5060'
export const own: Address = { value: '+15550002222', ton: 'international', npi: 'e164' }

export function coreOf(given: Given = {}): Core {
  const world = worldOf({ ...given, terms: { dialect: '3gpp', ...given.terms } })
  const told: Told[] = []
  const reachable: Address[] = []
  const triedAgain: MessageId[] = []
  Object.assign(world.peer.gateway, {
    reachable: (handset: Address) => void reachable.push(handset),
    tryAgain: (ids: readonly MessageId[]) => void triedAgain.push(...ids),
  })
  const engine = {
    send(request: OutRequest): Promise<Sent> {
      const read = readRp(new Uint8Array(request.body))
      assert.ok(read.ok, 'what we send is an RP message')
      const each: Told = { request, rp: read.rp }
      if (read.rp.type !== 'RP-SMMA' && read.rp.tpdu) {
        const tpdu = readToPhone(read.rp.tpdu, read.rp.type === 'RP-DATA' ? 'data' : read.rp.type === 'RP-ACK' ? 'ack' : 'error')
        assert.ok(tpdu.ok, 'with a TPDU that a phone can read')
        each.tpdu = tpdu.tpdu
      }
      told.push(each)
      const said = core.phone(each)
      if (typeof said !== 'number') return Promise.resolve(said)
      return Promise.resolve({ kind: 'answered', status: said, reason: 'Reason', headers: headersOf([]), body: Buffer.alloc(0) })
    },
  }
  const contact = contactOf(phoneUri, { path: ['<sip:p-cscf.ims.example;lr>'] })
  const ims = createIms({
    clock: world.clock,
    directory: { isUser: () => false, numberOf: () => own.value },
    back: createBack({ engine: () => engine, contacts: () => core.contacts }),
    carriesOctets: () => core.carriesOctets,
  })
  const session = createOpenSession({ clock: world.clock, engineOf: () => engine, ims })(
    world.peer,
    () => core.contacts,
    world.peer.profile.registrar,
  )
  const core: Core = Object.assign(world, {
    ims,
    told,
    reachable,
    triedAgain,
    carriesOctets: true,
    contacts: [contact],
    phone: () => 202,
    hears(rp: RpMessage | Buffer, asking: Asking = {}): Promise<Reply> {
      return new Promise<Reply>((resolve) => ims.take(asking.peer ?? world.peer, requestOf(rp, asking), resolve))
    },
    send(message: Parameters<typeof messageOf>[0] = {}, more: Partial<Outgoing> = {}, signal = new AbortController().signal) {
      const out: Outgoing = { message: messageOf({ to: own, ...message }), segments: [], attempt: 0, ...more }
      return session.send!(out, signal)
    },
    byTrunk: {
      peer: { ...world.peer, kind: 'trunk' as const, name: 'core' },
      asksReceipts: false,
      fromUri: ({ value }: Address) => `sip:${value}@gateway.example`,
      toUri: ({ value }: Address) => `sip:${value}@ims.example`,
      ask: ({ uri, from, to, headers, body, callId }: Draft) =>
        engine.send({ method: 'MESSAGE', uri, via: contact.flow, from, to, headers, body, callId }),
      final: () => undefined,
    },
  })
  return core
}

function requestOf(rp: RpMessage | Buffer, { callId, from, inReplyTo, identity }: Asking): Incoming {
  const headers: string[] = []
  if (inReplyTo !== undefined) headers.push('In-Reply-To', inReplyTo)
  if (identity !== undefined) headers.push('P-Asserted-Identity', `<${identity}>`)
  return messageRequest({
    uri: 'sip:+447785016005@acme.example',
    type: 'application/vnd.3gpp.sms',
    headers,
    body: Buffer.isBuffer(rp) ? rp : writeRp(rp),
    ...(callId === undefined ? {} : { callId }),
    ...(from === undefined ? {} : { from }),
  })
}

const latin = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'))

export function submitOf(more: Partial<Submit> = {}): Submit {
  return {
    type: 'submit',
    rejectDuplicates: false,
    statusReportRequest: false,
    replyPath: false,
    mr: 17,
    destination: { ton: 1, npi: 1, value: '15550001111' },
    pid: 0,
    dcs: 0,
    validity: { form: 'none' },
    userData: { data: latin('Hello') },
    ...more,
  }
}

export function submitted(more: Partial<Submit> = {}, reference = 5): RpMessage {
  return {
    type: 'RP-DATA',
    way: 'mo',
    reference,
    destination: { ton: 1, npi: 1, value: '447785016005' },
    tpdu: writeTpdu(submitOf(more)),
  }
}

export const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export const ack = ({ rp }: Told): RpMessage => ({
  type: 'RP-ACK',
  way: 'mo',
  reference: rp.reference,
  tpdu: writeTpdu({ type: 'deliver-report' }),
})
export const error =
  (cause: number, fcs?: number) =>
  ({ rp }: Told): RpMessage => {
    const said: RpMessage = { type: 'RP-ERROR', way: 'mo', reference: rp.reference, cause }
    return fcs === undefined ? said : { ...said, tpdu: writeTpdu({ type: 'deliver-report', fcs }) }
  }

/** The phone says 200 and, a little later, these verdicts in turn; the last one stays. */
export function saying(core: Core, ...verdicts: ((told: Told) => RpMessage)[]): void {
  core.phone = (told) => {
    const verdict = verdicts.length > 1 ? verdicts.shift()! : verdicts[0]!
    setImmediate(() => void core.hears(verdict(told)))
    return 200
  }
}

export function failureOf(outcome: Outcome): FailureFacts {
  assert.ok(!outcome.ok)
  return outcome.failure
}

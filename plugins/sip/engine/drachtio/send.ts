// Requests of ours: each is settled once, by a final response, by its time, or by the end of the
// link. srf waits without end and without bound; here both are set.
import type { Clock } from '../../../../src/plugin.ts'
import { readMessage } from '../../codec/index.ts'
import type { EngineCounts, Flow, OutRequest, Sent } from '../engine.ts'
import type { Flows } from './flows.ts'
import type { Link } from './link.ts'
import { outgoing } from './outgoing.ts'
import type { SrfResponse, SrfSent } from './srf.ts'

export interface Sender {
  send(request: OutRequest, signal: AbortSignal, link: Link | undefined): Promise<Sent>
  /** The link is gone: what was written to it may have left or not. */
  lost(why: string): void
  open(): number
}

export interface SenderParts {
  clock: Clock
  timerFMs: number
  /** Requests that wait for their response at once. */
  most: number
  counts: EngineCounts
  flows: Flows
  /** For whoever traces. */
  seen(direction: 'in' | 'out', text: string, flow: Flow): void
}

/** The server says at once that it has sent a request; one that does not is stuck. */
const acknowledgeMs = 10_000

export function createSender({ clock, timerFMs, most, counts, flows, seen }: SenderParts): Sender {
  const open = new Set<(sent: Sent) => void>()
  /** A session has one signal for all that it sends: it is listened to once. */
  const bySignal = new WeakMap<AbortSignal, Set<() => void>>()
  const watched = (signal: AbortSignal): Set<() => void> => {
    const there = bySignal.get(signal)
    if (there !== undefined) return there
    const calls = new Set<() => void>()
    bySignal.set(signal, calls)
    signal.addEventListener('abort', () => calls.forEach((call) => call()), { once: true })
    return calls
  }
  const send = (request: OutRequest, signal: AbortSignal, link: Link | undefined): Promise<Sent> => {
    if (signal.aborted) return unsent('given up')
    if (link === undefined) return unsent('the drachtio server is away')
    if (open.size >= most) return unsent(`more than ${most} requests are open`)
    if ('remote' in request.via && !request.via.open) return unsent('the flow is gone')
    const { via } = request
    const options = outgoing(request)
    if ('why' in options) return Promise.resolve(options)
    const wire: string[] = []
    return new Promise((resolve) => {
      let known: SrfSent | undefined
      let cancelAcknowledge = (): void => undefined
      const settle = (sent: Sent): void => {
        if (!open.delete(settle)) return
        cancelLimit()
        cancelAcknowledge()
        givingUp.delete(giveUp)
        if (known !== undefined && sent.kind !== 'answered') link.forget(known)
        resolve(sent.kind === 'unsent' || sent.kind === 'refused' ? sent : { ...sent, wire })
      }
      const giveUp = (): void => settle({ kind: 'timeout', why: 'given up before a final response' })
      open.add(settle)
      const limitMs = request.limitMs ?? timerFMs
      const cancelLimit = clock.after(limitMs, () => settle({ kind: 'timeout', why: `no final response within ${limitMs / 1000} s` }))
      cancelAcknowledge = clock.after(acknowledgeMs, () => link.drop(`no answer to a request within ${acknowledgeMs / 1000} s`))
      const givingUp = watched(signal)
      givingUp.add(giveUp)
      link.request(request.uri, options, {
        failed: (why) => settle({ kind: 'unsent', why }),
        sent(made) {
          cancelAcknowledge()
          known = made
          const callId = made.get('call-id') ?? ''
          wire.push(`${request.method} ${request.uri} SIP/2.0; Call-ID: ${callId}; to ${options.proxy}`)
          const flow = flowOf(via, flows)
          seen('out', made.raw, flow)
          if (!open.has(settle)) return link.forget(made)
          made.on('response', (response: SrfResponse) => {
            counts.responses++
            seen('in', response.raw, flow)
            if (response.status < 200) return
            wire.push(`SIP/2.0 ${response.status} ${response.reason}; Call-ID: ${callId}; from ${options.proxy}`)
            settle(answered(response))
          })
        },
      })
    })
  }
  return {
    send,
    lost(why) {
      for (const settle of open) settle({ kind: 'lost', why })
    },
    open: () => open.size,
  }
}

const unsent = (why: string): Promise<Sent> => Promise.resolve({ kind: 'unsent', why })

/** Of a hop the server does not say which listener of its own it used. */
function flowOf(via: OutRequest['via'], flows: Flows): Flow {
  if ('remote' in via) return via
  return flows.of(via.transport, { address: via.address, port: via.port }, { address: '0.0.0.0', port: 0 })
}

/** What the server makes up itself, since nothing came or the connection broke, has no Via: it was in no message. */
function answered({ raw, status, reason }: SrfResponse): Sent {
  const message = readMessage(Buffer.from(raw, 'utf8'))
  if (message.kind === 'response')
    return { kind: 'answered', status: message.status, reason: message.reason, headers: message.headers, body: message.body }
  if (status === 408) return { kind: 'timeout', why: 'no final response came to the drachtio server' }
  return { kind: 'lost', why: `the drachtio server could not send it, or read the response to it: ${status} ${reason}` }
}

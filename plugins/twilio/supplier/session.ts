// Twilio's API, or another Signalbox's, as a carrier. There is no connection to hold: a session begins when
// the API has shown that it is there and takes our credentials, and ends when it cannot be reached or takes
// them no more; the bind is dialled again then, and what waits for it is none the worse. A request that
// may have been written and has no answer is of unknown outcome. Nothing here rejects but the dial.
import {
  createDrain,
  Failure,
  OutboundError,
  sessionCloses,
  type Drain,
  type FailureFacts,
  type Gateway,
  type Message,
  type Outcome,
  type Outgoing,
  type Receipt,
  type Session,
} from '../../../src/plugin.ts'
import type { SupplierConfig } from './settings.ts'
import { receiptOf } from './status.ts'
import { callbackUrl, createRequest, fetchRequest, probeRequest, readAnswer, refusalOf, validitySeconds } from './wire.ts'

type Supplier = Gateway<SupplierConfig>

/** Resolves when the API has answered as Twilio's does; rejects with a Failure. */
export async function supplierSession(gateway: Supplier, signal: AbortSignal): Promise<Session> {
  if (signal.aborted) throw new Failure('offline', 'connection-lost', 'the bind was stopped')
  await probe(gateway, signal)
  const drain = createDrain(gateway.clock, signal)
  const { config } = gateway.bind
  const statusCallback = callbackUrl(gateway.publicUrl, config.callbackSecret)

  return {
    async send(out) {
      if (!drain.enter()) return { ok: false, failure: sessionCloses }
      const outcome = await create(gateway, config, statusCallback, out, drain)
      drain.left()
      // Nothing more will be taken either: what is under way ends, then the bind is dialled again.
      if (!outcome.ok && outcome.failure.kind === 'offline') void drain.close(outcome.failure.peer ?? outcome.failure.code)
      return outcome
    },
    async query(_message: Message, refs) {
      if (!drain.enter()) return refs.map(() => undefined)
      const found: (Receipt | undefined)[] = []
      for (const ref of refs) found.push(await fetchStatus(gateway, config, ref, drain.signal))
      drain.left()
      return found
    },
    closed: drain.ended,
    close: () => drain.close(),
  }
}

function termsOf(gateway: Supplier, signal: AbortSignal) {
  return { allowPrivate: gateway.account().privateWebhooks, signal }
}

/** Asks for a message that nobody has: an API of this shape that knows us says 404 and 20404. */
async function probe(gateway: Supplier, signal: AbortSignal): Promise<void> {
  const { config } = gateway.bind
  const response = await gateway.outbound.request(probeRequest(config, termsOf(gateway, signal))).catch((error: unknown) => {
    const { kind, code, peer } = notAsked(error)
    throw new Failure(kind, code, peer, { cause: error })
  })
  const { status } = response
  const { kind, code, peer } = refusalOf(response, gateway.clock.now())
  if (status === 404 && readAnswer(response).code === 20404) return
  // A key that may send and not read; or one request too many: it is there.
  if (status === 429 || (status === 403 && code !== 'account-suspended')) return
  if (status >= 500 || status === 408) throw new Failure('temporary', code, peer)
  if (status === 401) throw new Failure('permanent', 'not-permitted', `${peer}: accountSid and authToken, or the key, are not taken`)
  if (kind === 'offline') throw new Failure('temporary', code, peer)
  throw new Failure('permanent', 'peer-error', `HTTP ${status}: baseUrl does not answer as Twilio's API does`)
}

async function create(
  gateway: Supplier,
  config: SupplierConfig,
  statusCallback: string,
  { message }: Outgoing,
  { signal }: Drain,
): Promise<Outcome> {
  const { clock } = gateway
  const startedAt = clock.now()
  const request = createRequest(config, message, statusCallback, startedAt, termsOf(gateway, signal))
  if (!request) return { ok: false, failure: { kind: 'permanent', code: 'invalid-body', peer: 'the API takes texts only' } }
  const what = `POST Messages ValidityPeriod=${validitySeconds(message, startedAt)}`
  let failure: FailureFacts
  try {
    const response = await gateway.outbound.request(request)
    const now = clock.now()
    if (response.status >= 200 && response.status < 300) {
      const { sid } = readAnswer(response)
      if (sid !== undefined) return { ok: true, refs: [sid], wire: [`${what}: HTTP ${response.status} ${sid} in ${now - startedAt} ms`] }
      failure = { kind: 'unknown', code: 'peer-error', peer: `HTTP ${response.status} without a SID` }
    } else failure = refusalOf(response, now)
  } catch (error) {
    failure = notAnswered(error)
  }
  return { ok: false, failure, wire: [`${what}: ${failure.peer ?? failure.code} in ${clock.now() - startedAt} ms`] }
}

/** Of a request that asked for nothing to be done: whether it was written is all the same. */
function notAsked(error: unknown): FailureFacts {
  if (!(error instanceof OutboundError)) return { kind: 'temporary', code: 'peer-error', peer: 'internal error' }
  const { kind } = error
  // Of the settings: nothing will ever be sent there.
  if (kind === 'refused') return { kind: 'permanent', code: 'not-permitted', peer: 'baseUrl leads to a private address' }
  if (kind === 'bad-url') return { kind: 'permanent', code: 'peer-error', peer: 'baseUrl is no URL' }
  const late = kind === 'connect-timeout' || kind === 'read-timeout' || kind === 'total-timeout'
  return { kind: 'offline', code: late ? 'peer-timeout' : 'connection-lost', peer: kind }
}

/** Not written: whatever is wrong, it is not the message. */
function notAnswered(error: unknown): FailureFacts {
  const facts = notAsked(error)
  if (error instanceof OutboundError) facts.kind = error.written ? 'unknown' : 'offline'
  return facts
}

async function fetchStatus(gateway: Supplier, config: SupplierConfig, ref: string, signal: AbortSignal): Promise<Receipt | undefined> {
  try {
    const response = await gateway.outbound.request(fetchRequest(config, ref, termsOf(gateway, signal)))
    const { status, errorCode } = readAnswer(response)
    return response.status === 200 && status !== undefined ? receiptOf(ref, { status, errorCode }) : undefined
  } catch (error) {
    gateway.log.debug({ ref, err: error }, 'the API could not be asked what became of a message')
    return undefined
  }
}

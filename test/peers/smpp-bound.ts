// Sessions of ours bound to a peer on a real socket, and words to ask them: for the tests.
import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import type { TestContext } from 'node:test'
import type { TestClock } from '../../src/clock.ts'
import { type Clock, type Outcome, type Session, systemClock } from '../../src/plugin.ts'
import { type Carrier, carrier, outgoing, rawCarrier, type Recorded, recorder } from './smpp-carrier.ts'
import { createParser, type Pdu } from '../../plugins/smpp/codec/index.ts'
import type { SmppConfig } from '../../plugins/smpp/config.ts'
import { smpp } from '../../plugins/smpp/index.ts'

export const never = new AbortController().signal

export async function bound(
  t: TestContext,
  answer?: Parameters<typeof carrier>[0],
  config: Partial<SmppConfig> = {},
  clock: Clock = systemClock,
): Promise<{ peer: Carrier; session: Session; recorded: Recorded }> {
  const peer = await carrier(answer)
  t.after(() => peer.close())
  const recorded = recorder(peer.port, config, {}, clock)
  const session = await smpp.dial!(recorded.gateway, never)
  return { peer, session, recorded }
}

export async function boundRaw(
  t: TestContext,
  afterBind: (socket: Socket) => void,
  config: Partial<SmppConfig> = {},
  clock: Clock = systemClock,
): Promise<{ session: Session; recorded: Recorded }> {
  const peer = await rawCarrier(afterBind)
  t.after(() => peer.close())
  const recorded = recorder(peer.port, config, {}, clock)
  return { recorded, session: await smpp.dial!(recorded.gateway, never) }
}

export const send = (session: Session, text = 'hello'): Promise<Outcome> => session.send!(outgoing(text), never)
export const failure = async (outcome: Promise<Outcome>): Promise<string> => {
  const got = await outcome
  return got.ok ? 'ok' : `${got.failure.kind} ${got.failure.code}`
}
export const commandsOf = (peer: Carrier): string[] => peer.got.map((pdu) => pdu.command)
/** What we say to a bare socket, decoded. */
export function parseOn(socket: Socket, onPdu: (pdu: Pdu) => void): void {
  const parser = createParser({ onPdu, onBad: (bad) => assert.fail(bad.reason) })
  socket.on('data', (chunk) => parser.push(chunk))
}

/** What comes of it while time goes on, for sessions that live by the test clock. */
export async function inTime<T>(clock: TestClock, promise: Promise<T>): Promise<T> {
  let isOver = false
  const over = promise.finally(() => (isOver = true))
  while (!isOver) {
    await clock.advance(50)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  return await over
}

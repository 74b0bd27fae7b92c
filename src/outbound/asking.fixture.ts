// What asks: an outbound that is closed after the tests, a request that reaches a peer on loopback, and how one fails.
import assert from 'node:assert/strict'
import { after } from 'node:test'
import { createOutbound, type Outbound } from '../outbound.ts'
import { OutboundError, type OutboundErrorKind, type OutboundRequest } from './contract.ts'

/** For the tests of a file: `closing` is called after the last of them, in turn. */
export function outbounds() {
  const closing: (() => unknown)[] = []
  after(async () => {
    for (const close of closing) await close()
  })
  function outbound(options: Parameters<typeof createOutbound>[0] = {}): Outbound {
    const made = createOutbound(options)
    closing.push(() => made.close())
    return made
  }
  return { closing, outbound }
}

export const ask = (url: string, more: Partial<OutboundRequest> = {}): OutboundRequest => ({
  method: 'POST',
  url,
  connectTimeoutMs: 30_000,
  readTimeoutMs: 30_000,
  totalTimeoutMs: 60_000,
  allowPrivate: true,
  maxBytes: 1000,
  redirects: 0,
  ...more,
})

export async function fails(kind: OutboundErrorKind, promise: Promise<unknown>): Promise<OutboundError> {
  const error: unknown = await promise.then(
    () => assert.fail('it was answered'),
    (e: unknown) => e,
  )
  assert.ok(error instanceof OutboundError, String(error))
  assert.equal(error.kind, kind, error.message)
  return error
}

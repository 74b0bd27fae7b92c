// What of a Gateway a test seldom minds: nothing waits, nothing is known, nobody is told. A test's own
// gateway is laid over it, with what it records.
import { newSid, type Gateway } from '../src/plugin.ts'

export const quietGateway = {
  begunAs: () => undefined,
  unfinished: () => undefined,
  cancelUnfinished: () => Promise.resolve(false),
  outcome: () => Promise.resolve(undefined),
  congestion() {},
  reachable() {},
  awaitReachable() {},
  tryAgain() {},
  newId: () => newSid(''),
  waiting: () => 0,
  congested: () => 0,
  resources: () => new Map(),
  sticky: () => undefined,
  attach: () => false,
  number: () => undefined,
  publicUrl: 'http://127.0.0.1',
} satisfies Partial<Gateway>

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { type FakeFlow, flowOf, frontOf, profileOf } from './access.fixture.ts'

// What the RFC says, with nothing but a list: whoever reads this should find §10.3 in it.
interface Bound {
  uri: string
  flow: number
  callId: string
  cseq: number
  expiresAt: number
}

const users = ['alice', 'bob'] as const
const minSeconds = 60
const maxContacts = 3

const contact = fc.record({ user: fc.nat(4), seconds: fc.constantFrom(0, 0, 30, 60, 100, 500) })
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('register' as const),
      aor: fc.nat(1),
      flow: fc.nat(2),
      callId: fc.nat(2),
      ahead: fc.integer({ min: -1, max: 2 }),
      contacts: fc.uniqueArray(contact, { maxLength: 4, selector: ({ user }) => user }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('clear' as const),
      aor: fc.nat(1),
      flow: fc.nat(2),
      callId: fc.nat(2),
      ahead: fc.integer({ min: -1, max: 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const), flow: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.integer({ min: 1, max: 120 }) }) },
)

function modelOf(now: () => number) {
  const bound: Record<string, Bound[]> = { alice: [], bob: [] }
  const live = (aor: string): Bound[] => (bound[aor] = bound[aor]!.filter(({ expiresAt }) => expiresAt > now()))
  return {
    live,
    close: (flow: number) => users.forEach((aor) => (bound[aor] = live(aor).filter((each) => each.flow !== flow))),
    clear(aor: string, callId: string, cseq: number): number {
      if (live(aor).some((each) => each.callId === callId && cseq <= each.cseq)) return 400
      bound[aor] = []
      return 200
    },
    register(aor: string, flow: number, callId: string, cseq: number, contacts: readonly { uri: string; seconds: number }[]): number {
      if (contacts.length > maxContacts) return 403
      if (contacts.some(({ seconds }) => seconds > 0 && seconds < minSeconds)) return 423
      const before = live(aor)
      const named = new Set(contacts.map(({ uri }) => uri))
      if (before.some((each) => named.has(each.uri) && each.callId === callId && cseq <= each.cseq)) return 400
      const kept = before.filter(({ uri }) => !named.has(uri))
      const put = contacts
        .filter(({ seconds }) => seconds > 0)
        .map(({ uri, seconds }) => ({ uri, flow, callId, cseq, expiresAt: now() + seconds * 1000 }))
      const isMore = put.some(({ uri }) => !before.some((each) => each.uri === uri))
      if (isMore && kept.length + put.length > maxContacts) return 403
      bound[aor] = [...kept, ...put]
      return 200
    },
  }
}

describe('the registrar, whatever comes in whatever order', () => {
  it('has the bindings that RFC 3261 §10.3 has, and sessions for exactly those who have any', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const profile = profileOf({
          auth: { register: 'trust' },
          registrar: { contactsPerAor: maxContacts, minExpiresSeconds: minSeconds },
        })
        const front = await frontOf({ profile })
        for (const user of users) front.core.user(user)
        const model = modelOf(front.clock.now)
        let opened = 0
        const open = (): FakeFlow => flowOf('192.0.2.1', 1000 + opened, 'tcp', opened++)
        const flows = [open(), open(), open()]
        let cseq = 10
        for (const each of steps) {
          if (each.kind === 'wait') await front.clock.advance(each.seconds * 1000)
          else if (each.kind === 'close') {
            flows[each.flow]!.close()
            flows[each.flow] = open()
            model.close(each.flow)
          } else {
            cseq += each.ahead
            const [aor, callId, flow] = [users[each.aor]!, `call-${each.callId}`, flows[each.flow]!]
            const from = `<sip:${aor}@acme.example>`
            if (each.kind === 'clear') {
              const reply = await front.ask({ from, callId, cseq, flow, headers: ['Contact', '*', 'Expires', '0'] })
              assert.equal(reply.status, model.clear(aor, callId, cseq))
            } else {
              const contacts = each.contacts.map(({ user, seconds }) => ({ uri: `sip:${user}@192.0.2.1`, seconds }))
              const headers = contacts.flatMap(({ uri, seconds }) => ['Contact', `<${uri}>;expires=${seconds}`])
              const reply = await front.ask({ from, callId, cseq, flow, headers })
              assert.equal(reply.status, model.register(aor, each.flow, callId, cseq, contacts))
            }
          }
          let size = 0
          for (const aor of users) {
            const wanted = model.live(aor)
            const got = front.registrar.contacts(`${aor}@acme.example`)
            const summary = ({ uri, callId, cseq: number, expiresAt }: Omit<Bound, 'flow'>) => `${uri} ${callId} ${number} ${expiresAt}`
            assert.deepEqual(got.map(summary).toSorted(), wanted.map(summary).toSorted())
            for (const { uri, flow } of got) assert.equal(flow, flows[wanted.find((other) => other.uri === uri)!.flow])
            size += got.length
            await Promise.resolve()
            const sessions = front.core.sessions.get(`AC1/${aor}`)!
            // What expired within this second may still have its session.
            assert.ok(got.length === 0 || sessions.size === 1)
          }
          await front.clock.advance(0)
          assert.ok(front.registrar.size() >= size)
        }
        await front.clock.advance(1000)
        for (const aor of users) assert.equal(front.core.sessions.get(`AC1/${aor}`)!.size, model.live(aor).length > 0 ? 1 : 0)
        await front.clock.advance(600_000)
        assert.equal(front.registrar.size(), 0)
        assert.ok(flows.every((flow) => flow.waiting() === 0))
        await front.registrar.close()
      }),
      { numRuns: 200 },
    )
  })
})

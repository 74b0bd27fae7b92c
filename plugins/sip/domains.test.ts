// One bind, several domains: its user's phones are found by whichever of them they registered.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Contact, Peer } from './access/index.ts'
import { createDomains, type DomainsParts } from './domains.ts'
import { contactOf } from './message/message.fixture.ts'

function worldOf(claimed: Readonly<Record<string, string>> = {}) {
  const registered = new Map<string, Contact[]>()
  const running = new Map<string, DomainsParts['running'] extends ReadonlyMap<string, infer Each> ? Each : never>()
  const profile = (name: string, domains: Record<string, string>): void => {
    const contacts = (aor: string): readonly Contact[] => registered.get(`${name} ${aor}`) ?? []
    running.set(name, { named: { profile: { domains } }, registrar: { contacts } })
  }
  profile('internal', { 'acme.example': 'AC1', localhost: 'AC1', 'other.example': 'AC2' })
  profile('office', { 'acme.example': 'AC1' })
  const host = { claimed: (_: string, name: string) => (claimed[name] === undefined ? [] : [{ bind: { account: claimed[name] } }]) }
  const domains = createDomains({ host: host as unknown as DomainsParts['host'], running })
  const peer = (name: string, config = {}): Peer =>
    ({ name, profile: { name: 'internal' }, gateway: { bind: { account: 'AC1', config } } }) as unknown as Peer
  return { domains, profile, registered, peer }
}

test('an account has its domains of every profile, and new ones when a profile has changed', () => {
  const { domains, profile } = worldOf()
  assert.deepEqual(domains.of('AC1'), ['acme.example', 'localhost'])
  assert.deepEqual(domains.of('AC3'), [])
  profile('new', { 'new.example': 'AC3' })
  domains.changed()
  assert.deepEqual(domains.of('AC3'), ['new.example'])
})

test('a user without a domain is found at its other domains and by other profiles, and nobody else is', () => {
  const { domains, registered, peer } = worldOf({ 'carol@localhost': 'AC1', 'dave@localhost': 'AC2' })
  const contact = contactOf('sip:x@192.0.2.1')
  for (const user of ['bob', 'carol', 'dave'])
    for (const at of ['internal _@acme.example', 'internal _@localhost', 'internal _@other.example', 'office _@acme.example'])
      registered.set(at.replace('_', user), [contact])
  const found = (name: string, config = {}): string[] => domains.elsewhere(peer(name, config)).map(({ profile }) => profile)
  assert.deepEqual(found('bob@acme.example'), ['internal', 'office'])
  assert.deepEqual(found('bob@localhost'), ['internal', 'office'])
  assert.deepEqual(found('bob@acme.example', { domain: 'acme.example' }), [])
  assert.deepEqual(found('carol@acme.example'), ['office'], 'another bind has that very name')
  assert.deepEqual(found('dave@acme.example'), ['internal', 'office'])
  assert.deepEqual(found('eve@acme.example'), [])
})

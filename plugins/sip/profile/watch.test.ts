import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { pino } from 'pino'
import { type Bed, profileBed } from './profile.fixture.ts'
import { type Change, type Watched, watchProfiles } from './watch.ts'

interface World extends Bed {
  watched: Watched
  changes: Change[]
  /** What was logged, as JSON. */
  lines: string[]
}

async function world(context: TestContext, files: Record<string, string>, pollMs = 60_000): Promise<World> {
  const bed = await profileBed(context, files)
  const changes: Change[] = []
  const lines: string[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) })
  const watched = await watchProfiles({ source: bed.source, log, changed: async (change) => void changes.push(change), pollMs })
  assert.ok(watched)
  context.after(() => watched.close())
  return { ...bed, watched, changes, lines }
}

const udp = (more = ''): string => `listen: { udp: "127.0.0.1:0" }\n${more}`
const trunk = (more = ''): string => `nextHops: ["sip:pbx.example"]\n${more}`

test('only what changed is told, and the rest are the same objects as before', async (context) => {
  const { watched, changes, write } = await world(context, { 'a.yaml': udp(), 'b.yaml': udp(), 'b/pbx.yaml': trunk() })
  const a = watched.profiles.get('a')
  await watched.look()
  assert.equal(changes.length, 0)
  await write('b.yaml', udp('domains: { acme.example: root }'))
  await watched.look()
  assert.deepEqual([[...changes[0]!.changedProfiles], [...changes[0]!.changedTrunks]], [['b'], []])
  assert.equal(watched.profiles.get('a'), a)
  assert.deepEqual(watched.profiles.get('b')!.owners, { 'acme.example': 'root' })
  await write('b/pbx.yaml', trunk('attemptMs: 700'))
  await watched.look()
  assert.deepEqual([[...changes[1]!.changedProfiles], [...changes[1]!.changedTrunks]], [[], ['b/pbx']])
  assert.equal(watched.trunks.get('b/pbx')!.trunk.attemptMs, 700)
})

test('a file with a fault stays in force as it was, every fault is logged once, and put right it is taken', async (context) => {
  const { watched, changes, write, lines } = await world(context, { 'a.yaml': udp() })
  const before = watched.profiles.get('a')
  await write('a.yaml', 'listen: { udp: nowhere }\nauth: { register: none }')
  await watched.look()
  await watched.look()
  assert.equal(changes.length, 0)
  assert.equal(watched.profiles.get('a'), before)
  const told = lines.filter((line) => line.includes('stays as it was'))
  assert.equal(told.length, 2)
  assert.match(told.join(), /listen\.udp: expected an address/)
  assert.match(told.join(), /auth\.register: expected/)
  await write('a.yaml', udp('auth: { nonceSeconds: 77 }'))
  await watched.look()
  assert.equal(changes.length, 1)
  assert.equal(watched.profiles.get('a')!.profile.auth.nonceSeconds, 77)
})

test('profiles come and go with their files, and with enabled', async (context) => {
  const { watched, changes, write, remove } = await world(context, { 'a.yaml': udp() })
  await write('b.yaml', udp())
  await watched.look()
  await write('a.yaml', udp('enabled: false'))
  await watched.look()
  assert.deepEqual([...watched.profiles.keys()], ['b'])
  await remove('b.yaml')
  await watched.look()
  assert.deepEqual([...watched.profiles.keys()], [])
  assert.deepEqual(
    changes.map(({ changedProfiles }) => [...changedProfiles]),
    [['b'], ['a'], ['b']],
  )
})

test('a fault that is there from the start keeps only its own file out', async (context) => {
  const { watched, lines } = await world(context, { 'a.yaml': 'listen: 7', 'b.yaml': udp() })
  assert.deepEqual([...watched.profiles.keys()], ['b'])
  assert.match(lines.join(), /a\.yaml: line 1: listen: expected.*it is not used/)
})

test('nobody has to ask: a change is noticed by itself', async (context) => {
  const { changes, write } = await world(context, { 'a.yaml': udp() }, 50)
  await write('a.yaml', udp('auth: { nonceSeconds: 77 }'))
  const until = Date.now() + 60_000
  while (changes.length === 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 20))
  assert.deepEqual([...changes[0]!.changedProfiles], ['a'])
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { adminBed, connectors } from '../../test/admin.ts'
import { testClock } from '../clock.ts'
import { openConfiguration } from './configuration.ts'
import { TenancyRefused } from '../model/tenancy.ts'
import { createResources } from './resources.ts'
import { openSeal } from './seal.ts'

const id = `MG${'0'.repeat(32)}`

test('what a connector keeps is stored with an author, and read back as it was', async (context) => {
  const { store, room, admin, caller, root, directory } = await adminBed(context)
  const resources = createResources(room)
  const settings = { name: 'Alerts', pool: [{ id: 'PN1', at: 5 }], sticky: true }
  const made = await resources.change(caller, root.id, id, () => ({ kind: 'service', settings }))
  assert.deepEqual([made?.id, made?.account, made?.kind, made?.settings], [id, root.id, 'service', settings])
  const [newest] = await admin.revisions(caller, 1)
  assert.deepEqual([newest?.author, newest?.changes], [caller.author, [{ kind: 'resource', key: `${root.id}/${id}`, change: 'put' }]])
  const again = await openConfiguration({ store, connectors, seal: openSeal(directory), clock: testClock() })
  assert.deepEqual(again.current(), room.current())
})

test('a step is given what is there; what it leaves as it is makes no revision; undefined deletes', async (context) => {
  const { room, caller, root } = await adminBed(context)
  const resources = createResources(room)
  await resources.change(caller, root.id, id, () => ({ kind: 'service', settings: { n: 1 } }))
  const held = resources.of(root.id)
  const { revision } = room.current()
  await resources.change(caller, root.id, id, (now) => now && { kind: now.kind, settings: { ...now.settings } })
  assert.equal(room.current().revision, revision)
  await Promise.all(
    [1, 2, 3].map(() =>
      resources.change(caller, root.id, id, (now) => ({ kind: 'service', settings: { n: Number(now?.settings['n']) + 1 } })),
    ),
  )
  assert.equal(resources.of(root.id).get(id)?.settings['n'], 4)
  assert.equal(held.get(id)?.settings['n'], 1, 'who holds the map of before sees nothing move')
  assert.equal(await resources.change(caller, root.id, id, () => undefined), undefined)
  assert.equal(resources.of(root.id).size, 0)
})

test('a change outside the subtree of whoever asks is refused, and so is what a step throws', async (context) => {
  const { room, admin, caller, root } = await adminBed(context)
  const resources = createResources(room)
  const { view: child } = await admin.accounts.create(caller, root.id, { name: 'child' })
  const { revision } = room.current()
  const below = { ...caller, account: child.id }
  await assert.rejects(
    resources.change(below, root.id, id, () => ({ kind: 'service', settings: {} })),
    (error: unknown) => error instanceof TenancyRefused && error.why === 'absent',
  )
  await assert.rejects(
    resources.change(caller, root.id, id, () => assert.fail('no')),
    /no/,
  )
  assert.equal(room.current().revision, revision)
  await resources.change(caller, child.id, id, () => ({ kind: 'service', settings: {} }))
  assert.deepEqual([resources.of(root.id).size, resources.of(child.id).size], [0, 1])
})

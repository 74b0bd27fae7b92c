import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { testClock } from '../../../src/clock.ts'
import type { HeaderLines } from '../codec/index.ts'
import { coreOf, flowOf, frontOf, type Front, profileOf } from './access.fixture.ts'

const profile = profileOf({ auth: { register: 'trust' }, registrar: { pingSeconds: 0 } })
const alice = 'alice@acme.example'

/** One gateway's data, and lives of it one after another. */
function house(t: TestContext) {
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-registrations-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  const clock = testClock()
  const core = coreOf(clock)
  for (const user of ['alice', 'bob', 'carol']) core.user(user)
  const file = join(directory, 'sip', 'internal.registrations')
  const start = (): Promise<Front> => frontOf({ clock, core, file, profile })
  return { file, clock, core, start, lines: () => readFileSync(file, 'utf8').split('\n').filter(Boolean) }
}

const contact = (text: string): HeaderLines => ['Contact', text]
let cseq = 0
const register = (front: Front, headers: HeaderLines, more: object = {}) => front.ask({ cseq: ++cseq, headers, ...more })

/** Waits until what changed is on disk, as a kill -9 would find it. */
async function written(front: Front, holds: () => boolean): Promise<void> {
  for (let n = 0; n < 400; n++) {
    await front.clock.advance(20)
    await new Promise((resolve) => setTimeout(resolve, 1))
    try {
      if (holds()) return
    } catch {
      // No file yet.
    }
  }
  assert.fail('never written')
}

describe('registrations', () => {
  it('are there after a restart, with all that they were, and their session', async (t) => {
    const { start, core } = house(t)
    const first = await start()
    const headers = [
      'Contact',
      '<sip:a@10.0.0.1>;q=0.3;+sip.instance="<urn:uuid:1>";reg-id=2',
      'Path',
      '<sip:edge.example;lr>',
      'User-Agent',
      'phone 1',
    ]
    await register(first, headers, { flow: flowOf('192.0.2.1', 4321) })
    const before = first.registrar.contacts(alice)[0]!
    await first.registrar.close()
    assert.equal(first.opened[0]!.ended, 'the gateway stops')
    const second = await start()
    const [after] = second.registrar.contacts(alice)
    const { flow: flowAfter, slot: _, pingAt: __, ...restAfter } = after as typeof after & { slot: number; pingAt: number }
    const { flow: flowBefore, slot: ___, pingAt: ____, ...restBefore } = before as typeof before & { slot: number; pingAt: number }
    assert.deepEqual(restAfter, restBefore)
    assert.equal(flowAfter.id, flowBefore.id)
    assert.equal(second.opened[0]!.contacts().length, 1)
    assert.equal(core.sessions.get('AC1/alice')!.size, 1)
    await second.clock.advance(1_801_000)
    assert.equal(second.registrar.size(), 0, 'and they end in their time')
    await second.registrar.close()
  })

  it('are there after a kill, a tenth of a second after they were made', async (t) => {
    const { start, lines } = house(t)
    const killed = await start()
    await register(killed, contact('<sip:a@10.0.0.1>'))
    await register(killed, contact('<sip:b@10.0.0.1>'), { from: '<sip:bob@acme.example>' })
    await register(killed, contact('<sip:b@10.0.0.1>;expires=0'), { from: '<sip:bob@acme.example>' })
    await written(killed, () => lines().length === 2)
    const next = await start()
    assert.deepEqual(
      [...next.registrar.all()].map(([aor, contacts]) => [aor, contacts.length]),
      [[alice, 1]],
    )
    await Promise.all([killed.registrar.close(), next.registrar.close()])
  })

  it('outlive a torn last line, which does not spoil the next one', async (t) => {
    const { start, file } = house(t)
    const first = await start()
    await register(first, contact('<sip:a@10.0.0.1>'))
    await first.registrar.close()
    appendFileSync(file, '{"aor":"bob@acme.example","contacts":[{"uri":"sip:')
    const second = await start()
    assert.equal(second.registrar.size(), 1)
    assert.ok(second.core.log.some((line) => line.includes('cannot be read')))
    await register(second, contact('<sip:c@10.0.0.1>'), { from: '<sip:carol@acme.example>' })
    await second.registrar.close()
    const third = await start()
    assert.deepEqual([...third.registrar.all()].map(([aor]) => aor).toSorted(), [alice, 'carol@acme.example'])
    await third.registrar.close()
  })

  it('are none of what a file of anything else says', async (t) => {
    const { start, file } = house(t)
    await (await start()).registrar.close()
    const odd = [
      '',
      'null',
      '7',
      '[]',
      '{}',
      '{"aor":1,"contacts":[]}',
      '{"aor":"alice@acme.example","contacts":[null]}',
      '\0\0',
      'x'.repeat(600_000),
    ]
    const good = {
      aor: alice,
      contacts: [
        {
          uri: 'sip:a@10.0.0.1',
          flow: 'udp 192.0.2.1:5060 127.0.0.1:5060',
          expiresAt: Date.UTC(2027, 0, 1),
          registeredAt: 1,
          callId: 'c',
          cseq: 1,
          q: 1,
        },
      ],
    }
    rmSync(file, { force: true })
    mkdirSync(join(file, '..'), { recursive: true })
    writeFileSync(file, `${odd.join('\n')}\n${JSON.stringify(good)}\n`)
    const front = await start()
    assert.equal(front.registrar.size(), 1)
    await front.registrar.close()
  })

  it('are dropped whose time is over, whose connection cannot come back, whose user is gone or was changed', async (t) => {
    const { start, core, clock } = house(t)
    core.user('dave')
    const first = await start()
    await register(first, contact('<sip:a@10.0.0.1>;expires=60'))
    await register(first, contact('<sip:b@b.invalid>'), { from: '<sip:bob@acme.example>', flow: flowOf('192.0.2.1', 1, 'ws', 1) })
    await register(first, contact('<sip:c@10.0.0.1>'), { from: '<sip:carol@acme.example>' })
    await register(first, contact('<sip:d@10.0.0.1>'), { from: '<sip:dave@acme.example>' })
    await first.registrar.close()
    await clock.advance(61_000)
    core.binds.delete('AC1/carol')
    core.binds.get('AC1/dave')!.updatedAt = clock.now()
    const second = await start()
    assert.equal(second.registrar.size(), 0)
    await second.registrar.close()
    const third = await start()
    const told = core.log.filter((line) => line.includes('of before the restart'))
    assert.equal(told.length, 1, 'nor are they in the file any more')
    await third.registrar.close()
  })

  it('that are made while the old ones are read are the newer ones, and both are kept', async (t) => {
    const { start, clock, core, file } = house(t)
    const first = await start()
    await register(first, contact('<sip:desk@10.0.0.1>'))
    await register(first, contact('<sip:cell@10.0.0.1>'))
    await first.registrar.close()
    const second = await frontOf({ clock, core, file, profile, restore: false })
    await register(second, contact('<sip:cell@10.0.0.1>'), { flow: flowOf('192.0.2.9', 9) })
    await second.registrar.restore()
    await second.registrar.close()
    const third = await start()
    const contacts = third.registrar.contacts(alice).map(({ uri, flow }) => [uri, flow.remote.port])
    assert.deepEqual(
      contacts.toSorted(([a], [b]) => String(a).localeCompare(String(b))),
      [
        ['sip:cell@10.0.0.1', 9],
        ['sip:desk@10.0.0.1', 5060],
      ],
    )
    await third.registrar.close()
  })

  it('are written anew when most of the file is past, and none is lost by it', async (t) => {
    const { start, lines, file } = house(t)
    const first = await start()
    for (let n = 0; n < 15; n++) {
      for (let k = 0; k < 100; k++) {
        await register(first, contact(`<sip:a@10.0.0.1>;expires=${100 + k}`))
        await first.clock.advance(100)
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    await register(first, contact('<sip:b@10.0.0.1>'), { from: '<sip:bob@acme.example>' })
    await first.registrar.close()
    assert.ok(lines().length <= 1001, `${lines().length}`)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const second = await start()
    assert.deepEqual([...second.registrar.all()].map(([aor]) => aor).toSorted(), [alice, 'bob@acme.example'])
    assert.equal(second.registrar.contacts(alice)[0]!.cseq, cseq - 1)
    await second.registrar.close()
  })

  it('that cannot be written are said so once, and the registrar goes on', async (t) => {
    const { clock, core, file } = house(t)
    const blocked = join(file, '..', '..', 'sip')
    writeFileSync(blocked, 'a file where the directory should be')
    const front = await frontOf({ clock, core, profile })
    await front.registrar.close()
    const failing = await frontOf({ clock, core, profile, file: join(blocked, 'internal.registrations') }).catch((error: unknown) => error)
    assert.ok(failing instanceof Error)
    rmSync(blocked)
    const working = await frontOf({ clock, core, profile, file })
    writeFileSync(blocked, 'again')
    await register(working, contact('<sip:a@10.0.0.1>'))
    const errors = () => core.log.filter((line) => line.includes('cannot be written')).length
    await written(working, () => errors() === 1)
    await register(working, contact('<sip:b@10.0.0.1>'))
    for (let n = 0; n < 20; n++) {
      await clock.advance(1000)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    assert.equal(errors(), 1)
    assert.equal(working.registrar.size(), 2)
    rmSync(blocked)
    await written(working, () => core.log.some((line) => line.includes('written again')))
    await working.registrar.close()
    assert.equal(readFileSync(file, 'utf8').split('\n').filter(Boolean).length > 0, true)
  })
})

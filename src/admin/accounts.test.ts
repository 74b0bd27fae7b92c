import assert from 'node:assert/strict'
import { test } from 'node:test'
import { adminBed, carrier, type AdminBed } from '../../test/admin.ts'
import { mask, Refused, type Caller } from './admin.ts'

async function family(bed: AdminBed) {
  const { admin, caller, root } = bed
  const a = await admin.accounts.create(caller, root.id, { name: 'A', claims: 'any' })
  const b = await admin.accounts.create(caller, root.id, { name: 'B', claims: 'any' })
  const below = await admin.accounts.create(caller, a.view.id, { name: 'A below' })
  const as = (account: string): Caller => ({ account, author: 'someone', source: 'cli' })
  return {
    a: a.view.id,
    b: b.view.id,
    below: below.view.id,
    asA: as(a.view.id),
    asB: as(b.view.id),
    asBelow: as(below.view.id),
    tokenOfA: a.token,
  }
}

test('an account is created with a token shown once and a client bind api', async (context) => {
  const bed = await adminBed(context)
  const { a, asA, tokenOfA } = await family(bed)
  assert.match(tokenOfA, /^[0-9a-f]{32}$/)
  assert.equal(bed.admin.accounts.get(asA, a)!.token, mask)
  assert.equal(bed.admin.binds.get(asA, a, 'api')!.bind, `${a}/api`)
  const rotated = await bed.admin.accounts.rotateToken(asA, a)
  assert.notEqual(rotated.token, tokenOfA)
  assert.equal(bed.room.current().accounts.get(a)!.token, rotated.token)
})

test('no account sees, changes or finds out anything outside its subtree', async (context) => {
  const bed = await adminBed(context)
  const { admin, caller, root } = bed
  const { a, b, below, asA, asBelow } = await family(bed)
  await admin.binds.put(caller, b, 'secret', carrier())
  await admin.binds.put(caller, root.id, 'shared', carrier())
  const revision = bed.room.current().revision
  assert.deepEqual(
    admin.accounts.list(asA).map((account) => account.id),
    [a, below],
  )
  assert.deepEqual(
    admin.accounts.list(asBelow).map((account) => account.id),
    [below],
  )
  const nobody = `AC${'f'.repeat(32)}`
  for (const other of [b, root.id, nobody]) {
    assert.equal(admin.accounts.get(asA, other), undefined)
    assert.deepEqual(admin.binds.list(asA, other), [])
    assert.equal(admin.binds.get(asA, other, 'api'), undefined)
    assert.deepEqual(admin.routes.list(asA, other), [])
    assert.deepEqual(admin.numbers.list(asA, other), [])
    for (const attempt of [
      admin.accounts.create(asA, other, { name: 'x' }),
      admin.accounts.update(asA, other, { name: 'x' }),
      admin.accounts.setStatus(asA, other, 'closed'),
      admin.accounts.rotateToken(asA, other),
      admin.accounts.reparent(asA, below, other),
      admin.binds.put(asA, other, 'x', carrier()),
      admin.binds.delete(asA, other, 'secret'),
      admin.routes.put(asA, other, 'x', { prefix: '', to: ['secret'] }),
      admin.routes.delete(asA, other, 'x'),
      admin.numbers.put(asA, other, '+15550001111', {}),
      admin.numbers.delete(asA, other, '+15550001111'),
    ]) {
      await assert.rejects(attempt, { why: 'absent', message: `There is no account ${other}.` })
    }
    await assert.rejects(admin.messages.search(asA, { account: other, limit: 10 }), { why: 'absent' })
    await assert.rejects(admin.statistics.binds(asA, { account: other, from: 0, to: 1 }), { why: 'absent' })
  }
  await assert.rejects(admin.lanes.pause(asA, `${b}/secret`), { why: 'absent' })
  await assert.rejects(admin.lanes.purge(asA, `${b}/secret`, {}), { why: 'absent' })
  // A bind of another account answers like one that is not there.
  const to = (name: string) =>
    admin.routes.put(asA, a, 'r', { prefix: '', to: [name] }).catch((error: Error) => error.message.replace(/AC[0-9a-f]{32}/, 'AC…'))
  assert.equal(await to(`${b}/secret`), await to(`${nobody}/secret`))
  assert.match((await to(`${b}/secret`)) as string, /expected a supplier bind \(shared\)/)
  assert.equal(bed.room.current().revision, revision)
  assert.deepEqual(
    (await admin.revisions(asBelow, 1)).flatMap((one) => one.changes.map((change) => change.key)),
    [below, `${below}/api`],
  )
})

test('the account above sets limits, status and rights; the account itself its name', async (context) => {
  const bed = await adminBed(context)
  const { admin, caller } = bed
  const { a, asA, below } = await family(bed)
  await assert.rejects(
    admin.accounts.update(asA, a, { weight: 9, concurrency: 1, privateWebhooks: true }),
    (error: { faults: { path: string }[] }) => {
      assert.deepEqual(
        error.faults.map((fault) => fault.path),
        ['weight', 'concurrency', 'privateWebhooks'],
      )
      return true
    },
  )
  assert.equal((await admin.accounts.update(asA, a, { name: 'New', cdrUrl: 'https://app.example/cdr' })).view.name, 'New')
  assert.equal((await admin.accounts.update(asA, a, { cdrUrl: '' })).view.cdrUrl, undefined)
  assert.equal((await admin.accounts.update(asA, below, { weight: 9 })).view.weight, 9)
  assert.equal((await admin.accounts.setStatus(caller, a, 'suspended')).view.status, 'suspended')
  assert.equal((await admin.accounts.setStatus(caller, a, 'active')).view.status, 'active')
  await admin.accounts.setStatus(caller, a, 'closed')
  await assert.rejects(admin.accounts.setStatus(caller, a, 'active'), /a closed account stays closed/)
  await assert.rejects(admin.accounts.setStatus(caller, bed.root.id, 'closed'), /always active/)
})

test('no account comes to be its own ancestor', async (context) => {
  const bed = await adminBed(context)
  const { admin, caller } = bed
  const { a, b, below } = await family(bed)
  await assert.rejects(admin.accounts.reparent(caller, a, below), /expected an account that is not/)
  await assert.rejects(admin.accounts.reparent(caller, a, a), /expected an account that is not/)
  assert.equal((await admin.accounts.reparent(caller, below, b)).view.parent, b)
})

test('a number belongs to one account, and nobody else learns whose', async (context) => {
  const bed = await adminBed(context)
  const { a, b, asA, asB } = await family(bed)
  await bed.admin.numbers.put(asA, a, '+15550001111', {})
  await assert.rejects(
    bed.admin.numbers.put(asB, b, '+15550001111', {}),
    /^Refused: number: \+15550001111 is not available, or not to this account \(claims\)$/,
  )
  assert.equal(await bed.admin.numbers.delete(asB, b, '+15550001111'), false)
  assert.equal(bed.admin.numbers.get(asB, b, '+15550001111'), undefined)
  assert.equal(bed.admin.numbers.get(asA, a, '+15550001111')!.bind, 'api')
})

test('the names that an account may send under are set from above it, and put back as they were read', async (context) => {
  const { admin, caller, room } = await adminBed(context)
  const { view } = await admin.accounts.create(caller, caller.account, { name: 'Shop', alphaSenders: { ACME: ['+44'] } })
  const own = { account: view.id, author: view.id, source: 'test' }
  for (const alphaSenders of ['any', 'inherit', { ACME: ['+44', '+1'] }] as const)
    await assert.rejects(admin.accounts.update(own, view.id, { alphaSenders }), (error: unknown) => {
      assert.ok(error instanceof Refused)
      assert.deepEqual(
        error.faults.map(({ path }) => path),
        ['alphaSenders'],
      )
      return true
    })
  await admin.accounts.update(own, view.id, { name: 'Shop 2', alphaSenders: { ACME: ['+44'] } })
  assert.deepEqual(room.current().accounts.get(view.id)?.alphaSenders, { ACME: ['+44'] })
  await admin.accounts.update(caller, view.id, { alphaSenders: 'inherit' })
  assert.equal(room.current().accounts.get(view.id)?.alphaSenders, undefined)
  for (const wrong of [{ '+4912': ['+44'] }, { ACME: [] }, { ACME: ['44'] }, { TwelveLetters: ['+44'] }, 'some'])
    await assert.rejects(admin.accounts.update(caller, view.id, { alphaSenders: wrong as 'any' }), Refused, JSON.stringify(wrong))
})

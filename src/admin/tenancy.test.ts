import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import * as fc from 'fast-check'
import { adminBed } from '../../test/admin.ts'
import type { Caller } from '../model/caller.ts'
import { TenancyRefused } from '../model/tenancy.ts'

const stock = '+15005550006'

/** Root › reseller › customer, and another customer; one number of the root's that it offers. */
async function tree(context: TestContext) {
  const bed = await adminBed(context)
  const { admin, caller: root } = bed
  const { tenancy } = admin
  const below = async (parent: Caller, name: string): Promise<Caller> => {
    const { id } = await tenancy.createAccount(parent, parent.account, name)
    await bed.clock.advance(1)
    return { account: id, author: id, source: '127.0.0.1' }
  }
  const reseller = await below(root, 'Reseller')
  const customer = await below(reseller, 'Customer')
  const stranger = await below(root, 'Stranger')
  await admin.numbers.put(root, root.account, stock, { offered: true, settings: { smsUrl: 'https://root.example/sms' } })
  return { ...bed, tenancy, root, reseller, customer, stranger }
}

const owner = ({ room }: Awaited<ReturnType<typeof tree>>, value = stock): string | undefined => room.current().numbers.get(value)?.account
const refused = (why: string) => (error: unknown) => error instanceof TenancyRefused && error.why === why

test('lists an account with those right below it, oldest first, and nothing of what is not the caller’s', async (context) => {
  const bed = await tree(context)
  const names = (caller: Caller, account: string): string[] => bed.tenancy.accounts(caller, account).map(({ name }) => name)
  assert.deepEqual(names(bed.root, bed.root.account), ['Root account', 'Reseller', 'Stranger'])
  assert.deepEqual(names(bed.root, bed.reseller.account), ['Reseller', 'Customer'])
  assert.deepEqual(names(bed.customer, bed.customer.account), ['Customer'])
  assert.deepEqual(names(bed.customer, bed.reseller.account), [])
})

test('a number that an account above offers is claimed once, as new, and comes back offered when it is released', async (context) => {
  const bed = await tree(context)
  const { tenancy, customer, stranger, room } = bed
  assert.deepEqual(
    tenancy.offered(customer, customer.account).map(({ value }) => value),
    [stock],
  )
  const before = room.current().numbers.get(stock)!
  const claimed = await tenancy.claim(customer, customer.account, stock, { name: 'Mine' })
  assert.deepEqual(
    [claimed.account, claimed.name, claimed.settings, claimed.bind],
    [customer.account, 'Mine', {}, `${customer.account}/api`],
  )
  assert.notEqual(claimed.id, before.id)
  await assert.rejects(tenancy.claim(stranger, stranger.account, stock, {}), refused('unavailable'))
  assert.deepEqual(tenancy.offered(stranger, stranger.account), [])
  await tenancy.release(customer, customer.account, stock)
  const back = room.current().numbers.get(stock)!
  assert.deepEqual([back.account, back.offered, back.settings, back.lent], [bed.root.account, true, {}, undefined])
  assert.equal((await tenancy.claim(stranger, stranger.account, stock, {})).account, stranger.account)
})

test('an account keeps its hold on what it hands down, whichever way the account below gives it up', async (context) => {
  const bed = await tree(context)
  const { tenancy, admin, reseller, customer, root, room } = bed
  await tenancy.claim(reseller, reseller.account, stock, {})
  await tenancy.changeNumber(reseller, reseller.account, stock, { settings: { smsUrl: 'https://a.example/' } })
  const id = room.current().numbers.get(stock)!.id
  const handed = await tenancy.changeNumber(reseller, reseller.account, stock, { to: customer.account })
  assert.deepEqual([handed.id, handed.account, handed.settings['smsUrl']], [id, customer.account, 'https://a.example/'])
  // Put anew by the admin API, it is still on loan; and deleted there, it goes back.
  await admin.numbers.put(customer, customer.account, stock, { name: 'Ours' })
  assert.equal(JSON.stringify(admin.numbers.list(customer, customer.account)).includes('lent'), false)
  assert.equal(await admin.numbers.delete(customer, customer.account, stock), true)
  assert.deepEqual([owner(bed), room.current().numbers.get(stock)?.offered], [reseller.account, undefined])
  // Pruned by a document, too; what the plan tells is that it is gone.
  await tenancy.changeNumber(reseller, reseller.account, stock, { to: customer.account })
  const plan = await admin.documents.plan(customer, `accounts:\n  - id: ${customer.account}\n    numbers: []\n`, {
    variables: {},
    prune: true,
  })
  assert.deepEqual(
    plan.changes.map(({ change, kind, account }) => [change, kind, account]),
    [['delete', 'number', customer.account]],
  )
  await admin.documents.apply(customer, plan)
  assert.equal(owner(bed), reseller.account)
  await tenancy.release(reseller, reseller.account, stock)
  assert.deepEqual([owner(bed), room.current().numbers.get(stock)?.offered], [root.account, true])
  await tenancy.release(root, root.account, stock)
  assert.equal(owner(bed), undefined)
})

test('below the root account nobody takes what is not offered, until the account above allows it; and no more than that one may', async (context) => {
  const bed = await tree(context)
  const { admin, tenancy, root, reseller, customer, stranger } = bed
  const free = '+447700900124'
  const unavailable = refused('unavailable')
  for (const who of [reseller, customer, stranger]) {
    await assert.rejects(tenancy.claim(who, who.account, free, {}), unavailable)
    await assert.rejects(admin.numbers.put(who, who.account, free, {}), /\+447700900124 is not available, or not to this account/)
    const plan = await admin.documents.plan(who, `accounts: [{ id: ${who.account}, numbers: [{ number: '${free}' }] }]`, { variables: {} })
    assert.deepEqual(
      plan.faults.map(({ path }) => path),
      ['accounts[0].numbers[0].number'],
    )
  }
  await assert.rejects(admin.accounts.update(reseller, reseller.account, { claims: 'any' }), /is set by the account above/)
  // The reseller may let its customer no more than itself may.
  await admin.accounts.update(reseller, customer.account, { claims: 'any' })
  await assert.rejects(tenancy.claim(customer, customer.account, free, {}), unavailable)
  await admin.accounts.update(root, reseller.account, { claims: 'any' })
  await tenancy.claim(customer, customer.account, free, {})
  await admin.accounts.update(reseller, customer.account, { claims: 'none' })
  await tenancy.changeNumber(customer, customer.account, free, { name: 'what it has stays its own' })
  assert.deepEqual(tenancy.offered(customer, customer.account), [])
  await assert.rejects(tenancy.claim(customer, customer.account, stock, {}), unavailable)
  // Who gives a number to it is an account above, and that one's right counts.
  await tenancy.claim(reseller, customer.account, stock, {})
  await admin.numbers.put(root, stranger.account, '+447700900125', {})
  assert.equal((await admin.accounts.update(root, reseller.account, { claims: 'inherit' })).view.claims, undefined)
  await assert.rejects(tenancy.claim(reseller, reseller.account, '+447700900126', {}), unavailable)
})

test('a number that is nobody’s is ported in, and is gone when it is released', async (context) => {
  const bed = await tree(context)
  const { admin, tenancy, root, reseller, customer } = bed
  await admin.accounts.update(root, reseller.account, { claims: 'any' })
  await tenancy.claim(customer, customer.account, '+447700900123', { settings: { smsUrl: 'https://a.example/', smsMethod: 'GET' } })
  const changed = await tenancy.changeNumber(customer, customer.account, '+447700900123', { settings: { smsMethod: '' } })
  assert.deepEqual(changed.settings, { smsUrl: 'https://a.example/' })
  await assert.rejects(
    tenancy.changeNumber(customer, customer.account, '+447700900123', { settings: { smsUrl: 'nonsense' } }),
    refused('invalid'),
  )
  await tenancy.release(customer, customer.account, '+447700900123')
  assert.equal(owner(bed, '+447700900123'), undefined)
  await assert.rejects(tenancy.release(customer, customer.account, '+447700900123'), refused('absent'))
})

test('no account reaches what is outside its subtree, and nothing is changed by trying', async (context) => {
  const bed = await tree(context)
  const { tenancy, customer, stranger, reseller, room } = bed
  await tenancy.claim(customer, customer.account, stock, {})
  const { revision } = room.current()
  const absent = refused('absent')
  await assert.rejects(tenancy.createAccount(stranger, customer.account, 'x'), absent)
  await assert.rejects(tenancy.changeAccount(stranger, customer.account, { status: 'closed' }), absent)
  await assert.rejects(tenancy.changeAccount(customer, reseller.account, { name: 'x' }), absent)
  await assert.rejects(tenancy.claim(stranger, customer.account, '+447700900123', {}), absent)
  await assert.rejects(tenancy.changeNumber(stranger, customer.account, stock, { name: 'x' }), absent)
  await assert.rejects(tenancy.changeNumber(stranger, stranger.account, stock, { name: 'x' }), absent)
  await assert.rejects(tenancy.changeNumber(customer, customer.account, stock, { to: stranger.account }), absent)
  await assert.rejects(tenancy.release(stranger, stranger.account, stock), absent)
  await assert.rejects(tenancy.release(stranger, customer.account, stock), absent)
  assert.deepEqual(tenancy.offered(stranger, customer.account), [])
  assert.equal(room.current().revision, revision)
})

test('however a number wanders, whoever gave it out gets it back', async (context) => {
  const bed = await tree(context)
  const { tenancy, root, reseller, customer, stranger } = bed
  const all = [root, reseller, customer, stranger]
  const step = fc.record({
    by: fc.integer({ min: 0, max: 3 }),
    to: fc.integer({ min: 0, max: 3 }),
    how: fc.constantFrom('claim', 'hand', 'release'),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      for (const { by, to, how } of steps) {
        const who = all[by]!
        const held = owner(bed)!
        const move =
          how === 'claim'
            ? tenancy.claim(who, all[to]!.account, stock, {})
            : how === 'hand'
              ? tenancy.changeNumber(who, held, stock, { to: all[to]!.account })
              : held === root.account
                ? Promise.resolve()
                : tenancy.release(who, held, stock)
        await Promise.resolve(move).catch((error: unknown) => assert.ok(error instanceof TenancyRefused))
      }
      // Given up by each in turn, it is the root's again.
      for (let n = 0; owner(bed) !== root.account; n++) {
        assert.ok(n < 3)
        await tenancy.release(root, owner(bed)!, stock)
      }
      await bed.admin.numbers.put(root, root.account, stock, { offered: true })
    }),
    { numRuns: 25 },
  )
})

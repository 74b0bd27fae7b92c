import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { adminBed, carrier } from '../../test/admin.ts'
import type { Caller, Plan } from './admin.ts'
import { Refused } from './admin.ts'

/** The operator, a reseller with two customers, and another reseller. */
async function street(context: TestContext) {
  const bed = await adminBed(context)
  const { admin, caller, root } = bed
  const make = async (name: string, parent: string): Promise<string> => (await admin.accounts.create(caller, parent, { name })).view.id
  const reseller = await make('Reseller', root.id)
  const shop = await make('Shop', reseller)
  const cafe = await make('Café', reseller)
  const other = await make('Other', root.id)
  const as = (account: string): Caller => ({ account, author: 'someone', source: 'cli' })
  return { ...bed, reseller, shop, cafe, other, as }
}

const message = async (work: Promise<unknown>): Promise<string> =>
  await work.then(
    () => 'taken',
    (error: unknown) => (error instanceof Refused ? error.message : assert.fail(String(error))),
  )
const faults = (plan: Plan): string[] => plan.faults.map((fault) => `${fault.line}: ${fault.path}: ${fault.message}`)

test('a bind and a route keep whom they are granted to, by SID or name, and show it so that it can be put back', async (context) => {
  const { admin, caller, root, room, reseller, shop, cafe, other } = await street(context)
  const { view } = await admin.binds.put(caller, root.id, 'north', { ...carrier(), grant: ['Other', shop] })
  assert.deepEqual(view.grant, [other, shop].toSorted())
  await admin.routes.put(caller, reseller, 'all', { prefix: '', to: ['south'], grant: ['Café'] }).catch(() => {})
  await admin.binds.put(caller, reseller, 'south', { ...carrier(), grant: [] })
  const route = await admin.routes.put(caller, reseller, 'all', { prefix: '', to: ['south'], grant: ['Café'] })
  assert.deepEqual(route.view.grant, [cafe])
  const again = await admin.binds.put(caller, root.id, 'north', { ...carrier(), grant: view.grant })
  assert.equal(again.changed, false)
  await admin.accounts.update(caller, other, { name: 'Renamed' })
  await room.reload()
  assert.deepEqual(admin.binds.get(caller, root.id, 'north')!.grant, view.grant)
  assert.deepEqual(admin.binds.get(caller, reseller, 'south')!.grant, [])
  assert.deepEqual(admin.routes.get(caller, reseller, 'all')!.grant, [cafe])
  const open = await admin.binds.put(caller, root.id, 'north', carrier())
  assert.equal(open.view.grant, undefined)
})

test('whoever is not below the owner is as good as nobody in a grant', async (context) => {
  const { admin, root, reseller, shop, other, as } = await street(context)
  const nobody = `AC${'f'.repeat(32)}`
  for (const name of [nobody, other, root.id, reseller, 'Other', 'Root account', 'root']) {
    const expected = (path: string): string => `${path}[1]: expected an account below ${reseller}, got "${name}"`
    assert.equal(await message(admin.binds.put(as(reseller), reseller, 'x', { ...carrier(), grant: [shop, name] })), expected('grant'))
  }
  await admin.binds.put(as(reseller), reseller, 'x', carrier())
  const route = (grant: string[]) => message(admin.routes.put(as(reseller), reseller, 'r', { prefix: '', to: ['x'], grant }))
  assert.equal(await route([nobody]), `grant[0]: expected an account below ${reseller}, got "${nobody}"`)
  assert.equal(await route([shop, 'Shop']), 'grant[1]: "Shop" is named twice')
  await admin.accounts.create(as(reseller), reseller, { name: 'Shop' })
  assert.equal(await route(['Shop']), 'grant[0]: there are 2 accounts named "Shop": expected an id')
  assert.equal(
    await message(
      admin.binds.put(as(reseller), reseller, 'c', {
        connector: 'smpp',
        side: 'client',
        config: { systemId: 'c', password: 'hunter2' },
        grant: [],
      }),
    ),
    'grant: is for supplier binds: a client bind is for its own account and those above',
  )
  assert.match(
    await message(admin.binds.put(as(reseller), reseller, 'x', { ...carrier(), grant: 'Shop' as never })),
    /^grant: expected a list/,
  )
})

test('a bind that is not granted is named by nobody below: in routes, in faults, or by its full name', async (context) => {
  const { admin, caller, root, shop, cafe, as } = await street(context)
  await admin.binds.put(caller, root.id, 'north', { ...carrier(), grant: [shop] })
  await admin.binds.put(caller, root.id, 'south', carrier())
  const to = (who: string, name: string) => message(admin.routes.put(as(who), who, 'r', { prefix: '', to: [name] }))
  assert.equal(await to(shop, 'north'), 'taken')
  assert.equal(await to(cafe, 'north'), 'to[0]: expected a supplier bind (south), got "north"')
  assert.equal((await to(cafe, `${root.id}/north`)).replace('north', '…'), (await to(cafe, `${root.id}/noone`)).replace('noone', '…'))
  await admin.binds.put(caller, root.id, 'east', { ...carrier(), policy: { trunk: 'dear' }, grant: [shop] })
  assert.equal(await to(shop, 'dear'), 'taken')
  assert.equal(await to(cafe, 'dear'), 'to[0]: expected a supplier bind (south), got "dear"')
})

test('no client bind above is named, whoever asks for which', async (context) => {
  const { admin, caller, root, shop, as } = await street(context)
  await admin.binds.put(caller, root.id, 'neighbour', {
    connector: 'smpp',
    side: 'client',
    config: { systemId: 'neighbour', password: 'hunter2' },
  })
  await admin.binds.put(caller, root.id, 'north', carrier())
  for (const work of [
    admin.numbers.put(as(shop), shop, '+15550001111', { bind: 'neighbour' }),
    admin.routes.put(as(shop), shop, 'r', { prefix: '', to: ['north'], arrival: 'neighbour' }),
  ]) {
    assert.match(await message(work), /^(bind|arrival): expected a (client )?bind \((api|api, north)\), got "neighbour"$/m)
  }
})

test('a grant may be taken back while routes below lead there; they keep the name, and can be put as they are and no otherwise', async (context) => {
  const { admin, caller, root, shop, as } = await street(context)
  await admin.binds.put(caller, root.id, 'north', { ...carrier(), grant: [shop] })
  const { view } = await admin.routes.put(as(shop), shop, 'r', { prefix: '', to: ['north'] })
  await admin.binds.put(caller, root.id, 'north', { ...carrier(), grant: [] })
  assert.deepEqual(admin.routes.get(as(shop), shop, 'r'), view)
  const { owner: _owner, id: _id, ...input } = view
  assert.equal((await admin.routes.put(as(shop), shop, 'r', input)).changed, false)
  for (const [id, changed] of [
    ['r', { ...input, prefix: '+44' }],
    ['another', input],
  ] as const) {
    assert.equal(
      await message(admin.routes.put(as(shop), shop, id, changed)),
      'to[0]: expected a supplier bind, but there is none, got "north"',
    )
  }
  const { decision, lines } = admin.messages.explain(as(shop), { from: '+15550001111', to: '+447700900123' })
  assert.deepEqual(decision.candidates, [])
  assert.match(lines[0]!, /Route r takes every destination; north is left out: it is not granted to the account\. It cannot be used/)
  assert.match(
    await message(admin.binds.delete(caller, root.id, 'north').then(() => {})),
    /north cannot be deleted: it is used by route r of Shop/,
    'it is in the way of deleting it all the same',
  )
})

test('explain says what is not granted to those who see the owner, and nothing to others', async (context) => {
  const { admin, caller, root, reseller, shop, cafe, as } = await street(context)
  await admin.binds.put(caller, root.id, 'north', { ...carrier(), grant: [] })
  await admin.routes.put(caller, root.id, 'all', { prefix: '', to: ['north'] })
  await admin.binds.put(as(reseller), reseller, 'own', carrier())
  await admin.routes.put(as(reseller), reseller, 'chosen', { prefix: '+44', to: ['own'], grant: [cafe] })
  const explain = (who: Caller) => admin.messages.explain(who, { account: shop, from: '+15550001111', to: '+447700900123', via: 'north' })
  const plain = (who: Caller) => admin.messages.explain(who, { account: shop, from: '+15550001111', to: '+447700900123' }).lines
  const end = [
    `No route is left: the message would be refused.`,
    `Configuration revision ${admin.messages.explain(caller, { from: '+15550001111', to: '+447700900123' }).decision.revision}.`,
  ]
  const reseller1 = '· Route chosen takes destinations that start with +44; it is not granted to the sender. (Reseller)'
  const operator = '· Route all takes every destination; no bind of it is granted to the sender. (Root account)'
  assert.deepEqual(plain(caller), [reseller1, operator, ...end])
  assert.deepEqual(plain(as(reseller)), [reseller1, ...end])
  assert.deepEqual(plain(as(shop)), ['No route takes this destination.', end[1]])
  assert.ok(explain(caller).lines.includes('· The bind north is not granted to the sender. (Root account)'))
  for (const who of [reseller, shop]) assert.ok(!JSON.stringify(explain(as(who))).includes('The bind north is not'), who)
})

test('a document grants by name what it makes in the same breath; faults have their lines', async (context) => {
  const { admin, caller } = await adminBed(context)
  const text = (grant: string, routeGrant = '[Shop]'): string => `accounts:
  - id: root
    binds:
      - { id: north, connector: smpp, config: { host: smsc.example, systemId: me }, grant: ${grant} }
    routes:
      - { id: all, prefix: "", to: [north], grant: ${routeGrant} }
    accounts:
      - name: Reseller
        accounts: [{ name: Shop }]
      - name: Other
`
  const plan = await admin.documents.plan(caller, text('[Reseller]'), { variables: {} })
  assert.deepEqual(plan.faults, [])
  await admin.documents.apply(caller, plan)
  const named = (name: string): string => admin.accounts.list(caller).find((account) => account.name === name)!.id
  assert.deepEqual(admin.binds.get(caller, caller.account, 'north')!.grant, [named('Reseller')])
  assert.deepEqual((await admin.documents.plan(caller, text('[Reseller]'), { variables: {} })).changes, [])
  const more = await admin.documents.plan(caller, text('[Other, Reseller]'), { variables: {} })
  assert.deepEqual(
    more.changes.map(({ what, fields }) => [what, fields]),
    [
      [
        'bind north of Root account',
        [{ field: 'grant', before: [named('Reseller')], after: [named('Other'), named('Reseller')].toSorted() }],
      ],
    ],
  )
  assert.deepEqual(faults(await admin.documents.plan(caller, text('[Nobody, root]', '7'), { variables: {} })), [
    `4: accounts[0].binds[0].grant[0]: expected an account below ${caller.account}, got "Nobody"`,
    `4: accounts[0].binds[0].grant[1]: expected an account below ${caller.account}, got "root"`,
    '6: accounts[0].routes[0].grant: expected a list, got 7',
  ])
})

test('an account that is moved away is granted nothing any more where it was, nor is it when it comes back', async (context) => {
  const { admin, caller, root, reseller, shop, cafe, other, as } = await street(context)
  await admin.binds.put(caller, root.id, 'north', { ...carrier(), grant: [shop] })
  await admin.binds.put(caller, reseller, 'own', { ...carrier(), grant: [shop, cafe] })
  await admin.routes.put(caller, reseller, 'r', { prefix: '', to: ['own'], grant: [shop] })
  await admin.accounts.reparent(caller, shop, other)
  const grants = () => [
    admin.binds.get(caller, root.id, 'north')!.grant,
    admin.binds.get(caller, reseller, 'own')!.grant,
    admin.routes.get(caller, reseller, 'r')!.grant,
  ]
  assert.deepEqual(grants(), [[shop], [cafe], []], 'the operator is above it still')
  await admin.accounts.reparent(caller, shop, reseller)
  assert.deepEqual(grants(), [[shop], [cafe], []])
  // A closed account stays in a grant: what is shown can be put back.
  await admin.accounts.setStatus(caller, cafe, 'closed')
  const { grant } = admin.binds.get(caller, reseller, 'own')!
  assert.deepEqual(grant, [cafe])
  assert.equal((await admin.binds.put(as(reseller), reseller, 'own', { ...carrier(), grant })).changed, false)
})

test('a document cannot make a circle of accounts, nor can a move, or a tree deeper than trees may be', async (context) => {
  const { admin, caller, root, reseller, shop } = await street(context)
  const circle = `accounts: [{ id: root, accounts: [{ id: ${shop}, accounts: [{ id: ${reseller} }] }] }]`
  assert.deepEqual(faults(await admin.documents.plan(caller, circle, { variables: {} })), [
    `1: accounts[0].accounts[0].id: ${shop} is below another account`,
    `1: accounts[0].accounts[0].accounts[0].id: ${reseller} is below another account`,
  ])
  const twice = `accounts: [{ id: ${reseller}, accounts: [{ id: ${shop}, accounts: [{ id: ${reseller} }] }] }]`
  assert.deepEqual(faults(await admin.documents.plan(caller, twice, { variables: {} })), [
    `1: accounts[0].accounts[0].accounts[0].id: ${reseller} is below another account`,
    `1: accounts[0].accounts[0].accounts[0]: account ${reseller} is named twice`,
  ])
  for (const parent of [reseller, shop])
    assert.match(
      await message(admin.accounts.reparent(caller, reseller, parent)),
      /^parent: expected an account that is not .* or below it/,
    )
  let deep = root.id
  for (let level = 2; level <= 19; level++) deep = (await admin.accounts.create(caller, deep, { name: `level ${level}` })).view.id
  assert.equal(await message(admin.accounts.reparent(caller, reseller, deep)), 'parent: expected at most 20 levels of accounts')
  assert.equal(await message(admin.accounts.reparent(caller, shop, deep)), 'taken')
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { adminBed } from '../../test/admin.ts'
import { mask, type Plan } from './admin.ts'
import { variablesOf } from './document.ts'

const variables = { CARRIER_A_PASSWORD: 'hunter2' }
const text = `accounts:
  - id: root
    name: My company
    binds:
      - id: carrier-a
        connector: smpp
        policy: { window: 20, segmentsPerSecond: 50 }
        config: { host: smsc.example, port: 2775, systemId: me, password: \${CARRIER_A_PASSWORD} }
      - id: carrier-b
        connector: smpp
        config: { host: other.example, systemId: me }
    numbers:
      - number: "+15550001111"
        settings: { smsUrl: https://app.example/sms }
    routes:
      - id: uk
        prefix: "+44"
        to: [carrier-a, carrier-b]
      - id: default
        prefix: ""
        split: { carrier-a: 60, carrier-b: 40 }
        failoverOnReceipt: true
    accounts:
      - name: A customer
        routes:
          - { id: own, prefix: "+33", to: [carrier-b] }
`
const whats = (plan: Plan): string[] => plan.changes.map((change) => `${change.change} ${change.what}`)
const faults = (plan: Plan): string[] => plan.faults.map((fault) => `${fault.line}: ${fault.path}: ${fault.message}`)

test('a document is planned, applied whole, and then changes nothing', async (context) => {
  const { admin, caller, root, room } = await adminBed(context)
  const plan = await admin.documents.plan(caller, text, { variables })
  assert.deepEqual(plan.faults, [])
  assert.deepEqual(whats(plan), [
    'update account My company',
    'create account A customer',
    'create bind api of A customer',
    'create bind carrier-a of My company',
    'create bind carrier-b of My company',
    'create number +15550001111 of My company',
    'create route uk of My company',
    'create route default of My company',
    'create route own of A customer',
  ])
  assert.deepEqual(plan.changes[0]!.fields, [{ field: 'name', before: 'Root account', after: 'My company' }])
  assert.deepEqual(plan.changes[3]!.fields, [
    { field: 'connector', after: 'smpp' },
    { field: 'side', after: 'supplier' },
    { field: 'policy.window', after: 20 },
    { field: 'policy.segmentsPerSecond', after: 50 },
    { field: 'config.host', after: 'smsc.example' },
    { field: 'config.port', after: 2775 },
    { field: 'config.systemId', after: 'me' },
    { field: 'config.password', after: mask },
  ])
  assert.equal(room.current().revision, 1)
  assert.equal((await admin.documents.apply(caller, plan)).revision, 2)
  assert.equal((room.current().binds.get(`${root.id}/carrier-a`)!.config as { password: string }).password, 'hunter2')
  const again = await admin.documents.plan(caller, text, { variables })
  assert.deepEqual(again, { revision: 2, changes: [], faults: [] })
  assert.equal((await admin.documents.apply(caller, again)).revision, 2)
})

test('an update tells each field before and after, a secret only that it changes', async (context) => {
  const { admin, caller } = await adminBed(context)
  await admin.documents.apply(caller, await admin.documents.plan(caller, text, { variables }))
  const other = text.replace('port: 2775', 'port: 2776').replace('[carrier-a, carrier-b]', '[carrier-b]')
  const plan = await admin.documents.plan(caller, other, { variables: { CARRIER_A_PASSWORD: 'other' } })
  assert.deepEqual(
    plan.changes.map(({ what, fields }) => [what, fields]),
    [
      [
        'bind carrier-a of My company',
        [
          { field: 'config.port', before: 2775, after: 2776 },
          { field: 'config.password', before: mask, after: mask },
        ],
      ],
      ['route uk of My company', [{ field: 'to', before: ['carrier-a', 'carrier-b'], after: ['carrier-b'] }]],
    ],
  )
  assert.ok(!JSON.stringify(plan).includes('other"'))
})

test('a paused lane stays paused when its document is applied', async (context) => {
  const { admin, caller, root } = await adminBed(context)
  await admin.documents.apply(caller, await admin.documents.plan(caller, text, { variables }))
  await admin.lanes.pause(caller, `${root.id}/carrier-a`)
  assert.deepEqual((await admin.documents.plan(caller, text, { variables })).changes, [])
})

test('only prune takes away, only from sections that are written, never the client bind api', async (context) => {
  const { admin, caller, root } = await adminBed(context)
  await admin.documents.apply(caller, await admin.documents.plan(caller, text, { variables }))
  const less = `accounts:
  - id: root
    routes:
      - { id: uk, prefix: "+44", to: [carrier-a, carrier-b] }
`
  assert.deepEqual((await admin.documents.plan(caller, less, { variables })).changes, [])
  const plan = await admin.documents.plan(caller, less, { variables, prune: true })
  assert.deepEqual(whats(plan), ['delete route default of My company'])
  await admin.documents.apply(caller, plan)
  const used = await admin.documents.plan(caller, 'accounts: [{ id: root, binds: [] }]', { variables, prune: true })
  assert.deepEqual(faults(used), [
    '1: accounts[0].binds: carrier-a cannot be deleted: it is used by route uk of My company',
    '1: accounts[0].binds: carrier-b cannot be deleted: it is used by route uk of My company, route own of A customer',
  ])
  await assert.rejects(admin.documents.apply(caller, used), { why: 'invalid' })
  const all = await admin.documents.plan(
    caller,
    `accounts:
  - id: root
    binds: []
    routes: []
    accounts: [{ name: A customer, routes: [] }]`,
    { variables, prune: true },
  )
  assert.deepEqual(
    whats(all).toSorted(),
    [
      'delete route uk of My company',
      'delete bind carrier-a of My company',
      'delete bind carrier-b of My company',
      'delete route own of A customer',
    ].toSorted(),
  )
  await admin.documents.apply(caller, all)
  assert.deepEqual(
    admin.binds.list(caller, root.id).map((bind) => bind.id),
    ['api'],
  )
})

test('every fault is told at once, with its line, and nothing is applied', async (context) => {
  const { admin, caller, room } = await adminBed(context)
  const plan = await admin.documents.plan(
    caller,
    `accounts:
  - id: root
    colour: red
    binds:
      - id: carrier-a
        connector: smpp
        config:
          host: smsc.example
          port: 99999
          password: \${NOT_SET}
      - id: carrier-a
        connector: pigeon
    numbers:
      - number: 15550001111
    routes:
      - id: uk
        prefix: +44
        to: [carrier-a, carrier-x]
      - prefix: ""
        to: []
  - id: AC00000000000000000000000000000000
  - id: nobody
servers: []
`,
    { variables: {} },
  )
  assert.deepEqual(faults(plan), [
    '10: accounts[0].binds[0].config.password: the variable NOT_SET is not set',
    '23: servers: there is no such field; there is accounts',
    '3: accounts[0].colour: there is no such field; there are accounts, alphaSenders, applications, binds, caps, cdrUrl, claims, concurrency, id, inheritRoutes, keys, name, numbers, optOut, privateWebhooks, routes, services, status, token, tokenSources, weight',
    '21: accounts[1].id: there is no account AC00000000000000000000000000000000',
    '22: accounts[2].id: expected root, or AC and 32 lowercase hex digits, got "nobody"',
    '9: accounts[0].binds[0].config.port: expected 1–65535, got 99999',
    '8: accounts[0].binds[0].config.systemId: is missing: expected text of 1–77 characters',
    '11: accounts[0].binds[1].id: "carrier-a" is there twice',
    '12: accounts[0].binds[1].connector: expected one of sip, smpp, twilio, got "pigeon"',
    '14: accounts[0].numbers[0].number: expected a number in quotes, such as "+15550001111", got 15550001111',
    '17: accounts[0].routes[0].prefix: expected text, in quotes, got 44',
    '18: accounts[0].routes[0].to[1]: expected a supplier bind (carrier-a), got "carrier-x"',
    '19: accounts[0].routes[1].id: is missing: expected an id',
    '20: accounts[0].routes[1].to: expected at least one bind',
  ])
  assert.deepEqual(plan.changes, [])
  await assert.rejects(admin.documents.apply(caller, plan), { why: 'invalid' })
  assert.equal(room.current().revision, 1)
})

test('text that is no document is refused with its line', async (context) => {
  const { admin, caller } = await adminBed(context)
  const plan = async (yaml: string): Promise<string[]> => faults(await admin.documents.plan(caller, yaml, { variables: {} }))
  assert.match((await plan('accounts:\n  - id: root\n   name: ['))[0]!, /^3: : /)
  assert.deepEqual(await plan(''), ['undefined: : expected a mapping with accounts, got nothing'])
  assert.deepEqual(await plan('- 1'), ['1: : expected a mapping with accounts, got a list'])
  assert.deepEqual(await plan('accounts: root'), ['1: accounts: expected a list, got "root"'])
  assert.match((await plan(`a: &a [x]\nb: &b [${'*a,'.repeat(90)}]\nc: &c [${'*b,'.repeat(90)}]\naccounts: *c`))[0]!, /alias/i)
  assert.deepEqual(await plan('accounts: &a\n  - id: root\n    accounts: *a'), ['3: : the alias stands in what it names'])
  assert.deepEqual(await plan('accounts: []\n---\naccounts: []'), ['2: : expected one document: after --- a second one begins'])
  for (const levels of [300, 1000, 2000, 5000]) {
    for (const [open, close] of [
      ['[', ']'],
      ['{a: ', '}'],
    ] as const) {
      const told = await plan(`accounts: ${open.repeat(levels)}${close.repeat(levels)}`)
      assert.ok(told.length <= 2 && !/stack/.test(told.join('')), told.join('\n').slice(0, 300))
    }
  }
  assert.match((await plan('x'.repeat(9 << 20)))[0]!, /expected at most 8388608 characters/)
})

test('variables fill in values, as numbers where only a number fits, and only when they are given', async (context) => {
  const { admin, caller, root, room } = await adminBed(context)
  const yaml = `accounts:
  - id: root
    binds:
      - id: a
        connector: smpp
        policy: { window: \${WINDOW} }
        config: { host: \${HOST}.example, port: \${PORT}, systemId: $\${me}, password: \${PASSWORD} }
`
  assert.deepEqual(variablesOf(yaml), ['WINDOW', 'HOST', 'PORT', 'PASSWORD'])
  const plan = await admin.documents.plan(caller, yaml, { variables: { WINDOW: '7', HOST: 'smsc', PORT: '2776', PASSWORD: '0123' } })
  assert.deepEqual(plan.faults, [])
  await admin.documents.apply(caller, plan)
  const bind = room.current().binds.get(`${root.id}/a`)!
  const { host, port, systemId, password } = bind.config as Record<string, unknown>
  assert.deepEqual([bind.policy.window, host, port, systemId, password], [7, 'smsc.example', 2776, '${me}', '0123'])
  assert.equal(
    (await admin.documents.plan(caller, yaml, { variables: Object.create({ WINDOW: '1' }) as Record<string, string> })).faults.length,
    4,
  )
})

test('a plan is good for the configuration it was made on, and for whoever made it', async (context) => {
  const { admin, caller, root } = await adminBed(context)
  const plan = await admin.documents.plan(caller, text, { variables })
  await admin.accounts.update(caller, root.id, { name: 'Meanwhile' })
  await assert.rejects(admin.documents.apply(caller, plan), { why: 'conflict' })
  const made = await admin.accounts.create(caller, root.id, { name: 'A' })
  const fresh = await admin.documents.plan(caller, text, { variables })
  await assert.rejects(admin.documents.apply({ ...caller, account: made.view.id }, fresh), { why: 'absent' })
})

test('a sub-account’s document reaches nothing above or beside it', async (context) => {
  const { admin, caller, root } = await adminBed(context)
  await admin.documents.apply(caller, await admin.documents.plan(caller, text, { variables }))
  const made = await admin.accounts.create(caller, root.id, { name: 'B' })
  const asB = { ...caller, account: made.view.id }
  const plan = await admin.documents.plan(asB, text, { variables })
  assert.deepEqual(plan.faults[0], { path: 'accounts[0].id', message: 'there is no account root', line: 2 })
  const own = await admin.documents.plan(asB, `accounts: [{ id: ${made.view.id}, routes: [{ id: r, prefix: "", to: [carrier-a] }] }]`, {
    variables,
  })
  assert.deepEqual(whats(own), ['create route r of B'])
})

test('accounts of a document are found by name among thousands, also one that the document itself has made or renamed', async (context) => {
  const { admin, caller } = await adminBed(context)
  const many = Array.from({ length: 2000 }, (_, i) => `      - { name: Customer ${i} }`).join('\n')
  const thousands = `accounts:\n  - id: root\n    accounts:\n${many}\n`
  await admin.documents.apply(caller, await admin.documents.plan(caller, thousands, { variables: {} }))
  assert.equal(admin.accounts.list(caller).length, 2001)
  assert.deepEqual((await admin.documents.plan(caller, thousands, { variables: {} })).changes, [], 'the same again is no change')
  const [, one] = admin.accounts.list(caller)
  const renamed = `accounts:\n  - id: root\n    accounts:\n      - { id: ${one!.id}, name: Renamed }\n      - { name: Renamed, weight: 2 }\n`
  const found = (await admin.documents.plan(caller, renamed, { variables: {} })).faults
  assert.match(found[0]?.message ?? '', /named twice/)
})

/** What this thread has had of a core (Linux, Documentation/scheduler/sched-stats.rst): time that others took is not in it. */
function workedMs(): number {
  if (process.platform !== 'linux') return performance.now()
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1e6
}

test('a long document is read on a thread, holds nobody up for long, and is all there or not at all', async (context) => {
  const { admin, caller, room, root } = await adminBed(context)
  const tenants = (more: string): string =>
    `accounts:\n  - id: root\n    accounts:\n${Array.from({ length: 1500 }, (_, n) => `      - { name: tenant ${n}, numbers: [{ number: "+1556${String(n).padStart(7, '0')}" }] }\n`).join('')}${more}`
  const broken = await admin.documents.plan(caller, tenants('      - { name: last, weight: heavy }\n'), { variables: {} })
  assert.deepEqual(
    broken.faults.map(({ line, path }) => [line, path]),
    [[1504, 'accounts[0].accounts[1500].weight']],
  )
  const seen = new Set<number>()
  let longestMs = 0
  let last = workedMs()
  const timer = setInterval(() => {
    seen.add(room.current().accounts.size)
    const now = workedMs()
    longestMs = Math.max(longestMs, now - last)
    last = now
  }, 1)
  const [made, other] = await Promise.all([
    admin.documents.make(caller, tenants(''), { variables: {} }),
    admin.accounts.create(caller, root.id, { name: 'meanwhile' }),
  ])
  clearInterval(timer)
  assert.equal(made.changes.length, 4500)
  assert.ok(other.changed)
  assert.equal(room.current().accounts.size, 1502)
  assert.deepEqual(
    [...seen].filter((size) => ![1, 2, 1501, 1502].includes(size)),
    [],
    'nobody sees half of it',
  )
  // At once it would be several seconds on a slow machine, and the quarter of one on a fast one.
  assert.ok(longestMs < 1500, `${longestMs} ms`)
  assert.deepEqual((await admin.documents.plan(caller, tenants(''), { variables: {} })).changes, [], 'the same again is no change')
})

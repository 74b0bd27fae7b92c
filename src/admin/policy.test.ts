import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultClientPolicy, defaultPolicy } from '../model/policy.ts'
import { adminBed } from '../../test/admin.ts'
import { Refused } from './admin.ts'
import { check, told } from './faults.ts'
import { policy } from './policy.ts'

const faults = (changes: Record<string, unknown>): string[] => {
  const checked = check(policy, { ...defaultPolicy, ...changes }, ['policy'])
  return 'faults' in checked ? told(checked.faults).map((fault) => `${fault.path}: ${fault.message}`) : []
}

test('the defaults are a policy, and what was stored before a field existed gets its default', () => {
  assert.deepEqual(faults({}), [])
  assert.deepEqual(check(policy, { ...defaultClientPolicy }, []), { value: defaultClientPolicy })
  const first = new Set(
    [
      'sessions window segmentsPerSecond attempts retryFirstMs retryMultiplier retryCapMs downLimitMs unknown validitySeconds',
      'maxValiditySeconds receiptTimeoutSeconds concatenation destinationRewrites nationalTables partsTimeoutSeconds partsIncomplete',
    ].flatMap((line) => line.split(' ')),
  )
  const stored = Object.fromEntries(Object.entries(defaultPolicy).filter(([field]) => first.has(field)))
  assert.deepEqual(check(policy, stored, []), { value: defaultPolicy })
})

test('faults of every new field say where, what was expected, and what came', () => {
  assert.deepEqual(faults({ actions: { ESME_RSYSERR: { as: 'later' } } }), [
    'policy.actions.ESME_RSYSERR.as: expected one of temporary, throttled, permanent, unknown, got "later"',
  ])
  assert.match(faults({ actions: { 'no code!': {} } })[0]!, /expected a code such as ESME_RSYSERR/)
  assert.match(faults({ actions: { '*': { retry: 1 } } })[0]!, /actions\["?\*"?\].*retry|actions\.\*\.retry: there is no such field/)
  assert.deepEqual(faults({ sources: { allow: ['+44', ' x'] } }), [
    'policy.sources.allow[1]: expected a prefix such as +44, a name such as ACME, or a pattern such as +4477* or 7????, got " x"',
  ])
  assert.match(
    faults({ destinations: { tons: ['mobile'] } })[0]!,
    /policy\.destinations\.tons\[0\]: expected one of unknown, international/,
  )
  assert.match(faults({ messages: { perSecond: -1 } })[0]!, /policy\.messages\.perSecond: expected 0–/)
  assert.match(faults({ messages: { perYear: 1 } })[0]!, /perYear: there is no such field; there are perDay, perHour, perMinute, perSecond/)
  assert.deepEqual(faults({ shortestText: 10, longestText: 5 }), ['policy.shortestText: expected at most longestText (5), got 10'])
  assert.deepEqual(faults({ restAbove: 5, restUntil: 6 }), ['policy.restUntil: expected at most restAbove (5), got 6'])
  assert.deepEqual(faults({ busyFirstMs: 200_000 }), ['policy.busyFirstMs: expected at most busyCapMs (120000), got 200000'])
  assert.match(faults({ mode: 'forward' })[0]!, /policy\.mode: expected one of store, datagram, transaction/)
  assert.match(faults({ errorCodes: { '001': '' } })[0]!, /expected an error code such as 002/)
  assert.match(faults({ trunk: 'a b' })[0]!, /policy\.trunk: expected 1–63 letters/)
})

test('a route names a trunk by its name, is shown so, and a trunk that nobody is in is a fault', async (context) => {
  const { admin, caller, root } = await adminBed(context)
  const member = (id: string, account = ''): string =>
    `{ id: ${id}, connector: smpp, policy: { trunk: acme }, config: { host: ${id}.example, systemId: x } }${account}`
  const document = (to: string): string => `accounts:
  - id: root
    binds: [${member('n')}, ${member('e')}]
    routes: [{ id: all, prefix: '', to: [${to}] }]
    accounts:
      - name: customer
        routes: [{ id: own, prefix: '+44', split: { acme: 2, n: 1 } }]
`
  const plan = (text: string) => admin.documents.plan(caller, text, { variables: {} })
  assert.match((await plan(document('acne'))).faults[0]!.message, /expected a supplier bind .* got "acne"/)
  const good = await plan(document('acme'))
  assert.deepEqual(good.faults, [])
  await admin.documents.apply(caller, good)
  assert.deepEqual((await plan(document('acme'))).changes, [])
  const [route] = admin.routes.list(caller, root.id)
  assert.deepEqual(route?.to, ['acme'])
})

test('the last member of a trunk that routes name is neither deleted nor taken out of it, and the refusal says which routes', async (context) => {
  const { admin, caller, root } = await adminBed(context)
  const member = (rules: object = { trunk: 'acme' }) => ({ connector: 'smpp', policy: rules, config: { host: 'x.example', systemId: 'x' } })
  for (const id of ['n', 'e']) await admin.binds.put(caller, root.id, id, member())
  await admin.routes.put(caller, root.id, 'all', { prefix: '', to: ['acme'] })
  await admin.binds.delete(caller, root.id, 'n')
  const refusal = async (step: Promise<unknown>): Promise<string> => {
    const error: unknown = await step.then(
      () => assert.fail('it was done'),
      (thrown: unknown) => thrown,
    )
    assert.ok(error instanceof Refused)
    return error.faults.map(({ message }) => message).join()
  }
  const why = 'no member would be left of the trunk acme, which is used by route all of Root account'
  assert.equal(await refusal(admin.binds.delete(caller, root.id, 'e')), `e cannot be deleted: ${why}`)
  assert.equal(await refusal(admin.binds.put(caller, root.id, 'e', member({}))), `e cannot leave the trunk acme: ${why}`)
  await admin.binds.put(caller, root.id, 'w', member())
  await admin.binds.put(caller, root.id, 'e', member({}))
  await admin.binds.delete(caller, root.id, 'e')
  await admin.routes.delete(caller, root.id, 'all')
  await admin.binds.delete(caller, root.id, 'w')
})

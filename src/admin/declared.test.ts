import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { adminBed, connectors } from '../../test/admin.ts'
import { testClock } from '../clock.ts'
import { openConfiguration } from './configuration.ts'
import { createResources } from './resources.ts'
import { openSeal } from './seal.ts'

const sid = `MG${'a'.repeat(32)}`

async function bed(context: TestContext) {
  const all = await adminBed(context)
  const { admin, caller, room, root } = all
  const plan = (services: string, more: { prune?: boolean } = {}) =>
    admin.documents.plan(
      caller,
      `accounts:\n  - id: root\n    numbers: [{ number: '+12025550123' }, { number: '12345' }]\n    services:\n${services}`,
      { variables: {}, ...more },
    )
  const apply = async (services: string, more: { prune?: boolean } = {}): Promise<string[]> => {
    const planned = await plan(services, more)
    assert.deepEqual(planned.faults, [])
    await admin.documents.apply(caller, planned)
    assert.deepEqual((await plan(services, more)).changes, [], 'the second time nothing changes')
    return planned.changes.filter(({ kind }) => kind === 'resource').map(({ change }) => change)
  }
  const services = () => [...(room.current().resources.get(root.id)?.values() ?? [])]
  const faults = async (text: string): Promise<string[]> =>
    (await plan(text)).faults.map(({ path, message, line }) => `${line}: ${path}: ${message}`)
  return { ...all, apply, faults, services }
}

test('an Application is declared by its name, or without one by its id, and pruned where it is no more', async (context) => {
  const { admin, caller, services } = await bed(context)
  const plan = (applications: string, prune = false) =>
    admin.documents.plan(caller, `accounts: [{ id: root, applications: ${applications} }]`, { variables: {}, prune })
  const ap = `AP${'b'.repeat(32)}`
  const made = await plan(
    `[{ name: Shop, smsUrl: https://app.example/in }, { id: ${ap}, smsMethod: GET }, { id: ${ap.replaceAll('b', 'c')}, name: Shop }]`,
  )
  assert.deepEqual(made.faults, [])
  await admin.documents.apply(caller, made)
  assert.deepEqual(
    services().map(({ kind, settings }) => [kind, settings]),
    [
      ['application', { friendlyName: 'Shop', smsUrl: 'https://app.example/in' }],
      ['application', { smsMethod: 'GET' }],
      ['application', { friendlyName: 'Shop' }],
    ],
  )
  const { document } = await admin.documents.export(caller, {})
  const again = await admin.documents.plan(caller, document, { variables: {}, prune: true })
  assert.deepEqual([again.faults, again.changes], [[], []], document)
  const faults = async (applications: string) => (await plan(applications)).faults.map(({ path, message }) => `${path}: ${message}`)
  assert.match((await faults('[{ smsMethod: GET }]'))[0] ?? '', /applications\[0\]\.name: is missing: expected a name/)
  assert.match((await faults(`[{ id: ${ap} }, { id: ${ap} }]`))[0] ?? '', /applications\[1\]\.id: "AP.*" is there twice/)
  assert.match((await faults('[{ name: A, smsUrl: /in }]'))[0] ?? '', /smsUrl: expected an http or https URL/)
  assert.match((await faults('[{ name: A, optOut: off }]'))[0] ?? '', /there is no such field; there are id, messageStatusCallback/)
  const pruned = await plan(`[{ id: ${ap}, smsMethod: GET }]`, true)
  assert.deepEqual(
    pruned.changes.map(({ change }) => change),
    ['delete', 'delete'],
  )
})

const shop = `      - name: Shop
        senders: ['+1 (202) 555-0123', '12345', SHOP]
        statusCallback: https://app.example/status
        optOut: { stop: [HALT] }
`

test('a service is declared with its pool and its words, and is the same after a restart', async (context) => {
  const { apply, services, store, directory, room } = await bed(context)
  assert.deepEqual(await apply(shop), ['create'])
  const [service] = services()
  assert.match(service?.id ?? '', /^MG[0-9a-f]{32}$/)
  assert.deepEqual(service?.optOut, { stop: ['HALT'] })
  const { friendlyName, statusCallback, stickySender, senders } = service.settings
  assert.deepEqual([friendlyName, statusCallback, stickySender], ['Shop', 'https://app.example/status', true])
  const numbers = room.current().numbers
  assert.deepEqual(
    (senders as { kind: string; sid: string; value: string }[]).slice(0, 2).map(({ kind, sid: of, value }) => [kind, of, value]),
    [
      ['phone', numbers.get('+12025550123')?.id, '+12025550123'],
      ['short', `SC${numbers.get('12345')?.id.slice(2)}`, '12345'],
    ],
  )
  const again = await openConfiguration({ store, connectors, seal: openSeal(directory), clock: testClock() })
  assert.deepEqual(
    [...again.current().resources.values()].flatMap((own) => [...own.values()]),
    services(),
  )
})

test('what is there is changed by its name: the pool in place, words taken off; an id that was chosen names it, too', async (context) => {
  const { admin, apply, services, room, caller, root } = await bed(context)
  await apply(shop)
  const before = services()[0]!
  assert.deepEqual(await apply(`      - { name: Shop, senders: ['12345'], stickySender: 'false' }\n`), ['update'])
  const after = services()[0]!
  const pool = (of: typeof before): unknown[] => of.settings['senders'] as unknown[]
  assert.deepEqual(
    [after.id, after.optOut, after.settings['stickySender'], after.settings['statusCallback']],
    [before.id, undefined, false, undefined],
  )
  assert.deepEqual(pool(after), [pool(before)[1]])
  // The API’s changes leave the words, a document without a pool leaves the pool.
  await apply(`      - { name: Shop, optOut: off }\n`)
  await createResources(room).change(caller, root.id, before.id, (now) => ({ kind: now!.kind, settings: now!.settings }))
  assert.deepEqual([services()[0]?.optOut, pool(services()[0]!)], ['off', pool(after)])
  assert.deepEqual(await apply(`      - { name: Other, id: ${sid} }\n`), ['create'])
  assert.deepEqual(await apply(`      - { name: Renamed, id: ${sid} }\n`), ['update'])
  assert.deepEqual(await apply(`      - { name: Renamed }\n`, { prune: true }), ['delete'])
  assert.deepEqual(
    services().map(({ id }) => id),
    [sid],
  )
  const told = (await admin.audit.list(caller, { limit: 99, kind: 'resource' })).entries.flatMap(({ changes }) => changes)
  assert.ok(told.some(({ fields }) => fields.some(({ field, after: is }) => field === 'optOut' && is === 'off')))
})

test('a number goes from one service to another in one document, and is in two of them in none', async (context) => {
  const { apply, faults } = await bed(context)
  await apply(`      - { name: One, senders: ['12345'] }\n      - { name: Two, senders: [] }\n`)
  await apply(`      - { name: Two, senders: ['12345'] }\n      - { name: One, senders: ['+12025550123'] }\n`)
  assert.deepEqual(await faults(`      - { name: Three, senders: ['12345'] }\n`), [
    '5: accounts[0].services: 12345 is in "Two" and in "Three": expected it in one service',
  ])
})

test('every fault of a service is told with its line', async (context) => {
  const { faults } = await bed(context)
  assert.deepEqual(
    await faults(`      - name: Shop
        id: MG1
        colour: red
        validityPeriod: 36001
        inboundRequestUrl: ftp://x.example
        optOut: { stop: [START] }
      - name: Other
        senders: ['+12025550199', '12345', '12345', 'much too long a name']
      - senders: []
      - name: '${'x'.repeat(65)}'
`),
    [
      '7: accounts[0].services[0].colour: there is no such field; there are areaCodeGeomatch, fallbackMethod, fallbackToLongCode, fallbackUrl, id, inboundMethod, inboundRequestUrl, mmsConverter, optOut, scanMessageContent, senders, smartEncoding, statusCallback, stickySender, synchronousValidation, useInboundWebhookOnNumber, usecase, validityPeriod',
      '9: accounts[0].services[0].inboundRequestUrl: expected an http or https URL such as https://example.com/sms, got "ftp://x.example"',
      '8: accounts[0].services[0].validityPeriod: expected 1–36000, got 36001',
      '6: accounts[0].services[0].id: expected MG and 32 lowercase hex digits, got "MG1"',
      '10: accounts[0].services[0].optOut.stop[0]: expected a word that is not among those of start too, got "START"',
      '12: accounts[0].services[1].senders[0]: +12025550199 is no number of this account',
      '12: accounts[0].services[1].senders[2]: 12345 is there twice',
      '12: accounts[0].services[1].senders[3]: expected a number in quotes, a short code, or a name of 1 to 11 characters',
      '13: accounts[0].services[2].name: is missing: expected a name',
      `14: accounts[0].services[3].name: expected 1–64 characters, got "${'x'.repeat(40)}…"`,
    ],
  )
})

// Input that means harm, over HTTP: page tokens and sizes that were tampered with, lines put into headers
// and forms, and an account with ten thousand below it. Everything is answered, nothing fails inside.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, it } from 'node:test'
import { ourNumber } from '../bench/gateway.ts'
import { ask, configure, create, reaches, root, startHooks, startNorthern, eventually, type World } from './world.ts'

let world: World

before(async () => {
  world = await startNorthern(`
    privateWebhooks: true
    numbers: [{ number: '${ourNumber}' }]`)
})
after(() => world?.close())

const of = `/2010-04-01/Accounts/${root.sid}`
const lists = [
  '/2010-04-01/Accounts.json',
  ...[
    'Messages',
    'SMS/Messages',
    'Keys',
    'SigningKeys',
    'IncomingPhoneNumbers',
    'IncomingPhoneNumbers/Local',
    'Applications',
    'SMS/ShortCodes',
    'Usage/Records',
    'Usage/Records/Daily',
    'AvailablePhoneNumbers/US/Local',
  ].map((name) => `${of}/${name}.json`),
  '/v1/Services',
]

it('answers tampered page sizes, pages and tokens on every list with a refusal or a page, never with a fault of its own', async () => {
  for (let i = 0; i < 3; i++) await create(world.setup, { To: '+447700900123', From: ourNumber, Body: `page ${i}` })
  const { json } = await ask(world.setup, `${of}/Messages.json?PageSize=1`, { as: root })
  const token = /PageToken=([^&]+)/.exec(String(json['next_page_uri']))?.[1] ?? ''
  assert.notEqual(token, '')
  const tampered = [
    'PageSize=-1',
    'PageSize=0',
    'PageSize=1001',
    'PageSize=1e3',
    'PageSize=99999999999999999999',
    'PageSize[]=1',
    'Page=-1',
    'Page=999999999',
    'Page=NaN',
    'PageToken=',
    'PageToken=PA',
    `PageToken=${token.slice(0, -1)}`,
    `PageToken=${token.slice(0, -1)}Z`,
    `PageToken=${token}${token}`,
    `PageToken=PA${'9'.repeat(5000)}`,
    'PageToken=PA%00%0d%0a',
    "PageToken=PA'%20OR%201%3D1--",
    `PageToken=PA${randomBytes(20).toString('hex')}`,
    `Page=1&PageToken=${token}&PageToken=PAx`,
  ]
  for (const list of lists)
    for (const query of tampered) {
      const { status, text } = await ask(world.setup, `${list}?${query}`, { as: root })
      assert.ok(status === 200 || status === 400, `${list}?${query}: ${status} ${text.slice(0, 200)}`)
      assert.doesNotMatch(text, /SQLITE|at .*\.[jt]s:\d/)
    }
})

it('keeps lines that were put into forms out of the headers of webhooks and answers', async () => {
  const hooks = await startHooks()
  const lines = 'x\r\nX-Injected: yes\r\n\r\nbody'
  const sid = await create(world.setup, {
    To: '+447700900123',
    From: ourNumber,
    Body: lines,
    StatusCallback: `${hooks.url}/status?a=${encodeURIComponent(lines)}`,
  })
  assert.equal((await reaches(world.setup, sid, 'delivered'))['body'], lines, 'a text may have lines')
  const [hook] = await eventually('a callback', () => (hooks.got.length > 0 ? hooks.got : undefined))
  assert.equal(hook!.headers['x-injected'], undefined)
  assert.ok(hook!.path.includes('%0D%0A'))
  const refused = await ask(world.setup, `${of}/Messages.json`, { as: root, form: { To: lines, From: ourNumber, Body: 'x' } })
  assert.equal(refused.json['code'], 21211)
  assert.equal(refused.headers.get('x-injected'), null)
  for (const StatusCallback of ['http://example.com/\r\nX-Injected: yes', 'http://example.com\r\nHost: inner/', 'file:///etc/passwd']) {
    const answer = await ask(world.setup, `${of}/Messages.json`, {
      as: root,
      form: { To: '+447700900123', From: ourNumber, Body: 'x', StatusCallback },
    })
    assert.ok(answer.status === 400 || !/[\r\n]/.test(answer.headers.get('location') ?? ''), answer.text)
    assert.notEqual(answer.status, 500)
  }
  hooks.close()
})

it('has ten thousand sub-accounts in one document, lists them page by page, and sends as the last of them', async () => {
  const sidOf = (i: number): string => `AC${String(i).padStart(32, '0')}`
  const some = 10_000
  const rows = Array.from({ length: some }, (_, i) => `      - { id: ${sidOf(i + 100)}, name: tenant ${i} }`).join('\n')
  const document = `accounts:\n  - id: root\n    accounts:\n${rows}\n`
  await configure(world.setup, document)
  let seen = 0
  let next: unknown = '/2010-04-01/Accounts.json?PageSize=1000'
  while (typeof next === 'string') {
    const { status, json } = await ask(world.setup, next, { as: root })
    assert.equal(status, 200)
    seen += (json['accounts'] as unknown[]).length
    next = json['next_page_uri']
  }
  assert.equal(seen, some + 1, 'each once, and the account itself')
  const last = sidOf(some + 99)
  const claimed = await ask(world.setup, `/2010-04-01/Accounts/${last}/IncomingPhoneNumbers.json`, {
    as: root,
    form: { PhoneNumber: '+15550007777' },
  })
  assert.equal(claimed.status, 201, claimed.text)
  const form = { To: '+447700900123', From: '+15550007777', Body: 'the last of many' }
  const sent = await ask(world.setup, `/2010-04-01/Accounts/${last}/Messages.json`, { as: root, form })
  assert.equal(sent.status, 201, sent.text)
  const startedAt = performance.now()
  await configure(world.setup, document)
  assert.ok(performance.now() - startedAt < 30_000, 'the same again changes nothing, in time')
})

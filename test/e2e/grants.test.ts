// Grants, end to end over real SMPP and SIP: an operator with two resellers that have customers beside
// each other. Whoever sends, and by whatever protocol, leaves by a carrier of its own account, of one
// below it, or by one that is granted to it; of all others it hears what it hears of none.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { freePort } from '../bench/processes.ts'
import { esme, type Esme } from '../peers/smpp-client.ts'
import { phone, type Phone, profileAt, sipProfiles } from './sip-phone.ts'
import { ask, bindTo, configure, create, eventually, messagesPath, reaches, root, startWorld, type Answer, type World } from './world.ts'

const tenant = (letter: string, digit: string) => ({
  sid: `AC${'0'.repeat(31)}${letter}`,
  token: letter.repeat(32),
  number: `+1555000${digit.repeat(4)}`,
})
/** shop and cafe are customers of east, bar of west. */
const [east, shop, cafe, west, bar] = [tenant('a', '1'), tenant('b', '2'), tenant('c', '3'), tenant('d', '4'), tenant('e', '5')] as const
type Tenant = typeof east

let world: World
let profiles: string
let smppPort: number
let barPhone: Phone
let barDevice: Esme

/** `top` and `spare` are the operator's, `eastern` is the reseller's, `shopline` the shop's own. */
const operator = (top: string, more = ''): string => `accounts:
  - id: root
    binds:
      - ${bindTo(world.carriers, 'top').replace(/ }$/, `${top} }`)}
      - ${bindTo(world.carriers, 'spare').replace(/ }$/, `, grant: [East] }`)}
${more}`

before(async () => {
  smppPort = await freePort()
  const sipPort = await freePort()
  profiles = await sipProfiles({ internal: profileAt(sipPort, bar.sid) })
  world = await startWorld(
    { top: {}, spare: {}, eastern: {}, shopline: {}, western: {} },
    { SIGNALBOX_SMPP: `127.0.0.1:${smppPort}`, SIGNALBOX_SIP: profiles },
  )
  const { carriers } = world
  await configure(
    world.setup,
    operator(
      ', grant: [East]',
      `    routes: [{ id: all, prefix: "", to: [top, spare] }]
    accounts:
      - id: ${east.sid}
        name: East
        token: ${east.token}
        binds: [${bindTo(carriers, 'eastern')}]
        numbers: [{ number: "${east.number}" }]
        routes: [{ id: uk, prefix: "+44", to: [${shop.sid}/shopline, eastern] }]
        accounts:
          - id: ${shop.sid}
            token: ${shop.token}
            binds: [${bindTo(carriers, 'shopline')}]
            numbers: [{ number: "${shop.number}" }]
          - { id: ${cafe.sid}, token: ${cafe.token}, numbers: [{ number: "${cafe.number}" }] }
      - id: ${west.sid}
        name: West
        token: ${west.token}
        binds: [${bindTo(carriers, 'western')}]
        numbers: [{ number: "${west.number}" }]
        routes: [{ id: uk, prefix: "+44", to: [western] }]
        accounts:
          - id: ${bar.sid}
            token: ${bar.token}
            binds:
              - { id: device, connector: smpp, side: client, config: { systemId: bar, password: secret } }
              - { id: phone, connector: sip, side: client, config: { user: phone, password: wonderland } }
            numbers: [{ number: "${bar.number}" }]
`,
    ),
  )
  for (const bind of ['top', 'spare'].map((name) => `${root.sid}/${name}`)) await bound(bind)
  for (const [{ sid }, name] of [
    [east, 'eastern'],
    [shop, 'shopline'],
    [west, 'western'],
  ] as const)
    await bound(`${sid}/${name}`)
  barPhone = await phone({ gateway: sipPort, user: 'phone', password: 'wonderland' })
  assert.equal((await barPhone.register()).status, 200)
  barDevice = await esme({ port: smppPort, systemId: 'bar', password: 'secret' })
})

after(async () => {
  barPhone?.close()
  await barDevice?.close()
  await world?.close()
  await rm(profiles, { recursive: true })
})

const bound = (bind: string): Promise<unknown> =>
  eventually(
    `${bind} is bound`,
    async () => {
      const { json } = await ask(world.setup, `/api/v1/statistics?bind=${encodeURIComponent(bind)}`, { as: root })
      return (json['binds'] as { sessions?: { state: string } }[])[0]?.sessions?.state === 'bound' || undefined
    },
    30_000,
  )

let texts = 0
/** The carrier that a text of this account came to. */
async function carrierOf(who: Tenant, to: string): Promise<string> {
  const body = `text ${++texts}`
  await create(world.setup, { To: to, From: who.number, Body: body }, who)
  return await arrived(body)
}
const arrived = (body: string): Promise<string> =>
  eventually(`${body} arrives`, () => world.carriers.inbox(100).find(({ text }) => text === body)?.carrier)

test('each goes by its own carrier, by those below it, and by those granted to it, and by no other', async () => {
  assert.equal(await carrierOf(shop, '+447700900111'), 'shopline')
  assert.equal(await carrierOf(east, '+447700900112'), 'shopline', 'a carrier below, since its route leads there')
  assert.equal(await carrierOf(cafe, '+447700900113'), 'eastern', 'not by the carrier of the customer beside it')
  for (const who of [east, shop, cafe]) assert.equal(await carrierOf(who, '+33612345678'), 'top')
  for (const who of [west, bar]) assert.equal(await carrierOf(who, '+447700900114'), 'western')
})

test('what is not granted is refused as what is not there: over HTTP, in RestComm’s shape, over SMPP and SIP, and by name', async () => {
  const form = { To: '+33612345678', From: bar.number, Body: 'not carried' }
  const refused = await ask(world.setup, messagesPath(bar.sid), { as: bar, form })
  assert.deepEqual([refused.status, refused.json['code']], [400, 21612], refused.text)
  const restcomm = await ask(world.setup, `/restcomm/2012-04-24/Accounts/${bar.sid}/SMS/Messages.json`, { as: bar, form })
  assert.equal(restcomm.status, 400, restcomm.text)
  const submitted = await barDevice.submit({ destination_addr: '33612345678', short_message: 'not carried' })
  assert.equal(submitted.command_status, 0x0b, 'ESME_RINVDSTADR')
  const said = await barPhone.message('sip:+33612345678@127.0.0.1', 'not carried')
  assert.equal(said.status, 404)
  const told = [refused.text, restcomm.text, said.line, [...said.headers].flat().join(), said.body].join()
  for (const word of ['top', 'spare', 'Route', 'grant', root.sid]) assert.ok(!told.includes(word), `${word} in ${told}`)
  // By name: the operator's, that of a reseller beside, that of its customer, and nobody's.
  const named = async (bind: string): Promise<string> => {
    const answer = await barPhone.message(`sip:+447700900115@${bind}._smpp.127.0.0.1`, 'not carried')
    return [answer.line, answer.headers.get('warning'), answer.headers.get('reason'), answer.body].join().replaceAll(bind, '…')
  }
  const nobody = await named('nobody')
  assert.match(nobody, /^SIP\/2\.0 404/)
  for (const bind of ['top', 'spare', 'eastern', 'shopline']) assert.equal(await named(bind), nobody, bind)
  assert.ok(!world.carriers.inbox(100).some(({ text }) => text === 'not carried'))
  assert.equal((await barPhone.message('sip:+447700900116@western._smpp.127.0.0.1', 'by name')).status, 202, 'a route leads there')
  assert.equal(await arrived('by name'), 'western')
})

test('explain tells the operator what is not granted, and the account nothing', async () => {
  const explained = async (as: { sid: string; token: string }): Promise<string> => {
    const query = new URLSearchParams({ account: bar.sid, from: bar.number, to: '+33612345678' })
    return ((await ask(world.setup, `/api/v1/explain?${query.toString()}`, { as })).json['lines'] as string[]).join('\n')
  }
  assert.match(await explained(root), /Route all takes every destination; no bind of it is granted to the sender/)
  for (const who of [west, bar]) assert.doesNotMatch(await explained(who), /all|granted|top/)
})

test('a customer’s carrier brings nothing for numbers beside it, and for those above only where they send by it', async () => {
  const brought = async (carrier: string, to: Tenant): Promise<void> => {
    world.carriers.reply({ carrier, from: '447700900117', to: to.number.slice(1), text: `${carrier} to ${to.number}` })
    const found = await eventually('it is written down', async () => {
      const { json } = await ask(world.setup, '/api/v1/messages?limit=100', { as: root })
      const is = (one: { arrival: string; to: string }): boolean =>
        one.arrival.endsWith(`/${carrier}`) && one.to.endsWith(to.number.slice(1))
      return (json['messages'] as { account: string; arrival: string; to: string }[]).find(is)
    })
    heard.push(`${carrier} to ${to.number.slice(-1)}: ${found.account.slice(-1)}`)
  }
  const heard: string[] = []
  for (const [carrier, to] of [
    ['top', cafe],
    ['eastern', cafe],
    ['shopline', shop],
    ['shopline', east],
    ['shopline', cafe],
    ['eastern', west],
    ['western', east],
  ] as const)
    await brought(carrier, to)
  // By whose numbers it was heard; what nobody hears is a failed message of the carrier's account.
  assert.deepEqual(heard, [
    'top to 3: c',
    'eastern to 3: c',
    'shopline to 2: b',
    'shopline to 1: a',
    'shopline to 3: b',
    'eastern to 4: a',
    'western to 1: d',
  ])
  const list = async (who: Tenant): Promise<string[]> => {
    const { json } = await ask(world.setup, messagesPath(who.sid), { as: who })
    return (json['messages'] as { body: string; direction: string }[])
      .flatMap(({ body, direction }) => (direction === 'inbound' && body.endsWith(who.number) ? [body] : []))
      .toSorted()
  }
  assert.deepEqual(await list(east), [`shopline to ${east.number}`])
  assert.deepEqual(await list(cafe), [`eastern to ${cafe.number}`, `top to ${cafe.number}`])
  assert.deepEqual(await list(west), [])
})

test('a grant that is taken back holds for what is queued, over a restart: the next bind that is granted, or failed with a reason', async () => {
  const status = async (sid: string, who: Tenant): Promise<Answer['json']> =>
    (await ask(world.setup, messagesPath(who.sid, `/${sid}.json`), { as: who })).json
  await configure(world.setup, operator(', grant: [East], paused: true'))
  const queued = await create(world.setup, { To: '+33612345678', From: cafe.number, Body: 'goes by the spare' }, cafe)
  const second = await create(world.setup, { To: '+33612345679', From: east.number, Body: 'goes by the spare too' }, east)
  await configure(world.setup, operator(', grant: [], paused: true'))
  await world.restart()
  await configure(world.setup, operator(', grant: [], paused: false'))
  assert.equal(await arrived('goes by the spare'), 'spare')
  assert.equal(await arrived('goes by the spare too'), 'spare')
  await reaches(world.setup, second, 'delivered', east)
  const { text: trace } = await ask(world.setup, `/api/v1/messages/${queued.slice(2)}/trace`, { as: cafe })
  assert.match(trace, /the account may not use the bind any more/)
  for (const word of [root.sid, '"top', 'spare"', 'submit_sm']) assert.ok(!trace.includes(word), `${word} in ${trace}`)

  // By a route that was not there when it was accepted, to a bind that it did not know.
  await configure(world.setup, operator(', grant: [East], paused: true'))
  const moved = await create(world.setup, { To: '+33612345681', From: shop.number, Body: 'goes by its own' }, shop)
  const own = (path: string, body?: object): Promise<Answer> =>
    ask(world.setup, path, { as: shop, ...(body ? { method: 'PUT', json: body } : { method: 'DELETE' }) })
  await own('/api/v1/routes/mine', { prefix: '', to: ['shopline'] })
  await configure(world.setup, operator(', grant: [], paused: true').replace('grant: [East]', 'grant: []'))
  assert.equal(await arrived('goes by its own'), 'shopline')
  const again = await ask(world.setup, `/api/v1/messages/${moved.slice(2)}/trace`, { as: shop })
  const { message, entries } = again.json as {
    message: { decision: { route: string } }
    entries: { what: string; before?: { route: string } }[]
  }
  assert.equal(message.decision.route, 'mine')
  assert.deepEqual(
    entries.flatMap(({ what, before: was }) => (what === 'decided' ? was?.route : [])),
    ['inherited'],
  )
  for (const word of [root.sid, '"top']) assert.ok(!again.text.includes(word), `${word} in ${again.text}`)
  await own('/api/v1/routes/mine')

  await configure(world.setup, operator(', grant: [East], paused: true'))
  const doomed = await create(world.setup, { To: '+33612345680', From: cafe.number, Body: 'goes nowhere' }, cafe)
  await configure(world.setup, operator(', grant: [], paused: false').replace('grant: [East]', 'grant: []'))
  await reaches(world.setup, doomed, 'failed', cafe)
  assert.equal((await status(doomed, cafe))['error_code'], 30006)
  assert.ok(!world.carriers.inbox(100).some(({ text }) => text === 'goes nowhere'))
})

// Opt-out end to end: a handset's word comes by real SMPP, is answered the same way, reaches whoever has
// the number (a webhook, an SMPP client, a phone), and what that one sends to the handset is refused in
// the words of its protocol, also after a restart, until the handset says otherwise.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { after, before, test } from 'node:test'
import { freePort } from '../bench/processes.ts'
import { esme } from '../peers/smpp-client.ts'
import { phone, profileAt, sipProfiles } from './sip-phone.ts'
import { ask, bindTo, create, eventually, messagesPath, root, signalbox, startHooks, startWorld, type World } from './world.ts'

let world: World
let hooks: Awaited<ReturnType<typeof startHooks>>
let smppPort: number
let sipPort: number
let profiles: string
const [api, smpp, sip] = ['+12025550101', '+12025550102', '+12025550103'] as const
const handset = '+12025550199'

before(async () => {
  smppPort = await freePort()
  sipPort = await freePort()
  profiles = await sipProfiles({ internal: profileAt(sipPort, 'root') })
  hooks = await startHooks()
  world = await startWorld(
    { north: {} },
    { SIGNALBOX_SMPP: `127.0.0.1:${smppPort}`, SIGNALBOX_SIP: profiles },
    (carriers) => `
    privateWebhooks: true
    binds:
      - ${bindTo(carriers, 'north')}
      - { id: shop, connector: smpp, side: client, config: { systemId: shop, password: secret } }
      - { id: alice, connector: sip, side: client, config: { user: alice, password: wonderland } }
    numbers:
      - { number: "${api}", settings: { smsUrl: "${hooks.url}/sms" } }
      - { number: "${smpp}", bind: shop }
      - { number: "${sip}", bind: alice }
    routes:
      - { id: all, prefix: "", to: [north] }
`,
  )
})

after(async () => {
  await world?.close()
  hooks.close()
  await rm(profiles, { recursive: true })
})

/** The handset writes; resolves with what it is answered. */
async function says(to: string, text: string, answered: RegExp): Promise<void> {
  const had = world.carriers.inbox(1000).length
  await eventually('the carrier is bound', () => {
    try {
      return world.carriers.reply({ carrier: 'north', from: handset, to, text })
    } catch {
      return undefined
    }
  })
  await eventually(`an answer from ${to} to ${text}`, () => {
    const all = world.carriers.inbox(1000)
    return all.slice(0, all.length - had).find((shown) => shown.from === to && shown.to === handset && answered.test(shown.text))
  })
}

const sends = async (): Promise<[number, unknown]> => {
  const { status, json } = await ask(world.setup, messagesPath(root.sid), { as: root, form: { To: handset, From: api, Body: 'News' } })
  return [status, json['code']]
}

test('over the Twilio-compatible API: 21610 from STOP to START, over a restart, and the webhook is told', async () => {
  await says(api, 'Stop', /^You have successfully been unsubscribed/)
  const hook = await eventually('the webhook', () => hooks.got.find(({ form }) => form['Body'] === 'Stop'))
  assert.deepEqual([hook.form['OptOutType'], hook.form['From'], hook.form['To']], ['STOP', handset, api])
  assert.deepEqual(await sends(), [400, 21610])
  await world.restart()
  assert.deepEqual(await sends(), [400, 21610])
  const listed = await signalbox(['optouts'], { SIGNALBOX_DATA: world.setup.data })
  assert.match(listed.out, /\+12025550199 +\+12025550101 .*STOP +SM[0-9a-f]{32}/)
  await create(world.setup, { To: '+12025550198', From: api, Body: 'others get theirs' })
  await says(api, 'START', /re-subscribed/)
  assert.equal((await sends())[0], 201)
  await eventually('the webhook', () => hooks.got.find(({ form }) => form['OptOutType'] === 'START'))
})

test('what waits when STOP comes ends failed with 21610 before the carrier sees it; what another number sends goes on', async () => {
  const line = (...args: string[]) => signalbox(args, { SIGNALBOX_DATA: world.setup.data })
  assert.equal((await line('lanes', 'pause', 'north')).code, 0)
  const hooked = `${hooks.url}/status`
  const waits = await create(world.setup, { To: handset, From: api, Body: 'waits', StatusCallback: hooked })
  const other = await create(world.setup, { To: handset, From: smpp, Body: 'goes on' })
  world.carriers.reply({ carrier: 'north', from: handset, to: api, text: 'OPTOUT' })
  await eventually('the word', () => hooks.got.find(({ form }) => form['Body'] === 'OPTOUT'))
  assert.equal((await line('lanes', 'resume', 'north')).code, 0)
  const told = await eventually('the status callback', () => hooks.got.find(({ form }) => form['MessageSid'] === waits))
  assert.deepEqual([told.form['MessageStatus'], told.form['ErrorCode']], ['failed', '21610'])
  const shown = async (sid: string) => (await ask(world.setup, messagesPath(root.sid, `/${sid}.json`), { as: root })).json
  assert.deepEqual([(await shown(waits))['status'], (await shown(waits))['error_code']], ['failed', 21610])
  await eventually('the other to be sent', async () => ((await shown(other))['status'] === 'delivered' ? true : undefined))
  assert.deepEqual(
    world.carriers.inbox(1000).filter(({ text }) => text === 'waits'),
    [],
  )
  await says(api, 'START', /re-subscribed/)
})

test('over SMPP: the client gets the word, then ESME_RINVDSTADR, until the operator removes it', async (context) => {
  const client = await esme({ port: smppPort, systemId: 'shop', password: 'secret' })
  context.after(() => client.session.destroy())
  await says(smpp, 'STOP', /unsubscribed/)
  const got = await eventually('the deliver_sm', () => client.got.find((pdu) => String(pdu.short_message?.message) === 'STOP'))
  assert.deepEqual([got.source_addr, got.destination_addr], [handset.slice(1), smpp.slice(1)])
  const submit = { source_addr: smpp.slice(1), source_addr_ton: 1, destination_addr: handset.slice(1), short_message: 'News' }
  assert.equal((await client.submit(submit)).command_status, 0x0b)
  assert.equal((await client.submit({ ...submit, destination_addr: '12025550198' })).command_status, 0)
  const line = (...args: string[]) => signalbox(['optouts', ...args], { SIGNALBOX_DATA: world.setup.data })
  assert.match((await line('remove', smpp, handset)).out, /takes messages from \+12025550102 again/)
  assert.equal((await client.submit(submit)).command_status, 0)
  assert.match((await line('remove', smpp, handset)).out, /has not opted out/)
})

test('over SIP: the phone gets the word, then 403 with a Warning that says why', async (context) => {
  const alice = await phone({ gateway: sipPort, user: 'alice', password: 'wonderland' })
  context.after(() => alice.close())
  assert.equal((await alice.register()).status, 200)
  await says(sip, 'unsubscribe', /unsubscribed/)
  await alice.received('the word', ({ body }) => body === 'unsubscribe')
  const refused = await alice.message(`sip:${handset}@127.0.0.1`, 'News')
  assert.equal(refused.status, 403, refused.line)
  assert.match(refused.headers.get('warning') ?? '', /\+12025550199 takes no more messages from \+12025550103/)
  await says(sip, 'START', /re-subscribed/)
  assert.equal((await alice.message(`sip:${handset}@127.0.0.1`, 'News')).status, 202)
})

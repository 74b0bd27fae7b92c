// Two trees of sub-accounts whose customers come by SMPP and SIP: what a stranger asks or sends there
// about a tenant's messages, users and numbers ends as if they were not there, and reaches nobody.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { freePort } from '../bench/processes.ts'
import { phone, type Phone, type Said } from '../e2e/sip-phone.ts'
import { ask, eventually, sleep, type World } from '../e2e/world.ts'
import { connectEsme, esme, type Esme } from '../peers/smpp-client.ts'
import { all, growTrees, hex, someStrangers, type Tenant, type Tree } from './trees.ts'

let world: World
let trees: [Tree, Tree]
let smppPort: number
let sipPort: number
let profiles: string
const clients = new Map<Tenant, Esme>()
const phones = new Map<Tenant, Phone>()

const mark = (of: Tenant): string => of.sid.slice(-8)
const systemId = (of: Tenant): string => `esme-${mark(of)}`
const user = (of: Tenant): string => `user-${mark(of)}`
const domain = (of: Tenant): string => `d${mark(of)}.example`
const password = (of: Tenant): string => of.token.slice(0, 8)

before(async () => {
  ;[smppPort, sipPort] = [await freePort(), await freePort()]
  profiles = await mkdtemp(join(tmpdir(), 'tenancy-sip-'))
  const env = async (tenants: Tenant[]): Promise<Record<string, string>> => {
    const domains = tenants.map((of) => `${domain(of)}: ${of.sid}`).join(', ')
    await writeFile(join(profiles, 'internal.yaml'), `listen: { udp: '127.0.0.1:${sipPort}' }\ndomains: { ${domains} }\n`)
    await mkdir(join(profiles, 'internal'))
    return { SIGNALBOX_SMPP: `127.0.0.1:${smppPort}`, SIGNALBOX_SIP: profiles }
  }
  const binds = (of: Tenant): string[] => [
    `{ id: esme, connector: smpp, side: client, config: { systemId: ${systemId(of)}, password: '${password(of)}' } }`,
    `{ id: phone, connector: sip, side: client, config: { user: ${user(of)}, domain: ${domain(of)}, password: '${password(of)}' } }`,
  ]
  ;({ world, trees } = await growTrees({ env, binds }))
  for (const of of trees.flatMap(all)) {
    clients.set(of, await esme({ port: smppPort, systemId: systemId(of), password: password(of) }))
    const registered = await phone({ gateway: sipPort, user: user(of), password: password(of), domain: domain(of) })
    phones.set(of, registered)
    assert.equal((await registered.register()).status, 200)
  }
})
after(async () => {
  for (const client of clients.values()) client.session.destroy()
  for (const each of phones.values()) each.close()
  await world?.close()
  await rm(profiles, { recursive: true, force: true })
})

const e164 = (value: string): Record<string, unknown> => ({ source_addr: value.slice(1), source_addr_ton: 1, source_addr_npi: 1 })

it("asks by SMPP for a stranger's messages, to change them or take them back, and is told what it is told of none", async () => {
  for (const [caller, victim] of someStrangers(trees)) {
    for (const sid of victim.messages) {
      for (const [command, more] of [
        ['query_sm', {}],
        ['cancel_sm', {}],
        ['replace_sm', { short_message: 'defaced' }],
      ] as const) {
        const asked = (message_id: string): Promise<number> =>
          clients
            .get(caller)!
            .ask(command, { message_id, ...e164(victim.number), ...more })
            .then(({ command_status }) => command_status)
        const there = await asked(sid.slice(2))
        assert.notEqual(there, 0, command)
        assert.equal(there, await asked(hex(16)), `${command} by ${systemId(caller)}`)
      }
    }
  }
})

it("binds by SMPP with a stranger's system_id as little as with one that is nobody's", async () => {
  const [[caller, victim]] = someStrangers(trees) as [[Tenant, Tenant]]
  const refusal = async (system_id: string): Promise<number> => {
    const one = await connectEsme(smppPort)
    const { command_status } = await one.ask('bind_transceiver', { system_id, password: password(caller), interface_version: 0x34 })
    one.session.destroy()
    return command_status
  }
  const there = await refusal(systemId(victim))
  assert.notEqual(there, 0)
  assert.equal(there, await refusal(`esme-${hex(4)}`))
})

it('sends in the name of a number by SMPP alike, whether a stranger has it or nobody', async () => {
  const [[caller, victim]] = someStrangers(trees) as [[Tenant, Tenant]]
  const sent = (from: string): Promise<number> =>
    clients
      .get(caller)!
      .ask('submit_sm', { ...e164(from), dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: '447700900125', short_message: 'by smpp' })
      .then(({ command_status }) => command_status)
  assert.equal(await sent(victim.number), await sent(`+1555${'1'.repeat(7)}`))
  const theirs = await ask(world.setup, `/2010-04-01/Accounts/${victim.sid}/Messages.json`, { as: victim })
  assert.doesNotMatch(theirs.text, /by smpp/, 'it is not among the messages of the number')
})

/** What an answer says, but for what belongs to the one transaction and the name that was asked for. */
const gist = ({ line, headers, body }: Said, name: string): unknown[] =>
  [line, [...headers.keys()].toSorted().join(), headers.get('reason') ?? headers.get('warning') ?? '', body].map((each) =>
    each.replaceAll(name, 'the user'),
  )

it("reaches a stranger's users by SIP as little as users that are nobody's", async () => {
  for (const [caller, victim] of someStrangers(trees)) {
    const from = phones.get(caller)!
    const said = async (to: string): Promise<Said> => await from.message(to, `to ${to}`)
    const nobody = `user-${hex(4)}`
    for (const [theirs, absent] of [
      [`sip:${user(victim)}@${domain(victim)}`, `sip:${nobody}@${domain(victim)}`],
      [`sip:${user(victim)}@${domain(victim)}`, `sip:${nobody}@d${hex(4)}.example`],
      [`sip:${user(victim)}@${domain(caller)}`, `sip:${nobody}@${domain(caller)}`],
    ] as const) {
      const there = await said(theirs)
      assert.ok(there.status >= 400, `${theirs}: ${there.line}`)
      assert.deepEqual(gist(there, user(victim)), gist(await said(absent), nobody), `${theirs} and ${absent}`)
    }
  }
  await sleep(300)
  for (const each of phones.values()) assert.deepEqual(each.got, [])
})

it("registers by SIP for a stranger's user as little as for one that is nobody's", async () => {
  const [[caller, victim]] = someStrangers(trees) as [[Tenant, Tenant]]
  const refusal = async (name: string): Promise<Said> => {
    const one = await phone({ gateway: sipPort, user: name, password: password(caller), domain: domain(victim) })
    const said = await one.register()
    one.close()
    return said
  }
  const there = await refusal(user(victim))
  assert.ok(there.status >= 400, there.line)
  const nobody = `user-${hex(4)}`
  assert.deepEqual(gist(there, user(victim)), gist(await refusal(nobody), nobody))
})

it("takes from a tenant's carrier nothing for the numbers of strangers", async () => {
  const [[caller, victim]] = someStrangers(trees) as [[Tenant, Tenant]]
  const text = `injected ${hex(4)}`
  world.carriers.reply({ carrier: caller.bind, from: '447700900127', to: victim.number.slice(1), text })
  world.carriers.reply({ carrier: caller.bind, from: '447700900127', to: caller.number.slice(1), text: 'its own' })
  const inbound = async (of: Tenant): Promise<string> =>
    (await ask(world.setup, `/2010-04-01/Accounts/${of.sid}/Messages.json`, { as: of })).text
  await eventually('it is there', async () => (await inbound(caller)).includes('its own') || undefined)
  await sleep(300)
  assert.doesNotMatch(await inbound(victim), new RegExp(text))
})

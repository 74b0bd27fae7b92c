// Two trees of sub-accounts, each tenant with a carrier that calls back by HTTP: nobody moves, makes or sees
// anything of another's by those callbacks, nor by RestComm's shape of the API.
import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { signature } from '../../plugins/twilio/signature.ts'
import { ask, type Answer, type World } from '../e2e/world.ts'
import { absentNames, all, growTrees, indistinguishable, replaced, someStrangers, tellsNothing, type Tenant, type Tree } from './trees.ts'

let world: World
let trees: [Tree, Tree]
const secretOf = ({ sid }: Tenant): string => `secret${sid}`
const tokenThere = ({ token }: Tenant): string => token.toUpperCase()

before(async () => {
  const config = (of: Tenant): string =>
    `{ baseUrl: http://127.0.0.1:9, accountSid: ${of.sid}, authToken: '${tokenThere(of)}', callbackSecret: ${secretOf(of)} }`
  ;({ world, trees } = await growTrees({
    binds: (of) => [`{ id: there-${of.sid.slice(-8)}, connector: twilio, side: supplier, config: ${config(of)} }`],
  }))
})
after(() => world?.close())

function say(of: Tenant, what: string, form: Record<string, string>, token = tokenThere(of)): Promise<Answer> {
  const path = `/twilio/${secretOf(of)}/${what}`
  const signed = signature(token, `http://127.0.0.1:${world.setup.httpPort}${path}`, form)
  return ask(world.setup, path, { form, headers: { 'x-twilio-signature': signed } })
}

const messagesOf = async (of: Tenant): Promise<string> =>
  (await ask(world.setup, `/2010-04-01/Accounts/${of.sid}/Messages.json?PageSize=1000`, { as: of })).text

it("a callback moves nothing unless it is signed by the bind's own carrier", async () => {
  for (const [caller, victim] of someStrangers(trees)) {
    const was = await messagesOf(victim)
    const [, scheduled = ''] = victim.messages
    const failed = { MessageSid: scheduled, MessageStatus: 'failed', ErrorCode: '30003' }
    const forged = { MessageSid: 'SM1', From: '+447700900123', To: victim.number, Body: 'forged' }
    for (const [what, form] of [
      ['status', failed],
      ['inbound', forged],
    ] as const) {
      assert.equal((await say(victim, what, form, tokenThere(caller))).status, 403)
      assert.equal((await say(victim, what, form, caller.token)).status, 403)
      assert.equal((await say(victim, what, form, victim.token)).status, 403, 'the token here is not that of the account there')
    }
    assert.equal(await messagesOf(victim), was)
  }
})

it("what one's carrier says of another's message or number is about nothing of the other's", async () => {
  for (const [caller, victim] of [
    [trees[0].top, trees[1].top],
    [trees[1].children[0]!, trees[0].children[0]!],
    [trees[0].children[0]!, trees[0].children[1]!],
  ] as const) {
    const was = await messagesOf(victim)
    for (const sid of victim.messages) {
      const told = await say(caller, 'status', { MessageSid: sid, MessageStatus: 'failed', ErrorCode: '30003' })
      const absent = await say(caller, 'status', { MessageSid: `SM${'0'.repeat(32)}`, MessageStatus: 'failed', ErrorCode: '30003' })
      assert.deepEqual([told.status, told.text], [absent.status, absent.text])
    }
    const Body = `from ${caller.sid}'s carrier`
    const theirs = await say(caller, 'inbound', { MessageSid: `SM${caller.sid}`, From: '+447700900123', To: victim.number, Body })
    const nobodys = await say(caller, 'inbound', { MessageSid: `SM0${caller.sid}`, From: '+447700900123', To: '+15550000000', Body })
    assert.deepEqual([theirs.status, theirs.text], [nobodys.status, nobodys.text])
    assert.equal(await messagesOf(victim), was)
  }
})

it("says of a stranger's messages in RestComm's shape what it says of none", async () => {
  for (const [caller, victim] of someStrangers(trees)) {
    for (const account of [victim.sid, caller.sid]) {
      for (const base of ['/restcomm/2012-04-24', '/restcomm/2010-04-01', '/2012-04-24']) {
        const list = `${base}/Accounts/${account}/SMS/Messages`
        const paths = victim.messages.flatMap((sid) => [`${list}/${sid}`, `${list}/${sid}.json`, `${list}.json/${sid}`])
        if (account === victim.sid)
          paths.push(list, `${list}.json`, `${list}.json?To=%2B447700900123`, `${base}/Accounts/${account}/Calls.json`)
        for (const path of paths) {
          for (const how of [
            { method: 'GET' },
            { method: 'DELETE' },
            { method: 'POST', form: { To: '+447700900123', From: victim.number, Body: 'stolen' } },
          ]) {
            const names = absentNames(victim)
            const there = await ask(world.setup, path, { as: caller, ...how })
            const absent = await ask(world.setup, replaced(path, names), { as: caller, ...how })
            const what = `${how.method} ${path} by ${caller.sid}`
            assert.ok(there.status >= 400, `${what}: ${there.status} ${there.text}`)
            tellsNothing(trees, there, [caller, victim], [path], what)
            indistinguishable(there, absent, names, what)
          }
        }
      }
    }
    const own = `/restcomm/2012-04-24/Accounts/${caller.sid}/SMS/Messages.json`
    const found = await ask(world.setup, `${own}?From=${encodeURIComponent(victim.number)}`, { as: caller })
    assert.deepEqual([found.status, found.json['total']], [200, 0])
    const spoofed = await ask(world.setup, own, { as: caller, form: { To: '+447700900123', From: victim.number, Body: 'spoofed' } })
    assert.equal(spoofed.status, 400)
  }
})

it('lists the messages of sub-accounts where that is asked, and of nobody else', async () => {
  for (const { top, children } of trees) {
    const path = `/restcomm/2012-04-24/Accounts/${top.sid}/SMS/Messages.json`
    const listed = async (query: string): Promise<string[]> => {
      const { json } = await ask(world.setup, `${path}?PageSize=1000${query}`, { as: top })
      return (json['messages'] as { account_sid: string; sid: string }[]).map(({ sid, account_sid: account }) => `${account} ${sid}`)
    }
    const own = (of: Tenant): string[] => of.messages.map((sid) => `${of.sid} ${sid}`)
    const both = await listed('&SubAccounts=true')
    for (const each of [top, ...children]) for (const one of own(each)) assert.ok(both.includes(one), one)
    const family = new Set([top, ...children].map(({ sid }) => sid))
    for (const one of both) assert.ok(family.has(one.split(' ')[0]!), one)
    for (const one of await listed('')) assert.ok(one.startsWith(top.sid), one)
  }
})

it('shows neither secret nor token of a carrier, not even to its own account', async () => {
  for (const tenant of trees.flatMap(all)) {
    const { text } = await ask(world.setup, '/api/v1/binds', { as: tenant })
    assert.match(text, /"side":"supplier"/)
    for (const secret of [secretOf(tenant), tokenThere(tenant)]) assert.ok(!text.includes(secret))
  }
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { facadeBed } from '../../test/facade.ts'

test('the root account’s balance is nothing, and a sub-account has none', async (context) => {
  const { client, call, root, admin, caller } = await facadeBed(context)
  const { balance, currency, accountSid } = await client().balance.fetch()
  assert.deepEqual([balance, currency, accountSid], ['0.00', 'USD', root.id])
  const sub = await client().api.v2010.accounts.create({})
  await assert.rejects(client({ user: sub.sid, secret: sub.authToken }).balance.fetch(), { code: 20404 })
  const at = `GET /2010-04-01/Accounts/${root.id}/Balance`
  assert.match(
    (await call(at)).text,
    /<Balance><AccountSid>AC[0-9a-f]{32}<\/AccountSid><Balance>0\.00<\/Balance><Currency>USD<\/Currency><\/Balance>/,
  )
  const key = await admin.credentials.createKey(caller, root.id, 'restricted', { allow: ['/twilio/billing/balance/read'] })
  assert.equal((await call(`${at}.json`, { as: { user: key.key.id, secret: key.secret } })).status, 200)
  assert.equal((await call(`${at}.json`, { as: { user: sub.sid, secret: sub.authToken } })).json['code'], 20003)
})

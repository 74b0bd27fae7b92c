import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tree } from '../../test/twilio-tree.ts'

test('short codes are read and told their URLs by the official client, and are no phone numbers', async (context) => {
  const bed = await tree(context)
  const { reseller, stranger, root, call } = bed
  await bed.admin.numbers.put(reseller, reseller.account, '62442', { name: 'Vote' })
  await bed.admin.numbers.put(reseller, reseller.account, '+14155550100', {})
  const { shortCodes, incomingPhoneNumbers } = reseller.client.api.v2010.accounts(reseller.account)
  const [code, ...others] = await shortCodes.list()
  assert.deepEqual(others, [])
  assert.deepEqual([code!.shortCode, code!.friendlyName, code!.smsUrl, code!.smsMethod], ['62442', 'Vote', null, 'POST'])
  assert.match(code!.sid, /^SC[0-9a-f]{32}$/)
  const changed = await shortCodes(code!.sid).update({ friendlyName: 'Votes', smsUrl: 'https://a.example/vote' })
  assert.deepEqual([changed.friendlyName, changed.smsUrl], ['Votes', 'https://a.example/vote'])
  assert.deepEqual((await shortCodes(code!.sid).fetch()).toJSON(), changed.toJSON())
  assert.equal((await shortCodes.list({ shortCode: '62442', friendlyName: 'Votes' })).length, 1)
  assert.equal((await shortCodes.list({ shortCode: '62443' })).length, 0)
  const numbers = await incomingPhoneNumbers.list()
  assert.deepEqual(
    numbers.map(({ phoneNumber }) => phoneNumber),
    ['+14155550100'],
  )
  // By the SIDs of the other kind neither is found.
  await assert.rejects(incomingPhoneNumbers(`PN${code!.sid.slice(2)}`).fetch(), { code: 20404 })
  await assert.rejects(shortCodes(`SC${numbers[0]!.sid.slice(2)}`).fetch(), { code: 20404 })
  const nobodys = `SC${'0'.repeat(32)}`
  for (const as of [stranger, root])
    for (const [method, form] of [['GET'], ['POST', { FriendlyName: 'x' }]] as const) {
      const theirs = await call(method, `/SMS/ShortCodes/${code!.sid}.json`, { as, ...(form ? { form } : {}) })
      const none = await call(method, `/SMS/ShortCodes/${nobodys}.json`, { as, ...(form ? { form } : {}) })
      assert.deepEqual([theirs.status, theirs.text.replaceAll(code!.sid, nobodys)], [404, none.text])
    }
  assert.equal((await call('DELETE', `/SMS/ShortCodes/${code!.sid}.json`, { as: reseller })).json['code'], 20004)
  assert.equal((await call('POST', '/SMS/ShortCodes.json', { as: reseller, form: {} })).json['code'], 20004)
  assert.match((await call('GET', '/SMS/ShortCodes', { as: reseller })).text, /<ShortCodes page="0".*<ShortCode><AccountSid>/)
})

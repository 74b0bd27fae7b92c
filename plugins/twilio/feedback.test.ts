import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messageSource } from '../../test/contract/fixture.ts'
import { tree } from '../../test/twilio-tree.ts'

test('feedback of the official client is in the message’s trace, once each time it changes, and of no other account’s', async (context) => {
  const bed = await tree(context)
  const { reseller, customer, stranger, root, admin, store, call } = bed
  // The messages of the store, not those that the bed's gateway keeps.
  bed.host.messages = admin.hostMessages
  const source = messageSource(() => bed.clock.now())
  const [sent, received] = [source.message({ account: reseller.account }), source.message({ account: reseller.account, direction: 'mo' })]
  for (const added of [sent, received]) await store.accept(added)
  const sid = `SM${sent.message.id}`
  const { feedback } = reseller.client.messages(sid)
  const first = await feedback.create({ outcome: 'unconfirmed' })
  assert.deepEqual([first.outcome, first.messageSid, first.accountSid], ['unconfirmed', sid, reseller.account])
  for (const outcome of ['confirmed', 'confirmed', 'unconfirmed'] as const)
    assert.equal((await feedback.create({ outcome })).outcome, outcome)
  assert.equal((await feedback.create()).outcome, 'confirmed')
  const notes = async () => (await store.trace(sent.message.id))!.entries.flatMap((entry) => (entry.what === 'note' ? [entry.text] : []))
  const said = ['unconfirmed', 'confirmed', 'unconfirmed', 'confirmed'].map((outcome) => `feedback: ${outcome}`)
  assert.deepEqual(await notes(), said)
  const path = `/Messages/${sid}/Feedback.json`
  assert.equal((await call('POST', path, { as: reseller, form: { Outcome: 'perhaps' } })).json['code'], 20422)
  assert.equal((await call('GET', path, { as: reseller })).json['code'], 20004)
  assert.equal((await call('POST', `/Messages/SM${received.message.id}/Feedback.json`, { as: reseller, form: {} })).json['code'], 20422)
  const nobodys = `SM${'0'.repeat(32)}`
  for (const as of [root, customer, stranger]) {
    const theirs = await call('POST', path, { as, form: { Outcome: 'confirmed' } })
    const none = await call('POST', path.replace(sid, nobodys), { as, form: { Outcome: 'confirmed' } })
    assert.deepEqual([theirs.status, theirs.text.replaceAll(sid, nobodys)], [404, none.text])
  }
  for (let i = 0; i < 20; i++) await feedback.create({ outcome: i % 2 === 0 ? 'unconfirmed' : 'confirmed' })
  assert.equal((await notes()).length, 10, 'who changes its mind for ever is not written down for ever')
})

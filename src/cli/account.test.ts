import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accountMeant } from './account.ts'
import { account, clientOf } from './client.fixture.ts'

const sid = (digit: string): string => `AC${digit.repeat(32)}`

test('an account is meant by its SID, which costs no question, or by a name that only one has', async () => {
  const { client, asked } = clientOf(() => ({
    accounts: [
      { id: account, name: 'Reseller', status: 'active' },
      { id: sid('2'), name: 'Flower Shop', status: 'active' },
      { id: sid('3'), name: 'Twin', status: 'active' },
      { id: sid('4'), name: 'Twin', status: 'suspended' },
      { id: sid('5'), name: 'Once', status: 'closed' },
      { id: sid('6'), name: 'Once', status: 'active' },
      { id: sid('7'), name: 'Gone', status: 'closed' },
    ],
  }))
  assert.deepEqual([await accountMeant(client, sid('9')), await accountMeant(client, 'root'), asked], [sid('9'), account, []])
  assert.equal(await accountMeant(client, 'Flower Shop'), sid('2'))
  assert.equal(await accountMeant(client, 'Once'), sid('6'), 'not the one that is closed')
  assert.equal(await accountMeant(client, 'Gone'), sid('7'), 'unless there is no other')
  await assert.rejects(accountMeant(client, 'Twin'), /^Error: 2 accounts are named "Twin": expected the SID of one, AC3{32} or AC4{32}\.$/)
  await assert.rejects(accountMeant(client, 'AC12'), /There is no account "AC12": npx signalbox accounts lists them/)
})

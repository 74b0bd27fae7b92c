import assert from 'node:assert/strict'
import { test } from 'node:test'
import { messageSource } from '../../test/contract/fixture.ts'
import { tree, type Tree } from '../../test/twilio-tree.ts'

const dayMs = 86_400_000

/** What arrived and was sent on four days, of a reseller and its customer; today is 10 March 2026. */
async function used(context: Parameters<typeof tree>[0]): Promise<Tree> {
  const bed = await tree(context)
  const { clock, store, reseller, customer, stranger } = bed
  const source = messageSource(() => clock.now())
  await clock.advance(Date.UTC(2026, 1, 27, 12) - clock.now())
  const accept = (account: string, segments: number, direction: 'mt' | 'mo' = 'mt') =>
    store.accept(source.message({ account, segments, direction }))
  await accept(reseller.account, 1)
  await clock.advance(2 * dayMs)
  await accept(reseller.account, 2)
  await accept(reseller.account, 1, 'mo')
  await accept(customer.account, 5)
  await accept(stranger.account, 100)
  await clock.advance(8 * dayMs)
  await accept(reseller.account, 3)
  await clock.advance(dayMs)
  await accept(customer.account, 4, 'mo')
  return bed
}

const short = ({
  category,
  count,
  usage,
  startDate,
  endDate,
}: {
  category: string
  count: string
  usage: string
  startDate: Date
  endDate: Date
}) => `${category} ${count}/${usage} ${startDate.toISOString().slice(0, 10)}…${endDate.toISOString().slice(0, 10)}`

test('every range counts messages and segments by category, with the accounts below and without', async (context) => {
  const { reseller, customer } = await used(context)
  const { records } = reseller.client.usage
  const sms = { category: 'sms' as const, startDate: new Date('2026-02-20'), includeSubaccounts: true }
  assert.deepEqual((await records.list(sms)).map(short), ['sms 6/16 2026-02-20…2026-03-10'])
  assert.deepEqual((await records.list({ ...sms, includeSubaccounts: false })).map(short), ['sms 4/7 2026-02-20…2026-03-10'])
  assert.deepEqual((await records.list({ ...sms, category: 'sms-inbound' })).map(short), ['sms-inbound 2/5 2026-02-20…2026-03-10'])
  assert.deepEqual((await records.list({ ...sms, category: 'sms-outbound', endDate: new Date('2026-03-01') })).map(short), [
    'sms-outbound 3/8 2026-02-20…2026-03-01',
  ])
  assert.deepEqual((await records.monthly.list(sms)).map(short), ['sms 5/15 2026-03-01…2026-03-10', 'sms 1/1 2026-02-20…2026-02-28'])
  assert.deepEqual((await records.yearly.list(sms)).map(short), ['sms 6/16 2026-02-20…2026-03-10'])
  assert.deepEqual((await records.daily.list({ ...sms, startDate: new Date('2026-03-08'), endDate: new Date('2026-03-10') })).map(short), [
    'sms 1/4 2026-03-10…2026-03-10',
    'sms 1/3 2026-03-09…2026-03-09',
    'sms 0/0 2026-03-08…2026-03-08',
  ])
  assert.deepEqual((await records.today.list({ category: 'sms' })).map(short), ['sms 1/4 2026-03-10…2026-03-10'])
  assert.deepEqual((await records.yesterday.list({ category: 'sms' })).map(short), ['sms 1/3 2026-03-09…2026-03-09'])
  assert.deepEqual((await records.thisMonth.list({ category: 'sms' })).map(short), ['sms 5/15 2026-03-01…2026-03-10'])
  assert.deepEqual((await records.lastMonth.list({ category: 'sms' })).map(short), ['sms 1/1 2026-02-01…2026-02-28'])
  const [all] = await records.allTime.list({ category: 'sms' })
  assert.deepEqual([all?.count, all?.countUnit, all?.usage, all?.usageUnit, all?.priceUnit], ['6', 'messages', '16', 'segments', 'usd'])
  assert.deepEqual(
    (await customer.client.usage.records.allTime.list({ category: 'sms' })).map(({ count }) => count),
    ['2'],
  )
  assert.deepEqual(
    (await records.today.list()).map(({ category }) => category),
    ['mms', 'mms-inbound', 'mms-outbound', 'sms', 'sms-inbound', 'sms-outbound', 'totalprice'],
  )
  for (const category of ['calls', 'sms-outbound-longcode', 'channels-whatsapp-outbound'])
    assert.deepEqual(await records.list({ category }), [], `${category}: Twilio's, and not used here`)
})

test('days may be counted from today, pages hold every record once, and bad spans are refused', async (context) => {
  const { reseller, stranger, call } = await used(context)
  const at = '/Usage/Records'
  const [week] = (await call('GET', `${at}.json?Category=sms&StartDate=-8days`, { as: reseller })).json['usage_records'] as Record<
    string,
    string
  >[]
  assert.deepEqual([week?.['count'], week?.['start_date']], ['2', '2026-03-02'])
  assert.match(String(week?.['as_of']), /^2026-03-10T12:00:\d\d\+00:00$/)
  const daily = await reseller.client.usage.records.daily.list({ startDate: new Date('2026-02-27'), pageSize: 9 })
  assert.equal(daily.length, 12 * 7)
  assert.equal(new Set(daily.map(short)).size, 12 * 7)
  for (const query of [
    'StartDate=yesterday',
    'StartDate=2026-02-30',
    'StartDate=2026-03-02&EndDate=2026-03-01',
    'IncludeSubaccounts=perhaps',
    'Category=sms-oubound',
    'Category=sms_outbound',
    'Category=SMS',
  ])
    assert.equal((await call('GET', `${at}.json?${query}`, { as: reseller })).json['code'], 20422, query)
  assert.equal((await call('GET', `${at}/Daily.json?StartDate=1970-01-01`, { as: reseller })).json['code'], 20422)
  assert.equal((await call('GET', `${at}/Weekly.json`, { as: reseller })).status, 404)
  assert.equal((await call('POST', `${at}.json`, { as: reseller, form: {} })).json['code'], 20004)
  assert.match((await call('GET', `${at}/Today?Category=sms`, { as: reseller })).text, /<UsageRecords page="0".*<Category>sms<\/Category>/)
  // A stranger's use is its own, and nobody else's path shows it.
  assert.equal((await stranger.client.usage.records.allTime.list({ category: 'sms' }))[0]?.usage, '100')
  assert.equal((await call('GET', `/2010-04-01/Accounts/${reseller.account}${at}.json`, { as: stranger })).json['code'], 20003)
})

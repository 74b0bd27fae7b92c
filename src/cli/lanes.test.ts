import assert from 'node:assert/strict'
import { test } from 'node:test'
import { account, clientOf } from './client.fixture.ts'
import { binds, lanes, purge, statistics } from './lanes.ts'

const below = `AC${'2'.repeat(32)}`

test('of hundreds of lanes below those that wait or are paused are shown, and the own ones; the others are counted', async () => {
  const lane = (bind: string, deliver: number, paused = false) => ({ bind, paused, deliver, report: 0 })
  const all = [lane(`${account}/api`, 0), lane(`${below}/api`, 0), lane(`${below}/till`, 3), lane(`${below}/away`, 0, true)]
  const { client } = clientOf(() => ({ lanes: all }))
  const lines = (await lanes(client, {})).split('\n')
  assert.match(lines.join('\n'), /^lane .*\napi .*\nAC2{32}\/away +paused +0 +0\nAC2{32}\/till +runs +3 +0\n… and 1 of accounts below/)
  assert.equal((await lanes(client, { all: true })).split('\n').length, 5)
  assert.equal((JSON.parse(await lanes(client, { json: true })) as unknown[]).length, 4)
})

test('of hundreds of binds below those on which something happened are shown', async () => {
  const bind = (name: string, sent: number, parked = 0) => ({
    bind: name,
    sums: { sent },
    depth: { deliver: 0, report: 0 },
    receipts: { parked },
  })
  const { client } = clientOf(() => ({
    binds: [bind(`${account}/api`, 0), bind(`${below}/api`, 0), bind(`${below}/line`, 2), bind(`${below}/odd`, 0, 1)],
  }))
  const text = await statistics(client, { hours: '1' })
  assert.deepEqual(
    text.split('\n').map((line) => line.split(' ')[0]),
    ['bind', 'api', `${below}/line`, `${below}/odd`, '…'],
  )
  assert.match(text, /… and 1 of accounts below on which nothing happened: --all shows them\.$/)
  assert.equal((await statistics(client, { hours: '1', all: true })).split('\n').length, 5)
})

test('binds are told in order, whichever the gateway has them in, and a purge that found nothing says so', async () => {
  const bind = (id: string) => ({ id, bind: `${account}/${id}`, connector: 'smpp', side: 'supplier', enabled: true, paused: false })
  const { client } = clientOf((path) =>
    path.endsWith('/purge') ? { purged: 0 } : { binds: [bind('southern'), bind('northern')], sessions: [] },
  )
  const lines = (await binds(client, {})).split('\n')
  assert.deepEqual(
    lines.map((line) => line.split(' ')[0]),
    ['bind', 'northern', 'southern'],
  )
  assert.match(await purge(client, 'northern', {}), /no message was purged/)
})

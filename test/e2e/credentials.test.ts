// The file that the command line of this machine signs in with has the root account's token, also once that was replaced.
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, it } from 'node:test'
import { ask, configure, eventually, root, startWorld, type World } from './world.ts'

let world: World
before(async () => {
  world = await startWorld({})
})
after(() => world?.close())

const kept = async (): Promise<{ accountSid: string; authToken: string }> =>
  JSON.parse(await readFile(join(world.setup.data, 'credentials.json'), 'utf8')) as { accountSid: string; authToken: string }

it('has the token that the account has, whichever way it was given another', async () => {
  assert.deepEqual([(await kept()).accountSid, (await kept()).authToken], [root.sid, root.token])
  const made = await ask(world.setup, `/api/v1/accounts/${root.sid}/token`, { as: root, method: 'POST', json: {} })
  assert.equal(made.status, 200, made.text)
  const second = { sid: root.sid, token: (made.json['view'] as { token: string }).token }
  await eventually('the new one', async () => ((await kept()).authToken === second.token ? true : undefined))
  const document = `accounts: [{ id: root, token: ${root.token} }]`
  assert.equal((await ask(world.setup, '/api/v1/apply', { as: second, json: { document } })).status, 200)
  await eventually('the one of a document', async () => ((await kept()).authToken === root.token ? true : undefined))
  await configure(world.setup, 'accounts: [{ id: root, name: Renamed }]')
  assert.equal((await ask(world.setup, '/health')).status, 200)
  assert.ok(!(await readdir(world.setup.data)).some((name) => name.endsWith('.new')))
})

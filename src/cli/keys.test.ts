// The commands as people type them, in a process of its own against a real admin API.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { basic, listen, root, token } from '../http/house.fixture.ts'

const main = new URL('../main.js', import.meta.url).pathname
let house: Awaited<ReturnType<typeof listen>>
let data: string

before(async () => {
  house = await listen()
  data = mkdtempSync(join(tmpdir(), 'signalbox-cli-'))
  const path = join(data, 'credentials.json')
  writeFileSync(path, JSON.stringify({ url: house.url, accountSid: root, authToken: token }), { mode: 0o600 })
})
after(async () => {
  await house.close()
  rmSync(data, { recursive: true, force: true })
})

function run(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [main, ...args], { env: { PATH: process.env['PATH'], SIGNALBOX_DATA: data } })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, err })))
}
const may = async (user: string, password: string, path = 'binds'): Promise<number> =>
  (await fetch(`${house.url}/api/v1/${path}`, { headers: { authorization: basic(user, password) } })).status

test('a key is made, listed, limited and revoked', async () => {
  assert.match((await run('keys')).out, /There are no keys/)
  const allow = ['/signalbox/binds/read', '/twilio/messaging/messages/create']
  const made = await run('keys', 'create', '--kind', 'restricted', '--name', 'app', '--allow', ...allow)
  assert.equal(made.code, 0, made.err)
  const [, sk = '', secret = ''] = /key +(SK\S+)\nsecret +(\S+)/.exec(made.out) ?? []
  assert.deepEqual([await may(sk, secret), await may(sk, secret, 'routes')], [200, 403])
  const listed = await run('keys', 'list')
  assert.match(listed.out, new RegExp(`${sk} +restricted +app +/signalbox/binds/read /twilio/messaging/messages/create +anywhere`))
  assert.ok(!listed.out.includes(secret))
  assert.equal((await run('keys', 'change', sk, '--from', '192.0.2.0/24', '2001:db8::1')).code, 0)
  assert.equal(await may(sk, secret), 401)
  assert.match((await run('keys')).out, /192\.0\.2\.0\/24 2001:db8::1/)
  assert.equal((await run('keys', 'change', sk, '--from', 'anywhere')).code, 0)
  assert.equal(await may(sk, secret), 200)
  assert.match((await run('keys', 'revoke', sk)).out, /is revoked/)
  assert.equal(await may(sk, secret), 401)
  const faulty = await run('keys', 'create', '--kind', 'restricted', '--allow', '/twilio/nothing/read')
  assert.equal(faulty.code, 1)
  assert.match(faulty.err, /allow\[0\].*there is no permission/)
})

test('keys of a sub-account are made there, and the tree is shown', async () => {
  const caller = { account: root, author: 'test', source: 'cli' }
  const { view } = await house.admin.accounts.create(caller, root, { name: 'Below' })
  assert.equal((await run('keys', 'create', '--account', view.id)).code, 0)
  assert.equal(house.admin.credentials.keys(caller, view.id).length, 1)
  assert.equal(house.admin.credentials.keys(caller, root).length, 0)
  assert.match((await run('keys', '--account', view.id)).out, /standard/)
  await run('optouts', 'add', 'ACME', '+447700900123', '--account', view.id)
  assert.match((await run('optouts', 'list', '--account', view.id)).out, /ACME/, 'options of a command are its own')
  assert.doesNotMatch((await run('optouts', '--json')).out, new RegExp(`"account": "${root}"`))
  assert.match((await run('accounts')).out, new RegExp(`Root account +${root} +active .*\n {2}Below +${view.id} +active`))
})

test('a token is rotated, and test credentials are made', async () => {
  const second = /token +([0-9a-f]{32})/.exec((await run('accounts', 'rotate', root)).out)?.[1] ?? ''
  assert.deepEqual([await may(root, second), await may(root, token)], [200, 200])
  assert.match((await run('accounts', 'rotate', root, '--drop')).out, /dropped/)
  assert.equal(await may(root, second), 401)
  const { token: asJson } = JSON.parse((await run('accounts', 'rotate', root, '--json')).out) as { token: string }
  assert.equal(await may(root, asJson), 200)
  assert.match((await run('accounts', 'rotate', root, '--promote', '--drop')).err, /cannot be used with option '--drop'/)
  assert.match((await run('accounts', 'rotate', root, '--drop')).out, /dropped/)
  assert.match((await run('accounts', 'rotate', root, '--drop')).err, /no second token/)
  assert.match((await run('accounts', 'test', root)).out, /SID +AC[0-9a-f]{32}\ntoken +[0-9a-f]{32}/)
  const third = /token +([0-9a-f]{32})/.exec((await run('accounts', 'rotate', root)).out)?.[1] ?? ''
  assert.match((await run('accounts', 'rotate', root, '--promote')).out, /only one/)
  assert.deepEqual([await may(root, third), await may(root, token)], [200, 401])
})

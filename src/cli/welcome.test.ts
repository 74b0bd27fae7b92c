import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { isEverywhere, readSettings, SettingsRefused } from '../env.ts'
import { Told } from './client.ts'
import { checkProfiles, standsInTheWay, stopper } from './start.ts'
import { welcome } from './welcome.ts'

const sid = `AC${'1'.repeat(32)}`
const token = '0123456789abcdef0123456789abcdef'
const plain = {
  url: 'http://127.0.0.1:8080',
  isEverywhere: false,
  accountSid: sid,
  authToken: token,
  data: '/var/lib/signalbox',
  smpp: ['127.0.0.1:2775'],
  sip: [],
}
const demo = {
  number: '+15005550006',
  recipient: '+447700900123',
  carriers: [{ id: 'northern', says: 'answers at once' }],
  client: { systemId: 'visitor', password: 'welcome' },
}

test('the welcome shows where, as whom, the carriers, the number and a line to copy', () => {
  const text = welcome({ ...plain, tokenIsSet: false, demo })
  for (const part of ['http://127.0.0.1:8080', sid, token, 'northern', 'answers at once', '+15005550006', 'simulate reply', 'trace SM']) {
    assert.ok(text.includes(part), part)
  }
  const curl = text.slice(text.indexOf('  curl'), text.indexOf('Then,'))
  assert.match(curl, /curl http:\/\/127\.0\.0\.1:8080\/2010-04-01\/Accounts\/AC1{32}\/Messages\.json/)
  assert.match(curl, new RegExp(`-u ${sid}:${token}`))
})

test('where it listens on every address, one that can be clicked is shown, and that there are others', () => {
  const { publicUrl: url, http } = readSettings({ SIGNALBOX_HTTP: '0.0.0.0:8081' })
  const text = welcome({ ...plain, url, isEverywhere: isEverywhere(http), tokenIsSet: false })
  assert.match(text, /^Signalbox takes messages at http:\/\/127\.0\.0\.1:8081,\nand at every other address of this machine\n/)
  assert.doesNotMatch(text, /0\.0\.0\.0/)
  assert.equal(readSettings({ SIGNALBOX_HTTP: '[::]:8081' }).publicUrl, 'http://[::1]:8081')
  assert.match(welcome({ ...plain, tokenIsSet: false }), /^Signalbox takes messages at http:\/\/127\.0\.0\.1:8080\n/)
})

test('a token that the operator chose is not shown', () => {
  const text = welcome({ ...plain, tokenIsSet: true })
  assert.equal(text.includes(token), false)
  assert.ok(text.includes('$SIGNALBOX_AUTH_TOKEN'))
  assert.equal(text.includes('simulate'), false)
})

test('where clients bind by SMPP is shown, in demo mode as whom, and nothing of it where nobody can', () => {
  assert.match(welcome({ ...plain, tokenIsSet: false, demo }), /SMPP +127\.0\.0\.1:2775.* visitor .* welcome\n/)
  assert.match(welcome({ ...plain, tokenIsSet: false }), /SMPP +127\.0\.0\.1:2775: clients bind there\n/)
  assert.doesNotMatch(welcome({ ...plain, smpp: [], tokenIsSet: false, demo }), /SMPP {2}/)
})

test('where SIP is taken is shown, or why it is not, and how a softphone registers', () => {
  const phone = { user: 'demo', password: 'open-sesame', domain: '127.0.0.1', number: '+15005550007' }
  const text = welcome({
    ...plain,
    sip: ['internal: udp 127.0.0.1:5060', 'external: it is taken'],
    tokenIsSet: false,
    demo: { ...demo, phone },
  })
  assert.match(text, /SIP +internal: udp 127\.0\.0\.1:5060\n +external: it is taken\n/)
  assert.match(text, /demo@127\.0\.0\.1 with the password open-sesame/)
  assert.match(text, /\+15005550007/)
  assert.doesNotMatch(welcome({ ...plain, tokenIsSet: false, demo }), /SIP {2}|softphone/)
})

test('what stands in the way of starting is told in plain words', () => {
  const at = (port: number) => ({ host: '127.0.0.1', port })
  const settings = { http: at(8080), simulator: at(2776), smpp: at(2775), data: './data' }
  const system = (code: string, more: object = {}): Error => Object.assign(new Error(code), { code, ...more })
  const told = (error: Error): string => {
    const said = standsInTheWay(error, settings)
    assert.ok(said instanceof Told)
    return said.message
  }
  assert.match(told(system('EADDRINUSE', { address: '127.0.0.1', port: 8080 })), /127\.0\.0\.1:8080 is taken.*SIGNALBOX_HTTP=/)
  assert.match(told(system('EADDRINUSE', { address: '127.0.0.1', port: 2776 })), /2776 is taken.*SIGNALBOX_SIMULATOR=/)
  assert.match(told(system('EADDRINUSE', { address: '127.0.0.1', port: 2775 })), /2775 is taken.*SIGNALBOX_SMPP=/)
  assert.match(told(system('EACCES', { path: './data' })), /data directory \.\/data cannot be written/)
  assert.match(told(system('EEXIST', { path: './data' })), /data directory \.\/data is no directory: name one by SIGNALBOX_DATA/)
  assert.match(
    told(new Error('./data/signalbox.db cannot be opened: file is not a database (SQLITE_NOTADB)')),
    /not a database .*\nThe file is damaged: put a backup/,
  )
  for (const sqlite of ['FULL', 'IOERR_SHMSIZE', 'CANTOPEN'])
    assert.match(
      told(new Error(`./data/signalbox.db cannot be opened: it is (SQLITE_${sqlite})`)),
      /\)\nIs the disk full or read-only, .*\.\/data\)$/,
    )
  const unknown = { syscall: 'getaddrinfo', hostname: 'nohost.invalid' }
  assert.equal(
    (standsInTheWay(system('ENOTFOUND', unknown), { ...settings, smpp: { host: 'nohost.invalid', port: 2775 } }) as Error).message,
    'nohost.invalid is no name that this machine knows (SIGNALBOX_SMPP): expected an address of it.',
  )
  const ours = new Error('a fault of ours')
  assert.equal(standsInTheWay(ours, settings), ours)
})

test('a directory of SIP profiles that was named is there, the usual one may be absent', () => {
  const file = fileURLToPath(import.meta.url)
  for (const directory of ['/nowhere', file])
    assert.throws(
      () => checkProfiles({ directory, isNamed: true }),
      (error) =>
        error instanceof SettingsRefused && error.message.startsWith('SIGNALBOX_SIP: expected a directory of SIP profiles, or off, got'),
    )
  checkProfiles({ directory: '/nowhere', isNamed: false })
  checkProfiles({ directory: dirname(file), isNamed: true })
  assert.throws(() => checkProfiles({ directory: file, isNamed: false }), SettingsRefused)
})

test('the first signal lets the gateway finish, its repeat by npm is not a second one, a later one ends at once', async () => {
  const exits: number[] = []
  let finish = (): void => {}
  let now = 0
  const gateway = { close: () => new Promise<void>((resolve) => (finish = resolve)) }
  const stop = stopper(
    gateway,
    pino({ level: 'silent' }),
    (code) => exits.push(code),
    () => now,
  )
  stop('SIGINT')
  now = 5
  stop('SIGINT')
  assert.deepEqual(exits, [])
  now = 2000
  stop('SIGINT')
  assert.deepEqual(exits, [1])
  finish()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(exits, [1, 0])
})

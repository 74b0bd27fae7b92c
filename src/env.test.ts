import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { hostPort, isLoopback, readSettings, SettingsRefused } from './env.ts'

test('an empty environment gives the documented defaults', () => {
  const settings = readSettings({})
  assert.equal(settings.data, './data')
  assert.deepEqual(settings.http, { host: '127.0.0.1', port: 8080 })
  assert.equal(settings.publicUrl, 'http://127.0.0.1:8080')
  assert.equal(settings.demo, true)
  assert.equal(settings.cdrDays, 365)
})

test('SMPP listens by default, elsewhere or not at all, and over TLS with a certificate and its key', () => {
  assert.deepEqual(readSettings({}).smpp, { host: '127.0.0.1', port: 2775 })
  assert.deepEqual(readSettings({ SIGNALBOX_SMPP: '127.0.0.1:3000' }).smpp, { host: '127.0.0.1', port: 3000 })
  assert.equal(readSettings({ SIGNALBOX_SMPP: 'off' }).smpp, undefined)
  assert.equal(readSettings({}).smppTls, undefined)
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-env-'))
  const pem = join(directory, 'some.pem')
  writeFileSync(pem, '-----BEGIN CERTIFICATE-----\n')
  const tls = { SIGNALBOX_SMPP_TLS: '127.0.0.1:3550', SIGNALBOX_TLS_CERT: pem, SIGNALBOX_TLS_KEY: pem }
  assert.deepEqual(readSettings(tls).smppTls, {
    host: '127.0.0.1',
    port: 3550,
    certificate: '-----BEGIN CERTIFICATE-----\n',
    key: '-----BEGIN CERTIFICATE-----\n',
  })
  assert.throws(
    () => readSettings({ SIGNALBOX_SMPP_TLS: '127.0.0.1:3550' }),
    /SIGNALBOX_TLS_CERT: expected.*, got nothing\n.*SIGNALBOX_TLS_KEY: expected/,
  )
  assert.throws(() => readSettings({ ...tls, SIGNALBOX_TLS_KEY: `${pem}.missing` }), /SIGNALBOX_TLS_KEY: expected a file that can be read/)
  assert.throws(
    () => readSettings({ SIGNALBOX_SMPP: 'nowhere' }),
    /SIGNALBOX_SMPP: expected host:port, for example 127.0.0.1:2775, or off, got 'nowhere'/,
  )
  assert.throws(() => readSettings({ SIGNALBOX_HTTP: 'off' }), /SIGNALBOX_HTTP: expected host:port, for example 127.0.0.1:8080, got 'off'/)
})

test('trusted proxies are addresses and networks, from a list of the file too', () => {
  assert.deepEqual(readSettings({}).trustedProxies, [])
  assert.deepEqual(readSettings({ SIGNALBOX_TRUSTED_PROXIES: '10.0.0.0/8, 2001:db8::7' }).trustedProxies, ['10.0.0.0/8', '2001:db8::7'])
  const file = join(mkdtempSync(join(tmpdir(), 'signalbox-env-')), 'signalbox.yaml')
  writeFileSync(file, "SIGNALBOX_TRUSTED_PROXIES: [10.0.0.1, '192.0.2.0/24']\n")
  assert.deepEqual(readSettings({}, file).trustedProxies, ['10.0.0.1', '192.0.2.0/24'])
  for (const wrong of ['yes', '10.0.0.0/33', 'proxy.example', '10.0.0.1;10.0.0.2'])
    assert.throws(() => readSettings({ SIGNALBOX_TRUSTED_PROXIES: wrong }), /SIGNALBOX_TRUSTED_PROXIES: expected addresses and networks/)
})

test('every fault is told at once, with what would be right, and a token is never repeated', () => {
  const bad = {
    SIGNALBOX_HTTP: 'nowhere',
    SIGNALBOX_DEMO: 'maybe',
    SIGNALBOX_AUTH_TOKEN: 'hunter2!',
    SIGNALBOX_LOG: 'loud',
    SIGNALBOX_HTPP: '1',
    SIGNALBOX_CDR_DAYS: '0',
  }
  assert.throws(
    () => readSettings(bad),
    (error: unknown) => {
      assert.ok(error instanceof SettingsRefused)
      assert.equal(error.faults.length, 6)
      assert.ok(!error.message.includes('hunter2'))
      assert.match(error.message, /SIGNALBOX_HTPP: no such setting/)
      assert.match(error.message, /SIGNALBOX_HTTP: expected host:port/)
      return true
    },
  )
})

test('a file gives settings by the same names, and the environment wins', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'signalbox-env-')), 'settings.yaml')
  writeFileSync(file, 'SIGNALBOX_HTTP: 127.0.0.1:9000\nSIGNALBOX_LOG: debug\n')
  const settings = readSettings({ SIGNALBOX_LOG: 'warn' }, file)
  assert.equal(settings.http.port, 9000)
  assert.equal(settings.log, 'warn')
  assert.throws(() => readSettings({}, `${file}.missing`), /no such file/)
  writeFileSync(file, 'SIGNALBOX_HTTP: [1\n')
  assert.throws(
    () => readSettings({}, file),
    (error) => error instanceof SettingsRefused && error.faults.length === 1 && !error.message.includes('\n'),
  )
})

test('addresses are read with IPv6 in brackets, and a port above 65535 is none', () => {
  assert.deepEqual(hostPort('[::1]:80'), { host: '::1', port: 80 })
  assert.equal(hostPort('127.0.0.1:99999'), undefined)
  assert.equal(hostPort('8080'), undefined)
  assert.ok(isLoopback('::1') && isLoopback('127.0.0.2') && !isLoopback('0.0.0.0'))
})

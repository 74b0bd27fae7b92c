// X-Twilio-Signature both ways: what our webhooks carry is valid to the official validators, and what those
// compute is taken from a carrier's callbacks. Real requests over a real socket.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { getExpectedTwilioSignature, validateRequest, validateRequestWithBody } from 'twilio/lib/webhooks/webhooks.js'
import { sortedText, type SignedParams } from '../../plugins/twilio/signature.ts'
import { writeForm } from '../../plugins/twilio/form.ts'
import { supplierCallbacks } from '../../plugins/twilio/supplier/callbacks.ts'
import { configOf, facade, ours, secret } from '../../plugins/twilio/supplier/facade.fixture.ts'
import { callWebhook } from '../../plugins/twilio/webhook.ts'
import { createOutbound, systemClock, type Host, type HotAnswer } from '../../src/plugin.ts'
import { needs } from '../peers/found.ts'

const token = '12345abcdef678901234567890abcdef'
const params: Record<string, string> = {
  MessageSid: `SM${'a'.repeat(32)}`,
  From: '+447700900123',
  To: '+15550001111',
  Body: 'héllo & good+bye = 100% 🎉\r\n„Ünï“',
  FromCity: '',
  AccountSid: `AC${'1'.repeat(32)}`,
  ab: '1',
  aB: '2',
}

interface Check {
  token: string
  url: string
  params: SignedParams
  signature: string
}

/** What our webhooks to these paths carried. */
async function sent(context: TestContext, paths: readonly string[]): Promise<Check[]> {
  const got: Check[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      const { port } = server.address() as AddressInfo
      const form = Object.fromEntries(new URLSearchParams(body))
      const signature = String(request.headers['x-twilio-signature'])
      got.push({ token, url: `http://127.0.0.1:${port}${request.url}`, params: form, signature })
      response.end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const outbound = createOutbound()
  context.after(async () => {
    await outbound.close()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  for (const path of paths) {
    for (const method of ['POST', 'GET'] as const) {
      const hook = {
        url: `http://127.0.0.1:${port}${path}`,
        method,
        params: { form: writeForm(params), sorted: sortedText(params) },
        token,
        idempotencyToken: 'x',
        allowPrivate: true,
        signal: new AbortController().signal,
      }
      const { ok, wire } = await callWebhook(outbound, systemClock, hook, [])
      assert.ok(ok, wire.join('\n'))
    }
  }
  return got
}

const paths = ['/sms', '/', '/sms?foo=1&bar=2', '/sms?a=1&a=2&a=', '/s%C3%BC%20s?q=%C3%A9+%2B', '/sms?x=~tilde*star', '/sms#rc=2&ct=2000']

test('our webhooks are valid to npm twilio: by POST and GET, with queries, repeated names, other letters and a fragment', async (context) => {
  const all = await sent(context, paths)
  assert.equal(all.length, 2 * paths.length)
  for (const one of all) {
    assert.ok(validateRequest(token, one.signature, one.url, one.params as Record<string, string>), one.url)
    assert.equal(validateRequest('another token', one.signature, one.url, one.params as Record<string, string>), false)
    assert.equal(validateRequest(token, one.signature, `${one.url}x`, one.params as Record<string, string>), false)
  }
})

interface Python {
  valid: boolean[]
  signed: string[]
}
function python(job: { check?: Check[]; sign?: Omit<Check, 'signature'>[] }): Python {
  const input = JSON.stringify({ check: [], sign: [], ...job })
  const { stdout, stderr, status } = spawnSync('/usr/bin/python3', ['test/conformance/signatures.py'], { input, encoding: 'utf8' })
  assert.equal(status, 0, stderr)
  return JSON.parse(stdout) as Python
}

test('and to python3-twilio’s RequestValidator', needs('python3-twilio'), async (context) => {
  const all = await sent(context, paths)
  const wrong = all.map((one) => ({ ...one, params: { ...one.params, Body: 'another' } }))
  assert.deepEqual(python({ check: [...all, ...wrong] }).valid, [...all.map(() => true), ...wrong.map(() => false)])
})

/** A supplier bind's callbacks, the world reaching us under this address. */
async function callbacks(context: TestContext, publicUrl: string) {
  const peer = await facade()
  const us = await ours(configOf(peer, { authToken: token }))
  context.after(async () => {
    await us.close()
    await peer.close()
  })
  const host = { publicUrl, calling: () => us.binds, log: us.gateway.log } as unknown as Host
  const { hot } = supplierCallbacks(host)
  return {
    us,
    say: (query: string, signature: string, body: string, type = 'application/x-www-form-urlencoded'): Promise<HotAnswer> =>
      new Promise((resolve) => {
        const headers: Record<string, string> = { 'x-twilio-signature': signature, 'content-type': type }
        const url = `/twilio/${secret}/inbound${query}`
        hot.serve({ method: 'POST', url, header: (name) => headers[name], body: Buffer.from(body), remoteAddress: '' }, resolve)
      }),
  }
}

const inbound: SignedParams = {
  MessageSid: `SM${'b'.repeat(32)}`,
  From: '+447700900123',
  To: '+15550001111',
  Body: 'Grüße 👋 & +1',
  NumMedia: '0',
}
const repeated: SignedParams = { ...inbound, Tag: ['b', 'a', 'a'] }
const at = `/twilio/${secret}/inbound`

/** How each address may be written by whoever signs: a default port there or not. */
const addresses = [
  ['https://sms.example', ['https://sms.example', 'https://sms.example:443']],
  ['https://sms.example:443', ['https://sms.example', 'https://sms.example:443']],
  ['http://sms.example', ['http://sms.example', 'http://sms.example:80']],
  ['https://sms.example:8443', ['https://sms.example:8443']],
] as const

const asForm = (of: SignedParams): string =>
  Object.entries(of)
    .flatMap(([name, value]) => [value].flat().map((one) => `${name}=${encodeURIComponent(one)}`))
    .join('&')

const cases = addresses.flatMap(([publicUrl, written]) =>
  written.flatMap((origin) => [
    { publicUrl, origin, query: '', params: inbound },
    { publicUrl, origin, query: '?a=1&b=%C3%A9&a=2', params: inbound },
    { publicUrl, origin, query: '', params: repeated },
  ]),
)

test('a callback that npm twilio signs is taken: with a default port and without, queries, repeated names, other letters', async (context) => {
  for (const { publicUrl, origin, query, params: of } of cases) {
    const { us, say } = await callbacks(context, publicUrl)
    const signature = getExpectedTwilioSignature(token, origin + at + query, of as Record<string, string>)
    assert.equal((await say(query, signature, asForm(of))).status, 200, `${origin} for ${publicUrl}${query}`)
    assert.deepEqual(us.accepted[0]?.body, { kind: 'text', text: inbound['Body'] })
    assert.equal((await say(query, signature, asForm({ ...of, Body: 'another' }))).status, 403)
    assert.equal((await say(`${query}${query ? '&' : '?'}more=1`, signature, asForm(of))).status, 403)
  }
})

test('and what python3-twilio signs', needs('python3-twilio'), async (context) => {
  // Debian's knows no repeated names.
  const some = cases.filter(({ params: of }) => of !== repeated)
  const { signed } = python({ sign: some.map(({ origin, query, params: of }) => ({ token, url: origin + at + query, params: of })) })
  for (const [i, { publicUrl, query, params: of }] of some.entries()) {
    const { say } = await callbacks(context, publicUrl)
    assert.equal((await say(query, signed[i]!, asForm(of))).status, 200, `${publicUrl}${query}`)
  }
})

test('a callback in JSON is signed by its address with the body’s SHA-256 in it', async (context) => {
  const { us, say } = await callbacks(context, 'https://sms.example')
  const body = JSON.stringify(inbound)
  const query = `?bodySHA256=${createHash('sha256').update(body).digest('hex')}`
  const url = `https://sms.example${at}${query}`
  const signature = getExpectedTwilioSignature(token, url, {})
  assert.ok(validateRequestWithBody(token, signature, url, body))
  const json = 'application/json; charset=utf-8'
  assert.equal((await say(query, signature, body, json)).status, 200)
  assert.deepEqual(us.accepted[0]?.body, { kind: 'text', text: inbound['Body'] })
  assert.equal((await say(query, signature, body.replace('Gr', 'gr'), json)).status, 403, 'another body')
  assert.equal((await say('', getExpectedTwilioSignature(token, `https://sms.example${at}`, {}), body, json)).status, 403, 'no hash')
  for (const wrong of ['[]', '"x"', '{"Body":{"a":1}}', '{', '\u00ff']) assert.equal((await signedJson(say, wrong)).status, 400, wrong)
})

async function signedJson(say: Awaited<ReturnType<typeof callbacks>>['say'], body: string): Promise<HotAnswer> {
  const query = `?bodySHA256=${createHash('sha256').update(body).digest('hex')}`
  return await say(query, getExpectedTwilioSignature(token, `https://sms.example${at}${query}`, {}), body, 'application/json')
}

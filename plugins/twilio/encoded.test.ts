import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { apiUnderTest, ways } from './api.fixture.ts'
import { maxBodyBytes } from './form.ts'

const plainType = 'application/x-www-form-urlencoded'
const to = 'To=%2B447700900123&From=%2B15005550006'

for (const [way, how] of ways)
  describe(`bodies in other codings and charsets, ${how}`, async () => {
    const api = await apiUnderTest(way)
    after(() => api.close())
    const { w, server, basic, messages } = api

    async function post(body: Buffer, headers: Record<string, string>, path = `${messages}.json`) {
      const all = { authorization: basic(), 'content-type': plainType, ...headers }
      const response = await fetch(server.url + path, { method: 'POST', headers: all, body: new Uint8Array(body) })
      const text = await response.text()
      return { status: response.status, text, json: (text.startsWith('{') ? JSON.parse(text) : {}) as Record<string, unknown> }
    }
    const said = () => (w.submissions.at(-1)!.body as { text: string }).text

    async function refused(code: number, status: number, body: Buffer, headers: Record<string, string>): Promise<string> {
      const before = w.submissions.length
      const { json, status: got, text } = await post(body, headers)
      assert.deepEqual([json['code'], json['status'], got], [code, status, status], text)
      assert.equal(w.submissions.length, before)
      return String(json['message'])
    }

    test('a compressed body is what was compressed', async () => {
      for (const [encoding, pack] of [
        ['gzip', gzipSync],
        ['x-gzip', gzipSync],
        ['GZIP', gzipSync],
        ['deflate', deflateSync],
        ['deflate', deflateRawSync],
        ['br', brotliCompressSync],
        ['identity', (bytes: Buffer) => bytes],
      ] as const) {
        const { status, text } = await post(pack(Buffer.from(`${to}&Body=h%C3%A9llo+${encoding}`)), { 'content-encoding': encoding })
        assert.equal(status, 201, `${encoding}: ${text}`)
        assert.equal(said(), `héllo ${encoding}`)
      }
    })

    test('one that is not what it says is malformed, an unknown coding is 415, and one that grows too long 413', async () => {
      const form = Buffer.from(`${to}&Body=x`)
      for (const encoding of ['gzip', 'deflate', 'br'])
        assert.match(await refused(20422, 400, form, { 'content-encoding': encoding }), new RegExp(`not ${encoding}`))
      await refused(20422, 400, gzipSync(form).subarray(0, 20), { 'content-encoding': 'gzip' })
      for (const encoding of ['zstd', 'gzip, br', 'compress'])
        assert.match(await refused(20415, 415, form, { 'content-encoding': encoding }), /gzip, deflate or br expected/)
      const bomb = gzipSync(Buffer.alloc(maxBodyBytes + 1, 'a'))
      await refused(20413, 413, bomb, { 'content-encoding': 'gzip' })
      await refused(20413, 413, gzipSync(Buffer.alloc(40_000_000)), { 'content-encoding': 'gzip' })
    })

    test('nobody unknown has a body unpacked', async () => {
      const { status } = await post(Buffer.from('x'), { 'content-encoding': 'zstd', authorization: basic(w.root.id, 'f'.repeat(32)) })
      assert.equal(status, 401)
    })

    test('a charset is read as it is named, percent-encoded or not', async () => {
      for (const [charset, bytes, text] of [
        ['iso-8859-1', 'caf%E9+%2B', 'café +'],
        ['ISO-8859-1', 'caf\xe9', 'café'],
        ['"windows-1252"', '%80', '€'],
        ['us-ascii', 'plain', 'plain'],
        ['koi8-r', '\xf0\xd2\xc9\xd7\xc5\xd4', 'Привет'],
        ['Shift_JIS', '%93%FA\x96{', '日本'],
        ['gbk', '%C4%E3', '你'],
        ['utf-8', 'caf%C3%A9', 'café'],
        ['"UTF-8"', 'é', 'é'],
        ['utf8', '%E2%82%AC', '€'],
      ] as const) {
        const isUtf8 = /utf/i.test(charset)
        const body = Buffer.from(`${to}&Body=${bytes}`, isUtf8 ? 'utf8' : 'latin1')
        const { status, text: answer } = await post(body, { 'content-type': `${plainType}; charset=${charset}` })
        assert.equal(status, 201, `${charset}: ${answer}`)
        assert.equal(said(), text, charset)
      }
    })

    test('a charset that is not of ASCII, or that nobody knows, is 415, and what is none of its octets malformed', async () => {
      for (const charset of ['utf-16', 'utf-16be', 'utf-7', 'iso-2022-jp', 'klingon', ''])
        assert.match(
          await refused(20415, 415, Buffer.from(`${to}&Body=x`), { 'content-type': `${plainType}; charset=${charset}` }),
          /utf-8 expected/,
        )
      const type = { 'content-type': `${plainType}; charset=shift_jis` }
      assert.match(await refused(20422, 400, Buffer.from(`${to}&Body=%FF`), type), /not shift_jis/)
      assert.match(await refused(20422, 400, Buffer.from(`${to}&Body=%9`), type), /Body has malformed percent-encoding/)
    })

    test('so it is for every other resource', async () => {
      const path = `/2010-04-01/Accounts/${w.root.id}/Applications.json`
      const packed = await post(gzipSync(Buffer.from('FriendlyName=packed')), { 'content-encoding': 'gzip' }, path)
      assert.deepEqual([packed.status, packed.json['friendly_name']], [201, 'packed'])
      const named = await post(Buffer.from('FriendlyName=%FCber'), { 'content-type': `${plainType}; charset=latin1` }, path)
      assert.deepEqual([named.status, named.json['friendly_name']], [201, 'über'])
    })
  })

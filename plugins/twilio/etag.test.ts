import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { apiUnderTest, ways } from './api.fixture.ts'

for (const [way, says] of ways) {
  describe(`what is asked again, ${says}`, async () => {
    const { call, create, good, messages, close } = await apiUnderTest(way)
    after(close)

    test('is 304 without a body as long as it is the same, and 200 once it is not', async () => {
      const made = await create(good)
      const path = `${messages}/${String(made.json['sid'])}.json`
      const first = await call('GET', path)
      const tag = first.headers.get('etag') ?? ''
      assert.match(tag, /^"[0-9a-f]{32}"$/)
      for (const known of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
        const again = await call('GET', path, undefined, { 'if-none-match': known })
        assert.deepEqual([again.status, again.text, again.headers.get('etag')], [304, '', tag], known)
      }
      assert.equal((await call('GET', path, undefined, { 'if-none-match': '"other"' })).status, 200)
      await call('POST', path, { Status: 'canceled' })
      const changed = await call('GET', path, undefined, { 'if-none-match': tag })
      assert.deepEqual([changed.status, changed.json['status']], [200, 'canceled'])
    })

    test('says nothing of what is not there, and of no creation', async () => {
      const absent = await call('GET', `${messages}/SM${'0'.repeat(32)}.json`, undefined, { 'if-none-match': '*' })
      assert.deepEqual([absent.status, absent.headers.get('etag')], [404, null])
      assert.equal((await create(good, { 'if-none-match': '*' })).status, 201)
    })
  })
}

import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { apiUnderTest, assertShape, schema, ways, xml } from './api.fixture.ts'
import { handset, ownNumber } from './messages.fixture.ts'

for (const [way, how] of ways)
  describe(`reading and changing messages, ${how}`, async () => {
    const api = await apiUnderTest(way)
    after(() => api.close())
    const { w, server, client, call, basic, messages, good } = api

    test('answers 404 and 405 in the envelope of the path', async () => {
      const missing = `${messages}/SM${'0'.repeat(32)}.json`
      assert.deepEqual((await call('GET', missing)).json, {
        code: 20404,
        message: `The requested resource ${missing} was not found`,
        more_info: 'https://www.twilio.com/docs/errors/20404',
        status: 404,
      })
      for (const path of [
        `${messages}/nonsense.json`,
        `${messages}/.json`,
        `/2010-04-01/Accounts/${w.root.id}/Nothing.json`,
        `${messages}.html`,
      ]) {
        const { status } = await call('GET', path)
        assert.equal(status, 404, path)
      }
      const put = await call('PUT', `${messages}.json`, good)
      assert.deepEqual([put.status, put.json['code']], [405, 20004])
      assert.equal((await call('DELETE', `${messages}.json`)).status, 405)
      assert.match((await call('PATCH', messages)).text, /<Code>20004<\/Code>/)
      assert.equal((await fetch(`${server.url}/elsewhere`)).headers.get('twilio-request-id'), null)
    })

    test('takes any Host, the old version and the legacy resource', async () => {
      const old = await call('POST', `/2008-08-01/Accounts/${w.root.id}/SMS/Messages.json`, good)
      assert.equal(old.status, 201)
      const legacy = `/2010-04-01/Accounts/${w.root.id}/SMS/Messages`
      assert.equal((await call('POST', `${legacy}.json`, { ...good, Body: 'x'.repeat(161) })).json['code'], 21605)
      assert.ok(Array.isArray((await call('GET', `${legacy}.json?PageSize=1`)).json['sms_messages']))
      assert.match((await call('GET', `${legacy}?PageSize=1`)).text, /<SMSMessages .*<SMSMessage><Sid>/)
    })

    test('answers at every version and prefix, with links that begin as asked', async () => {
      const headers = { host: 'api.dublin.ie1.twilio.com' }
      for (const base of ['/2010-04-01', '/2008-08-01', '/api/laml/2010-04-01']) {
        const list = `${base}/Accounts/${w.root.id}/Messages`
        const made = await call('POST', `${list}.json`, good, headers)
        assert.equal(made.status, 201, base)
        const one = `${list}/${String(made.json['sid'])}`
        assert.deepEqual([made.json['uri'], made.json['subresource_uris']], [`${one}.json`, { media: `${one}/Media.json` }])
        assert.match((await call('POST', list, good)).text, new RegExp(`<Uri>${list}/SM[0-9a-f]{32}</Uri>`))
        assert.equal((await call('GET', `${one}.json`)).json['uri'], `${one}.json`)
        assert.equal((await call('GET', `${one}/Media.json`)).json['uri'], `${one}/Media.json`)
        const page = (await call('GET', `${list}.json?PageSize=1`)).json
        assert.equal(page['first_page_uri'], `${list}.json?PageSize=1&Page=0`)
        const next = await call('GET', String(page['next_page_uri']))
        assert.equal((next.json['messages'] as { uri: string }[])[0]?.uri.startsWith(`${list}/SM`), true)
        assert.equal((await call('POST', `${one}.json`, { Body: 'no' })).json['code'], 20422)
        assert.equal((await call('GET', `${base}/Accounts/${w.root.id}/Nothing.json`)).json['code'], 20404)
        assert.equal((await call('GET', `${base}.json`)).json['code'], 20404)
      }
      for (const path of ['/2010-04-011/Accounts', '/api/laml/2008-08-01/Accounts', '/laml/2010-04-01/Accounts'])
        assert.equal((await call('GET', path)).headers.get('twilio-request-id'), null, path)
    })

    test('shows every state in Twilio’s words, with error codes as numbers', async () => {
      const cases = [
        ['queued', undefined, 'queued', null],
        ['held', undefined, 'sending', null],
        ['sent', undefined, 'sent', null],
        ['delivered', undefined, 'delivered', null],
        ['undelivered', 'absent-subscriber', 'undelivered', 30003],
        ['undelivered', 'unknown-subscriber', 'undelivered', 30005],
        ['failed', 'blocked', 'failed', 30004],
        ['failed', 'account-suspended', 'failed', 30002],
        ['failed', 'filtered', 'failed', 30007],
        ['expired', 'expired', 'failed', 30036],
        ['unconfirmed', 'no-receipt', 'sent', null],
        ['canceled', 'canceled', 'canceled', null],
      ] as const
      for (const [state, code, status, error] of cases) {
        const view = w.store(w.root, {}, { state, sentAt: Date.now(), ...(code ? { failure: { kind: 'permanent', code } } : {}) })
        const { json } = await call('GET', `${messages}/SM${view.message.id}.json`)
        assert.deepEqual([json['status'], json['error_code'], json['error_message'] === null], [status, error, error === null], state)
        assertShape(json)
      }
      const mo = w.store(w.root, { direction: 'mo', from: { value: handset, ton: 'international', npi: 'e164' } }, { state: 'failed' })
      const inbound = await client.messages(`SM${mo.message.id}`).fetch()
      assert.deepEqual([inbound.status, inbound.direction, inbound.errorCode], ['received', 'inbound', null])
      const reply = w.store(w.root, { origin: 'outbound-reply' })
      assert.equal((await client.messages(`SM${reply.message.id}`).fetch()).direction, 'outbound-reply')
      const answer = w.store(w.root, { keyword: 'stop' })
      assert.equal((await client.messages(`SM${answer.message.id}`).fetch()).direction, 'outbound-reply')
    })

    test('cancels, redacts and deletes with the official client, and refuses when it is too late or too early', async () => {
      const made = await client.messages.create({ to: handset, from: ownNumber, body: 'x' })
      assert.equal((await client.messages(made.sid).update({ status: 'canceled' })).status, 'canceled')
      assert.equal((await client.messages(made.sid).update({ body: '' })).body, '')
      assert.equal(await client.messages(made.sid).remove(), true)
      await assert.rejects(client.messages(made.sid).fetch(), { status: 404, code: 20404 })
      const sent = `SM${w.store(w.root, {}, { state: 'sent' }).message.id}`
      await assert.rejects(client.messages(sent).update({ status: 'canceled' }), { status: 409, code: 30409 })
      await assert.rejects(client.messages(sent).update({ body: '' }), { status: 409, code: 20009 })
      await assert.rejects(client.messages(sent).remove(), { status: 409, code: 20009 })
      assert.equal((await call('POST', `${messages}/${sent}.json`, { Status: 'sent' })).json['code'], 20422)
      assert.equal((await call('POST', `${messages}/${sent}.json`, { Body: 'x' })).json['code'], 20422)
      const done = w.store(w.root, {}, { state: 'delivered' }).message.id
      const tunnelled = await call('POST', `${messages}/SM${done}.json`, { _method: 'DELETE' })
      assert.deepEqual([tunnelled.status, tunnelled.text, tunnelled.headers.get('content-type')], [204, '', null])
      assert.equal(w.views.has(done), false)
    })

    test('takes a POST to the list that stands for DELETE as one, and makes no message of it', async () => {
      const form = { To: handset, From: ownNumber, Body: 'x', _method: 'delete' }
      const before = w.views.size
      for (const suffix of ['.json', '.xml', '']) {
        const direct = await call('DELETE', `${messages}${suffix}`)
        const tunnelled = await call('POST', `${messages}${suffix}`, form)
        assert.deepEqual([direct.status, tunnelled.status, tunnelled.text], [405, 405, direct.text], suffix)
      }
      assert.equal(w.views.size, before)
      assert.equal((await call('POST', `${messages}.json`, { ...form, _method: 'POST' })).status, 201)
    })

    test('never shows or changes a message of another account', async () => {
      const theirs = `${messages}/SM${w.store(w.stranger, {}, { state: 'delivered' }).message.id}.json`
      for (const [method, body] of [['GET'], ['POST', { Body: '' }], ['DELETE']] as const)
        assert.equal((await call(method, theirs, body)).status, 404, method)
    })

    test('pages through list and each of the official client, filtered', async () => {
      const to = way === 'hot' ? '+447700900200' : '+447700900201'
      const start = Date.UTC(2025, 0, 1)
      for (let i = 0; i < 25; i++)
        w.store(w.root, {
          to: { value: to, ton: 'international', npi: 'e164' },
          acceptedAt: start + i * 3_600_000,
          body: { kind: 'text', text: String(i) },
        })
      const all = await client.messages.list({ to, pageSize: 10 })
      assert.deepEqual(
        all.map((m) => m.body),
        Array.from({ length: 25 }, (_, i) => String(24 - i)),
      )
      let each = 0
      await new Promise<void>((resolve, reject) => {
        client.messages.each({
          to,
          pageSize: 7,
          limit: 20,
          callback: () => void each++,
          done: (error: Error | undefined) => (error ? reject(error) : resolve()),
        })
      })
      assert.equal(each, 20)
      const page = await client.messages.page({ to, pageSize: 10 })
      const next = await page.nextPage()
      const back = await next?.previousPage()
      assert.deepEqual(
        back?.instances.map((m) => m.sid),
        page.instances.map((m) => m.sid),
      )
      const second = new Date(start + 86_400_000)
      assert.equal((await client.messages.list({ to, dateSentAfter: second })).length, 1)
      assert.equal((await client.messages.list({ to, dateSentBefore: second })).length, 25)
      const plain = encodeURIComponent(to)
      assert.equal(((await call('GET', `${messages}.json?To=${plain}&DateSent=2025-01-01`)).json['messages'] as unknown[]).length, 24)
      const midnight = new Date(Date.UTC(2025, 0, 1))
      assert.equal((await client.messages.list({ to, dateSent: midnight })).length, 24, 'a library has no other way to name the day')
      assert.equal(((await call('GET', `${messages}.json?To=${to}&DateSent>=2025-01-02`)).json['messages'] as unknown[]).length, 1)
      const first = (await call('GET', `${messages}.json?To=${plain}&PageSize=10`)).json
      assert.deepEqual(Object.keys(first).sort(), Object.keys(schema.list.properties).sort())
      assert.deepEqual([first['start'], first['end'], first['page_size'], first['previous_page_uri']], [0, 9, 10, null])
      assert.equal(first['next_page_uri'], `${messages}.json?To=${plain}&PageSize=10&Page=1&PageToken=PAat%2F10`)
      const none = (await call('GET', `${messages}.json?To=%2B447700900299`)).json
      assert.deepEqual([none['messages'], none['end'], none['next_page_uri']], [[], 0, null])
    })

    test('shows the page that is asked for by its number alone, an empty one behind the last, and none far behind', async () => {
      const ids = async (query: string): Promise<unknown[]> => {
        const { json } = await call('GET', `${messages}.json?${query}`)
        return (json['messages'] as { sid: string }[]).map(({ sid }) => sid)
      }
      const all = await ids('PageSize=1000')
      assert.ok(all.length > 20)
      assert.deepEqual(await ids('PageSize=10&Page=1'), all.slice(10, 20))
      assert.deepEqual(await ids('PageSize=7&Page=2'), all.slice(14, 21))
      assert.deepEqual(await ids(`PageSize=${all.length}&Page=1`), [])
      assert.deepEqual(await ids('PageSize=50&Page=7'), [])
      assert.equal((await call('GET', `${messages}.json?PageSize=50&Page=201`)).json['code'], 20422)
    })

    test('writes lists in XML that page by their own URIs', async () => {
      const { text } = await call('GET', `${messages}?PageSize=2`)
      const root = (xml.parse(text) as { TwilioResponse: { Messages: Record<string, unknown> } }).TwilioResponse.Messages
      assert.deepEqual([root['@page'], root['@pagesize'], root['@start'], root['@end'], root['@previouspageuri']], ['0', '2', '0', '1', ''])
      assert.match((await call('GET', String(root['@nextpageuri']).replaceAll('&amp;', '&'))).text, /<Messages page="1" /)
    })

    test('refuses filters that it cannot understand', async () => {
      for (const [query, code] of [
        ['PageSize=1001', 20007],
        ['PageSize=0', 20422],
        ['PageSize=x', 20422],
        ['Page=-1', 20422],
        ['PageToken=x', 20422],
        ['DateSent=yesterday', 20422],
        ['DateSent=2025-02-30', 20422],
        ['To=%', 20422],
      ] as const)
        assert.equal((await call('GET', `${messages}.json?${query}`)).json['code'], code, query)
    })

    test('lists no media for a text message', async () => {
      const made = await client.messages.create({ to: handset, from: ownNumber, body: 'x' })
      assert.deepEqual(await client.messages(made.sid).media.list(), [])
      const media = `${messages}/${made.sid}/Media`
      const { json } = await call('GET', `${media}.json?PageSize=5`)
      assert.deepEqual(json, {
        media_list: [],
        page: 0,
        page_size: 5,
        start: 0,
        end: 0,
        uri: `${media}.json?PageSize=5`,
        first_page_uri: `${media}.json?PageSize=5&Page=0`,
        next_page_uri: null,
        previous_page_uri: null,
      })
      const written = (xml.parse((await call('GET', media)).text) as { TwilioResponse: { MediaList: object } }).TwilioResponse.MediaList
      assert.deepEqual(written, {
        '@page': '0',
        '@pagesize': '50',
        '@start': '0',
        '@end': '0',
        '@uri': media,
        '@firstpageuri': `${media}?PageSize=50&Page=0`,
        '@nextpageuri': '',
        '@previouspageuri': '',
      })
      assert.equal((await call('GET', `${media}.json?PageSize=1001`)).json['code'], 20007)
    })

    test('knows no medium of a message, nor a message’s media to anyone else', async () => {
      const made = await client.messages.create({ to: handset, from: ownNumber, body: 'x' })
      const media = `${messages}/${made.sid}/Media`
      const one = `${media}/ME${'0'.repeat(32)}`
      const refused = async (method: string, path: string, headers?: Record<string, string>): Promise<unknown[]> => {
        const { status, json } = await call(method, path, undefined, headers)
        return [status, json['code'], String(json['message']).replace(`The requested resource ${path} was`, 'it was')]
      }
      for (const path of [one, `${messages}/SM${'0'.repeat(32)}/Media`, `${messages}/nonsense/Media/ME1`])
        assert.deepEqual(await refused('GET', `${path}.json`), [404, 20404, 'it was not found'], path)
      assert.deepEqual(await refused('DELETE', `${one}.json`), [404, 20404, 'it was not found'])
      assert.match((await call('GET', one)).text, /<RestException><Code>20404<.Code>/)
      for (const [method, path] of [
        ['POST', media],
        ['DELETE', media],
        ['POST', one],
      ] as const)
        // prettier-ignore
        assert.equal((await refused(method, `${path}.json`))[1], 20004, `${method} ${path}`)
      await assert.rejects(
        client
          .messages(made.sid)
          .media(`ME${'0'.repeat(32)}`)
          .remove(),
        { status: 404, code: 20404 },
      )
      const child = { authorization: basic(w.child.id, w.child.token) }
      const foreign = `/2010-04-01/Accounts/${w.child.id}/Messages/${made.sid}/Media.json`
      assert.deepEqual(await refused('GET', foreign, child), [404, 20404, 'it was not found'])
      assert.equal((await refused('GET', `${media}.json`, child))[1], 20003)
    })

    test('answers a CORS preflight without credentials', async () => {
      const { status, headers } = await call('OPTIONS', `${messages}.json`, undefined, { authorization: '' })
      assert.equal(status, 200)
      assert.match(headers.get('access-control-allow-headers') ?? '', /Idempotency-Key/)
    })
  })

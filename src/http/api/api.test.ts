import assert from 'node:assert/strict'
import { test } from 'node:test'
import { basic, root, token } from '../house.fixture.ts'
import { endpoints } from './api.ts'
import { apiBed, topics } from '../../../test/api.ts'

const api = apiBed()
const { call } = api

test('the document lists exactly the routes that there are, each with its parameters', () => {
  const { document } = api
  assert.equal(document.openapi, '3.1.0')
  const described = Object.entries(document.paths).flatMap(([path, verbs]) => Object.keys(verbs).map((verb) => `${verb} ${path}`))
  assert.deepEqual(described.toSorted(), endpoints.map((each) => `${each.verb} ${each.path}`).toSorted())
  for (const [path, verbs] of Object.entries(document.paths)) {
    for (const operation of Object.values(verbs)) {
      const inPath = operation.parameters.filter((each) => each.in === 'path').map((each) => `{${each.name}}`)
      assert.deepEqual(path.match(/\{\w+\}/g) ?? [], inPath, path)
    }
  }
  const operationIds = endpoints.map((each) => each.id)
  assert.equal(new Set(operationIds).size, operationIds.length, 'operationIds are unique')
})

test('every route belongs to a topic whose file walks it', () => {
  const walked: string[] = Object.values(topics).flat()
  assert.deepEqual([...new Set(endpoints.map((each) => each.tag))].toSorted(), walked.toSorted())
})

test('without the right credentials there is nothing but 401', async () => {
  for (const wrong of [basic(root, 'f'.repeat(32)), basic(`AC${'9'.repeat(32)}`, token), 'Bearer x']) {
    const answer = await call('GET /accounts', undefined, wrong)
    assert.equal(answer.status, 401)
    assert.match(answer.headers.get('www-authenticate') ?? '', /^Basic /)
  }
})

test('wrong verbs, paths and bodies have their status', async () => {
  const wrong = await call('DELETE /explain')
  assert.equal(wrong.status, 405)
  assert.equal(wrong.headers.get('allow'), 'GET')
  assert.equal((await call('GET /nowhere')).status, 404)
  assert.equal((await call('POST /plan', '{"document":')).status, 400)
  assert.equal((await call('POST /plan', '[1]')).status, 400)
  assert.equal((await call('POST /plan', JSON.stringify({ document: 'x'.repeat(5_000_000) }))).status, 413)
  const query = await call('GET /messages?limit=0&colour=red')
  assert.equal(query.status, 400)
  assert.deepEqual(query.body.error?.faults?.map((fault) => fault.path).toSorted(), ['colour', 'limit'])
  assert.equal((await call('GET /binds/%E0%A4%A')).status, 400)
  const empty = await call('POST /optouts', '{"optOuts":[]}')
  assert.match(empty.body.error?.faults?.[0]?.message ?? '', /^expected a list of 1–\d+, got an empty list$/)
})

test('a body that is no JSON is told so, and one nested without an end is no fault of ours', async () => {
  const headers = { authorization: basic(root, token), 'content-type': 'application/x-www-form-urlencoded' }
  const form = await fetch(`${api.house.url}/api/v1/optouts`, { method: 'POST', headers, body: 'sender=x' })
  assert.equal(form.status, 400)
  assert.match(await form.text(), /Content-Type application\/json expected, got application\/x-www-form-urlencoded/)
  const lists = '['.repeat(20_000) + ']'.repeat(20_000)
  const accounts = '{"accounts":['.repeat(5000) + ']}'.repeat(5000)
  for (const [path, body] of [
    ['/optouts', lists],
    ['/optouts', `{"optOuts":${lists}}`],
    ['/plan', `{"document":${accounts}}`],
  ] as const) {
    const answer = await call(`POST ${path}`, body)
    assert.equal(answer.status, 400)
    assert.match(String(answer.body.error?.message), /nested too deep/)
  }
})

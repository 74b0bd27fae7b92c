import assert from 'node:assert/strict'
import { test } from 'node:test'
import { routes } from '../../plugins/twilio/routes.ts'
import { expand } from './expand.ts'

test('gives every path that a pattern means', () => {
  assert.deepEqual(expand(/^\/Accounts\/[^/]*\/(SMS\/)?Messages(?:\/([^/.]*)(\/Media)?)?$/), [
    '/Accounts/{}/Messages',
    '/Accounts/{}/Messages/{}',
    '/Accounts/{}/Messages/{}/Media',
    '/Accounts/{}/SMS/Messages',
    '/Accounts/{}/SMS/Messages/{}',
    '/Accounts/{}/SMS/Messages/{}/Media',
  ])
  assert.deepEqual(expand(/^\/v1\/Services(?=$|\/)(?:\/(?<sid>MG\w{32}))?\/(?:Local|Mobile)$/), [
    '/v1/Services/Local',
    '/v1/Services/Mobile',
    '/v1/Services/MG{}/Local',
    '/v1/Services/MG{}/Mobile',
  ])
})

test('understands every pattern of the table, and each of its paths is of that route', () => {
  for (const { path } of routes)
    for (const each of expand(path)) {
      const filled = each.replaceAll('{}', 'SM0123456789abcdef0123456789abcdef')
      assert.ok(path.test(filled), `${filled} of ${path.source}`)
    }
})

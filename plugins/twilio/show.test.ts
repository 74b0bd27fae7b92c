import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assert as holds, integer, nat, property } from 'fast-check'
import { xml } from './api.fixture.ts'
import type { Call } from './resource.ts'
import { newestFirst, oldestFirst, show, showList, showMeta } from './show.ts'

interface Item {
  at: number
  sid: string
}
const names = { plural: 'things', list: 'Things', element: 'Thing' }
const order = ({ at, sid }: Item): string => oldestFirst(at, sid)
const fields = ({ sid }: Item) => ({ sid })
const items = (n: number): Item[] => Array.from({ length: n }, (_, at) => ({ at, sid: `XX${String(at).padStart(4, '0')}` }))

const headers: Record<string, string> = { host: 'gateway.example', 'x-forwarded-proto': 'https' }
function asked(search: string, format: 'json' | 'xml' = 'json'): Call {
  const call = { format, path: '/2010-04-01/Things.json', search, header: (name: string) => headers[name] }
  return call as Partial<Call> as Call
}

interface List {
  things: { sid: string }[]
  start: number
  end: number
  next_page_uri: string | null
  previous_page_uri: string | null
}
const list = (all: readonly Item[], search: string): List =>
  JSON.parse(showList(asked(search), names, { items: all, order, fields }).body) as List

test('pages followed by their URIs show everything once, in order, whatever the page size', () => {
  holds(
    property(integer({ min: 0, max: 60 }), integer({ min: 1, max: 70 }), (n, size) => {
      const seen: string[] = []
      for (let search: string | undefined = `PageSize=${size}`; search !== undefined;) {
        const page: List = list(items(n), search)
        seen.push(...page.things.map(({ sid }) => sid))
        search = page.next_page_uri?.split('?')[1]
      }
      assert.deepEqual(
        seen,
        items(n).map(({ sid }) => sid),
      )
    }),
  )
})

test('what is deleted between two pages neither hides nor repeats anything', () => {
  const first = list(items(10), 'PageSize=4')
  const search = first.next_page_uri?.split('?')[1] ?? ''
  const left = items(10).slice(4)
  assert.deepEqual(
    list(left, search).things.map(({ sid }) => sid),
    ['XX0004', 'XX0005', 'XX0006', 'XX0007'],
  )
})

test('tokens and sizes that are not ours are refused, and one beyond the end is an empty page', () => {
  for (const search of [
    'PageToken=xyz',
    'PageToken=PA%3Cscript%3E',
    `PageToken=PA${'1'.repeat(400)}`,
    'PageSize=0',
    'Page=-1',
    'PageSize=1e3',
  ])
    assert.throws(() => list(items(3), search), { code: 20422 }, search)
  assert.throws(() => list(items(3), 'PageSize=1001'), { code: 20007 })
  assert.deepEqual(list(items(3), 'PageToken=PA9999999999999999XX').things, [])
  assert.deepEqual(list(items(3), 'Page=7').things, [])
})

test('filters stay in the URIs of the other pages', () => {
  const { next_page_uri, previous_page_uri } = list(items(9), 'FriendlyName=a%26b&Page=1&PageSize=3')
  assert.match(next_page_uri ?? '', /^\/2010-04-01\/Things\.json\?FriendlyName=a%26b&PageSize=3&Page=2&PageToken=PA/)
  assert.equal(previous_page_uri, '/2010-04-01/Things.json?FriendlyName=a%26b&PageSize=3&Page=0')
})

test('the XML of a resource has Pascal names, empty elements for null, and URIs without suffix', () => {
  const uri = '/2010-04-01/Things/XX1.json'
  const { body } = show(asked('', 'xml'), 200, 'Thing', {
    friendly_name: 'a<b',
    none: null,
    on: true,
    uri,
    subresource_uris: { parts: uri },
  })
  assert.match(body, /<Thing><FriendlyName>a&lt;b<\/FriendlyName><None\/><On>true<\/On><Uri>\/2010-04-01\/Things\/XX1<\/Uri>/)
  assert.match(body, /<SubresourceUris><Parts>\/2010-04-01\/Things\/XX1<\/Parts><\/SubresourceUris><\/Thing>/)
})

test('the XML of a list carries its page as attributes', () => {
  const { body } = showList(asked('PageSize=2', 'xml'), names, { items: items(3), order, fields })
  const parsed = xml.parse(body) as { TwilioResponse: { Things: Record<string, unknown> } }
  const { Things } = parsed.TwilioResponse
  assert.deepEqual([Things['@page'], Things['@pagesize'], Things['@start'], Things['@end']], ['0', '2', '0', '1'])
  assert.match(String(Things['@nextpageuri']), /PageSize=2&Page=1&PageToken=PA/)
  assert.equal(Things['@previouspageuri'], '')
  assert.equal((Things['Thing'] as unknown[]).length, 2)
})

test('a list with meta has every member, and absolute URLs', () => {
  const body = JSON.parse(showMeta(asked('PageSize=2'), 'things', { items: items(3), order, fields }).body) as {
    meta: Record<string, unknown>
  }
  assert.deepEqual(Object.keys(body.meta).toSorted(), [
    'first_page_url',
    'key',
    'next_page_url',
    'page',
    'page_size',
    'previous_page_url',
    'url',
  ])
  assert.match(String(body.meta['next_page_url']), /^https:\/\/gateway\.example\/2010-04-01/)
  assert.equal(body.meta['previous_page_url'], null)
})

test('the newest first is the oldest first turned round', () => {
  holds(
    property(nat(), nat(), (a, b) => {
      assert.equal(oldestFirst(a, 'x') < oldestFirst(b, 'x'), a < b)
      assert.equal(newestFirst(a, 'x') < newestFirst(b, 'x'), a > b)
    }),
  )
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { plainQueryAt } from './query.ts'

const parsed = (text: string): string | undefined => (URL.canParse(text) ? new URL(text).href : undefined)

test('finds a query only where a parser would leave it, and the rest, as they are', () => {
  const piece = fc.string({ unit: fc.constantFrom(...Array.from('ab/:@?#&=%+ \\\'"<>[]^`{|}~\t\n\0é.')), maxLength: 12 })
  let plain = 0
  fc.assert(
    fc.property(
      fc.constantFrom('http://a.test', 'https://u:p@A.test:443', 'HTTP://[::1]:8', 'mailto:', ' http://a.test', ''),
      piece,
      piece,
      (start, path, query) => {
        const url = `${start}${path}?${query}`
        const at = plainQueryAt(url)
        if (at === -1) return
        plain++
        const rest = parsed(url.slice(0, at))
        if (start.toLowerCase().startsWith('http')) assert.equal(parsed(url), rest === undefined ? undefined : rest + url.slice(at), url)
      },
    ),
    { numRuns: 3000 },
  )
  assert.ok(plain > 100)
})

test('takes the queries that callers number their messages by', () => {
  for (const query of ['?n=1', '?t=1700000000000&n=7', '?id=a-b_c.d~e%20f', '?a[]=1'])
    assert.equal(plainQueryAt(`https://example.com/status${query}`), 26, query)
  for (const url of [
    'https://example.com/',
    'https://example.com/?',
    'https://example.com/?a b',
    'https://example.com/?a#b',
    'https://example.com/ ?a',
    '',
  ])
    assert.equal(plainQueryAt(url), -1, url)
})

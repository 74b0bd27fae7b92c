import assert from 'node:assert/strict'
import { test } from 'node:test'
import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { facadeBed } from '../../test/facade.ts'
import { actionOf } from './permission.ts'

const xml = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: '@', parseTagValue: false })

/** Each list of the 2010 API: its key, and its names in XML. */
const lists = [
  ['', 'accounts', 'Accounts', 'Account'],
  ['/IncomingPhoneNumbers', 'incoming_phone_numbers', 'IncomingPhoneNumbers', 'IncomingPhoneNumber'],
  ['/IncomingPhoneNumbers/Local', 'incoming_phone_numbers', 'IncomingPhoneNumbers', 'IncomingPhoneNumber'],
  ['/SMS/ShortCodes', 'short_codes', 'ShortCodes', 'ShortCode'],
  ['/Applications', 'applications', 'Applications', 'Application'],
  ['/Keys', 'keys', 'Keys', 'Key'],
  ['/SigningKeys', 'signing_keys', 'SigningKeys', 'SigningKey'],
  ['/Usage/Records', 'usage_records', 'UsageRecords', 'UsageRecord'],
  ['/Usage/Records/Today', 'usage_records', 'UsageRecords', 'UsageRecord'],
] as const

const rfc2822 = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d \+0000$/
const pascal = (name: string): string => name.replaceAll(/(?:^|_)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

test('every list says the same in JSON and in XML, pages by itself, dates as Twilio does, and is 304 while nothing changes', async (context) => {
  const { admin, caller, root, call, client } = await facadeBed(context)
  await admin.accounts.create(caller, root.id, { name: '<Below> & "beside"' })
  for (const value of ['+14155550100', '+14155550101', '62442', '62443']) await admin.numbers.put(caller, root.id, value, {})
  await client().applications.create({ friendlyName: 'One </Application>', smsUrl: 'https://example.com/?a=1&b=2' })
  await client().applications.create({ friendlyName: 'Two' })
  for (const friendlyName of ['one', 'two']) await client().newKeys.create({ friendlyName })
  for (const [path, key, list, element] of lists) {
    const base = path === '' ? '/2010-04-01/Accounts' : `/2010-04-01/Accounts/${root.id}${path}`
    const json = await call(`GET ${base}.json?PageSize=1`)
    assert.equal(json.headers.get('content-type'), 'application/json', base)
    const written = await call(`GET ${base}?PageSize=1`)
    assert.equal(written.headers.get('content-type'), 'application/xml')
    assert.equal(XMLValidator.validate(written.text), true, written.text)
    const root2 = (xml.parse(written.text) as { TwilioResponse: Record<string, Record<string, unknown>> }).TwilioResponse[list]
    assert.ok(root2, `${base}: ${written.text.slice(0, 300)}`)
    assert.deepEqual([root2['@page'], root2['@pagesize'], root2['@start']], ['0', '1', '0'])
    const [inJson] = json.json[key] as Record<string, unknown>[]
    const [inXml] = [root2[element]].flat() as Record<string, unknown>[]
    assert.ok(inJson && inXml)
    for (const [name, value] of Object.entries(inJson)) {
      assert.ok(pascal(name) in inXml, `${base}: ${name}`)
      if (typeof value === 'string' && !name.endsWith('uri')) assert.equal(inXml[pascal(name)], value, `${base}: ${name}`)
      if (name.startsWith('date_')) assert.match(String(value), rfc2822)
    }
    const next = json.json['next_page_uri'] as string | null
    assert.equal(String(root2['@nextpageuri']).replaceAll('&amp;', '&'), (next ?? '').replace('.json?', '?'))
    if (next !== null) {
      const second = (await call(`GET ${next}`)).json
      assert.notDeepEqual(second[key], json.json[key])
      assert.equal(second['page'], 1)
    }
    for (const { headers, url } of [
      { headers: json.headers, url: `${base}.json?PageSize=1` },
      { headers: written.headers, url: `${base}?PageSize=1` },
    ]) {
      const again = await call(`GET ${url}`, { headers: { 'if-none-match': headers.get('etag') ?? '' } })
      assert.deepEqual([again.status, again.text], [304, ''], url)
    }
  }
})

test('the format is that of the suffix, whatever Accept says; another suffix is none', async (context) => {
  const { call, root } = await facadeBed(context)
  const path = `/2010-04-01/Accounts/${root.id}`
  for (const [suffix, accept, type] of [
    ['', 'application/json', 'application/xml'],
    ['.xml', 'application/json', 'application/xml'],
    ['.json', 'application/xml', 'application/json'],
    ['.json', 'text/csv;q=1, */*;q=0', 'application/json'],
  ] as const)
    assert.equal((await call(`GET ${path}/Keys${suffix}`, { headers: { accept } })).headers.get('content-type'), type, suffix + accept)
  for (const suffix of ['.CSV', '.html', '.csv.json', '.JSON', '.json.json', '.json/'])
    assert.equal((await call(`GET ${path}/Keys${suffix}`)).status, 404, suffix)
})

test('.csv is the same as a table: a row an item, with the names that the XML has, and where the next page is', async (context) => {
  const { call, root, client } = await facadeBed(context)
  const path = `/2010-04-01/Accounts/${root.id}`
  const names = ['plain', 'a, b', 'say "hi"', 'two\nlines', ' blank']
  for (const friendlyName of names) await client().newKeys.create({ friendlyName })
  const all = await call(`GET ${path}/Keys.csv`)
  assert.deepEqual([all.status, all.headers.get('content-type'), all.headers.get('link')], [200, 'text/csv; charset=utf-8', null])
  const [head, ...rows] = all.text.split('\r\n')
  assert.equal(head, 'Sid,FriendlyName,DateCreated,DateUpdated')
  assert.equal(rows.pop(), '', 'every row is ended')
  for (const name of ['plain', '"a, b"', '"say ""hi"""', '"two\nlines"', '" blank"'])
    assert.ok(
      rows.some((row) => /^SK[0-9a-f]{32},/.test(row) && row.slice(35).startsWith(`${name},"`)),
      `${name} in ${all.text}`,
    )

  await client().newKeys.create({ friendlyName: '=HYPERLINK("http://x.example")' })
  await client().newKeys.create({ friendlyName: '+15550001111' })
  const cells = await call(`GET ${path}/Keys.csv`)
  assert.match(cells.text, /,"'=HYPERLINK\(""http:\/\/x\.example""\)",/, 'no formula, in whatever opens it')
  assert.match(cells.text, /,\+15550001111,/, 'a number stays one')

  const first = await call(`GET ${path}/Keys.csv?PageSize=2`)
  const [, next = ''] = /^<([^>]+)>; rel="next"$/.exec(first.headers.get('link') ?? '') ?? []
  assert.match(next, /\/Keys\.csv\?PageSize=2&Page=1&PageToken=PA/)
  const second = await call(`GET ${next}`)
  assert.equal(second.text.split('\r\n').length, 4)
  assert.notEqual(second.text, first.text)

  const one = await call(`GET ${path}.csv`)
  assert.match(one.text, /^Sid,.*\r\nAC[0-9a-f]{32},.*\r\n$/)
  const empty = await call(`GET ${path}/Messages.csv`)
  assert.deepEqual([empty.status, empty.text], [200, ''])
  const known = await call(`GET ${path}/Keys.csv`, { headers: { 'if-none-match': cells.headers.get('etag') ?? '' } })
  assert.equal(known.status, 304)
  assert.equal((await call(`GET ${path}/Usage/Records.csv`)).status, 200)
  assert.equal(actionOf('GET', `${path}/Messages/SM${'0'.repeat(32)}.csv`), 'read', 'of a restricted key')
  assert.equal((await call(`POST ${path}/Keys.csv`, { form: { FriendlyName: 'x' } })).status, 404, 'only what is read is a table')
  assert.equal((await call(`DELETE ${path}/Keys/SK${'0'.repeat(32)}.csv`)).status, 404)
})

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { account } from './client.fixture.ts'
import { Told, type Client } from './client.ts'
import { exportOptOuts, importOptOuts } from './optout-list.ts'

const below = `AC${'2'.repeat(32)}`
const at = '2026-01-01T12:00:00.000Z'

/** A gateway that has a list, in pages of two, and takes one. */
function gateway(list: Record<string, string>[], refuse?: (taken: number) => Told | undefined) {
  const taken: Record<string, string>[] = []
  const client: Client = {
    url: 'http://127.0.0.1',
    accountSid: account,
    read: () => assert.fail('nothing is followed here'),
    async request<T>(verb: string, path: string, { json }: { json?: unknown } = {}) {
      if (verb === 'GET') {
        const from = Number(new URL(path, 'http://x').searchParams.get('cursor') ?? 0)
        return { optOuts: list.slice(from, from + 2), ...(from + 2 < list.length ? { next: String(from + 2) } : {}) } as T
      }
      const { optOuts } = json as { optOuts: Record<string, string>[] }
      const refused = refuse?.(taken.length)
      if (refused) throw refused
      taken.push(...optOuts)
      return { created: optOuts.length, known: 0 } as T
    },
  }
  return { client, taken }
}

function file(t: TestContext, text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'signalbox-'))
  t.after(() => rmSync(directory, { recursive: true }))
  writeFileSync(join(directory, 'list'), text)
  return join(directory, 'list')
}

const list = [
  { account, sender: '+12025550123', handset: '+447700900123', at, word: 'STOP' },
  { account: below, sender: '=SUM(1)', handset: '+447700900124', at },
  { account, sender: `MG${'3'.repeat(32)}`, handset: 'bob@acme.example', at, word: 'say "halt", please' },
]

test('what is exported, in either form, is imported as it was, though the root account has another SID', async (t) => {
  for (const format of ['jsonl', 'csv'] as const) {
    let text = ''
    for await (const piece of exportOptOuts(gateway(list).client, { format })) text += piece
    if (format === 'csv') assert.match(text, /^handset,sender,account,at,word\r\n\+447700900123,\+12025550123,,2026.*\r\n.*,'=SUM\(1\),AC2/)
    assert.ok(!text.includes(account))
    const { client, taken } = gateway([])
    assert.equal(await importOptOuts(client, { file: file(t, text) }), '3 opt-outs taken.')
    const meant = list.map(({ account: of, ...rest }) => ({ ...rest, ...(of === account ? {} : { account: of }) }))
    assert.deepEqual(taken, meant, format)
  }
})

test("another provider's table is read by its column of handsets, with the sender of the command line", async (t) => {
  const { client, taken } = gateway([])
  const path = file(t, 'Date,Handset,Reason\n2026-01-01,+447700900123,none\n\n2026-01-02, 447700900124 ,"a, b"\n')
  await importOptOuts(client, { file: path, sender: 'ACME', account: below })
  assert.deepEqual(
    taken,
    ['+447700900123', '447700900124'].map((handset) => ({ handset, sender: 'ACME', account: below })),
  )
})

test('faults are told by line, before anything is sent; of a later refusal also what was taken', async (t) => {
  const { client, taken } = gateway([])
  const refused = async (text: string): Promise<string> =>
    importOptOuts(client, { file: file(t, text) }).then(
      () => assert.fail('it was taken'),
      (error: Error) => error.message,
    )
  const lines = await refused('{"handset":"+447700900123","sender":"A"}\n{"handset":\n{"sender":"B"}\n')
  assert.match(lines, /nothing of it was taken\.\n {2}line 2: expected JSON: .*\n {2}line 3: handset: is missing/)
  assert.match(await refused('handset\n+447700900123\n'), /line 2: sender: is missing; --sender says it for all/)
  assert.match(await refused('number\n+447700900123\n'), /is no list of opt-outs: expected JSON lines, or a table/)
  assert.match(await refused('handset\n"+44\n'), /a quote in it is not closed/)
  await assert.rejects(importOptOuts(client, { file: '/nowhere/list' }), /\/nowhere\/list cannot be read: ENOENT/)
  assert.deepEqual(taken, [])

  const many = `handset,sender\n${Array.from({ length: 1500 }, (_, n) => `+4477009${String(n).padStart(5, '0')},A\n`).join('')}`
  const second = gateway([], (sent) => (sent > 0 ? new Told('optOuts[2].handset: expected a number', 'invalid') : undefined))
  await assert.rejects(
    importOptOuts(second.client, { file: file(t, many) }),
    /line 1004: handset: expected a number\nWhat is above line 1002 was taken; the rest was not\./,
  )
  assert.equal(second.taken.length, 1000)
})

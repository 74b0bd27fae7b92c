import assert from 'node:assert/strict'
import { test } from 'node:test'
import { basic, root, token } from '../house.fixture.ts'
import { apiBed } from '../../../test/api.ts'

const api = apiBed({ northern: true })
const { call, walked } = api

test('traces of a bind: started, read, followed to their end, saved for Wireshark, stopped', async () => {
  const ear = api.house.traces.ear(`${root}/northern`)
  const connection = { local: { address: '127.0.0.1', port: 40_000 }, remote: { address: '127.0.0.1', port: 2775 } }
  const pdu = Buffer.from('00000010000000150000000000000007', 'hex')
  assert.equal((await call('GET /binds/northern/trace')).status, 404)
  for (const wrong of [{ seconds: 0 }, { seconds: 3601 }, { pdus: 100_001 }, { pdus: 1.5 }, { bodies: 'yes' }, { minutes: 1 }]) {
    assert.equal((await call('POST /binds/northern/trace', wrong)).status, 400, JSON.stringify(wrong))
  }
  assert.equal((await call('POST /binds/northern/trace', { pdus: 2, bodies: true })).status, 200)
  assert.equal((await call('POST /binds/northern/trace', {})).body.error?.code, 'in-use')
  ear.record('out', pdu, connection)
  const read = (await call('GET /binds/northern/trace')).body as unknown as { lines: { title: string }[]; next: number; missed: number }
  assert.deepEqual([read.lines[0]?.title, read.next, read.missed], ['enquire_link', 1, 0])
  assert.deepEqual((await call('GET /binds/northern/trace?after=1')).body['lines'], [])

  const streamed = (path: string): Promise<Response> =>
    fetch(`${api.house.url}/api/v1${path}`, { headers: { authorization: basic(root, token) } })
  const following = await streamed('/binds/northern/trace/lines')
  assert.equal(following.headers.get('content-type'), 'application/x-ndjson')
  ear.record('in', pdu, connection)
  const lines = (await following.text()).trimEnd().split('\n')
  assert.deepEqual(
    lines.map((line) => JSON.parse(line) as { direction?: string; ended?: string }).map(({ direction, ended }) => direction ?? ended),
    ['out', 'in', '2 PDUs are recorded'],
  )
  const capture = await streamed('/binds/northern/trace.pcap')
  assert.equal(capture.headers.get('content-type'), 'application/vnd.tcpdump.pcap')
  assert.equal(Buffer.from(await capture.arrayBuffer()).readUInt32LE(0), 0xa1b2_c3d4)
  for (const id of ['followTrace', 'captureTrace']) walked.add(id)

  assert.equal((await call('DELETE /binds/northern/trace')).body['running'], false)
  assert.equal((await call('DELETE /binds/northern/trace?forget=true')).status, 200)
  assert.equal((await call('DELETE /binds/northern/trace')).status, 404)
  assert.equal((await streamed('/binds/northern/trace.pcap')).status, 404)
})

test('a trace that nobody follows any more leaves nothing waiting, and holds up no end of the server', async () => {
  await call('POST /binds/northern/trace', {})
  const gone = new AbortController()
  const following = await fetch(`${api.house.url}/api/v1/binds/northern/trace/lines`, {
    headers: { authorization: basic(root, token) },
    signal: gone.signal,
  })
  gone.abort()
  await assert.rejects(following.text(), { name: 'AbortError' })
  assert.equal((await call('DELETE /binds/northern/trace?forget=true')).status, 200)
})

api.walkedAll('traces.test.ts')

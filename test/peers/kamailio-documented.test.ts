// What docs/sip.md says of a Kamailio as a trunk, done as it stands there: its configuration, the file of
// the trunk, the bind and the number. Nothing is changed but the two ports.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { freePort } from '../bench/processes.ts'
import { phone } from '../e2e/sip-phone.ts'
import { eventually } from '../e2e/world.ts'
import { needs } from './found.ts'
import { type Kamailio, startKamailio } from './kamailio.ts'
import { type SipWorld, startSipWorld } from './sip-world.ts'

const options = { ...needs('kamailio'), timeout: 180_000 }
const page = readFileSync('docs/sip.md', 'utf8')
const trunks = page.slice(page.indexOf('\n## Trunks\n'), page.indexOf('\n## Profiles\n'))
let it: SipWorld
let kamailio: Kamailio

/** The first block of code behind these words. */
function blockBehind(words: string): string {
  const from = trunks.indexOf(words)
  assert.notEqual(from, -1, words)
  return /```\w*\n([\s\S]*?)```/.exec(trunks.slice(from))![1]!
}

function lineWith(block: string, words: string): string {
  const line = block.split('\n').find((each) => each.includes(words))
  assert.ok(line, words)
  return line.trim().replace(/^- /, '')
}

before(async () => {
  if ('skip' in options) return
  const external = await freePort()
  const withPorts = (text: string, own: number): string => text.replaceAll('5070', String(own)).replaceAll('5080', String(external))
  kamailio = await startKamailio({ config: (port) => withPorts(blockBehind('**Kamailio**'), port) })
  const accounts = blockBehind('name it in a bind')
  it = await startSipWorld({
    externalPort: external,
    trunks: { pbx: withPorts(blockBehind('Describe it in a file'), kamailio.port) },
    binds: [lineWith(accounts, 'id: pbx')],
    numbers: [lineWith(accounts, 'bind: pbx')],
  })
})
after(async () => {
  await it?.close()
  await kamailio?.stop()
})

test('a user of the documented Kamailio writes to a handset, and has its answer', options, async () => {
  const alice = await phone({ gateway: kamailio.port, user: 'alice', password: '' })
  try {
    assert.equal((await alice.register()).status, 200)
    const sent = await alice.message('sip:+447000000099@127.0.0.1', 'as documented')
    assert.equal(sent.status, 202, sent.line)
    const submitted = await eventually('the submit_sm', () => it.world.carriers.inbox(100).find(({ text }) => text === 'as documented'))
    assert.deepEqual([submitted.from, submitted.to], ['+15550005555', '+447000000099'])
    it.world.carriers.reply({ carrier: 'north', from: '447000000099', to: '15550005555', text: 'Hello PBX ☃' })
    const got = await alice.received('the answer', ({ body }) => body === 'Hello PBX ☃')
    assert.match(got.headers.get('from') ?? '', /\+447000000099@/)
  } finally {
    alice.close()
  }
})

// Real softphones register and exchange texts with a handset behind a simulated carrier, and with each
// other.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { eventually } from '../e2e/world.ts'
import { needs } from './found.ts'
import { domain, numbers, passwordOf, type SipWorld, startSipWorld } from './sip-world.ts'
import { type Softphone, startBaresip, startLinphone } from './softphones.ts'

const handset = '+447000000088'
const found = needs('baresip', 'linphone')
let it: SipWorld
before(async () => {
  if (!('skip' in needs('baresip')) || !('skip' in needs('linphone'))) it = await startSipWorld({ domains: ['127.0.0.1'] })
})
after(() => it?.close())

const submitted = (text: string) =>
  eventually(`submit_sm of ${text}`, () => it.world.carriers.inbox(100).find((each) => each.text === text))

for (const transport of ['udp', 'tcp'] as const) {
  for (const kind of ['baresip', 'linphone'] as const) {
    test(
      `${kind} by ${transport.toUpperCase()} registers, and exchanges texts with a handset`,
      { ...needs(kind), timeout: 180_000 },
      async () => {
        const account = { user: 'alice', gateway: it.internal, transport }
        const phone: Softphone = kind === 'baresip' ? await startBaresip(account, `sip:${handset}@${domain}`) : await startLinphone(account)
        try {
          await phone.registered()
          const text = `${kind} ${transport} says Grüße ☃ 🚂`
          await phone.message(`sip:${handset}@${domain}`, text)
          const sent = await submitted(text)
          assert.equal(sent.from, numbers.alice)
          assert.equal(sent.to, handset)
          const answer = `an answer for ${kind} ${transport}: äöü ☃ 🚂`
          it.world.carriers.reply({ carrier: 'north', from: handset.slice(1), to: numbers.alice.slice(1), text: answer })
          await phone.shows(handset, answer)
        } finally {
          await phone.stop()
        }
      },
    )
  }
}

test(
  'baresip with the account that docs/sip.md has for it registers, and exchanges texts',
  { ...needs('baresip'), timeout: 180_000 },
  async () => {
    const documented = /```\n(<sip:demo@[^\n]+)\n```/.exec(readFileSync('docs/sip.md', 'utf8'))?.[1] ?? ''
    assert.match(documented, /^<sip:demo@127\.0\.0\.1;/)
    const line = documented
      .replace('demo@127.0.0.1', `bob@127.0.0.1:${it.internal}`)
      .replace(/auth_pass=\w+/, `auth_pass=${passwordOf('bob')}`)
    const phone = await startBaresip({ user: 'bob', gateway: it.internal, line: `${line}\n` }, `sip:${handset}@127.0.0.1:${it.internal}`)
    try {
      await phone.registered()
      await phone.message(handset, 'as documented ☃')
      assert.equal((await submitted('as documented ☃')).from, numbers.bob)
      it.world.carriers.reply({
        carrier: 'north',
        from: handset.slice(1),
        to: numbers.bob.slice(1),
        text: 'an answer to what is documented',
      })
      await phone.shows(handset, 'an answer to what is documented')
    } finally {
      await phone.stop()
    }
  },
)

test('baresip and linphone write to each other', { ...found, timeout: 180_000 }, async () => {
  const bob = await startBaresip({ user: 'bob', gateway: it.internal }, `sip:alice@${domain}`)
  const alice = await startLinphone({ user: 'alice', gateway: it.internal })
  try {
    await Promise.all([alice.registered(), bob.registered()])
    await alice.message(`sip:bob@${domain}`, 'Hello from linphone')
    await bob.shows('alice', 'Hello from linphone')
    await bob.message(`sip:alice@${domain}`, 'Hello from baresip')
    await alice.shows('bob', 'Hello from baresip')
  } finally {
    await bob.stop()
    await alice.stop()
  }
})

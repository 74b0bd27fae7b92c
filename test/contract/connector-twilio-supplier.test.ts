// The contract of every connector, kept by Twilio as a carrier: its peer is our own facade, in a gateway of
// its own on loopback, whose webhooks are what calls us back.
import { createServer } from 'node:http'
import { nobodys, world } from '../../plugins/twilio/world.fixture.ts'
import { mounted } from '../../plugins/twilio/http.fixture.ts'
import { twilio } from '../../plugins/twilio/index.ts'
import { signature } from '../../plugins/twilio/signature.ts'
import { closed, facade, listening, message, secret } from '../../plugins/twilio/supplier/facade.fixture.ts'
import type { SupplierConfig } from '../../plugins/twilio/supplier/settings.ts'
import type { Host } from '../../src/plugin.ts'
import { connectorContract, type Peer, type Recorded } from './connector.ts'

const token = 'f00dfacef00dfacef00dfacef00dface'
const ourNumber = '+15005550006'
const handset = '+447700900123'

connectorContract<SupplierConfig>({
  connector: twilio,
  side: 'supplier',
  secrets: [token, secret],
  ways: [{ name: 'send', go: (session, text, signal) => session.send!({ message: message(text), segments: [], attempt: 0 }, signal) }],
  failures: {
    temporary: { says: '500 20500' },
    throttled: { says: '429 20429 7' },
    permanent: { says: '400 21211' },
    unknown: 'silence',
    offline: 'closed',
  },
  async peer(t, recorded): Promise<Peer> {
    const there = await facade()
    t.after(() => there.close())
    const { root, gateway, number } = there.world
    root.token = token
    const server = createServer((request, response) => listener(request, response))
    const ours = await listening(server)
    t.after(() => closed(server))
    recorded.gateway.publicUrl = ours
    const listener = mounted(hostOf(recorded), 'hot')
    number.settings = { smsUrl: `${ours}/twilio/${secret}/inbound` }
    const hooks = await twilio.dial!(gateway, new AbortController().signal)
    t.after(() => hooks.close())
    return {
      config: { baseUrl: there.url, accountSid: root.id, authToken: token, callbackSecret: secret, timeoutMs: recorded.answerMs },
      meet: (how) => there.meet(how),
      got: () => there.got(),
      async submit(text) {
        const from = { value: handset, ton: 'international', npi: 'e164' } as const
        const to = { value: ourNumber, ton: 'international', npi: 'e164' } as const
        const outgoing = { message: message(text, { direction: 'mo', from, to }), segments: [], attempt: 0 }
        return (await hooks.send!(outgoing, new AbortController().signal)).ok ? 'acknowledged' : 'refused'
      },
      async receipt(ref) {
        const url = `${ours}/twilio/${secret}/status`
        const params = { MessageSid: ref, MessageStatus: 'delivered' }
        const said = await fetch(url, {
          method: 'POST',
          headers: { 'x-twilio-signature': signature(token, url, params) },
          body: new URLSearchParams(params),
        })
        return said.ok ? 'acknowledged' : 'refused'
      },
    }
  },
})

function hostOf(recorded: Recorded<SupplierConfig>): Host {
  return {
    ...world().host,
    log: recorded.gateway.log,
    publicUrl: recorded.gateway.publicUrl,
    calling: (_connector, name) => (name === secret ? [recorded.gateway] : []),
    tenancy: nobodys,
  }
}

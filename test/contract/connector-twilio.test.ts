// The contract of every connector, kept by the Twilio-compatible API: its peers are an app that posts
// messages to us and hears of replies and states by webhook, on loopback.
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { nobodys } from '../../plugins/twilio/world.fixture.ts'
import { mounted } from '../../plugins/twilio/http.fixture.ts'
import { twilio } from '../../plugins/twilio/index.ts'
import type { TwilioConfig } from '../../plugins/twilio/settings.ts'
import { systemClock, type Host, type Message, type Outgoing } from '../../src/plugin.ts'
import { connectorContract, type How, type Peer, type Recorded } from './connector.ts'

const token = 'f00dfacef00dfacef00dfacef00dface'
const webhookPassword = 'pa55-of-the-webhook'
const ourNumber = '+15005550006'
const handset = '+447700900123'
/** Where the webhooks of the test under way go. */
let url = ''

function message(text: string, direction: Message['direction']): Message {
  const [from, to] = direction === 'mo' ? [handset, ourNumber] : [ourNumber, handset]
  return {
    id: '0'.repeat(32),
    account: `AC${'7'.repeat(32)}`,
    direction,
    arrival: 'here',
    acceptedAt: Date.now(),
    validUntil: Date.now() + 3_600_000,
    segments: 1,
    from: { value: from, ton: 'international', npi: 'e164' },
    to: { value: to, ton: 'international', npi: 'e164' },
    body: { kind: 'text', text },
    priority: 1,
    receipt: 'both',
    report: { url: `${url}/status?key=${token}#ct=300&rt=300&tt=600`, method: 'POST' },
  }
}
const outgoing = (text: string): Outgoing => ({ message: message(text, 'mo'), segments: [], attempt: 0 })

connectorContract<TwilioConfig>({
  connector: twilio,
  side: 'client',
  secrets: [token, webhookPassword],
  ways: [
    { name: 'send', go: (session, text, signal) => session.send!(outgoing(text), signal) },
    {
      name: 'report',
      go: (session, text, signal) => session.report!(message(text, 'mt'), { state: 'delivered', at: Date.now() }, signal),
    },
  ],
  failures: {
    temporary: { says: '500' },
    throttled: { skip: 'a webhook answered with 429 has failed like any other: its Retry-After is kept, but other webhooks go on' },
    permanent: { says: 'a private address' },
    unknown: { skip: 'a webhook carries an idempotency token, so one whose answer is lost may always be repeated: temporary' },
    offline: 'closed',
  },
  skip: {
    receipt: 'nobody sends us receipts over this API',
    receipts: 'nobody sends us receipts over this API',
  },
  async peer(t, recorded): Promise<Peer> {
    let how: How = 'take'
    let got = 0
    const receiver = await listening(t, (request, response) => {
      got++
      request.resume()
      request.on('end', () => answer(how, response))
    })
    url = receiver.replace('//', `//app:${webhookPassword}@`)
    recorded.numbers.set(ourNumber, {
      value: ourNumber,
      account: recorded.account.id,
      id: 'PN1',
      name: '',
      bind: recorded.gateway.bind.id,
      settings: { smsUrl: `${url}/sms#ct=300&rt=300&tt=600` },
      createdAt: 0,
      updatedAt: 0,
    })
    const ours = await listening(t, mounted(hostOf(recorded), 'hot'))
    return {
      config: {},
      meet(next) {
        how = next
        recorded.account.privateWebhooks = !(typeof next === 'object' && next.says === 'a private address')
      },
      got: () => got,
      async submit(text) {
        const answered = await fetch(`${ours}/2010-04-01/Accounts/${recorded.account.id}/Messages.json`, {
          method: 'POST',
          headers: { authorization: `Basic ${Buffer.from(`${recorded.account.id}:${token}`).toString('base64')}` },
          body: new URLSearchParams({ To: handset, From: ourNumber, Body: text }),
        })
        return answered.status === 201 ? 'acknowledged' : 'refused'
      },
    }
  },
})

function answer(how: How, response: ServerResponse): void {
  if (typeof how === 'object') return void response.writeHead(Number(how.says)).end()
  switch (how) {
    case 'take':
      return void response.writeHead(204).end()
    case 'slow':
      return void setTimeout(() => response.writeHead(204).end(), 150)
    case 'silence':
      return
    case 'vanish':
      return void response.destroy()
    case 'garbage':
      response.socket?.end('ESME_RSYSERR \u0000\u0001\u0002 this is no HTTP\r\n\r\n')
  }
}

function hostOf(recorded: Recorded<TwilioConfig>): Host {
  const { account } = recorded
  const right = `Basic ${Buffer.from(`${account.id}:${token}`).toString('base64')}`
  return {
    log: recorded.gateway.log,
    clock: systemClock,
    publicUrl: 'http://127.0.0.1',
    accountCalled: () => undefined,
    onChange: () => {},
    onTracing: () => () => {},
    identify: (authorization) => (authorization === right ? { account, may: (id) => id === account.id } : undefined),
    account: () => account,
    gateway: () => recorded.gateway,
    claimed: () => [],
    calling: () => [],
    claimants: () => [],
    numbers: () => [...recorded.numbers.values()],
    resources: () => new Map(),
    changeResource: () => Promise.resolve(undefined),
    usage: () => Promise.resolve([]),
    enter: () => () => {},
    messages: {
      get: () => Promise.resolve(undefined),
      list: () => Promise.resolve({ messages: [] }),
      cancel: () => Promise.resolve('absent'),
      feedback: () => Promise.resolve(false),
      redact: () => Promise.resolve('absent'),
      remove: () => Promise.resolve('absent'),
      replace: () => Promise.resolve('absent'),
    },
    tenancy: nobodys,
    outbound: recorded.gateway.outbound,
  }
}

async function listening(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

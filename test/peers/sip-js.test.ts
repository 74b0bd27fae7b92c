// sip.js, the stack of web phones, over WebSocket at /sip of the HTTP port: registers, sends, receives,
// is told receipts, and goes.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Core, type Message, Messager, Registerer, RegistererState, UserAgent } from 'sip.js'
import { WebSocket } from 'ws'
import { ask, eventually, root } from '../e2e/world.ts'
import { domain, numbers, passwordOf, type SipWorld, startSipWorld } from './sip-world.ts'

const handset = '+447000000099'
let it: SipWorld

/** What a browser has and Node 20 has not. */
const hadWebSocket = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket')

before(async () => {
  Object.defineProperty(globalThis, 'WebSocket', { value: WebSocket, configurable: true, writable: true })
  it = await startSipWorld({ internal: 'messages: { receipts: x-header }' })
})
after(async () => {
  await it.close()
  if (hadWebSocket) Object.defineProperty(globalThis, 'WebSocket', hadWebSocket)
  else Reflect.deleteProperty(globalThis, 'WebSocket')
})

interface WebPhone {
  agent: UserAgent
  registerer: Registerer
  got: Message[]
  send(to: string, text: string, headers?: string[]): Promise<{ status: number; id: string | undefined }>
  stop(): Promise<void>
}

async function webPhone(user: string, password = passwordOf(user)): Promise<WebPhone> {
  const got: Message[] = []
  const agent = new UserAgent({
    uri: UserAgent.makeURI(`sip:${user}@${domain}`)!,
    authorizationUsername: user,
    authorizationPassword: password,
    transportOptions: { server: `ws://127.0.0.1:${it.http}/sip` },
    logBuiltinEnabled: false,
    delegate: {
      onMessage(message) {
        got.push(message)
        void message.accept()
      },
    },
  })
  await agent.start()
  const registerer = new Registerer(agent, { expires: 120 })
  return {
    agent,
    registerer,
    got,
    send: (to, text, extraHeaders = []) =>
      new Promise((resolve, reject) => {
        const answered = ({ message }: Core.IncomingResponse): void =>
          resolve({ status: message.statusCode ?? 0, id: message.getHeader('X-SMS-Message-ID') })
        const messager = new Messager(agent, UserAgent.makeURI(to)!, text, 'text/plain', { extraHeaders })
        messager.message({ requestDelegate: { onAccept: answered, onReject: answered } }).catch(reject)
      }),
    stop: () => agent.stop(),
  }
}

const isRegistered = (phone: WebPhone, state: RegistererState): Promise<unknown> =>
  eventually(state, () => (phone.registerer.state === state ? true : undefined))

test('sip.js registers over WebSocket, sends, is told the receipt, receives, and unregisters', { timeout: 180_000 }, async () => {
  const alice = await webPhone('alice')
  try {
    await alice.registerer.register()
    await isRegistered(alice, RegistererState.Registered)
    const sent = await alice.send(`sip:${handset}@${domain}`, 'from a web page: Grüße ☃ 🚂', ['X-REG-DELIVERY: 1'])
    assert.equal(sent.status, 202)
    const submitted = await eventually('the submit_sm', () => it.world.carriers.inbox(100).find(({ to }) => to === handset))
    assert.equal(submitted.text, 'from a web page: Grüße ☃ 🚂')
    assert.equal(submitted.from, numbers.alice)
    const receipt = await eventually('the receipt', () =>
      alice.got.find(({ request }) => request.getHeader('X-SMS-Message-ID') === sent.id),
    )
    assert.match(receipt.request.getHeader('X-SMS-Receipt') ?? '', /^delivered/)
    it.world.carriers.reply({ carrier: 'north', from: handset.slice(1), to: numbers.alice.slice(1), text: 'to a web page: äöü ☃ 🚂' })
    const got = await eventually('the reply', () => alice.got.find(({ request }) => request.body === 'to a web page: äöü ☃ 🚂'))
    assert.equal(got.request.from.uri.user, handset)
    const { text } = await ask(it.world.setup, '/api/v1/sip/registrations', { as: root })
    assert.match(text, /alice/)
    await alice.registerer.unregister()
    await isRegistered(alice, RegistererState.Unregistered)
  } finally {
    await alice.stop()
  }
})

test('two web pages write to each other, and a wrong password gets nowhere', { timeout: 180_000 }, async () => {
  const [alice, bob, wrong] = [await webPhone('alice'), await webPhone('bob'), await webPhone('bob', 'guessed')]
  try {
    await Promise.all([alice.registerer.register(), bob.registerer.register(), wrong.registerer.register()])
    await Promise.all([isRegistered(alice, RegistererState.Registered), isRegistered(bob, RegistererState.Registered)])
    assert.equal((await alice.send(`sip:bob@${domain}`, 'Hello Bob')).status, 202)
    await eventually('at Bob', () => bob.got.find(({ request }) => request.body === 'Hello Bob'))
    assert.notEqual(wrong.registerer.state, RegistererState.Registered)
    assert.ok((await wrong.send(`sip:${handset}@${domain}`, 'never')).status >= 400)
    assert.equal(
      it.world.carriers.inbox(100).find((each) => each.text === 'never'),
      undefined,
    )
  } finally {
    await Promise.all([alice.stop(), bob.stop(), wrong.stop()])
  }
})

test('what comes while a web page is closed waits for it', { timeout: 180_000 }, async () => {
  const first = await webPhone('bob')
  await first.registerer.register()
  await isRegistered(first, RegistererState.Registered)
  // As a page that is closed: no word, only the connection.
  await first.agent.transport.disconnect()
  it.world.carriers.reply({ carrier: 'north', from: handset.slice(1), to: numbers.bob.slice(1), text: 'while away' })
  const again = await webPhone('bob')
  try {
    await again.registerer.register()
    await isRegistered(again, RegistererState.Registered)
    await eventually('what waited', () => again.got.find(({ request }) => request.body === 'while away'))
  } finally {
    await again.stop()
    await first.stop().catch(() => undefined)
  }
})

// docs/write-a-connector.md is true: its connector stands there as it is here, and keeps the contract of
// every connector, towards a carrier on a real socket.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import express from 'express'
import { message } from '../../plugins/twilio/supplier/facade.fixture.ts'
import type { Gateway, Host } from '../../src/plugin.ts'
import { connectorContract, type How, type Peer } from '../contract/connector.ts'
import { blocksOf } from './page.ts'
import { postbox } from './postbox.ts'

const token = 'a-token-of-the-carrier'
const callbackSecret = 'th1sB1ndsOwnCallbackSecret'

test('docs/write-a-connector.md shows the connector that is tested here', () => {
  const block = blocksOf('docs/write-a-connector.md').find(({ language }) => language === 'ts')
  assert.equal(block?.code, readFileSync('test/docs/postbox.ts', 'utf8'))
})

async function listening(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

connectorContract({
  connector: postbox,
  side: 'supplier',
  secrets: [token, callbackSecret],
  ways: [{ name: 'send', go: (session, text, signal) => session.send!({ message: message(text), segments: [], attempt: 0 }, signal) }],
  failures: {
    temporary: { says: '500' },
    throttled: { says: '429' },
    permanent: { says: '404' },
    unknown: 'silence',
    offline: 'closed',
  },
  async peer(t, recorded): Promise<Peer> {
    let how: How = 'take'
    let got = 0
    const url = await listening(t, (request, response) => {
      got++
      request.resume()
      const take = () => response.writeHead(202).end(JSON.stringify({ id: String(got) }))
      if (typeof how === 'object') response.writeHead(Number(how.says)).end()
      else if (how === 'take') take()
      else if (how === 'slow') setTimeout(take, 150)
      else if (how === 'vanish') response.destroy()
      else if (how === 'garbage') response.socket?.end('no HTTP')
    })
    const calling: Host['calling'] = (_connector, name) => (name === callbackSecret ? [recorded.gateway as Gateway] : [])
    const app = express()
    app.use(postbox.http!({ log: recorded.gateway.log, calling } as Host).router)
    const ours = await listening(t, app as unknown as RequestListener)
    const tell = async (body: unknown): Promise<'acknowledged' | 'refused'> => {
      const headers = { 'content-type': 'application/json' }
      const { ok } = await fetch(`${ours}/postbox/${callbackSecret}`, { method: 'POST', headers, body: JSON.stringify(body) })
      return ok ? 'acknowledged' : 'refused'
    }
    return {
      config: { url, token, callbackSecret, timeoutMs: 3000 },
      meet: (next) => void (how = next),
      got: () => got,
      submit: (text) => tell({ from: '+447700900123', to: '+15005550006', text }),
      receipt: (id) => tell({ id, state: 'delivered' }),
    }
  },
})

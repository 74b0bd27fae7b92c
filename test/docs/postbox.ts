// A carrier that takes texts as JSON by HTTP, and says by HTTP what became of them and what handsets write.
import express, { Router } from 'express'
import { z } from 'zod'
import {
  AcceptRefused,
  createDrain,
  OutboundError,
  parseAddress,
  sessionCloses,
  type Connector,
  type FailureFacts,
  type Gateway,
  type Host,
  type Message,
  type Outcome,
  type Submission,
} from '../../src/plugin.ts'

const settings = z.strictObject({
  url: z.url().describe('Where texts are posted.'),
  token: z.string().min(16).describe('Goes with each of them.').meta({ secret: true }),
  callbackSecret: z
    .string()
    .regex(/^[A-Za-z0-9]{20,100}$/, 'expected 20 to 100 letters and digits')
    .describe('Made up by you: the carrier posts to `/postbox/<secret>`.')
    .meta({ secret: true }),
  timeoutMs: z.int().min(100).max(60_000).default(10_000).describe('An answer is waited for so long; then the outcome is unknown.'),
})
type Settings = z.infer<typeof settings>

export const postbox: Connector<Settings> = {
  name: 'postbox',
  config: { supplier: settings },
  can: { text: 'whole', mms: false, receipts: true },
  // By this name the carrier says which bind it means: Host.calling finds it.
  caller: (config) => (config as Settings).callbackSecret,
  async dial(gateway, signal) {
    const drain = createDrain(gateway.clock, signal)
    return {
      async send({ message }) {
        if (!drain.enter()) return { ok: false, failure: sessionCloses }
        const outcome = await post(gateway, message, drain.signal)
        drain.left()
        return outcome
      },
      closed: drain.ended,
      close: () => drain.close(),
    }
  },
  http: (host) => ({ router: callbacks(host) }),
}

/** By HTTP status; whatever is not here is temporary. */
const failures: Readonly<Record<number, Pick<FailureFacts, 'kind' | 'code'>>> = {
  400: { kind: 'permanent', code: 'rejected' },
  403: { kind: 'permanent', code: 'not-permitted' },
  404: { kind: 'permanent', code: 'unknown-subscriber' },
  429: { kind: 'throttled', code: 'throttled' },
}
const taken = z.object({ id: z.string().min(1).max(100) })

async function post(gateway: Gateway<Settings>, { from, to, body }: Message, signal: AbortSignal): Promise<Outcome> {
  const { url, token, timeoutMs } = gateway.bind.config
  if (body.kind !== 'text') return { ok: false, failure: { kind: 'permanent', code: 'invalid-body' } }
  try {
    const answer = await gateway.outbound.request({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ from: from.value, to: to.value, text: body.text }),
      connectTimeoutMs: timeoutMs,
      readTimeoutMs: timeoutMs,
      totalTimeoutMs: timeoutMs,
      allowPrivate: gateway.account().privateWebhooks,
      maxBytes: 10_000,
      redirects: 0,
      signal,
    })
    const wire = [`POST: HTTP ${answer.status}`]
    if (answer.status === 202) return { ok: true, refs: [taken.parse(JSON.parse(answer.body.toString())).id], wire }
    const { kind, code } = failures[answer.status] ?? { kind: 'temporary', code: 'peer-error' }
    return { ok: false, failure: { kind, code, peer: `HTTP ${answer.status}` }, wire }
  } catch (error) {
    // Not written: whatever is wrong, it is not the message. Written, and nothing sensible came: it may be there.
    if (error instanceof OutboundError && !error.written) return { ok: false, failure: { kind: 'offline', code: 'connection-lost' } }
    return { ok: false, failure: { kind: 'unknown', code: 'peer-error' } }
  }
}

const said = z.union([
  z.strictObject({ id: z.string().min(1).max(100), state: z.enum(['delivered', 'undeliverable']) }),
  z.strictObject({ from: z.string(), to: z.string(), text: z.string().min(1).max(1600) }),
])

function callbacks(host: Host): Router {
  const router = Router()
  router.post('/postbox/:secret', express.json({ limit: '20kb' }), async (request, response) => {
    const [gateway] = host.calling('postbox', request.params.secret)
    if (!gateway) return void response.sendStatus(404)
    const { data } = said.safeParse(request.body)
    const news = data && ('id' in data ? data : submissionOf(data))
    if (!news) return void response.sendStatus(400)
    try {
      // Resolved is durable: only then does the carrier hear yes.
      if ('id' in news) await gateway.receipt({ ref: news.id, state: news.state, final: true })
      else await gateway.accept(news.submission)
      response.sendStatus(204)
    } catch (error) {
      if (!(error instanceof AcceptRefused)) host.log.error({ err: error }, 'what the carrier said could not be taken')
      const again = !(error instanceof AcceptRefused) || ['busy', 'throttled', 'queue-full', 'quota'].includes(error.why)
      response.sendStatus(again ? 503 : 400)
    }
  })
  return router
}

function submissionOf(asked: { from: string; to: string; text: string }): { submission: Submission } | undefined {
  const [from, to] = [parseAddress(asked.from), parseAddress(asked.to)]
  if (!from || !to) return undefined
  return { submission: { from, to, body: { kind: 'text', text: asked.text }, priority: 1, receipt: 'none' } }
}

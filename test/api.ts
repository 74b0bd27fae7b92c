// What each test of the admin API starts from: a gateway's API over HTTP on real operations and a real
// store, and calls that are checked with the document that it serves. Every file walks all routes of
// its topics.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { z } from 'zod'
import { smpp } from '../plugins/smpp/index.ts'
import { twilio } from '../plugins/twilio/index.ts'
import { idSource } from '../src/ids.ts'
import type { MessageState } from '../src/model/life.ts'
import type { Message } from '../src/model/message.ts'
import type { Connector } from '../src/plugin.ts'
import { basic, listen, root, token } from '../src/http/house.fixture.ts'
import { endpoints } from '../src/http/api/api.ts'

/** The tags of the document by the file that walks their routes. */
export const topics = {
  'accounts.test.ts': ['accounts'],
  'keys.test.ts': ['keys'],
  'configuration.test.ts': ['binds', 'routes', 'numbers', 'documents'],
  'messages.test.ts': ['messages'],
  'lanes.test.ts': ['lanes', 'statistics'],
  'receipts.test.ts': ['receipts'],
  'traces.test.ts': ['traces'],
  'registrations.test.ts': ['sip'],
  'optouts.test.ts': ['opt-outs'],
  'audit.test.ts': ['audit'],
} as const satisfies Record<string, readonly string[]>

export interface Document {
  openapi: string
  paths: Record<
    string,
    Record<
      string,
      {
        operationId: string
        responses: Record<string, { content?: Record<string, { schema: unknown }> }>
        parameters: { name: string; in: string }[]
      }
    >
  >
  components: { responses: { Error: { content: Record<string, { schema: unknown }> } } }
}
type JsonSchema = Parameters<typeof z.fromJSONSchema>[0]

export interface Answer {
  status: number
  headers: Headers
  body: Record<string, unknown> & { error?: { code: string; message: string; faults?: { path: string; message: string }[] } }
}

export const view = (answer: Answer): Record<string, unknown> => answer.body['view'] as Record<string, unknown>

/** To be called once a file, at its top: opens and closes with the file's tests. */
export function apiBed(options: { northern?: boolean; connectors?: readonly Connector[] } = {}) {
  let house: Awaited<ReturnType<typeof listen>>
  let document: Document
  const ids = idSource(Date.now)
  /** operationIds that some test got an answer of. */
  const walked = new Set<string>()

  before(async () => {
    house = await listen({ connectors: [...([smpp, twilio] as unknown as Connector[]), ...(options.connectors ?? [])] })
    document = (await (await fetch(`${house.url}/api/openapi.json`)).json()) as Document
    if (options.northern) await northern()
  })
  after(() => house.close())

  /** Calls `METHOD /path`, checks the answer against the document, and notes the operation as walked. */
  async function call(line: string, body?: unknown, authorization = basic(root, token)): Promise<Answer> {
    const [method = '', path = ''] = line.split(' ')
    const response = await fetch(`${house.url}/api/v1${path}`, {
      method,
      headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const answer = { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] }
    const operation = operationOf(method, path)
    const described = response.ok ? operation?.responses[response.status]?.content : document.components.responses.Error.content
    const schema = described?.['application/json']?.schema
    assert.ok(schema !== undefined, `${line} → ${response.status} is not in the document`)
    const checked = z.fromJSONSchema(schema as JsonSchema).safeParse(answer.body)
    assert.ok(checked.success, `${line} → ${JSON.stringify(answer.body)}\n${checked.error?.message}`)
    if (response.ok && operation) walked.add(operation.operationId)
    return answer
  }

  function operationOf(method: string, path: string): Document['paths'][string][string] | undefined {
    const [bare = ''] = path.split('?')
    const fits = Object.entries(document.paths).find(([pattern]) => new RegExp(`^${pattern.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(bare))
    return fits?.[1][method.toLowerCase()]
  }

  async function storeMessage(state: MessageState, more: Partial<Message> = {}, dueInMs = 3_600_000): Promise<string> {
    const now = Date.now()
    const id = ids.next()
    const message: Message = {
      id,
      account: root,
      direction: 'mt',
      arrival: `${root}/api`,
      from: { value: '+15005550006', ton: 'international', npi: 'e164' },
      to: { value: '+447700900123', ton: 'international', npi: 'e164' },
      body: { kind: 'text', text: 'never shown' },
      priority: 1,
      receipt: 'both',
      acceptedAt: now,
      validUntil: now + 86_400_000,
      segments: 1,
      ...more,
    }
    const decision = { revision: 1, candidates: [{ bind: `${root}/northern`, why: 'first' }], failoverOnReceipt: false, tried: [] }
    const ended = state !== 'queued'
    await house.store.accept({
      message,
      decision,
      life: { state, segments: [], attempts: 0, updatedAt: now, ...(ended ? { finalAt: now } : {}) },
      entries: [{ at: now, what: 'accepted', via: message.arrival }],
      ...(ended ? { ended: { counts: [] } } : { queue: { lane: `${root}/northern`, due: now + dueInMs, candidate: 0 } }),
    })
    return id
  }

  /** A carrier's bind and the default route to it. */
  async function northern(): Promise<void> {
    const config = { host: '127.0.0.1', port: 2775, systemId: 'me', password: 'hushhush' }
    assert.equal((await call('PUT /binds/northern', { connector: 'smpp', config })).status, 201)
    assert.equal((await call('PUT /routes/default', { prefix: '', to: ['northern'] })).status, 201)
  }

  return {
    call,
    storeMessage,
    walked,
    ids,
    get house() {
      return house
    },
    get document() {
      return document
    },
    northern,
    /** As the last test of a file. */
    walkedAll(of: keyof typeof topics): void {
      const tags: readonly string[] = topics[of]
      test(`every route about ${tags.join(', ')} was walked with success`, () => {
        const left = endpoints.filter((each) => tags.includes(each.tag) && !walked.has(each.id))
        assert.deepEqual(
          left.map((each) => each.id),
          [],
        )
      })
    },
  }
}

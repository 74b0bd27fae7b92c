// One request of the 2010 API from its bytes to its answer: path, authentication, concurrency, form,
// resource, envelope. It stands straight on node:http; the router and the hot path both come here, so
// their answers are the same.
import { randomFillSync } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Host } from '../../src/plugin.ts'
import { Refused, refusalJson, refusalXml } from './errors.ts'
import { maxBodyBytes, one, parseForm, parseFormBytes, type Form } from './form.ts'
import { create, fetchMedia, fetchOne, list, remove, update, type Answer, type Target } from './messages.ts'

/** Version, account, SMS/, message, Media, suffix, query. */
const messagesPath =
  /^\/(?:2010-04-01|2008-08-01)\/Accounts\/([^/?]*)\/(SMS\/)?Messages(?:\/([^/?.]*)(\/Media)?)?(\.json|\.xml)?(?:\?(.*))?$/
const anyPath = /^\/(?:2010-04-01|2008-08-01)(?:[/?.]|$)/
const accountPath = /^\/[^/]*\/Accounts\/([^/?.]+)/

/** `POST /2010-04-01/Accounts/AC…/Messages.json` and its forms: what is taken before express. */
export function isHot(request: IncomingMessage): boolean {
  const url = request.url ?? ''
  if (request.method !== 'POST' || !url.startsWith('/2010-04-01/Accounts/AC')) return false
  const rest = url.slice(21 + 34)
  return rest === '/Messages.json' || rest === '/Messages' || rest === '/Messages.xml'
}

/** Whether a path is this API's at all; what it is not, it leaves to others. */
export function isOurs(url: string): boolean {
  return anyPath.test(url)
}

interface Body {
  bytes: Buffer
  tooLarge: boolean
}

const nothing = Buffer.alloc(0)
const wentAway = new Error('the client went away')
/** What is still coming of a body too long is thrown away for so long, so that the client reads its answer. */
const discardMs = 2000

function readBody(request: IncomingMessage): Promise<Body> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) return resolve({ bytes: nothing, tooLarge: true })
    let chunks: Buffer[] | undefined
    let size = 0
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      // Beyond the cap, bytes are read only to be thrown away.
      if (size > maxBodyBytes) {
        chunks = undefined
        resolve({ bytes: nothing, tooLarge: true })
      } else if (chunks) chunks.push(chunk)
      else chunks = [chunk]
    })
    request.on('end', () => {
      const [first] = chunks ?? []
      resolve({ bytes: !chunks || !first ? nothing : chunks.length === 1 ? first : Buffer.concat(chunks), tooLarge: false })
    })
    request.on('error', reject)
    request.on('close', () => {
      if (!request.complete) reject(wentAway)
    })
  })
}

/** Answers requests; never throws, never rejects. */
export function twilioApi(host: Host): (request: IncomingMessage, response: ServerResponse) => void {
  let concurrent = 0

  async function authorized(request: IncomingMessage, sid: string): Promise<Target['account']> {
    const identity = await host.identify(request.headers.authorization, request.socket.remoteAddress ?? '')
    if (!identity) throw new Refused(20003)
    if (identity.account.status !== 'active') throw new Refused(20005)
    if (sid === '') throw new Refused(20404, pathOf(request))
    // An account that may not be seen and one that is not there are the same to the caller.
    const account = identity.may(sid) ? host.account(sid) : undefined
    if (!account) throw new Refused(20003)
    return account
  }

  async function answer(request: IncomingMessage, body: Body): Promise<Answer> {
    const url = request.url ?? ''
    const found = messagesPath.exec(url)
    if (!found) {
      await authorized(request, accountPath.exec(url)?.[1] ?? '')
      throw new Refused(20404, pathOf(request))
    }
    const [, accountSid = '', sms, sid, media, suffix, search = ''] = found
    const account = await authorized(request, accountSid)
    if (body.tooLarge) throw new Refused(20413, `at most ${maxBodyBytes} bytes are taken`)
    const leave = host.enter(account.id)
    if (!leave) throw new Refused(20429)
    try {
      const target: Target = {
        account,
        legacy: sms !== undefined,
        format: suffix === '.json' ? 'json' : 'xml',
        path: pathOf(request),
        ...(sid === undefined ? {} : { sid }),
      }
      if (sid === '') throw new Refused(20404, target.path)
      return await resource(request, target, media !== undefined, search, body)
    } finally {
      leave()
    }
  }

  function resource(request: IncomingMessage, target: Target, media: boolean, search: string, body: Body): Promise<Answer> {
    const { method } = request
    if (method === 'POST' && !media) {
      const form = formOf(request, body)
      const tunnelled = target.sid === undefined ? undefined : one(form, '_method')?.toUpperCase()
      if (tunnelled === 'DELETE') return remove(host, target)
      if (target.sid !== undefined) return update(host, target, form)
      const key = request.headers['idempotency-key']
      return create(host, target, form, typeof key === 'string' ? key : undefined)
    }
    if (method === 'GET' || method === 'HEAD') {
      if (media) return fetchMedia(host, target)
      return target.sid === undefined ? list(host, target, parseForm(search), search) : fetchOne(host, target)
    }
    if (method === 'DELETE' && target.sid !== undefined && !media) return remove(host, target)
    throw new Refused(20004)
  }

  function refusedAnswer(request: IncomingMessage, error: unknown): Answer {
    const refused = error instanceof Refused ? error : new Refused(20500)
    if (!(error instanceof Refused))
      host.log.error({ err: error, method: request.method, path: pathOf(request) }, 'a request of the Twilio API failed')
    const headers =
      refused.status === 401
        ? ['WWW-Authenticate', 'Basic realm="Twilio API"']
        : refused.status === 405
          ? ['Allow', 'GET, POST, DELETE']
          : undefined
    const body = isJson(request) ? refusalJson(refused) : refusalXml(refused)
    return headers ? { status: refused.status, body, headers } : { status: refused.status, body }
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedAt = performance.now()
    concurrent++
    try {
      const body = await readBody(request)
      const said =
        request.method === 'OPTIONS' ? preflight : await answer(request, body).catch((error: unknown) => refusedAnswer(request, error))
      const took = (performance.now() - startedAt) / 1000
      const head = [
        'Content-Type',
        isJson(request) ? 'application/json' : 'application/xml',
        'Content-Length',
        String(Buffer.byteLength(said.body)),
        'Twilio-Request-Id',
        requestId(),
        'Twilio-Request-Duration',
        took.toFixed(3),
        'Twilio-Concurrent-Requests',
        String(concurrent),
        'X-Home-Region',
        'us1',
        'X-API-Domain',
        'api.twilio.com',
        'Access-Control-Allow-Origin',
        '*',
      ]
      if (said.status === 204) head.splice(0, 4)
      if (said.headers) head.push(...said.headers)
      if (body.tooLarge) {
        request.resume()
        host.clock.after(discardMs, () => {
          if (!request.complete) request.destroy()
        })
      }
      response.writeHead(said.status, head)
      response.end(request.method === 'HEAD' ? undefined : said.body)
    } finally {
      concurrent--
    }
  }

  return (request, response) => {
    serve(request, response).catch(() => response.destroy())
  }
}

const preflight: Answer = {
  status: 200,
  body: '',
  headers: [
    'Access-Control-Allow-Headers',
    'Accept, Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Unmodified-Since, Idempotency-Key',
    'Access-Control-Allow-Methods',
    'GET, POST, DELETE, OPTIONS',
    'Access-Control-Expose-Headers',
    'ETag',
    'Access-Control-Allow-Credentials',
    'true',
  ],
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] ?? ''
}

/** The suffix alone decides. */
function isJson(request: IncomingMessage): boolean {
  return pathOf(request).endsWith('.json')
}

function formOf(request: IncomingMessage, { bytes }: Body): Form {
  if (bytes.length === 0) return new Map()
  const type = request.headers['content-type']
  if (type !== undefined && !/^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type))
    throw new Refused(20422, `Content-Type application/x-www-form-urlencoded expected, got ${type}`)
  return parseFormBytes(bytes)
}

const randomness = Buffer.alloc(4096)
let unused = randomness.length

/** RQ and 32 hex digits. */
function requestId(): string {
  if (unused === randomness.length) {
    randomFillSync(randomness)
    unused = 0
  }
  unused += 16
  return `RQ${randomness.toString('hex', unused - 16, unused)}`
}

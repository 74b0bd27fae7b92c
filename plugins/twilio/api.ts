// One request of the 2010 API from its bytes to its answer: path, authentication, concurrency, form,
// resource, envelope. It stands straight on node:http; the router and the hot path both come here, so
// their answers are the same.
import { randomFillSync } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Host, Identity } from '../../src/plugin.ts'
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
  return request.method === 'POST' && hotFormat(request.url ?? '') !== undefined
}

/** Whether a path is this API's at all; what it is not, it leaves to others. */
export function isOurs(url: string): boolean {
  return anyPath.test(url)
}

const nothing = Buffer.alloc(0)
/** What is still coming of a body too long is thrown away for so long, so that the client reads its answer. */
const discardMs = 2000

/** `bytes` is undefined for a body that is too long; nothing is called when the client goes away. */
function readBody(request: IncomingMessage, done: (bytes: Buffer | undefined) => void): void {
  // Announced or seen too long: from then on bytes are read only to be thrown away.
  let tooLong = Number(headerOf(request, 'content-length') ?? 0) > maxBodyBytes
  let first: Buffer | undefined
  let chunks: Buffer[] | undefined
  let size = 0
  // Answered at once; without it node would cut a connection whose error nobody heard.
  request.on('error', ignored)
  if (tooLong) return done(undefined)
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > maxBodyBytes) {
      first = chunks = undefined
      if (!tooLong) done(undefined)
      tooLong = true
    } else if (!first) first = chunk
    else if (chunks) chunks.push(chunk)
    else chunks = [first, chunk]
  })
  request.on('end', () => {
    if (!tooLong) done(chunks ? Buffer.concat(chunks, size) : (first ?? nothing))
  })
}

const ignored = (): void => {}

/** The first header of this name (lower case), read without building the others. */
function headerOf({ rawHeaders }: IncomingMessage, name: string): string | undefined {
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const found = rawHeaders[i]
    if (found !== undefined && found.length === name.length && (found === name || found.toLowerCase() === name)) return rawHeaders[i + 1]
  }
  return undefined
}

/** Where a request goes. */
interface Place {
  accountSid: string
  target: Omit<Target, 'account'>
  media: boolean
  search: string
}

const hotEnds = new Map([
  ['/Messages.json', 'json'],
  ['/Messages', 'xml'],
  ['/Messages.xml', 'xml'],
] as const)
/** `/2010-04-01/Accounts/`, then a SID. */
const sidAt = 21
const sidLength = 34

/** The format of a create's path, whose account is its characters from 21 to 55; undefined for any other path. */
function hotFormat(url: string): 'json' | 'xml' | undefined {
  if (!url.startsWith('/2010-04-01/Accounts/AC')) return undefined
  const format = hotEnds.get(url.slice(sidAt + sidLength) as '/Messages')
  if (format === undefined) return undefined
  const slash = url.indexOf('/', sidAt)
  return slash === sidAt + sidLength && !url.includes('?') ? format : undefined
}

/** Undefined for what is no path of messages. */
function placeOf(url: string): Place | undefined {
  const format = hotFormat(url)
  if (format !== undefined)
    return { accountSid: url.slice(sidAt, sidAt + sidLength), target: { legacy: false, format, path: url }, media: false, search: '' }
  const found = messagesPath.exec(url)
  if (!found) return undefined
  const [, accountSid = '', sms, sid, media, suffix, search = ''] = found
  const target: Place['target'] = { legacy: sms !== undefined, format: suffix === '.json' ? 'json' : 'xml', path: pathOf(url) }
  if (sid !== undefined) target.sid = sid
  return { accountSid, target, media: media !== undefined, search }
}

/** Answers requests; never throws, never rejects. */
export function twilioApi(host: Host): (request: IncomingMessage, response: ServerResponse) => void {
  /** Requests that are being answered. */
  let concurrent = 0

  /** `identity` is what host.identify found. */
  function authorized(identity: Identity | undefined, sid: string, url: string): Target['account'] {
    if (!identity) throw new Refused(20003)
    if (identity.account.status !== 'active') throw new Refused(20005)
    if (sid === '') throw new Refused(20404, pathOf(url))
    // An account that may not be seen and one that is not there are the same to the caller.
    const account = identity.may(sid) ? host.account(sid) : undefined
    if (!account) throw new Refused(20003)
    return account
  }

  async function answer(request: IncomingMessage, url: string, bytes: Buffer | undefined): Promise<Answer> {
    const place = placeOf(url)
    const said = host.identify(headerOf(request, 'authorization'), request.socket.remoteAddress ?? '')
    const identity = said instanceof Promise ? await said : said
    if (!place) {
      authorized(identity, accountPath.exec(url)?.[1] ?? '', url)
      throw new Refused(20404, pathOf(url))
    }
    const account = authorized(identity, place.accountSid, url)
    if (!bytes) throw new Refused(20413, `at most ${maxBodyBytes} bytes are taken`)
    const leave = host.enter(account.id)
    if (!leave) throw new Refused(20429)
    try {
      const { legacy, format, path, sid } = place.target
      const target: Target = { account, legacy, format, path }
      if (sid !== undefined) target.sid = sid
      if (sid === '') throw new Refused(20404, path)
      return await resource(request, target, place, bytes)
    } finally {
      leave()
    }
  }

  function resource(request: IncomingMessage, target: Target, { media, search }: Place, bytes: Buffer): Promise<Answer> {
    const { method } = request
    if (method === 'POST' && !media) {
      const form = formOf(request, bytes)
      const tunnelled = target.sid === undefined ? undefined : one(form, '_method')?.toUpperCase()
      if (tunnelled === 'DELETE') return remove(host, target)
      if (target.sid !== undefined) return update(host, target, form)
      // Node's own reading, where there is one, joins several.
      const key = headerOf(request, 'idempotency-key') === undefined ? undefined : request.headers['idempotency-key']
      return create(host, target, form, typeof key === 'string' ? key : undefined)
    }
    if (method === 'GET' || method === 'HEAD') {
      if (media) return fetchMedia(host, target)
      return target.sid === undefined ? list(host, target, parseForm(search), search) : fetchOne(host, target)
    }
    if (method === 'DELETE' && target.sid !== undefined && !media) return remove(host, target)
    throw new Refused(20004)
  }

  function refusedAnswer(request: IncomingMessage, url: string, error: unknown): Answer {
    const refused = error instanceof Refused ? error : new Refused(20500)
    if (!(error instanceof Refused))
      host.log.error({ err: error, method: request.method, path: pathOf(url) }, 'a request of the Twilio API failed')
    const headers =
      refused.status === 401
        ? ['WWW-Authenticate', 'Basic realm="Twilio API"']
        : refused.status === 405
          ? ['Allow', 'GET, POST, DELETE']
          : undefined
    const body = isJson(url) ? refusalJson(refused) : refusalXml(refused)
    return headers ? { status: refused.status, body, headers } : { status: refused.status, body }
  }

  async function respond(request: IncomingMessage, response: ServerResponse, startedAt: number, bytes: Buffer | undefined): Promise<void> {
    const url = request.url ?? ''
    concurrent++
    try {
      let said: Answer
      try {
        said = request.method === 'OPTIONS' ? preflight : await answer(request, url, bytes)
      } catch (error) {
        said = refusedAnswer(request, url, error)
      }
      if (!bytes) {
        request.resume()
        host.clock.after(discardMs, () => {
          if (!request.complete) request.destroy()
        })
      }
      write(request, response, said, isJson(url), (performance.now() - startedAt) / 1000)
    } catch {
      response.destroy()
    } finally {
      concurrent--
    }
  }

  /** Head and body leave together. */
  function write(request: IncomingMessage, response: ServerResponse, { status, body, headers }: Answer, json: boolean, took: number): void {
    const length = Buffer.byteLength(body)
    const head = [
      'Content-Type',
      json ? 'application/json' : 'application/xml',
      'Content-Length',
      String(length),
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
    if (status === 204) head.splice(0, 4)
    if (headers) head.push(...headers)
    response.writeHead(status, head)
    if (request.method === 'HEAD') response.end()
    // As many bytes as characters: ASCII, which is Latin-1 too and quicker to write.
    else response.end(body, length === body.length ? 'latin1' : 'utf8')
  }

  return (request, response) => {
    const startedAt = performance.now()
    readBody(request, (bytes) => void respond(request, response, startedAt, bytes))
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

function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}

/** The suffix alone decides. */
function isJson(url: string): boolean {
  return pathOf(url).endsWith('.json')
}

const formType = 'application/x-www-form-urlencoded'

function formOf(request: IncomingMessage, bytes: Buffer): Form {
  if (bytes.length === 0) return new Map()
  const type = headerOf(request, 'content-type')
  if (type !== undefined && type !== formType && !/^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type))
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

// One request of the 2010 API from its bytes to its answer: path, authentication, concurrency, form,
// resource, envelope. The router and the hot path both come here, so their answers are the same.
import { randomFillSync } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Request } from 'express'
import type { Account, Host, Hot, HotAnswer, HotRequest, Identity } from '../../src/plugin.ts'
import { charsetOf } from './charset.ts'
import { asCsv } from './csv.ts'
import { Refused, refusalJson, refusalXml, refusedFor } from './errors.ts'
import { ifNews } from './etag.ts'
import { unpacked } from './encoded.ts'
import { maxBodyBytes, one, parseFormBytes, parseFormIn, type Form } from './form.ts'
import { createAsTest } from './magic.ts'
import { create, messages } from './messages.ts'
import { pathOf, type Answer, type Call } from './resource.ts'
import { isRestcomm, restcommRefusal } from './restcomm/index.ts'
import { actionOf, mustBeAllowed } from './permission.ts'
import { formatOf, messagesNeed, placeOf, type Place } from './routes.ts'

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

const hotEnds = new Map([
  ['/Messages.json', 'json'],
  ['/Messages', 'xml'],
  ['/Messages.xml', 'xml'],
] as const)
/** `/2010-04-01/Accounts/`, then a SID. */
const hotBase = '/2010-04-01'
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

/** What is asked, its body apart: that may be too long to be read. */
interface Asked extends Omit<HotRequest, 'body'> {
  /** Content-Encoding: what has one is never hot. */
  encoding?: string | undefined
}

export interface TwilioApi {
  serve(request: Request, response: ServerResponse): void
  /** `POST /2010-04-01/Accounts/AC…/Messages.json` and its forms. */
  hot: Hot
}

/** Answers requests; never throws, never rejects. */
export function twilioApi(host: Host): TwilioApi {
  /** Requests that are being answered. */
  let concurrent = 0

  /** `identity` is what host.identify found; `sid` is undefined where the path names no account. */
  function authorized(identity: Identity | undefined, sid: string | undefined, url: string): Account {
    if (!identity) throw new Refused(20003)
    if (identity.account.status !== 'active') throw new Refused(20005)
    if (sid === '') throw new Refused(20404, pathOf(url))
    // An account that may not be seen and one that is not there are the same to the caller; that of test credentials is nowhere.
    const isOwn = sid === undefined || (identity.testOf !== undefined && identity.may(sid))
    const account = isOwn ? identity.account : identity.may(sid) ? host.account(sid) : undefined
    if (!account) throw new Refused(20003)
    return account
  }

  async function answer(asked: Asked, body: Buffer | undefined): Promise<Answer> {
    const { url } = asked
    const hot = asked.method === 'POST' ? hotFormat(url) : undefined
    const said = host.identify(asked.header('authorization'), asked.remoteAddress)
    const identity = said instanceof Promise ? await said : said
    const place = hot === undefined ? placeOf(url) : undefined
    const account = authorized(identity, place ? place.accountSid : url.slice(sidAt, sidAt + sidLength), url)
    if (place && !place.route) throw new Refused(20404, place.path)
    if (!body) throw new Refused(20413, `at most ${maxBodyBytes} bytes are taken`)
    const leave = host.enter(identity?.testOf ?? account.id)
    if (!leave) throw new Refused(20429)
    try {
      const bytes = asked.encoding === undefined ? body : await unpacked(asked.encoding, body)
      if (hot === undefined) return await resource(asked, identity!, account, place!, bytes)
      const form = formOf(asked, bytes)
      // A POST that stands for another method is none of the hot ones.
      if (form.has('_method') && methodOf(asked.method, form) !== 'POST')
        return await resource(asked, identity!, account, placeOf(url), bytes)
      if (identity?.key) mustBeAllowed(identity.key, messagesNeed, 'create')
      const target = { account, legacy: false, format: hot, base: hotBase, path: url }
      if (identity?.testOf !== undefined) return createAsTest(host, identity.testOf, target, form)
      return await create(host, target, form, asked.header)
    } finally {
      leave()
    }
  }

  async function resource(asked: Asked, identity: Identity, account: Account, place: Place, bytes: Buffer): Promise<Answer> {
    const { base, caught, format, path, search } = place
    const form: Form = asked.method === 'POST' ? formOf(asked, bytes) : new Map()
    const call: Call = {
      host,
      identity,
      account,
      method: methodOf(asked.method, form),
      caught,
      format,
      base,
      path,
      search,
      form,
      remoteAddress: asked.remoteAddress,
      header: (name) => asked.header(name),
    }
    const { needs, answer: answered } = place.route!
    if (place.isTable && call.method !== 'GET') throw new Refused(20404, path)
    if (identity.testOf !== undefined) {
      const [sms, sid] = caught
      if (answered !== messages || call.method !== 'POST' || sid !== undefined) throw new Refused(20008)
      return createAsTest(host, identity.testOf, { account, legacy: sms !== undefined, format, base, path }, form)
    }
    if (identity.key) mustBeAllowed(identity.key, needs, actionOf(call.method, path))
    const said = await answered(call)
    if (call.method !== 'GET') return said
    return ifNews(place.isTable ? asCsv(said) : said, asked.header('if-none-match'))
  }

  function refusedAnswer({ method, url, header }: Asked, error: unknown): Answer {
    const known = refusedFor(error, pathOf(url))
    const refused = known ?? new Refused(20500)
    if (!known) host.log.error({ err: error, method, path: pathOf(url) }, 'a request of the Twilio API failed')
    if (isRestcomm(url)) return restcommRefusal(refused, url, header('accept'))
    const headers =
      refused.status === 401
        ? ['WWW-Authenticate', 'Basic realm="Twilio API"']
        : refused.status === 405
          ? ['Allow', 'GET, POST, DELETE']
          : undefined
    const body = formatOf(url) === 'json' ? refusalJson(refused) : refusalXml(refused)
    return headers ? { status: refused.status, body, headers } : { status: refused.status, body }
  }

  async function respond(asked: Asked, bytes: Buffer | undefined, done: (said: HotAnswer) => void): Promise<void> {
    const startedAt = performance.now()
    concurrent++
    let said: Answer
    try {
      said = asked.method === 'OPTIONS' ? preflight : await answer(asked, bytes)
    } catch (error) {
      said = refusedAnswer(asked, error)
    }
    const { status, body } = said
    done({ status, body, headers: headersOf(said, formatOf(asked.url) === 'json', (performance.now() - startedAt) / 1000) })
    concurrent--
  }

  function headersOf({ status, headers, type }: Answer, json: boolean, took: number): string[] {
    const all = [
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
    if (status !== 204) all.push('Content-Type', type ?? (json ? 'application/json' : 'application/xml'))
    if (headers) all.push(...headers)
    return all
  }

  return {
    serve(request, response) {
      const asked: Asked = {
        method: request.method ?? '',
        url: request.url ?? '',
        header: (name) => headerOf(request, name),
        encoding: headerOf(request, 'content-encoding'),
        remoteAddress: request.ip ?? '',
      }
      readBody(request, (bytes) => {
        if (!bytes) discardRest(host, request)
        void respond(asked, bytes, (said) => write(request, response, said))
      })
    },
    hot: {
      takes: (method, url) => method === 'POST' && hotFormat(url) !== undefined,
      serve: (request, done) => void respond(request, request.body, done),
    },
  }
}

/** Of a body too long: read only so that the client gets to its answer. */
function discardRest(host: Host, request: IncomingMessage): void {
  request.resume()
  host.clock.after(discardMs, () => {
    if (!request.complete) request.destroy()
  })
}

/** Head and body leave together. */
function write(request: IncomingMessage, response: ServerResponse, { status, headers, body }: HotAnswer): void {
  const length = Buffer.byteLength(body)
  response.writeHead(status, status === 204 || status === 304 ? [...headers] : [...headers, 'Content-Length', String(length)])
  if (request.method === 'HEAD') response.end()
  else response.end(body)
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

function methodOf(method: string, form: Form): string {
  if (method === 'HEAD') return 'GET'
  return method === 'POST' && one(form, '_method')?.toUpperCase() === 'DELETE' ? 'DELETE' : method
}

const formType = 'application/x-www-form-urlencoded'

function formOf(asked: Asked, bytes: Buffer): Form {
  if (bytes.length === 0) return new Map()
  const type = asked.header('content-type')
  if (type !== undefined && type !== formType && !/^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(type))
    throw new Refused(20422, `Content-Type application/x-www-form-urlencoded expected, got ${type}`)
  const charset = type === undefined || type === formType ? undefined : charsetOf(type)
  return charset === undefined ? parseFormBytes(bytes) : parseFormIn(charset, bytes)
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

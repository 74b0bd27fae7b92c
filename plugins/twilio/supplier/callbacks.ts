// What a supplier bind's peer says to us by HTTP: `/twilio/<secret>/status` and `/twilio/<secret>/inbound`.
// The secret in the path tells which bind is meant, and the signature under that bind's auth token that its
// peer says it; without both nothing is read. A 2xx is answered when what was said is durable.
import { hash, timingSafeEqual } from 'node:crypto'
import express, { Router, type NextFunction, type Request, type Response } from 'express'
import {
  AcceptRefused,
  type Gateway,
  type Host,
  type Hot,
  type HotAnswer,
  type HotRequest,
  occasional,
  type RefusalWhy,
} from '../../../src/plugin.ts'
import { Refused } from '../errors.ts'
import { hopsHeader, readHops } from '../hops.ts'
import { maxBodyBytes, one, parseForm, parseFormBytes, type Form } from '../form.ts'
import { sign, sortedText } from '../signature.ts'
import { inboundSubmission } from './inbound.ts'
import type { SupplierConfig } from './settings.ts'
import { doneDate, receiptOf } from './status.ts'

type Supplier = Gateway<SupplierConfig>

const paths = /^\/twilio\/([A-Za-z0-9]{20,100})\/(status|inbound)(?:\?([^#]*))?$/
const jsonType = /^application\/json\s*(?:;|$)/i
const nothing = Buffer.alloc(0)

export interface Callbacks {
  router: Router
  hot: Hot
}

export function supplierCallbacks(host: Host): Callbacks {
  const ourUrls = urlsOf(host.publicUrl)
  const fail = occasional(host.clock, (fields, message) => host.log.error(fields, message))

  function isSignedWith(token: string, url: string, sorted: string, signature: string): boolean {
    for (const ours of ourUrls) if (isSame(sign(token, ours + url + sorted), signature)) return true
    return false
  }

  /** The bind whose peer signed this; undefined where nobody's did. */
  function signedBy(binds: readonly Gateway[], url: string, sorted: string, signature: string): Supplier | undefined {
    for (const bind of binds as readonly Supplier[]) {
      const { authToken, secondaryAuthToken } = bind.bind.config
      if (isSignedWith(authToken, url, sorted, signature)) return bind
      if (secondaryAuthToken !== undefined && isSignedWith(secondaryAuthToken, url, sorted, signature)) return bind
    }
    return undefined
  }

  async function answer({ method, url, header, body }: HotRequest): Promise<HotAnswer> {
    const [, secret = '', what = '', search = ''] = paths.exec(url) ?? []
    const binds = host.calling('twilio', secret)
    if (binds.length === 0) return plain(404, 'There is nothing here.')
    if (method !== 'POST' && (method !== 'GET' || what === 'status')) return plain(405, 'POST expected.')
    const isJson = method === 'POST' && jsonType.test(header('content-type') ?? '')
    const form = isJson || method !== 'POST' ? parseForm(search) : parseFormBytes(body)
    const sorted = isJson || method !== 'POST' ? '' : sortedText(Object.fromEntries(form))
    const bind = signedBy(binds, url, sorted, header('x-twilio-signature') ?? '')
    // What is no form is signed by its hash in the URL.
    if (!bind || (isJson && !isSame(hash('sha256', body), one(form, 'bodySHA256') ?? ''))) {
      // Most often the public address is not the one that the peer calls.
      host.log.warn({ bind: binds[0]!.bind.id, publicUrl: host.publicUrl, what }, 'a callback was refused: its signature is not right')
      return plain(403, 'The signature is not right.')
    }
    const said = isJson ? formOfJson(body) : form
    return what === 'status' ? await status(bind, said) : await inbound(bind, said, header(hopsHeader))
  }

  function failed(error: unknown): HotAnswer {
    if (error instanceof Refused) return plain(error.status, error.message)
    if (error instanceof AcceptRefused) return plain(refusals[error.why] ?? 400, error.message)
    // While the disk is full every callback comes again and again.
    fail('unforeseen', 'a callback could not be taken', () => ({ err: error }))
    return plain(500, 'Something went wrong.')
  }

  const serve = (request: HotRequest): Promise<HotAnswer> => answer(request).catch(failed)

  const router = Router()
  router.use('/twilio', express.raw({ type: () => true, limit: maxBodyBytes }))
  router.use('/twilio', (request: Request, response: Response, next: NextFunction) => {
    if (!paths.test(request.originalUrl)) return next()
    const { method, originalUrl: url, body } = request
    const header = (name: string): string | undefined => request.get(name)
    const asked: HotRequest = {
      method,
      url,
      header,
      body: Buffer.isBuffer(body) ? body : nothing,
      remoteAddress: request.ip ?? '',
    }
    void serve(asked).then((said) => {
      for (let i = 0; i < said.headers.length; i += 2) response.setHeader(said.headers[i] ?? '', said.headers[i + 1] ?? '')
      response.status(said.status).end(said.body)
    })
  })
  // A body that is too long, or breaks off.
  router.use('/twilio', (error: { status?: number }, _request: Request, response: Response, _next: NextFunction) => {
    response.status(error.status ?? 500).end()
  })
  return {
    router,
    hot: {
      takes: (method, url) => method === 'POST' && url.startsWith('/twilio/') && paths.test(url),
      serve: (request, done) => void serve(request).then(done),
    },
  }
}

const refusals: Partial<Record<RefusalWhy, number>> = { busy: 503, throttled: 429, 'queue-full': 429 }

const maxRef = 64

async function status(bind: Supplier, form: Form): Promise<HotAnswer> {
  const ref = one(form, 'MessageSid') ?? one(form, 'SmsSid') ?? ''
  const state = one(form, 'MessageStatus') ?? one(form, 'SmsStatus') ?? ''
  if (ref === '' || ref.length > maxRef || state === '') return plain(400, 'MessageSid and MessageStatus expected.')
  const code = one(form, 'ErrorCode') ?? ''
  const errorCode = /^\d{1,6}$/.test(code) ? Number(code) : undefined
  const receipt = receiptOf(ref, { status: state, errorCode, doneAt: doneDate(one(form, 'RawDlrDoneDate')) })
  if (receipt) await bind.receipt(receipt)
  return plain(200, '')
}

async function inbound(bind: Supplier, form: Form, came: string | undefined): Promise<HotAnswer> {
  const submission = inboundSubmission(form, bind.bind.id)
  if (typeof submission === 'string') return plain(400, submission)
  const hops = readHops(came)
  if (hops !== undefined) submission.hops = hops
  await bind.accept(submission)
  return { status: 200, headers: ['Content-Type', 'text/xml'], body: '<?xml version="1.0" encoding="UTF-8"?>\n<Response/>' }
}

function plain(code: number, body: string): HotAnswer {
  return { status: code, headers: ['Content-Type', 'text/plain; charset=utf-8'], body }
}

function isSame(expected: string, got: string): boolean {
  const [a, b] = [Buffer.from(expected), Buffer.from(got)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** The same parameters in an object. Throws Refused 20422. */
function formOfJson(body: Buffer): Form {
  const form: Form = new Map()
  let read: unknown
  try {
    read = JSON.parse(body.toString('utf8'))
  } catch {
    throw new Refused(20422, 'the request body is no JSON')
  }
  if (typeof read !== 'object' || read === null || Array.isArray(read)) throw new Refused(20422, 'a JSON object is expected')
  for (const [name, value] of Object.entries(read)) {
    if (typeof value !== 'string' && typeof value !== 'number') throw new Refused(20422, `${name}: a text is expected`)
    form.set(name, String(value))
  }
  return form
}

/** Peers sign what they request: some name the scheme's own port, others leave it out. */
function urlsOf(publicUrl: string): readonly string[] {
  const { protocol, hostname, port, origin } = new URL(publicUrl)
  return port === '' ? [...new Set([publicUrl, origin, `${protocol}//${hostname}:${protocol === 'https:' ? 443 : 80}`])] : [publicUrl]
}

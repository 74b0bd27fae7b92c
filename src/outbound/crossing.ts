// What crosses between the flow's thread and the one that makes requests, in batches: of requests one text and a few small numbers,
// of answers mostly small numbers alone, since each value that crosses costs as much as a short call.
import { OutboundError, type Asker, type OutboundErrorKind, type OutboundRequest, type OutboundResponse } from './contract.ts'
import { headerLines } from './request.ts'

/** A message between threads costs some 20 to 60 µs however many requests it carries, so they are gathered. */
export const gatherMs = 2

/**
 * The texts of several requests in one, then the first one's id (the others follow it), then the lengths of each one's terms, URL, header
 * lines and body: -1 for a URL that is the one before and for no body, 0 for terms that are those before.
 * Or a negative id alone: that one is aborted. Or nothing: it is over.
 */
export type Asked = (string | number)[]

/**
 * For each answer its id and status. Where that is all there is to tell – no body, the URL that was asked for, the headers of the answer
 * before – nothing more; the status of others is `odd`, and URL or kind of error, body or words, and headers follow.
 */
export type Told = (number | string | OutboundResponse['headers'] | undefined)[]

/** The status of a request that failed, or failed once it was written. */
export const failedStatus = 0
export const writtenStatus = 1
export const odd = (status: number): number => -1 - status

/** What requests of one kind have in common. */
export type Terms = Omit<OutboundRequest, 'url' | 'headers' | 'body' | 'signal'>

function areSame(a: Terms, b: Terms): boolean {
  return (
    a.totalTimeoutMs === b.totalTimeoutMs &&
    a.connectTimeoutMs === b.connectTimeoutMs &&
    a.readTimeoutMs === b.readTimeoutMs &&
    a.method === b.method &&
    a.maxBytes === b.maxBytes &&
    a.redirects === b.redirects &&
    a.allowPrivate === b.allowPrivate &&
    a.repeatable === (b.repeatable ?? false) &&
    a.cut === (b.cut ?? false)
  )
}

function termsText({
  method,
  connectTimeoutMs,
  readTimeoutMs,
  totalTimeoutMs,
  maxBytes,
  redirects,
  allowPrivate,
  repeatable,
  cut,
}: Terms): string {
  return `${method} ${connectTimeoutMs} ${readTimeoutMs} ${totalTimeoutMs} ${maxBytes} ${redirects} ${allowPrivate ? 1 : 0} ${repeatable ? 1 : 0} ${cut ? 1 : 0}`
}

function readTerms(text: string): Terms {
  const [method, connect, read, total, bytes, redirects, isPrivate, isRepeatable, isCut] = text.split(' ')
  return {
    method: method as OutboundRequest['method'],
    connectTimeoutMs: Number(connect),
    readTimeoutMs: Number(read),
    totalTimeoutMs: Number(total),
    maxBytes: Number(bytes),
    redirects: Number(redirects),
    allowPrivate: isPrivate === '1',
    repeatable: isRepeatable === '1',
    cut: isCut === '1',
  }
}

/** Requests on their way to a thread that remembers the one before. */
export class Asking {
  private text = ''
  private fields: Asked = []
  /** Of the request before. */
  private terms: Terms | undefined
  private url = ''

  get empty(): boolean {
    return this.fields.length === 0
  }

  /** Ids rise by one. Throws OutboundError `bad-url` for headers that cannot be sent, and has then added nothing. */
  add(id: number, request: OutboundRequest): void {
    const { fields } = this
    const { url, body } = request
    const lines = headerLines(request.headers)
    if (fields.length === 0) fields.push('', id)
    let text = this.text
    let termsLength = 0
    if (!this.terms || !areSame(this.terms, request)) {
      const terms = termsText(request)
      this.terms = readTerms(terms)
      termsLength = terms.length
      text += terms
    }
    let urlLength = -1
    if (url !== this.url) {
      this.url = url
      urlLength = url.length
      text += url
    }
    text += lines
    fields.push(termsLength, urlLength, lines.length, body === undefined ? -1 : body.length)
    this.text = body === undefined ? text : text + body
  }

  take(): Asked {
    const { fields } = this
    fields[0] = this.text
    this.text = ''
    this.fields = []
    return fields
  }
}

/** The same on the other side. */
export class Reading {
  private terms: Terms = readTerms('')
  private url = ''

  read(asked: Asked, asks: (id: number, request: OutboundRequest) => void): void {
    const text = asked[0] as string
    let id = asked[1] as number
    for (let i = 2, at = 0; i < asked.length; i += 4) {
      const urlAt = at + (asked[i] as number)
      const urlLength = asked[i + 1] as number
      const linesAt = urlAt + Math.max(0, urlLength)
      const bodyAt = linesAt + (asked[i + 2] as number)
      const bodyLength = asked[i + 3] as number
      if (urlAt > at) this.terms = readTerms(text.slice(at, urlAt))
      // The very same text where it is: what is found by it is found at once.
      if (urlLength !== -1) this.url = text.slice(urlAt, linesAt)
      at = bodyAt + Math.max(0, bodyLength)
      const { terms } = this
      const request: OutboundRequest = {
        method: terms.method,
        url: this.url,
        headers: text.slice(linesAt, bodyAt),
        connectTimeoutMs: terms.connectTimeoutMs,
        readTimeoutMs: terms.readTimeoutMs,
        totalTimeoutMs: terms.totalTimeoutMs,
        allowPrivate: terms.allowPrivate,
        maxBytes: terms.maxBytes,
        redirects: terms.redirects,
        repeatable: terms.repeatable ?? false,
        cut: terms.cut ?? false,
      }
      if (bodyLength !== -1) request.body = text.slice(bodyAt, at)
      asks(id++, request)
    }
  }
}

const noBytes = Buffer.alloc(0)

/** Answers on their way back. */
export class Telling {
  private answers: Told = []
  private headers: OutboundResponse['headers'] | undefined

  get empty(): boolean {
    return this.answers.length === 0
  }

  answer(id: number, asked: string, { status, url, headers, body }: OutboundResponse): void {
    // An answer with the same head as the one before has the very same headers.
    const same = headers === this.headers
    if (same && body.length === 0 && url === asked) this.answers.push(id, status)
    else this.answers.push(id, odd(status), url === asked ? undefined : url, body.toString('latin1'), same ? undefined : headers)
    this.headers = headers
  }

  failure(id: number, { kind, message, written }: OutboundError): void {
    this.answers.push(id, odd(written ? writtenStatus : failedStatus), kind, message, undefined)
  }

  take(): Told {
    const told = this.answers
    this.answers = []
    return told
  }
}

/** Whoever asked is told. */
export class Hearing {
  private headers: OutboundResponse['headers'] = {}

  hear(told: Told, askerOf: (id: number) => Asker | undefined): void {
    for (let i = 0; i < told.length;) {
      const asker = askerOf(told[i] as number)
      const said = told[i + 1] as number
      if (said >= 0) {
        i += 2
        asker?.answered({ status: said, url: asker.request.url, body: noBytes, headers: this.headers })
        continue
      }
      const status = odd(said)
      const where = told[i + 2] as string | undefined
      const what = told[i + 3] as string
      const headers = told[i + 4] as OutboundResponse['headers'] | undefined
      i += 5
      if (headers !== undefined) this.headers = headers
      if (!asker) continue
      if (status <= writtenStatus) asker.failed(new OutboundError(where as OutboundErrorKind, what, undefined, status === writtenStatus))
      else asker.answered({ status, url: where ?? asker.request.url, body: Buffer.from(what, 'latin1'), headers: this.headers })
    }
  }
}

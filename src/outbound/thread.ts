// The same requests, made by a thread of their own: what they cost in sockets, parsing and
// collecting is not the flow's. Requests and answers cross in batches, gathered for a moment.
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import { OutboundError, type Outbound, type OutboundErrorKind, type OutboundRequest, type OutboundResponse } from './contract.ts'

/**
 * What crosses: fields of several requests, one after another, `requestFields` each: id, URL, headers, body,
 * and the terms (undefined: as those of the request before; every value that crosses costs as much as a short call).
 */
export type Asked = (number | string | undefined)[]
export const requestFields = 5
/** And of answers: id, status (0: failed, 1: failed once written), URL or kind of error, body or words, headers (undefined: as those of the answer before). */
export type Told = (number | string | OutboundResponse['headers'] | undefined)[]
const answerFields = 5

export interface ThreadSettings {
  connections?: number
  connectionsPerOrigin?: number
  ca?: string
}

const tickMs = 50
/** A message between threads costs some 20 µs however many requests it carries, so they are gathered. */
export const gatherMs = 2
const endMs = 2000

interface Open {
  answered(response: OutboundResponse): void
  failed(error: OutboundError): void
  signal: OutboundRequest['signal']
}

export function createOutboundThread(settings: ThreadSettings, log: Pick<Logger, 'error'>): Outbound {
  const open = new Map<number, Open>()
  let last = 0
  let batch: Asked = []
  let closed = false
  let timer: NodeJS.Timeout | undefined
  let headers: OutboundResponse['headers'] = {}
  /** Of the request asked last. */
  let terms = ''
  /** Started by the first request, and again by the first after it died. */
  let worker: Worker | undefined

  function start(): Worker {
    const made = new Worker(new URL(`./worker${extname(import.meta.url)}`, import.meta.url), { workerData: settings })
    made.unref()
    terms = ''
    made.on('message', told)
    const died = (error?: Error): void => {
      if (made !== worker || closed) return
      log.error({ err: error }, 'the thread that calls webhooks died; the next request starts another')
      worker = undefined
      batch = []
      failAll(new OutboundError('connect', 'the thread that calls webhooks died', error, true))
    }
    made.on('error', died)
    // One that is ended from outside has no error.
    made.on('exit', () => died())
    return made
  }

  function failAll(error: OutboundError): void {
    const failing = [...open.values()]
    open.clear()
    for (const one of failing) one.failed(error)
  }

  function flush(): void {
    if (batch.length === 0) return
    worker?.postMessage(batch)
    batch = []
  }

  function told(answers: Told): void {
    for (let i = 0; i < answers.length; i += answerFields) {
      const id = answers[i] as number
      const status = answers[i + 1] as number
      if (status > 1 && answers[i + 4] !== undefined) headers = answers[i + 4] as OutboundResponse['headers']
      const one = open.get(id)
      if (!one) continue
      open.delete(id)
      if (status <= 1) one.failed(new OutboundError(answers[i + 2] as OutboundErrorKind, answers[i + 3] as string, undefined, status === 1))
      else one.answered({ status, url: answers[i + 2] as string, body: Buffer.from(answers[i + 3] as string, 'latin1'), headers })
    }
  }

  /** Signals are looked at, as the thread itself does. */
  function tick(): void {
    for (const [id, one] of open) {
      if (!one.signal?.aborted) continue
      open.delete(id)
      worker?.postMessage([-id] satisfies Asked)
      one.failed(new OutboundError('aborted', 'aborted', undefined, true))
    }
    if (open.size > 0) return
    clearInterval(timer)
    timer = undefined
    worker?.unref()
  }

  return {
    request(request) {
      return new Promise((answered, failed) => {
        if (closed) return failed(new OutboundError('aborted', 'closed'))
        if (request.signal?.aborted) return failed(new OutboundError('aborted', 'aborted'))
        const fields = headerText(request.headers)
        if (fields === undefined) return failed(new OutboundError('bad-url', 'a header that cannot be sent'))
        const id = ++last
        open.set(id, { answered, failed, signal: request.signal })
        timer ??= setInterval(tick, tickMs).unref()
        worker ??= start()
        // The first of those open, as far as this thread has seen: it keeps the process alive.
        if (open.size === 1) worker.ref()
        if (batch.length === 0) setTimeout(flush, gatherMs)
        const now = termsOf(request)
        batch.push(id, request.url, fields, request.body, now === terms ? undefined : now)
        terms = now
      })
    },
    async close() {
      if (closed) return
      closed = true
      clearInterval(timer)
      failAll(new OutboundError('aborted', 'closed', undefined, true))
      if (!worker) return
      const dying = worker
      const ended = new Promise<void>((resolve) => dying.once('exit', () => resolve()))
      dying.postMessage([])
      const late = setTimeout(() => void dying.terminate(), endMs)
      await ended
      clearTimeout(late)
    },
  }
}

function termsOf({
  method,
  connectTimeoutMs,
  readTimeoutMs,
  totalTimeoutMs,
  maxBytes,
  redirects,
  allowPrivate,
  repeatable,
}: OutboundRequest) {
  return `${method} ${connectTimeoutMs} ${readTimeoutMs} ${totalTimeoutMs} ${maxBytes} ${redirects} ${allowPrivate ? 1 : 0} ${repeatable ? 1 : 0}`
}

/** As the worker reads them. */
export function readTerms(text: string): Omit<OutboundRequest, 'url' | 'headers' | 'body' | 'signal'> {
  const [method, connect, read, total, bytes, redirects, isPrivate, isRepeatable] = text.split(' ')
  return {
    method: method as OutboundRequest['method'],
    connectTimeoutMs: Number(connect),
    readTimeoutMs: Number(read),
    totalTimeoutMs: Number(total),
    maxBytes: Number(bytes),
    redirects: Number(redirects),
    allowPrivate: isPrivate === '1',
    repeatable: isRepeatable === '1',
  }
}

/** Names and values, a line each; undefined where one has a line end of its own. */
function headerText(headers: Record<string, string> | undefined): string | undefined {
  let text = ''
  let lines = 0
  for (const name in headers) {
    text += `${name}\n${headers[name] ?? ''}\n`
    lines += 2
  }
  let ends = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) ends++
  return ends === lines ? text : undefined
}

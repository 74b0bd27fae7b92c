// The same requests, made by a thread of their own: what they cost in sockets, parsing and
// collecting is not the flow's. Requests and answers cross in batches, gathered for a moment.
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import { OutboundError, type Outbound, type OutboundErrorKind, type OutboundRequest, type OutboundResponse } from './contract.ts'
import { answerFields, gatherMs, termsOf, valuesOf, type Asked, type Told } from './crossing.ts'

export interface ThreadSettings {
  connections?: number
  connectionsPerOrigin?: number
  ca?: string
}

const tickMs = 50
const endMs = 2000

interface Open {
  url: string
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
  let url = ''
  /** Started by the first request, and again by the first after it died. */
  let worker: Worker | undefined

  function start(): Worker {
    const made = new Worker(new URL(`./worker${extname(import.meta.url)}`, import.meta.url), { workerData: settings })
    made.unref()
    terms = url = ''
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
      else {
        const where = (answers[i + 2] as string | undefined) ?? one.url
        one.answered({ status, url: where, body: Buffer.from(answers[i + 3] as string, 'latin1'), headers })
      }
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
        const values = valuesOf(request.headers)
        if (values === undefined) return failed(new OutboundError('bad-url', 'a header that cannot be sent'))
        const id = ++last
        open.set(id, { url: request.url, answered, failed, signal: request.signal })
        timer ??= setInterval(tick, tickMs).unref()
        worker ??= start()
        // The first of those open, as far as this thread has seen: it keeps the process alive.
        if (open.size === 1) worker.ref()
        if (batch.length === 0) setTimeout(flush, gatherMs)
        const now = termsOf(request)
        batch.push(id, request.url === url ? undefined : request.url, values, request.body, now === terms ? undefined : now)
        terms = now
        url = request.url
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

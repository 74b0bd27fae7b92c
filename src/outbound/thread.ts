// The same requests, made by a thread of their own: what they cost in sockets, parsing and
// collecting is not the flow's. Requests and answers cross in batches, gathered for a moment.
import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Logger } from 'pino'
import { Numbered } from '../numbered.ts'
import { OutboundError, promised, type Asker, type Outbound } from './contract.ts'
import { Asking, gatherMs, Hearing, type Asked, type Told } from './crossing.ts'
import { outboundError } from './faults.ts'

export interface ThreadSettings {
  connections?: number
  connectionsPerOrigin?: number
  ca?: string
}

const tickMs = 50
const endMs = 2000

export function createOutboundThread(settings: ThreadSettings, log: Pick<Logger, 'error'>): Outbound {
  const open = new Numbered<Asker>()
  let last = 0
  let asking = new Asking()
  let closed = false
  let timer: NodeJS.Timeout | undefined
  /** Started by the first request, and again by the first after it died. */
  let worker: Worker | undefined

  function start(): Worker {
    const made = new Worker(new URL(`./worker${extname(import.meta.url)}`, import.meta.url), { workerData: settings })
    made.unref()
    asking = new Asking()
    // Of this one alone: the last words of one that died are not taken for those of the next.
    const hearing = new Hearing()
    made.on('message', (told: Told) => hearing.hear(told, taken))
    const died = (error?: Error): void => {
      if (made !== worker || closed) return
      log.error({ err: error }, 'the thread that calls webhooks died; the next request starts another')
      worker = undefined
      asking = new Asking()
      failAll(new OutboundError('connect', 'the thread that calls webhooks died', error, true))
    }
    made.on('error', died)
    // One that is ended from outside has no error.
    made.on('exit', () => died())
    return made
  }

  function taken(id: number): Asker | undefined {
    const asker = open.get(id)
    if (asker) open.delete(id)
    return asker
  }

  function failAll(error: OutboundError): void {
    const failing = open.values()
    open.clear()
    for (const one of failing) one.failed(error)
  }

  function flush(): void {
    if (!asking.empty) worker?.postMessage(asking.take())
  }

  /** Signals are looked at, as the thread itself does. */
  function tick(): void {
    for (const id of open.keys()) {
      if (!open.get(id)?.request.signal?.aborted) continue
      worker?.postMessage([-id] satisfies Asked)
      taken(id)?.failed(new OutboundError('aborted', 'aborted', undefined, true))
    }
    if (open.size > 0) return
    clearInterval(timer)
    timer = undefined
    worker?.unref()
  }

  function ask(asker: Asker): void {
    const { request } = asker
    if (closed) return asker.failed(new OutboundError('aborted', 'closed'))
    if (request.signal?.aborted) return asker.failed(new OutboundError('aborted', 'aborted'))
    worker ??= start()
    const id = last + 1
    const first = asking.empty
    try {
      asking.add(id, request)
    } catch (error) {
      return asker.failed(outboundError(error instanceof Error ? error : new Error(String(error))))
    }
    last = id
    open.set(id, asker)
    timer ??= setInterval(tick, tickMs).unref()
    // The first of those open, as far as this thread has seen: it keeps the process alive.
    if (open.size === 1) worker.ref()
    if (first) setTimeout(flush, gatherMs)
  }

  return {
    ask,
    request: (request) => promised(ask, request),
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

// The thread that thread.ts asks: one client, its answers told in batches.
import { parentPort, workerData } from 'node:worker_threads'
import { createOutbound } from './client.ts'
import { OutboundError, type OutboundRequest, type OutboundResponse } from './contract.ts'
import { gatherMs, headersOf, readTerms, requestFields, type Asked, type Terms, type Told } from './crossing.ts'
import type { ThreadSettings } from './thread.ts'

const outbound = createOutbound(workerData as ThreadSettings)
const signals = new Map<number, { aborted: boolean }>()
let answers: Told = []
/** Those of the request asked last. */
let terms: Terms
let url = ''
/** Those of the answer told last. */
let headers: OutboundResponse['headers'] | undefined

function tell(id: number, status: number, where: string | undefined, what: string, given: OutboundResponse['headers'] | undefined): void {
  signals.delete(id)
  if (answers.length === 0) setTimeout(flush, gatherMs)
  answers.push(id, status, where, what, given)
}

function flush(): void {
  parentPort?.postMessage(answers)
  answers = []
}

function ask(fields: Asked, at: number): void {
  const id = fields[at] as number
  const signal = { aborted: false }
  signals.set(id, signal)
  const said = fields[at + 4] as string | undefined
  if (said !== undefined) terms = readTerms(said)
  // The very same text: what is found by it is found at once.
  url = (fields[at + 1] as string | undefined) ?? url
  const asked = url
  const request: OutboundRequest = {
    method: terms.method,
    url,
    headers: headersOf(terms.names, fields[at + 2] as string),
    connectTimeoutMs: terms.connectTimeoutMs,
    readTimeoutMs: terms.readTimeoutMs,
    totalTimeoutMs: terms.totalTimeoutMs,
    allowPrivate: terms.allowPrivate,
    repeatable: terms.repeatable ?? false,
    maxBytes: terms.maxBytes,
    redirects: terms.redirects,
    signal,
  }
  const body = fields[at + 3]
  if (body !== undefined) request.body = body as string
  outbound.request(request).then(
    (response) => {
      // An answer with the same head as the one before has the very same headers: they cross once.
      const same = response.headers === headers
      headers = response.headers
      tell(
        id,
        response.status,
        response.url === asked ? undefined : response.url,
        response.body.toString('latin1'),
        same ? undefined : headers,
      )
    },
    (error: unknown) => {
      const { kind, message, written } =
        error instanceof OutboundError ? error : new OutboundError('protocol', String(error), undefined, true)
      tell(id, written ? 1 : 0, kind, message, undefined)
    },
  )
}

parentPort?.on('message', (fields: Asked) => {
  if (fields.length === 0) {
    void outbound.close().then(() => parentPort?.close())
    return
  }
  for (let at = 0; at < fields.length;) {
    const id = fields[at] as number
    if (id < 0) {
      const signal = signals.get(-id)
      if (signal) signal.aborted = true
      at++
    } else {
      ask(fields, at)
      at += requestFields
    }
  }
})

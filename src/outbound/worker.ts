// The thread that thread.ts asks: one client, its answers told in batches.
import { parentPort, workerData } from 'node:worker_threads'
import { Numbered } from '../numbered.ts'
import { createOutbound } from './client.ts'
import type { Asker, OutboundError, OutboundRequest, OutboundResponse } from './contract.ts'
import { gatherMs, Reading, Telling, type Asked } from './crossing.ts'
import type { ThreadSettings } from './thread.ts'

const outbound = createOutbound(workerData as ThreadSettings)
const questions = new Numbered<Question>()
const reading = new Reading()
const telling = new Telling()

/** A request of the other side, and its own signal. */
class Question implements Asker {
  aborted = false
  readonly request: OutboundRequest
  private readonly id: number

  constructor(id: number, request: OutboundRequest) {
    this.id = id
    this.request = request
    request.signal = this
  }

  answered(response: OutboundResponse): void {
    this.settled()
    telling.answer(this.id, this.request.url, response)
  }

  failed(error: OutboundError): void {
    this.settled()
    telling.failure(this.id, error)
  }

  private settled(): void {
    questions.delete(this.id)
    if (telling.empty) setTimeout(flush, gatherMs)
  }
}

function flush(): void {
  parentPort?.postMessage(telling.take())
}

function ask(id: number, request: OutboundRequest): void {
  const question = new Question(id, request)
  questions.set(id, question)
  outbound.ask(question)
}

parentPort?.on('message', (asked: Asked) => {
  const [first] = asked
  if (first === undefined) void outbound.close().then(() => parentPort?.close())
  else if (typeof first === 'string') reading.read(asked, ask)
  else {
    const question = questions.get(-first)
    if (question) question.aborted = true
  }
})

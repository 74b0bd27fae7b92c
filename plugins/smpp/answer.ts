// What a request on a link comes to, and what it means to the flow when it has no answer: nothing that
// left is taken for refused, and nothing that did not leave for taken.
import { Failure, failureFacts, type FailureFacts } from '../../src/plugin.ts'
import { type Command, commandIds, type Pdu } from './codec/index.ts'

/**
 * pdu: the response or a generic_nack. unreadable: it came and could not be read. timeout: written,
 * no response in time. lost: the connection went first; `written` tells whether the request had left.
 */
export type Answer = Answered | Unanswered

interface Answered {
  kind: 'pdu'
  pdu: Pdu
}
type Unanswered = { kind: 'unreadable' | 'timeout'; why: string } | { kind: 'lost'; written: boolean; why: string }

export function unansweredFailure(answer: Unanswered): FailureFacts {
  switch (answer.kind) {
    case 'timeout':
      return { kind: 'unknown', code: 'peer-timeout', peer: answer.why }
    case 'unreadable':
      return { kind: 'unknown', code: 'outcome-unknown', peer: answer.why }
    case 'lost':
      return answer.written ? { kind: 'unknown', code: 'connection-lost', peer: answer.why } : offline(answer.why)
  }
  return answer satisfies never
}

export function offline(why: string): FailureFacts {
  return { kind: 'offline', code: 'bind-down', peer: why }
}

/** Of what cannot be written as SMPP has it. */
export function unsayable(error: unknown): FailureFacts {
  if (error instanceof Failure) return error.facts
  return { ...failureFacts(error), kind: 'permanent', code: 'invalid-body' }
}

type Asking = Extract<Command, `${string}_resp`> extends `${infer C}_resp` ? C : never

/** outbind and alert_notification have no response. */
export function isAnswered(command: Command): command is Asking {
  return `${command}_resp` in commandIds
}

// The window of one link: so many requests await their answer, and no more. The gateway counts
// messages; a long one may have more segments than the window has places, and those wait here.
import type { PduOf } from './codec/index.ts'
import type { Answer } from './answer.ts'
import type { Link } from './link.ts'

export type Submit = PduOf<'submit_sm' | 'data_sm'>
type Asked = PduOf<'submit_sm' | 'deliver_sm' | 'data_sm' | 'query_sm' | 'cancel_sm' | 'replace_sm'>

export interface Window {
  /** In the order of the calls. `settle` is called exactly once. */
  ask(pdu: Asked, settle: (answer: Answer) => void): void
  /** `settle` is called once, when all are answered; there is at least one. */
  askAll(pdus: readonly Asked[], settle: (answers: readonly Answer[]) => void): void
  /** Asked for and not settled, those that wait for a place too. */
  readonly open: number
}

interface Waiting {
  pdu: Asked
  settle(answer: Answer): void
}

export function createWindow(link: Pick<Link, 'ask'>, size: () => number): Window {
  const waiting: Waiting[] = []
  let open = 0
  let starting = false

  function start(pdu: Asked, settle: (answer: Answer) => void): void {
    open++
    link.ask(pdu, (answer) => {
      open--
      settle(answer)
      if (waiting.length > 0) startWaiting()
    })
  }

  /** A link that is gone answers at once, and so calls this again: the loop goes on instead. */
  function startWaiting(): void {
    if (starting) return
    starting = true
    for (let next = waiting[0]; next && open < size(); next = waiting[0]) {
      waiting.shift()
      start(next.pdu, next.settle)
    }
    starting = false
  }

  function ask(pdu: Asked, settle: (answer: Answer) => void): void {
    if (waiting.length === 0 && open < size()) start(pdu, settle)
    else waiting.push({ pdu, settle })
  }

  return {
    ask,
    askAll(pdus, settle) {
      if (pdus.length === 1) return ask(pdus[0]!, (answer) => settle([answer]))
      const answers: Answer[] = []
      let unanswered = pdus.length
      for (let i = 0; i < pdus.length; i++) {
        ask(pdus[i]!, (answer) => {
          answers[i] = answer
          if (--unanswered === 0) settle(answers)
        })
      }
    },
    get open() {
      return open + waiting.length
    },
  }
}

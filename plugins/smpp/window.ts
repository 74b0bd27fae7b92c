// The window of one link: so many submits await their answer, and no more. The gateway counts
// messages; a long one may have more segments than the window has places, and those wait here.
import type { PduOf } from './codec/index.ts'
import type { Answer, Link } from './link.ts'

export interface Window {
  /** In the order of the calls. `settle` is called exactly once. */
  ask(pdu: PduOf<'submit_sm'>, settle: (answer: Answer) => void): void
}

interface Waiting {
  pdu: PduOf<'submit_sm'>
  settle(answer: Answer): void
}

export function createWindow(link: Pick<Link, 'ask'>, size: () => number): Window {
  const waiting: Waiting[] = []
  let open = 0
  let starting = false

  function start(pdu: PduOf<'submit_sm'>, settle: (answer: Answer) => void): void {
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

  return {
    ask(pdu, settle) {
      if (waiting.length === 0 && open < size()) start(pdu, settle)
      else waiting.push({ pdu, settle })
    },
  }
}

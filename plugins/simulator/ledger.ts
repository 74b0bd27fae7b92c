// What the carriers took, as JSON lines in a file that only grows: one line a submit, one write a turn.
// A line is handed to the kernel before its response leaves, so it outlives this process being killed.
import { closeSync, openSync, writeSync } from 'node:fs'

export interface LedgerEntry {
  /** Epoch ms. */
  at: number
  carrier: string
  to: string
  from: string
  /** As in submit_sm_resp. */
  id: string
  text: string
  /** The same for all parts of one long message; absent for a message of one part. */
  key?: string
  part?: number
  parts?: number
}

export interface Ledger {
  add(entry: LedgerEntry): void
  flush(): void
  close(): void
}

export function openLedger(path: string): Ledger {
  const file = openSync(path, 'a')
  let waiting = ''
  function flush(): void {
    if (waiting === '') return
    const octets = Buffer.from(waiting)
    waiting = ''
    for (let at = 0; at < octets.length;) at += writeSync(file, octets, at)
  }
  return {
    add(entry) {
      waiting += `${JSON.stringify(entry)}\n`
    },
    flush,
    close() {
      flush()
      closeSync(file)
    },
  }
}

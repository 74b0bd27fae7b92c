// A capture by tshark, started by a test.
import type { ChildProcess } from 'node:child_process'

/** Resolves once it captures; rejects when it ended instead, with what it said. */
export function started(capture: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    capture.stderr?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('Capturing on')) setTimeout(resolve, 500)
    })
    capture.once('exit', (code) => reject(new Error(`tshark ended with ${code}: ${said}`)))
  })
}

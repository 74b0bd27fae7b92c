// Where the project is, and how these scripts speak: to standard error, so that programs started
// by them keep standard output to themselves.
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

export function say(text) {
  process.stderr.write(`${text}\n`)
}

/** Runs a script's body; a failure is one clear line and exit code 1. */
export async function main(body) {
  try {
    process.exitCode = (await body()) ?? process.exitCode
  } catch (error) {
    say(error instanceof Error ? error.message : String(error))
    process.exitCode = 1
  }
}

// Logs: JSON lines, or one readable line each on a terminal. `error` somebody must act, `warn` we
// coped, `info` binds and process, `debug` messages; ids always, bodies and secrets never.
import { pino, type Logger } from 'pino'
import type { Clock } from './clock.ts'
import type { LogLevel } from './env.ts'

const secret = ['password', 'token', 'authToken', 'authorization', 'secret', 'body', 'text']
const redact = { paths: [...secret, ...secret.map((name) => `*.${name}`), ...secret.map((name) => `*.*.${name}`)], censor: '••••' }

export function createLog(level: LogLevel, out: NodeJS.WriteStream = process.stderr): Logger {
  const options = { level, redact, base: null }
  if (!out.isTTY) return pino(options, { write: (line: string) => out.write(line) })
  return pino(options, { write: (line: string) => out.write(readable(line)) })
}

const colours: Record<number, string> = { 20: '90', 30: '36', 40: '33', 50: '31', 60: '41' }
const words: Record<number, string> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error', 60: 'fatal' }

function readable(line: string): string {
  const { level, time, msg, ...rest } = JSON.parse(line) as { level: number; time: number; msg?: string } & Record<string, unknown>
  const at = new Date(time).toTimeString().slice(0, 8)
  const more = Object.entries(rest).map(([name, value]) => `${name}=${typeof value === 'string' ? value : said(value, level)}`)
  return `\u001b[90m${at}\u001b[0m \u001b[${colours[level] ?? '0'}m${(words[level] ?? String(level)).padEnd(5)}\u001b[0m ${msg ?? ''} \u001b[90m${more.join(' ')}\u001b[0m\n`
}

/** On a terminal an error is its message: the stack is of use to us, where the process ends by it or somebody looks closely. */
function said(value: unknown, level: number): string {
  const isError = value !== null && typeof value === 'object' && 'stack' in value && 'message' in value
  return isError && level < 60 ? String(value.message) : JSON.stringify(value)
}

/** `fields` is asked only for a line that is written. */
export type Occasional = (kind: string, message: string, fields: () => Record<string, unknown>) => void

/**
 * A line that a peer, a full disk or a carrier that is down could provoke a thousand times, at most once in `quietMs`
 * per kind, with the number of those left out.
 */
export function occasional(
  clock: Pick<Clock, 'now'>,
  write: (fields: Record<string, unknown>, message: string) => void,
  quietMs = 10_000,
): Occasional {
  const kinds = new Map<string, { toldAt: number; leftOut: number }>()
  return (kind, message, fields) => {
    const now = clock.now()
    const known = kinds.get(kind)
    // A clock that was set back silences nothing.
    if (known && now >= known.toldAt && now < known.toldAt + quietMs) {
      known.leftOut++
      return
    }
    kinds.set(kind, { toldAt: now, leftOut: 0 })
    write(known?.leftOut ? { ...fields(), leftOut: known.leftOut } : fields(), message)
  }
}

// How the command line reaches the running gateway: over HTTP, with the account of the environment
// or, on the gateway's own machine, the credentials that it left in its data directory.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { reachable, readSettings } from '../env.ts'
import { whyOf } from '../model/failure.ts'

export interface Client {
  url: string
  accountSid: string
  /** The answer's JSON. Throws Told for every answer but 2xx. `form` is sent url-encoded, `json` as JSON. */
  request<T>(verb: string, path: string, content?: { json?: unknown; form?: Record<string, string> }): Promise<T>
  /** The octets of a GET as they come, for as long as they do. Throws Told like `request`; ends where `signal` says so. */
  read(path: string, signal?: AbortSignal): AsyncIterable<Uint8Array>
}

/** An error whose message is meant for the person at the terminal, as it is. */
export class Told extends Error {
  /** The gateway's own word for why, where it said no. */
  readonly code: string | undefined
  constructor(message: string, code?: string) {
    super(message)
    this.code = code
  }
}

interface Credentials {
  url: string
  accountSid: string
  authToken: string
}

const timeoutMs = 30_000
/** More for a large document: ten thousand routes take a while to check and to write. */
const timeoutMsPerByte = 0.3

/** Throws Told where there is nothing to sign in with. */
export function connect(configFile?: string, environment: NodeJS.ProcessEnv = process.env): Client {
  const settings = readSettings(environment, configFile)
  const isTold = settings.accountSid !== undefined && settings.authToken !== undefined
  const isPlaced = environment['SIGNALBOX_HTTP'] !== undefined || environment['SIGNALBOX_PUBLIC_URL'] !== undefined
  const left = isTold && isPlaced ? undefined : readCredentials(settings.data)
  const accountSid = settings.accountSid ?? left?.accountSid
  const authToken = settings.authToken ?? (accountSid === left?.accountSid ? left?.authToken : undefined)
  if (accountSid === undefined || authToken === undefined) {
    throw new Told(
      `No credentials: there is no ${join(settings.data, 'credentials.json')}, which a gateway leaves when it starts.\n` +
        'Start one (npm start), name its directory (SIGNALBOX_DATA), or set SIGNALBOX_PUBLIC_URL (https://sms.example) or SIGNALBOX_HTTP,\nand SIGNALBOX_ACCOUNT_SID and SIGNALBOX_AUTH_TOKEN.',
    )
  }
  const here = `http://${reachable(settings.http)}`
  // Whoever is elsewhere knows it by its public address.
  const there = environment['SIGNALBOX_PUBLIC_URL'] ? settings.publicUrl : (left?.url ?? here)
  return createClient({ url: environment['SIGNALBOX_HTTP'] ? here : there, accountSid, authToken })
}

/** Undefined where there is none. Throws Told for one that is there and says nothing: another user's, mostly. */
function readCredentials(data: string): Credentials | undefined {
  const path = join(data, 'credentials.json')
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Credentials
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new Told(
      `${path} cannot be read (${whyOf(error)}).\n` +
        'It is for the user who runs the gateway, and written anew when it starts. Ask as that user, or set SIGNALBOX_ACCOUNT_SID and SIGNALBOX_AUTH_TOKEN.',
    )
  }
}

function createClient({ url, accountSid, authToken }: Credentials): Client {
  const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`

  async function* read(path: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    try {
      const response = await fetch(url + path, { headers: { authorization }, ...(signal ? { signal } : {}) })
      if (!response.ok) throw refusal(response.status, parsed(await response.text()), accountSid)
      if (response.body) yield* response.body as unknown as AsyncIterable<Uint8Array>
    } catch (error) {
      if (error instanceof Told) throw error
      if (!signal?.aborted) throw unreachable(url, error)
    }
  }

  return {
    read: (path, signal) => read(path, signal),
    url,
    accountSid,
    async request<T>(verb: string, path: string, content: { json?: unknown; form?: Record<string, string> } = {}): Promise<T> {
      const body = content.form ? new URLSearchParams(content.form) : content.json === undefined ? undefined : JSON.stringify(content.json)
      const response = await fetch(url + path, {
        method: verb,
        headers: {
          authorization,
          accept: 'application/json',
          ...(content.json === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body }),
        signal: AbortSignal.timeout(timeoutMs + Math.ceil(String(body ?? '').length * timeoutMsPerByte)),
      }).catch((error: unknown) => {
        throw unreachable(url, error)
      })
      const text = await response.text().catch((error: unknown) => {
        throw new Told(
          `The gateway at ${url} broke off its answer: ${whyOf(error)}. Whether it was done is not known: look, then ask again.`,
        )
      })
      const answer = parsed(text)
      if (!response.ok) throw refusal(response.status, answer, accountSid)
      return answer as T
    },
  }
}

function unreachable(url: string, error: unknown): Told {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (code === 'ECONNREFUSED')
    return new Told(`No gateway answers at ${url}. Start one with npm start, or set SIGNALBOX_HTTP or SIGNALBOX_PUBLIC_URL.`)
  if (cause instanceof Error && cause.message === 'bad port')
    return new Told(`${url} cannot be asked: Node's fetch refuses that port, as browsers do. Give the gateway another (SIGNALBOX_HTTP).`)
  return new Told(`The gateway at ${url} did not answer: ${whyOf(cause)}`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Our own envelope, the simulator's, or Twilio's. */
function refusal(status: number, answer: unknown, accountSid: string): Told {
  if (status === 401)
    return new Told(`The gateway refuses account ${accountSid}: wrong Account SID or Auth Token, or they are not good from this address.`)
  const { error, message, code } = (answer ?? {}) as {
    error?: string | { code?: string; message: string; faults?: { path: string; message: string; line?: number }[] }
    message?: string
    code?: number
  }
  if (typeof error === 'string') return new Told(error)
  if (error) {
    const faults = (error.faults ?? []).map(faultLine)
    // Where the message is the faults alone, they are not told twice.
    const isSame =
      faults.length > 0 && [faults, error.faults!.map((fault) => fault.message)].some((all) => all.join('\n') === error.message)
    return new Told(isSame ? faults.join('\n') : [error.message, ...faults.map((line) => `  ${line}`)].join('\n'), error.code)
  }
  if (message !== undefined) return new Told(code === undefined ? message : `${message} (${code})`)
  return new Told(`The gateway answered ${status}.`)
}

export function faultLine({ path, message, line }: { path: string; message: string; line?: number }): string {
  return `${line === undefined ? '' : `line ${line}: `}${path === '' ? '' : `${path}: `}${message}`
}

// Requests of a proof to a gateway that is killed now and then: no answer is undefined, and so is one
// that says nothing about the outcome. Wrong credentials are tried from addresses of their own, since an
// address that fails again and again has to wait.
import { Client, Pool } from 'undici'

export interface Asker {
  user: string
  password: string
}

export interface Answer {
  status: number
  /** Empty where the body is no JSON object. */
  json: Record<string, unknown>
}

export interface Question {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  path: string
  as: Asker
  form?: Readonly<Record<string, string>>
  json?: unknown
  /** Idempotency-Key. */
  once?: string
}

export interface Asking {
  ask(question: Question): Promise<Answer | undefined>
  /** From an address that nobody asked from before, where the system has so many. */
  askAfresh(question: Question): Promise<Answer | undefined>
  close(): Promise<void>
}

const connections = 24
const patienceMs = 20_000
/** All of 127.0.0.0/8 is this machine on Linux. */
const hasManyAddresses = process.platform === 'linux'

export function createAsking(port: number): Asking {
  const origin = `http://127.0.0.1:${port}`
  const timeouts = { headersTimeout: patienceMs, bodyTimeout: patienceMs }
  const pool = new Pool(origin, { connections, ...timeouts })
  let fresh = 0

  return {
    ask: (question) => ask(pool, question),
    async askAfresh(question) {
      const n = fresh++
      const localAddress = `127.${1 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`
      const client = new Client(origin, { ...timeouts, ...(hasManyAddresses ? { localAddress } : {}) })
      try {
        return await ask(client, question)
      } finally {
        await client.destroy()
      }
    },
    close: () => pool.destroy(),
  }
}

async function ask(over: Pool | Client, { method, path, as, form, json, once }: Question): Promise<Answer | undefined> {
  const headers: Record<string, string> = {
    authorization: `Basic ${Buffer.from(`${as.user}:${as.password}`).toString('base64')}`,
  }
  if (form) headers['content-type'] = 'application/x-www-form-urlencoded'
  if (json !== undefined) headers['content-type'] = 'application/json'
  if (once !== undefined) headers['idempotency-key'] = once
  const body = form ? new URLSearchParams(form).toString() : json === undefined ? null : JSON.stringify(json)
  try {
    const answer = await over.request({ method: method ?? (body === null ? 'GET' : 'POST'), path, headers, body })
    const text = await answer.body.text()
    // 503: what was asked for may have been written, or not.
    return answer.statusCode >= 500 ? undefined : { status: answer.statusCode, json: read(text) }
  } catch {
    return undefined
  }
}

function read(text: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}

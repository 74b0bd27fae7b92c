// `signalbox send`, `trace`, `explain` and `release`: one message at a time.
import type { MessageAnswer, TraceAnswer } from '../http/api/traffic.ts'
import { Told, type Client } from './client.ts'
import { decisionLines, traceLines } from './trace.ts'
import { waits } from './waits.ts'

const pollMs = 100
const waitMs = 60_000
const ended: ReadonlySet<string> = new Set(['delivered', 'undelivered', 'failed', 'expired', 'canceled', 'unconfirmed'])

export async function send(
  client: Client,
  text: string,
  options: { to: string; from: string; wait?: boolean; json?: boolean },
): Promise<string> {
  const path = `/2010-04-01/Accounts/${client.accountSid}/Messages.json`
  const sent = await client.request<{ sid: string; status: string }>('POST', path, {
    form: { To: options.to, From: options.from, Body: text },
  })
  if (options.wait) return trace(client, sent.sid, { wait: true, ...(options.json ? { json: true } : {}) })
  return options.json ? JSON.stringify(sent, undefined, 2) : `${sent.sid} ${sent.status}\nIts life: npx signalbox trace ${sent.sid}`
}

/** With `wait`, once the message has ended or a minute has passed. */
export async function trace(client: Client, id: string, options: { wait?: boolean; json?: boolean }): Promise<string> {
  const until = Date.now() + waitMs
  for (;;) {
    const answer = await client.request<TraceAnswer>('GET', `/api/v1/messages/${encodeURIComponent(id)}/trace`)
    if (!options.wait || ended.has(answer.message.state) || Date.now() > until) {
      if (options.json) return JSON.stringify(answer, undefined, 2)
      const waiting = await waits(client, answer, Date.now())
      return [...traceLines(answer), ...(waiting === undefined ? [] : ['', waiting])].join('\n')
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
}

export async function explain(
  client: Client,
  options: { to: string; from: string; kind?: string; account?: string; arrival?: string; via?: string; at?: string; json?: boolean },
): Promise<string> {
  const { json, ...query } = options
  type Explained = { decision: MessageAnswer['decision']; lines: string[] }
  const answer = await client.request<Explained>('GET', `/api/v1/explain?${new URLSearchParams(query).toString()}`)
  if (json) return JSON.stringify(answer, undefined, 2)
  return (answer.lines.length > 0 ? answer.lines : decisionLines(answer.decision, options.account ?? client.accountSid)).join('\n')
}

export async function release(client: Client, id: string, how: string): Promise<string> {
  if (how !== 'resend' && how !== 'fail') throw new Told(`Release how? resend or fail, not '${how}'.`)
  await client.request('POST', `/api/v1/messages/${encodeURIComponent(id)}/release`, { json: { how } })
  return how === 'resend' ? 'Released: it is sent again.' : 'Released: it ended as failed.'
}

// Messaging services in the crash proof: a share of the messages is sent by one, and at the end
//   every message of it that was acknowledged is listed as its, from a number of its pool,
//   a recipient is still written to from that number, though the pool has grown since.
import { sid, token, type Setup } from '../bench/gateway.ts'

export interface ProofService {
  sid: string
  pool: Set<string>
}

const poolSize = 3
/** In the United Kingdom, as all recipients are: none gives way to another for being nearer. */
const numberOf = (n: number): string => `+44740012345${n}`
const mostAskedAgain = 200
/** So many recipients that nobody wrote to before: some of them get the new number. */
const newcomers = 40

async function ask(setup: Setup, path: string, form?: Record<string, string>): Promise<Record<string, unknown>> {
  const answer = await fetch(`http://127.0.0.1:${setup.httpPort}${path}`, {
    headers: { authorization: `Basic ${Buffer.from(`${sid}:${token}`).toString('base64')}` },
    ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`)
  return JSON.parse(text) as Record<string, unknown>
}

const account = `/2010-04-01/Accounts/${sid}`

async function addNumber(setup: Setup, service: ProofService): Promise<string> {
  const number = numberOf(service.pool.size)
  const claimed = await ask(setup, `${account}/IncomingPhoneNumbers.json`, { PhoneNumber: number })
  await ask(setup, `/v1/Services/${service.sid}/PhoneNumbers`, { PhoneNumberSid: String(claimed['sid']) })
  service.pool.add(number)
  return number
}

export async function setUpService(setup: Setup): Promise<ProofService> {
  const made = await ask(setup, '/v1/Services', { FriendlyName: 'crash proof' })
  const service: ProofService = { sid: String(made['sid']), pool: new Set() }
  for (let n = 0; n < poolSize; n++) await addNumber(setup, service)
  return service
}

async function senderOf(setup: Setup, id: string): Promise<{ from: string; service: unknown }> {
  const message = await ask(setup, `${account}/Messages/SM${id}.json`)
  return { from: String(message['from']), service: message['messaging_service_sid'] }
}

async function sendAgain(setup: Setup, service: ProofService, to: string): Promise<string> {
  const made = await ask(setup, `${account}/Messages.json`, { To: to, MessagingServiceSid: service.sid, Body: `once more to ${to}` })
  return (await senderOf(setup, String(made['sid']).slice(2))).from
}

/** `sent` was acknowledged; `unknownTo` makes a recipient that nobody has written to. */
export async function serviceFaults(
  setup: Setup,
  service: ProofService,
  sent: readonly { id: string; to: string }[],
  unknownTo: () => string,
): Promise<{ faults: string[]; askedAgain: number }> {
  const faults: string[] = []
  const senders = new Map<string, string>()
  for (const { id, to } of sent) {
    const found = await senderOf(setup, id)
    if (found.service !== service.sid) faults.push(`${id} to ${to} is listed as of ${String(found.service)}, not of its service`)
    if (!service.pool.has(found.from)) faults.push(`${id} to ${to} is from ${found.from}, which is not in the pool`)
    senders.set(to, found.from)
  }
  const added = await addNumber(setup, service)
  const again = [...senders].slice(0, mostAskedAgain)
  for (const [to, before] of again) {
    const now = await sendAgain(setup, service, to)
    if (now !== before) faults.push(`${to} was written to from ${before}, and after the pool grew from ${now}`)
  }
  const others = new Set<string>()
  for (let n = 0; n < newcomers; n++) others.add(await sendAgain(setup, service, unknownTo()))
  if (!others.has(added)) faults.push(`${added} came into the pool and was given to none of ${newcomers} new recipients`)
  return { faults, askedAgain: again.length }
}

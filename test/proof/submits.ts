// The messages of the HTTP proof: posted by the root account, by its messaging service, and by sub-accounts
// with whichever of their keys and tokens is good. Each has an Idempotency-Key; some of those that a kill
// cut are posted again under it.
import { sid, token } from '../bench/gateway.ts'
import type { Asker, Asking } from './asking.ts'
import type { Tenant } from './credentials.ts'
import { sleep } from './rounds.ts'

export interface Submitted {
  account: string
  to: string
  form: Record<string, string>
  isServed: boolean
}
export interface Acknowledged {
  /** Without its SM. */
  id: string
  account: string
  to: string
  isServed: boolean
}

export interface Submits {
  readonly acknowledged: readonly Acknowledged[]
  readonly faults: readonly string[]
  /** Requests without an answer. */
  readonly cut: number
  /** Of those, posted again. */
  readonly repeated: number
  nextRecipient(): string
  /** From the account's own number. */
  submission(account: string, from: string): Submitted
  post(submitted: Submitted, as: Asker): Promise<{ answered: number | undefined; code: unknown }>
  /** Until stopped. */
  load(perSecond: number): { stop(): Promise<void> }
}

/** One message in so many is sent by a messaging service, and one in so many by each sub-account. */
const servedEvery = 3
const tenantEvery = 5
const concurrency = 16
const repeatedShare = 0.5

export function createSubmits(
  asking: Asking,
  parts: {
    callback: string
    /** Without one, nothing is sent by a service. */
    service?: string
    from: string
    tenants: readonly Tenant[]
    text(to: string): string
    random: () => number
  },
): Submits {
  const { callback, service, tenants, random, text } = parts
  const root: Asker = { user: sid, password: token }
  const acknowledged: Acknowledged[] = []
  const faults: string[] = []
  const cut: Submitted[] = []
  let cutCount = 0
  let repeated = 0
  let nextNumber = 10_000_000

  const nextRecipient = (): string => `+4477${String(nextNumber++).padStart(8, '0')}`

  function submission(account: string, from: string | undefined): Submitted {
    const to = nextRecipient()
    const sender: Record<string, string> = from === undefined ? { MessagingServiceSid: service ?? '' } : { From: from }
    return { account, to, isServed: from === undefined, form: { To: to, ...sender, Body: text(to), StatusCallback: callback } }
  }

  function next(): Submitted {
    const again = cut.pop()
    if (again) {
      repeated++
      return again
    }
    if (service !== undefined && nextNumber % servedEvery === 0) return submission(sid, undefined)
    const tenant = tenants[nextNumber % tenantEvery]
    return tenant ? submission(tenant.sid, tenant.number) : submission(sid, parts.from)
  }

  async function post(submitted: Submitted, as: Asker): Promise<{ answered: number | undefined; code: unknown }> {
    const { account, to, form, isServed } = submitted
    const answer = await asking.ask({ path: `/2010-04-01/Accounts/${account}/Messages.json`, as, form, once: `once ${to}` })
    if (!answer) cutCount++
    // 200: it was taken already.
    else if (answer.status < 300) acknowledged.push({ id: String(answer.json['sid']).slice(2), account, to, isServed })
    return { answered: answer?.status, code: answer?.json['code'] }
  }

  async function one(): Promise<void> {
    const submitted = next()
    const good = tenants.find((each) => each.sid === submitted.account)?.credentials.filter(({ holds }) => holds === true) ?? [root]
    const credential = good[Math.floor(random() * good.length)]
    if (!credential) return void cut.push(submitted)
    const { answered } = await post(submitted, credential)
    if (answered === undefined) {
      if (random() < repeatedShare) cut.push(submitted)
      await sleep(5)
    } else if (answered === 401) {
      if ('holds' in credential && credential.holds === true)
        faults.push(`${credential.user} of ${submitted.account} is good, and was refused at ${submitted.to}`)
      cut.push(submitted)
    } else if (answered >= 300) faults.push(`a message of ${submitted.account} to ${submitted.to} was refused with ${answered}`)
  }

  return {
    acknowledged,
    faults,
    get cut() {
      return cutCount
    },
    get repeated() {
      return repeated
    },
    nextRecipient,
    submission,
    post,
    load(perSecond) {
      let running = true
      async function work(): Promise<void> {
        while (running) {
          await one()
          await sleep((1000 * concurrency) / perSecond)
        }
      }
      const workers = Array.from({ length: concurrency }, work)
      return {
        async stop() {
          running = false
          await Promise.all(workers)
        },
      }
    },
  }
}

// A cap in the crash proof: an account that may submit so many messages a month submits until it is
// refused. Its cap is met exactly by what is listed and by what is counted, and each request that a kill
// cut, repeated under its Idempotency-Key, is counted once.
import { api, sid, token, type Setup } from '../bench/gateway.ts'
import { listed } from './evidence.ts'
import type { Strand } from './strand.ts'
import type { Submits, Submitted } from './submits.ts'

const atOnce = 4
const aboveCap = 21611
const mostLeft = 10_000
const root = { user: sid, password: token }

export interface CappedAccount {
  sid: string
  messagesPerMonth: number
}

export function createCapped(setup: Setup, account: CappedAccount, submits: Pick<Submits, 'submission' | 'post'>, number: string): Strand {
  const faults: string[] = []
  const cut: Submitted[] = []
  /** Recipients. */
  const refused: string[] = []
  const startedIn = new Date().getUTCMonth()
  let [taken, repeated] = [0, 0]

  async function one(): Promise<void> {
    const again = cut.pop()
    if (again) repeated++
    const submitted = again ?? submits.submission(account.sid, number)
    const { answered, code } = await submits.post(submitted, root)
    if (answered === undefined) cut.push(submitted)
    else if (answered < 300) taken++
    else if (code === aboveCap) refused.push(submitted.to)
    else faults.push(`a message of ${account.sid} was refused with ${answered} ${String(code)}`)
  }

  return {
    faults,
    async act() {
      // Above its cap now and then is enough.
      const count = refused.length === 0 ? atOnce : 1
      await Promise.all(Array.from({ length: count }, one))
    },
    async look(everything) {
      if (!everything) return
      for (let n = 0; n < mostLeft && (refused.length === 0 || cut.length > 0); n++) await one()
      await one()
      // What was counted last month is not this month's.
      if (new Date().getUTCMonth() !== startedIn) return
      const there = await listed(setup.httpPort, account.sid)
      const recipients = new Set([...there.values()].map(({ to }) => to))
      for (const to of refused) if (recipients.has(to)) faults.push(`the message to ${to} was refused above the cap, and is there`)
      const { thisMonth } = await api<{ thisMonth: { messages: number } }>(setup, `/api/v1/accounts/${account.sid}/usage`)
      for (const [what, found] of [
        ['listed', there.size],
        ['counted', thisMonth.messages],
      ] as const)
        if (found !== account.messagesPerMonth)
          faults.push(`${account.sid} may ${account.messagesPerMonth} a month, and ${found} are ${what}`)
      if (taken > account.messagesPerMonth) faults.push(`${taken} of ${account.sid} were acknowledged`)
    },
    get figures(): [string, number][] {
      return [
        ['messages of an account with a cap, until it was met', taken],
        ['of those repeated under their Idempotency-Key, as a kill had cut the answer', repeated],
        ['of those refused above the cap', refused.length],
      ]
    },
  }
}

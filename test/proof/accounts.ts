// Sub-accounts in the crash proof: one whose creation was answered is there with its token, and has the
// status that was answered last; suspended or closed, nothing is taken from it.
import { sid, token } from '../bench/gateway.ts'
import type { Asker, Asking } from './asking.ts'
import { sample, type Strand } from './strand.ts'

type Status = 'active' | 'suspended' | 'closed'

interface Account extends Asker {
  status: Status
  /** What it may be instead: the answer was cut. */
  asked?: Status | undefined
}

const root: Asker = { user: sid, password: token }
const lookedAt = 4

export function createAccounts(most: number, asking: Asking, random: () => number): Strand {
  const faults: string[] = []
  const all: Account[] = []
  const count = { made: 0, turned: 0, cut: 0 }
  const pathOf = ({ user }: Account): string => `/2010-04-01/Accounts/${user}`

  async function make(): Promise<void> {
    const answer = await asking.ask({ path: '/2010-04-01/Accounts.json', as: root, form: { FriendlyName: `customer ${all.length}` } })
    if (!answer) return void count.cut++
    if (answer.status !== 201) return void faults.push(`a new account was refused with ${answer.status}`)
    all.push({ user: String(answer.json['sid']), password: String(answer.json['auth_token']), status: 'active' })
    count.made++
  }

  async function turn(account: Account, to: Status): Promise<void> {
    account.asked = to
    const answer = await asking.ask({ path: `${pathOf(account)}.json`, as: root, form: { Status: to } })
    if (!answer) return void count.cut++
    account.asked = undefined
    if (answer.status !== 200) return void faults.push(`${account.user} could not become ${to}: ${answer.status}`)
    account.status = to
    count.turned++
    await check(account)
  }

  async function check(account: Account): Promise<void> {
    const answer = await asking.ask({ path: `${pathOf(account)}.json`, as: root })
    if (!answer) return
    const status = answer.json['status'] as Status
    if (account.asked !== undefined && status === account.asked) account.status = status
    account.asked = undefined
    if (status !== account.status) faults.push(`${account.user} is ${status ?? answer.status}, and was answered to be ${account.status}`)
    const form = { To: '+447700900001', From: '+447700900002', Body: 'from a number that is not its own' }
    const own = await asking.ask({ path: `${pathOf(account)}/Messages.json`, as: account, form })
    // 21606: it may send, but not from there. 20005: not active.
    const expected = account.status === 'active' ? 21606 : 20005
    if (own && own.json['code'] !== expected)
      faults.push(`${account.user} is ${account.status}, and its own request was answered ${own.status} ${String(own.json['code'])}`)
  }

  return {
    faults,
    async act() {
      const open = all.filter(({ status, asked }) => status !== 'closed' && asked === undefined)
      const some = open[Math.floor(random() * open.length)]
      if (all.length < most && (!some || random() < 0.5)) return make()
      if (some) await turn(some, some.status === 'suspended' ? 'active' : random() < 0.1 ? 'closed' : 'suspended')
    },
    async look(everything) {
      for (const each of all) if (each.asked !== undefined) await check(each)
      for (const each of everything ? all : sample(all, lookedAt, random)) await check(each)
    },
    get figures(): [string, number][] {
      return [
        ['sub-accounts made', count.made],
        ['times that one was suspended, closed, or active again', count.turned],
        ['of those changes cut by the kill', count.cut],
      ]
    },
  }
}

// Keys and tokens of sub-accounts in the crash proof: made, revoked, added, promoted and dropped under load.
//   a key or token is good from the answer that made it until one revokes it is asked for,
//   once that was answered it is never accepted again,
//   the list of keys has those and no other.
import { sid as rootSid, token as rootToken } from '../bench/gateway.ts'
import type { Asker, Asking } from './asking.ts'
import { sample, type Fact, type Strand } from './strand.ts'

export interface Credential extends Asker, Fact {
  kind: 'token' | 'standard' | 'restricted'
}

export interface Tenant {
  sid: string
  /** It sends from. */
  number: string
  credentials: Credential[]
}

const root: Asker = { user: rootSid, password: rootToken }
const mostKeys = 12
/** A restricted key is told what it may not; whoever is unknown is told 20003. */
const notPermitted = 70051
/** After each start; each is a request. */
const lookedAt = 8

export function createCredentials(tenant: Tenant, asking: Asking, random: () => number): Strand {
  const faults: string[] = []
  const count = { made: 0, revoked: 0, added: 0, promoted: 0, dropped: 0, looked: 0, cut: 0 }
  /** A second token may be there whose text nobody was told. */
  let isStrange = false
  const account = `/2010-04-01/Accounts/${tenant.sid}`
  const tokens = `/api/v1/accounts/${tenant.sid}/tokens`

  /** Whether it is accepted; undefined: no answer. Permissions are another matter. */
  async function accepted(credential: Credential): Promise<boolean | undefined> {
    const answer = await asking.askAfresh({ path: `${account}/Messages.json?PageSize=1`, as: credential })
    return answer && (answer.status !== 401 || answer.json['code'] === notPermitted)
  }

  async function check(credential: Credential): Promise<void> {
    const before = credential.holds
    const is = await accepted(credential)
    if (is === undefined) return
    count.looked++
    if (before === undefined) credential.holds = is
    else if (is !== before)
      faults.push(
        before
          ? `${credential.kind} ${credential.user} of ${tenant.sid} was made, and is refused`
          : `${credential.kind} ${credential.user} of ${tenant.sid} was revoked, and is accepted`,
      )
  }

  /** Asks for the end of it; the answer is to be one of these. */
  async function end(credential: Credential, ask: () => Promise<{ status: number } | undefined>, what: 'revoked' | 'promoted' | 'dropped') {
    credential.holds = undefined
    const answer = await ask()
    if (!answer) return void count.cut++
    if (answer.status >= 300) return void faults.push(`${credential.kind} of ${tenant.sid} could not be ${what}: ${answer.status}`)
    credential.holds = false
    count[what]++
    await check(credential)
  }

  async function makeKey(): Promise<void> {
    const isRestricted = random() < 0.4
    const Policy = '{"allow":["/twilio/messaging/messages/create"]}'
    const answer = await asking.ask(
      isRestricted
        ? { path: '/v1/Keys', as: root, form: { KeyType: 'restricted', AccountSid: tenant.sid, Policy } }
        : { path: `${account}/Keys.json`, as: root, form: { FriendlyName: 'crash proof' } },
    )
    if (!answer) return void count.cut++
    if (answer.status !== 201) return void faults.push(`a key of ${tenant.sid} was refused with ${answer.status}`)
    const made: Credential = {
      kind: isRestricted ? 'restricted' : 'standard',
      user: String(answer.json['sid']),
      password: String(answer.json['secret']),
      holds: true,
    }
    tenant.credentials.push(made)
    count.made++
    await check(made)
  }

  async function turnTokens(): Promise<void> {
    const [first, second] = tenant.credentials.filter(({ kind, holds }) => kind === 'token' && holds !== false)
    if (!first || first.holds === undefined || (second && second.holds === undefined)) return
    if (second) {
      if (random() < 0.6) await end(first, () => asking.ask({ method: 'POST', path: `${tokens}/promote`, as: root }), 'promoted')
      else await end(second, () => asking.ask({ method: 'DELETE', path: `${tokens}/secondary`, as: root }), 'dropped')
    } else if (isStrange) {
      const answer = await asking.ask({ method: 'DELETE', path: `${tokens}/secondary`, as: root })
      if (answer) isStrange = false
    } else {
      isStrange = true
      const answer = await asking.ask({ method: 'POST', path: `${tokens}/secondary`, as: root })
      if (!answer) return void count.cut++
      isStrange = false
      if (answer.status >= 300) return void faults.push(`a second token of ${tenant.sid} was refused with ${answer.status}`)
      const added: Credential = { kind: 'token', user: tenant.sid, password: String(answer.json['token']), holds: true }
      tenant.credentials.push(added)
      count.added++
      await check(added)
    }
  }

  /** Those that an answer that was cut would have told us of are revoked. */
  async function checkList(): Promise<void> {
    const answer = await asking.ask({ path: `/api/v1/keys?account=${tenant.sid}`, as: root })
    if (answer?.status !== 200) return
    const listed = new Set((answer.json['keys'] as { id: string }[]).map(({ id }) => id))
    for (const { user, kind, holds } of tenant.credentials) {
      if (kind === 'token' || holds === undefined) continue
      if (listed.delete(user) !== holds) faults.push(`key ${user} of ${tenant.sid} is ${holds ? 'not listed' : 'listed, and was revoked'}`)
    }
    for (const { user } of tenant.credentials) listed.delete(user)
    for (const id of listed) await asking.ask({ method: 'DELETE', path: `/api/v1/keys/${id}?account=${tenant.sid}`, as: root })
  }

  return {
    faults,
    async act() {
      const keys = tenant.credentials.filter(({ kind, holds }) => kind !== 'token' && holds === true)
      const chance = random()
      if (chance < 0.3) await turnTokens()
      else if (keys.length < mostKeys && (chance < 0.65 || keys.length < 3)) await makeKey()
      else {
        const key = keys[Math.floor(random() * keys.length)]
        if (key) await end(key, () => asking.ask({ method: 'DELETE', path: `${account}/Keys/${key.user}.json`, as: root }), 'revoked')
      }
    },
    async look(all) {
      for (const each of tenant.credentials.filter(({ holds }) => holds === undefined)) await check(each)
      const [newest, older] = [tenant.credentials.slice(-3), tenant.credentials.slice(0, -3)]
      const rest = all ? older : sample(older, lookedAt, random)
      for (const each of [...newest, ...rest]) await check(each)
      await checkList()
    },
    get figures(): [string, number][] {
      return [
        ['keys of sub-accounts made', count.made],
        ['keys revoked', count.revoked],
        ['second tokens added', count.added],
        ['second tokens promoted', count.promoted],
        ['second tokens dropped', count.dropped],
        ['changes of credentials cut by the kill', count.cut],
        ['times that a credential was tried, to be accepted or refused as was answered', count.looked],
      ]
    },
  }
}

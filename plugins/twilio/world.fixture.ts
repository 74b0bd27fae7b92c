// For this plugin's tests: a small gateway in memory that records what it is handed, with the same
// scoping as the real one.
import pino from 'pino'
import {
  type AcceptRefused,
  countSegments,
  createOutbound,
  defaultPolicy,
  newSid,
  systemClock,
  TenancyRefused,
  type Account,
  type Bind,
  type Gateway,
  type Host,
  type MessageView,
  type Outbound,
  type OwnNumber,
  noResources,
  type Author,
  type Resources,
  type Submission,
  type Tenancy,
} from '../../src/plugin.ts'
import { quietGateway } from '../../test/quiet-gateway.ts'
import { keptMessages, ownNumber, type KeptMessages } from './messages.fixture.ts'
import type { TwilioConfig } from './settings.ts'

export const policy: Bind['policy'] = {
  ...defaultPolicy,
  attempts: 3,
  retryFirstMs: 1000,
  retryCapMs: 60_000,
  downLimitMs: 0,
  validitySeconds: 3600,
  maxValiditySeconds: 86_400,
  receiptTimeoutSeconds: 3600,
  partsTimeoutSeconds: 60,
}

export interface World {
  host: Host
  outbound: Outbound
  root: Account
  child: Account
  stranger: Account
  gateway: Gateway<TwilioConfig>
  submissions: Submission[]
  views: Map<string, MessageView>
  /** The next accept is refused so. */
  refuse?: AcceptRefused | Error
  /** Places for concurrent requests; endless when undefined. */
  places?: number
  store: KeptMessages['store']
  number: OwnNumber
  /** Of root, that one first. */
  numbers: OwnNumber[]
  /** The sender, by account, service and handset. */
  stickies: Map<string, string>
  /** Who changed what is configured, change by change. */
  authors: Author[]
}

function account(name: string, over: Partial<Account> = {}): Account {
  const id = newSid('AC')
  return {
    id,
    name,
    status: 'active',
    createdAt: 0,
    updatedAt: 0,
    token: newSid('AC').slice(2),
    inheritRoutes: true,
    weight: 1,
    concurrency: 0,
    privateWebhooks: true,
    ...over,
  }
}

/** Nobody's accounts and numbers: those that are somebody's are tried over the real admin room. */
const absent = (): Promise<never> => Promise.reject(new TenancyRefused('absent', 'There is no such thing.'))
const none = (): never => {
  throw new TenancyRefused('absent', 'There is no such thing.')
}
export const nobodys: Tenancy = {
  accounts: () => [],
  createAccount: absent,
  changeAccount: absent,
  offered: () => [],
  claim: absent,
  changeNumber: absent,
  release: absent,
  credentials: {
    keys: none,
    createKey: absent,
    changeKey: absent,
    revokeKey: absent,
    addToken: absent,
    promoteToken: absent,
    dropToken: absent,
    tokens: none,
    limitTokens: absent,
    renewTest: absent,
  },
}

export function world(): World {
  const root = account('root')
  const child = account('child', { parent: root.id })
  const stranger = account('stranger')
  const accounts = [root, child, stranger]
  const log = pino({ level: 'silent' })
  const outbound = createOutbound()
  const kept = keptMessages()
  const byKey = new Map<string, string>()
  const submissions: Submission[] = []
  const number: OwnNumber = {
    value: ownNumber,
    account: root.id,
    id: newSid('PN'),
    name: '',
    bind: `${root.id}/api`,
    settings: {},
    createdAt: 0,
    updatedAt: 0,
  }

  const resources = new Map<string, Resources>()
  const resourcesOf = (owner: string): Resources => resources.get(owner) ?? noResources

  function gatewayOf(owner: Account): Gateway<TwilioConfig> {
    return {
      ...quietGateway,
      bind: {
        id: `${owner.id}/api`,
        account: owner.id,
        name: 'api',
        connector: 'twilio',
        side: 'client',
        enabled: true,
        paused: false,
        policy,
        config: {},
        createdAt: 0,
        updatedAt: 0,
      },
      log,
      clock: systemClock,
      async accept(submission) {
        if (made.refuse) throw made.refuse
        submissions.push(submission)
        const key = submission.idempotencyKey && `${owner.id} ${submission.idempotencyKey}`
        const known = key && byKey.get(key)
        if (known) return known
        const { idempotencyKey: _key, sticky, validUntil = Date.now(), ...rest } = submission
        if (sticky && rest.service !== undefined) made.stickies.set(`${owner.id} ${rest.service} ${rest.to.value}`, rest.from.value)
        const { message } = kept.store(
          owner,
          { ...rest, validUntil, segments: countSegments(submission.body) },
          { state: submission.deliverAfter ? 'scheduled' : 'queued' },
        )
        if (key) byKey.set(key, message.id)
        return message.id
      },
      part: async () => {},
      receipt: async () => 'matched',
      sticky: (service, to) => made.stickies.get(`${owner.id} ${service} ${to}`),
      resources: () => resourcesOf(owner.id),
      number: (value) => (owner === root ? made.numbers.find((one) => one.value === value) : undefined),
      account: () => owner,
      outbound,
    }
  }

  const gateways = new Map([root, child].map((a) => [a.id, gatewayOf(a)]))
  const made: World = {
    root,
    child,
    stranger,
    outbound,
    submissions,
    views: kept.views,
    store: kept.store,
    number,
    numbers: [number],
    stickies: new Map(),
    authors: [],
    gateway: gatewayOf(root),
    host: {
      log,
      clock: systemClock,
      publicUrl: 'http://127.0.0.1',
      accountCalled: () => undefined,
      onChange: () => {},
      onTracing: () => () => {},
      identify(authorization) {
        const [sid, token] = Buffer.from(authorization?.replace(/^Basic /, '') ?? '', 'base64')
          .toString()
          .split(':')
        const found = accounts.find((a) => a.id === sid && a.token === token)
        return found && { account: found, may: (id) => id === found.id || accounts.some((a) => a.id === id && a.parent === found.id) }
      },
      account: (id) => accounts.find((a) => a.id === id),
      gateway: (_connector, id) => gateways.get(id),
      claimed: () => [],
      calling: () => [],
      claimants: () => [],
      numbers: (id) => (id === root.id ? made.numbers : []),
      resources: resourcesOf,
      async changeResource(by, owner, id, step) {
        made.authors.push(by)
        const known = resourcesOf(owner).get(id)
        const next = step(known)
        const left = new Map(resourcesOf(owner))
        left.delete(id)
        const now = Date.now()
        if (next) left.set(id, { id, account: owner, ...next, createdAt: known?.createdAt ?? now, updatedAt: now })
        resources.set(owner, left)
        return left.get(id)
      },
      usage: async () => [],
      enter() {
        if (made.places === undefined) return () => {}
        if (made.places === 0) return undefined
        made.places--
        return () => void (made.places = (made.places ?? 0) + 1)
      },
      messages: kept.messages,
      tenancy: nobodys,
      outbound,
    },
  }
  return made
}

// What the gateway gives connectors that peers reach (HTTP, listeners): who a request is from, and the
// accounts, numbers and messages that it may see and change.
import type { Logger } from 'pino'
import type { Clock } from './clock.ts'
import type { Account, OwnNumber } from './model/account.ts'
import type { KeyView } from './model/credential.ts'
import type { FailureFacts } from './model/failure.ts'
import type { MessageState } from './model/life.ts'
import type { AccountId, BindId, Message, MessageId } from './model/message.ts'
import type { Resource, Resources } from './model/resource.ts'
import type { Decision } from './model/route.ts'
import type { Tenancy } from './model/tenancy.ts'
import type { UsageRow, UsageSpan } from './model/usage.ts'
import type { Outbound } from './outbound.ts'
import type { Gateway } from './plugin.ts'

/** Who a request is from: the account it authenticated as, suspended where one above it is. It may act on that account and all below. */
export interface Identity {
  account: Account
  may(account: AccountId): boolean
  /** Absent: by a token of the account, which may everything. A key is for its own account alone. */
  key?: IdentityKey
  /** By test credentials: `account` goes by their id, which is nobody's, so that nothing is found or changed; this is whose they are. */
  testOf?: AccountId
}

export type IdentityKey = Pick<KeyView, 'id' | 'kind'> & { allow: ReadonlySet<string> }

/** Who changes the configuration: written with the revision. Only what is of `account` or below it is changed. */
export interface Author {
  account: AccountId
  author: string
  /** The address it came from. */
  source: string
}

/** What a connector that peers reach (HTTP, listeners) may ask of the gateway. */
export interface Host {
  log: Logger
  clock: Clock
  /** The address under which the world reaches our HTTP, without a trailing slash. */
  publicUrl: string
  /** The account that an operator means: `root`, a SID, or a name (the oldest account's that has it). */
  accountCalled(text: string): AccountId | undefined
  /** Called after each change of accounts, binds, routes and numbers. */
  onChange(call: () => void): void
  /** Called now, and whenever the first trace of any bind begins or the last one ends. Answers how to stop that. */
  onTracing(call: (any: boolean) => void): () => void
  /** HTTP Basic, compared in constant time; failures by address are slowed. Undefined: 401. */
  identify(authorization: string | undefined, remoteAddress: string): Promise<Identity | undefined> | Identity | undefined
  /** Undefined when absent: ask identity.may first. Suspended where one above it is. */
  account(id: AccountId): Account | undefined
  /** The account's own enabled client bind of this connector. */
  gateway(connector: string, account: AccountId): Gateway | undefined
  /**
   * Every enabled client bind of this connector that goes by this name, of any account, oldest
   * first: the one whose credentials fit is meant. Names of others are never a hindrance.
   */
  claimed(connector: string, name: string): readonly Gateway[]
  /** All of those, whatever their names. */
  claimants(connector: string): readonly Gateway[]
  /** The same of enabled supplier binds, whose peer introduces itself so (Connector.caller). */
  calling(connector: string, name: string): readonly Gateway[]
  /** Every number of exactly this account. */
  numbers(account: AccountId): OwnNumber[]
  /** What connectors keep of exactly this account, by id. */
  resources(account: AccountId): Resources
  /**
   * Makes, changes or (where `step` answers undefined) deletes one, as a revision by `by`. `step` is given it as
   * it is, one change at a time, and may be called again; what it throws refuses the change.
   */
  changeResource(
    by: Author,
    account: AccountId,
    id: string,
    step: (now: Resource | undefined) => Pick<Resource, 'kind' | 'settings'> | undefined,
  ): Promise<Resource | undefined>
  /** What the account had accepted, by day. */
  usage(account: AccountId, span: UsageSpan): Promise<UsageRow[]>
  /** Takes a place among the account's concurrent requests; undefined when none is left: answer 429. Call the result when done. */
  enter(account: AccountId): (() => void) | undefined
  messages: Messages
  tenancy: Tenancy
  outbound: Outbound
}

/** Messages of one account, for connectors and the admin API alike. Every call is scoped: another account's id is absent. */
export interface Messages {
  get(account: AccountId, id: MessageId): Promise<MessageView | undefined>
  list(query: {
    account: AccountId
    to?: string
    from?: string
    after?: number
    before?: number
    limit: number
    cursor?: string
  }): Promise<{ messages: MessageView[]; next?: string }>
  /** What still waits, scheduled or queued; and what was sent, where the carrier takes all of it back. */
  cancel(account: AccountId, id: MessageId): Promise<'canceled' | 'too-late' | 'absent'>
  redact(account: AccountId, id: MessageId): Promise<'redacted' | 'not-ended' | 'absent'>
  /** What the recipient did with it, as its sender saw: written in its trace. False: absent. */
  feedback(account: AccountId, id: MessageId, outcome: 'confirmed' | 'unconfirmed'): Promise<boolean>
  remove(account: AccountId, id: MessageId): Promise<'removed' | 'not-ended' | 'absent'>
  /** Changes what still waits (SMPP replace_sm), and the text of what was sent, where the carrier does that; what is left out stays. Rejects with AcceptRefused what the bind by which it came does not take. */
  replace(account: AccountId, id: MessageId, change: Replacement): Promise<'replaced' | 'too-late' | 'absent'>
}

export type Replacement = Partial<Pick<Message, 'body' | 'validUntil' | 'receipt'>>

export interface MessageView {
  message: Message
  decision: Decision
  state: MessageState
  failure?: FailureFacts
  /** Of the newest attempt. */
  bind?: BindId
  updatedAt: number
  sentAt?: number
  finalAt?: number
  redacted: boolean
}

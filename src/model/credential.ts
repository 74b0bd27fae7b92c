// By what somebody may act as an account, beside its auth token: API keys, a second token while apps
// change over to it, and test credentials, with which nothing leaves.
import type { Caller } from './caller.ts'
import type { AccountId } from './message.ts'

/**
 * main: as the account's token, but revocable and of this account alone. standard: everything but accounts and keys.
 * restricted: what `allow` names.
 */
export type KeyKind = 'main' | 'standard' | 'restricted'

export interface KeyView {
  /** SK and 32 hex digits. */
  id: string
  name: string
  kind: KeyKind
  /** Permissions (model/permission.ts); empty unless it is restricted. */
  allow: readonly string[]
  /** Addresses and networks it is good from; empty: any. */
  sources: readonly string[]
  createdAt: number
  updatedAt: number
}

export interface ApiKey extends KeyView {
  /** SHA-256 of its secret, hex. That has 190 random bits: nothing slower is needed. */
  hash: string
}

export interface AccountCredentials {
  /** As good as the token. */
  secondary?: { token: string; createdAt: number }
  /** What stands for the account and its token where nothing shall leave. */
  test?: TestCredentials
  /** Addresses and networks that its tokens are good from; empty: any. */
  sources: readonly string[]
  /** Oldest first. */
  keys: readonly ApiKey[]
}

export interface TestCredentials {
  /** AC and 32 hex digits; no account has it. */
  id: AccountId
  token: string
}

export const noCredentials: AccountCredentials = { sources: [], keys: [] }

export interface KeyChange {
  name?: string
  allow?: readonly string[]
  sources?: readonly string[]
}

/** What can be done to the credentials of `account`, which is the caller's or below it; each change is a revision. */
export interface Credentials {
  /** Oldest first. */
  keys(caller: Caller, account: AccountId): KeyView[]
  /** The secret is told here and never again. */
  createKey(caller: Caller, account: AccountId, kind: KeyKind, change: KeyChange): Promise<{ key: KeyView; secret: string }>
  changeKey(caller: Caller, account: AccountId, id: string, change: KeyChange): Promise<KeyView>
  /** It is refused from now on. */
  revokeKey(caller: Caller, account: AccountId, id: string): Promise<void>
  /** A second token, good at once beside the first. Invalid where there is one already. */
  addToken(caller: Caller, account: AccountId): Promise<{ token: string; createdAt: number }>
  /** The second token becomes the only one; signatures are made with it from now on. Absent where there is none. */
  promoteToken(caller: Caller, account: AccountId): Promise<{ token: string }>
  /** Absent where there is none. */
  dropToken(caller: Caller, account: AccountId): Promise<void>
  /** Whether there is a second token, and the addresses that the tokens are good from. */
  tokens(caller: Caller, account: AccountId): TokensView
  limitTokens(caller: Caller, account: AccountId, sources: readonly string[]): Promise<TokensView>
  /** A new pair, told here and never again; with the same id where there was one. */
  renewTest(caller: Caller, account: AccountId): Promise<TestCredentials>
}

export interface TokensView {
  secondaryCreatedAt?: number
  sources: readonly string[]
  /** Id of the test credentials. */
  test?: AccountId
}

/** `action` is of `needs`: `/twilio/messaging/messages` and `create`; empty where `needs` names one. */
export function mayDo({ kind, allow }: Pick<KeyView, 'kind'> & { allow: ReadonlySet<string> }, needs: string, action: string): boolean {
  if (kind === 'main') return true
  if (needs === 'main') return false
  if (kind === 'standard') return true
  const resource = action === '' ? needs.slice(0, needs.lastIndexOf('/')) : needs
  return allow.has(action === '' ? needs : `${needs}/${action}`) || allow.has(`${resource}/*`)
}

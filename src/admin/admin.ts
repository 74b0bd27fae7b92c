// Everything that can be done to accounts, binds, routes, numbers and messages: the words and the
// promises, for whoever puts HTTP, a command line or a console in front. No call shows, changes or
// lets guess anything outside the caller's own subtree: an id from elsewhere is absent. Secrets
// leave only masked (`mask`); giving the mask back keeps what is stored.
import type { Account, AccountStatus, AlphaSenders, Claims, OptOutSetting } from '../model/account.ts'
import type { BindPolicy, Side } from '../model/bind.ts'
import type { Caps } from '../model/caps.ts'
import type { BodyKind } from '../model/body.ts'
import type { Credentials } from '../model/credential.ts'
import type { AccountId, BindId } from '../model/message.ts'
import type { Tenancy } from '../model/tenancy.ts'
import type { Messages } from '../plugin.ts'
import type { Caller, Changed, ChangeOptions, Fault } from './caller.ts'
import type { AdminMessages, AdminOptOuts, Lanes } from './traffic.ts'
import type { AccountUsages } from './used.ts'
import type { AdminTraces, Audit, Receipts, Registrations, Statistics } from './watch.ts'

export * from './caller.ts'
export * from './traffic.ts'
export * from './watch.ts'

// Accounts

/** Absent fields take their defaults when the account is new, and stay as they are when it is not. */
export interface AccountInput {
  name?: string
  /** 32 lowercase hex digits; made up when absent. */
  token?: string
  status?: AccountStatus
  /** May use the parent's routes and binds; true. */
  inheritRoutes?: boolean
  weight?: number
  concurrency?: number
  /** Laid over those that it has; 0 takes one away. */
  caps?: { [Cap in keyof Caps]?: Caps[Cap] | undefined }
  /** Empty removes it. */
  cdrUrl?: string
  privateWebhooks?: boolean
  /** `inherit`: as the account above has it. */
  optOut?: OptOutSetting | 'inherit'
  /** Names by the prefixes of the recipients that may see them. `inherit`: as the account above has it. */
  alphaSenders?: AlphaSenders | 'inherit'
  /** Which numbers it may take. `inherit`: as the account above. */
  claims?: Claims | 'inherit'
}

/** Its token is masked. */
export type AccountView = Omit<Account, 'credentials'>

export interface Accounts {
  /** The caller's account and all below it, parents before children. */
  list(caller: Caller): AccountView[]
  get(caller: Caller, id: AccountId): AccountView | undefined
  /** Under `parent` (the caller's account or one below). With the client bind `api`. The token is shown here and never again. */
  create(caller: Caller, parent: AccountId, input: AccountInput, options?: ChangeOptions): Promise<Changed<AccountView> & { token: string }>
  /** Limits, status and rights of an account are set from above it: the account itself may change its name, cdrUrl and optOut. */
  update(caller: Caller, id: AccountId, input: AccountInput, options?: ChangeOptions): Promise<Changed<AccountView>>
  /** Another parent, for the account and all below it. Refused where a circle would come of it. */
  reparent(caller: Caller, id: AccountId, parent: AccountId, options?: ChangeOptions): Promise<Changed<AccountView>>
  /** A closed account stays closed. */
  setStatus(caller: Caller, id: AccountId, status: AccountStatus, options?: ChangeOptions): Promise<Changed<AccountView>>
  /** The old token is refused from now on. The new one is shown here and never again. */
  rotateToken(caller: Caller, id: AccountId): Promise<Changed<AccountView> & { token: string }>
}

// Binds, routes and numbers: `put` creates or replaces, and does nothing when it is already so.
// The same shapes are written in a document (docs/configuration.md).

export interface BindInput {
  name?: string
  connector: string
  /** Absent: the only side that the connector has, or `supplier`. Fixed once made, like the connector. */
  side?: Side
  /** true */
  enabled?: boolean
  /** Absent: as it is. */
  paused?: boolean
  /** Accounts below that may send through it, each with all below it, by SID or name. Absent: every one that inherits; empty: none. */
  grant?: string[]
  policy?: Partial<BindPolicy>
  config?: unknown
}

export interface BindView {
  /** Unique in its account. */
  id: string
  account: AccountId
  /** `<account>/<id>`: what lanes, decisions and attempts say. */
  bind: BindId
  name: string
  connector: string
  side: Side
  enabled: boolean
  paused: boolean
  grant?: AccountId[]
  policy: BindPolicy
  config: unknown
  createdAt: number
  updatedAt: number
  /** Why it does not run though it is enabled: its stored settings no longer hold. */
  faults?: Fault[]
}

export type Day = 'sun' | 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat'

/** Binds are named by their id in the route's account, else the nearest account above it, or by `<account>/<id>`. */
export interface RouteInput {
  name?: string
  /** true */
  enabled?: boolean
  /** Destination prefix, `+44`; empty is the default route. */
  prefix: string
  /** Sender prefix, or a whole alphanumeric sender. */
  sender?: string
  /** Only messages of this account: the route's own or one below. */
  account?: AccountId
  /** Only messages that arrived on this bind. */
  arrival?: string
  kind?: BodyKind
  time?: { days?: Day[]; from: string; to: string; zone: string }
  /** Weights: which share of messages tries which bind first. */
  split?: Record<string, number>
  /** In this order; after those of `split`, where both are there. */
  to?: string[]
  /** false */
  failoverOnReceipt?: boolean
  /** Accounts below whose messages it takes; as of a bind. */
  grant?: string[]
}

export interface RouteView extends RouteInput {
  id: string
  /** The account that owns the route. */
  owner: AccountId
  name: string
  enabled: boolean
  failoverOnReceipt: boolean
}

export interface NumberInput {
  name?: string
  /** A client bind of the same account; `api`. */
  bind?: string
  settings?: Record<string, string>
  /** Accounts below may claim it; false. */
  offered?: boolean
  /** Handsets may opt out of it by a word; absent: as the account has it. */
  optOut?: boolean
}

export interface NumberView {
  /** E.164 with +, or a short code. */
  number: string
  /** PN and 32 hex digits. */
  id: string
  account: AccountId
  name: string
  bind: string
  settings: Record<string, string>
  offered?: boolean
  optOut?: boolean
  createdAt: number
  updatedAt: number
}

/** `account` may be any account of the caller's subtree; things are named within it. */
export interface Things<Input, View> {
  /** Of exactly this account. */
  list(caller: Caller, account: AccountId): View[]
  get(caller: Caller, account: AccountId, id: string): View | undefined
  put(caller: Caller, account: AccountId, id: string, input: Input, options?: ChangeOptions): Promise<Changed<View>>
  /** False when there was none. Refused (in-use) while something refers to it. */
  delete(caller: Caller, account: AccountId, id: string, options?: ChangeOptions): Promise<boolean>
}

export type Binds = Things<BindInput, BindView>
export type Routes = Things<RouteInput, RouteView>
/** `id` is the number itself. */
export type Numbers = Things<NumberInput, NumberView>

// Documents

export interface FieldChange {
  /** `policy.window`, `config.port` … */
  field: string
  before?: unknown
  after?: unknown
}

export interface PlannedChange {
  change: 'create' | 'update' | 'delete'
  kind: 'account' | 'bind' | 'route' | 'number' | 'resource'
  /** For people: `bind carrier-a of My company`. */
  what: string
  account: AccountId
  id: string
  fields: FieldChange[]
}

/** Holds no secret; can be shown as it is. Nothing can be applied while there are faults. */
export interface Plan {
  /** The revision that it was made on. */
  revision: number
  changes: PlannedChange[]
  faults: Fault[]
}

export interface PlanOptions {
  /** What `${NAME}` stands for. Pass the variables of whoever wrote the document, never the gateway's own. */
  variables: Readonly<Record<string, string | undefined>>
  /** Deletes what the named accounts have and the document's sections leave out. */
  prune?: boolean
}

export interface ExportOptions {
  /** The caller's own, when absent. */
  account?: AccountId
  /** masked: what is stored stays. variables: each is a variable, to be set where the document is applied. */
  secrets?: 'masked' | 'variables'
}
export interface Exported {
  revision: number
  document: string
  /** Those to be set, in the order of the document. */
  variables: string[]
}

export interface Documents {
  /** The account and all below it as a document without secrets. Planned here it changes nothing. */
  export(caller: Caller, options: ExportOptions): Promise<Exported>
  plan(caller: Caller, text: string, options: PlanOptions): Promise<Plan>
  /** All or nothing. Only for a plan of this process; refused (conflict) when the configuration moved since. */
  apply(caller: Caller, plan: Plan): Promise<{ revision: number; changes: PlannedChange[] }>
  /** Both at once: other changes wait until it is done. */
  make(caller: Caller, text: string, options: PlanOptions & ChangeOptions): Promise<{ revision: number; changes: PlannedChange[] }>
}

export interface Admin {
  accounts: Accounts
  credentials: Credentials
  binds: Binds
  routes: Routes
  numbers: Numbers
  documents: Documents
  messages: AdminMessages
  lanes: Lanes
  traces: AdminTraces
  optOuts: AdminOptOuts
  audit: Audit
  statistics: Statistics
  usages: AccountUsages
  receipts: Receipts
  registrations: Registrations
  /** Scoped by exact account, for connectors: what a plugin's Host has. */
  hostMessages: Messages
  /** Accounts and numbers for connectors, likewise. */
  tenancy: Tenancy
  /** Newest first. Of changes outside the caller's subtree nothing is shown. */
  revisions: Audit['revisions']
}

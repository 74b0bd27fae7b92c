// The configuration as the store keeps it: rows, the revisions that changed them, and what is told of each.
import type { AccountId } from '../model/message.ts'

export type ConfigurationKind = 'account' | 'bind' | 'route' | 'number' | 'resource' | 'setting'
export interface ConfigurationRow {
  kind: ConfigurationKind
  /** Unique within its kind. */
  key: string
  body: string
}
export interface ConfigurationPage {
  /** As of which it is. */
  revision: number
  rows: ConfigurationRow[]
  more: boolean
}
export interface ConfigurationChange {
  author: string
  /** Where the change came from: an address, or `cli`. */
  source: string
  puts: ConfigurationRow[]
  deletes: { kind: ConfigurationKind; key: string }[]
  /** Refused when the newest revision is another. */
  expected?: number
  /** What is kept of it with the revision; absent: kinds and keys alone. */
  changes?: readonly RevisionChange[]
}
export interface RevisionChange {
  /** Of what is no configuration (an opt-out by hand, a purged lane) only that it was done is kept with the revision. */
  kind: ConfigurationKind | 'optout' | 'lane'
  key: string
  change: 'put' | 'delete'
  told?: ToldChange
}
/** A change as people read it, and whose affair it is. Never a secret. Plain JSON. */
export interface ToldChange {
  change: 'create' | 'update' | 'delete'
  what: string
  /** Whose thing it is. */
  account: AccountId
  id: string
  /** The account that asked for it. */
  by: AccountId
  fields: { field: string; before?: unknown; after?: unknown }[]
}
export interface Revision {
  revision: number
  at: number
  author: string
  source: string
  changes: RevisionChange[]
}

/** Thrown when a configuration change was made on an older revision. */
export class RevisionConflict extends Error {}

// What a resource of the 2010 API is given to answer, and what it answers with.
import type { Account, Host, Identity } from '../../src/plugin.ts'
import type { Form } from './form.ts'

/** A request by somebody who may act on `account`. */
export interface Call {
  host: Host
  identity: Identity
  /** The one that the path names; the caller's own where it names none. */
  account: Account
  /** A HEAD is a GET here, and a POST with `_method=DELETE` a DELETE. */
  method: string
  /** What the route's pattern caught of the path. */
  caught: readonly (string | undefined)[]
  /** No suffix means XML, whatever the Accept header says. */
  format: 'json' | 'xml'
  /** What links begin with: the version, and what stands before it, as asked with. */
  base: string
  /** As requested, without the query: what a 404 names. */
  path: string
  /** The query as it came, without its question mark. */
  search: string
  /** Of a POST; else empty. */
  form: Form
  remoteAddress: string
  /** The first header of this name, which is in lower case. */
  header(name: string): string | undefined
}

export interface Answer {
  status: number
  body: string
  headers?: readonly string[]
}

export interface Route {
  /** Of the path between the version and the suffix: `/Accounts/AC…/Messages/SM…`. */
  path: RegExp
  /** Throws Refused. */
  answer(call: Call): Promise<Answer>
}

/** A path of an account, by the pattern of what follows its SID: `/Balance`. */
export function under(tail: string): RegExp {
  return new RegExp(`^/Accounts/[^/]*${tail}$`)
}

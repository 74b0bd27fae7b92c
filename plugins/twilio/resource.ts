// What a resource of the facade is given to answer, and what it answers with.
import type { Account, Author, Host, Identity } from '../../src/plugin.ts'
import { Refused } from './errors.ts'
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
  /** In the 2010 API no suffix means XML, whatever the Accept header says; from `/v1/` on there is JSON alone. */
  format: 'json' | 'xml'
  /** What links begin with: the version, and what stands before it, as asked with; empty from `/v1/` on. */
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
  /** Content-Type, where it is not that of the path's suffix. */
  type?: string
}

export interface Route {
  /** Of the path between the version and the suffix, `/Accounts/AC…/Messages/SM…`; or of a whole one from `/v1/` on. */
  path: RegExp
  /**
   * What a restricted key must be allowed, by Twilio's name and without the action, which is told by the request (create,
   * read, update, delete, list): `/twilio/messaging/messages`. One that ends in an action is meant for every request.
   * `main`: a standard or restricted key never may.
   */
  needs: string
  /** Throws Refused. */
  answer(call: Call): Promise<Answer>
}

/** A path of an account, by the pattern of what follows its SID: `/Balance`. */
export function under(tail: string): RegExp {
  return new RegExp(`^/Accounts/[^/]*${tail}$`)
}

type Verb = (call: Call) => Answer | Promise<Answer>

/** By the method; 405 where there is none. */
export function verbs(of: { GET?: Verb; POST?: Verb; DELETE?: Verb }): Route['answer'] {
  return async (call) => {
    const { method } = call
    const verb = method === 'GET' || method === 'POST' || method === 'DELETE' ? of[method] : undefined
    if (!verb) throw new Refused(20004)
    return await verb(call)
  }
}

/** There is no such thing; or it is another account's, and nobody can tell which. */
export const gone = ({ path }: Pick<Call, 'path'>): Refused => new Refused(20404, path)

/** Who is written with a change that a call makes. */
export function authorOf({ identity, remoteAddress }: Call): Author {
  return { account: identity.account.id, author: identity.key?.id ?? identity.account.id, source: remoteAddress }
}

/** The address that the caller reached us under, for absolute URLs: what it says itself, since only it is told. */
export function originOf({ header, host }: Call): string {
  const name = header('x-forwarded-host') ?? header('host') ?? ''
  const scheme = header('x-forwarded-proto') ?? 'http'
  return /^[A-Za-z0-9.:[\]-]{1,255}$/.test(name) && /^https?$/.test(scheme) ? `${scheme}://${name}` : host.publicUrl
}

/** What stands before the query. */
export function pathOf(url: string): string {
  const query = url.indexOf('?')
  return query === -1 ? url : url.slice(0, query)
}

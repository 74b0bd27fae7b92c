// Who asks for an operation, what it may see, how a change is asked for and answered, and how it is refused:
// one error with every fault at once, in words.
import { isWithin, type Tree } from '../model/configuration.ts'
import type { Caller } from '../model/caller.ts'
import type { AccountId } from '../model/message.ts'

/** What stands in a view where a secret is. */
export const mask = '••••'

export type { Caller } from '../model/caller.ts'

/** How a change may be asked for: only if the newest revision is still this one. */
export interface ChangeOptions {
  expected?: number
}

/** What a change came to. `changed` is false when everything already was so: no revision was made. */
export interface Changed<View> {
  view: View
  revision: number
  changed: boolean
  created: boolean
}

/** One thing that is wrong, where, and what would be right. */
export interface Fault {
  /** `binds[2].config.port`; empty when it is about the whole. */
  path: string
  /** `expected 1–65535, got 99999` */
  message: string
  /** In a document, from 1. */
  line?: number
}

/**
 * absent: no such thing (or not the caller's). invalid: see `faults`, all of them at once.
 * conflict: made on an older revision. in-use: something else needs it; `faults` say what.
 * forbidden: the caller sees it but may not do this (its parent may).
 */
export type RefusedWhy = 'absent' | 'invalid' | 'conflict' | 'in-use' | 'forbidden'

/** The only error that admin operations throw for what a caller did. Nothing was changed. */
export class Refused extends Error {
  readonly why: RefusedWhy
  readonly faults: Fault[]
  constructor(why: RefusedWhy, message: string, faults: Fault[] = []) {
    super(message)
    this.name = 'Refused'
    this.why = why
    this.faults = faults
  }
}

/** Throws Refused unless the account is the caller's or below it. */
export function mustSee(accounts: Tree['accounts'], caller: Caller, id: AccountId): void {
  if (!accounts.has(id) || !isWithin({ accounts }, id, caller.account)) throw new Refused('absent', `There is no account ${id}.`)
}

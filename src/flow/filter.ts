// What a bind's policy lets in: addresses at both ends, the length of texts, validity. Pure, and quick
// where nothing is set. What is refused says by which rule.
import type { Address } from '../model/address.ts'
import type { AddressFilter, Bind, BindPolicy } from '../model/bind.ts'
import type { Submission } from '../model/message.ts'
import { AcceptRefused } from '../plugin.ts'

/** Refuses what may not come from or go to where it says: a whole submission, or a part of one. */
export function refuseAddresses(bind: Bind, { from, to }: Pick<Submission, 'from' | 'to'>): void {
  const { sources, destinations } = bind.policy
  const source = filterFault(sources, from)
  if (source !== undefined) throw new AcceptRefused('source-not-allowed', `The sender ${from.value} ${source}.`)
  const destination = filterFault(destinations, to)
  if (destination !== undefined) throw new AcceptRefused('destination-not-allowed', `The recipient ${to.value} ${destination}.`)
}

/** Refuses a body that is shorter or longer than the bind takes. An MMS has no such length. */
export function refuseLength({ policy }: Bind, { body }: Pick<Submission, 'body'>): void {
  if ((policy.shortestText === 0 && policy.longestText === 0) || body.kind === 'mms') return
  const length = body.kind === 'text' ? characters(body.text) : body.data.length
  const unit = body.kind === 'text' ? 'characters' : 'octets'
  if (length < policy.shortestText)
    throw new AcceptRefused('too-short', `The body has ${length} ${unit}; this bind takes ${policy.shortestText} or more.`)
  if (policy.longestText > 0 && length > policy.longestText)
    throw new AcceptRefused('too-long', `The body has ${length} ${unit}; this bind takes at most ${policy.longestText}.`)
}

/** When a message ends at the latest. `from`: when it may first be sent. Refuses a validity above the bind's, where it does. */
export function validUntilOf(policy: BindPolicy, submission: Submission, from: number, now: number): number {
  const most = from + policy.maxValiditySeconds * 1000
  const asked = submission.validUntil
  if (asked !== undefined && asked > most && policy.aboveMaxValidity === 'refuse') {
    const seconds = Math.round((asked - from) / 1000)
    throw new AcceptRefused('validity', `A validity of ${seconds} s was asked for; this bind takes at most ${policy.maxValiditySeconds} s.`)
  }
  const until = Math.min(asked ?? from + policy.validitySeconds * 1000, most)
  const mode = submission.mode ?? policy.mode
  return mode === 'store' ? until : Math.min(until, now + policy.modeLimitMs)
}

/** Why an address does not pass, as the end of a sentence; undefined when it does. */
export function filterFault(filter: AddressFilter, { value, ton, npi }: Address): string | undefined {
  const { allow, deny, tons, npis } = filter
  if (tons.length > 0 && !tons.includes(ton)) return `has the type of number ${ton}; this bind takes ${tons.join(', ')}`
  if (npis.length > 0 && !npis.includes(npi)) return `has the numbering plan ${npi}; this bind takes ${npis.join(', ')}`
  for (const pattern of deny) if (matches(pattern, value)) return `is not allowed here: ${pattern}`
  if (allow.length === 0) return undefined
  for (const pattern of allow) if (matches(pattern, value)) return undefined
  return 'is not among those allowed here'
}

/**
 * `+44` is a prefix, a word with letters is the whole address, and with `*` (any run) or `?` (any one
 * character) it is a pattern of the whole. Case counts. In time linear in both for one `*`.
 */
export function matches(pattern: string, value: string): boolean {
  if (!/[*?]/.test(pattern)) return /[A-Za-z]/.test(pattern) ? value === pattern : value.startsWith(pattern)
  let [p, v, star, retry] = [0, 0, -1, 0]
  while (v < value.length) {
    if (p < pattern.length && (pattern[p] === '?' || (pattern[p] === value[v] && pattern[p] !== '*'))) {
      p++
      v++
    } else if (pattern[p] === '*') {
      star = p++
      retry = v
    } else if (star >= 0) {
      p = star + 1
      v = ++retry
    } else return false
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}

/** As a reader counts: a surrogate pair is one. */
function characters(text: string): number {
  let pairs = 0
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) pairs++
  return text.length - pairs
}

// Opt-out on the road of a message: what an inbound word says, and whether a handset takes no more from a
// sender: asked when the message is accepted, and again when its turn comes. The list alone refuses; the
// setting of the service or account says by which words a handset changes it.
import { international, parseAddress, type Address } from '../model/address.ts'
import type { OwnNumber } from '../model/account.ts'
import { isWithin } from '../model/configuration.ts'
import { finish, type Transition } from '../model/transition.ts'
import type { AccountId, Submission } from '../model/message.ts'
import { keywordOf, optOutRules, partyOf, type Keyword } from '../model/optout.ts'
import { AcceptRefused } from '../plugin.ts'
import { lineage } from '../model/grant.ts'
import type { MessageRecord, NewMessage, OptOutKey } from '../store/store.ts'
import type { Core } from './core.ts'

export interface Heard {
  keyword: Keyword
  number: OwnNumber
  /** The pair that it is about: of the service for which the number sends, or else of the number. Then that of the number, where it is another. */
  keys: readonly [OptOutKey, ...OptOutKey[]]
  service: string | undefined
  /** The handset had opted out before. */
  wasOut: boolean
}

/** Undefined: it is a text like any other. */
export function heardKeyword(core: Core, number: OwnNumber, { from, body }: Submission): Heard | undefined {
  const { account, value } = number
  const service = core.serviceOf(account, value)
  const rules = optOutRules(core.configuration(), number, service)
  if (!rules) return undefined
  const own: OptOutKey = { account, sender: partyOf(value), handset: partyOf(from.value) }
  const keys: Heard['keys'] = service === undefined ? [own] : [{ ...own, sender: service }, own]
  const isOut = (): boolean => keys.some(({ sender, handset }) => core.store.optOuts.has(account, sender, handset))
  const keyword = keywordOf(rules, body, isOut)
  return keyword && { keyword, number, keys, service, wasOut: isOut() }
}

/** What the word changes, to be stored with the message that said it. */
export function noteKeyword(added: NewMessage, { keyword, keys, wasOut }: Heard): void {
  const { message, entries } = added
  const [key] = keys
  message.keyword = keyword.type
  if (keyword.type === 'start') added.optIn = keys
  else if (keyword.type === 'stop' && !wasOut) added.optOut = { ...key, at: message.acceptedAt, word: keyword.word, message: message.id }
  entries.push({ at: message.acceptedAt, what: 'note', text: `${keyword.word}: ${told(keyword, key, wasOut)}` })
}

function told({ type }: Keyword, { sender, handset }: OptOutKey, wasOut: boolean): string {
  if (type === 'help') return `${handset} asks ${sender} for help`
  if (type === 'start') return `${handset} takes messages from ${sender}${wasOut ? ' again' : ''}`
  return wasOut ? `${handset} had opted out of ${sender} already` : `${handset} takes no more from ${sender}`
}

/** Who has opted out is told so once: the answer to an answer would go on for ever. */
export function replyTo({ keyword, number, service, wasOut }: Heard, { from, idempotencyKey }: Submission): Submission | undefined {
  if (keyword.reply === undefined || (keyword.type === 'stop' && wasOut)) return undefined
  const reply: Submission = {
    from: ownAddress(number.value),
    to: from,
    body: { kind: 'text', text: keyword.reply },
    mode: 'store',
    priority: 1,
    receipt: 'none',
  }
  if (service !== undefined) reply.service = service
  if (idempotencyKey !== undefined) reply.idempotencyKey = `keyword ${idempotencyKey}`
  return reply
}

function ownAddress(value: string): Address {
  return value.startsWith('+') ? international(value) : (parseAddress(value) ?? { value, ton: 'unknown', npi: 'unknown' })
}

/** Throws where the handset takes no more from this sender. */
export function refuseOptedOut(core: Core, account: AccountId, submission: Submission): void {
  const { from, to } = submission
  if (core.store.optOuts.empty) return
  if (isOptedOut(core, account, submission, partyOf(from.value), partyOf(to.value)))
    throw new AcceptRefused('opted-out', `${to.value} takes no more messages from ${from.value}.`)
}

/** Ends what was accepted before the handset said so; undefined where it may go, or a part of it is with the carrier already. */
export function endedByOptOut(core: Core, { message, decision, life }: Ending, now: number): Transition | undefined {
  if (core.store.optOuts.empty || message.direction !== 'mt' || message.keyword !== undefined) return undefined
  const { account, from, to } = message
  if (!isOptedOut(core, account, message, partyOf(from.value), partyOf(to.value))) return undefined
  for (const { state } of life.segments) if (state !== 'unsent') return undefined
  const peer = `${to.value} takes no more messages from ${from.value}`
  return finish(message, decision, life, 'failed', now, { failure: { kind: 'permanent', code: 'opted-out', peer } })
}

type Ending = Pick<MessageRecord, 'message' | 'decision' | 'life'>

/** A number's list is its owner's: it holds for whoever inherits from the owner, or has the owner below it, and sends in the number's name. */
function isOptedOut(core: Core, account: AccountId, { service }: Pick<Submission, 'service'>, sender: string, handset: string): boolean {
  if (isListed(core, account, sender, service ?? core.serviceOf(account, sender), handset)) return true
  const now = core.configuration()
  const owner = now.numbers.get(sender)?.account
  if (owner === undefined || owner === account || !isListed(core, owner, sender, core.serviceOf(owner, sender), handset)) return false
  return isWithin(now, owner, account) || lineage(now, account).includes(owner)
}

function isListed({ store: { optOuts } }: Core, of: AccountId, sender: string, service: string | undefined, handset: string): boolean {
  return optOuts.has(of, sender, handset) || (service !== undefined && optOuts.has(of, service, handset))
}

// Who asked not to be written to, and the words by which a handset says so. Pure: which word a text is,
// which words and replies hold for a number, and under which name two writings of one number meet.
import type { Account, OptOutSetting, OptOutWords, OwnNumber } from './account.ts'
import type { Body } from './body.ts'
import type { Configuration } from './configuration.ts'
import type { AccountId, MessageId, OptOutType } from './message.ts'

/** A handset that takes no more from a sender. */
export interface OptOut {
  /** Whose the sender is. */
  account: AccountId
  /** One of our numbers, or the id of a service that several of them share. As `partyOf` writes it. */
  sender: string
  handset: string
  at: number
  /** The word that was sent; empty where an operator did it. */
  word: string
  /** The message that said so. */
  message?: MessageId
}

const optOutTypes: readonly OptOutType[] = ['stop', 'start', 'help']

/** What holds for one number. */
export interface OptOutRules {
  words: ReadonlyMap<string, OptOutType>
  replies: { readonly [Type in OptOutType]?: string }
}

export interface Keyword {
  type: OptOutType
  /** In capitals. */
  word: string
  /** What the handset is answered; absent: nothing. */
  reply?: string
}

const usualWords: Readonly<Record<OptOutType, readonly string[]>> = {
  stop: ['STOP', 'STOPALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT', 'REVOKE', 'OPTOUT'],
  start: ['START', 'YES', 'UNSTOP'],
  help: ['HELP', 'INFO'],
}
const usualReplies: Readonly<Record<OptOutType, string>> = {
  stop: 'You have successfully been unsubscribed. You will not receive any more messages from this number. Reply START to resubscribe.',
  start:
    'You have successfully been re-subscribed to messages from this number. Reply HELP for help. Reply STOP to unsubscribe. Msg&Data Rates May Apply.',
  help: 'Reply STOP to unsubscribe. Msg&Data Rates May Apply.',
}
/** Means something to who has opted out only: to all others it is an answer to a question. */
const onlyWhenOut = 'YES'
/** No word is longer: what is, is not looked up. */
export const longestWord = 32

const usual = rulesOf({})
/** Of toll-free numbers the network itself keeps the opt-outs, and answers. */
const tollFree: OptOutRules = {
  words: new Map([
    ['STOP', 'stop'],
    ['START', 'start'],
    ['UNSTOP', 'start'],
  ]),
  replies: {},
}
const longCode = /^\+1\d{10}$/
const tollFreeCode = /^\+18(?:00|33|44|55|66|77|88)/

function rulesOf(own: OptOutWords): OptOutRules {
  const words = new Map<string, OptOutType>()
  for (const type of optOutTypes) for (const word of own[type] ?? usualWords[type]) words.set(word.toUpperCase(), type)
  return { words, replies: { ...usualReplies, ...own.replies } }
}

/** What would make words of one's own answer each other, or mean two things; each with its place. */
export function optOutFaults(own: OptOutWords): { path: (string | number)[]; message: string }[] {
  const { words } = rulesOf(own)
  const faults: { path: (string | number)[]; message: string }[] = []
  for (const type of optOutTypes) {
    const reply = own.replies?.[type]
    if (reply !== undefined && words.has(reply.trim().toUpperCase()))
      faults.push({ path: ['replies', type], message: 'expected a text that is none of the words' })
    for (const [i, word] of (own[type] ?? []).entries()) {
      const other = optOutTypes.find((one) => one !== type && (own[one] ?? usualWords[one]).some((each) => sameWord(each, word)))
      if (other !== undefined) faults.push({ path: [type, i], message: `expected a word that is not among those of ${other} too` })
    }
  }
  return faults
}

const sameWord = (one: string, other: string): boolean => one.toUpperCase() === other.toUpperCase()

const made = new WeakMap<OptOutWords, OptOutRules>()

/** Undefined: opt-out is off for this number. The service for which it sends decides, or else the nearest account above that says something. */
export function optOutRules(
  configuration: Pick<Configuration, 'accounts' | 'resources'>,
  number: OwnNumber,
  service?: string,
): OptOutRules | undefined {
  if (number.optOut === false) return undefined
  const own = service === undefined ? undefined : configuration.resources.get(number.account)?.get(service)?.optOut
  const setting = own ?? settingOf(configuration, number.account)
  if (typeof setting === 'object') {
    let rules = made.get(setting)
    if (!rules) made.set(setting, (rules = rulesOf(setting)))
    return rules
  }
  if (number.optOut === true) return usual
  if (setting === 'off' || !longCode.test(number.value)) return undefined
  return tollFreeCode.test(number.value) ? tollFree : usual
}

function settingOf({ accounts }: Pick<Configuration, 'accounts'>, id: AccountId): OptOutSetting {
  let at: Account | undefined = accounts.get(id)
  for (let depth = 0; at !== undefined && depth < 64; depth++) {
    if (at.optOut !== undefined) return at.optOut
    at = at.parent === undefined ? undefined : accounts.get(at.parent)
  }
  return 'twilio'
}

/** The whole text is one of the words, whatever its case, with blanks around it at most. */
export function keywordOf({ words, replies }: OptOutRules, body: Body, isOut: () => boolean): Keyword | undefined {
  if (body.kind !== 'text' || body.text.length > longestWord * 2) return undefined
  const word = body.text.trim().toUpperCase()
  const type = words.get(word)
  if (type === undefined || (word === onlyWhenOut && !isOut())) return undefined
  const reply = replies[type]
  return reply ? { type, word, reply } : { type, word }
}

const plainDigits = /^[1-9]\d{6,14}$/

/** A number with or without its plus is the same party (E.164: 7–15 digits); all else is what it says. */
export function partyOf(value: string): string {
  return value[0] !== '+' && plainDigits.test(value) ? `+${value}` : value
}

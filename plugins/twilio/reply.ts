// One <Message> of TwiML as a submission from the number that was written to.
import { AcceptRefused, alphanumericSender, shortCode, type Address, type Gateway, type Message } from '../../src/plugin.ts'
import { longerThan } from './create.ts'
import { isWebhookUrl } from './endpoint.ts'
import { phoneNumber, takesNames } from './numbers.ts'
import type { Verb } from './twiml.ts'

/** The gateway takes nothing now: the whole webhook is worth another try. */
export const busy = Symbol('busy')

const validityMs = 36_000_000
const maxCharacters = 1600

/** The SID of the reply; undefined when it was left out, and `wire` says why. */
export async function submitReply(
  gateway: Gateway,
  message: Message,
  verb: Verb & { verb: 'message' },
  index: number,
  statusCallback: string | undefined,
  wire: string[],
): Promise<string | typeof busy | undefined> {
  const leaveOut = (why: string): undefined => void wire.push(`reply ${index + 1} left out: ${why}`)
  const to = verb.to === undefined ? message.from : (phoneNumber(verb.to.trim()) ?? shortCode(verb.to.trim()))
  if (!to) return leaveOut('14101 invalid "to"')
  const from = verb.from === undefined ? message.to : ownSender(gateway, verb.from.trim())
  if (!from) return leaveOut('14102 "from" is no number of the account')
  if (from.ton === 'alphanumeric' && !takesNames(to.value)) return leaveOut('21612 the recipient takes no name for a sender')
  if (verb.media > 0) wire.push(`reply ${index + 1}: 21622 media left out, MMS is not enabled`)
  if (verb.text === '') return leaveOut('14103 no body')
  if (longerThan(verb.text, maxCharacters)) return leaveOut(`21617 the body exceeds ${maxCharacters} characters`)
  const url = statusCallback && isWebhookUrl(statusCallback) ? statusCallback : undefined
  if (statusCallback && !url) wire.push(`reply ${index + 1}: 14105 invalid statusCallback left out`)
  try {
    const id = await gateway.accept({
      from,
      to,
      body: { kind: 'text', text: verb.text },
      priority: 1,
      origin: 'outbound-reply',
      validUntil: gateway.clock.now() + validityMs,
      idempotencyKey: `reply ${message.id} ${index}`,
      ...(from === message.to && message.service !== undefined ? { service: message.service } : {}),
      // Two that answer each other of themselves go round in a loop too.
      ...(message.hops === undefined ? {} : { hops: message.hops }),
      ...(url ? { receipt: 'both', progress: true, report: { url, method: 'POST' } } : { receipt: 'none' }),
    })
    wire.push(`reply ${index + 1} accepted as SM${id}`)
    return `SM${id}`
  } catch (error) {
    if (!(error instanceof AcceptRefused) || laterIsBetter.has(error.why)) return busy
    return leaveOut(error.why)
  }
}

/** A reply refused so is tried again. */
const laterIsBetter: ReadonlySet<string> = new Set(['busy', 'throttled', 'queue-full'])

function ownSender(gateway: Gateway, text: string): Address | undefined {
  const address = phoneNumber(text) ?? shortCode(text)
  if (address) return gateway.number(address.value) ? address : undefined
  return alphanumericSender(text)
}

// A message that is sent by a messaging service: which one, from which sender, and what else of it holds for
// the message.
import { alphanumericSender, shortCode, type Address, type Gateway } from '../../../src/plugin.ts'
import { Refused } from '../errors.ts'
import { one, type Form } from '../form.ts'
import { phoneNumber, takesNames } from '../numbers.ts'
import { selectSender, senderNamed, type Selected } from './select.ts'
import { serviceOf, type Service } from './service.ts'

const sidPattern = /^MG[0-9a-f]{32}$/

/** From may name the service itself, as Twilio takes it. */
const namesService = (from: string | undefined): boolean => from !== undefined && from.startsWith('MG') && sidPattern.test(from)

/** The service that is to send it: undefined for a message of none. Throws Refused. */
export function serviceAsked(form: Form, gateway: Gateway): Service | undefined {
  const from = one(form, 'From')
  const sid = one(form, 'MessagingServiceSid') || (namesService(from) ? from : undefined)
  if (!sid) return undefined
  if (!sidPattern.test(sid)) throw new Refused(21705, sid)
  const service = serviceOf(gateway.resources(), sid)
  if (!service) throw new Refused(21701, sid)
  return service
}

/** A sender of its pool that the form names, if it names one. */
export function namedFrom(form: Form): string | undefined {
  const text = one(form, 'From')?.trim()
  return text && !namesService(text) ? text : undefined
}

/** Throws Refused. */
export function senderBy(service: Service, form: Form, gateway: Gateway, to: Address): Selected {
  const text = namedFrom(form)
  if (text === undefined) return selectSender(service, gateway, to.value)
  const named = phoneNumber(text) ?? shortCode(text) ?? alphanumericSender(text)
  if (!named) throw new Refused(21212, text)
  if (named.value === to.value) throw new Refused(21266)
  const from = senderNamed(service, gateway, named)
  if (from.ton === 'alphanumeric' && !takesNames(to.value)) throw new Refused(21612, to.value, text)
  return { from, isNew: false }
}

// A status callback as RestComm posts it.
import type { Message, Report } from '../../../src/plugin.ts'
import { writeForm, type SignedForm } from '../form.ts'
import { bodyText, messageSid, twilioFailure, twilioStatus } from '../mapping.ts'
import { sortedText } from '../signature.ts'
import { errorOf, statusOf } from './words.ts'

export function restcommCallback(message: Message, report: Report): SignedForm {
  const error = errorOf(twilioFailure(report.state, report.failure))
  const params = {
    From: message.from.value,
    To: message.to.value,
    Body: bodyText(message),
    AccountSid: message.account,
    ...(error ? { ErrorCode: error.name } : {}),
    MessageSid: messageSid(message),
    MessageStatus: statusOf(twilioStatus(message.direction, report.state)),
  }
  return { form: writeForm(params), sorted: sortedText(params) }
}

// Feedback: the sender tells whether the recipient acted on a message. It is written in the message's
// trace; the newest counts.
import { rfc2822 } from './dates.ts'
import { Refused } from './errors.ts'
import { one } from './form.ts'
import { messageId, messageSid } from './mapping.ts'
import { gone, under, verbs, type Answer, type Call, type Route } from './resource.ts'
import { show } from './show.ts'

async function create(call: Call): Promise<Answer> {
  const { host, account, base, form } = call
  const id = messageId(call.caught[0] ?? '')
  const view = id === undefined ? undefined : await host.messages.get(account.id, id)
  if (!view) throw gone(call)
  const outcome = one(form, 'Outcome')?.trim().toLowerCase() || 'confirmed'
  if (outcome !== 'confirmed' && outcome !== 'unconfirmed')
    throw new Refused(20422, `Outcome: confirmed or unconfirmed expected, got ${outcome}`)
  const { message } = view
  if (message.direction === 'mo') throw new Refused(20422, 'Feedback: there is none on a message that was received')
  if (!(await host.messages.feedback(account.id, message.id, outcome))) throw gone(call)
  const sid = messageSid(message)
  const now = rfc2822(host.clock.now())
  return show(call, 200, 'MessageFeedback', {
    account_sid: account.id,
    message_sid: sid,
    outcome,
    date_created: now,
    date_updated: now,
    uri: `${base}/Accounts/${account.id}/Messages/${sid}/Feedback.json`,
  })
}

export const feedbackRoutes: readonly Route[] = [
  { path: under('/Messages/([^/.]+)/Feedback'), needs: '/twilio/messaging/messages.feedback', answer: verbs({ POST: create }) },
]

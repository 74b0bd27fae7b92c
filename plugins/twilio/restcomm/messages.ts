// SMS/Messages in RestComm's shape: create, fetch and list. A create takes RestComm's parameters alone.
import { submissionOf } from '../create.ts'
import { Refused } from '../errors.ts'
import { one, type Form } from '../form.ts'
import { fieldsOf, freshFields, messageId } from '../mapping.ts'
import { refusedBy } from '../messages.ts'
import type { Answer, Call } from '../resource.ts'
import { list } from './list.ts'
import { missing, shown, type Format } from './render.ts'

/** Headers for the SIP user or trunk that it goes to, as many and as long as SIP passes on (docs/sip-headers.md). */
const customHeader = /^X-[A-Za-z0-9._-]{1,60}$/i
const mostHeaders = 16
const longestHeader = 255

export async function messages(call: Call, format: Format): Promise<Answer> {
  const { host, account, method } = call
  const [sid] = call.caught
  if (sid === undefined) {
    if (method === 'POST') return await create(call, format)
    if (method === 'GET') return await list(call, format)
  } else if (method === 'GET') {
    const id = messageId(sid)
    const view = id === undefined ? undefined : await host.messages.get(account.id, id)
    if (!view) throw new Refused(20404, call.path)
    return shown(fieldsOf(view, call.base), format)
  }
  throw new Refused(20004)
}

async function create({ host, account, base, form }: Call, format: Format): Promise<Answer> {
  for (const name of ['From', 'To', 'Body']) if (!one(form, name)) return missing(name)
  if (account.status !== 'active') throw new Refused(20005)
  const gateway = host.gateway('twilio', account.id)
  if (!gateway) throw new Refused(20010)
  const now = host.clock.now()
  const submission = submissionOf(theirs(form), gateway, now, false)
  const url = submission.report?.['url']
  if (url !== undefined) submission.report = { url, method: callbackMethod(form), shape: 'restcomm' }
  const extras = headersOf(form)
  if (extras) submission.extras = extras
  let id: string
  try {
    id = await gateway.accept(submission)
  } catch (error) {
    throw refusedBy(error, submission)
  }
  const fields = freshFields(submission, id, account.id, base, now)
  // What RestComm says of every message that it took.
  fields.status = 'sending'
  return shown(fields, format)
}

function theirs(form: Form): Form {
  const taken: Form = new Map()
  for (const name of ['From', 'To', 'Body', 'StatusCallback']) {
    const value = one(form, name)
    if (value !== undefined) taken.set(name, value)
  }
  return taken
}

function callbackMethod(form: Form): 'GET' | 'POST' {
  const method = one(form, 'StatusCallbackMethod')?.toUpperCase() ?? 'POST'
  if (method !== 'GET' && method !== 'POST') throw new Refused(20422, `StatusCallbackMethod: GET or POST expected, got ${method}`)
  return method
}

function headersOf(form: Form): Record<string, string> | undefined {
  let extras: Record<string, string> | undefined
  let count = 0
  for (const name of form.keys()) {
    if (!customHeader.test(name)) continue
    const value = one(form, name) ?? ''
    if (++count > mostHeaders) throw new Refused(20422, `${name}: ${mostHeaders} headers are the most`)
    if (value.length > longestHeader || /\p{Cc}/u.test(value))
      throw new Refused(20422, `${name}: up to ${longestHeader} characters expected, and no control characters`)
    ;(extras ??= {})[`sip.${name.toLowerCase()}`] = value
  }
  return extras
}

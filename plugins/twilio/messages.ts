// The Messages resource: create, fetch, list, update and delete, each for one account that the
// caller has already been found to be allowed to see. What goes wrong is thrown as Refused.
import { AcceptRefused, type Account, type Host, type MessageView } from '../../src/plugin.ts'
import { submissionOf } from './create.ts'
import { Refused } from './errors.ts'
import { one, parseForm, type Form } from './form.ts'
import { hopsHeader, readHops } from './hops.ts'
import { fieldsOf, freshFields, messageId, type Fields, type TextSubmission } from './mapping.ts'
import { pageOf, readListQuery } from './paging.ts'
import { namedFrom } from './services/sending.ts'
import { listJson, listXml, messageJson, messageXml } from './render.ts'
import type { Answer, Call } from './resource.ts'
import { showList } from './show.ts'

export interface Target {
  account: Account
  /** /SMS/Messages. */
  legacy: boolean
  /** No suffix means XML, whatever the Accept header says. */
  format: 'json' | 'xml'
  /** What links begin with. */
  base: string
  /** Absent for the list. */
  sid?: string
  /** As requested, without the query: what a 404 names. */
  path: string
}

/** Messages, one of them, and its media. */
export async function messages(call: Call): Promise<Answer> {
  const { host, account, method, format, base, path, search } = call
  const [sms, sid, media] = call.caught
  const target: Target = { account, legacy: sms !== undefined, format, base, path }
  if (sid === '') throw gone(target)
  if (sid === undefined) {
    if (method === 'POST') return await create(host, target, call.form, call.header)
    if (method === 'GET') return await list(host, target, parseForm(search), search)
  } else {
    target.sid = sid
    if (media !== undefined) return await mediaOf(call, target, media)
    if (method === 'GET') return await fetchOne(host, target)
    if (method === 'POST') return await update(host, target, call.form)
    if (method === 'DELETE') return await remove(host, target)
  }
  throw new Refused(20004)
}

const gone = (target: Target): Refused => new Refused(20404, target.path)

export function show(target: Target, status: number, fields: Fields, headers?: readonly string[]): Answer {
  const body = target.format === 'json' ? messageJson(fields) : messageXml(fields, target.legacy)
  return headers ? { status, body, headers } : { status, body }
}

const maxKeyLength = 255

/**
 * With an Idempotency-Key, ours alone: the second call with a key answers 200 and
 * `Idempotency-Replayed: true` with the first message, or 409 where it asks for another one.
 */
export async function create(host: Host, target: Target, form: Form, header: Call['header']): Promise<Answer> {
  const { account, legacy } = target
  const idempotencyKey = header('idempotency-key')
  if (account.status !== 'active') throw new Refused(20005)
  const gateway = host.gateway('twilio', account.id)
  if (!gateway) throw new Refused(20010)
  if (idempotencyKey !== undefined && (idempotencyKey === '' || idempotencyKey.length > maxKeyLength))
    throw new Refused(20422, `Idempotency-Key: 1 to ${maxKeyLength} characters expected`)
  const now = host.clock.now()
  const submission = submissionOf(form, gateway, now, legacy)
  if (idempotencyKey !== undefined) submission.idempotencyKey = idempotencyKey
  const hops = readHops(header(hopsHeader))
  if (hops !== undefined) submission.hops = hops
  let id: string
  try {
    id = await gateway.accept(submission)
  } catch (error) {
    throw refusedBy(error, submission)
  }
  if (idempotencyKey !== undefined) {
    const view = await host.messages.get(account.id, id)
    // The first one may be of this very millisecond.
    if (view && (view.message.acceptedAt < now || !asksTheSame(view, submission))) return replayed(target, view, submission)
  }
  const fields = freshFields(submission, id, account.id, target.base, now)
  if (submission.service !== undefined) {
    if (submission.deliverAfter === undefined) fields.status = 'accepted'
    // As Twilio answers: which sender it is, and so how many segments, is told from then on.
    if (namedFrom(form) === undefined) {
      fields.from = ''
      fields.segments = 0
    }
  }
  return show(target, 201, fields)
}

function asksTheSame({ message, redacted }: MessageView, asked: TextSubmission): boolean {
  // A service may have chosen another sender this time.
  const sameSender = asked.service === undefined ? message.from.value === asked.from.value : message.service === asked.service
  const sameBody = redacted || (message.body.kind === 'text' && message.body.text === asked.body.text)
  return message.to.value === asked.to.value && sameSender && sameBody
}

function replayed(target: Target, view: MessageView, asked: TextSubmission): Answer {
  if (!asksTheSame(view, asked)) throw new Refused(20409)
  return show(target, 200, fieldsOf(view, target.base), ['Idempotency-Replayed', 'true'])
}

/** No route: the recipient cannot be reached from this sender (21612); 21408 would speak of a permission that somebody could grant. */
export function refusedBy(error: unknown, { to, from }: TextSubmission): unknown {
  if (!(error instanceof AcceptRefused)) return error
  switch (error.why) {
    case 'no-route':
    case 'loop':
      return new Refused(21612, to.value, from.value)
    case 'suspended':
      return new Refused(20005)
    case 'busy':
      return new Refused(20503)
    case 'invalid':
    case 'too-short':
      return new Refused(21618, error.message)
    case 'too-long':
      return new Refused(21617)
    case 'source-not-allowed':
      return new Refused(21606, from.value)
    case 'destination-not-allowed':
      return new Refused(21408, to.value)
    case 'opted-out':
      return new Refused(21610)
    case 'validity':
      return new Refused(21624, error.message)
    case 'throttled':
      return new Refused(20429)
    case 'queue-full':
    case 'quota':
      return new Refused(21611, error.message)
  }
}

async function viewOf(host: Host, target: Target): Promise<MessageView> {
  const id = messageId(target.sid ?? '')
  const view = id === undefined ? undefined : await host.messages.get(target.account.id, id)
  if (!view) throw gone(target)
  return view
}

async function fetchOne(host: Host, target: Target): Promise<Answer> {
  return show(target, 200, fieldsOf(await viewOf(host, target), target.base))
}

const mediaNames = { plural: 'media_list', list: 'MediaList', element: 'Media' }

/** Text messages have no media: the list is there, and empty, and so none of it is. */
async function mediaOf(call: Call, target: Target, path: string): Promise<Answer> {
  const isList = path === '/Media'
  if (call.method !== 'GET' && (isList || call.method !== 'DELETE')) throw new Refused(20004)
  await viewOf(call.host, target)
  if (!isList) throw gone(target)
  return showList<never>(call, mediaNames, { items: [], order: () => '', fields: () => ({}) })
}

/** Whoever pages by numbers alone makes the store read all that is before. */
const mostSkipped = 10_000
const readAtOnce = 1000
const nothing: Awaited<ReturnType<Host['messages']['list']>> = { messages: [] }

/** The cursor of a page that was asked for by its number, without a token; undefined where the list ends before it. */
async function placeOf(host: Host, account: string, filter: object, items: number): Promise<string | undefined> {
  if (items > mostSkipped) throw new Refused(20422, `Page: beyond the first ${mostSkipped} messages pages are those of next_page_uri`)
  let cursor: string | undefined
  for (let left = items; left > 0;) {
    const from = cursor === undefined ? {} : { cursor }
    const { messages: some, next } = await host.messages.list({ account, ...filter, ...from, limit: Math.min(left, readAtOnce) })
    if (next === undefined) return undefined
    left -= some.length
    cursor = next
  }
  return cursor
}

async function list(host: Host, target: Target, query: Form, search: string): Promise<Answer> {
  const { account, legacy, format, base, path } = target
  const asked = readListQuery(query)
  const { page, pageSize, ...filter } = asked
  const before = filter.cursor === undefined && page > 0 ? await placeOf(host, account.id, filter, page * pageSize) : 'here'
  if (before !== undefined && before !== 'here') filter.cursor = before
  const found = before === undefined ? nothing : await host.messages.list({ account: account.id, ...filter, limit: pageSize })
  const shown = pageOf({
    legacy,
    path,
    search,
    page,
    pageSize,
    fields: found.messages.map((view) => fieldsOf(view, base)),
    next: found.next,
  })
  return { status: 200, body: format === 'json' ? listJson(shown) : listXml(shown) }
}

/** Body="" redacts what has ended; Status=canceled takes back what still waits. */
async function update(host: Host, target: Target, form: Form): Promise<Answer> {
  const { account } = target
  const { message } = await viewOf(host, target)
  const status = one(form, 'Status')
  const body = one(form, 'Body')
  if (status !== undefined && status !== 'canceled') throw new Refused(20422, `Status: only canceled is possible, got ${status}`)
  if (body !== undefined && body !== '') throw new Refused(20422, 'Body: only the empty string is possible, which redacts')
  if (status === 'canceled') {
    const outcome = await host.messages.cancel(account.id, message.id)
    if (outcome === 'too-late') throw new Refused(30409)
    if (outcome === 'absent') throw gone(target)
  }
  if (body === '') {
    const outcome = await host.messages.redact(account.id, message.id)
    if (outcome === 'not-ended') throw new Refused(20009)
    if (outcome === 'absent') throw gone(target)
  }
  return fetchOne(host, target)
}

async function remove(host: Host, target: Target): Promise<Answer> {
  const id = messageId(target.sid ?? '')
  const outcome = id === undefined ? 'absent' : await host.messages.remove(target.account.id, id)
  if (outcome === 'not-ended') throw new Refused(20009)
  if (outcome === 'absent') throw gone(target)
  return { status: 204, body: '' }
}

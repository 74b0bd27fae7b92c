// Joins the parts of inbound long messages, whichever session and order they come in. Each part is
// durable before its PDU is answered; what never completes is delivered as far as it came, or ends as
// failed without being sent, by the bind's policy: whoever submitted the parts is told either way.
import type { Bind } from '../model/bind.ts'
import type { Body } from '../model/body.ts'
import type { MessageId, Submission } from '../model/message.ts'
import { AcceptRefused, type InboundPart, type MessageView } from '../plugin.ts'
import { type Joined, type Part, StoreUnavailable } from '../store/store.ts'
import { joinTexts } from '../text/index.ts'
import { accept } from './accept.ts'
import type { Core } from './core.ts'

/** A number no more than this of parts is taken from one long message (TS 23.040 §9.2.3.24.1). */
const mostParts = 255
const mostCanceled = 1000
/** Looked at in one turn. */
const fewStale = 100

export async function addPart(core: Core, bind: Bind, part: InboundPart): Promise<void> {
  const { submission, total, index, told } = part
  if (submission.id !== undefined && core.canceled.has(submission.id))
    throw new AcceptRefused('invalid', 'The message of this part was canceled.')
  if (total < 2 || total > mostParts || index < 1 || index > total) {
    core.log.warn({ bind: bind.id, total, index }, 'an impossible part number: taken as a message of its own')
    await accept(core, bind, submission)
    return
  }
  const key = keyOf(bind, part)
  let complete: Part[] | undefined
  try {
    const one: Part = { key, index, total, at: core.clock.now(), data: freeze(submission) }
    if (told !== undefined) one.called = nameOf(bind, told)
    complete = (await core.store.part(one)).complete
  } catch (error) {
    if (error instanceof StoreUnavailable) throw new AcceptRefused('busy', error.message)
    throw error
  }
  if (!complete || (submission.id !== undefined && core.canceled.has(submission.id))) return
  try {
    await join(core, bind, complete)
  } catch (error) {
    // The part is durable: tidyParts joins as soon as it may.
    if (!(error instanceof AcceptRefused && passing.has(error.why))) throw error
  }
}

function keyOf(bind: Bind, { submission, reference, total }: InboundPart): string {
  return JSON.stringify([bind.id, submission.from.value, submission.to.value, reference, total])
}

/** Undefined at once where no part of it waits, and where a message has that id: then they are of one that was whole before. */
export function begunAs(core: Core, bind: Bind, part: InboundPart): Promise<MessageId | undefined> | undefined {
  const [held] = core.store.heldParts(keyOf(bind, part))
  const id = held && thaw(held.data).id
  if (id === undefined) return undefined
  return core.store.get(id).then((known) => (known ? undefined : id))
}

/** A peer's names are its own: those of another bind are others. */
function nameOf(bind: Bind, told: string): string {
  return `${bind.id} ${told}`
}

export function unfinished(core: Core, bind: Bind, told: string): MessageView | undefined {
  const parts = core.store.heldAs(nameOf(bind, told))
  const [first] = parts
  if (!first) return undefined
  const { id = told, validUntil, ...submission } = thaw(first.data)
  const acceptedAt = Math.min(...parts.map((part) => part.at))
  const keptUntil = acceptedAt + bind.policy.partsTimeoutSeconds * 1000
  const direction = bind.side === 'client' ? 'mt' : 'mo'
  return {
    message: {
      ...submission,
      id,
      account: bind.account,
      direction,
      arrival: bind.id,
      acceptedAt,
      validUntil: validUntil ?? keptUntil,
      segments: first.total,
    },
    decision: { revision: core.table().revision, candidates: [], failoverOnReceipt: false, tried: [] },
    state: 'queued',
    updatedAt: acceptedAt,
    redacted: false,
  }
}

export async function cancelUnfinished(core: Core, bind: Bind, told: string): Promise<boolean> {
  const parts = core.store.heldAs(nameOf(bind, told))
  const [first] = parts
  // With all of them it is being made a message, and can be canceled as such.
  if (!first || parts.length === first.total) return false
  const { id } = thaw(first.data)
  if (id === undefined || core.canceled.has(id)) return false
  core.canceled.add(id)
  if (core.canceled.size > mostCanceled) core.canceled.delete(core.canceled.values().next().value!)
  try {
    await join(core, bind, parts, 'canceled')
    // What had just been made of them without the rest is no longer taken back so.
    const made = await core.store.get(id)
    if (made?.life.state === 'canceled') return true
    core.canceled.delete(id)
    return false
  } catch (error) {
    core.canceled.delete(id)
    throw error
  }
}

/** Parts that wait too long, and complete ones that a crash kept from being joined: all there are, whoever has many. */
export async function tidyParts(core: Core): Promise<void> {
  for (let found = fewStale; found === fewStale;) {
    const stale = await core.store.staleParts(core.clock.now() - 1000, fewStale)
    for (const parts of stale) await tidy(core, parts).catch(untilLater)
    found = stale.length
    // Others have their turn: there may be thousands.
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** One that cannot be taken now stays for the next round, and holds up no other. */
function untilLater(error: unknown): void {
  if (!(error instanceof AcceptRefused)) throw error
}

async function tidy(core: Core, parts: readonly Part[]): Promise<void> {
  const first = parts[0]
  if (!first) return
  const bind = core.configuration().binds.get(bindOf(first.key))
  const oldest = Math.min(...parts.map((part) => part.at))
  if (!bind) {
    await core.store.dropParts(first.key)
  } else if (parts.length === first.total) {
    await join(core, bind, parts)
  } else if (core.clock.now() - oldest > bind.policy.partsTimeoutSeconds * 1000) {
    core.log.warn(
      { bind: bind.id, came: parts.length, of: first.total, policy: bind.policy.partsIncomplete },
      'a long message never completed',
    )
    const came = `Only ${parts.length} of its ${first.total} parts came.`
    await join(core, bind, parts, bind.policy.partsIncomplete === 'drop' ? new AcceptRefused('invalid', came) : undefined)
  }
}

/** `dropped`: why the message ends at once. */
async function join(core: Core, bind: Bind, parts: readonly Part[], dropped?: AcceptRefused | 'canceled'): Promise<void> {
  const pieces = [...parts].sort((a, b) => a.index - b.index).map((part) => thaw(part.data))
  const first = pieces[0]
  if (!first) return
  const whole: Submission = { ...first, body: joinBodies(pieces.map((piece) => piece.body)) }
  if (first.id !== undefined && (await core.store.get(first.id))) {
    // They came again, unanswered, while that message was being made.
    if (parts.length < parts[0]!.total && pieces.every(({ id }) => id === first.id)) return await core.store.dropParts(parts[0]!.key)
    delete whole.id
  }
  const report = Object.assign({}, ...pieces.map((piece) => piece.report)) as Record<string, string>
  if (Object.keys(report).length > 0) whole.report = report
  const joins: Joined = { key: parts[0]!.key, parts: parts.map((part) => [part.index, part.at]) }
  if (dropped === 'canceled') {
    delete whole.validUntil
    await accept(core, bind, whole, { joins, canceled: true })
    return
  }
  try {
    if (dropped) throw dropped
    await accept(core, bind, whole, { joins })
  } catch (error) {
    if (!(error instanceof AcceptRefused) || passing.has(error.why)) throw error
    // Its parts were acknowledged: whoever sent them is told by the message's end.
    delete whole.validUntil
    await accept(core, bind, whole, { joins, refused: error })
  }
}

/** Refusals that pass by themselves: the parts are kept and joined later. */
const passing: ReadonlySet<string> = new Set(['busy', 'throttled', 'queue-full'])

function joinBodies(bodies: readonly Body[]): Body {
  const first = bodies[0]!
  if (first.kind === 'text' && bodies.every((body) => body.kind === 'text')) {
    return { ...first, text: joinTexts(bodies.map((body) => body.text)) }
  }
  const octets = bodies.map((body) =>
    body.kind === 'binary' ? body.data : new TextEncoder().encode(body.kind === 'text' ? body.text : ''),
  )
  const data = new Uint8Array(Buffer.concat(octets))
  return first.kind === 'binary' ? { ...first, data } : { kind: 'binary', data }
}

function bindOf(key: string): string {
  return (JSON.parse(key) as [string])[0]
}

function freeze(submission: Submission): string {
  return JSON.stringify(submission, (_, value: unknown) =>
    value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value,
  )
}

function thaw(data: string): Submission {
  return JSON.parse(data, (_, value: unknown) =>
    value !== null && typeof value === 'object' && 'base64' in value && typeof value.base64 === 'string'
      ? new Uint8Array(Buffer.from(value.base64, 'base64'))
      : value,
  ) as Submission
}

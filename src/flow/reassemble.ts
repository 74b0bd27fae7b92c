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
/** Looked at in one turn. */
const fewStale = 100

export async function addPart(core: Core, bind: Bind, part: InboundPart): Promise<void> {
  const { submission, total, index, told } = part
  if (total < 2 || total > mostParts || index < 1 || index > total) {
    core.log.warn({ bind: bind.id, total, index }, 'an impossible part number: taken as a message of its own')
    await accept(core, bind, submission)
    return
  }
  const key = keyOf(bind, part)
  const { id } = submission
  if (isMarked(core, key, id) && (await core.store.get(id!))?.life.state === 'canceled')
    throw new AcceptRefused('invalid', 'The message of this part was canceled.')
  let complete: Part[] | undefined
  try {
    const one: Part = { key, index, total, at: core.clock.now(), data: freeze(submission) }
    if (told !== undefined) one.called = nameOf(bind, told)
    complete = (await core.store.part(one)).complete
  } catch (error) {
    if (error instanceof StoreUnavailable) throw new AcceptRefused('busy', error.message)
    throw error
  }
  if (!complete || isMarked(core, key, id)) return
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

/**
 * Undefined at once where no part of it waits, and where a message has that id: then they are of one that was whole before.
 * Of one that was taken back its id, by which the part is refused.
 */
export function begunAs(core: Core, bind: Bind, part: InboundPart): Promise<MessageId | undefined> | undefined {
  const key = keyOf(bind, part)
  const [held] = core.store.heldParts(key)
  const id = held && thaw(held.data).id
  if (id === undefined) {
    const mark = markOf(core, key)
    // A part that had come before is another message's: references come again.
    return mark && !mark.came.includes(part.index) ? Promise.resolve(mark.id) : undefined
  }
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
  const { key, total } = first
  const { id } = thaw(first.data)
  if (id === undefined || isMarked(core, key, id)) return false
  const mark: Mark = { id, came: parts.map((part) => part.index) }
  const kept = { key: markKey(key), index: 1, total: 2, at: core.clock.now(), data: JSON.stringify(mark) }
  await core.store.part(kept).catch((error: unknown) => {
    throw error instanceof StoreUnavailable ? new AcceptRefused('busy', error.message) : error
  })
  let isDone = false
  try {
    const now = core.store.heldAs(nameOf(bind, told))
    if (now.length > 0 && now.length < total) await join(core, bind, now, 'canceled')
    // What had just been made of them, whole or without the rest, is no longer taken back so.
    isDone = (await core.store.get(id))?.life.state === 'canceled'
  } finally {
    if (!isDone) await core.store.dropParts(kept.key)
  }
  return isDone
}

/** Of a long message that was taken back: kept beside the parts, and as long, so that what comes later is refused. */
interface Mark {
  id: MessageId
  /** The parts that had come. */
  came: number[]
}

const marked = ',"canceled"]'

/** What ends a part's own key is a number. */
function markKey(key: string): string {
  return key.slice(0, -1) + marked
}

function markOf(core: Core, key: string): Mark | undefined {
  const [kept] = core.store.heldParts(markKey(key))
  return kept && (JSON.parse(kept.data) as Mark)
}

function isMarked(core: Core, key: string, id: MessageId | undefined): boolean {
  return id !== undefined && markOf(core, key)?.id === id
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
  const isOver = bind && core.clock.now() - oldest > bind.policy.partsTimeoutSeconds * 1000
  if (first.key.endsWith(marked)) {
    if (!bind || isOver) await core.store.dropParts(first.key)
  } else if (!bind) {
    await core.store.dropParts(first.key)
  } else if (parts.length === first.total) {
    await join(core, bind, parts)
  } else if (isOver) {
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

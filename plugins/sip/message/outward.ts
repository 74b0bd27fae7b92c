// MESSAGE out: a message or a report to one peer, and what became of it. Never rejects.
import { failureFacts, type Message, type Outcome, type Outgoing, type Report } from '../../../src/plugin.ts'
import { draftOf } from './draft.ts'
import { reportDraft } from './report-out.ts'
import { failureOf } from './statuses.ts'
import type { Draft, Ims, Way } from './way.ts'

const isIms = (way: Way): boolean => way.peer.terms.dialect === '3gpp'

/** The peer knows a message by our id, its Call-ID: that is its ref. */
export async function sendBy(way: Way, ims: Ims | undefined, out: Outgoing, signal: AbortSignal): Promise<Outcome> {
  if (ims && isIms(way)) return await ims.send(out, way, signal)
  let draft: Draft
  try {
    draft = draftOf(out.message, way)
  } catch (error) {
    return unsayable(error)
  }
  return await say(way, draft, draft.callId, signal)
}

export async function reportBy(way: Way, ims: Ims | undefined, message: Message, report: Report, signal: AbortSignal): Promise<Outcome> {
  if (ims?.knows(message)) return await ims.report(message, report, way, signal)
  let draft: Draft | undefined
  try {
    draft = reportDraft(message, report, way)
  } catch (error) {
    return unsayable(error)
  }
  return draft ? await say(way, draft, undefined, signal) : { ok: true, refs: [] }
}

function unsayable(error: unknown): Outcome {
  const { peer = 'it cannot be said by MESSAGE' } = failureFacts(error)
  return { ok: false, failure: { kind: 'permanent', code: 'invalid-body', peer } }
}

async function say(way: Way, draft: Draft, ref: string | undefined, signal: AbortSignal): Promise<Outcome> {
  const sent = await way.ask(draft, signal)
  const failure = failureOf(sent)
  if (failure?.kind === 'offline' && way.mayStayUp?.()) failure.kind = 'temporary'
  const outcome: Outcome = failure ? { ok: false, failure } : { ok: true, refs: ref === undefined ? [] : [ref] }
  if (outcome.ok && ref !== undefined && sent.kind === 'answered') {
    const final = way.final(sent.status)
    if (final !== undefined) outcome.final = final
  }
  if (sent.wire) outcome.wire = sent.wire
  return outcome
}

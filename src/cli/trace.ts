// A message's life for people: one line an event with the time since it was accepted, what was
// decided and why, the PDUs of each attempt, receipts and reports. Pure.
import type { MessageAnswer, TraceAnswer } from '../http/api/traffic.ts'
import type { LifeEntry } from '../model/life.ts'
import { bindName, sidOf, since, stamp } from './print.ts'

const margin = 12
const indent = ' '.repeat(margin)

export function traceLines({ message, segments, entries }: TraceAnswer): string[] {
  const accepted = Date.parse(message.acceptedAt)
  const { account } = message
  /** Those before the one that holds now. */
  const decisions = entries.flatMap(({ before }) => before ?? [])
  const lines = [...head(message), '']
  for (const { at: time, ...rest } of entries) {
    const at = Date.parse(time)
    const entry = { ...rest, at, ...(rest.due === undefined ? {} : { due: Date.parse(rest.due) }) } as LifeEntry
    const [first = '', ...more] = says(entry, account)
    lines.push(`${since(at - accepted).padEnd(margin)}${first}`, ...more.map((line) => indent + line))
    if (entry.what === 'accepted' || entry.what === 'decided') {
      lines.push(...decisionLines(decisions.shift() ?? message.decision, account).map((line) => indent + line))
    }
  }
  if (segments.length > 1) lines.push('', ...segmentLines(segments, accepted, account))
  const open = segments.filter((segment) => segment.state === 'sent').length
  if (message.state === 'sent' && open > 0) lines.push('', `Waits for ${open === 1 ? 'a receipt' : `${open} receipts`}.`)
  return lines
}

/** Each segment's own state: what the message's is made of. */
function segmentLines(segments: TraceAnswer['segments'], accepted: number, account: string): string[] {
  return segments.map(({ state, ref, bind, at, error }, i) => {
    const facts: string[] = [state]
    if (error !== undefined) facts.push(`error ${error}`)
    if (bind !== undefined) facts.push(`on ${bindName(bind, account)}`)
    if (ref !== undefined) facts.push(`id ${ref}`)
    if (at !== undefined) facts.push(since(Date.parse(at) - accepted))
    return `segment ${String(i + 1).padEnd(4)}${facts.join(', ')}`
  })
}

function head(message: MessageAnswer): string[] {
  const way = message.direction === 'mt' ? 'to a handset' : 'from a handset'
  const size = message.kind === 'mms' ? 'MMS' : `${message.segments} segment${message.segments === 1 ? '' : 's'}`
  const failure = message.failure ? ` (${failureText(message.failure)})` : ''
  return [
    `${sidOf(message)}  ${message.state.toUpperCase()}${failure}`,
    `${message.from} → ${message.to}, ${way}, ${message.kind}, ${size}`,
    `accepted ${stamp(Date.parse(message.acceptedAt))} UTC, account ${message.account}`,
    // Peers by SMPP and charging records know it by this.
    `id ${message.id}`,
  ]
}

type Decision = MessageAnswer['decision']

/** Also what `explain` prints where the gateway gives no lines of its own. */
export function decisionLines(decision: Decision, account: string): string[] {
  const how = decision.route === undefined ? 'no route' : `route ${decision.route}`
  const lines = [`decided     ${how}, revision ${decision.revision}`]
  for (const rule of decision.tried) lines.push(`  ${rule.matched ? '✔' : '✘'} ${named(rule.route, ': ', rule.why)}`)
  for (const [i, { bind, why }] of decision.candidates.entries()) lines.push(`  ${i + 1}. ${named(bindName(bind, account), ' – ', why)}`)
  return lines
}

/** Reasons are sentences, most of which name what they are about. */
function named(name: string, dash: string, why: string): string {
  return why.includes(name) ? why : `${name}${dash}${why}`
}

function failureText({ kind, code, peer }: { kind: string; code: string; peer?: string | undefined }): string {
  return `${kind}, ${code}${peer === undefined ? '' : `: ${peer}`}`
}

function says(entry: LifeEntry, account: string): string[] {
  const name = (bind: string): string => bindName(bind, account)
  switch (entry.what) {
    case 'accepted':
      return [`accepted    on ${name(entry.via)}; it is on disk`]
    case 'attempt': {
      const took = entry.tookMs === undefined ? '' : `, answered in ${entry.tookMs} ms`
      const how =
        entry.outcome === 'ok'
          ? `taken${refsText(entry.refs)}`
          : `failed${entry.failure ? `: ${failureText(entry.failure)}` : ''}${entry.refs ? `; some were taken${refsText(entry.refs)}` : ''}`
      return [`attempt ${String(entry.n).padEnd(4)}${name(entry.bind)}: ${how}${took}`, ...(entry.wire ?? []).map((line) => `  ${line}`)]
    }
    case 'retry':
      return [`retry       on ${name(entry.bind)} in ${since(entry.due - entry.at).slice(1)}`]
    case 'failover':
      return [`failover    ${name(entry.from)} → ${name(entry.to)}: ${entry.why}`]
    case 'decided':
      return [`again       ${entry.why}`]
    case 'held':
      return [`held        ${entry.why}`]
    case 'receipt': {
      const form = entry.form === undefined ? '' : `, id form ${entry.form}`
      const what = `${entry.state}${entry.final ? '' : ' (not final)'}${entry.error === undefined ? '' : `, error ${entry.error}`}`
      return [
        `receipt     ${name(entry.bind)}: ${what}, segment ${entry.segment + 1}, id ${entry.ref}${form}`,
        ...(entry.wire === undefined ? [] : [`  ${entry.wire}`]),
      ]
    }
    case 'report': {
      const how = { ok: 'taken', failed: 'failed', abandoned: 'given up' }[entry.outcome]
      return [
        `report ${String(entry.n).padEnd(5)}${entry.state}: ${how}${entry.failure ? ` (${failureText(entry.failure)})` : ''}`,
        ...(entry.wire ?? []).map((line) => `  ${line}`),
      ]
    }
    case 'final':
      return [`ended       ${entry.state}${entry.failure ? ` (${failureText(entry.failure)})` : ''}`]
    case 'redacted':
      return ['redacted    the body is gone for good']
    case 'note':
      return [`note        ${entry.text}`]
  }
}

function refsText(refs: readonly string[] | undefined): string {
  if (!refs || refs.length === 0) return ''
  return `, id${refs.length === 1 ? '' : 's'} ${refs.join(', ')}`
}

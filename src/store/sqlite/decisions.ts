// Decisions as rows keep them. Most messages share theirs with many others, as one object: from the
// second time on it is written as the number of its text, which is a sixth of the row less.
import type { Decision } from '../../model/route.ts'
import type { Names } from './names.ts'

export interface Decisions {
  /** What the row has: JSON, or `name,revision`. */
  write(decision: Decision): string
  read(text: string): Decision
}

/** Names there may be before no more texts get a number: the routes of a large table several times over. */
const mostNames = 100_000
/** Decisions kept as objects, for the messages that are read. */
const mostKept = 10_000

export function createDecisions(names: Names, most = mostNames): Decisions {
  /** Empty: seen once. */
  const written = new WeakMap<Decision, string>()
  const kept = new Map<string, Decision>()

  function named(decision: Decision): string {
    const { revision, ...rest } = decision
    return `${names.of(JSON.stringify(rest))},${revision}`
  }

  return {
    write(decision) {
      const known = written.get(decision)
      if (known) return known
      if (known === undefined || names.size >= most) {
        written.set(decision, '')
        return JSON.stringify(decision)
      }
      const text = named(decision)
      written.set(decision, text)
      return text
    },
    read(text) {
      if (text.startsWith('{')) return JSON.parse(text) as Decision
      let decision = kept.get(text)
      if (decision === undefined) {
        const comma = text.indexOf(',')
        const rest = JSON.parse(names.text(Number(text.slice(0, comma)))) as Omit<Decision, 'revision'>
        decision = { revision: Number(text.slice(comma + 1)), ...rest }
        if (kept.size >= mostKept) kept.clear()
        kept.set(text, decision)
        written.set(decision, text)
      }
      return decision
    },
  }
}

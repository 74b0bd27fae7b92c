// A configuration written as YAML: read with the line of everything, `${NAME}` filled in. Only the
// text is looked at here; what it asks for is put on a bench by plan.ts.
import { isScalar, LineCounter, parseDocument, visit, type Document, type Node } from 'yaml'
import type { Placed } from './faults.ts'
import type { Path } from './schema.ts'
import { whyOf } from '../model/failure.ts'

export interface ReadDocument {
  value: unknown
  faults: Placed[]
  /** Where a place is written, or the nearest above it, from 1. */
  line(path: Path): number | undefined
}

/** Far above what a thousand accounts need; YAML takes memory many times its size. */
export const mostCharacters = 8 << 20
/** An alias may be used so often: more is an attack. */
const mostAliases = 1000
const oneDocument = 'expected one document: after --- a second one begins'
const tooDeep = 'the document is nested too deep: 20 levels of accounts are the most'
const variable = /\$(\$?)\{([A-Za-z_][A-Za-z0-9_]*)\}/g
/** Braces mean something else to YAML, so while it reads, variables are written with these private characters, one for one. */
const disguise: Readonly<Record<string, string>> = { $: '\uE000', '{': '\uE001', '}': '\uE002' }
const disguised = /\uE000(\uE000?)\uE001([A-Za-z_][A-Za-z0-9_]*)\uE002/g
const plain: Readonly<Record<string, string>> = { '\uE000': '$', '\uE001': '{', '\uE002': '}' }
const bare = (text: string): string => text.replace(/[\uE000-\uE002]/g, (character) => plain[character]!)

export function readDocument(text: string, variables: Readonly<Record<string, string | undefined>>): ReadDocument {
  const none = (message: string): ReadDocument => ({ value: undefined, faults: [{ path: [], message }], line: () => undefined })
  if (text.length > mostCharacters) return none(`expected at most ${mostCharacters} characters, got ${text.length}`)
  const lines = new LineCounter()
  const hidden = text.replace(variable, (whole) => whole.replace(/[${}]/g, (character) => disguise[character]!))
  const document = parseDocument(hidden, { lineCounter: lines, prettyErrors: false })
  if (document.errors.some(({ message }) => message.includes('call stack'))) return none(tooDeep)
  if (document.errors.length > 0) {
    const faults = document.errors.slice(0, 20).map((error) => ({
      path: [],
      message: error.code === 'MULTIPLE_DOCS' ? oneDocument : bare(error.message),
      line: lines.linePos(error.pos[0]).line,
    }))
    return { value: undefined, faults, line: () => undefined }
  }
  const line = (path: Path): number | undefined => lineOf(document, lines, path)
  try {
    const round = goesRound(document)
    if (round)
      return {
        value: undefined,
        faults: [{ path: [], message: 'the alias stands in what it names', line: lines.linePos(round).line }],
        line,
      }
    const faults = fillIn(document, variables)
    return { value: document.toJS({ maxAliasCount: mostAliases }) as unknown, faults, line }
  } catch (error) {
    return none(error instanceof RangeError ? tooDeep : whyOf(error))
  }
}

/** Where an alias of something stands in it: that has no end. */
function goesRound(document: Document.Parsed): number | undefined {
  let at: number | undefined
  visit(document, {
    Alias(_key, node, parents) {
      const meant = node.resolve(document)
      if (!meant || !parents.includes(meant)) return undefined
      at = node.range?.[0] ?? 0
      return visit.BREAK
    },
  })
  return at
}

/** The names that a text refers to: what whoever sends it should send along. */
export function variablesOf(text: string): string[] {
  return [...new Set([...text.matchAll(variable)].flatMap(([, escaped, name]) => (escaped || name === undefined ? [] : [name])))]
}

/** Values only, never keys; `$${NAME}` stands for itself. */
function fillIn(document: Document.Parsed, variables: Readonly<Record<string, string | undefined>>): Placed[] {
  const faults: Placed[] = []
  visit(document, {
    Scalar(key, node, parents) {
      if (typeof node.value !== 'string' || !node.value.includes('\uE000')) return
      if (key === 'key') {
        node.value = bare(node.value)
        return
      }
      node.value = node.value.replace(disguised, (whole, escaped: string, name: string) => {
        if (escaped) return bare(whole.slice(1))
        const value = Object.hasOwn(variables, name) ? variables[name] : undefined
        if (value === undefined) faults.push({ path: pathOf(key, parents), message: `the variable ${name} is not set` })
        return value ?? bare(whole)
      })
    },
  })
  return faults
}

type Parents = Parameters<NonNullable<Extract<Parameters<typeof visit>[1], { Scalar?: unknown }>['Scalar']>>[2]

function pathOf(key: number | 'key' | 'value' | null, parents: Parents): (string | number)[] {
  const path: (string | number)[] = []
  parents.forEach((parent, i) => {
    const next = parents[i + 1]
    if ('items' in parent && Array.isArray(parent.items)) {
      const place = next === undefined ? Number(key) : (parent.items as unknown[]).indexOf(next)
      const pair = (parent.items as unknown[])[place]
      if (typeof pair === 'object' && pair !== null && 'key' in pair) path.push(isScalar(pair.key) ? String(pair.key.value) : '')
      else path.push(place)
    }
  })
  return path
}

function lineOf(document: Document.Parsed, lines: LineCounter, path: Path): number | undefined {
  for (let length = path.length; length >= 0; length--) {
    const node = (length === 0 ? document.contents : document.getIn(path.slice(0, length), true)) as Node | undefined
    const start = node && 'range' in node ? node.range?.[0] : undefined
    if (start !== undefined) return lines.linePos(start).line
  }
  return undefined
}
